//! kill -9 at random moments: nothing missing, nothing wrong, order kept.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::rig::{Database, Folder, Walcast, connector, drained, streaming, unique, wait_for, worker};
use crate::topics::{Line, dump};

const KILLS: u64 = 20;
const ROWS: u64 = 30_000;

/// A small generator, so that a seed repeats the moments and the workload.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, below: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % below
    }
}

fn seed() -> u64 {
    let given = std::env::var("WALCAST_SEED").ok().and_then(|s| s.parse().ok());
    let seed = given.unwrap_or_else(|| {
        let now = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH);
        now.map_or(1, |d| u64::from(d.subsec_nanos()) + 1)
    });
    println!("WALCAST_SEED={seed} repeats this run");
    seed
}

#[test]
fn twenty_kills_lose_nothing() {
    kills("", judge);
}

#[test]
fn twenty_kills_with_exactly_once_repeat_nothing_either() {
    kills("exactly.once.source.support=enabled\n", judge_exactly_once);
}

fn kills(worker_settings: &str, judge: impl Fn(&Database, &[Line])) {
    let seed = seed();
    let name = unique("kill");
    let (database, folder) = (Database::new(&name), Folder::new());
    database.sql(&format!(
        "CREATE TABLE t (id int PRIMARY KEY, v int NOT NULL, note text);
         INSERT INTO t SELECT n, 0, repeat('n', 50) FROM generate_series(1, {ROWS}) n;"
    ));
    folder.write("worker.properties", &(worker(&name) + worker_settings));
    let mut config = connector(&name, &name);
    config["retriable.restart.connector.wait.ms"] = json!("300");
    config["value.converter.schemas.enable"] = json!("false");
    config["key.converter.schemas.enable"] = json!("false");
    config["value.converter"] = json!("org.apache.kafka.connect.json.JsonConverter");
    config["key.converter"] = json!("org.apache.kafka.connect.json.JsonConverter");
    folder.write("connector.json", &json!({ "name": name, "config": config }).to_string());
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| work(&database, seed, &done));
        let mut dice = Dice(seed);
        for round in 0..KILLS {
            let walcast = Walcast::start(&folder, &["--worker", "worker.properties", "connector.json"]);
            // The first kills fall into the snapshot, later ones into the stream, some into a graceful stop.
            pause(Duration::from_millis(if round < 6 { dice.roll(500) } else { dice.roll(1500) }));
            if dice.roll(4) == 0 {
                walcast.signal("TERM");
                pause(Duration::from_millis(dice.roll(60)));
            }
            walcast.kill();
        }
        done.store(true, Ordering::SeqCst);
    });
    let walcast = Walcast::start(&folder, &["--worker", "worker.properties", "connector.json"]);
    let slot = format!("s_{name}");
    wait_for("the stream", || streaming(&slot));
    drained(&name, &slot);
    assert_eq!(walcast.stop(), 0);
    let prefix = format!("{name}.");
    let lines = dump(|topic| topic.starts_with(&prefix));
    println!("{} records for {KILLS} kills", lines.len());
    judge(&database, &lines);
}

#[allow(clippy::disallowed_methods)] // the moment of a kill is what is random here, there is nothing to wait for
fn pause(time: Duration) {
    std::thread::sleep(time);
}

/// Updates count a row's version up; some rows go and come back.
fn work(database: &Database, seed: u64, done: &AtomicBool) {
    let mut dice = Dice(seed.rotate_left(17) | 1);
    let started = Instant::now();
    while !done.load(Ordering::SeqCst) && started.elapsed() < Duration::from_secs(180) {
        let mut script = String::new();
        for _ in 0..20 {
            let id = 1 + dice.roll(ROWS);
            script.push_str("BEGIN;");
            for offset in 0..1 + dice.roll(8) {
                let id = 1 + (id + offset * 37) % ROWS;
                match dice.roll(10) {
                    0 => script.push_str(&format!("DELETE FROM t WHERE id = {id} AND id % 5 = 0;")),
                    1 => script
                        .push_str(&format!("INSERT INTO t VALUES ({id}, 0, 'again') ON CONFLICT (id) DO NOTHING;")),
                    2 => script.push_str(&format!("UPDATE t SET v = v + 1 WHERE id BETWEEN {id} AND {id} + 200;")),
                    _ => script.push_str(&format!("UPDATE t SET v = v + 1 WHERE id = {id};")),
                }
            }
            script.push_str(if dice.roll(12) == 0 { "ROLLBACK;" } else { "COMMIT;" });
        }
        database.sql(&script);
    }
}

/// Folds the topic and compares it with the table.
fn judge(database: &Database, lines: &[Line]) {
    let mut last: BTreeMap<i64, Option<i64>> = BTreeMap::new();
    let mut seen: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    let mut order: BTreeMap<(String, i64), i64> = BTreeMap::new();
    for line in lines {
        let key: Value = serde_json::from_slice(line.key.as_deref().expect("a key")).expect("JSON");
        let id = key["id"].as_i64().expect("an id");
        let Some(value) = &line.value else { continue };
        let value: Value = serde_json::from_slice(value).expect("JSON");
        let version = value["after"]["v"].as_i64();
        last.insert(id, version);
        seen.entry(id).or_default().extend(version);
        let run = line.headers.iter().find(|(name, _)| name == "__debezium.context.runId").and_then(|(_, v)| v.clone());
        let place = (String::from_utf8(run.expect("a run id")).expect("text"), id);
        match (value["op"].as_str(), version) {
            (Some("u"), Some(version)) => {
                if let Some(before) = order.insert(place, version) {
                    assert_eq!(version, before + 1, "row {id} jumped from {before} to {version} within one run");
                }
            }
            _ => drop(order.remove(&place)),
        }
    }
    let table: BTreeMap<i64, i64> = database
        .sql("SELECT id, v FROM t")
        .lines()
        .map(|line| {
            line.split_once('|').map(|(id, v)| (id.parse().expect("id"), v.parse().expect("v"))).expect("a row")
        })
        .collect();
    let folded: BTreeMap<i64, i64> = last.iter().filter_map(|(id, version)| version.map(|v| (*id, v))).collect();
    for (id, version) in &table {
        assert_eq!(folded.get(id), Some(version), "final state of row {id}");
        if id % 5 != 0 {
            let versions = &seen[id];
            let first = *versions.iter().min().expect("seen");
            for wanted in first..=*version {
                assert!(versions.contains(&wanted), "row {id}: version {wanted} never arrived");
            }
        }
    }
    assert_eq!(folded.len(), table.len(), "rows the table does not have");
}

/// Each row's life, record by record: no step twice, none missing, every delete with its tombstone.
fn judge_exactly_once(database: &Database, lines: &[Line]) {
    /// `None`: the row is not there.
    type Version = Option<i64>;
    let mut rows: BTreeMap<i64, (Version, bool)> = BTreeMap::new();
    for line in lines {
        let key: Value = serde_json::from_slice(line.key.as_deref().expect("a key")).expect("JSON");
        let id = key["id"].as_i64().expect("an id");
        let value: Option<Value> = line.value.as_deref().map(|value| serde_json::from_slice(value).expect("JSON"));
        let (version, tombstone_due) = rows.remove(&id).unwrap_or((None, false));
        let after = value.as_ref().and_then(|value| value["after"]["v"].as_i64());
        let op = value.as_ref().map(|value| value["op"].as_str().expect("an op"));
        let legal = match (op, version) {
            (None, None) => tombstone_due,
            (_, _) if tombstone_due => false,
            (Some("r"), None) => true,
            (Some("c"), None) => after == Some(0),
            (Some("u"), Some(version)) => after == Some(version + 1),
            (Some("d"), Some(_)) => true,
            _ => false,
        };
        assert!(legal, "row {id} at {version:?}, tombstone due {tombstone_due}: then came {op:?} with {after:?}");
        rows.insert(id, (after, op == Some("d")));
    }
    assert!(rows.values().all(|(_, tombstone_due)| !tombstone_due), "a delete without its tombstone");
    judge(database, lines);
}
