//! Topics of the test Kafka and what lies in them.

use std::collections::BTreeMap;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, ConfigSource, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::message::{Headers, Message};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};

use crate::rig::{PATIENCE, kafka, unique, wait_for};

/// A record as it lies in Kafka.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    pub topic: String,
    pub partition: i32,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

fn consumer() -> BaseConsumer {
    ClientConfig::new()
        .set("bootstrap.servers", kafka())
        .set("group.id", unique("reader"))
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("fetch.wait.max.ms", "10")
        .set("isolation.level", "read_committed")
        .create()
        .expect("a consumer")
}

/// All records of the topics that `wanted` picks, by topic, partition and offset.
pub fn dump(wanted: impl Fn(&str) -> bool) -> Vec<Line> {
    let consumer = consumer();
    let mut assignment = TopicPartitionList::new();
    let mut open = 0;
    for (topic, partitions) in topics(wanted) {
        for partition in 0..partitions {
            let partition = i32::try_from(partition).expect("a partition");
            assignment.add_partition_offset(&topic, partition, Offset::Offset(0)).expect("a partition");
            open += 1;
        }
    }
    let mut lines = Vec::new();
    if open == 0 {
        return Vec::new();
    }
    consumer.assign(&assignment).expect("assigned");
    let end = Instant::now() + PATIENCE;
    while open > 0 {
        assert!(Instant::now() < end, "Kafka did not give up its records");
        match consumer.poll(Duration::from_millis(200)) {
            None => {}
            Some(Err(rdkafka::error::KafkaError::PartitionEOF(_))) => open -= 1,
            Some(Err(e)) => panic!("reading Kafka: {e}"),
            Some(Ok(message)) => {
                let headers = message
                    .headers()
                    .map(|headers| headers.iter().map(|h| (h.key.to_owned(), h.value.map(<[u8]>::to_vec))).collect());
                lines.push((
                    message.offset(),
                    Line {
                        topic: message.topic().to_owned(),
                        partition: message.partition(),
                        key: message.key().map(<[u8]>::to_vec),
                        value: message.payload().map(<[u8]>::to_vec),
                        headers: headers.unwrap_or_default(),
                    },
                ));
            }
        }
    }
    lines.sort_by(|(a_offset, a), (b_offset, b)| {
        (&a.topic, a.partition, a_offset).cmp(&(&b.topic, b.partition, b_offset))
    });
    lines.into_iter().map(|(_, line)| line).collect()
}

/// One connection for questions; reading takes its own.
static ASKING: LazyLock<BaseConsumer> = LazyLock::new(consumer);

/// The topics that `wanted` picks, with the number of their partitions.
pub fn topics(wanted: impl Fn(&str) -> bool) -> BTreeMap<String, usize> {
    let metadata = ASKING.fetch_metadata(None, PATIENCE).expect("metadata of Kafka");
    let picked = metadata.topics().iter().filter(|topic| wanted(topic.name()));
    picked.map(|topic| (topic.name().to_owned(), topic.partitions().len())).collect()
}

/// Records in a topic, by its watermarks; 0 while there is no such topic.
pub fn count(topic: &str) -> i64 {
    let metadata = ASKING.fetch_metadata(Some(topic), PATIENCE).expect("metadata of Kafka");
    let partitions = metadata.topics().iter().flat_map(|t| t.partitions());
    let ends = partitions.map(|p| ASKING.fetch_watermarks(topic, p.id(), PATIENCE).map_or(0, |(low, high)| high - low));
    ends.sum()
}

/// What was set on a topic itself, by name.
pub fn own_settings(topic: &str) -> BTreeMap<String, String> {
    let resources = [ResourceSpecifier::Topic(topic)];
    let answer = block_on(admin().describe_configs(&resources, &AdminOptions::new())).expect("Kafka answers");
    let entries = answer.into_iter().flat_map(|resource| resource.expect("settings of a topic").entries);
    let own = entries.filter(|entry| entry.source == ConfigSource::DynamicTopic);
    own.map(|entry| (entry.name, entry.value.unwrap_or_default())).collect()
}

/// Makes a topic of one partition with these settings of its own.
pub fn create(topic: &str, settings: &[(&str, &str)]) {
    create_at(&kafka(), topic, settings);
    wait_for("the topic", || topics(|name| name == topic).len() == 1);
}

/// The same on another broker.
pub fn create_at(bootstrap: &str, topic: &str, settings: &[(&str, &str)]) {
    let mut new = NewTopic::new(topic, 1, TopicReplication::Fixed(1));
    new.config.extend_from_slice(settings);
    let admin: AdminClient<_> = ClientConfig::new().set("bootstrap.servers", bootstrap).create().expect("a client");
    let made = block_on(admin.create_topics([&new], &AdminOptions::new())).expect("Kafka answers");
    made.into_iter().for_each(|result| assert_eq!(result.expect("a new topic"), topic));
}

/// Deletes these topics and waits until they are gone.
pub fn delete(names: &[String]) {
    if names.is_empty() {
        return;
    }
    let borrowed: Vec<&str> = names.iter().map(String::as_str).collect();
    block_on(admin().delete_topics(&borrowed, &AdminOptions::new())).expect("Kafka answers");
    wait_for("topics to be gone", || topics(|topic| borrowed.contains(&topic)).is_empty());
}

pub fn produce(topic: &str, key: Option<&str>, value: Option<&str>) {
    let producer: BaseProducer = ClientConfig::new().set("bootstrap.servers", kafka()).create().expect("a producer");
    let record = BaseRecord { key, payload: value, ..BaseRecord::<str, str>::to(topic) };
    producer.send(record).map_err(|(e, _)| e).expect("room for one record");
    producer.flush(PATIENCE).expect("Kafka took it");
}

fn admin() -> AdminClient<DefaultClientContext> {
    ClientConfig::new().set("bootstrap.servers", kafka()).create().expect("an admin client")
}

fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}
