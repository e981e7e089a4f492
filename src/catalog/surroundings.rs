//! What surrounds the database: who runs the server, how the session reaches it, how much WAL it keeps.

use super::{Catalog, CatalogError};

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Surroundings {
    /// Names of roles and functions that only a provider of managed servers puts there.
    pub marks: Vec<String>,
    /// Version of TLS of this session, none when it is not encrypted.
    pub tls: Option<String>,
    /// `max_slot_wal_keep_size` in bytes, none without a limit.
    pub slot_may_hold: Option<u64>,
    /// `max_wal_size` in bytes: about what is written between two checkpoints.
    pub between_checkpoints: u64,
}

impl Catalog {
    pub async fn surroundings(&self) -> Result<Surroundings, CatalogError> {
        let row = self.one(include_str!("../../sql/catalog/surroundings.sql"), &[]).await?;
        let (limit, between): (i64, i64) = (row.try_get(2)?, row.try_get(3)?);
        Ok(Surroundings {
            marks: row.try_get(0)?,
            tls: row.try_get(1)?,
            // -1: without a limit.
            slot_may_hold: u64::try_from(limit).ok(),
            between_checkpoints: between.unsigned_abs(),
        })
    }
}
