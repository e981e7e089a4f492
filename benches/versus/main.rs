//! walcast, Debezium and Postgres' own clients on the same changes, side by side in one run (`make bench`).
//!
//! Every workload is written once; each contender reads it from a copy of one slot, in turns, `RUNS` times. Rates are
//! taken from the first to the last record by the broker's clock (of `pg_recvlogical`: from its first to its last byte),
//! processor time from the start of the process. What arrived is folded and compared with the table. `ONLY="one single"`
//! picks workloads, `AGAINST="walcast pg_recvlogical"` contenders by how their names begin.
//!
//! Writes results.json and results.md into target/bench; docs/performance.md says what they mean.

#![allow(clippy::print_stdout, clippy::print_stderr, clippy::cast_precision_loss, clippy::cast_possible_truncation)]
#![allow(clippy::cast_sign_loss, dead_code, unreachable_pub)]

mod ceiling;
mod contender;
mod latency;
mod process;
mod report;
#[path = "../../tests/it/rig.rs"]
mod rig;
mod topic;
#[path = "../../tests/it/topics.rs"]
mod topics;
mod workload;
mod writer;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::json;

use ceiling::Pass;
use contender::{Contender, Form, Running};
use process::Walsender;
use report::Report;
use rig::{ask, sleep, streaming, wait_for};
use workload::{Prepared, WORKLOADS, Workload};
use writer::Sample;

const WALCAST: Contender = Contender::Walcast { exactly_once: false };
const EXACTLY_ONCE: Contender = Contender::Walcast { exactly_once: true };
const DEBEZIUM: Contender = Contender::Debezium { tuned: false };
const TUNED: Contender = Contender::Debezium { tuned: true };

/// Who takes part in what.
const TABLE: &[(&str, &[(Contender, Form)])] = {
    use Form::{Plain, Schemas, Unwrapped};
    &[
        ("one", &[(WALCAST, Plain), (EXACTLY_ONCE, Plain), (DEBEZIUM, Plain), (TUNED, Plain)]),
        (
            "thousands",
            &[
                (WALCAST, Plain),
                (EXACTLY_ONCE, Plain),
                (WALCAST, Schemas),
                (WALCAST, Unwrapped),
                (DEBEZIUM, Plain),
                (TUNED, Plain),
            ],
        ),
        ("single", &[(WALCAST, Plain), (EXACTLY_ONCE, Plain), (DEBEZIUM, Plain), (TUNED, Plain)]),
        ("wide", &[(WALCAST, Schemas), (EXACTLY_ONCE, Schemas), (DEBEZIUM, Schemas), (TUNED, Schemas)]),
        ("snapshot", &[(WALCAST, Plain), (EXACTLY_ONCE, Plain), (DEBEZIUM, Plain), (TUNED, Plain)]),
        ("huge", &[(WALCAST, Plain), (EXACTLY_ONCE, Plain)]),
    ]
};

struct Options {
    runs: u32,
    only: Vec<String>,
    against: Vec<String>,
}

impl Options {
    fn from_environment() -> Self {
        let words = |name| std::env::var(name).unwrap_or_default().split_whitespace().map(str::to_owned).collect();
        let runs = std::env::var("RUNS").ok().and_then(|text| text.trim().parse().ok()).unwrap_or(3);
        Self { runs, only: words("ONLY"), against: words("AGAINST") }
    }

    fn wants(&self, workload: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == workload)
    }

    fn admits(&self, contender: &str) -> bool {
        self.against.is_empty() || self.against.iter().any(|against| contender.starts_with(against.as_str()))
    }
}

fn main() {
    // `cargo test --benches` only wants to know that this builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let options = Options::from_environment();
    let mut report = Report::default();
    let mut titles = Vec::new();
    writer::warm();
    for workload in WORKLOADS.iter().filter(|workload| options.wants(workload.name)) {
        titles.push((workload.name.to_owned(), workload.title.to_owned()));
        throughput(workload, &options, &mut report);
    }
    if options.wants("latency") {
        titles.extend(latencies(&options, &mut report));
    }
    if options.wants("idle") {
        titles.push(("idle".to_owned(), "start to first record, and memory at rest".to_owned()));
        idle(&options, &mut report);
    }
    save(&options, &report, &titles);
}

fn throughput(workload: &Workload, options: &Options, report: &mut Report) {
    let prepared = workload.prepare();
    println!("--- {}: {} changes, {} MB of WAL", workload.title, prepared.changes, prepared.wal / 1_000_000);
    let contenders = TABLE.iter().find(|(name, _)| *name == workload.name).map_or(&[][..], |(_, who)| who);
    let mut sample: Option<Sample> = None;
    for run in 0..options.runs {
        // The ceilings first, so that they lead the table; the one with the broker needs records to write.
        if run == 0 && workload.name != "huge" {
            sample = Some(first_sample(workload, &prepared, contenders[0]));
        }
        for (title, beside) in [("", None), (" and the broker", sample.as_ref())] {
            let name = format!("{}{title}", if workload.snapshot { "COPY" } else { "pg_recvlogical" });
            if (title.is_empty() || beside.is_some()) && options.admits(&name) {
                let pass = ceiling(workload, &prepared, beside);
                report.add(workload.name, &name, &of_pass(&prepared, &pass));
            }
        }
        for &(contender, form) in contenders {
            let name = match form {
                Form::Plain => contender.name().to_owned(),
                Form::Schemas => format!("{}, schemas on", contender.name()),
                Form::Unwrapped => format!("{}, unwrap", contender.name()),
            };
            if options.admits(&name) {
                let figures = bring(workload, &prepared, contender, form);
                report.add(workload.name, &name, &figures);
            }
        }
    }
}

/// A run that is not counted, whose records the broker gets again beside the ceilings.
fn first_sample(workload: &Workload, prepared: &Prepared, (contender, form): (Contender, Form)) -> Sample {
    let slot = prepared.slot();
    let mut running = start(workload, prepared, &slot, contender, form);
    wait(&mut running, prepared.records);
    let sample = Sample::of(&running.topic, prepared.records);
    finish(running, prepared, &slot);
    sample
}

fn ceiling(workload: &Workload, prepared: &Prepared, beside: Option<&Sample>) -> Pass {
    if workload.snapshot {
        return ceiling::copy(prepared, beside);
    }
    let slot = prepared.slot();
    let pass = ceiling::recvlogical(prepared, &slot, beside);
    prepared.drop_slot(&slot);
    pass
}

fn of_pass(prepared: &Prepared, pass: &Pass) -> Vec<(&'static str, f64)> {
    let millions = prepared.changes as f64 / 1e6;
    vec![
        ("rate", prepared.changes as f64 / pass.seconds),
        ("total", pass.total),
        ("cpu", pass.client.cpu / millions),
        ("walsender", pass.walsender.cpu / millions),
        ("peak", pass.client.peak_kb as f64 / 1024.0),
    ]
}

fn start(workload: &Workload, prepared: &Prepared, slot: &str, contender: Contender, form: Form) -> Running {
    if workload.snapshot {
        prepared.drop_slot(slot);
    }
    contender.start(prepared, slot, form, workload.snapshot)
}

fn wait(running: &mut Running, records: i64) {
    let topic = running.topic.clone();
    topic::wait(&topic, records, || {
        let ended = running.child.try_wait().expect("a child");
        ended.map(|status| format!("it ended with {status}\n{}", running.log()))
    });
}

fn finish(running: Running, prepared: &Prepared, slot: &str) {
    let topic = running.topic.clone();
    drop(running);
    topics::delete(&[topic]);
    prepared.drop_slot(slot);
}

fn bring(workload: &Workload, prepared: &Prepared, contender: Contender, form: Form) -> Vec<(&'static str, f64)> {
    let slot = prepared.slot();
    let broker = process::broker();
    let broker_before = process::cpu(broker).expect("a broker");
    let started = Instant::now();
    let mut running = start(workload, prepared, &slot, contender, form);
    let walsender = if workload.snapshot {
        let query = format!(
            "SELECT pid FROM pg_stat_activity WHERE datname = '{}' AND state = 'active' AND query ~ 'COPY|FETCH|CURSOR|^SELECT \"' AND query ~ '\"t\"' ORDER BY backend_start DESC LIMIT 1",
            prepared.database.name
        );
        Walsender::of(query)
    } else {
        Walsender::watch(&slot)
    };
    wait(&mut running, prepared.records);
    let pid = running.child.id();
    let total = started.elapsed().as_secs_f64();
    let (cpu, peak) = (process::cpu(pid).expect("it runs"), process::memory(pid, "VmHWM:").expect("it runs"));
    let broker_after = process::cpu(broker).expect("a broker");
    let (server, since) = (walsender.cost(), running.since);
    let arrived = topic::read(&running.topic, prepared.records, workload.name != "huge");
    if workload.name != "huge" {
        assert!(
            arrived.rows == prepared.rows,
            "the topic folds into the table ({} rows against {})",
            arrived.rows.len(),
            prepared.rows.len()
        );
    }
    finish(running, prepared, &slot);
    let millions = prepared.changes as f64 / 1e6;
    let seconds = (arrived.last - arrived.first).max(1) as f64 / 1e3;
    vec![
        ("rate", prepared.changes as f64 / seconds),
        ("mb", arrived.bytes as f64 / 1e6 / seconds),
        ("total", total),
        ("cpu", cpu / millions),
        ("walsender", server.cpu / millions),
        ("broker", (broker_after - broker_before) / millions),
        ("peak", peak as f64 / 1024.0),
        ("first", (arrived.first - since) as f64),
    ]
}

/// At 100 and 1,000 single-row transactions a second, and at half of the rate each one reached in transactions of 1,000.
fn latencies(options: &Options, report: &mut Report) -> Vec<(String, String)> {
    let empty = Workload::empty();
    let mut titles = Vec::new();
    for (name, title) in [
        ("latency100", "latency at 100 transactions of one row a second"),
        ("latency1000", "latency at 1,000 transactions of one row a second"),
        ("latencyhalf", "latency at half of the rate reached above, in transactions of 1,000 rows"),
    ] {
        titles.push((name.to_owned(), title.to_owned()));
    }
    for _ in 0..options.runs {
        for (name, records) in [("latency100", 100), ("latency1000", 1000)] {
            report.add(name, "Kafka alone", &of_latency(records, &latency::of_the_broker(records)));
        }
        for contender in [WALCAST, EXACTLY_ONCE, DEBEZIUM, TUNED] {
            if !options.admits(contender.name()) {
                continue;
            }
            let prepared = empty.prepare();
            process::settle();
            let slot = prepared.slot();
            let running = contender.start(&prepared, &slot, Form::Plain, false);
            wait_for("the stream", || streaming(&slot));
            sleep(Duration::from_secs(1));
            let half = report.median("thousands", contender.name(), "rate").map(|rate| (rate / 2000.0) as u32 / 4 * 4);
            let rates = [("latency100", 100, 1), ("latency1000", 1000, 1), ("latencyhalf", half.unwrap_or(0), 1000)];
            let mut first_id = 1;
            for (name, transactions, rows) in rates {
                if transactions > 0 {
                    let latency = latency::measure(&prepared, &running.topic, transactions, rows, first_id);
                    report.add(name, contender.name(), &of_latency(transactions, &latency));
                    first_id += 100_000_000;
                }
            }
            finish(running, &prepared, &slot);
        }
    }
    titles
}

fn of_latency(transactions: u32, latency: &latency::Latency) -> [(&'static str, f64); 4] {
    [("tx", f64::from(transactions)), ("p50", latency.p50), ("p99", latency.p99), ("p999", latency.p999)]
}

fn idle(options: &Options, report: &mut Report) {
    let prepared = Workload::empty().prepare();
    prepared.database.sql("INSERT INTO t (id, b) VALUES (1, 1)");
    for _ in 0..options.runs {
        for contender in [WALCAST, EXACTLY_ONCE, DEBEZIUM, TUNED] {
            if !options.admits(contender.name()) {
                continue;
            }
            let slot = prepared.slot();
            let mut running = contender.start(&prepared, &slot, Form::Plain, false);
            wait(&mut running, 1);
            let arrived = topic::read(&running.topic, 1, false);
            sleep(Duration::from_secs(3));
            let resident = process::memory(running.child.id(), "VmRSS:").expect("it runs") as f64 / 1024.0;
            report.add(
                "idle",
                contender.name(),
                &[("first", (arrived.first - running.since) as f64), ("peak", resident)],
            );
            finish(running, &prepared, &slot);
        }
    }
}

/// Milliseconds since the epoch.
fn now_ms() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

fn save(options: &Options, report: &Report, titles: &[(String, String)]) {
    let processors = std::thread::available_parallelism().map_or(0, usize::from);
    let about = json!({
        "runs": options.runs, "processors": processors, "postgres": ask("SHOW server_version"),
        "walcast": env!("CARGO_PKG_VERSION"), "debezium": "3.6.1.Final",
    });
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench");
    std::fs::create_dir_all(&folder).expect("target/bench");
    let markdown = report.markdown(titles);
    println!("{markdown}");
    std::fs::write(folder.join("results.json"), format!("{:#}\n", report.json(about))).expect("results.json");
    std::fs::write(folder.join("results.md"), markdown).expect("results.md");
}
