//! Stored positions: what a connector has written down of how far it got, in the words and the places that Debezium on
//! Kafka Connect uses, so that either can continue where the other stopped.
//!
//! `offset` is one position and its JSON, `key` names its owner, `store` keeps it: in the compacted offset topic of the
//! worker, or in a local file when the sink is not Kafka. `partitions` shows and alters whatever is stored for a connector;
//! `shared` is the kind of file that offsets, and other small things, are kept in. The connector decides when something is
//! stored; with a topic it sends the record through its own sink, so that order (and later a transaction) covers records
//! and offset alike.

mod file;
mod key;
mod murmur2;
mod offset;
mod partitions;
pub mod shared;
mod store;

use std::path::PathBuf;

use crate::sink::{self, SinkError};

pub use key::{key, same_key};
pub use offset::{MessageType, Offset, Snapshot, TransactionOrders};
pub use partitions::{Alteration, Position, alter, forget, positions};
pub use store::{Opening, Prepared, Store, Stored, replace, stored};

/// Where a connector's position is kept.
#[derive(Clone, Debug)]
pub enum Config {
    /// `partitions` and `replication_factor` are for creating the topic if it is missing.
    Topic {
        kafka: sink::kafka::Config,
        topic: String,
        partitions: i32,
        replication_factor: i16,
    },
    File(PathBuf),
}

#[derive(Debug, thiserror::Error)]
pub enum OffsetError {
    #[error("stored offset is not a flat JSON object: {why}")]
    NotAnOffset { why: String },
    #[error("stored offset has no usable {field}")]
    Field { field: &'static str },
    #[error("cannot use the offset file {path}: {why}")]
    File { path: PathBuf, why: String },
    #[error("cannot use the offset topic: {0}")]
    Topic(#[from] SinkError),
}

impl OffsetError {
    /// The offset itself is wrong, not the place where it is kept.
    pub fn is_malformed(&self) -> bool {
        matches!(self, Self::NotAnOffset { .. } | Self::Field { .. })
    }

    /// Whether the same attempt may succeed later without anyone's help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::NotAnOffset { .. } | Self::Field { .. } => false,
            Self::File { .. } => true,
            Self::Topic(error) => error.is_transient(),
        }
    }

    pub fn remedy(&self) -> Option<String> {
        match self {
            Self::NotAnOffset { .. } | Self::Field { .. } => {
                Some("set the connector's offset anew, or delete it to begin with a snapshot".to_owned())
            }
            Self::File { path, .. } => Some(format!("check {} and the permissions of its folder", path.display())),
            Self::Topic(error) => error.remedy(),
        }
    }
}
