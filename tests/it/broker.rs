//! A broker of its own that asks who one is: TLS, client certificates, and every way of SASL.

use std::fs;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use openssl::asn1::Asn1Time;
use openssl::bn::BigNum;
use openssl::hash::MessageDigest;
use openssl::pkey::{PKey, Private};
use openssl::rsa::Rsa;
use openssl::x509::extension::{BasicConstraints, SubjectAlternativeName};
use openssl::x509::{X509, X509NameBuilder};

use crate::rig::{Folder, free_port, read, wait_for};

pub const PASSWORD: &str = "broker-secret";

pub struct Broker {
    child: Child,
    /// TLS without a login.
    pub tls: u16,
    /// TLS with a certificate of the client.
    pub mutual: u16,
    /// TLS with SASL.
    pub login: u16,
}

impl Broker {
    /// Puts `ca.pem`, `client.pem` (key and certificate) and `stranger.pem` (another CA) into the folder.
    pub fn start(folder: &Folder) -> Self {
        let [tls, mutual, login, inner, controller] = [(); 5].map(|()| free_port());
        let (ca_key, ca) = certificate("walcast test CA", None);
        let (server_key, server) = certificate("127.0.0.1", Some((&ca_key, &ca)));
        let (client_key, client) = certificate("client", Some((&ca_key, &ca)));
        let pem = |certificate: &X509| String::from_utf8(certificate.to_pem().expect("PEM")).expect("text");
        let key = |key: &PKey<Private>| String::from_utf8(key.private_key_to_pem_pkcs8().expect("PEM")).expect("text");
        folder.write("ca.pem", &pem(&ca));
        folder.write("client.pem", &(key(&client_key) + &pem(&client)));
        folder.write("stranger.pem", &pem(&certificate("somebody else", None).1));
        let flat = |text: &str| text.replace('\n', "\\n");
        let module = |name: &str| format!("org.apache.kafka.common.security.{name} required");
        let settings = [
            ("process.roles", "broker,controller".to_owned()),
            ("node.id", "1".to_owned()),
            ("controller.quorum.voters", format!("1@127.0.0.1:{controller}")),
            (
                "listeners",
                format!(
                    "INNER://127.0.0.1:{inner},TLS://127.0.0.1:{tls},MUTUAL://127.0.0.1:{mutual},LOGIN://127.0.0.1:{login},\
                     CONTROLLER://127.0.0.1:{controller}"
                ),
            ),
            (
                "listener.security.protocol.map",
                "INNER:PLAINTEXT,TLS:SSL,MUTUAL:SSL,LOGIN:SASL_SSL,CONTROLLER:PLAINTEXT".to_owned(),
            ),
            ("inter.broker.listener.name", "INNER".to_owned()),
            ("controller.listener.names", "CONTROLLER".to_owned()),
            ("log.dirs", folder.0.join("data").display().to_string()),
            ("ssl.keystore.type", "PEM".to_owned()),
            ("ssl.keystore.key", flat(&key(&server_key))),
            ("ssl.keystore.certificate.chain", flat(&pem(&server))),
            ("ssl.truststore.type", "PEM".to_owned()),
            ("ssl.truststore.certificates", flat(&pem(&ca))),
            ("listener.name.mutual.ssl.client.auth", "required".to_owned()),
            ("listener.name.login.sasl.enabled.mechanisms", "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER".to_owned()),
            (
                "listener.name.login.plain.sasl.jaas.config",
                format!("{} user_writer=\"{PASSWORD}\" user_guest=\"{PASSWORD}\";", module("plain.PlainLoginModule")),
            ),
            ("listener.name.login.scram-sha-256.sasl.jaas.config", format!("{};", module("scram.ScramLoginModule"))),
            ("listener.name.login.scram-sha-512.sasl.jaas.config", format!("{};", module("scram.ScramLoginModule"))),
            (
                "listener.name.login.oauthbearer.sasl.jaas.config",
                format!("{} unsecuredLoginStringClaim_sub=\"broker\";", module("oauthbearer.OAuthBearerLoginModule")),
            ),
            ("authorizer.class.name", "org.apache.kafka.metadata.authorizer.StandardAuthorizer".to_owned()),
            ("super.users", "User:ANONYMOUS;User:writer;User:CN=client".to_owned()),
            ("offsets.topic.replication.factor", "1".to_owned()),
            ("transaction.state.log.replication.factor", "1".to_owned()),
            ("transaction.state.log.min.isr", "1".to_owned()),
        ];
        let text: String = settings.iter().map(|(name, value)| format!("{name}={value}\n")).collect();
        let file = folder.write("server.properties", &text);
        let scram = |number| format!("SCRAM-SHA-{number}=[name=writer,password={PASSWORD}]");
        let format = ["format", "-t", "d2FsY2FzdC10ZXN0LWtyYQ", "-c"];
        let done = java("kafka.tools.StorageTool")
            .args(format)
            .arg(&file)
            .args(["--add-scram", &scram(256), "--add-scram", &scram(512)])
            .output()
            .expect("java runs");
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        let log = folder.0.join("broker.log");
        let out = fs::File::create(&log).expect("a log file");
        let child = java("kafka.Kafka").arg(&file).stdout(out).spawn().expect("java runs");
        let mut broker = Self { child, tls, mutual, login };
        wait_for("the broker", || {
            assert!(broker.child.try_wait().expect("a child").is_none(), "the broker ended:\n{}", read(&log));
            read(&log).contains("Kafka Server started")
        });
        broker
    }
}

impl Drop for Broker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn java(main: &str) -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let libs = std::env::var("WALCAST_TEST_KAFKA_LIBS").expect("WALCAST_TEST_KAFKA_LIBS: run `make test`");
    let mut java = Command::new("java");
    java.args(["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
        .arg(format!("-Dlog4j2.configurationFile={}", root.join("tests/kafka/log4j2.properties").display()))
        .args(["-cp", &format!("{libs}/*"), main])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    java
}

/// A key and its certificate, by itself or by an authority.
pub fn certificate(name: &str, by: Option<(&PKey<Private>, &X509)>) -> (PKey<Private>, X509) {
    let key = PKey::from_rsa(Rsa::generate(2048).expect("a key")).expect("a key");
    let mut subject = X509NameBuilder::new().expect("a name");
    subject.append_entry_by_text("CN", name).expect("a name");
    let subject = subject.build();
    let mut builder = X509::builder().expect("a certificate");
    builder.set_version(2).expect("version 3");
    let serial = BigNum::from_u32(u32::from(free_port())).and_then(|n| n.to_asn1_integer()).expect("a number");
    builder.set_serial_number(&serial).expect("a number");
    builder.set_subject_name(&subject).expect("a name");
    builder.set_issuer_name(by.map_or(&subject, |(_, issuer)| issuer.subject_name())).expect("a name");
    builder.set_pubkey(&key).expect("a key");
    builder.set_not_before(&Asn1Time::days_from_now(0).expect("now")).expect("now");
    builder.set_not_after(&Asn1Time::days_from_now(2).expect("later")).expect("later");
    if by.is_none() {
        builder.append_extension(BasicConstraints::new().critical().ca().build().expect("a CA")).expect("a CA");
    } else {
        let context = builder.x509v3_context(by.map(|(_, issuer)| &**issuer), None);
        let names = SubjectAlternativeName::new().ip("127.0.0.1").dns("localhost").build(&context).expect("names");
        builder.append_extension(names).expect("names");
    }
    builder.sign(by.map_or(&key, |(key, _)| key), MessageDigest::sha256()).expect("a signature");
    (key, builder.build())
}
