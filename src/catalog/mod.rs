//! The SQL side of Postgres: what is in the catalog, how slots and publications stand, and the tables' rows for a snapshot.
//!
//! A [`Catalog`] is one SQL session, pinned like every session of ours so that values come in the text form the stream
//! uses. It answers in words and facts; what follows from them is decided in `connector`. tokio-postgres is known here and
//! nowhere else, every fixed query is a file in `sql/catalog`, and one text serves Postgres 13 to 18. Streaming, and
//! creating a slot with its exported snapshot, belong to `wire`.

mod blockers;
mod connection;
pub mod copy_text;
mod cover;
mod error;
mod identity;
pub mod publication;
mod quote;
mod rights;
mod server;
mod sizes;
mod slot;
mod snapshot;
mod statement;
mod surroundings;
mod tables;
mod types;
mod vitals;

pub use blockers::Blocker;
pub use error::CatalogError;
pub use identity::Identity;
pub use publication::Publication;
pub use quote::{quote_ident, quote_literal, quote_table, select_sql};
pub use rights::{Role, Session, TableRights};
pub use server::{Process, Server, WalPositions, Whereabouts};
pub use sizes::TableSize;
pub use slot::{Slot, SlotHolder};
pub use snapshot::{Begin, Isolation, SnapshotFacts};
pub use surroundings::Surroundings;
pub use vitals::Vitals;

use std::time::Duration;

use tokio::time::timeout;
use tokio_postgres::types::{ToSql, Type};
use tokio_postgres::{Client, Row};

use crate::pg;

/// Looking into the catalog takes milliseconds; a server that is silent for this long is not there any more.
const ANSWER_WITHIN: Duration = Duration::from_secs(30);

/// One SQL session. Its driver task ends when this is dropped.
pub struct Catalog {
    client: Client,
    driver: connection::Driver,
}

impl Catalog {
    /// Logs in, runs the user's `database.initial.statements`, pins the session's settings.
    pub async fn connect(address: &pg::Address, initial_statements: &[String]) -> Result<Self, CatalogError> {
        let opened = connection::open(address).await?;
        opened.prepare(address, initial_statements).await?;
        Ok(Self { client: opened.client, driver: opened.driver })
    }

    /// Runs statements that answer nothing, in one implicit transaction.
    pub async fn execute(&self, sql: &str) -> Result<(), CatalogError> {
        Ok(self.client.batch_execute(sql).await?)
    }

    /// Says goodbye, so that the server sees an end and not a lost connection.
    pub async fn close(self) {
        drop(self.client);
        self.driver.finish().await;
    }

    /// The session has ended; every further call fails.
    pub fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    async fn rows(&self, sql: &str, params: &[(&(dyn ToSql + Sync), Type)]) -> Result<Vec<Row>, CatalogError> {
        match timeout(ANSWER_WITHIN, self.client.query_typed(sql, params)).await {
            Ok(answered) => Ok(answered?),
            Err(_) => {
                Err(CatalogError::TimedOut { doing: "looking into the catalog", seconds: ANSWER_WITHIN.as_secs() })
            }
        }
    }

    async fn one(&self, sql: &str, params: &[(&(dyn ToSql + Sync), Type)]) -> Result<Row, CatalogError> {
        let rows = self.rows(sql, params).await?;
        rows.into_iter()
            .next()
            .ok_or_else(|| CatalogError::Unexpected { why: "no row where one is certain".to_owned() })
    }
}
