//! Everything that needs a real Postgres and a real Kafka, through the binary and its REST interface only.
//!
//! `make test` starts the servers (`tests/servers`); they are found in WALCAST_TEST_PG and WALCAST_TEST_KAFKA.

// Tests speak to the person who runs them; items are shared between the files of one binary.
#![allow(clippy::print_stdout, clippy::print_stderr, unreachable_pub)]

mod active;
mod broker;
mod case;
mod cases;
mod compare;
#[path = "../chaos/dialect.rs"]
#[allow(dead_code)] // These four belong to tests/chaos.
mod dialect;
mod doctor;
mod fencing;
mod hostile;
mod kill;
mod life;
mod listeners;
mod logs;
mod metrics;
mod names;
mod normalise;
mod offsets;
#[path = "../chaos/points.rs"]
#[allow(dead_code)]
mod points;
mod preview;
mod private;
#[path = "../chaos/proxy.rs"]
#[allow(dead_code)]
mod proxy;
mod refusals;
mod reload;
mod replay;
mod rest;
mod rig;
mod scene;
mod security;
mod session;
mod slots;
mod stalls;
mod status;
mod topics;
mod verify;
#[path = "../chaos/watch.rs"]
#[allow(dead_code)]
mod watch;
