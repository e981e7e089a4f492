//! What the servers allow: the slot and the table read by Postgres' own clients, which do nothing with it, alone and
//! while the broker is being written as much as walcast would write.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::process::{self, Cost, Walsender};
use crate::rig::{self, sleep};
use crate::workload::Prepared;
use crate::writer::Sample;

/// What a client of Postgres' own did.
pub struct Pass {
    /// From its first byte to its last.
    pub seconds: f64,
    /// From its start, the broker's share included.
    pub total: f64,
    pub client: Cost,
    pub walsender: Cost,
}

/// Writes nowhere, under its own name.
fn client(program: &str, database: &str) -> Command {
    let mut command = rig::client(program, database);
    command.env("PGAPPNAME", program).stdin(Stdio::null()).stdout(Stdio::null());
    command
}

/// `pg_recvlogical` from `slot` to the end of what was prepared.
pub fn recvlogical(prepared: &Prepared, slot: &str, beside: Option<&Sample>) -> Pass {
    let mut command = client("pg_recvlogical", &prepared.database.name);
    command.args(["--slot", slot, "--start", "-f", "/dev/null", "--no-loop", "--endpos", &prepared.to]).args([
        "-o",
        "proto_version=1",
        "-o",
        "publication_names=p",
    ]);
    pass(command, Walsender::watch(slot), beside)
}

/// `COPY` of the table to psql.
pub fn copy(prepared: &Prepared, beside: Option<&Sample>) -> Pass {
    let mut command = client("psql", &prepared.database.name);
    command.args(["-X", "-q", "-c", "COPY t TO STDOUT", "-o", "/dev/null"]);
    let query = format!(
        "SELECT pid FROM pg_stat_activity WHERE datname = '{}' AND query LIKE 'COPY t%'",
        prepared.database.name
    );
    pass(command, Walsender::of(query), beside)
}

fn pass(mut command: Command, walsender: Walsender, beside: Option<&Sample>) -> Pass {
    let started = Instant::now();
    let child = command.spawn().expect("a client of Postgres");
    std::thread::scope(|scope| {
        let writer = beside.map(|sample| scope.spawn(|| sample.write()));
        let (seconds, client) = follow(child);
        if let Some(writer) = writer {
            writer.join().expect("the broker took the records");
        }
        let total = started.elapsed().as_secs_f64();
        let seconds = if beside.is_some() { seconds.max(total) } else { seconds };
        Pass { seconds, total, client, walsender: walsender.cost() }
    })
}

/// Watches it write until it ends: how long that took, and what it cost.
fn follow(mut child: Child) -> (f64, Cost) {
    let (pid, mut first, mut last, mut seen) = (child.id(), None, Instant::now(), 0);
    let mut cost = Cost::default();
    loop {
        let written = process::written(pid).unwrap_or(seen);
        if written > seen {
            (seen, last) = (written, Instant::now());
            first.get_or_insert(last);
        }
        cost = Cost {
            cpu: process::cpu(pid).unwrap_or(cost.cpu),
            peak_kb: process::memory(pid, "VmHWM:").unwrap_or(cost.peak_kb),
        };
        if let Some(status) = child.try_wait().expect("a child") {
            assert!(status.success(), "the client of Postgres ended with {status}");
            return (last.duration_since(first.unwrap_or(last)).as_secs_f64(), cost);
        }
        sleep(Duration::from_millis(1));
    }
}
