//! Debezium and walcast in turns: one connector, one slot, one offset topic, one config topic, under load, stopped
//! gracefully and by SIGKILL. Whoever comes next goes on exactly where the other had stored that it was.
//!
//! For use by hand (`make test-handover`). `SEED` repeats a run, `TURNS` is how often they take turns, the first being
//! Debezium's. Before that each is stopped in the middle of the snapshot, which the next begins anew.

#![allow(clippy::print_stdout, clippy::print_stderr, dead_code, unreachable_pub)]

mod connect;
mod judge;
#[path = "../it/rig.rs"]
mod rig;
#[path = "../it/topics.rs"]
mod topics;
mod work;

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use connect::Connect;
use judge::{Switch, judge};
use rig::{Database, Folder, Walcast, ask, connector, drained, free_port, kafka, unique, wait_for};
use topics::{count, dump};

/// How often the snapshot is cut short; even, so that the turns begin with Debezium.
const INTERRUPTIONS: u64 = 4;

enum Runner {
    Debezium(Connect),
    Walcast(Walcast),
}

fn main() -> ExitCode {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.trim().parse::<u64>().ok());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (seed, turns) = (number("SEED").unwrap_or(now), number("TURNS").unwrap_or(8).max(2));
    println!("SEED={seed} TURNS={turns}");
    let mut random = fastrand::Rng::with_seed(seed);
    let name = unique("handover");
    let (database, folder, port) = (Database::new(&name), Folder::new(), free_port());
    let slot = format!("s_{name}");
    work::tables(&database);
    folder.write("worker.properties", &worker(&name, port));
    let done = AtomicBool::new(false);
    let topic = format!("{name}.public.t");
    let still = format!("{name}.public.still");
    let mut switches = Vec::new();
    let mut interrupted = Vec::new();
    std::thread::scope(|scope| {
        let mut runner = Runner::start(&folder, port, 0);
        runner.create(&name);
        for turn in 1..=INTERRUPTIONS {
            let before = count(&still);
            wait_for("the snapshot to begin", || count(&still) > before || runner.finished(&name));
            let graceful = random.bool();
            let from = runner.stop(graceful);
            wait_for("the slot to be free", || ask(&active(&slot)) != "t");
            let how = if graceful { "SIGTERM" } else { "SIGKILL" };
            let read = count(&still) - before;
            let unfinished = !snapshot_finished(stored(&name).as_ref());
            println!("snapshot {turn}: {from} ended by {how} after {read} rows, unfinished: {unfinished}");
            interrupted.push((from, how, read, unfinished));
            runner = Runner::start(&folder, port, turn);
        }
        // Whatever happens to this thread, the other must end.
        let end = Done(&done);
        for turn in 1..=turns {
            wait_for("the stream", || runner.streams(&name, &slot));
            if turn == 1 {
                wait_for("the snapshot", || runner.finished(&name));
                let random = random.fork();
                scope.spawn(|| work::run(&database, random, &done));
            }
            pause(Duration::from_millis(random.u64(500..4000)));
            let graceful = random.bool();
            let from = runner.stop(graceful);
            wait_for("the slot to be free", || ask(&active(&slot)) == "f");
            // Nothing is written any more: what is there is what was delivered.
            let records = usize::try_from(count(&topic)).expect("a count");
            switches.push(Switch { from, graceful, records, stored: stored(&name) });
            println!("turn {turn}: {from} {} after {records} records", if graceful { "stopped" } else { "killed" });
            runner = Runner::start(&folder, port, turn);
        }
        drop(end);
        if let Runner::Debezium(_) = runner {
            runner.stop(true);
            runner = Runner::start(&folder, port, 1);
        }
        wait_for("the last stream", || runner.streams(&name, &slot));
        drained(&name, &slot);
        runner.stop(true);
    });
    let lines = dump(|other| other == topic);
    let verdict = judge(&database, &lines, &switches);
    let ids = |line: &topics::Line| line.key.clone();
    let still_there = dump(|other| other == still).iter().map(ids).collect::<std::collections::BTreeSet<_>>().len();
    let lost = usize::try_from(work::STILL).expect("a count").saturating_sub(still_there);
    println!("\n| stopped in the snapshot | how | rows sent | unfinished |\n|---|---|---|---|");
    for (from, how, read, unfinished) in &interrupted {
        println!("| {from} | {how} | {read} | {unfinished} |");
    }
    println!("{lost} rows of the snapshot missing");
    println!("\n| stopped | how | records repeated by the next |\n|---|---|---|");
    for (switch, repeated) in switches.iter().zip(&verdict.repeated) {
        println!("| {} | {} | {repeated} |", switch.from, if switch.graceful { "SIGTERM" } else { "SIGKILL" });
    }
    println!(
        "\n{} records; {} changes missing, {} out of order, {} rows wrong at the end, {} repeated though stored",
        lines.len(),
        verdict.missing,
        verdict.out_of_order,
        verdict.wrong_rows,
        verdict.repeated_wrongly
    );
    let faults = lost + verdict.missing + verdict.out_of_order + verdict.wrong_rows + verdict.repeated_wrongly;
    if faults == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

struct Done<'a>(&'a AtomicBool);

impl Drop for Done<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

impl Runner {
    /// Debezium in even turns, walcast in odd ones.
    fn start(folder: &Folder, port: u16, turn: u64) -> Self {
        if turn.is_multiple_of(2) {
            Self::Debezium(Connect::start(&folder.0, port))
        } else {
            Self::Walcast(Walcast::start(folder, &["--worker", "worker.properties"]))
        }
    }

    fn create(&self, name: &str) {
        let Self::Debezium(connect) = self else { panic!("the first turn is Debezium's") };
        let mut config = connector(name, name);
        config["table.include.list"] = json!("public.t,public.still");
        config["poll.interval.ms"] = json!("50");
        config["max.batch.size"] = json!("500");
        config["max.queue.size"] = json!("2000");
        config["retriable.restart.connector.wait.ms"] = json!("500");
        let body = json!({ "name": name, "config": config }).to_string();
        let answer = connect.call("POST", "/connectors", Some(&body));
        assert!(matches!(answer, Some((201, _))), "{answer:?}");
    }

    fn streams(&self, name: &str, slot: &str) -> bool {
        let state = match self {
            Self::Debezium(connect) => connect.state(name),
            Self::Walcast(walcast) => walcast.task(name)["state"].as_str().unwrap_or("").to_owned(),
        };
        assert_ne!(state, "FAILED");
        state == "RUNNING" && ask(&active(slot)) == "t"
    }

    /// Whether it runs and has stored that the snapshot is finished.
    fn finished(&self, name: &str) -> bool {
        let state = match self {
            Self::Debezium(connect) => connect.state(name),
            Self::Walcast(walcast) => walcast.task(name)["state"].as_str().unwrap_or("").to_owned(),
        };
        assert_ne!(state, "FAILED");
        state == "RUNNING" && snapshot_finished(stored(name).as_ref())
    }

    fn stop(self, graceful: bool) -> &'static str {
        match (self, graceful) {
            (Self::Debezium(connect), true) => connect.stop(),
            (Self::Debezium(connect), false) => {
                connect.kill();
                return "Debezium";
            }
            (Self::Walcast(walcast), true) => {
                assert_eq!(walcast.stop(), 0);
                return "walcast";
            }
            (Self::Walcast(walcast), false) => {
                walcast.kill();
                return "walcast";
            }
        }
        "Debezium"
    }
}

/// Every setting that both need to share what the other wrote.
fn worker(name: &str, port: u16) -> String {
    format!(
        "bootstrap.servers={}\ngroup.id={name}\nlisteners=http://127.0.0.1:{port}\nrest.advertised.host.name=127.0.0.1\n\
         key.converter=org.apache.kafka.connect.json.JsonConverter\nkey.converter.schemas.enable=false\n\
         value.converter=org.apache.kafka.connect.json.JsonConverter\nvalue.converter.schemas.enable=false\n\
         offset.storage.topic={name}-offsets\noffset.storage.replication.factor=1\noffset.storage.partitions=5\n\
         config.storage.topic={name}-configs\nconfig.storage.replication.factor=1\n\
         status.storage.topic={name}-status\nstatus.storage.replication.factor=1\nstatus.storage.partitions=1\n\
         offset.flush.interval.ms=500\nscheduled.rebalance.max.delay.ms=0\nplugin.discovery=service_load\n",
        kafka()
    )
}

/// The last word in the offset topic.
fn stored(name: &str) -> Option<Value> {
    let lines = dump(|topic| topic == format!("{name}-offsets"));
    let value = lines.last()?.value.as_deref()?;
    serde_json::from_slice(value).ok()
}

fn snapshot_finished(stored: Option<&Value>) -> bool {
    stored.is_some_and(|offset| offset["snapshot_completed"] == true || offset["messageType"].is_string())
}

fn active(slot: &str) -> String {
    format!("SELECT active FROM pg_replication_slots WHERE slot_name = '{slot}'")
}

#[allow(clippy::disallowed_methods)] // the moment of a stop is what is random here
fn pause(time: Duration) {
    std::thread::sleep(time);
}
