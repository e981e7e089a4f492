//! What can go wrong on the replication connection.

use std::io;

use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::ErrorResponseBody;

use crate::pg::tls::TlsError;

/// Facts only: never a password, never the server's DETAIL (it holds row values).
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    #[error("cannot connect to {host}:{port}: {why}")]
    Unreachable { host: String, port: u16, why: String },
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("the server offers no TLS, but database.sslmode asks for it")]
    TlsRefused,
    #[error("TLS with {host} failed: {why}")]
    TlsFailed { host: String, why: String },
    #[error("the server asks for a password, but database.password is not set")]
    PasswordMissing,
    #[error("the server asks for {method} authentication, which is not supported")]
    Authentication { method: &'static str },
    #[error("SCRAM authentication failed: {why}")]
    Scram { why: String },
    #[error("{message} (SQLSTATE {sqlstate})")]
    Server { severity: String, sqlstate: String, message: String, hint: Option<String> },
    #[error("lost the replication connection: {0}")]
    Lost(#[from] io::Error),
    #[error("the server ended the replication stream")]
    Ended,
    #[error("the server took no status update for {seconds} s")]
    Silent { seconds: u64 },
    #[error("unexpected message from the server: {0}")]
    Protocol(String),
}

impl WireError {
    pub(super) fn of_server(body: &ErrorResponseBody) -> Self {
        let (mut severity, mut sqlstate, mut message, mut hint) = (String::new(), String::new(), String::new(), None);
        let mut fields = body.fields();
        while let Ok(Some(field)) = fields.next() {
            let text = || String::from_utf8_lossy(field.value_bytes()).into_owned();
            match field.type_() {
                b'V' => severity = text(),
                b'C' => sqlstate = text(),
                b'M' => message = text(),
                b'H' => hint = Some(text()),
                _ => {}
            }
        }
        Self::Server { severity, sqlstate, message, hint }
    }

    pub fn sqlstate(&self) -> Option<&str> {
        match self {
            Self::Server { sqlstate, .. } => Some(sqlstate),
            _ => None,
        }
    }

    /// The same call may succeed later without anyone changing anything.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::TlsFailed { .. } | Self::Lost(_) | Self::Ended | Self::Silent { .. } => {
                true
            }
            Self::Server { sqlstate, .. } => {
                let class = ["08", "40", "53", "58"].iter().any(|class| sqlstate.starts_with(class));
                // The WAL is gone for good; the rest of class 58 is trouble with files that may pass.
                let gone = sqlstate == "58P01";
                let passing = matches!(sqlstate.as_str(), "57P01" | "57P02" | "57P03" | "57014" | "55006" | "55P03");
                (class && !gone) || passing
            }
            Self::Tls(_)
            | Self::TlsRefused
            | Self::PasswordMissing
            | Self::Authentication { .. }
            | Self::Scram { .. }
            | Self::Protocol(_) => false,
        }
    }
}
