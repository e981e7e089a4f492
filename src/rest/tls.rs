//! TLS of the server, from the key and trust stores that Connect's worker settings name.
//!
//! Certificates are renewed while everything runs, so the files are looked at again: what is good counts for connections
//! from then on, and what is not changes nothing. New files may come with a new password, so the settings are read again too.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use openssl::error::ErrorStack;
use openssl::pkcs12::Pkcs12;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{SslAcceptor, SslMethod, SslVerifyMode, SslVersion};
use openssl::x509::X509;
use openssl::x509::store::X509StoreBuilder;

use crate::settings::server::{ClientAuth, Kind, Material, Store, Tls};

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("cannot read {key} {}: {source}", path.display())]
    Read { key: &'static str, path: PathBuf, source: std::io::Error },
    #[error("{key} holds no private key that can be used; is ssl.key.password (PKCS12: ssl.keystore.password) right?")]
    Key { key: &'static str },
    #[error("{key} is no PKCS12 that can be opened; is ssl.truststore.password right?")]
    Sealed { key: &'static str },
    #[error("{key} holds no certificate that can be read")]
    Certificate { key: &'static str },
    #[error("{key}: the private key is not that of the first certificate; the server's own certificate comes first")]
    Mismatch { key: &'static str },
    #[error("cannot set up TLS: {0}")]
    Setup(#[from] ErrorStack),
}

const KEYSTORE: &str = "listeners.https.ssl.keystore.location";
const TRUSTSTORE: &str = "listeners.https.ssl.truststore.location";

/// The TLS of all listeners; clones share it.
#[derive(Clone)]
pub struct Secured {
    reread: Arc<Reread>,
    present: Arc<Mutex<Present>>,
}

/// The settings as they are now, with what config providers say now; none when they cannot be read.
pub type Reread = dyn Fn() -> Option<Tls> + Send + Sync;

struct Present {
    settings: Tls,
    acceptor: SslAcceptor,
    stamps: Vec<Stamp>,
    /// The last look found files that cannot be used, or not yet: the password may come after them.
    failed: bool,
}

/// When a file was changed and how long it is; a change of either makes it another.
type Stamp = Option<(SystemTime, u64)>;

impl Secured {
    /// Reads the stores. `reread`: asked for the settings when the files have changed.
    pub fn new(settings: Tls, reread: Arc<Reread>) -> Result<Self, TlsError> {
        // Before the files are read: what changes meanwhile is news at the next look.
        let stamps = stamps(&settings);
        let present = Present { acceptor: acceptor(&settings)?, settings, stamps, failed: false };
        Ok(Self { reread, present: Arc::new(Mutex::new(present)) })
    }

    /// For one connection: as the stores were when they were last good.
    pub(super) fn acceptor(&self) -> SslAcceptor {
        self.present().acceptor.clone()
    }

    /// Reads the stores again if their files changed. `closely`: even if they seem to be the same. Those that cannot be used
    /// are named in the log, once for each change.
    pub fn look_again(&self, closely: bool) {
        let before = self.present().settings.clone();
        let news = closely || self.present().stamps != stamps(&before);
        if !news && !self.present().failed {
            return;
        }
        let settings = (self.reread)().unwrap_or(before);
        let stamps = stamps(&settings);
        match acceptor(&settings) {
            Ok(acceptor) => {
                *self.present() = Present { settings, acceptor, stamps, failed: false };
                tracing::info!("the certificates of the REST interface were read again");
            }
            Err(error) => {
                let failed = Present { settings, acceptor: self.acceptor(), stamps, failed: true };
                *self.present() = failed;
                let remedy = "mend the file: it is read again when it changes, and on SIGHUP";
                if news {
                    tracing::warn!(
                        remedy,
                        "new certificates of the REST interface are not used, those of before are: {error}"
                    );
                }
            }
        }
    }

    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn stamps(tls: &Tls) -> Vec<Stamp> {
    let stamp = |store: &Store| match &store.material {
        Material::File(path) => path.metadata().and_then(|m| Ok((m.modified()?, m.len()))).ok(),
        Material::Inline(_) => None,
    };
    [Some(&tls.keystore), tls.truststore.as_ref()].into_iter().flatten().map(stamp).collect()
}

/// TLS 1.2 and later.
fn acceptor(tls: &Tls) -> Result<SslAcceptor, TlsError> {
    let mut builder = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
    builder.set_min_proto_version(Some(SslVersion::TLS1_2))?;
    let identity = identity(tls)?;
    builder.set_private_key(&identity.key)?;
    let mut chain = identity.chain.into_iter();
    let own = chain.next().ok_or(TlsError::Certificate { key: KEYSTORE })?;
    builder.set_certificate(&own)?;
    builder.check_private_key().map_err(|_| TlsError::Mismatch { key: KEYSTORE })?;
    chain.try_for_each(|certificate| builder.add_extra_chain_cert(certificate))?;
    if let Some(store) = &tls.truststore {
        let mut trusted = X509StoreBuilder::new()?;
        for authority in certificates(store, TRUSTSTORE)? {
            builder.add_client_ca(&authority)?;
            trusted.add_cert(authority)?;
        }
        builder.set_verify_cert_store(trusted.build())?;
    }
    // Sessions that are taken up again carry who the client is, and OpenSSL wants to know whose they are.
    builder.set_session_id_context(b"walcast")?;
    builder.set_verify(match tls.client_auth {
        ClientAuth::None => SslVerifyMode::NONE,
        ClientAuth::Requested => SslVerifyMode::PEER,
        ClientAuth::Required => SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT,
    });
    Ok(builder.build())
}

struct Identity {
    key: PKey<Private>,
    /// Its own certificate first.
    chain: Vec<X509>,
}

fn identity(tls: &Tls) -> Result<Identity, TlsError> {
    let bytes = read(&tls.keystore.material, KEYSTORE)?;
    let no_key = |_| TlsError::Key { key: KEYSTORE };
    match tls.keystore.kind {
        Kind::Pem => {
            let password = tls.key_password.as_deref().unwrap_or("");
            let key = PKey::private_key_from_pem_passphrase(&bytes, password.as_bytes()).map_err(no_key)?;
            Ok(Identity {
                key,
                chain: X509::stack_from_pem(&bytes).map_err(|_| TlsError::Certificate { key: KEYSTORE })?,
            })
        }
        Kind::Pkcs12 => {
            let password = tls.keystore.password.as_deref().unwrap_or("");
            let parsed = Pkcs12::from_der(&bytes).and_then(|store| store.parse2(password)).map_err(no_key)?;
            let mut chain: Vec<X509> = parsed.cert.into_iter().collect();
            chain.extend(parsed.ca.into_iter().flatten());
            Ok(Identity { key: parsed.pkey.ok_or(TlsError::Key { key: KEYSTORE })?, chain })
        }
    }
}

fn certificates(store: &Store, key: &'static str) -> Result<Vec<X509>, TlsError> {
    let bytes = read(&store.material, key)?;
    let found = match store.kind {
        Kind::Pem => X509::stack_from_pem(&bytes).unwrap_or_default(),
        Kind::Pkcs12 => {
            let password = store.password.as_deref().unwrap_or("");
            let parsed = Pkcs12::from_der(&bytes).and_then(|store| store.parse2(password));
            let parsed = parsed.map_err(|_| TlsError::Sealed { key })?;
            parsed.ca.into_iter().flatten().chain(parsed.cert).collect()
        }
    };
    if found.is_empty() { Err(TlsError::Certificate { key }) } else { Ok(found) }
}

fn read(material: &Material, key: &'static str) -> Result<Vec<u8>, TlsError> {
    let from =
        |path: &Path| std::fs::read(path).map_err(|source| TlsError::Read { key, path: path.to_owned(), source });
    match material {
        Material::Inline(text) => Ok(text.clone().into_bytes()),
        Material::File(path) => from(path),
    }
}
