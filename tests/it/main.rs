//! Everything that needs a real Postgres and a real Kafka, through the binary and its REST interface only.
//!
//! `make test` starts the servers (`tests/servers`); they are found in WALCAST_TEST_PG and WALCAST_TEST_KAFKA.

// Tests speak to the person who runs them; items are shared between the files of one binary.
#![allow(clippy::print_stdout, clippy::print_stderr, unreachable_pub)]

mod broker;
mod case;
mod cases;
mod compare;
mod fencing;
mod hostile;
mod kill;
mod life;
mod listeners;
mod names;
mod normalise;
mod offsets;
mod refusals;
mod reload;
mod replay;
mod rest;
mod rig;
mod security;
mod session;
mod slots;
mod topics;
mod verify;
