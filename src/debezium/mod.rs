//! How Debezium's PostgreSQL connector describes a change: schemas, keys, envelopes, values.
//!
//! Pure and synchronous: a table is described once ([`Prepared`]), then each row is pushed through a `ValueSink`. Time is an
//! argument; connections, clocks and converters are unknown here. Behaviour follows Debezium 3.6.1.Final as recorded;
//! where [`Compatibility::Correct`] departs from it, the code says so at that place.

mod config;
pub mod pattern;

pub use config::{
    Adjustment, BinaryMode, Compatibility, Config, DecimalMode, FailureMode, Filters, HstoreMode, Include,
    IntervalMode, KeyRule, Operation, Operations, TimeMode,
};
