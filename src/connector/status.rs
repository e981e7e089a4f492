//! What a connector publishes of itself while it lives.

use std::time::SystemTime;

use crate::words::Lsn;

/// Published through a `tokio::sync::watch`; cheap to clone, never holds a row value or a secret.
#[derive(Clone, Debug, PartialEq)]
pub struct Status {
    pub activity: Activity,
    pub since: SystemTime,
    /// Records acknowledged since the connector started.
    pub records: u64,
    /// Position confirmed to the slot.
    pub confirmed: Lsn,
    /// End of WAL the server last reported.
    pub received: Lsn,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Activity {
    /// Connecting, checking slot and publication.
    Starting,
    Snapshotting {
        table: String,
        rows: u64,
    },
    Streaming,
    /// Snapshot finished and nothing to stream (`initial_only`).
    Idle,
    Paused,
    /// A transient failure: tried again at `at`.
    Retrying {
        why: String,
        remedy: String,
        attempt: u32,
    },
    /// Ended for good.
    Failed {
        why: String,
        remedy: String,
    },
    Stopped,
}

impl Default for Status {
    fn default() -> Self {
        Self {
            activity: Activity::Starting,
            since: SystemTime::now(),
            records: 0,
            confirmed: Lsn::ZERO,
            received: Lsn::ZERO,
        }
    }
}
