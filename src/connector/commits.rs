//! When transactions were committed, for as long as their records are not all safe.

use std::collections::VecDeque;

use crate::words::Lsn;

/// A transaction that was taken to its end.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Commit {
    /// Its records have tickets below this one.
    bound: usize,
    pub(super) end: Lsn,
    /// Microseconds since the epoch, by the server's clock.
    pub(super) time: i64,
}

/// Transactions remembered one by one; a long transaction of exactly-once delivery may hold more.
const MOST: usize = 1 << 16;

/// In the order of the WAL.
#[derive(Debug, Default)]
pub(super) struct Commits {
    pending: VecDeque<Commit>,
    /// Commit time of the transaction being taken.
    open: Option<i64>,
}

impl Commits {
    pub(super) fn begin(&mut self, time: i64) {
        self.open = Some(time);
    }

    /// The open transaction ends at `end`, its records below ticket `bound`.
    pub(super) fn end(&mut self, bound: usize, end: Lsn) {
        let Some(time) = self.open.take() else { return };
        let many = self.pending.len() >= MOST;
        match self.pending.back_mut() {
            // It has no records of its own, or is counted with the one before it: nothing more to wait for.
            Some(last) if many || last.bound == bound => (last.bound, last.end) = (bound, end),
            _ => self.pending.push_back(Commit { bound, end, time }),
        }
    }

    /// The next transaction whose records are all `below` the first ticket that is not safe.
    pub(super) fn safe(&mut self, below: usize) -> Option<Commit> {
        if self.pending.front().is_some_and(|commit| commit.bound <= below) { self.pending.pop_front() } else { None }
    }

    /// Commit time of the oldest transaction that is not safe.
    pub(super) fn oldest(&self) -> Option<i64> {
        self.pending.front().map(|commit| commit.time).or(self.open)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_transaction_is_safe_with_its_last_record() {
        let mut commits = Commits::default();
        for (time, bound) in [(10, 2), (20, 2), (30, 5)] {
            commits.begin(time);
            commits.end(bound, Lsn(100 + u64::try_from(time).unwrap()));
        }
        commits.begin(40);
        assert_eq!((commits.safe(1), commits.oldest()), (None, Some(10)));
        let first = commits.safe(4).unwrap();
        assert_eq!((first.time, first.end), (10, Lsn(120)), "the empty one is done with the one before it");
        assert_eq!((commits.safe(4), commits.oldest()), (None, Some(30)));
        assert_eq!((commits.safe(5).map(|c| c.time), commits.oldest()), (Some(30), Some(40)));
    }
}
