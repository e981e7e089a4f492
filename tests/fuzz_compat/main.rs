//! Random tables, rows, changes and settings, through the real Debezium and walcast: their records must be equal.
//!
//! For use by hand (`make fuzz-compat`); it needs the oracle, which runs the real Debezium. Environment:
//! `ROUNDS` and `MINUTES` bound it, `SEED` repeats one case (or, with `ROUNDS`, begins there), `JOBS` is how many cases run
//! side by side. The case of a seed is left in `target/tmp/fuzz-compat/fz_SEED`.

#![allow(clippy::print_stdout, clippy::print_stderr)]

mod case;
mod changes;
mod column;
mod ddl;
mod kinds;
mod names;
mod oracle;
mod random;
mod settings;
mod table;
mod types;
mod values;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use oracle::{Oracle, Outcome};

fn main() -> ExitCode {
    let oracle = match Oracle::find() {
        Ok(oracle) => oracle,
        Err(problem) => {
            eprintln!("{problem}");
            return ExitCode::FAILURE;
        }
    };
    let tally = Bounds::from_environment().run(&oracle, &Path::new(env!("CARGO_TARGET_TMPDIR")).join("fuzz-compat"));
    println!(
        "\n{} rounds: {} equal ({} records), {} different or failed, {} where Debezium failed, {} unusable",
        tally.rounds, tally.equal, tally.records, tally.different, tally.reference_failed, tally.unusable
    );
    if tally.different == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

struct Bounds {
    seed: u64,
    rounds: u64,
    time: Duration,
    jobs: u64,
}

impl Bounds {
    fn from_environment() -> Self {
        let number = |name: &str| std::env::var(name).ok().and_then(|text| text.trim().parse::<u64>().ok());
        let seed = number("SEED");
        let unbounded = number("MINUTES").is_some();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Self {
            seed: seed.unwrap_or(now % 1_000_000 * 1000),
            rounds: number("ROUNDS").unwrap_or(if seed.is_some() {
                1
            } else if unbounded {
                u64::MAX
            } else {
                20
            }),
            time: number("MINUTES").map_or(Duration::MAX, |minutes| Duration::from_secs(minutes * 60)),
            jobs: number("JOBS").unwrap_or(2).max(1),
        }
    }

    fn run(&self, oracle: &Oracle, root: &Path) -> Tally {
        let (began, next, tally) = (Instant::now(), AtomicU64::new(0), Mutex::new(Tally::default()));
        std::thread::scope(|scope| {
            for _ in 0..self.jobs {
                scope.spawn(|| {
                    while began.elapsed() < self.time {
                        let round = next.fetch_add(1, Ordering::Relaxed);
                        if round >= self.rounds {
                            break;
                        }
                        let (seed, since) = (self.seed + round, Instant::now());
                        let outcome = case::write(root, seed).and_then(|folder| Ok((oracle.compare(&folder)?, folder)));
                        let mut tally = tally.lock().unwrap_or_else(PoisonError::into_inner);
                        match outcome {
                            Ok((outcome, folder)) => tally.add(seed, since.elapsed(), outcome, folder),
                            Err(error) => eprintln!("seed {seed}: {error}"),
                        }
                    }
                });
            }
        });
        tally.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Default)]
struct Tally {
    rounds: u64,
    equal: u64,
    records: u64,
    different: u64,
    reference_failed: u64,
    unusable: u64,
}

impl Tally {
    fn add(&mut self, seed: u64, took: Duration, outcome: Outcome, folder: PathBuf) {
        self.rounds += 1;
        let say = |what: &str, text: &str| {
            println!("seed {seed}: {what} ({:.0} s)\n{}\n{text}\n", took.as_secs_f32(), folder.display());
        };
        match outcome {
            Outcome::Equal(records) => {
                self.equal += 1;
                self.records += records;
                println!("seed {seed}: {records} records equal ({:.0} s)", took.as_secs_f32());
            }
            Outcome::Different(text) => {
                self.different += 1;
                say("DIFFERENT", &text);
            }
            Outcome::Failed(text) => {
                self.different += 1;
                say("WALCAST FAILED", &text);
            }
            Outcome::ReferenceFailed(text) => {
                self.reference_failed += 1;
                say("Debezium failed", &text);
            }
            Outcome::Unusable(text) => {
                self.unusable += 1;
                say("unusable", &text);
            }
        }
    }
}
