//! walcast: Postgres changes to Kafka, byte for byte as Debezium's PostgreSQL connector writes them.
//!
//! The house, floor by floor; stairs go down only (`tests/laws.rs` keeps it so):
//!
//! ```text
//!  5  household  app  settings  supervisor  rest  telemetry  check  preview  convert  status  reposition  verify
//!  4  life       connector { plan  snapshot  stream  ledger }
//!  3  doors      pg  wire | catalog | sink { kafka  jsonl  memory } | offsets     (doors do not know each other)
//!  2  craft      pgoutput | debezium | converter | transform                     (pure, synchronous)
//!  1  words      lsn  relation  change  record  data { Schema  Value  ValueSink }
//! ```
//!
//! A change travels: `wire` hands bytes to `pgoutput`, which speaks in `words`, which `debezium` describes as a Connect
//! schema and pushes as values into a `converter`, whose bytes the `sink` carries out. `connector` is the only room
//! where these meet.

// One file may: `sink::kafka::raw`.
#![deny(unsafe_code)]
#![warn(unreachable_pub)]

pub mod app;
pub mod catalog;
pub mod check;
pub mod connector;
pub mod convert;
pub mod converter;
pub mod debezium;
pub mod offsets;
pub mod pg;
pub mod pgoutput;
pub mod preview;
pub mod reposition;
pub mod rest;
pub mod settings;
pub mod sink;
pub mod status;
pub mod supervisor;
pub mod telemetry;
pub mod transform;
pub mod verify;
pub mod wire;
pub mod words;
