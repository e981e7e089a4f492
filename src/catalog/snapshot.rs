//! Reading tables as they stood at one moment.

use std::future::poll_fn;
use std::pin::Pin;

use bytes::Bytes;
use futures_core::Stream;
use tokio_postgres::CopyOutStream;
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
    /// Opens the read-only transaction that `copy` reads in.
    pub async fn begin_snapshot(&self, how: &Begin) -> Result<(), CatalogError> {
        self.execute(&begin_sql(how)).await
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

    /// Starts `COPY (sql) TO STDOUT` in text format; see [`super::copy_text`] for what the chunks hold.
    pub async fn copy(&self, sql: &str) -> Result<Copy, CatalogError> {
        let stream = self.client.copy_out(&format!("COPY ({sql}) TO STDOUT")).await?;
        Ok(Copy { stream: Box::pin(stream) })
    }

    pub async fn commit(&self) -> Result<(), CatalogError> {
        self.execute("COMMIT").await
    }

    pub async fn rollback(&self) -> Result<(), CatalogError> {
        self.execute("ROLLBACK").await
    }
}

fn begin_sql(how: &Begin) -> String {
    match how {
        Begin::Exported(name) => format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET TRANSACTION SNAPSHOT {}",
            quote_literal(name)
        ),
        Begin::Isolation(isolation) => {
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

/// Rows on their way. Dropping it before the end leaves the rest to be read and thrown away by the session: drop the
/// `Catalog` too when that may be long.
pub struct Copy {
    stream: Pin<Box<CopyOutStream>>,
}

impl Copy {
    /// The next chunk, none after the last.
    pub async fn next(&mut self) -> Result<Option<Bytes>, CatalogError> {
        match poll_fn(|context| self.stream.as_mut().poll_next(context)).await {
            Some(chunk) => Ok(Some(chunk?)),
            None => Ok(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_snapshot_is_always_read_only() {
        assert_eq!(
            begin_sql(&Begin::Exported("00000003-0000001B-1".to_owned())),
            "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY; SET TRANSACTION SNAPSHOT '00000003-0000001B-1'"
        );
        for isolation in
            [Isolation::Serializable, Isolation::RepeatableRead, Isolation::ReadCommitted, Isolation::ReadUncommitted]
        {
            assert!(begin_sql(&Begin::Isolation(isolation)).contains("READ ONLY"), "{isolation:?}");
        }
    }
}
