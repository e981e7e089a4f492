//! What the servers allow: the slot and the table read by Postgres' own clients, which do nothing with it, alone and
//! while the broker is being written as much as walcast would write.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::Message;
use rdkafka::producer::DefaultProducerContext;
use rdkafka::producer::{BaseRecord, Producer, ThreadedProducer};
use rdkafka::topic_partition_list::Offset;

use crate::process::{self, Cost, Walsender};
use crate::rig::{kafka, postgres, sleep, unique};
use crate::topic;
use crate::topics;
use crate::workload::Prepared;

/// Times a million records; after this many the broker takes no less for each.
const WARMING: usize = 10;
/// The same of transactions.
const TRANSACTIONS: usize = 1000;

/// What a client of Postgres' own did.
pub struct Pass {
    /// From its first byte to its last.
    pub seconds: f64,
    /// From its start, the broker's share included.
    pub total: f64,
    pub client: Cost,
    pub walsender: Cost,
}

/// Lets the broker compile its code before anything is counted: whoever came first would find it three times as dear.
pub fn warm() {
    let made_up = |n: u32| (n.to_string().into_bytes(), format!("{n} ").repeat(100).into_bytes());
    let sample = Sample { records: (0..10_000).map(made_up).collect(), total: 1_000_000 };
    for _ in 0..WARMING {
        sample.write();
    }
    sample.write_in_transactions(TRANSACTIONS);
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
    fn write(&self) {
        let topic = Topic::new();
        let producer = producer(&[]);
        for (_, record) in (0..self.total).zip(self.records.iter().cycle()) {
            topic.send(&producer, record);
        }
        producer.flush(PATIENCE).expect("Kafka took them");
    }

    fn write_in_transactions(&self, transactions: usize) {
        let topic = Topic::new();
        let producer = producer(&[("transactional.id", &topic.0)]);
        producer.init_transactions(PATIENCE).expect("an id");
        for records in self.records.chunks(self.records.len() / 20).cycle().take(transactions) {
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
struct Topic(String);

impl Topic {
    fn new() -> Self {
        let name = unique("beside");
        topics::create(&name, &[("file.delete.delay.ms", "1000")]);
        Self(name)
    }

    /// Waits while the queue is full.
    fn send(&self, producer: &ThreadedProducer<DefaultProducerContext>, (key, value): &(Vec<u8>, Vec<u8>)) {
        let mut record = BaseRecord::<[u8], [u8]>::to(&self.0).key(key).payload(value);
        while let Err((error, back)) = producer.send(record) {
            assert_eq!(error, KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull));
            record = back;
            sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Topic {
    fn drop(&mut self) {
        topics::delete(&[std::mem::take(&mut self.0)]);
    }
}

fn client(program: &str, database: &str) -> Command {
    let pg = postgres();
    let folder = std::env::var("WALCAST_TEST_PG_BIN").map(PathBuf::from).unwrap_or_default();
    let mut command = Command::new(folder.join(program));
    command
        .args(["-h", &pg.host, "-p", &pg.port.to_string(), "-U", &pg.user, "-d", database])
        .env("PGPASSWORD", &pg.password)
        .env("PGAPPNAME", program)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    command
}

/// `pg_recvlogical` from `slot` to the end of what was prepared.
pub fn recvlogical(prepared: &Prepared, slot: &str, beside: Option<&Sample>) -> Pass {
    let mut command = client("pg_recvlogical", &prepared.database.name);
    command.args(["--slot", slot, "--start", "-f", "/dev/null", "--no-loop", "--endpos", &prepared.to]).args([
        "-o",
        "proto_version=1",
        "-o",
        "publication_names=p",
    ]);
    pass(command, Walsender::watch(slot), beside)
}

/// `COPY` of the table to psql.
pub fn copy(prepared: &Prepared, beside: Option<&Sample>) -> Pass {
    let mut command = client("psql", &prepared.database.name);
    command.args(["-X", "-q", "-c", "COPY t TO STDOUT", "-o", "/dev/null"]);
    let query = format!(
        "SELECT pid FROM pg_stat_activity WHERE datname = '{}' AND query LIKE 'COPY t%'",
        prepared.database.name
    );
    pass(command, Walsender::of(query), beside)
}

fn pass(mut command: Command, walsender: Walsender, beside: Option<&Sample>) -> Pass {
    let started = Instant::now();
    let child = command.spawn().expect("a client of Postgres");
    std::thread::scope(|scope| {
        let writer = beside.map(|sample| scope.spawn(|| sample.write()));
        let (seconds, client) = follow(child);
        if let Some(writer) = writer {
            writer.join().expect("the broker took the records");
        }
        let total = started.elapsed().as_secs_f64();
        let seconds = if beside.is_some() { seconds.max(total) } else { seconds };
        Pass { seconds, total, client, walsender: walsender.cost() }
    })
}

/// Watches it write until it ends: how long that took, and what it cost.
fn follow(mut child: Child) -> (f64, Cost) {
    let (pid, mut first, mut last, mut seen) = (child.id(), None, Instant::now(), 0);
    let mut cost = Cost::default();
    loop {
        let written = process::written(pid).unwrap_or(seen);
        if written > seen {
            (seen, last) = (written, Instant::now());
            first.get_or_insert(last);
        }
        cost = Cost {
            cpu: process::cpu(pid).unwrap_or(cost.cpu),
            peak_kb: process::memory(pid, "VmHWM:").unwrap_or(cost.peak_kb),
        };
        if let Some(status) = child.try_wait().expect("a child") {
            assert!(status.success(), "the client of Postgres ended with {status}");
            return (last.duration_since(first.unwrap_or(last)).as_secs_f64(), cost);
        }
        sleep(Duration::from_millis(1));
    }
}
