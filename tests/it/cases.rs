//! Recordings of the real Debezium, replayed: the same SQL and settings must give the same bytes.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::time::Instant;

use serde_json::Value;

use crate::case::{Case, Document};
use crate::compare::difference;
use crate::replay::Replay;
use crate::rig::{read, sql};

const AT_ONCE: usize = 4;

/// WALCAST_CASES picks cases by a part of their name.
#[test]
fn recorded_cases_give_the_same_bytes() {
    let only = std::env::var("WALCAST_CASES").unwrap_or_default();
    let mut cases = Case::all();
    cases.retain(|case| case.name.contains(&only));
    assert!(!cases.is_empty(), "no case matches WALCAST_CASES={only}");
    let server = Server::look();
    let (cases, skipped): (Vec<_>, Vec<_>) = cases.into_iter().partition(|case| server.lacks(&case.document).is_none());
    let (begin, total) = (Instant::now(), cases.len());
    let (waiting, failures) = (Mutex::new(cases), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some(case) = waiting.lock().expect("no panic").pop() else { break };
                    if let Some(problem) = problem(&case) {
                        failures.lock().expect("no panic").push(format!("{}: {problem}", case.name));
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().expect("no panic");
    let mut summary = format!(
        "Postgres {}: {total} cases replayed in {} s, {} differ, {} skipped\n",
        server.major,
        begin.elapsed().as_secs(),
        failures.len(),
        skipped.len()
    );
    for case in &skipped {
        summary.push_str(&format!("  skipped {}: {}\n", case.name, server.lacks(&case.document).expect("a reason")));
    }
    // Past the test harness, which shows what a test prints only when it fails.
    std::io::stderr().write_all(summary.as_bytes()).expect("standard error");
    assert!(failures.is_empty(), "{} of {total} cases differ:\n{}", failures.len(), failures.join("\n"));
}

/// What differs, in any of the modes.
fn problem(case: &Case) -> Option<String> {
    case.expectations().into_iter().find_map(|(mode, file)| {
        let found = match catch_unwind(AssertUnwindSafe(|| Replay::run(case, mode))) {
            Ok(found) => found,
            Err(panic) => {
                let text = panic.downcast_ref::<String>().cloned();
                return Some(format!("{mode}: {}", text.unwrap_or_else(|| "panicked".to_owned())));
            }
        };
        let lines = read(&case.folder.join(file));
        let wanted: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).expect("a record")).collect();
        let differs = difference(&wanted, &found, |topic| case.is_volatile(topic))?;
        Some(format!("{mode}, {file}: {differs}"))
    })
}

/// What the test server is and has.
struct Server {
    major: u32,
    extensions: Vec<String>,
}

impl Server {
    fn look() -> Self {
        let version: u32 = sql("postgres", "SHOW server_version_num").parse().expect("a version");
        let extensions = sql("postgres", "SELECT name FROM pg_available_extensions");
        Self { major: version / 10_000, extensions: extensions.lines().map(str::to_owned).collect() }
    }

    /// Why a case cannot run here.
    fn lacks(&self, case: &Document) -> Option<String> {
        let (min, max) = (case.pg_min.unwrap_or(0), case.pg_max.unwrap_or(u32::MAX));
        if self.major < min {
            return Some(format!("needs Postgres {min}"));
        }
        if self.major > max {
            return Some(format!("holds up to Postgres {max}"));
        }
        let missing = case.extensions.iter().find(|name| !self.extensions.contains(name))?;
        Some(format!("extension {missing} is not installed"))
    }
}
