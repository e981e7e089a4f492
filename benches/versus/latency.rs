//! From commit to readable in Kafka, while transactions are committed at a given rate.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::message::Message;
use rdkafka::topic_partition_list::Offset;
use tokio::runtime::Builder;
use tokio::time::{MissedTickBehavior, interval};
use tokio_postgres::NoTls;

use crate::rig::postgres;
use crate::topic;
use crate::workload::Prepared;
use crate::writer::Topic;

/// Transactions are written for so long; the first second is not counted.
const SECONDS: u32 = 10;
const WRITERS: u32 = 4;

/// Milliseconds.
pub struct Latency {
    pub p50: f64,
    pub p99: f64,
    pub p999: f64,
}

/// Ids are handed out in steps, so that those of one measurement are not those of another.
pub fn measure(prepared: &Prepared, topic: &str, transactions: u32, rows: u32, first_id: i64) -> Latency {
    let count = i64::from(transactions * SECONDS);
    let committed = Arc::new(Mutex::new(vec![None; usize::try_from(count).expect("a count")]));
    let seen = std::thread::scope(|scope| {
        let reader = scope.spawn(|| arrivals(topic, count, i64::from(rows), first_id));
        write(prepared, transactions, rows, first_id, &committed);
        reader.join().expect("all were read")
    });
    let committed = committed.lock().unwrap_or_else(PoisonError::into_inner);
    let committed = committed.iter().map(|commit| commit.expect("was committed"));
    distribution(committed.zip(seen).skip(transactions as usize))
}

/// The same of the broker alone: a record on each beat, from being handed to a producer that waits for nothing.
pub fn of_the_broker(records: u32) -> Latency {
    let count = i64::from(records * SECONDS);
    let topic = Topic::new();
    let (sent, seen) = std::thread::scope(|scope| {
        let reader = scope.spawn(|| arrivals(&topic.name, count, 1, 0));
        let sent = topic.beat(records, count);
        (sent, reader.join().expect("all were read"))
    });
    distribution(sent.into_iter().zip(seen).skip(records as usize))
}

fn distribution(spans: impl Iterator<Item = (Instant, Instant)>) -> Latency {
    let mut times: Vec<f64> = spans.map(|(from, to)| to.saturating_duration_since(from).as_secs_f64() * 1e3).collect();
    times.sort_by(f64::total_cmp);
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    Latency { p50: at(0.5), p99: at(0.99), p999: at(0.999) }
}

/// When the last row of each transaction could be read.
fn arrivals(topic: &str, count: i64, rows: i64, first_id: i64) -> Vec<Instant> {
    let consumer = topic::reader(topic, Offset::Beginning);
    let mut seen = vec![None; usize::try_from(count).expect("a count")];
    let mut open = count;
    while open > 0 {
        let message = consumer.poll(Duration::from_secs(60)).expect("more records").expect("a record");
        let now = Instant::now();
        let key: serde_json::Value = serde_json::from_slice(message.key().expect("a key")).expect("JSON");
        let id = key["id"].as_i64().expect("an id") - first_id;
        if id < 0 || id % rows != rows - 1 {
            continue;
        }
        let slot = &mut seen[usize::try_from(id / rows).expect("in order")];
        if slot.replace(now).is_none() {
            open -= 1;
        }
    }
    seen.into_iter().map(|at| at.expect("seen")).collect()
}

/// Writes in the pace asked for; notes when the server had answered each commit.
fn write(
    prepared: &Prepared,
    transactions: u32,
    rows: u32,
    first_id: i64,
    committed: &Arc<Mutex<Vec<Option<Instant>>>>,
) {
    let pg = postgres();
    let mut config = tokio_postgres::Config::new();
    config.host(&pg.host).port(pg.port).user(&pg.user).password(&pg.password).dbname(&prepared.database.name);
    let each = transactions / WRITERS;
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (config, committed) = (config.clone(), Arc::clone(committed));
                tokio::spawn(async move {
                    let (client, connection) = config.connect(NoTls).await.expect("a connection");
                    tokio::spawn(connection);
                    let insert = client
                        .prepare(
                            "INSERT INTO t SELECT n, n, 1, 'name ' || n, repeat('x', 60), n / 100.0, now(), true, gen_random_uuid(), 'note'
                             FROM generate_series($1::bigint, $2::bigint) n",
                        )
                        .await
                        .expect("prepared");
                    let mut pace = interval(Duration::from_secs(1) / each);
                    pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
                    for n in 0..each * SECONDS {
                        pace.tick().await;
                        let transaction = n * WRITERS + writer;
                        let first = first_id + i64::from(transaction) * i64::from(rows);
                        client.execute(&insert, &[&first, &(first + i64::from(rows) - 1)]).await.expect("inserted");
                        let now = Instant::now();
                        committed.lock().unwrap_or_else(PoisonError::into_inner)[transaction as usize] = Some(now);
                    }
                })
            })
            .collect();
        for writer in writers {
            writer.await.expect("a writer");
        }
    });
}
