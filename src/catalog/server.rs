//! Facts about the server itself.

use super::{Catalog, CatalogError};
use tokio_postgres::types::Type;

use crate::words::Lsn;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Server {
    /// `server_version_num`, such as 150018.
    pub version: u32,
    pub wal_level: String,
    /// A standby.
    pub in_recovery: bool,
    pub max_slots: u32,
    pub used_slots: u32,
    pub max_wal_senders: u32,
    pub used_wal_senders: u32,
    /// The server's clock, microseconds since 1970.
    pub clock_micros: i64,
    pub encoding: String,
    /// The server's process for this session.
    pub backend: i32,
}

/// Which server this is, and how else it can be reached.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Whereabouts {
    /// When it was started, to the microsecond: no two servers share it.
    pub started: String,
    /// `unix_socket_directories`; empty where the role may not see it.
    pub socket_folders: String,
}

/// Where the server's log stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WalPositions {
    /// End of what was written; on a standby: of what was received.
    pub written: Lsn,
    /// End of what is safe on disk; on a standby: of what was replayed.
    pub flushed: Lsn,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Process {
    Gone,
    /// For bytes or for room to send, or for something to happen that it could tell.
    WaitsForClient,
    Busy,
}

/// Wait events of a walsender that could read what its client sends.
const WAITING_FOR_THE_CLIENT: [&str; 5] =
    ["ClientRead", "ClientWrite", "WalSenderMain", "WalSenderWaitForWAL", "WalSenderWriteData"];

impl Catalog {
    pub async fn whereabouts(&self) -> Result<Whereabouts, CatalogError> {
        let row = self.one(include_str!("../../sql/catalog/whereabouts.sql"), &[]).await?;
        Ok(Whereabouts { started: row.try_get(0)?, socket_folders: row.try_get(1)? })
    }

    pub async fn server(&self) -> Result<Server, CatalogError> {
        let row = self.one(include_str!("../../sql/catalog/server.sql"), &[]).await?;
        let count = |index| -> Result<u32, CatalogError> {
            let value: i32 = row.try_get(index)?;
            u32::try_from(value).map_err(|_| CatalogError::Unexpected { why: format!("a count of {value}") })
        };
        Ok(Server {
            version: count(0)?,
            wal_level: row.try_get(1)?,
            in_recovery: row.try_get(2)?,
            max_slots: count(3)?,
            used_slots: count(4)?,
            max_wal_senders: count(5)?,
            used_wal_senders: count(6)?,
            clock_micros: row.try_get(7)?,
            encoding: row.try_get(8)?,
            backend: row.try_get(9)?,
        })
    }

    /// What the server's process `pid` is doing for a session of our own role.
    pub async fn process(&self, pid: i32) -> Result<Process, CatalogError> {
        let rows = self.rows(include_str!("../../sql/catalog/waits_for.sql"), &[(&pid, Type::INT4)]).await?;
        let Some(row) = rows.first() else { return Ok(Process::Gone) };
        let event: Option<&str> = row.try_get(0)?;
        Ok(match event {
            // Their spelling changed with Postgres 17.
            Some(event) if WAITING_FOR_THE_CLIENT.iter().any(|name| name.eq_ignore_ascii_case(event)) => {
                Process::WaitsForClient
            }
            _ => Process::Busy,
        })
    }

    pub async fn wal_positions(&self) -> Result<WalPositions, CatalogError> {
        let row = self.one(include_str!("../../sql/catalog/wal_positions.sql"), &[]).await?;
        let position = |index| -> Result<Lsn, CatalogError> {
            // Null: a standby that has not received anything by streaming.
            let text: Option<&str> = row.try_get(index)?;
            Ok(text.map(str::parse).transpose()?.unwrap_or(Lsn::ZERO))
        };
        Ok(WalPositions { written: position(0)?, flushed: position(1)? })
    }

    /// End of the log written so far; on a standby: received so far.
    pub async fn current_wal_lsn(&self) -> Result<Lsn, CatalogError> {
        Ok(self.wal_positions().await?.written)
    }

    /// The server's `CURRENT_TIMESTAMP`, microseconds since 1970: within a transaction, its start.
    pub async fn now_micros(&self) -> Result<i64, CatalogError> {
        Ok(self.one(include_str!("../../sql/catalog/clock.sql"), &[]).await?.try_get(0)?)
    }
}
