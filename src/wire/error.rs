//! What can go wrong on a connection that carries rows.

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
    #[error("the certificate of {host} is not accepted: {why}; check database.sslrootcert and database.sslmode")]
    Untrusted { host: String, why: String },
    #[error("the server asks for a password, but database.password is not set")]
    PasswordMissing,
    #[error("the server asks for {method} authentication, which is not supported")]
    Authentication { method: &'static str },
    #[error("SCRAM authentication failed: {why}")]
    Scram { why: String },
    #[error("{message} (SQLSTATE {sqlstate})")]
    Server { severity: String, sqlstate: String, message: String, hint: Option<String> },
    #[error("lost the connection to the server: {0}")]
    Lost(#[from] io::Error),
    #[error("the server ended the replication stream")]
    Ended,
    #[error("no sign of the server for {seconds} s: the replication connection is dead")]
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

    /// Bytes that are no message, from us or from the server: not an error of the line, trying again would not help.
    pub(super) fn malformed(why: io::Error) -> Self {
        Self::Protocol(why.to_string())
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
                // 58P01: the WAL is gone for good; the rest of class 58 is trouble with files that may pass.
                // 08P01: we and the server do not understand each other, nor will we later.
                let lasting = matches!(sqlstate.as_str(), "58P01" | "08P01");
                let passing =
                    matches!(sqlstate.as_str(), "57P01" | "57P02" | "57P03" | "57P05" | "57014" | "55006" | "55P03");
                (class && !lasting) || passing
            }
            Self::Tls(_)
            | Self::TlsRefused
            | Self::Untrusted { .. }
            | Self::PasswordMissing
            | Self::Authentication { .. }
            | Self::Scram { .. }
            | Self::Protocol(_) => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(sqlstate: &str) -> WireError {
        let text = String::new;
        WireError::Server { severity: text(), sqlstate: sqlstate.to_owned(), message: text(), hint: None }
    }

    #[test]
    fn what_passes_by_itself_is_tried_again() {
        for sqlstate in ["08006", "53300", "57P01", "57P02", "57P03", "55006", "40001", "58030"] {
            assert!(server(sqlstate).is_transient(), "{sqlstate}");
        }
        assert!(WireError::Ended.is_transient());
        assert!(WireError::from(io::Error::from(io::ErrorKind::ConnectionReset)).is_transient());
    }

    #[test]
    fn what_someone_must_mend_is_not() {
        for sqlstate in ["28P01", "28000", "3D000", "42501", "42704", "58P01", "08P01", "55000", "22012"] {
            assert!(!server(sqlstate).is_transient(), "{sqlstate}");
        }
        let untrusted = WireError::Untrusted { host: String::new(), why: String::new() };
        assert!(!untrusted.is_transient());
        assert!(!WireError::malformed(io::Error::other("unknown message tag")).is_transient());
    }
}
