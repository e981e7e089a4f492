//! What a round needs around it: settings, topics, a look at the tables, and the cleaning up.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::Consumer;
use serde_json::json;

use crate::check::Mode;
use crate::dialect::OFFSETS;
use crate::journal::{Rows, TABLES};
use crate::record::{consumer, mark};
use crate::rig::{Folder, connector, kafka, wait_for};
use crate::session::Session;

/// Where the proxies listen.
pub struct Ports {
    pub postgres: u16,
    pub kafka: u16,
}

/// A folder with the worker's and the connector's settings.
pub fn configure(ports: Ports, name: &str, mode: Mode) -> Folder {
    let folder = Folder::new();
    // The broker's own listener tells of the proxy: every connection goes through it.
    let bootstrap = format!("127.0.0.1:{}", ports.kafka);
    let exactly_once = if mode == Mode::ExactlyOnce { "exactly.once.source.support=enabled\n" } else { "" };
    folder.write(
        "worker.properties",
        &format!(
            "bootstrap.servers={bootstrap}\ngroup.id={name}\noffset.storage.topic={name}{OFFSETS}\n\
             offset.storage.replication.factor=1\noffset.storage.partitions=1\n{exactly_once}"
        ),
    );
    let mut config = connector(name, name);
    let json_converter = "org.apache.kafka.connect.json.JsonConverter";
    for (key, value) in [
        ("database.port", ports.postgres.to_string().as_str()),
        ("database.hostname", "127.0.0.1"),
        ("database.sslmode", "disable"),
        ("skipped.operations", "none"),
        ("table.exclude.list", "public.settled"),
        ("key.converter", json_converter),
        ("value.converter", json_converter),
        ("key.converter.schemas.enable", "false"),
        ("value.converter.schemas.enable", "false"),
    ] {
        config[key] = json!(value);
    }
    if mode == Mode::ExactlyOnce {
        config["exactly.once.support"] = json!("required");
    }
    folder.write("connector.json", &json!({ "name": name, "config": config }).to_string());
    folder
}

/// So that the probe's reader need not wait for its topic.
pub fn make_topics(topics: &[String]) {
    let admin: AdminClient<_> =
        ClientConfig::new().set("bootstrap.servers", kafka()).create().expect("an admin client");
    let new: Vec<_> = topics.iter().map(|topic| NewTopic::new(topic, 1, TopicReplication::Fixed(1))).collect();
    let made = admin.create_topics(&new, &AdminOptions::new());
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(made).expect("Kafka answers");
    let consumer = consumer();
    wait_for("the topics to have leaders", || {
        topics.iter().all(|topic| consumer.fetch_watermarks(topic, 0, Duration::from_secs(1)).is_ok())
    });
}

/// Peak resident memory so far, in KiB.
pub fn peak(process: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()).and_then(|kib| kib.parse().ok()).unwrap_or(0)
}

/// The tables as they are.
pub fn rows(session: &Session) -> Rows {
    let rows = TABLES.iter().map(|table| {
        let (key, body) = match *table {
            "pair" => ("a || '/' || b", "''"),
            "keyless" => ("seq::text", "''"),
            "big" => ("id::text", "split_part(body, '.', 1)"),
            _ => ("id::text", "''"),
        };
        let rows = session.rows(&format!("SELECT {key}, seq, {body} FROM {table}")).expect("the rows of a table");
        let rows = rows.into_iter().map(|row| {
            let [key, seq, body] = <[String; 3]>::try_from(row).expect("three columns");
            (key, (seq.parse().expect("a number"), mark(&body).to_owned()))
        });
        rows.collect::<BTreeMap<_, _>>()
    });
    rows.collect()
}

pub fn wait_until_gone(admin: &mut Session, name: &str) {
    let active = format!("SELECT count(*) FROM pg_replication_slots WHERE database = '{name}' AND active");
    wait_for("no one to use the slot", || admin.run(&active).concat() == "0");
    admin.run(&format!(
        "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = '{name}'"
    ));
    admin.run(&format!("DROP DATABASE {name} WITH (FORCE)"));
}
