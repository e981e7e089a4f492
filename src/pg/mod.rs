//! Where a Postgres server is and how to be let in: shared by `wire` (replication) and `catalog` (SQL).

pub mod session;
pub mod tls;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Silence after which the kernel asks whether the server is still there, and how often it asks again.
pub const KEEPALIVE_IDLE: Duration = Duration::from_secs(10);
pub const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(5);
pub const KEEPALIVE_RETRIES: u32 = 3;
/// What was sent and is not acknowledged for this long tells of a dead peer; the kernel's own patience is 15 minutes.
pub const UNACKNOWLEDGED: Duration = Duration::from_secs(15);

/// Address and credentials of one database.
#[derive(Clone, Debug)]
pub struct Address {
    /// Host name, IP address, or the folder of a unix socket (starts with `/`).
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: Option<Secret>,
    pub database: String,
    pub tls: Tls,
    pub application_name: String,
    /// Leaves `extra_float_digits` as the server's administrator set it, as the reference does.
    pub server_float_digits: bool,
    pub tcp_keepalive: bool,
    pub connect_timeout: Duration,
}

#[derive(Clone, Debug, Default)]
pub struct Tls {
    pub mode: TlsMode,
    /// Client certificate, PEM.
    pub certificate: Option<PathBuf>,
    /// Its key: PEM, PKCS-8 DER as pgjdbc wants it, or PKCS-12 with the certificate inside.
    pub key: Option<PathBuf>,
    pub key_password: Option<Secret>,
    /// CA certificates, PEM.
    pub root_certificate: Option<PathBuf>,
}

/// libpq's `sslmode`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum TlsMode {
    Disable,
    Allow,
    #[default]
    Prefer,
    Require,
    VerifyCa,
    VerifyFull,
}

impl TlsMode {
    /// Nothing is said in clear.
    pub fn is_binding(self) -> bool {
        matches!(self, Self::Require | Self::VerifyCa | Self::VerifyFull)
    }

    /// The server's certificate must be trusted.
    pub fn verifies(self) -> bool {
        matches!(self, Self::VerifyCa | Self::VerifyFull)
    }
}

/// A text that no log, error or status may show.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself; for handing to the server only.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("********")
    }
}
