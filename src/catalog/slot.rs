//! Replication slots, as SQL sees them. Creating one, with its snapshot, belongs to the replication connection.

use tokio_postgres::types::Type;

use super::{Catalog, CatalogError};
use crate::words::Lsn;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Slot {
    /// None for a physical slot.
    pub plugin: Option<String>,
    /// `logical` or `physical`.
    pub slot_type: String,
    pub database: Option<String>,
    pub temporary: bool,
    /// The process that streams from it now.
    pub active_pid: Option<i32>,
    pub restart_lsn: Option<Lsn>,
    pub confirmed_flush: Option<Lsn>,
    pub catalog_xmin: Option<u32>,
    /// `reserved`, `extended`, `unreserved`, `lost`.
    pub wal_status: Option<String>,
    /// Why it can never be read again: `rows_removed`, `wal_level_insufficient`, `wal_removed`, `idle_timeout`.
    pub invalidation: Option<String>,
    pub two_phase: bool,
    pub failover: bool,
    /// Bytes of WAL that may still be written before the slot is lost.
    pub safe_wal_size: Option<i64>,
}

/// The connection that reads a slot now.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SlotHolder {
    pub pid: i32,
    pub application: Option<String>,
    pub address: Option<String>,
}

impl std::fmt::Display for SlotHolder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PID {}", self.pid)?;
        let known = [&self.application, &self.address].into_iter().flatten().filter(|text| !text.is_empty());
        for (index, text) in known.enumerate() {
            write!(f, "{}{text}", if index == 0 { " (" } else { ", " })?;
        }
        if [&self.application, &self.address].into_iter().flatten().any(|text| !text.is_empty()) {
            f.write_str(")")?;
        }
        Ok(())
    }
}

impl Catalog {
    pub async fn slot(&self, name: &str) -> Result<Option<Slot>, CatalogError> {
        let rows = self.rows(include_str!("../../sql/catalog/slot.sql"), &[(&name, Type::TEXT)]).await?;
        rows.first().map(slot).transpose()
    }

    pub async fn slot_holder(&self, name: &str) -> Result<Option<SlotHolder>, CatalogError> {
        let rows = self.rows(include_str!("../../sql/catalog/slot_holder.sql"), &[(&name, Type::TEXT)]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let (pid, application, address) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
        Ok(Some(SlotHolder { pid, application, address }))
    }

    /// Ends another connection of the same role.
    pub async fn terminate(&self, pid: i32) -> Result<(), CatalogError> {
        self.rows(include_str!("../../sql/catalog/terminate.sql"), &[(&pid, Type::INT4)]).await?;
        Ok(())
    }

    pub async fn drop_slot(&self, name: &str) -> Result<(), CatalogError> {
        self.rows(include_str!("../../sql/catalog/slot_drop.sql"), &[(&name, Type::NAME)]).await?;
        Ok(())
    }

    /// Moves the slot forward; answers where it stands then, which may lie before `to`.
    pub async fn advance_slot(&self, name: &str, to: Lsn) -> Result<Lsn, CatalogError> {
        let advance = include_str!("../../sql/catalog/slot_advance.sql");
        let row = self.one(advance, &[(&name, Type::NAME), (&to.to_string(), Type::TEXT)]).await?;
        Ok(row.try_get::<_, &str>(0)?.parse()?)
    }
}

fn slot(row: &tokio_postgres::Row) -> Result<Slot, CatalogError> {
    let lsn = |index| -> Result<Option<Lsn>, CatalogError> {
        Ok(row.try_get::<_, Option<&str>>(index)?.map(str::parse).transpose()?)
    };
    let wal_status: Option<String> = row.try_get(8)?;
    Ok(Slot {
        plugin: row.try_get(0)?,
        slot_type: row.try_get(1)?,
        database: row.try_get(2)?,
        temporary: row.try_get(3)?,
        active_pid: row.try_get(4)?,
        restart_lsn: lsn(5)?,
        confirmed_flush: lsn(6)?,
        catalog_xmin: row.try_get::<_, Option<&str>>(7)?.and_then(|xid| xid.parse().ok()),
        invalidation: invalidation(row.try_get(10)?, row.try_get(11)?, wal_status.as_deref()),
        wal_status,
        safe_wal_size: row.try_get(9)?,
        two_phase: row.try_get(12)?,
        failover: row.try_get(13)?,
    })
}

/// Postgres 17 gives the reason; 16 says only that recovery removed rows, older ones only that WAL is gone.
fn invalidation(reason: Option<String>, conflicting: Option<bool>, wal_status: Option<&str>) -> Option<String> {
    reason.or_else(|| match (conflicting, wal_status) {
        (Some(true), _) => Some("rows_removed".to_owned()),
        (_, Some("lost")) => Some("wal_removed".to_owned()),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_is_named_as_far_as_it_is_known() {
        let mut holder = SlotHolder { pid: 7, application: Some("Debezium".into()), address: Some("10.0.0.1".into()) };
        assert_eq!(holder.to_string(), "PID 7 (Debezium, 10.0.0.1)");
        holder.application = Some(String::new());
        assert_eq!(holder.to_string(), "PID 7 (10.0.0.1)");
        holder.address = None;
        assert_eq!(holder.to_string(), "PID 7");
    }

    #[test]
    fn older_servers_tell_a_dead_slot_in_their_own_way() {
        let idle = Some("idle_timeout".to_owned());
        assert_eq!(invalidation(idle.clone(), Some(false), Some("lost")), idle);
        assert_eq!(invalidation(None, Some(true), Some("lost")), Some("rows_removed".to_owned()));
        assert_eq!(invalidation(None, None, Some("lost")), Some("wal_removed".to_owned()));
        assert_eq!(invalidation(None, Some(false), Some("reserved")), None);
    }
}
