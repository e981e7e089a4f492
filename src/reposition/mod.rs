//! `walcast offsets`: where a connector stands, what its next start would do, and moving it by hand.
//!
//! The position of a connector that runs is its own: it is changed only while nobody reads the slot. Every change is first
//! told in plain words, in bytes of WAL, and made only when asked for again. What a start does is not guessed here: it is
//! `connector`'s own plan.

mod words;

use crate::catalog::{Catalog, CatalogError, Slot, SlotHolder};
use crate::connector::{Context, outlook};
use crate::offsets::{self, MessageType, Offset, OffsetError};
use crate::words::Lsn;

/// What is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    Show,
    /// Go on at this position.
    Set(Lsn),
    /// Forget the position.
    Reset,
}

#[derive(Debug, thiserror::Error)]
pub enum RepositionError {
    #[error("database: {0}")]
    Catalog(#[from] CatalogError),
    #[error("offsets: {0}")]
    Offset(#[from] OffsetError),
    #[error(
        "the connector runs: its slot is in use by {holder}; stop it first (PUT /connectors/NAME/stop, or SIGTERM), as it would write its own \
         position over this one"
    )]
    Running { holder: String },
    #[error("{to} lies beyond the end of the server's WAL, {written}")]
    BeyondTheEnd { to: Lsn, written: Lsn },
    #[error(
        "replication slot \"{slot}\" stands at {confirmed}, past {to}: the server has given up what comes before and cannot go \
         back; snapshot again instead (walcast offsets reset)"
    )]
    BehindTheSlot { slot: String, confirmed: Lsn, to: Lsn },
}

/// Looks, and with `apply` does it. Answers what to tell the operator.
pub async fn run(context: &Context, order: Order, apply: bool) -> Result<String, RepositionError> {
    let config = &context.config;
    let (name, prefix) = (config.name.as_str(), config.debezium.topic_prefix.as_str());
    let catalog = Catalog::connect(&config.address, &[]).await?;
    let stored = offsets::stored(&context.offsets, name, prefix).await?;
    let facts = Facts {
        slot: catalog.slot(&config.slot).await?,
        holder: catalog.slot_holder(&config.slot).await?,
        written: catalog.wal_positions().await?.written,
    };
    let tell = words::Telling { config, facts: &facts };
    let (change, mut text) = match order {
        Order::Show => {
            let next = match stored.as_ref().map(|stored| stored.offset.as_ref()).transpose() {
                Ok(offset) => Ok(outlook(config, &catalog, offset).await?),
                Err(error) => Err(error),
            };
            return Ok(tell.show(stored.as_ref(), next.as_ref()));
        }
        Order::Set(to) => {
            facts.check(&config.slot, to)?;
            let offset = committed(to);
            let after = outlook(config, &catalog, Some(&offset)).await?;
            (Some(offset), tell.set(stored.as_ref(), to, &after))
        }
        Order::Reset => (None, tell.reset(stored.as_ref(), &outlook(config, &catalog, None).await?)),
    };
    if let Some(holder) = &facts.holder {
        return Err(RepositionError::Running { holder: holder.to_string() });
    }
    if apply {
        offsets::replace(&context.offsets, name, prefix, change.as_ref()).await?;
        text.push_str("done: this is stored now\n");
    } else {
        text.push_str("nothing was changed: add --apply to do it\n");
    }
    Ok(text)
}

/// What the server says.
struct Facts {
    slot: Option<Slot>,
    holder: Option<SlotHolder>,
    /// End of WAL.
    written: Lsn,
}

impl Facts {
    /// Whether a start at `to` could work.
    fn check(&self, slot: &str, to: Lsn) -> Result<(), RepositionError> {
        if to > self.written {
            return Err(RepositionError::BeyondTheEnd { to, written: self.written });
        }
        match self.slot.as_ref().and_then(|slot| slot.confirmed_flush).filter(|confirmed| *confirmed > to) {
            Some(confirmed) => Err(RepositionError::BehindTheSlot { slot: slot.to_owned(), confirmed, to }),
            None => Ok(()),
        }
    }
}

/// Everything that committed before `at` counts as delivered.
fn committed(at: Lsn) -> Offset {
    Offset {
        lsn: at,
        proc: Some(at),
        commit: Some(at),
        message: Some(MessageType::Commit),
        ours: true,
        ..Offset::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_the_server_cannot_serve_is_refused() {
        let slot = Slot {
            plugin: None,
            slot_type: "logical".to_owned(),
            database: None,
            temporary: false,
            active_pid: None,
            restart_lsn: None,
            confirmed_flush: Some(Lsn(100)),
            catalog_xmin: None,
            wal_status: None,
            invalidation: None,
            two_phase: false,
            failover: false,
            safe_wal_size: None,
        };
        let facts = Facts { slot: Some(slot), holder: None, written: Lsn(200) };
        assert!(matches!(facts.check("s", Lsn(99)), Err(RepositionError::BehindTheSlot { .. })));
        assert!(matches!(facts.check("s", Lsn(201)), Err(RepositionError::BeyondTheEnd { .. })));
        assert!(facts.check("s", Lsn(100)).is_ok() && facts.check("s", Lsn(200)).is_ok());
    }

    #[test]
    fn a_position_set_by_hand_reads_as_a_commit() {
        let offset = committed(Lsn(0x10));
        assert_eq!((offset.start(), offset.confirmable()), (Lsn(0x10), Some(Lsn(0x10))));
        assert_eq!(Offset::decode(&offset.encode()).unwrap(), offset);
    }
}
