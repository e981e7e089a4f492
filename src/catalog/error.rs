//! What can go wrong between us and the server, and whether trying again may help.

use std::error::Error as _;
use std::io;

use crate::pg::tls::TlsError;
use crate::words::lsn::NotAnLsn;

/// Messages are the server's own; its DETAIL and CONTEXT, which may hold row values, are never kept.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    #[error("cannot reach the server at {host}:{port}: {why}")]
    Unreachable { host: String, port: u16, why: String },
    #[error("cannot agree on TLS with the server: {why}")]
    Tls { why: String },
    /// Certificate or key files that cannot be used; no server was asked.
    #[error("{why}")]
    TlsSettings { why: String },
    #[error("cannot log in: {why}")]
    Login { why: String },
    /// An error response of the server.
    #[error("{message} (SQLSTATE {sqlstate})")]
    Server { sqlstate: String, message: String },
    #[error("lost the connection to the server: {why}")]
    Lost { why: String },
    #[error("no answer from the server within {seconds} s while {doing}")]
    TimedOut { doing: &'static str, seconds: u64 },
    /// The server answered with something this version does not expect.
    #[error("unexpected answer from the server: {why}")]
    Unexpected { why: String },
}

impl CatalogError {
    /// The five characters of the server's error code.
    pub fn sqlstate(&self) -> Option<&str> {
        match self {
            Self::Server { sqlstate, .. } => Some(sqlstate),
            _ => None,
        }
    }

    /// The same call may succeed later without anyone changing anything: network trouble, a restarting or overloaded
    /// server, a slot that a dead connection still holds.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Lost { .. } | Self::TimedOut { .. } => true,
            Self::Tls { .. } | Self::TlsSettings { .. } | Self::Login { .. } | Self::Unexpected { .. } => false,
            Self::Server { sqlstate, .. } => {
                // Connection exceptions, transaction rollbacks, insufficient resources, system errors.
                let class = ["08", "40", "53", "58"].iter().any(|class| sqlstate.starts_with(class));
                // admin_shutdown, crash_shutdown, cannot_connect_now, idle_session_timeout, query_canceled, object_in_use, lock_not_available.
                class
                    || matches!(sqlstate.as_str(), "57P01" | "57P02" | "57P03" | "57P05" | "57014" | "55006" | "55P03")
            }
        }
    }
}

impl From<tokio_postgres::Error> for CatalogError {
    fn from(error: tokio_postgres::Error) -> Self {
        if let Some(db) = error.as_db_error() {
            return Self::Server { sqlstate: db.code().code().to_owned(), message: db.message().to_owned() };
        }
        let why = match error.source() {
            Some(source) => source.to_string(),
            None => error.to_string(),
        };
        // The kind of a tokio-postgres error shows in its text only.
        match error.to_string().as_str() {
            "error performing TLS handshake" => match error.source() {
                Some(source) if source.is::<TlsError>() => Self::TlsSettings { why },
                _ => Self::Tls { why },
            },
            "authentication error" | "invalid configuration" => Self::Login { why },
            _ if error.is_closed() || error.source().is_some_and(|source| source.is::<io::Error>()) => {
                Self::Lost { why }
            }
            kind => Self::Unexpected { why: format!("{kind}: {why}") },
        }
    }
}

impl From<NotAnLsn> for CatalogError {
    fn from(error: NotAnLsn) -> Self {
        Self::Unexpected { why: error.to_string() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(sqlstate: &str) -> CatalogError {
        CatalogError::Server { sqlstate: sqlstate.to_owned(), message: "some words".to_owned() }
    }

    #[test]
    fn a_restarting_server_is_worth_waiting_for_and_a_wrong_password_is_not() {
        for transient in ["57P01", "57P03", "53300", "08006", "40001", "55006"] {
            assert!(server(transient).is_transient(), "{transient}");
        }
        for lasting in ["28P01", "28000", "3D000", "42501", "42P01", "55000"] {
            assert!(!server(lasting).is_transient(), "{lasting}");
        }
    }

    #[test]
    fn an_error_shows_message_and_code() {
        assert_eq!(server("42501").to_string(), "some words (SQLSTATE 42501)");
        assert_eq!(server("42501").sqlstate(), Some("42501"));
    }
}
