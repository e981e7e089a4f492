//! A slow look at how the server, the slot and the clocks stand.

use std::time::{SystemTime, UNIX_EPOCH};

use super::{Catalog, CatalogError, Slot};
use crate::words::Lsn;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Vitals {
    /// End of the server's log; on a standby: of what it has received.
    pub written: Lsn,
    pub slot: Option<Slot>,
    /// What the server's clock is ahead of ours, in microseconds, give or take half of a round trip.
    pub clock_ahead_us: i64,
}

impl Vitals {
    /// WAL the server keeps for the slot, in bytes.
    pub fn retained(&self) -> Option<u64> {
        let restart = self.slot.as_ref()?.restart_lsn?;
        Some(self.written.0.saturating_sub(restart.0))
    }
}

impl Catalog {
    pub async fn vitals(&self, slot: &str) -> Result<Vitals, CatalogError> {
        let slot = self.slot(slot).await?;
        // Afterwards, so that the slot never seems to be ahead of the server.
        let written = self.current_wal_lsn().await?;
        let before = now_micros();
        let server = self.now_micros().await?;
        let middle = before + (now_micros() - before) / 2;
        Ok(Vitals { written, slot, clock_ahead_us: server - middle })
    }
}

fn now_micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
