//! A producer that is no contender: it warms the broker, and takes its time beside a ceiling.

use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::{BaseRecord, DefaultProducerContext, Producer, ThreadedProducer};
use rdkafka::topic_partition_list::Offset;

use crate::latency;
use crate::rig::{kafka, sleep, unique};
use crate::topic;
use crate::topics;

/// What the broker must have done before it takes no less time for more of the same: its compiler is done then.
const MILLIONS: usize = 5;
const TRANSACTIONS: usize = 1000;
const BEATS: usize = 2;

/// Lets the broker compile its code before anything is counted: whoever came first would find it three times as dear.
pub fn warm() {
    let made_up = |n: u32| (n.to_string().into_bytes(), format!("{n} ").repeat(100).into_bytes());
    let sample = Sample { records: (0..10_000).map(made_up).collect(), total: 1_000_000 };
    for _ in 0..MILLIONS {
        sample.write();
    }
    sample.write_in_transactions(TRANSACTIONS);
    for _ in 0..BEATS {
        latency::of_the_broker(1000);
    }
}

/// Records as they were written in this run, to be written again.
pub struct Sample {
    records: Vec<(Vec<u8>, Vec<u8>)>,
    total: i64,
}

impl Sample {
    /// A part of what lies in `topic`.
    pub fn of(topic: &str, total: i64) -> Self {
        let reader = topic::reader(topic, Offset::Beginning);
        let wanted = usize::try_from(total.min(50_000)).expect("a count");
        let mut records = Vec::with_capacity(wanted);
        while records.len() < wanted {
            let message = reader.poll(Duration::from_secs(30)).expect("records that are there").expect("a record");
            let owned = |bytes: Option<&[u8]>| bytes.unwrap_or_default().to_vec();
            records.push((owned(message.key()), owned(message.payload())));
        }
        Self { records, total }
    }

    /// Writes them all, as fast as the broker takes them.
    pub fn write(&self) {
        let topic = Topic::new();
        let producer = producer(&[]);
        for (_, record) in (0..self.total).zip(self.records.iter().cycle()) {
            topic.send(&producer, record);
        }
        producer.flush(PATIENCE).expect("Kafka took them");
    }

    fn write_in_transactions(&self, transactions: usize) {
        let topic = Topic::new();
        let producer = producer(&[("transactional.id", &topic.name)]);
        producer.init_transactions(PATIENCE).expect("an id");
        for records in self.records.chunks(20).cycle().take(transactions) {
            producer.begin_transaction().expect("a transaction");
            records.iter().for_each(|record| topic.send(&producer, record));
            producer.commit_transaction(PATIENCE).expect("Kafka took it");
        }
    }
}

const PATIENCE: Duration = Duration::from_secs(60);

fn producer(more: &[(&str, &str)]) -> ThreadedProducer<DefaultProducerContext> {
    let mut settings = ClientConfig::new();
    settings.set("bootstrap.servers", kafka()).set("enable.idempotence", "true").set("compression.type", "lz4");
    for (name, value) in more {
        settings.set(*name, *value);
    }
    settings.create().expect("a producer")
}

/// One to be written to, and deleted afterwards.
pub struct Topic {
    pub name: String,
}

impl Topic {
    pub fn new() -> Self {
        let name = unique("beside");
        topics::create(&name, &[("file.delete.delay.ms", "1000")]);
        Self { name }
    }

    /// Sends so many records a second, each at once; the answer is when.
    pub fn beat(&self, a_second: u32, count: i64) -> Vec<Instant> {
        let producer = producer(&[("linger.ms", "0")]);
        let value = "v".repeat(500).into_bytes();
        let began = Instant::now();
        let sent = (0..count)
            .map(|id| {
                let due = Duration::from_secs_f64(id as f64 / f64::from(a_second));
                sleep(due.saturating_sub(began.elapsed()));
                let key = format!(r#"{{"id":{id}}}"#).into_bytes();
                let now = Instant::now();
                self.send(&producer, &(key, value.clone()));
                now
            })
            .collect();
        producer.flush(PATIENCE).expect("Kafka took them");
        sent
    }

    /// Waits while the queue is full.
    fn send(&self, producer: &ThreadedProducer<DefaultProducerContext>, (key, value): &(Vec<u8>, Vec<u8>)) {
        let mut record = BaseRecord::<[u8], [u8]>::to(&self.name).key(key).payload(value);
        while let Err((error, back)) = producer.send(record) {
            assert_eq!(error, KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull));
            record = back;
            sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Topic {
    fn drop(&mut self) {
        topics::delete(&[std::mem::take(&mut self.name)]);
    }
}
