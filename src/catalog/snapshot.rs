//! Views of the tables as they stood at one moment.

use tokio_postgres::types::Type;

use super::quote::quote_literal;
use super::{Catalog, CatalogError};
use crate::words::{Lsn, RelationId};

/// How the transaction of a snapshot begins.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Begin {
    /// With the snapshot that a new slot exported, so that the stream goes on exactly where the tables end.
    Exported(String),
    Isolation(Isolation),
}

/// `snapshot.isolation.mode`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Isolation {
    Serializable,
    RepeatableRead,
    ReadCommitted,
    ReadUncommitted,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct SnapshotFacts {
    /// `txid_current()`, which assigns one, as Debezium does; 0 on a standby.
    pub txid: i64,
    /// `CURRENT_TIMESTAMP`: the start of the transaction, microseconds since 1970.
    pub now_micros: i64,
}

impl Catalog {
    /// Opens a read-only transaction.
    pub async fn begin_snapshot(&self, how: &Begin) -> Result<(), CatalogError> {
        self.execute(&how.sql()).await
    }

    /// Which transactions the open transaction sees, as `pg_current_snapshot()` puts it.
    pub async fn cut(&self) -> Result<String, CatalogError> {
        Ok(self.one(include_str!("../../sql/catalog/cut.sql"), &[]).await?.try_get(0)?)
    }

    /// Writes a logical message and commits; answers where it stands in the WAL.
    pub async fn mark(&self, prefix: &str, content: &str) -> Result<Lsn, CatalogError> {
        let mark = include_str!("../../sql/catalog/mark.sql");
        let row = self.one(mark, &[(&prefix, Type::TEXT), (&content, Type::TEXT)]).await?;
        Ok(row.try_get::<_, &str>(0)?.parse()?)
    }

    pub async fn snapshot_facts(&self) -> Result<SnapshotFacts, CatalogError> {
        let row = self.one(include_str!("../../sql/catalog/snapshot_facts.sql"), &[]).await?;
        Ok(SnapshotFacts { txid: row.try_get(0)?, now_micros: row.try_get(1)? })
    }

    /// How many rows these tables may have, by the server's statistics.
    pub async fn estimated_rows(&self, tables: &[RelationId]) -> Result<u64, CatalogError> {
        let oids: Vec<u32> = tables.iter().map(|table| table.0).collect();
        let estimate = include_str!("../../sql/catalog/estimated_rows.sql");
        let rows: i64 = self.one(estimate, &[(&oids, Type::OID_ARRAY)]).await?.try_get(0)?;
        Ok(u64::try_from(rows).unwrap_or(0))
    }

    /// The view of the open transaction, for another session to begin with while this one lasts.
    pub async fn export(&self) -> Result<Begin, CatalogError> {
        let row = self.one(include_str!("../../sql/catalog/export.sql"), &[]).await?;
        Ok(Begin::Exported(row.try_get(0)?))
    }

    pub async fn commit(&self) -> Result<(), CatalogError> {
        self.execute("COMMIT").await
    }

    pub async fn rollback(&self) -> Result<(), CatalogError> {
        self.execute("ROLLBACK").await
    }
}

impl Begin {
    /// The statements that begin it.
    pub fn sql(&self) -> String {
        match self {
            Self::Exported(name) => format!(
                "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET TRANSACTION SNAPSHOT {}",
                quote_literal(name)
            ),
            Self::Isolation(isolation) => {
                let level = match isolation {
                    // Deferrable: waits for a moment at which no serialization failure can happen.
                    Isolation::Serializable => "SERIALIZABLE, READ ONLY, DEFERRABLE",
                    Isolation::RepeatableRead => "REPEATABLE READ, READ ONLY",
                    Isolation::ReadCommitted => "READ COMMITTED, READ ONLY",
                    Isolation::ReadUncommitted => "READ UNCOMMITTED, READ ONLY",
                };
                format!("BEGIN ISOLATION LEVEL {level}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_always_read_only() {
        assert_eq!(
            Begin::Exported("00000003-0000001B-1".to_owned()).sql(),
            "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET TRANSACTION SNAPSHOT '00000003-0000001B-1'"
        );
        for isolation in
            [Isolation::Serializable, Isolation::RepeatableRead, Isolation::ReadCommitted, Isolation::ReadUncommitted]
        {
            assert!(Begin::Isolation(isolation).sql().contains("READ ONLY"), "{isolation:?}");
        }
    }
}
