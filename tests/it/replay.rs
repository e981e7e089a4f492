//! One replay of one case in one mode: its database, its connector, its steps; and the records that lie in Kafka after it.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::case::{Case, Expect, Step};
use crate::compare;
use crate::rig::{
    self, Database, Folder, Walcast, connector, kafka, psql, read, slot_confirmed, streaming, unique, wait_for,
};
use crate::topics;

/// Silence that means the end where no slot can tell.
const SETTLE: Duration = Duration::from_secs(1);

pub struct Replay<'a> {
    case: &'a Case,
    database: Database,
    folder: Folder,
    slot: String,
    config: Map<String, Value>,
    running: Option<Walcast>,
    failure: Option<String>,
}

impl<'a> Replay<'a> {
    /// Runs the case; answers what then lies in Kafka.
    pub fn run(case: &'a Case, mode: &str) -> Vec<Value> {
        let database = Database::new(&format!("c_{}", case.name));
        for extension in &case.document.extensions {
            database.sql(&format!("CREATE EXTENSION \"{extension}\" CASCADE"));
        }
        let mut replay = Self {
            case,
            config: connector(&database.name, &case.name).as_object().expect("settings").clone(),
            slot: unique("c"),
            database,
            folder: Folder::new(),
            running: None,
            failure: None,
        };
        let defaults = [
            ("slot.name", replay.slot.as_str()),
            ("tasks.max", "1"),
            ("poll.interval.ms", "100"),
            ("walcast.compatibility", mode),
        ];
        replay.config.extend(defaults.map(|(key, value)| (key.to_owned(), json!(value))));
        replay.merge(&case.document.config);
        let inputs = replay.inputs();
        let old = topics::topics(|topic| case.owns(topic) || inputs.iter().any(|input| input == topic));
        topics::delete(&old.into_keys().collect::<Vec<_>>());
        replay.write_worker();
        for step in case.steps() {
            replay.step(&step);
        }
        replay.finish();
        replay.dump()
    }

    fn step(&mut self, step: &Step) {
        match step {
            Step::Sql { sql } => drop(self.psql(&read(&self.case.folder.join(sql)))),
            Step::Query { query } => drop(self.psql(query)),
            Step::Start { expect, .. } => self.start(expect.unwrap_or(self.case.document.expect)),
            Step::Stop { drain, .. } => self.stop(drain.unwrap_or(true)),
            Step::Kill { .. } => self.running.take().expect("running").kill(),
            Step::Config { config } => {
                self.merge(config);
                if self.running.is_some() {
                    self.stop(true);
                    self.start(self.case.document.expect);
                }
            }
            Step::WaitRecords { wait_records: wanted } => {
                let topic = format!("{}{}{}", self.case.prefix(), self.case.delimiter(), wanted.topic);
                wait_for("records", || topics::count(&topic) >= wanted.count);
            }
            Step::Drain { .. } => self.drain(),
            Step::Sleep { sleep } => rig::sleep(Duration::from_secs_f64(*sleep)),
            Step::Produce { produce } => {
                let [key, value] = [&produce.key, &produce.value].map(|t| t.as_deref().map(|t| self.filled(t)));
                topics::produce(&self.filled(&produce.topic), key.as_deref(), value.as_deref());
            }
        }
    }

    fn start(&mut self, expect: Expect) {
        let document = json!({ "name": self.case.name, "config": self.config });
        self.folder.write("connector.json", &document.to_string());
        match Walcast::try_start(&self.folder, &["--worker", "worker.properties", "connector.json"]) {
            Ok(walcast) => self.running = Some(walcast),
            Err(failure) => self.fail(failure, expect),
        }
        let slot = self.setting("slot.name", "debezium");
        wait_for("the start", || {
            self.check(expect);
            self.running.is_none() || expect == Expect::Running || streaming(&slot)
        });
    }

    /// Notices a task that failed; panics when the case does not expect it.
    fn check(&mut self, expect: Expect) {
        let Some(walcast) = &self.running else { return };
        let task = walcast.task(&self.case.name);
        if task["state"] == "FAILED" {
            self.fail(task["trace"].to_string(), expect);
        }
    }

    fn fail(&mut self, failure: String, expect: Expect) {
        assert!(expect == Expect::Failed, "{failure}");
        self.failure = Some(failure);
        self.running = None;
    }

    fn stop(&mut self, drain: bool) {
        if drain {
            self.drain();
        }
        if let Some(walcast) = self.running.take() {
            let code = walcast.stop();
            assert_eq!(code, 0, "exit code after SIGTERM");
        }
    }

    /// Waits until every record that will come has come.
    fn drain(&mut self) {
        let slot = self.setting("slot.name", "debezium");
        let target = rig::ask("SELECT pg_current_wal_insert_lsn()");
        let settle = self.case.document.settle.map(Duration::from_secs_f64);
        let quiet_for = settle.or((self.case.document.expect == Expect::Running).then_some(SETTLE));
        let mut last = (0, Instant::now());
        wait_for("the end", || {
            self.check(self.case.document.expect);
            if self.running.is_none() {
                return true;
            }
            if !(self.case.document.expect == Expect::Running || slot_confirmed(&slot, &target)) {
                return false;
            }
            let Some(quiet_for) = quiet_for else { return true };
            let names = topics::topics(|topic| self.case.owns(topic) && !self.case.is_volatile(topic));
            let count = names.keys().map(|topic| topics::count(topic)).sum::<i64>();
            if count != last.0 {
                last = (count, Instant::now());
            }
            last.1.elapsed() >= quiet_for
        });
    }

    fn finish(&mut self) {
        if self.case.document.expect == Expect::Failed {
            wait_for("the failure", || {
                self.check(Expect::Failed);
                self.running.is_none()
            });
            assert!(self.failure.is_some(), "stopped before it failed");
        } else if self.running.is_some() {
            self.stop(true);
        }
    }

    /// The records, after the settings of their topics when these count, in the words of a recording.
    fn dump(&self) -> Vec<Value> {
        let mut lines = Vec::new();
        if self.case.document.dump_topic_configs {
            for (topic, partitions) in topics::topics(|topic| self.case.owns(topic)) {
                let settings = topics::own_settings(&topic);
                lines.push(json!({ "topic": topic, "partitions": partitions, "topic_config": settings }));
            }
        }
        lines.extend(topics::dump(|topic| self.case.owns(topic)).iter().map(compare::recorded));
        lines
    }

    /// Null removes a setting.
    fn merge(&mut self, own: &Map<String, Value>) {
        for (key, value) in own {
            match value {
                Value::Null => self.config.remove(key),
                value => self.config.insert(key.clone(), json!(self.filled(&text(value)))),
            };
        }
    }

    fn filled(&self, text: &str) -> String {
        let pg = rig::postgres();
        let values = [
            ("{{bootstrap}}", kafka()),
            ("{{database}}", self.database.name.clone()),
            ("{{slot}}", self.slot.clone()),
            ("{{prefix}}", self.case.prefix().to_owned()),
            ("{{pg_host}}", pg.host),
            ("{{pg_port}}", pg.port.to_string()),
            ("{{case_dir}}", self.case.folder.display().to_string()),
        ];
        values.into_iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, &value))
    }

    /// Topics that the case itself writes to: emptied before, never compared.
    fn inputs(&self) -> Vec<String> {
        let steps = self.case.steps().into_iter();
        let topics = steps.filter_map(|step| match step {
            Step::Produce { produce } => Some(self.filled(&produce.topic)),
            _ => None,
        });
        topics.collect()
    }

    fn write_worker(&self) {
        let json = "org.apache.kafka.connect.json.JsonConverter";
        let mut worker = rig::worker(&unique(&self.case.name));
        worker.push_str(&format!("key.converter={json}\nvalue.converter={json}\n"));
        for (key, value) in &self.case.document.worker {
            worker.push_str(&format!("{key}={}\n", text(value)));
        }
        self.folder.write("worker.properties", &worker);
    }

    fn psql(&self, text: &str) -> String {
        let slot = format!("slot={}", self.setting("slot.name", "debezium"));
        let (prefix, database) = (format!("prefix={}", self.case.prefix()), format!("database={}", self.database.name));
        psql(&self.database.name, &["-v", &slot, "-v", &prefix, "-v", &database], text)
    }

    fn setting(&self, key: &str, default: &str) -> String {
        self.config.get(key).map_or_else(|| default.to_owned(), text)
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
