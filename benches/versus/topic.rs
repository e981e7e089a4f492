//! What arrived in a topic, and when the broker had it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::Timestamp;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{BorrowedMessage, Message};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use serde_json::Value;

use crate::rig::{kafka, sleep, unique};
use crate::topics::{count, produce};

/// How long a contender may bring nothing.
const STANDSTILL: Duration = Duration::from_secs(120);

/// All that a committed reader finds.
#[derive(Default)]
pub struct Arrived {
    pub records: i64,
    /// Keys, values and headers.
    pub bytes: u64,
    /// The broker's clock, in milliseconds since the epoch.
    pub first: i64,
    pub last: i64,
    /// What the records leave of the table: id and `b` of each row.
    pub rows: BTreeMap<i64, i64>,
}

/// As a Connect task would have stored it that had taken everything before `lsn`.
pub fn store_offset(topic: &str, name: &str, lsn: &str) {
    let (high, low) = lsn.split_once('/').expect("an LSN");
    let part = |text| u64::from_str_radix(text, 16).expect("an LSN");
    let lsn = (part(high) << 32) | part(low);
    let value = format!(
        r#"{{"lsn_proc":{lsn},"messageType":"COMMIT","lsn_commit":{lsn},"lsn":{lsn},"txId":1,"ts_usec":1600000000000000}}"#
    );
    produce(topic, Some(&format!(r#"["{name}",{{"server":"{name}"}}]"#)), Some(&value));
}

/// Waits until the topic holds `records`, or says why not.
pub fn wait(topic: &str, records: i64, mut trouble: impl FnMut() -> Option<String>) {
    let (mut seen, mut since) = (0, Instant::now());
    while seen < records {
        let now = count(topic);
        if now > seen {
            (seen, since) = (now, Instant::now());
        }
        let trouble = trouble();
        assert!(
            trouble.is_none() && since.elapsed() < STANDSTILL,
            "{seen} of {records} records: {}",
            trouble.unwrap_or_default()
        );
        sleep(Duration::from_millis(20));
    }
}

/// A committed reader at the beginning (or, for what comes, the end) of a topic.
pub fn reader(topic: &str, from: Offset) -> BaseConsumer {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", kafka())
        .set("group.id", unique("versus"))
        .set("enable.auto.commit", "false")
        .set("isolation.level", "read_committed")
        .set("fetch.wait.max.ms", "100")
        .set("check.crcs", "false")
        .create()
        .expect("a consumer");
    let mut assignment = TopicPartitionList::new();
    assignment.add_partition_offset(topic, 0, from).expect("a partition");
    consumer.assign(&assignment).expect("assigned");
    consumer
}

/// Reads `records`, and folds them if `fold`.
pub fn read(topic: &str, records: i64, fold: bool) -> Arrived {
    let consumer = reader(topic, Offset::Beginning);
    let mut arrived = Arrived::default();
    while arrived.records < records {
        let message = consumer.poll(STANDSTILL).expect("records that are there").expect("a record");
        let Timestamp::LogAppendTime(at) = message.timestamp() else { panic!("the topic has the broker's time") };
        if arrived.records == 0 {
            arrived.first = at;
        }
        arrived.last = at;
        arrived.records += 1;
        arrived.bytes += (message.key_len() + message.payload_len()) as u64;
        if fold {
            arrived.fold(&message);
        }
    }
    arrived
}

impl Arrived {
    fn fold(&mut self, message: &BorrowedMessage<'_>) {
        let id = message.key().map(bare).and_then(|key| key["id"].as_i64()).expect("a key with an id");
        let value = message.payload().map(bare);
        let row = value.as_ref().map(|value| value.get("after").unwrap_or(value));
        match row.and_then(|row| row["b"].as_i64()) {
            Some(b) => drop(self.rows.insert(id, b)),
            None => drop(self.rows.remove(&id)),
        }
    }
}

/// A document without its schema.
fn bare(bytes: &[u8]) -> Value {
    let mut value: Value = serde_json::from_slice(bytes).expect("JSON");
    value.get_mut("payload").map(Value::take).unwrap_or(value)
}
