//! Those who bring a slot's changes, or a table's rows, into a topic: walcast and Debezium, as a user would start them.

use std::fs::File;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::now_ms;
use crate::rig::{Folder, connector, free_port, http, kafka, wait_for};
use crate::topic;
use crate::topics;
use crate::workload::Prepared;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Contender {
    Walcast { exactly_once: bool },
    Debezium { tuned: bool },
}

/// What the records look like.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// JSON without schemas.
    Plain,
    /// JSON with its schema in each record: the default of Connect.
    Schemas,
    /// `ExtractNewRecordState`, without schemas.
    Unwrapped,
}

/// A process that reads one slot into topics of its own.
pub struct Running {
    pub child: Child,
    /// When its process was started.
    pub since: i64,
    pub topic: String,
    folder: Folder,
}

impl Contender {
    pub fn name(self) -> &'static str {
        match self {
            Self::Walcast { exactly_once: false } => "walcast",
            Self::Walcast { exactly_once: true } => "walcast, exactly once",
            Self::Debezium { tuned: false } => "Debezium",
            Self::Debezium { tuned: true } => "Debezium, tuned",
        }
    }

    /// Starts it on `slot` (or, `snapshot`, on the rows that are there). It is running when its process is; nothing
    /// else is waited for.
    pub fn start(self, prepared: &Prepared, slot: &str, form: Form, snapshot: bool) -> Running {
        let folder = Folder::new();
        let config = self.config(prepared, slot, form, snapshot);
        let topic = format!("{slot}.public.t");
        topics::create(&topic, &[("message.timestamp.type", "LogAppendTime"), ("file.delete.delay.ms", "1000")]);
        if !snapshot {
            topics::create(&format!("{slot}-offsets"), &[("cleanup.policy", "compact")]);
            topic::store_offset(&format!("{slot}-offsets"), slot, &prepared.from);
        }
        let port = free_port();
        folder.write("worker.properties", &self.worker(slot, port));
        let document = json!({ "name": slot, "config": config }).to_string();
        folder.write("connector.json", &document);
        let log = File::create(folder.0.join("log")).expect("a log file");
        let mut command = match self {
            Self::Walcast { .. } => {
                let mut command = Command::new(env!("CARGO_BIN_EXE_walcast"));
                command.args([
                    "run",
                    "--worker",
                    "worker.properties",
                    "connector.json",
                    "--listen",
                    &format!("127.0.0.1:{port}"),
                ]);
                command
            }
            Self::Debezium { .. } => connect(),
        };
        let since = now_ms();
        let child = command
            .current_dir(&folder.0)
            .stdin(Stdio::null())
            .stdout(log.try_clone().expect("the log twice"))
            .stderr(log)
            .spawn()
            .expect("it starts");
        let running = Running { child, since, topic, folder };
        if let Self::Debezium { .. } = self {
            wait_for("Connect to answer", || matches!(http(port, "GET", "/connectors", None), Some((200, _))));
            let answer = http(port, "POST", "/connectors", Some(&document)).map(|(status, _)| status);
            assert_eq!(answer, Some(201), "Connect takes the connector");
        }
        running
    }

    fn worker(self, slot: &str, port: u16) -> String {
        let mut lines = vec![
            format!("bootstrap.servers={}", kafka()),
            format!("group.id={slot}"),
            format!("offset.storage.topic={slot}-offsets"),
            "offset.storage.replication.factor=1".to_owned(),
            "offset.storage.partitions=1".to_owned(),
        ];
        match self {
            Self::Walcast { exactly_once: false } => {}
            Self::Walcast { exactly_once: true } => lines.push("exactly.once.source.support=enabled".to_owned()),
            Self::Debezium { .. } => lines.extend([
                format!("listeners=http://127.0.0.1:{port}"),
                format!("config.storage.topic={slot}-configs"),
                format!("status.storage.topic={slot}-status"),
                "config.storage.replication.factor=1".to_owned(),
                "status.storage.replication.factor=1".to_owned(),
                "key.converter=org.apache.kafka.connect.json.JsonConverter".to_owned(),
                "value.converter=org.apache.kafka.connect.json.JsonConverter".to_owned(),
            ]),
        }
        lines.join("\n") + "\n"
    }

    fn config(self, prepared: &Prepared, slot: &str, form: Form, snapshot: bool) -> Value {
        let mut config = connector(&prepared.database.name, slot);
        let mut set = |name: &str, value: &str| config[name] = json!(value);
        set("slot.name", slot);
        set("publication.name", "p");
        set("publication.autocreate.mode", "disabled");
        set("snapshot.mode", if snapshot { "initial" } else { "no_data" });
        set("status.update.interval.ms", "10000");
        for side in ["key", "value"] {
            set(&format!("{side}.converter"), "org.apache.kafka.connect.json.JsonConverter");
            set(&format!("{side}.converter.schemas.enable"), if form == Form::Schemas { "true" } else { "false" });
        }
        if form == Form::Unwrapped {
            set("transforms", "unwrap");
            set("transforms.unwrap.type", "io.debezium.transforms.ExtractNewRecordState");
        }
        match self {
            Self::Walcast { .. } => set("producer.override.compression.type", "lz4"),
            Self::Debezium { tuned: false } => {}
            Self::Debezium { tuned: true } => {
                for (name, value) in TUNED {
                    set(name, value);
                }
            }
        }
        config
    }
}

/// What its documentation and its users recommend for throughput.
const TUNED: &[(&str, &str)] = &[
    ("max.batch.size", "20480"),
    ("max.queue.size", "81920"),
    ("poll.interval.ms", "10"),
    ("producer.override.compression.type", "lz4"),
    ("producer.override.linger.ms", "5"),
    ("producer.override.batch.size", "524288"),
    ("producer.override.buffer.memory", "134217728"),
];

/// With the flags of bin/connect-distributed.sh.
fn connect() -> Command {
    let libs = std::env::var("WALCAST_TEST_DEBEZIUM").expect("WALCAST_TEST_DEBEZIUM: run `make bench`");
    let mut java = Command::new("java");
    java.args(["-Xms256M", "-Xmx2G", "-server", "-XX:+UseG1GC", "-XX:MaxGCPauseMillis=20"])
        .args(["-XX:InitiatingHeapOccupancyPercent=35", "-XX:+ExplicitGCInvokesConcurrent"])
        .arg(format!("-Dlog4j2.configurationFile={}/tests/kafka/log4j2.properties", env!("CARGO_MANIFEST_DIR")))
        .args(["-cp", &format!("{libs}/*"), "org.apache.kafka.connect.cli.ConnectDistributed", "worker.properties"]);
    java
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    /// The last words of its log.
    pub fn log(&self) -> String {
        let log = std::fs::read_to_string(self.folder.0.join("log")).unwrap_or_default();
        let tail: Vec<&str> = log.lines().rev().take(30).collect();
        tail.into_iter().rev().collect::<Vec<_>>().join("\n")
    }
}
