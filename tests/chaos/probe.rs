//! Times recoveries: a row every few milliseconds, and a committed reader that notes when each arrives.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;
use rdkafka::message::Message;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use serde_json::Value;

use crate::journal::{Event, TABLES, Transaction};
use crate::record::consumer;
use crate::rig::sleep;
use crate::session::{Outcome, Session};

#[derive(Default)]
pub struct Probe {
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// Begin of the row's transaction.
    written: HashMap<i64, Instant>,
    /// When the row was first read, in that order.
    arrived: Vec<(i64, Instant)>,
}

impl Probe {
    /// Writes until `done`; answers the journal.
    pub fn write(&self, database: &str, done: &AtomicBool) -> Vec<Transaction> {
        let mut session = Session::open(database);
        let mut journal = Vec::new();
        let mut id = 0;
        while !done.load(Ordering::Relaxed) {
            id += 1;
            self.seen().written.insert(id, Instant::now());
            let script = format!("INSERT INTO probe VALUES ({id}, {id}, 'n{id}');");
            if let Outcome::Committed(xid) = session.transaction(&script, true) {
                let event = Event { table: TABLES.len() - 1, key: id.to_string(), op: 'c', seq: Some(id) };
                journal.push(Transaction { xid, events: vec![event] });
            }
            sleep(Duration::from_millis(10));
        }
        journal
    }

    /// Reads until `done`.
    pub fn read(&self, topic: &str, done: &AtomicBool) {
        let consumer = consumer();
        let mut from = TopicPartitionList::new();
        from.add_partition_offset(topic, 0, Offset::Beginning).expect("a partition");
        consumer.assign(&from).expect("assigned");
        while !done.load(Ordering::Relaxed) {
            // A broker that is away says so again and again.
            let Some(Ok(message)) = consumer.poll(Duration::from_millis(50)) else { continue };
            let key: Option<Value> = message.key().and_then(|key| serde_json::from_slice(key).ok());
            if let Some(id) = key.and_then(|key| key["id"].as_i64()) {
                self.seen().arrived.push((id, Instant::now()));
            }
        }
    }

    /// The time from `since` until a row written after it could be read; `None` as long as there is none.
    pub fn recovery(&self, since: Instant) -> Option<Duration> {
        let seen = self.seen();
        let first = seen.arrived.iter().find(|(id, _)| seen.written[id] >= since)?;
        Some(first.1 - since)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
