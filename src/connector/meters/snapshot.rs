//! How far the snapshot is.

use std::time::Duration;

use super::count::Gauge;

/// The snapshot under way, or the last one. Switches are 0 or 1.
#[derive(Debug, Default)]
pub struct SnapshotMeters {
    pub running: Gauge,
    pub completed: Gauge,
    pub aborted: Gauge,
    pub tables: Gauge,
    pub tables_left: Gauge,
    pub rows: Gauge,
    /// What the server's statistics let expect.
    pub rows_expected: Gauge,
    /// Of a snapshot that is over.
    pub seconds: Gauge,
}

impl SnapshotMeters {
    pub(in crate::connector) fn begin(&self, tables: usize, rows_expected: u64) {
        for gauge in [&self.completed, &self.aborted, &self.rows, &self.seconds] {
            gauge.set(0);
        }
        self.running.set(1);
        self.tables.set_size(tables);
        self.tables_left.set_size(tables);
        self.rows_expected.set_unsigned(rows_expected);
    }

    pub(in crate::connector) fn row(&self) {
        self.rows.set(self.rows.get() + 1);
    }

    pub(in crate::connector) fn table_done(&self) {
        self.tables_left.set(self.tables_left.get() - 1);
    }

    pub(in crate::connector) fn end(&self, complete: bool, took: Duration) {
        self.running.set(0);
        self.completed.set(complete.into());
        self.aborted.set((!complete).into());
        self.seconds.set_unsigned(took.as_secs());
    }

    /// Of the rows that are expected. Never 100 before the end: it is an estimate.
    pub fn percent(&self) -> Option<u8> {
        if self.completed.get() == 1 {
            return Some(100);
        }
        let percent = self.rows.unsigned().saturating_mul(100).checked_div(self.rows_expected.unsigned())?;
        u8::try_from(percent.min(99)).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_that_was_too_low_never_says_that_it_is_done() {
        let snapshot = SnapshotMeters::default();
        snapshot.begin(1, 10);
        assert_eq!(snapshot.percent(), Some(0));
        (0..4).for_each(|_| snapshot.row());
        assert_eq!(snapshot.percent(), Some(40));
        (0..20).for_each(|_| snapshot.row());
        assert_eq!(snapshot.percent(), Some(99));
        snapshot.end(true, Duration::from_secs(2));
        assert_eq!(snapshot.percent(), Some(100));
        snapshot.begin(1, 0);
        assert_eq!(snapshot.percent(), None, "nothing is known of empty statistics");
    }
}
