//! REST over TLS, with and without a certificate of the caller.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use openssl::pkey::{PKey, Private};
use openssl::ssl::{SslConnector, SslFiletype, SslMethod, SslStream};
use openssl::symm::Cipher;
use openssl::x509::X509;

use crate::broker::certificate;
use crate::rig::{Folder, Walcast, free_port, run, talk, wait_for};

struct Authority {
    folder: Folder,
    key: PKey<Private>,
    own: X509,
}

impl Authority {
    /// `ca.pem`, `server.pem`, `client.pem` (key and certificate), `stranger.pem`, of another authority.
    fn new() -> Self {
        let (key, own) = certificate("walcast test CA", None);
        let authority = Self { folder: Folder::new(), key, own };
        authority.write("ca.pem", &[authority.own.to_pem().expect("PEM")]);
        authority.issue("server.pem", "127.0.0.1");
        authority.issue("client.pem", "client");
        let (key, own) = certificate("stranger", None);
        authority.write("stranger.pem", &both(&key, &own));
        authority
    }

    /// A new key and its certificate, into this file.
    fn issue(&self, file: &str, name: &str) {
        let (key, own) = certificate(name, Some((&self.key, &self.own)));
        self.write(file, &both(&key, &own));
    }

    fn write(&self, file: &str, parts: &[Vec<u8>]) {
        self.folder.write(file, &String::from_utf8(parts.concat()).expect("PEM"));
    }

    fn path(&self, name: &str) -> String {
        self.folder.0.join(name).display().to_string()
    }

    fn connect(&self, port: u16, identity: Option<&str>) -> Option<SslStream<TcpStream>> {
        let mut builder = SslConnector::builder(SslMethod::tls_client()).expect("TLS");
        builder.set_ca_file(self.path("ca.pem")).expect("an authority");
        if let Some(identity) = identity {
            let file = self.path(identity);
            builder.set_private_key_file(Path::new(&file), SslFiletype::PEM).expect("a key");
            builder.set_certificate_file(Path::new(&file), SslFiletype::PEM).expect("a certificate");
        }
        let socket = TcpStream::connect(("127.0.0.1", port)).ok()?;
        builder.build().connect("127.0.0.1", socket).ok()
    }

    /// The certificate that is shown to a new caller.
    fn shown(&self, port: u16) -> Option<X509> {
        self.connect(port, None)?.ssl().peer_certificate()
    }

    /// The status of `GET /`; `None` when the other side does not accept us.
    fn call(&self, port: u16, identity: Option<&str>) -> Option<String> {
        let mut stream = self.connect(port, identity)?;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").ok()?;
        let mut answer = String::new();
        // TLS 1.3 refuses a client only after its own handshake.
        stream.read_to_string(&mut answer).ok()?;
        answer.lines().next().map(str::to_owned).filter(|line| !line.is_empty())
    }
}

fn both(key: &PKey<Private>, own: &X509) -> [Vec<u8>; 2] {
    [key.private_key_to_pem_pkcs8().expect("PEM"), own.to_pem().expect("PEM")]
}

fn start(folder: &Folder, worker: &str) -> Walcast {
    let worker = folder.write("worker.properties", worker);
    Walcast::spawn_by_worker(folder, &["--worker", worker.to_str().expect("a path")])
}

#[test]
fn https_asks_for_certificates_when_told_to() {
    let (authority, folder) = (Authority::new(), Folder::new());
    let [http, https] = [(); 2].map(|()| free_port());
    let tls = |more: &str| {
        format!(
            "listeners=http://127.0.0.1:{http},https://127.0.0.1:{https}\n\
             listeners.https.ssl.keystore.location={}\n{more}",
            authority.path("server.pem")
        )
    };
    let walcast = start(&folder, &tls(""));
    wait_for("REST over TLS", || authority.call(https, None).is_some_and(|line| line.ends_with("200 OK")));
    assert!(talk(http, "GET / HTTP/1.0\r\n\r\n").is_some_and(|answer| answer.contains("200 OK")), "both listen");
    assert!(talk(https, "GET / HTTP/1.0\r\n\r\n").is_none_or(|answer| !answer.contains("200 OK")), "no TLS, no answer");
    assert_eq!(walcast.stop(), 0);

    let trust = format!(
        "listeners.https.ssl.client.auth=required\nlisteners.https.ssl.truststore.location={}\n",
        authority.path("ca.pem")
    );
    let walcast = start(&folder, &tls(&trust));
    let ours = || authority.call(https, Some("client.pem"));
    wait_for("a caller with a certificate", || ours().is_some_and(|line| line.ends_with("200 OK")));
    assert_eq!(authority.call(https, None), None);
    assert_eq!(authority.call(https, Some("stranger.pem")), None);
    assert_eq!(walcast.stop(), 0);
}

#[test]
fn renewed_certificates_are_shown_and_broken_ones_are_not() {
    let (authority, folder) = (Authority::new(), Folder::new());
    let https = free_port();
    let [server, trusted] = ["server.pem", "trusted.pem"].map(|file| authority.path(file));
    std::fs::copy(authority.path("ca.pem"), &trusted).expect("a copy");
    let walcast = start(
        &folder,
        &format!(
            "listeners=https://127.0.0.1:{https}\nssl.keystore.location={server}\nssl.client.auth=requested\n\
             ssl.truststore.location={trusted}\n"
        ),
    );
    let shown = || authority.shown(https).map(|certificate| certificate.to_der().expect("DER"));
    let is_in_the_file = || {
        let file = X509::from_pem(&std::fs::read(&server).expect("a file")).expect("a certificate");
        shown() == Some(file.to_der().expect("DER"))
    };
    wait_for("REST over TLS", is_in_the_file);
    let mut kept = authority.connect(https, None).expect("a connection");

    authority.issue("server.pem", "127.0.0.1");
    walcast.signal("HUP");
    wait_for("the second certificate", is_in_the_file);
    kept.write_all(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").expect("the old line holds");
    let mut answer = String::new();
    kept.read_to_string(&mut answer).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    authority.issue("server.pem", "127.0.0.1");
    wait_for("the third, without a signal", is_in_the_file);
    let third = shown();

    let refused = |why: &str| walcast.log().contains(why) && shown() == third;
    authority.write("server.pem", &[b"-----BEGIN".to_vec()]);
    walcast.signal("HUP");
    wait_for("the broken file to be named", || refused("keystore.location holds no private key"));
    let (key, _) = certificate("another", None);
    let (_, own) = certificate("127.0.0.1", Some((&authority.key, &authority.own)));
    authority.write("server.pem", &both(&key, &own));
    wait_for("the wrong key to be named", || refused("private key is not that of the first certificate"));
    std::fs::remove_file(&server).expect("a file");
    wait_for("the missing file to be named", || refused("cannot read listeners.https.ssl.keystore.location"));
    authority.issue("server.pem", "127.0.0.1");
    wait_for("the fourth certificate", is_in_the_file);

    // Those who may call are read again too: a stranger is accepted as soon as its authority is.
    assert_eq!(authority.call(https, Some("stranger.pem")), None);
    std::fs::copy(authority.path("stranger.pem"), &trusted).expect("a copy");
    wait_for("the new authority", || authority.call(https, Some("stranger.pem")).is_some());
    assert_eq!(walcast.stop(), 0);
}

#[test]
fn a_renewed_key_may_have_another_password() {
    let (authority, folder) = (Authority::new(), Folder::new());
    let https = free_port();
    let renew = |password: &str| {
        let (key, own) = certificate("127.0.0.1", Some((&authority.key, &authority.own)));
        let key = key.private_key_to_pem_pkcs8_passphrase(Cipher::aes_256_cbc(), password.as_bytes()).expect("PEM");
        authority.write("server.pem", &[key, own.to_pem().expect("PEM")]);
        own.to_der().expect("DER")
    };
    let tell = |password: &str| authority.write("secrets.properties", &[format!("key={password}\n").into_bytes()]);
    let first = renew("one");
    tell("one");
    let walcast = start(
        &folder,
        &format!(
            "listeners=https://127.0.0.1:{https}\nssl.keystore.location={}\nssl.key.password=${{file:{}:key}}\n\
             config.providers=file\n\
             config.providers.file.class=org.apache.kafka.common.config.provider.FileConfigProvider\n",
            authority.path("server.pem"),
            authority.path("secrets.properties")
        ),
    );
    let shown = || authority.shown(https).map(|certificate| certificate.to_der().expect("DER"));
    wait_for("REST over TLS", || shown().as_ref() == Some(&first));
    // The key may come before its password.
    let second = renew("another");
    wait_for("the key to be named", || walcast.log().contains("holds no private key"));
    assert_eq!(shown().as_ref(), Some(&first));
    tell("another");
    wait_for("the second certificate", || shown().as_ref() == Some(&second));
    assert_eq!(walcast.stop(), 0);
}

#[test]
fn status_asks_over_tls_who_it_is_told_to_be() {
    let (authority, folder) = (Authority::new(), Folder::new());
    let https = free_port();
    let worker = format!(
        "listeners=https://localhost:{https}\nssl.keystore.location={}\nssl.client.auth=required\n\
         ssl.truststore.location={}\nrest.auth.users=ops\nrest.auth.ops.password=sesame\nrest.auth.ops.role=read-only\n",
        authority.path("server.pem"),
        authority.path("ca.pem")
    );
    let walcast = start(&folder, &worker);
    wait_for("REST over TLS", || authority.call(https, Some("client.pem")).is_some());
    // ops:sesame, and ops:another
    let [right, wrong] = ["b3BzOnNlc2FtZQ==", "b3BzOmFub3RoZXI="].map(|login| format!("Basic {login}\n"));
    let [right, wrong] = [("right", right), ("wrong", wrong)].map(|(name, text)| folder.write(name, &text));
    let (ca, client) = (authority.path("ca.pem"), authority.path("client.pem"));
    let url = format!("https://localhost:{https}");
    let ask = |more: &[&str]| run(&folder, &[&["status", "--url", &url], more].concat());
    let [right, wrong] = [&right, &wrong].map(|path| path.to_str().expect("a path"));
    let trusted = ["--cacert", &ca, "--cert", &client];

    let (code, text) = ask(&[&trusted[..], &["--authorization", right]].concat());
    assert_eq!(code, 0, "{text}");
    for (arguments, said) in [
        ([&trusted[..], &["--authorization", wrong]].concat(), "answers 401: give --authorization FILE"),
        (trusted.to_vec(), "answers 401: give --authorization FILE"),
        (vec!["--cert", &client, "--authorization", right], "--cacert FILE names the authority"),
        (vec!["--cacert", right, "--cert", &client], "cannot read"),
    ] {
        let (code, text) = ask(&arguments);
        assert!(code == 2 && text.contains(said), "{arguments:?} {code}: {text}");
    }
    let (code, text) = ask(&["--cacert", &ca, "--authorization", right]);
    assert_eq!(code, 2, "without a certificate of our own: {text}");
    assert!(!walcast.log().contains("sesame"));
    assert_eq!(walcast.stop(), 0);
}
