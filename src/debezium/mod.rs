//! How Debezium's PostgreSQL connector describes a change: schemas, keys, envelopes, values.
//!
//! Pure and synchronous: a table is described once ([`Prepared`]), then each row is pushed through a `ValueSink`. Time is an
//! argument; connections, clocks and converters are unknown here. Behaviour follows Debezium 3.6.1.Final as recorded;
//! where [`Compatibility::Correct`] departs from it, the code says so at that place.

pub mod cloudevents;
mod codec;
mod column;
mod config;
mod defaults;
mod envelope;
mod facts;
mod hash;
pub mod heartbeat;
mod java;
mod labels;
pub mod message;
mod naming;
pub mod pattern;
mod prepared;
mod propagate;
mod rewrite;
mod rules;
mod text;
pub mod transaction;
mod types;
mod unwrapped;

pub use column::ColumnFacts;
pub use config::{
    Adjustment, BinaryMode, Compatibility, Config, DecimalMode, FailureMode, Filters, HstoreMode, Include,
    IntervalMode, KeyRule, Operation, Operations, RegexNaming, TimeMode, TopicNaming,
};
pub use envelope::{
    Moment, Op, SnapshotMarker, Source, SteadySource, TransactionBlock, envelope_schema, push_envelope,
};
pub use facts::{Path, TableFacts};
pub use hash::Algorithm;
pub use prepared::{Fault, Image, Prepared, RowError};
pub use rules::{ColumnRules, HashRule};
pub use types::Types;
pub use unwrapped::{AddedField, Unwrapped};
