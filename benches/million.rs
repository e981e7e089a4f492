//! One transaction of a million rows, from a real Postgres into a real Kafka: rate, processor time and peak memory of the
//! process. Prints figures and checks that every row arrived; judges nothing.

#![allow(clippy::print_stdout, clippy::print_stderr, dead_code, unreachable_pub)]

#[path = "../tests/it/rig.rs"]
mod rig;
#[path = "../tests/it/topics.rs"]
mod topics;

use std::time::Instant;

use serde_json::json;

use rig::{Database, Folder, Walcast, connector, drained, streaming, unique, wait_for, worker};
use topics::count;

const ROWS: i64 = 1_000_000;

fn main() {
    // `cargo test --benches` only wants to know that this builds.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let [at_least, exactly] =
        [("at least once", ""), ("exactly once", "exactly.once.source.support=enabled\n")].map(|(mode, setting)| {
            println!("--- {mode}");
            run(setting)
        });
    println!("--- exactly once against at least once: {:.2}", exactly / at_least);
}

/// Answers rows per second.
fn run(worker_setting: &str) -> f64 {
    let name = unique("million");
    let (database, folder) = (Database::new(&name), Folder::new());
    database.sql(
        "CREATE TABLE t (id bigint PRIMARY KEY, a int, b int, c text, d text, e numeric(10,2), f timestamptz, g boolean, h uuid, i text)",
    );
    folder.write("worker.properties", &(worker(&name) + worker_setting));
    let mut config = connector(&name, &name);
    for (key, value) in [
        ("key.converter", "org.apache.kafka.connect.json.JsonConverter"),
        ("key.converter.schemas.enable", "false"),
        ("value.converter", "org.apache.kafka.connect.json.JsonConverter"),
        ("value.converter.schemas.enable", "false"),
        ("producer.override.compression.type", "lz4"),
    ] {
        config[key] = json!(value);
    }
    folder.write("connector.json", &json!({ "name": name, "config": config }).to_string());
    let walcast = Walcast::start(&folder, &["--worker", "worker.properties", "connector.json"]);
    let slot = format!("s_{name}");
    wait_for("the stream", || streaming(&slot));
    let written = Instant::now();
    database.sql(&format!(
        "INSERT INTO t SELECT n, n, n % 1000, 'name ' || n, repeat('x', 60), n / 100.0, now(), n % 2 = 0, gen_random_uuid(), 'note' FROM generate_series(1, {ROWS}) n"
    ));
    let write_time = written.elapsed();
    let topic = format!("{name}.public.t");
    let started = Instant::now();
    let mut first = None;
    let mut seen = 0;
    while seen < ROWS {
        wait_for("more records", || {
            let now = count(&topic);
            std::mem::replace(&mut seen, now) != now
        });
        first.get_or_insert_with(|| (Instant::now(), seen));
    }
    let (first, already) = first.expect("records came");
    drained(&name, &slot);
    let time = first.elapsed().as_secs_f64();
    let status = rig::read(format!("/proc/{}/status", walcast.child.id()).as_ref());
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("?").trim().to_owned();
    let stat = rig::read(format!("/proc/{}/stat", walcast.child.id()).as_ref());
    let ticks: f64 = stat.rsplit(") ").next().map_or(0.0, |rest| {
        let fields: Vec<&str> = rest.split_whitespace().collect();
        fields[11].parse::<f64>().unwrap_or(0.0) + fields[12].parse::<f64>().unwrap_or(0.0)
    });
    #[allow(clippy::cast_precision_loss)]
    let rate = (ROWS - already) as f64 / time;
    println!("rows                      {seen} of {ROWS} in topic {topic}");
    println!(
        "writing them took         {:.1} s, then {:.1} s until the last was in Kafka",
        write_time.as_secs_f64(),
        started.elapsed().as_secs_f64()
    );
    println!("rate from the first seen  {rate:.0} rows/s");
    println!("processor time            {:.1} s of this process", ticks / 100.0);
    println!("peak memory               {} (resident {})", field("VmHWM:"), field("VmRSS:"));
    assert_eq!(walcast.stop(), 0);
    // The ends of transactions lie in the topic too.
    let ends = if worker_setting.is_empty() { 0 } else { ROWS / 100 };
    assert!((ROWS..=ROWS + ends).contains(&count(&topic)), "every row once");
    rate
}
