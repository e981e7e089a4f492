//! Why a connector stops, whether trying again may help, and what an operator can do.

use crate::catalog::{CatalogError, copy_text::CopyTextError};
use crate::debezium::RowError;
use crate::offsets::OffsetError;
use crate::pgoutput::DecodeError;
use crate::sink::SinkError;
use crate::wire::WireError;

use super::emit::EmitError;
use super::plan::Refusal;

/// Raised when a slot or a publication does not exist.
pub(super) const UNDEFINED_OBJECT: &str = "42704";

#[derive(Debug, thiserror::Error)]
pub enum ConnectorError {
    #[error("database: {0}")]
    Catalog(#[from] CatalogError),
    #[error("replication: {0}")]
    Wire(#[from] WireError),
    /// Of the session that reads tables.
    #[error("database: {0}")]
    Rows(WireError),
    #[error("{0}")]
    Sink(#[from] SinkError),
    #[error("offsets: {0}")]
    Offset(#[from] OffsetError),
    #[error("{0}")]
    Refused(#[from] Refusal),
    #[error("Error while processing event: {0}")]
    Row(#[from] RowError),
    #[error("value of column {column} of table {table} cannot be converted: {why}")]
    Conversion { table: String, column: String, why: &'static str },
    #[error("the replication stream holds a message that does not decode: {0}")]
    Decode(#[from] DecodeError),
    #[error("the snapshot of {table} holds a row that does not decode: {why}")]
    CopyText { table: String, why: CopyTextError },
    #[error("table {table} was changed while the snapshot was about to read it: {source}")]
    TableChanged { table: String, source: Box<WireError> },
    #[error("replication slot \"{slot}\" went away while the connector started: {source}")]
    SlotGone { slot: String, source: Box<WireError> },
    #[error("the server is a standby, and standbys of Postgres {major} cannot decode changes")]
    Standby { major: u32 },
    #[error("a row arrived for relation {0}, which was never described")]
    UnknownRelation(u32),
}

impl From<EmitError<SinkError>> for ConnectorError {
    fn from(error: EmitError<SinkError>) -> Self {
        match error {
            EmitError::Row(e) => e.into(),
            EmitError::Conversion { table, column, why } => Self::Conversion { table, column, why },
            EmitError::Outlet(e) => e.into(),
        }
    }
}

impl ConnectorError {
    /// Whether the same attempt may succeed later without anyone's help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Catalog(e) => e.is_transient(),
            Self::Wire(e) | Self::Rows(e) => e.is_transient(),
            Self::Sink(e) => e.is_transient(),
            Self::Offset(e) => e.is_transient(),
            // A new look shows the table, or the server without the slot, as it is now.
            Self::TableChanged { .. } | Self::SlotGone { .. } => true,
            // Until it is promoted.
            Self::Standby { .. } => true,
            Self::Refused(_)
            | Self::Row(_)
            | Self::Conversion { .. }
            | Self::Decode(_)
            | Self::CopyText { .. }
            | Self::UnknownRelation(_) => false,
        }
    }

    /// What failed, for counting.
    pub(super) fn room(&self) -> &'static str {
        match self {
            Self::Catalog(_) | Self::Rows(_) | Self::Standby { .. } => "database",
            Self::Wire(_) | Self::SlotGone { .. } => "replication",
            Self::Sink(_) => "sink",
            Self::Offset(_) => "offsets",
            Self::Refused(_) => "plan",
            Self::Row(_) | Self::Conversion { .. } => "row",
            Self::Decode(_) | Self::CopyText { .. } | Self::UnknownRelation(_) => "protocol",
            Self::TableChanged { .. } => "snapshot",
        }
    }

    /// The server or the line to it failed, and nothing else.
    pub(super) fn is_of_the_server(&self) -> bool {
        matches!(self, Self::Catalog(_) | Self::Wire(_) | Self::Rows(_))
    }

    /// The other side is not there: trying costs it nothing.
    pub(super) fn is_outage(&self) -> bool {
        let starting_or_stopping = |code: Option<&str>| code.is_some_and(|code| code.starts_with("57P"));
        match self {
            Self::Catalog(e) => {
                let away = matches!(e, CatalogError::Unreachable { .. } | CatalogError::Lost { .. });
                away || starting_or_stopping(e.sqlstate())
            }
            Self::Wire(e) | Self::Rows(e) => {
                use WireError::{Ended, Lost, Silent, Unreachable};
                matches!(e, Unreachable { .. } | Lost(_) | Ended | Silent { .. }) || starting_or_stopping(e.sqlstate())
            }
            Self::Standby { .. } => true,
            Self::Sink(e) => matches!(e, SinkError::Unreachable { .. }),
            Self::Offset(OffsetError::Topic(e)) => matches!(e, SinkError::Unreachable { .. }),
            _ => false,
        }
    }

    /// One sentence for the operator, where there is something to do.
    pub fn remedy(&self) -> Option<String> {
        match self {
            Self::Refused(refusal) => Some(refusal.remedy()),
            Self::Sink(e) => e.remedy(),
            Self::Offset(e) => e.remedy(),
            Self::Standby { .. } => Some(
                "promote it (SELECT pg_promote();), and the connector goes on by itself, or set database.hostname to the primary"
                    .to_owned(),
            ),
            Self::Row(_) => Some(
                "set event.processing.failure.handling.mode=warn to leave such events out, \
                 or give the table REPLICA IDENTITY FULL"
                    .to_owned(),
            ),
            Self::Conversion { .. } => {
                Some("set event.converting.failure.handling.mode=warn to send such values as null".to_owned())
            }
            Self::Catalog(e) => sqlstate_remedy(e.sqlstate()).or_else(|| self.patience()),
            Self::Wire(e) if e.sqlstate() == Some(UNDEFINED_OBJECT) => Some(
                "create the publication again; the server cannot decode what was written without it, so stop the connector, \
                 let it forget its position (walcast offsets reset FILE --apply), and resume it: it reads the tables again"
                    .to_owned(),
            ),
            Self::Wire(e) | Self::Rows(e) => sqlstate_remedy(e.sqlstate()).or_else(|| self.patience()),
            _ => None,
        }
    }
}

impl ConnectorError {
    /// For what passes once the server is back.
    fn patience(&self) -> Option<String> {
        self.is_transient().then(|| {
            "see that the server runs and answers at database.hostname and database.port; \
             the connector then goes on by itself"
                .to_owned()
        })
    }
}

/// What usually mends an error the server reports by code.
fn sqlstate_remedy(code: Option<&str>) -> Option<String> {
    let text = match code? {
        "28P01" | "28000" => "check database.user, database.password and pg_hba.conf",
        "3D000" => "check database.dbname",
        "42501" => "grant what is missing; `walcast check` prints the statement",
        "53400" | "53300" => "raise max_replication_slots, max_wal_senders or max_connections, or drop unused slots",
        "55006" => "the replication slot is in use: stop the other reader or choose another slot.name",
        "55000" => "set wal_level=logical and restart the server",
        "58P01" => "the WAL the slot needs is gone: drop the slot and snapshot again",
        _ => return None,
    };
    Some(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_that_reads_tables_knows_of_no_publication() {
        let undefined = || WireError::Server {
            severity: "ERROR".to_owned(),
            sqlstate: UNDEFINED_OBJECT.to_owned(),
            message: String::new(),
            hint: None,
        };
        assert!(ConnectorError::Wire(undefined()).remedy().unwrap().contains("publication"));
        assert_eq!(ConnectorError::Rows(undefined()).remedy(), None);
        assert_eq!(ConnectorError::Rows(undefined()).room(), "database");
    }
}
