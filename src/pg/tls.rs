//! TLS towards Postgres, by pgjdbc's reading of `sslmode`: below `verify-ca` the server's certificate is not looked at.
//!
//! A root certificate file, when given, is the only thing trusted; otherwise the system's CA store is. Client keys may
//! be PEM, PKCS-8 DER (pgjdbc's `.pk8`) or PKCS-12, which brings its certificate along.

use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use openssl::error::ErrorStack;
use openssl::hash::MessageDigest;
use openssl::nid::Nid;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::{PKey, Private};
pub use openssl::ssl::Ssl;
use openssl::ssl::{SslConnector, SslContext, SslContextBuilder, SslMethod, SslMode, SslVerifyMode, SslVersion};
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::X509VerifyFlags;
use openssl::x509::{X509, X509VerifyResult};
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncWrite, BufReader};
use tokio_openssl::SslStream;

use super::{Secret, Tls, TlsMode};

/// What stands in the way of TLS before the server was even asked.
#[derive(Debug, Error)]
pub enum TlsError {
    #[error("cannot read {what} {}: {source}", path.display())]
    ReadFile { what: &'static str, path: PathBuf, source: std::io::Error },
    #[error("cannot use {what} {}: expected PEM certificates", path.display())]
    Certificate { what: &'static str, path: PathBuf },
    #[error(
        "cannot use client key {}: expected PEM, PKCS-8 DER or PKCS-12, and database.sslpassword if it is encrypted",
        path.display()
    )]
    Key { path: PathBuf },
    #[error("client certificate and client key {} do not belong together", path.display())]
    Mismatch { path: PathBuf },
    #[error("client certificate {} needs its key: set database.sslkey", path.display())]
    KeyMissing { path: PathBuf },
    #[error("cannot set up TLS: {0}")]
    Setup(#[from] ErrorStack),
}

/// Why client and server did not agree on TLS.
#[derive(Debug, Error)]
pub enum HandshakeError {
    #[error("the server's certificate is not accepted: {why}")]
    Untrusted { why: String },
    #[error("the TLS handshake failed: {why}")]
    Failed { why: String },
}

/// One TLS session towards `host`: with SNI, and with the checks of the certificate that the mode asks for.
pub fn session(tls: &Tls, host: &str) -> Result<Ssl, TlsError> {
    if tls.mode.verifies() {
        let mut builder = SslConnector::builder(SslMethod::tls_client())?;
        if let Some(path) = &tls.root_certificate {
            builder.set_cert_store(trusted(path)?);
        }
        prepare(&mut builder, tls)?;
        let configuration = builder.build().configure()?.verify_hostname(tls.mode == TlsMode::VerifyFull);
        return Ok(configuration.into_ssl(host)?);
    }
    // Not by the connector, which reads the system's CA store: a tenth of a second and megabytes, for nothing.
    let mut builder = SslContext::builder(SslMethod::tls_client())?;
    builder.set_mode(SslMode::ACCEPT_MOVING_WRITE_BUFFER | SslMode::ENABLE_PARTIAL_WRITE | SslMode::RELEASE_BUFFERS);
    builder.set_verify(SslVerifyMode::NONE);
    prepare(&mut builder, tls)?;
    let mut session = Ssl::new(&builder.build())?;
    if host.parse::<IpAddr>().is_err() {
        session.set_hostname(host)?;
    }
    Ok(session)
}

fn prepare(builder: &mut SslContextBuilder, tls: &Tls) -> Result<(), TlsError> {
    builder.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    present_client(builder, tls)
}

/// TLS records are read through this, not in a header and a body each.
const READ: usize = 64 << 10;

/// A line under TLS.
pub type Covered<S> = SslStream<BufReader<S>>;

/// Covers a line on which the server has just agreed to TLS.
pub async fn handshake<S>(session: Ssl, io: S) -> Result<Covered<S>, HandshakeError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut stream = SslStream::new(session, BufReader::with_capacity(READ, io))
        .map_err(|e| HandshakeError::Failed { why: e.to_string() })?;
    match Pin::new(&mut stream).connect().await {
        Ok(()) => Ok(stream),
        Err(e) => Err(match stream.ssl().verify_result() {
            X509VerifyResult::OK => HandshakeError::Failed { why: e.to_string() },
            why => HandshakeError::Untrusted { why: why.error_string().to_owned() },
        }),
    }
}

/// Channel binding `tls-server-end-point` (RFC 5929): the hash of the server's certificate by the certificate's own
/// signature algorithm, SHA-256 where that is weaker. None for algorithms without a hash of their own (Ed25519).
pub fn server_end_point<S>(stream: &SslStream<S>) -> Option<Vec<u8>> {
    let certificate = stream.ssl().peer_certificate()?;
    let algorithm = certificate.signature_algorithm().object().nid().signature_algorithms()?.digest;
    let digest = match algorithm {
        Nid::MD5 | Nid::SHA1 => MessageDigest::sha256(),
        nid => MessageDigest::from_nid(nid)?,
    };
    certificate.digest(digest).ok().map(|bytes| bytes.to_vec())
}

fn trusted(path: &Path) -> Result<X509Store, TlsError> {
    let mut store = X509StoreBuilder::new()?;
    for certificate in certificates("root certificate", path)? {
        store.add_cert(certificate)?;
    }
    // As in Java, every certificate in the file is an anchor, an intermediate or the server's own too.
    store.set_flags(X509VerifyFlags::PARTIAL_CHAIN)?;
    Ok(store.build())
}

fn present_client(builder: &mut SslContextBuilder, tls: &Tls) -> Result<(), TlsError> {
    let Some(key_path) = &tls.key else {
        return match &tls.certificate {
            Some(path) => Err(TlsError::KeyMissing { path: path.clone() }),
            None => Ok(()),
        };
    };
    let (key, mut chain) = client_key(key_path, tls.key_password.as_ref())?;
    if let Some(path) = &tls.certificate {
        chain = certificates("client certificate", path)?;
    }
    let mut chain = chain.into_iter();
    if let Some(leaf) = chain.next() {
        builder.set_certificate(&leaf)?;
    }
    for issuer in chain {
        builder.add_extra_chain_cert(issuer)?;
    }
    let paired = builder.set_private_key(&key).and_then(|()| builder.check_private_key());
    paired.map_err(|_| TlsError::Mismatch { path: key_path.clone() })
}

fn certificates(what: &'static str, path: &Path) -> Result<Vec<X509>, TlsError> {
    let found = X509::stack_from_pem(&read(what, path)?).unwrap_or_default();
    if found.is_empty() {
        return Err(TlsError::Certificate { what, path: path.to_owned() });
    }
    Ok(found)
}

/// The key, and the certificates that came in the same file (PKCS-12).
fn client_key(path: &Path, password: Option<&Secret>) -> Result<(PKey<Private>, Vec<X509>), TlsError> {
    let bytes = read("client key", path)?;
    // Always a pass phrase, be it empty: without one OpenSSL asks at the terminal.
    let password = password.map_or("", Secret::reveal);
    let key = PKey::private_key_from_pem_passphrase(&bytes, password.as_bytes())
        .or_else(|_| PKey::private_key_from_der(&bytes))
        .or_else(|_| PKey::private_key_from_pkcs8_passphrase(&bytes, password.as_bytes()));
    if let Ok(key) = key {
        return Ok((key, Vec::new()));
    }
    let unusable = || TlsError::Key { path: path.to_owned() };
    let bundle = Pkcs12::from_der(&bytes).and_then(|p12| p12.parse2(password)).map_err(|_| unusable())?;
    let chain = bundle.cert.into_iter().chain(bundle.ca.into_iter().flatten()).collect();
    Ok((bundle.pkey.ok_or_else(unusable)?, chain))
}

fn read(what: &'static str, path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::ReadFile { what, path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use openssl::asn1::Asn1Time;
    use openssl::ec::{EcGroup, EcKey};
    use openssl::symm::Cipher;
    use openssl::x509::X509Builder;

    use super::*;

    fn pair() -> (PKey<Private>, X509) {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
        let mut certificate = X509Builder::new().unwrap();
        certificate.set_version(2).unwrap();
        certificate.set_not_before(&Asn1Time::days_from_now(0).unwrap()).unwrap();
        certificate.set_not_after(&Asn1Time::days_from_now(1).unwrap()).unwrap();
        certificate.set_pubkey(&key).unwrap();
        certificate.sign(&key, MessageDigest::sha256()).unwrap();
        (key, certificate.build())
    }

    /// A folder of its own, removed when dropped.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("walcast-tls-{}-{name}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn file(&self, name: &str, bytes: &[u8]) -> PathBuf {
            let path = self.0.join(name);
            fs::write(&path, bytes).unwrap();
            path
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn tls(certificate: Option<&PathBuf>, key: PathBuf, password: Option<&str>) -> Tls {
        Tls {
            mode: TlsMode::Require,
            certificate: certificate.cloned(),
            key: Some(key),
            key_password: password.map(Secret::new),
            root_certificate: None,
        }
    }

    #[test]
    fn client_keys_are_read_in_every_form_pgjdbc_and_libpq_take() {
        let folder = Folder::new("forms");
        let (key, certificate) = pair();
        let pem = folder.file("client.crt", &certificate.to_pem().unwrap());
        let aes = Cipher::aes_256_cbc();
        let forms = [
            ("pem", key.private_key_to_pem_pkcs8().unwrap(), None),
            ("sec1", key.ec_key().unwrap().private_key_to_pem().unwrap(), None),
            ("pem-enc", key.private_key_to_pem_pkcs8_passphrase(aes, b"s3cret").unwrap(), Some("s3cret")),
            ("pk8", key.private_key_to_pkcs8().unwrap(), None),
            ("pk8-enc", key.private_key_to_pkcs8_passphrase(aes, b"s3cret").unwrap(), Some("s3cret")),
        ];
        for (name, bytes, password) in forms {
            let path = folder.file(name, &bytes);
            let made = session(&tls(Some(&pem), path, password), "db");
            assert!(made.is_ok(), "{name}: {}", made.unwrap_err());
        }
        let mut bundle = Pkcs12::builder();
        let bundle = bundle.pkey(&key).cert(&certificate).build2("s3cret").unwrap().to_der().unwrap();
        let path = folder.file("client.p12", &bundle);
        assert!(session(&tls(None, path, Some("s3cret")), "db").is_ok());
    }

    #[test]
    fn an_encrypted_key_with_a_wrong_or_no_password_is_an_error_that_names_the_setting() {
        let folder = Folder::new("password");
        let (key, certificate) = pair();
        let pem = folder.file("client.crt", &certificate.to_pem().unwrap());
        let aes = Cipher::aes_256_cbc();
        let path = folder.file("key", &key.private_key_to_pem_pkcs8_passphrase(aes, b"right").unwrap());
        for password in [None, Some("wrong-one")] {
            let error = session(&tls(Some(&pem), path.clone(), password), "db").unwrap_err().to_string();
            assert!(error.contains("database.sslpassword"), "{error}");
            assert!(!error.contains("wrong-one"), "{error}");
        }
    }

    #[test]
    fn what_does_not_fit_together_is_refused() {
        let folder = Folder::new("mismatch");
        let (_, certificate) = pair();
        let (other, _) = pair();
        let pem = folder.file("client.crt", &certificate.to_pem().unwrap());
        let key = folder.file("other.key", &other.private_key_to_pem_pkcs8().unwrap());
        assert!(matches!(session(&tls(Some(&pem), key, None), "db"), Err(TlsError::Mismatch { .. })));

        let alone = Tls { certificate: Some(pem.clone()), ..Tls::default() };
        assert!(matches!(session(&alone, "db"), Err(TlsError::KeyMissing { .. })));

        let absent =
            Tls { mode: TlsMode::VerifyCa, root_certificate: Some(folder.0.join("absent.pem")), ..Tls::default() };
        assert!(matches!(session(&absent, "db"), Err(TlsError::ReadFile { what: "root certificate", .. })));

        let empty = folder.file("empty.pem", b"no certificate here\n");
        let empty = Tls { mode: TlsMode::VerifyCa, root_certificate: Some(empty), ..Tls::default() };
        assert!(matches!(session(&empty, "db"), Err(TlsError::Certificate { .. })));
    }

    #[test]
    fn a_root_certificate_is_only_read_where_it_is_used() {
        let absent = Tls { root_certificate: Some(PathBuf::from("/nowhere/root.pem")), ..Tls::default() };
        assert!(session(&absent, "db").is_ok());
    }
}
