//! Counters, gauges and a histogram that cost the stream a plain load and store each: one task writes, anyone reads.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::words::Lsn;

/// Only goes up.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// No locked instruction: a second writer at the same moment would cost counts, never correctness.
    pub(crate) fn add(&self, more: u64) {
        self.0.store(self.0.load(Relaxed).wrapping_add(more), Relaxed);
    }

    pub fn get(&self) -> u64 {
        self.0.load(Relaxed)
    }
}

/// Goes up and down.
#[derive(Debug, Default)]
pub struct Gauge(AtomicI64);

impl Gauge {
    pub(crate) fn set(&self, value: i64) {
        self.0.store(value, Relaxed);
    }

    pub(crate) fn set_unsigned(&self, value: u64) {
        self.set(i64::try_from(value).unwrap_or(i64::MAX));
    }

    pub(crate) fn set_size(&self, value: usize) {
        self.set(i64::try_from(value).unwrap_or(i64::MAX));
    }

    pub(crate) fn set_lsn(&self, lsn: Lsn) {
        self.set_unsigned(lsn.0);
    }

    pub fn get(&self) -> i64 {
        self.0.load(Relaxed)
    }

    /// `None`: nothing is known yet.
    pub fn lsn(&self) -> Option<Lsn> {
        Some(Lsn(self.unsigned())).filter(|lsn| *lsn > Lsn::ZERO)
    }

    /// Zero when it is below.
    pub fn unsigned(&self) -> u64 {
        u64::try_from(self.get()).unwrap_or(0)
    }
}

/// Upper bounds of the buckets, in seconds; one more bucket takes what lies above.
pub const BOUNDS: [f64; 16] =
    [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 300.0];

/// Durations, by bucket.
#[derive(Debug, Default)]
pub struct Histogram {
    buckets: [Counter; BOUNDS.len() + 1],
    sum_micros: Counter,
}

impl Histogram {
    pub(crate) fn observe(&self, took: Duration) {
        let seconds = took.as_secs_f64();
        let bucket = BOUNDS.iter().position(|bound| seconds <= *bound).unwrap_or(BOUNDS.len());
        self.buckets[bucket].add(1);
        self.sum_micros.add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    /// `(upper bound in seconds, observations up to it)`.
    pub fn cumulative(&self) -> impl Iterator<Item = (f64, u64)> {
        let mut below = 0;
        BOUNDS.iter().zip(&self.buckets).map(move |(bound, bucket)| {
            below += bucket.get();
            (*bound, below)
        })
    }

    pub fn count(&self) -> u64 {
        self.buckets.iter().map(Counter::get).sum()
    }

    pub fn sum_seconds(&self) -> f64 {
        Duration::from_micros(self.sum_micros.get()).as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_observation_counts_in_its_bucket_and_all_above() {
        let histogram = Histogram::default();
        for millis in [1, 3, 400, 1_000_000] {
            histogram.observe(Duration::from_millis(millis));
        }
        let at = |bound: f64| histogram.cumulative().find(|(b, _)| *b == bound).unwrap().1;
        assert_eq!((at(0.001), at(0.002), at(0.005), at(0.5), at(300.0)), (1, 1, 2, 3, 3));
        assert_eq!(histogram.count(), 4);
        assert!((histogram.sum_seconds() - 1000.404).abs() < 1e-6);
    }
}
