//! What a connector measures of itself, over all its attempts. The connector writes, everybody else reads.
//!
//! Numbers that change with each record are atomics with one writer; the locks in here are taken a few times a second at
//! most. Nothing in here holds a value of a row, except records on their way to somebody who watches them (`tail`).

mod count;
mod lag;
mod slot;
mod snapshot;
mod stages;
mod tables;
mod tail;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

pub use count::{BOUNDS, Counter, Gauge, Histogram};
pub use lag::Lag;
pub use snapshot::SnapshotMeters;
pub(super) use stages::Stopwatch;
pub use stages::{Stage, Stages};
pub use tables::{Chapter, Column, TableMeters};
pub use tail::{Piece, Seen, Tail};

use crate::catalog::Vitals;
use crate::debezium::Prepared;
use crate::sink::Statistics;
use crate::words::{Lsn, Record};

use super::Config;
use super::commits::Commits;

#[derive(Debug, Default)]
pub struct Meters {
    /// Records given to the sink, tombstones and heartbeats too.
    pub sent: Counter,
    pub sent_bytes: Counter,
    /// Records the sink has made safe.
    pub acknowledged: Counter,
    pub in_flight: Gauge,
    pub in_flight_bytes: Gauge,
    /// Transactions that were taken to their end.
    pub transactions: Counter,
    /// Events of captured tables that the settings leave out.
    pub filtered: Counter,
    /// Events that could not be shown and were left out.
    pub erroneous: Counter,
    /// Times the connector set out to connect; the first is no restart.
    pub attempts: Counter,
    /// From a transaction's commit at the server, by the server's clock, until its last record was safe.
    pub commit_to_acknowledgement: Histogram,
    pub stages: Stages,
    pub stream: StreamMeters,
    pub snapshot: SnapshotMeters,
    pub tail: Tail,
    tables: tables::Captured,
    looks: slot::Looks,
    failures: Mutex<BTreeMap<&'static str, u64>>,
    producer: Mutex<Option<Statistics>>,
    about: Mutex<About>,
}

/// Where the stream stands. LSNs as numbers, times in microseconds since the epoch; zero: unknown.
#[derive(Debug, Default)]
pub struct StreamMeters {
    /// 1 while the server sends.
    pub connected: Gauge,
    /// End of WAL the server has told of.
    pub received: Gauge,
    /// Position stored and told to the slot.
    pub confirmed: Gauge,
    /// End of the last transaction of which every record is safe.
    pub acknowledged: Gauge,
    /// Commit time of the oldest transaction that is not wholly safe, by the server's clock.
    pub oldest: Gauge,
    /// The last moment at which nothing was left to take and nothing in flight, by our clock.
    pub caught_up: Gauge,
    /// When the last event was taken, in nanoseconds, by our clock.
    pub last_event_ns: Gauge,
    /// When that event's transaction was committed, by the server's clock.
    pub last_commit: Gauge,
    /// Of the last event's transaction.
    pub last_xid: Gauge,
    pub last_lsn: Gauge,
    /// What the server's clock is ahead of ours.
    pub clock_ahead: Gauge,
}

/// What does not change while a connector runs.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct About {
    pub topic_prefix: String,
    pub slot: String,
    /// Bounds of what may be in flight.
    pub window_records: usize,
    pub window_bytes: usize,
    /// `max.queue.size.in.bytes` as it was set; 0: not at all.
    pub max_queue_bytes: usize,
}

impl Meters {
    pub fn about(&self) -> About {
        lock(&self.about).clone()
    }

    pub(super) fn introduce(&self, config: &Config) {
        *lock(&self.about) = About {
            topic_prefix: config.debezium.topic_prefix.clone(),
            slot: config.slot.clone(),
            window_records: config.max_queue_size,
            window_bytes: config.window_bytes(),
            max_queue_bytes: config.max_queue_bytes,
        };
    }

    /// What was sent of each table, by name.
    pub fn tables(&self) -> Vec<(String, Arc<TableMeters>)> {
        self.tables.tables()
    }

    /// How the captured tables looked, oldest first.
    pub fn schema_history(&self) -> Vec<Chapter> {
        self.tables.history()
    }

    pub(super) fn learn(&self, prepared: &Prepared) -> Arc<TableMeters> {
        self.tables.learn(prepared)
    }

    /// How the server and the slot stood at the last look.
    pub fn vitals(&self) -> Option<Vitals> {
        self.looks.last()
    }

    pub(super) fn look(&self, vitals: Vitals) {
        self.stream.clock_ahead.set(vitals.clock_ahead_us);
        self.looks.keep(vitals, Instant::now());
    }

    /// Seconds until the slot is lost, if things go on as in the last minutes.
    pub fn seconds_until_slot_is_lost(&self) -> Option<f64> {
        self.looks.seconds_left()
    }

    /// Failures of attempts, by what failed.
    pub fn failures(&self) -> BTreeMap<&'static str, u64> {
        lock(&self.failures).clone()
    }

    pub(super) fn failed(&self, what: &'static str) {
        *lock(&self.failures).entry(what).or_default() += 1;
    }

    pub fn producer(&self) -> Option<Statistics> {
        lock(&self.producer).clone()
    }

    pub(super) fn produced(&self, statistics: Option<Statistics>) {
        *lock(&self.producer) = statistics;
    }

    /// A record goes to the sink.
    pub(super) fn take(&self, record: &Record<'_>, size: usize) {
        self.sent.add(1);
        self.sent_bytes.add(u64::try_from(size).unwrap_or(u64::MAX));
        self.tail.show(record);
    }

    /// An event of the stream was taken.
    pub(super) fn event(&self, now_ns: i64, commit_time: i64, lsn: Lsn) {
        self.stream.last_event_ns.set(now_ns);
        self.stream.last_commit.set(commit_time);
        self.stream.last_lsn.set_lsn(lsn);
    }

    /// All tickets `below` this one are safe.
    pub(super) fn settled(&self, commits: &mut Commits, below: usize) {
        let now = lag::micros(SystemTime::now()).saturating_add(self.stream.clock_ahead.get());
        while let Some(commit) = commits.safe(below) {
            self.stream.acknowledged.set_lsn(commit.end);
            let micros = u64::try_from(now.saturating_sub(commit.time)).unwrap_or(0);
            self.commit_to_acknowledgement.observe(Duration::from_micros(micros));
        }
    }

    /// Nothing is left to take, and nothing is in flight.
    pub(super) fn caught_up(&self) {
        self.stream.caught_up.set(lag::micros(SystemTime::now()));
    }

    /// The stream goes on from an offset that was stored when its transaction, committed at `time` by the server's
    /// clock, was safe.
    pub(super) fn resume(&self, time: Option<i64>) {
        if self.stream.caught_up.get() == 0 {
            self.stream.caught_up.set(time.unwrap_or_else(|| lag::micros(SystemTime::now())));
        }
    }

    /// An attempt is over: what was in flight will be sent again.
    pub(super) fn at_rest(&self) {
        for gauge in [&self.in_flight, &self.in_flight_bytes, &self.stream.oldest, &self.stream.connected] {
            gauge.set(0);
        }
        self.snapshot.running.set(0);
        self.produced(None);
    }

    /// Figures of a connector that has seen everything once.
    #[cfg(test)]
    pub(crate) fn sample() -> Self {
        use crate::catalog::Slot;

        let meters = Self::default();
        meters.tables.table("public.\"odd\"").count(crate::debezium::Op::Create, 100);
        let slot = Slot {
            plugin: Some("pgoutput".to_owned()),
            slot_type: "logical".to_owned(),
            database: Some("db".to_owned()),
            temporary: false,
            active_pid: Some(7),
            restart_lsn: Some(Lsn(100)),
            confirmed_flush: Some(Lsn(200)),
            catalog_xmin: Some(3),
            wal_status: Some("extended".to_owned()),
            invalidation: None,
            two_phase: false,
            failover: false,
            safe_wal_size: Some(1 << 30),
        };
        meters.look(Vitals { written: Lsn(300), slot: Some(slot), clock_ahead_us: 1500 });
        meters.commit_to_acknowledgement.observe(Duration::from_millis(7));
        let round_trip = Some(crate::sink::RoundTrip { average: 0.001, p99: 0.01 });
        let broker = crate::sink::Broker { name: "b:9092/1".to_owned(), up: true, round_trip, ..Default::default() };
        meters.produced(Some(Statistics { brokers: vec![broker], ..Statistics::default() }));
        let (topic_prefix, slot) = ("shop".to_owned(), "s".to_owned());
        let window = (8192, 16 << 20);
        *lock(&meters.about) =
            About { topic_prefix, slot, window_records: window.0, window_bytes: window.1, max_queue_bytes: 0 };
        meters
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
