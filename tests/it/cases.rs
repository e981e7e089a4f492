//! Recordings of the real Debezium, replayed: the same SQL and settings must give the same bytes.
//!
//! A case is a folder of `tests/cases`: `setup.sql` runs before the connector starts, `stream.sql` once it streams, or
//! `case.json` lists other steps; `expected.jsonl` are the records.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use serde_json::{Map, Value, json};

use crate::normalise::Normaliser;
use crate::rig::{
    Database, Folder, Walcast, connector, count, drained, dump, kafka, psql, read, streaming, unique, wait_for,
};

const AT_ONCE: usize = 4;

#[test]
fn recorded_cases_give_the_same_bytes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let only = std::env::var("WALCAST_CASES").unwrap_or_default();
    let mut folders: Vec<PathBuf> =
        fs::read_dir(&root).expect("tests/cases").map(|e| e.expect("a case").path()).collect();
    folders.retain(|path| path.is_dir() && path.to_string_lossy().contains(&only));
    folders.sort();
    assert!(!folders.is_empty(), "no case matches WALCAST_CASES={only}");
    let total = folders.len();
    let (waiting, failures) = (Mutex::new(folders), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some(folder) = waiting.lock().expect("no panic").pop() else { break };
                    let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
                    let result = std::panic::catch_unwind(|| Case::load(&folder).run());
                    let problem = match result {
                        Ok(Ok(())) => continue,
                        Ok(Err(difference)) => difference,
                        Err(panic) => panic.downcast_ref::<String>().cloned().unwrap_or_else(|| "panicked".to_owned()),
                    };
                    failures.lock().expect("no panic").push(format!("{name}: {problem}"));
                }
            });
        }
    });
    let failures = failures.into_inner().expect("no panic");
    assert!(failures.is_empty(), "{} of {total} cases differ:\n{}", failures.len(), failures.join("\n"));
    println!("{total} cases equal");
}

struct Case {
    name: String,
    folder: PathBuf,
    document: Value,
    database: String,
    slot: String,
    config: Map<String, Value>,
}

impl Case {
    fn load(folder: &Path) -> Self {
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let document: Value = match fs::read_to_string(folder.join("case.json")) {
            Ok(text) => serde_json::from_str(&text).expect("case.json"),
            Err(_) => json!({}),
        };
        let (database, slot) = (format!("c_{name}"), unique("c"));
        let mut case = Self { folder: folder.to_owned(), database, slot, config: Map::new(), document, name };
        let mut config = connector(&case.database, &case.name).as_object().expect("settings").clone();
        config.insert("slot.name".into(), json!(case.slot));
        config.insert("tasks.max".into(), json!("1"));
        config.insert("poll.interval.ms".into(), json!("100"));
        config.insert("walcast.compatibility".into(), json!("exact"));
        case.config = config;
        let own = case.document["config"].clone();
        case.merge(&own);
        case
    }

    /// Null removes a setting.
    fn merge(&mut self, own: &Value) {
        for (key, value) in own.as_object().into_iter().flatten() {
            match value {
                Value::Null => self.config.remove(key),
                value => self.config.insert(key.clone(), json!(self.filled(&text(value)))),
            };
        }
    }

    fn filled(&self, text: &str) -> String {
        let pg = crate::rig::postgres();
        let values = [
            ("{{bootstrap}}", kafka()),
            ("{{database}}", self.database.clone()),
            ("{{slot}}", self.slot.clone()),
            ("{{prefix}}", self.name.clone()),
            ("{{pg_host}}", pg.host),
            ("{{pg_port}}", pg.port.to_string()),
            ("{{case_dir}}", self.folder.display().to_string()),
        ];
        values.into_iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, &value))
    }

    fn run(mut self) -> Result<(), String> {
        let database = Database::new(&self.database);
        let folder = Folder::new();
        let unique = unique(&self.name);
        let mut worker = crate::rig::worker(&unique);
        worker.push_str("key.converter=org.apache.kafka.connect.json.JsonConverter\nvalue.converter=org.apache.kafka.connect.json.JsonConverter\n");
        for (key, value) in self.document["worker"].as_object().into_iter().flatten() {
            worker.push_str(&format!("{key}={}\n", text(value)));
        }
        folder.write("worker.properties", &worker);
        let default = json!([{"sql": "setup.sql"}, {"start": true}, {"sql": "stream.sql"}]);
        let steps = self.document.get("steps").cloned().unwrap_or(default);
        let mut running: Option<Walcast> = None;
        for step in steps.as_array().expect("steps") {
            self.step(step, &folder, &mut running);
        }
        if running.is_some() {
            self.drain();
        }
        if let Some(walcast) = running.take() {
            let code = walcast.stop();
            assert_eq!(code, 0, "exit code after SIGTERM");
        }
        let result = self.compare();
        drop(database);
        result
    }

    fn step(&mut self, step: &Value, folder: &Folder, running: &mut Option<Walcast>) {
        let (kind, value) = step.as_object().and_then(|s| s.iter().next()).expect("a step");
        match kind.as_str() {
            "sql" => self.sql_file(value.as_str().expect("a file")),
            "query" => drop(self.psql(value.as_str().expect("SQL"))),
            "start" => *running = Some(self.start(folder)),
            "stop" => {
                if step.get("drain") != Some(&json!(false)) {
                    self.drain();
                }
                let code = running.take().expect("running").stop();
                assert_eq!(code, 0, "exit code after SIGTERM");
            }
            "kill" => running.take().expect("running").kill(),
            "config" => {
                self.merge(value);
                if let Some(walcast) = running.take() {
                    self.drain();
                    walcast.stop();
                    *running = Some(self.start(folder));
                }
            }
            "wait_records" => {
                let topic = format!("{}.{}", self.name, value["topic"].as_str().expect("a topic"));
                let wanted = value["count"].as_i64().expect("a count");
                wait_for("records", || count(&topic) >= wanted);
            }
            "drain" => self.drain(),
            other => panic!("step {other} is not known here"),
        }
    }

    fn start(&self, folder: &Folder) -> Walcast {
        let document = json!({ "name": self.name, "config": self.config });
        folder.write("connector.json", &document.to_string());
        let walcast = Walcast::start(folder, &["--worker", "worker.properties", "connector.json"]);
        let slot = self.config["slot.name"].as_str().expect("a slot").to_owned();
        wait_for("the stream", || {
            let task = walcast.task(&self.name);
            assert_ne!(task["state"], "FAILED", "{}", task["trace"]);
            streaming(&slot)
        });
        walcast
    }

    fn drain(&self) {
        drained(&self.database, self.config["slot.name"].as_str().expect("a slot"));
    }

    fn sql_file(&self, name: &str) {
        let path = self.folder.join(name);
        if path.exists() {
            self.psql(&read(&path));
        }
    }

    fn psql(&self, text: &str) -> String {
        let slot = format!("slot={}", self.slot);
        let (prefix, database) = (format!("prefix={}", self.name), format!("database={}", self.database));
        psql(&self.database, &["-v", &slot, "-v", &prefix, "-v", &database], text)
    }

    fn is_volatile(&self, topic: &str) -> bool {
        let globs = self.document["volatile_topics"].as_array().into_iter().flatten().filter_map(Value::as_str);
        globs.map(|glob| glob.trim_end_matches('*')).any(|start| topic.starts_with(start))
    }

    fn compare(&self) -> Result<(), String> {
        let ours = self.folder.join("expected.walcast.jsonl");
        let path = if ours.exists() { ours } else { self.folder.join("expected.jsonl") };
        let expected: Vec<Value> =
            read(&path).lines().map(|line| serde_json::from_str(line).expect("a record")).collect();
        let prefix = format!("{}.", self.name);
        let heartbeat = format!("__debezium-heartbeat.{}", self.name);
        let actual: Vec<Value> = dump(|topic| topic.starts_with(&prefix) || topic == heartbeat)
            .into_iter()
            .map(|line| {
                let headers: Vec<Value> =
                    line.headers.iter().map(|(name, value)| json!([name, bytes(value.as_deref())])).collect();
                json!({
                    "topic": line.topic, "partition": line.partition, "key": bytes(line.key.as_deref()),
                    "value": bytes(line.value.as_deref()), "headers": headers,
                })
            })
            .collect();
        let (left, right) = (by_topic(&expected), by_topic(&actual));
        for topic in left.keys().chain(right.keys()) {
            let (wanted, found) = (left.get(topic), right.get(topic));
            let (Some(wanted), Some(found)) = (wanted, found) else {
                return Err(format!(
                    "topic {topic}: {} records expected, {} found",
                    wanted.map_or(0, Vec::len),
                    found.map_or(0, Vec::len)
                ));
            };
            if topic.starts_with("__debezium-heartbeat") || self.is_volatile(topic) {
                continue; // how many there are depends on time
            }
            for (number, (wanted, found)) in wanted.iter().zip(found).enumerate() {
                if wanted != found {
                    return Err(format!("{topic} record {number}\n  {}", first_difference(wanted, found)));
                }
            }
            if wanted.len() != found.len() {
                return Err(format!("topic {topic}: {} records expected, {} found", wanted.len(), found.len()));
            }
        }
        Ok(())
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Bytes as text, or in base64 where they are not UTF-8, as the recordings hold them.
fn bytes(value: Option<&[u8]>) -> Value {
    match value.map(|v| (std::str::from_utf8(v), v)) {
        None => Value::Null,
        Some((Ok(text), _)) => json!(text),
        Some((Err(_), raw)) => {
            use base64::Engine;
            json!({ "base64": base64::engine::general_purpose::STANDARD.encode(raw) })
        }
    }
}

/// Partition, key, value and headers of each record, normalised.
fn by_topic(records: &[Value]) -> BTreeMap<String, Vec<String>> {
    let texts = records.iter().flat_map(|r| [r["key"].as_str(), r["value"].as_str()]).flatten();
    let normaliser = Normaliser::new(texts);
    let mut topics: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for record in records {
        let part = |value: &Value| value.as_str().map_or_else(|| value.to_string(), |text| normaliser.text(text));
        let headers: Vec<String> = record["headers"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|header| {
                let name = header[0].as_str().unwrap_or("");
                let value =
                    header[1].as_str().map_or_else(|| header[1].to_string(), |text| normaliser.header(name, text));
                format!("{name}={value}")
            })
            .collect();
        let line = format!(
            "partition {}\nkey {}\nvalue {}\nheaders {}",
            record["partition"],
            part(&record["key"]),
            part(&record["value"]),
            headers.join(" | ")
        );
        topics.entry(record["topic"].as_str().unwrap_or("").to_owned()).or_default().push(line);
    }
    topics
}

fn first_difference(wanted: &str, found: &str) -> String {
    let at = wanted.chars().zip(found.chars()).take_while(|(a, b)| a == b).count();
    let around = |text: &str| -> String { text.chars().skip(at.saturating_sub(60)).take(180).collect() };
    format!("expected …{}…\n  found    …{}…", around(wanted), around(found))
}
