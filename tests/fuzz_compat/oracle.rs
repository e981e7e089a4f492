//! One case, through the real Debezium and walcast on the same database at the same time.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) struct Oracle(PathBuf);

pub(crate) enum Outcome {
    /// So many lines are equal.
    Equal(u64),
    Different(String),
    /// walcast failed and Debezium did not.
    Failed(String),
    /// Debezium failed: there is nothing to compare with.
    ReferenceFailed(String),
    /// The SQL of the case is wrong, or the oracle was not up to it.
    Unusable(String),
}

impl Oracle {
    /// From ORACLE, or beside the project.
    pub(crate) fn find() -> Result<Self, String> {
        let project = Path::new(env!("CARGO_MANIFEST_DIR"));
        let path = std::env::var("ORACLE").map_or_else(|_| project.join("../shared/oracle/oracle"), PathBuf::from);
        if path.is_file() {
            return Ok(Self(path));
        }
        Err(format!(
            "no oracle at {}: set ORACLE to the program that runs the real Debezium, and start it with `oracle up`",
            path.display()
        ))
    }

    pub(crate) fn compare(&self, case: &Path) -> io::Result<Outcome> {
        let program = format!(
            "{} run --worker {{worker_properties}} --listen 127.0.0.1:{{rest_port}} {{connector_json}}",
            env!("CARGO_BIN_EXE_walcast")
        );
        let done = Command::new(&self.0).arg("live").arg(case).args(["--timeout", "60", "--cmd", &program]).output()?;
        let text = format!("{}{}", String::from_utf8_lossy(&done.stdout), String::from_utf8_lossy(&done.stderr));
        if done.status.success() {
            return Ok(Outcome::Equal(lines(&text)));
        }
        Ok(if text.contains("differs from Debezium") {
            Outcome::Different(text)
        } else if ["org.apache.kafka.", "io.debezium.", "Connect answered"].iter().any(|word| text.contains(word)) {
            Outcome::ReferenceFailed(root_cause(&text))
        } else if text.contains("FAILED") || text.contains("the program") {
            Outcome::Failed(text)
        } else {
            Outcome::Unusable(text)
        })
    }
}

/// The last `Caused by` of a Java stack trace.
fn root_cause(text: &str) -> String {
    let cause = text.lines().rev().find(|line| line.starts_with("Caused by: "));
    cause.map_or_else(|| text.to_owned(), str::to_owned)
}

/// `NAME: passed in 8.7 s: 12 lines equal (strict)`
fn lines(text: &str) -> u64 {
    let before = text.split(" lines equal").next().unwrap_or("");
    before.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or(0)
}
