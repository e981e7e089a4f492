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
    /// On the way to the first record.
    Starting {
        step: &'static str,
    },
    Snapshotting {
        table: String,
        /// Of this table.
        rows: u64,
        /// Of the whole snapshot, as far as it can be estimated.
        percent: Option<u8>,
    },
    /// For something that is not ours to mend: the slot is in use, Kafka acknowledges nothing.
    Waiting {
        why: String,
        remedy: String,
    },
    Streaming,
    /// Snapshot finished and nothing to stream (`initial_only`).
    Idle,
    Paused,
    /// A transient failure: tried again soon.
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

impl Activity {
    /// One word.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Starting { .. } => "starting",
            Self::Snapshotting { .. } => "snapshotting",
            Self::Waiting { .. } => "waiting",
            Self::Streaming => "streaming",
            Self::Idle => "idle",
            Self::Paused => "paused",
            Self::Retrying { .. } => "retrying",
            Self::Failed { .. } => "failed",
            Self::Stopped => "stopped",
        }
    }

    /// Whether data moves, or there is nothing to move.
    pub fn is_running(&self) -> bool {
        matches!(self, Self::Snapshotting { .. } | Self::Streaming | Self::Idle)
    }

    /// What is being done, or what hinders it.
    pub fn doing(&self) -> String {
        match self {
            Self::Starting { step } => (*step).to_owned(),
            Self::Snapshotting { table, rows, percent: Some(percent) } => {
                format!("snapshotting {percent} %: {rows} rows of {table}")
            }
            Self::Snapshotting { table, rows, percent: None } => format!("snapshotting: {rows} rows of {table}"),
            Self::Streaming => "streaming".to_owned(),
            Self::Idle => "the snapshot is complete, and there is nothing to stream".to_owned(),
            Self::Paused => "paused".to_owned(),
            Self::Stopped => "stopped".to_owned(),
            Self::Retrying { why, attempt, .. } => format!("trying again after attempt {attempt}: {why}"),
            Self::Waiting { why, .. } | Self::Failed { why, .. } => why.clone(),
        }
    }

    /// What an operator can do; empty when there is nothing.
    pub fn remedy(&self) -> &str {
        match self {
            Self::Waiting { remedy, .. } | Self::Retrying { remedy, .. } | Self::Failed { remedy, .. } => remedy,
            _ => "",
        }
    }
}

impl Default for Status {
    fn default() -> Self {
        Self {
            activity: Activity::Starting { step: "starting" },
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
            let (changed, same) = (status.activity != activity, status.activity.name() == activity.name());
            if changed {
                status.activity = activity;
            }
            // Rows that go by, or another reason to wait, do not begin anew.
            if !same {
                status.since = SystemTime::now();
            }
            changed
        });
    }

    pub(super) fn present(&self) -> Activity {
        self.sender.borrow().activity.clone()
    }

    /// For what had begun before it was noticed.
    pub(super) fn activity_since(&self, activity: Activity, since: SystemTime) {
        self.sender.send_if_modified(|status| {
            let changed = status.activity != activity;
            if changed {
                (status.activity, status.since) = (activity, since);
            }
            changed
        });
    }

    pub(super) fn starting(&self, step: &'static str) {
        self.activity(Activity::Starting { step });
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
