//! What a connector publishes of itself while it lives.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::SystemTime;

use tokio::sync::watch;

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
    /// What hinders delivery just now; it goes on by itself once that is gone.
    pub trouble: Option<String>,
    /// Topics that records went to since the connector started.
    pub topics: Arc<BTreeSet<String>>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Activity {
    /// Connecting, checking slot and publication.
    Starting,
    Snapshotting {
        table: String,
        rows: u64,
    },
    /// For something that is not ours to mend: the slot is in use.
    Waiting {
        why: String,
        remedy: String,
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
            trouble: None,
            topics: Arc::default(),
        }
    }
}

/// The connector's end of the watch: publishes changes only.
#[derive(Debug)]
pub(super) struct Publisher {
    sender: watch::Sender<Status>,
}

impl Publisher {
    pub(super) fn new(sender: watch::Sender<Status>) -> Self {
        Self { sender }
    }

    pub(super) fn activity(&self, activity: Activity) {
        self.sender.send_if_modified(|status| {
            let changed = status.activity != activity;
            if changed {
                status.activity = activity;
                status.since = SystemTime::now();
            }
            changed
        });
    }

    pub(super) fn snapshotting(&self, table: &str, topic: &str, rows: u64) {
        if rows > 0 {
            self.topic(topic);
        }
        self.activity(Activity::Snapshotting { table: table.to_owned(), rows });
    }

    /// Records go to this topic from now on.
    pub(super) fn topic(&self, topic: &str) {
        self.sender.send_if_modified(|status| {
            let new = !status.topics.contains(topic);
            if new {
                Arc::make_mut(&mut status.topics).insert(topic.to_owned());
            }
            new
        });
    }

    pub(super) fn progress(&self, records: u64, confirmed: Lsn, received: Lsn, trouble: Option<String>) {
        self.sender.send_if_modified(|status| {
            let before = status.clone();
            (status.records, status.confirmed, status.received) = (records, confirmed, received);
            status.trouble = trouble;
            *status != before
        });
    }
}
