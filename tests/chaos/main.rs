//! The fault suite: walcast between a real Postgres and a real Kafka, with bad lines between them, killed and robbed of its
//! servers, while writers work; then what committed readers see against a journal of what was committed.
//!
//! `make test` plays every kill point once in each mode; `make chaos ROUNDS=n` goes on from there.

#![allow(clippy::print_stdout, clippy::print_stderr, unreachable_pub)]

mod check;
mod check_tests;
mod dialect;
mod faults;
mod journal;
mod points;
mod probe;
mod proxy;
mod proxy_tests;
mod record;
#[path = "../it/rig.rs"]
#[allow(dead_code)] // Shared with tests/it.
mod rig;
mod round;
mod scenery;
mod servers;
mod session;
mod sweep;
mod watch;
mod workload;

use round::Lines;
use sweep::{MODES, Tally, points, seed, sweep as play};

#[test]
fn a_kill_at_every_point_loses_nothing() {
    let (seed, lines, mut tally) = (seed(), Lines::open(), Tally::default());
    for mode in MODES {
        for (number, point) in (0..).zip(points(mode)) {
            tally.play(&lines, point, mode, seed + number);
        }
    }
    finish(&tally);
}

#[test]
#[ignore = "`make chaos`"]
fn sweep() {
    let rounds = std::env::var("ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(300);
    let mut tally = play(&Lines::open(), rounds, seed());
    tally.hold_bars();
    finish(&tally);
}

fn finish(tally: &Tally) {
    println!("{}", tally.table());
    assert!(tally.failures.is_empty(), "{}", tally.failures.join("\n"));
}
