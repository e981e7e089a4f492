//! The life of one connector.

mod config;
mod status;

pub use config::{Config, OffsetMismatch, PublicationMode, SnapshotMode};
pub use status::{Activity, Status};
