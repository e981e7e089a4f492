//! Which changes a snapshot of the database has seen.
//!
//! Records come in the order of commits and the snapshot was taken between two of them, but a record does not say where
//! its commit stands. It says its transaction, and the snapshot says which transactions it sees.

use crate::words::Lsn;

/// What `pg_current_snapshot()` says, and what is older than any doubt.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Cut {
    /// Every transaction below is seen.
    xmin: u64,
    /// None from here on is.
    xmax: u64,
    /// Those between that are not.
    running: Vec<u64>,
    /// Changes before this belong to transactions that were over long ago.
    settled: Lsn,
}

impl Cut {
    /// `text`: `xmin:xmax:running,...`, as the server writes it. `settled`: the slot's `restart_lsn` of
    /// before: no transaction that was still open then has changes before it.
    pub(super) fn parse(text: &str, settled: Lsn) -> Option<Self> {
        let mut parts = text.split(':');
        let (xmin, xmax) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
        let running = parts.next()?.split(',').filter(|id| !id.is_empty()).map(|id| id.parse().ok());
        Some(Self { xmin, xmax, running: running.collect::<Option<_>>()?, settled })
    }

    /// Whether the snapshot has seen a change at `lsn` of transaction `xid`, of which the stream knows 32 bits.
    pub(super) fn has_seen(&self, xid: u32, lsn: Lsn) -> bool {
        if lsn < self.settled {
            return true;
        }
        let full = self.extend(xid);
        full < self.xmin || (full < self.xmax && !self.running.contains(&full))
    }

    /// The id nearest to `xmax` that ends in these 32 bits.
    fn extend(&self, xid: u32) -> u64 {
        const EPOCH: u64 = 1 << 32;
        let candidate = (self.xmax & !(EPOCH - 1)) | u64::from(xid);
        if candidate > self.xmax + EPOCH / 2 {
            candidate.saturating_sub(EPOCH)
        } else if candidate + EPOCH / 2 < self.xmax {
            candidate + EPOCH
        } else {
            candidate
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_is_seen_when_it_was_over() {
        let cut = Cut::parse("100:110:103,105", Lsn(50)).unwrap();
        for (xid, seen) in [(99, true), (100, true), (103, false), (104, true), (105, false), (109, true), (110, false)]
        {
            assert_eq!(cut.has_seen(xid, Lsn(60)), seen, "{xid}");
        }
        assert!(cut.has_seen(103, Lsn(49)), "older than any doubt");
        assert_eq!(Cut::parse("7:7:", Lsn(0)).map(|cut| cut.has_seen(6, Lsn(0))), Some(true));
        for broken in ["", "1", "1:2", "a:2:", "1:2:x"] {
            assert_eq!(Cut::parse(broken, Lsn(0)), None, "{broken}");
        }
    }

    #[test]
    fn ids_of_32_bits_are_taken_for_the_nearest() {
        let cut = Cut::parse("4294967300:4294967310:", Lsn(0)).unwrap();
        assert!(cut.has_seen(u32::MAX, Lsn(0)), "the last of the epoch before");
        assert!(cut.has_seen(5, Lsn(0)) && !cut.has_seen(20, Lsn(0)));
        let before = Cut::parse("4294967290:4294967294:", Lsn(0)).unwrap();
        assert!(!before.has_seen(3, Lsn(0)), "the first of the epoch after");
    }
}
