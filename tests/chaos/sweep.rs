//! Many rounds, and the table of what they came to.

use std::collections::BTreeMap;
use std::time::Duration;

use fastrand::Rng;

use crate::check::Mode;
use crate::faults::{FAULTS, Kind};
use crate::points::POINTS;
use crate::round::{Lines, Outcome, Trouble, round};

/// SEED, or one from the clock; said, so that the run can be repeated.
pub fn seed() -> u64 {
    let given = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or_else(|| fastrand::u64(..1_000_000));
    println!("SEED={seed} repeats this run");
    seed
}

/// After kill -9 at most this is sent again: what one flush interval (1 s) held, and the time that storing it takes.
const SPAN: i64 = 3_000;
/// Peak resident memory, in KiB.
const MEMORY: u64 = 64 << 10;
/// Recoveries after kill -9: the median and the 99th percentile.
const KILLS: [Duration; 2] = [Duration::from_secs(2), Duration::from_secs(5)];
/// The median after the restart of a server, from when it answers again.
const SERVERS: Duration = Duration::from_secs(3);

pub const MODES: [Mode; 2] = [Mode::AtLeastOnce, Mode::ExactlyOnce];

/// Every kill point that the mode has.
pub fn points(mode: Mode) -> Vec<Trouble> {
    POINTS.iter().filter(|p| !p.transactional || mode == Mode::ExactlyOnce).map(Trouble::Point).collect()
}

/// A shuffled deck: kills at points and at any moment, and everything else.
fn deck(mode: Mode, random: &mut Rng) -> Vec<Trouble> {
    let mut deck = points(mode);
    deck.extend([Trouble::Kill; 8]);
    deck.extend(FAULTS.iter().map(Trouble::Fault));
    random.shuffle(&mut deck);
    deck
}

#[derive(Default)]
pub struct Tally {
    modes: BTreeMap<&'static str, Sums>,
    pub failures: Vec<String>,
}

#[derive(Default)]
struct Sums {
    rounds: usize,
    kills: usize,
    changes: usize,
    missing: usize,
    repeated: usize,
    most_repeated: usize,
    span: i64,
    memory: u64,
    recoveries: BTreeMap<Kind, Vec<Duration>>,
}

impl Tally {
    pub fn play(&mut self, lines: &Lines, trouble: Trouble, mode: Mode, seed: u64) {
        let played = round(lines, trouble, mode, seed);
        let (kind, name) = (trouble.kind(), trouble.name());
        match played {
            Ok(outcome) => {
                let verdict = &outcome.verdict;
                println!(
                    "{mode:?}, {kind:?}, {name}, seed {seed}: {} changes, {} missing, {} repeated over {} ms, recovery {} ms, {} KiB",
                    verdict.changes,
                    verdict.missing,
                    verdict.repeated,
                    verdict.span,
                    outcome.recovery.as_millis(),
                    outcome.memory
                );
                for wrong in verdict.wrong.iter().take(8) {
                    println!("    WRONG {wrong}");
                }
                if !verdict.wrong.is_empty() {
                    self.failures.push(format!("{mode:?}, {name}, seed {seed}: {} findings", verdict.wrong.len()));
                }
                self.modes.entry(label(mode)).or_default().add(kind, &outcome);
            }
            Err(failure) => {
                println!("{mode:?}, {kind:?}, {name}, seed {seed}: {failure}");
                self.failures.push(format!("{mode:?}, {name}, seed {seed}: did not come to an end"));
            }
        }
    }

    /// Recoveries, repeated spans and memory beyond what is promised: for the sweep alone. A machine that does something
    /// else besides may be at fault.
    pub fn hold_bars(&mut self) {
        for (mode, sums) in &self.modes {
            if sums.span > SPAN {
                self.failures.push(format!("{mode}: sent {} ms again", sums.span));
            }
            if sums.memory > MEMORY {
                self.failures.push(format!("{mode}: took {} KiB", sums.memory));
            }
            let took = |kind, percent| sums.recoveries.get(&kind).map(|times| percentile(times, percent));
            let bars = [(Kind::Kill, 50, KILLS[0]), (Kind::Kill, 99, KILLS[1]), (Kind::Server, 50, SERVERS)];
            for (kind, percent, bar) in bars {
                if let Some(took) = took(kind, percent).filter(|took| *took > bar) {
                    self.failures
                        .push(format!("{mode}, {kind:?}: p{percent} of recoveries is {took:?}, above {bar:?}"));
                }
            }
        }
    }

    /// As docs/reliability.md carries it.
    pub fn table(&self) -> String {
        let mut text =
            "| | rounds | kills | changes | missing | repeated | most in a round | sent over | peak memory |\n\
                        |---|---|---|---|---|---|---|---|---|\n"
                .to_owned();
        for (mode, sums) in &self.modes {
            text.push_str(&format!(
                "| {mode} | {} | {} | {} | {} | {} | {} | {} ms | {} MiB |\n",
                sums.rounds,
                sums.kills,
                sums.changes,
                sums.missing,
                sums.repeated,
                sums.most_repeated,
                sums.span,
                sums.memory.div_ceil(1024)
            ));
        }
        text.push_str("\n| recovery | after | times | p50 | p99 | longest |\n|---|---|---|---|---|---|\n");
        for (mode, sums) in &self.modes {
            for (kind, times) in &sums.recoveries {
                let at = |percent| percentile(times, percent).as_millis();
                let after = match kind {
                    Kind::Kill => "kill -9",
                    Kind::Server => "a server's restart",
                    Kind::Line => "a bad line or a freeze",
                };
                let (count, p50, p99, longest) = (times.len(), at(50), at(99), at(100));
                text.push_str(&format!("| {mode} | {after} | {count} | {p50} ms | {p99} ms | {longest} ms |\n"));
            }
        }
        text
    }
}

/// Of at least one time.
fn percentile(times: &[Duration], percent: usize) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times[(times.len() * percent).div_ceil(100).max(1) - 1]
}

impl Sums {
    fn add(&mut self, kind: Kind, outcome: &Outcome) {
        let verdict = &outcome.verdict;
        self.rounds += 1;
        self.kills += usize::from(kind == Kind::Kill);
        self.changes += verdict.changes;
        self.missing += verdict.missing;
        self.repeated += verdict.repeated;
        self.most_repeated = self.most_repeated.max(verdict.repeated);
        self.span = self.span.max(verdict.span);
        self.memory = self.memory.max(outcome.memory);
        self.recoveries.entry(kind).or_default().push(outcome.recovery);
    }
}

fn label(mode: Mode) -> &'static str {
    match mode {
        Mode::AtLeastOnce => "at least once",
        Mode::ExactlyOnce => "exactly once",
    }
}

/// Rounds in alternating modes; TROUBLE picks those whose name has it.
pub fn sweep(lines: &Lines, rounds: u64, seed: u64) -> Tally {
    let (mut tally, mut random) = (Tally::default(), Rng::with_seed(seed));
    let wanted = std::env::var("TROUBLE").unwrap_or_default();
    let mut decks: [Vec<Trouble>; 2] = [Vec::new(), Vec::new()];
    for number in 0..rounds {
        let which = usize::from(number % 2 == 1);
        if decks[which].is_empty() {
            decks[which] = deck(MODES[which], &mut random);
            decks[which].retain(|trouble| trouble.name().contains(&wanted));
        }
        let Some(trouble) = decks[which].pop() else { continue };
        tally.play(lines, trouble, MODES[which], seed.wrapping_mul(1_000).wrapping_add(number));
    }
    tally
}
