//! Records of a topic, as the checker reads them.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::KafkaError;
use rdkafka::message::Message;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use serde_json::Value;

use crate::journal::{EVERYTHING, TABLES};
use crate::rig::{PATIENCE, kafka, unique};

/// What Debezium writes for a value that the server did not send.
const UNAVAILABLE: &str = "__debezium_unavailable_value";

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Record {
    Change(Change),
    /// A row of the snapshot.
    Read {
        key: String,
        seq: i64,
        body: String,
    },
    Tombstone {
        key: String,
    },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub xid: u32,
    pub lsn: i64,
    pub key: String,
    pub op: char,
    pub seq: Option<i64>,
    /// `None`: unchanged, or there is none.
    pub body: Option<String>,
    /// When it was sent, in milliseconds.
    pub sent: i64,
}

/// By table, in the order of the topic's only partition.
pub type Topics = Vec<Vec<Record>>;

pub fn consumer() -> BaseConsumer {
    ClientConfig::new()
        .set("bootstrap.servers", kafka())
        .set("group.id", unique("chaos"))
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("fetch.wait.max.ms", "10")
        .set("reconnect.backoff.max.ms", "100")
        .set("isolation.level", "read_committed")
        .create()
        .expect("a consumer")
}

/// Everything committed readers see.
pub fn read(prefix: &str) -> Result<Topics, String> {
    let consumer = consumer();
    let metadata = consumer.fetch_metadata(None, PATIENCE).map_err(|e| e.to_string())?;
    let mut assignment = TopicPartitionList::new();
    let names: BTreeMap<String, usize> =
        TABLES.iter().enumerate().map(|(at, table)| (format!("{prefix}.public.{table}"), at)).collect();
    let mut open = 0;
    for topic in metadata.topics().iter().filter(|topic| names.contains_key(topic.name())) {
        assignment.add_partition_offset(topic.name(), 0, Offset::Offset(0)).map_err(|e| e.to_string())?;
        open += 1;
    }
    consumer.assign(&assignment).map_err(|e| e.to_string())?;
    let mut topics = vec![Vec::new(); TABLES.len()];
    let end = Instant::now() + PATIENCE;
    while open > 0 {
        if Instant::now() > end {
            return Err("committed readers do not reach the end of the topics: a transaction is left open".to_owned());
        }
        match consumer.poll(Duration::from_millis(100)) {
            None => {}
            Some(Err(KafkaError::PartitionEOF(_))) => open -= 1,
            Some(Err(e)) => return Err(e.to_string()),
            Some(Ok(message)) => {
                let table = names[message.topic()];
                let sent = message.timestamp().to_millis().unwrap_or(0);
                let record = parse(table, message.key(), message.payload(), sent);
                topics[table].push(record.ok_or_else(|| {
                    let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or(b"null")).into_owned();
                    format!(
                        "{}: not a record of this workload: {} {}",
                        TABLES[table],
                        text(message.key()),
                        text(message.payload())
                    )
                })?);
            }
        }
    }
    Ok(topics)
}

fn parse(table: usize, key: Option<&[u8]>, value: Option<&[u8]>, sent: i64) -> Option<Record> {
    let key = match key {
        None => None,
        Some(key) => {
            let key: Value = serde_json::from_slice(key).ok()?;
            Some(match key["id"].as_i64() {
                Some(id) => id.to_string(),
                None => format!("{}/{}", key["a"].as_i64()?, key["b"].as_str()?),
            })
        }
    };
    let Some(value) = value else { return Some(Record::Tombstone { key: key? }) };
    let value: Value = serde_json::from_slice(value).ok()?;
    let (after, source) = (&value["after"], &value["source"]);
    let op = value["op"].as_str()?.chars().next()?;
    let seq = after["seq"].as_i64();
    // The columns of a row belong together.
    if seq.is_some_and(|seq| after["note"].as_str() != Some(&format!("n{seq}"))) {
        return None;
    }
    let body = after["body"].as_str().filter(|body| *body != UNAVAILABLE).map(|body| mark(body).to_owned());
    let key = match (key, op) {
        (_, 't') => EVERYTHING.to_owned(),
        (Some(key), _) => key,
        // Without a key: each row is there once.
        (None, _) if TABLES[table] == "keyless" => seq?.to_string(),
        (None, _) => return None,
    };
    if op == 'r' {
        return Some(Record::Read { key, seq: seq?, body: body.unwrap_or_default() });
    }
    let (xid, lsn) = (u32::try_from(source["txId"].as_i64()?).ok()?, source["lsn"].as_i64()?);
    Some(Record::Change(Change { xid, lsn, key, op, seq, body, sent }))
}

/// What tells one big value from another.
pub fn mark(body: &str) -> &str {
    body.split('.').next().unwrap_or(body)
}
