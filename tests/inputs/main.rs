//! Bad input of every kind, through the program: an exit code of 2, the key by name and what would be right, no secret, and
//! never a panic. What is merely suspicious is told and stops nothing.

#![allow(clippy::print_stdout)]

mod connectors;
mod documents;
mod workers;

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Map, Value, json};

const SECRET: &str = "tell-nobody";
/// Refused.
const WRONG: i32 = 2;
/// Accepted: the examination went on to the database, which is not there.
const ACCEPTED: i32 = 1;

/// A connector that is right, whose database is not there.
fn connector() -> Map<String, Value> {
    let config = json!({
        "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
        "database.hostname": "127.0.0.1", "database.port": "1", "database.user": "me", "database.password": SECRET,
        "database.dbname": "shop", "topic.prefix": "shop", "plugin.name": "pgoutput",
    });
    config.as_object().cloned().unwrap_or_default()
}

fn document(config: &Map<String, Value>) -> String {
    json!({ "name": "bad", "config": config }).to_string()
}

/// A folder of its own, gone when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("walcast-inputs-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    /// Exit code and everything said, for these two files as they are.
    fn check(&self, connector: &[u8], worker: (&str, &[u8])) -> (i32, String) {
        fs::write(self.0.join("connector.json"), connector).expect("a file");
        fs::write(self.0.join(worker.0), worker.1).expect("a file");
        self.run(&["check", "connector.json", "--worker", worker.0])
    }

    fn run(&self, arguments: &[&str]) -> (i32, String) {
        let mut walcast = Command::new(env!("CARGO_BIN_EXE_walcast"));
        let output = walcast.args(arguments).current_dir(&self.0).env_clear().output().expect("walcast runs");
        let text = [output.stdout, output.stderr].concat();
        (output.status.code().unwrap_or(-1), String::from_utf8_lossy(&text).into_owned())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// All that went wrong, so that one run shows it.
#[derive(Default)]
struct Verdict {
    count: usize,
    faults: Vec<String>,
}

impl Verdict {
    fn expect(&mut self, what: &str, (code, text): &(i32, String), expected: i32, says: &[&str]) {
        self.count += 1;
        let missing: Vec<_> = says.iter().filter(|part| !text.contains(**part)).collect();
        let leaks = text.contains(SECRET) || text.contains("panicked");
        if *code != expected || !missing.is_empty() || leaks {
            self.faults
                .push(format!("{what}\n  exit code {code}, expected {expected}; not said: {missing:?}\n  {text}"));
        }
    }

    /// `least`: so many were looked at.
    fn close(self, least: usize) {
        assert!(self.faults.is_empty(), "{} of {}:\n{}", self.faults.len(), self.count, self.faults.join("\n"));
        assert!(self.count >= least, "only {} inputs", self.count);
    }
}
