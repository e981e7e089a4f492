//! Who stands in the way of a session that waits for a lock, or for transactions to end.

use tokio_postgres::types::Type;

use super::{Catalog, CatalogError, SlotHolder};

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Blocker {
    Session {
        who: SlotHolder,
        /// When its transaction began; unknown of another role's that we may not look at.
        since: Option<String>,
    },
    /// Nobody's any more: it waits to be committed or rolled back.
    Prepared,
}

impl std::fmt::Display for Blocker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Session { who, since: Some(since) } => write!(f, "{who}, in a transaction since {since}"),
            Self::Session { who, since: None } => write!(f, "{who}"),
            Self::Prepared => f.write_str("a prepared transaction"),
        }
    }
}

impl Blocker {
    /// What makes way.
    pub fn remedy(&self) -> String {
        match self {
            Self::Session { who, .. } => {
                format!("end that transaction, or the session: SELECT pg_terminate_backend({});", who.pid)
            }
            Self::Prepared => {
                "COMMIT PREPARED or ROLLBACK PREPARED what SELECT * FROM pg_prepared_xacts; shows".to_owned()
            }
        }
    }
}

impl Catalog {
    /// Whom the session of the server's process `pid` waits for, the one with the oldest transaction first.
    pub async fn blockers(&self, pid: i32) -> Result<Vec<Blocker>, CatalogError> {
        let rows = self.rows(include_str!("../../sql/catalog/blockers.sql"), &[(&pid, Type::INT4)]).await?;
        let blocker = |row: &tokio_postgres::Row| {
            Ok(match row.try_get(0)? {
                0 => Blocker::Prepared,
                pid => {
                    let who = SlotHolder { pid, application: row.try_get(1)?, address: row.try_get(2)? };
                    Blocker::Session { who, since: row.try_get(3)? }
                }
            })
        };
        rows.iter().map(blocker).collect()
    }
}
