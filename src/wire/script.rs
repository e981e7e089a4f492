//! The server's side of a login, for tests: over any byte stream, with a SCRAM verifier and a certificate of its own.

use std::pin::Pin;
use std::time::Duration;

use openssl::asn1::Asn1Time;
use openssl::base64::{decode_block, encode_block};
use openssl::ec::{EcGroup, EcKey};
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkcs5::pbkdf2_hmac;
use openssl::pkey::PKey;
use openssl::sha::sha256;
use openssl::sign::Signer;
use openssl::ssl::{Ssl, SslAcceptor, SslMethod};
use openssl::x509::{X509, X509Builder, X509NameBuilder};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};
use tokio_openssl::SslStream;

use super::channel::Duplex;
use crate::pg::{Address, Secret, Tls};

pub(super) const PASSWORD: &str = "pencil";

/// Where nobody listens, with the password that the script knows.
pub(super) fn address() -> Address {
    Address {
        host: "db".to_owned(),
        port: 5432,
        user: "wal".to_owned(),
        password: Some(Secret::new(PASSWORD)),
        database: "shop".to_owned(),
        tls: Tls::default(),
        application_name: "walcast".to_owned(),
        server_float_digits: false,
        tcp_keepalive: true,
        connect_timeout: Duration::from_secs(5),
    }
}

pub(super) struct Server<S> {
    io: S,
}

impl<S: Duplex> Server<S> {
    pub(super) fn new(io: S) -> Self {
        Self { io }
    }

    /// The parameters of the startup message.
    pub(super) async fn startup(&mut self) -> Vec<(String, String)> {
        let body = self.body().await;
        assert_eq!(body[..4], [0, 3, 0, 0], "protocol 3.0");
        let texts: Vec<_> = body[4..].split(|b| *b == 0).map(|t| String::from_utf8(t.to_vec()).unwrap()).collect();
        texts.chunks_exact(2).filter(|p| !p[0].is_empty()).map(|p| (p[0].clone(), p[1].clone())).collect()
    }

    pub(super) async fn send(&mut self, tag: u8, body: &[u8]) {
        let length = u32::try_from(body.len() + 4).unwrap();
        self.io.write_all(&[&[tag], length.to_be_bytes().as_slice(), body].concat()).await.unwrap();
        self.io.flush().await.unwrap();
    }

    pub(super) async fn authentication(&mut self, code: u32, body: &[u8]) {
        self.send(b'R', &[code.to_be_bytes().as_slice(), body].concat()).await;
    }

    pub(super) async fn error(&mut self, sqlstate: &str) {
        let fields = format!("SFEHLER\0VFATAL\0C{sqlstate}\0Mno\0DKey (card)=(4111)\0Htry\0\0");
        self.send(b'E', fields.as_bytes()).await;
    }

    pub(super) async fn expect(&mut self, tag: u8) -> Vec<u8> {
        assert_eq!(char::from(self.io.read_u8().await.unwrap()), char::from(tag));
        self.body().await
    }

    /// Login done: parameters, cancel key, prompt.
    pub(super) async fn welcome(&mut self, version: &str) {
        self.authentication(0, b"").await;
        self.send(b'S', b"TimeZone\0UTC\0").await;
        self.send(b'S', format!("server_version\0{version}\0").as_bytes()).await;
        self.send(b'K', &[0; 8]).await;
        self.send(b'N', b"SNOTICE\0C00000\0Mhello\0\0").await;
        self.prompt().await;
    }

    pub(super) async fn prompt(&mut self) {
        self.send(b'Z', b"I").await;
    }

    /// Offers `mechanisms` and verifies as Postgres does, the channel binding too; answers the one chosen.
    pub(super) async fn scram(&mut self, mechanisms: &[&str], binding: &[u8]) -> (String, bool) {
        let list: String = mechanisms.iter().map(|name| format!("{name}\0")).collect();
        self.authentication(10, format!("{list}\0").as_bytes()).await;
        let initial = String::from_utf8(self.expect(b'p').await).unwrap();
        let (mechanism, rest) = initial.split_once('\0').unwrap();
        let first = &rest[4..];
        let (header, bare) = first.split_at(first.find(",,").unwrap() + 2);
        let nonce = format!("{}srv", bare.split_once("r=").unwrap().1);

        let server_first = format!("r={nonce},s={},i=4096", encode_block(b"salt"));
        self.authentication(11, server_first.as_bytes()).await;
        let last = String::from_utf8(self.expect(b'p').await).unwrap();
        let (without_proof, proof) = last.split_once(",p=").unwrap();
        let bound = if header.starts_with("p=") { binding } else { &[] };
        let channel = encode_block(&[header.as_bytes(), bound].concat());
        assert_eq!(without_proof, format!("c={channel},r={nonce}"));

        let mut salted = [0; 32];
        pbkdf2_hmac(PASSWORD.as_bytes(), b"salt", 4096, MessageDigest::sha256(), &mut salted).unwrap();
        let messages = format!("{bare},{server_first},{without_proof}");
        let signature = hmac(&sha256(&hmac(&salted, b"Client Key")), messages.as_bytes());
        let key: Vec<u8> = decode_block(proof).unwrap().iter().zip(signature).map(|(a, b)| a ^ b).collect();
        let right = key == hmac(&salted, b"Client Key");
        let verifier = hmac(&hmac(&salted, b"Server Key"), messages.as_bytes());
        if right {
            self.authentication(12, format!("v={}", encode_block(&verifier)).as_bytes()).await;
        }
        (mechanism.to_owned(), right)
    }

    async fn body(&mut self) -> Vec<u8> {
        let length = self.io.read_u32().await.unwrap() - 4;
        let mut body = vec![0; usize::try_from(length).unwrap()];
        self.io.read_exact(&mut body).await.unwrap();
        body
    }
}

fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    let key = PKey::hmac(key).unwrap();
    Signer::new(MessageDigest::sha256(), &key).unwrap().sign_oneshot_to_vec(message).unwrap()
}

/// Answers the request for TLS with a handshake under a self-signed certificate, which comes back with the line. A
/// client that turns away is no failure here.
pub(super) async fn accept_tls(mut io: DuplexStream) -> Option<(SslStream<DuplexStream>, X509)> {
    let mut request = [0; 8];
    io.read_exact(&mut request).await.unwrap();
    io.write_all(b"S").await.unwrap();
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let mut name = X509NameBuilder::new().unwrap();
    name.append_entry_by_text("CN", "db").unwrap();
    let name = name.build();
    let mut certificate = X509Builder::new().unwrap();
    certificate.set_version(2).unwrap();
    certificate.set_subject_name(&name).unwrap();
    certificate.set_issuer_name(&name).unwrap();
    certificate.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
    certificate.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
    certificate.set_pubkey(&key).unwrap();
    certificate.sign(&key, MessageDigest::sha256()).unwrap();
    let certificate = certificate.build();
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server()).unwrap();
    acceptor.set_private_key(&key).unwrap();
    acceptor.set_certificate(&certificate).unwrap();
    let mut stream = SslStream::new(Ssl::new(acceptor.build().context()).unwrap(), io).unwrap();
    Pin::new(&mut stream).accept().await.ok()?;
    Some((stream, certificate))
}
