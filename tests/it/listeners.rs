//! REST over TLS, with and without a certificate of the caller.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use openssl::ssl::{SslConnector, SslFiletype, SslMethod};

use crate::broker::certificate;
use crate::rig::{Folder, Walcast, free_port, talk, wait_for};

struct Authority {
    folder: Folder,
}

impl Authority {
    /// `ca.pem`, `server.pem`, `client.pem` (key and certificate), `stranger.pem`, of another authority.
    fn new() -> Self {
        let folder = Folder::new();
        let (ca_key, ca) = certificate("walcast test CA", None);
        let write = |name: &str, parts: &[Vec<u8>]| {
            folder.write(name, &String::from_utf8(parts.concat()).expect("PEM"));
        };
        write("ca.pem", &[ca.to_pem().expect("PEM")]);
        for name in ["server", "client"] {
            let (key, own) = certificate(if name == "server" { "127.0.0.1" } else { name }, Some((&ca_key, &ca)));
            let parts = [key.private_key_to_pem_pkcs8().expect("PEM"), own.to_pem().expect("PEM")];
            write(&format!("{name}.pem"), &parts);
        }
        let (key, own) = certificate("stranger", None);
        write("stranger.pem", &[key.private_key_to_pem_pkcs8().expect("PEM"), own.to_pem().expect("PEM")]);
        Self { folder }
    }

    fn path(&self, name: &str) -> String {
        self.folder.0.join(name).display().to_string()
    }

    /// The status of `GET /`; `None` when the other side does not accept us.
    fn call(&self, port: u16, identity: Option<&str>) -> Option<String> {
        let mut builder = SslConnector::builder(SslMethod::tls_client()).expect("TLS");
        builder.set_ca_file(self.path("ca.pem")).expect("an authority");
        if let Some(identity) = identity {
            let file = self.path(identity);
            builder.set_private_key_file(Path::new(&file), SslFiletype::PEM).expect("a key");
            builder.set_certificate_file(Path::new(&file), SslFiletype::PEM).expect("a certificate");
        }
        let socket = TcpStream::connect(("127.0.0.1", port)).ok()?;
        let mut stream = builder.build().connect("127.0.0.1", socket).ok()?;
        stream.write_all(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n").ok()?;
        let mut answer = String::new();
        // TLS 1.3 refuses a client only after its own handshake.
        stream.read_to_string(&mut answer).ok()?;
        answer.lines().next().map(str::to_owned).filter(|line| !line.is_empty())
    }
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
