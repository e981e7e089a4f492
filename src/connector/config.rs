//! Everything one connector needs to know, resolved: `settings` fills it.

use std::time::Duration;

use super::IdentityRule;
use crate::{converter, debezium, pg, transform};

#[derive(Clone, Debug)]
pub struct Config {
    pub name: String,
    pub address: pg::Address,
    /// `walcast.unix.socket`: a server on this machine is spoken to by its socket.
    pub unix_socket: bool,
    pub slot: String,
    pub slot_drop_on_stop: bool,
    /// Whether the slot is told what is stored; `lsn.flush.mode=manual` leaves that to somebody else.
    pub slot_confirmed: bool,
    pub slot_failover: bool,
    /// `slot.stream.params`: extra options of START_REPLICATION.
    pub slot_stream_params: Vec<(String, String)>,
    pub offset_mismatch: OffsetMismatch,
    pub publication: String,
    pub publication_mode: PublicationMode,
    pub publish_via_partition_root: bool,
    /// `skipped.operations` was given, so that a publication made here leaves those operations out.
    pub skipped_operations_given: bool,
    /// `replica.identity.autoset.values`.
    pub identities: Vec<IdentityRule>,
    /// `xmin.fetch.interval.ms`; none when 0.
    pub xmin_interval: Option<Duration>,
    pub snapshot_mode: SnapshotMode,
    pub status_interval: Duration,
    /// `heartbeat.interval.ms`; none when 0.
    pub heartbeat_interval: Option<Duration>,
    pub heartbeat_action_query: Option<String>,
    /// `max.queue.size`, `max.queue.size.in.bytes` (0: no limit of its own): bounds of what is in flight.
    pub max_queue_size: usize,
    pub max_queue_bytes: usize,
    /// `errors.max.retries`; none: for ever.
    pub max_retries: Option<u32>,
    /// `retriable.restart.connector.wait.ms`, the longest back-off.
    pub retry_wait: Duration,
    /// `database.initial.statements`.
    pub initial_statements: Vec<String>,
    /// `offset.flush.interval.ms` of the worker.
    pub offset_flush_interval: Duration,
    /// Where the transactions of exactly-once delivery end.
    pub transaction_boundary: TransactionBoundary,
    /// `task.shutdown.graceful.timeout.ms` of the worker: how long a stop may drain.
    pub shutdown_timeout: Duration,
    pub debezium: debezium::Config,
    pub key_converter: converter::Config,
    pub value_converter: converter::Config,
    pub header_converter: converter::HeaderConfig,
    pub transforms: Vec<transform::Config>,
}

/// The window in bytes when `max.queue.size.in.bytes` sets none.
const DEFAULT_WINDOW_BYTES: usize = 16 << 20;

impl Config {
    /// Bytes that may be in flight.
    pub fn window_bytes(&self) -> usize {
        if self.max_queue_bytes > 0 { self.max_queue_bytes } else { DEFAULT_WINDOW_BYTES }
    }
}

/// `transaction.boundary`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TransactionBoundary {
    /// As soon as there is nothing more to read.
    Poll,
    Interval(Duration),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PublicationMode {
    AllTables,
    Disabled,
    Filtered,
    NoTables,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SnapshotMode {
    Always,
    Initial,
    InitialOnly,
    NoData,
    WhenNeeded,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OffsetMismatch {
    NoValidation,
    TrustOffset,
    TrustSlot,
    TrustGreaterLsn,
}
