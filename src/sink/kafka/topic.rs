//! The small compacted topics that hold offsets and connectors: made, read whole, written record by record.
//!
//! Reading is exact about transactions: the end is asked for as uncommitted readers see it, then waited for until
//! committed readers see as much, and only then read. Otherwise an offset that a killed exactly-once worker left in an
//! open transaction would be read as the one before.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions, ConfigResource, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::metadata::Metadata;
use rdkafka::producer::{BaseRecord, Producer, ThreadedProducer};
use rdkafka::{Message, Offset, TopicPartitionList};
use tracing::{info, warn};

use super::super::{SinkError, blocking};
use super::deliveries::{Context, Deliveries, Failure};
use super::{Config, client};

/// How long one request to the brokers may take.
const REQUEST: Duration = Duration::from_secs(10);
/// How long `write` waits for its acknowledgements.
const WRITE: Duration = Duration::from_secs(30);

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Entry {
    pub partition: i32,
    pub offset: i64,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    /// Milliseconds since 1970, if the record has a time.
    pub timestamp: Option<i64>,
}

/// Partition (`None`: by the key), key, and value (`None`: the key is removed).
pub type Outgoing = (Option<i32>, Vec<u8>, Option<Vec<u8>>);

/// All records of the topic, in order within each partition; none when there is no such topic.
/// `timeout` bounds the whole reading, and so how long an open transaction is waited for.
pub async fn read(config: &Config, topic: &str, timeout: Duration) -> Result<Vec<Entry>, SinkError> {
    let deadline = Instant::now() + timeout;
    let reading = Reading { config: config.clone(), topic: topic.to_owned(), must_exist: false, deadline };
    blocking(move || reading.run()).await
}

/// As `read` for a topic that is known to exist: a broker that does not know it yet is asked again. The difference
/// matters where an empty answer would mean to begin with a snapshot.
pub async fn read_existing(config: &Config, topic: &str, timeout: Duration) -> Result<Vec<Entry>, SinkError> {
    let deadline = Instant::now() + timeout;
    let reading = Reading { config: config.clone(), topic: topic.to_owned(), must_exist: true, deadline };
    blocking(move || reading.run()).await
}

/// Creates the topic compacted if it is missing, with fewer replicas if there are fewer brokers. Answers how many
/// partitions it has. A topic that is not compacted is refused.
pub async fn ensure_compacted(
    config: &Config,
    topic: &str,
    partitions: i32,
    replication_factor: i16,
) -> Result<i32, SinkError> {
    let observer = Observer::new(config)?;
    let observed = observer.look(topic).await?;
    let settings = client::plain(config, "walcast-admin")?;
    let admin = blocking(move || client::create::<AdminClient<DefaultClientContext>>(&settings)).await?;
    let made = async {
        if let Some(present) = observed.partitions {
            refuse_other_policies(&admin, topic).await?;
            return Ok(present);
        }
        create(config, &admin, topic, partitions, replication_factor, observed.brokers).await?;
        // Somebody else may have made it in the meantime, with another number of partitions.
        let observed = observer.look(topic).await?;
        Ok(observed.partitions.unwrap_or(partitions))
    };
    let made = made.await;
    // Joins a thread.
    let _ = blocking(move || {
        drop(admin);
        Ok(())
    })
    .await;
    made
}

/// Writes the records in order and waits until all of them are acknowledged.
pub async fn write(config: &Config, topic: &str, records: &[Outgoing]) -> Result<(), SinkError> {
    let mut settings = client::plain(config, "walcast-writer")?;
    settings
        .set("acks", "all")
        .set("linger.ms", "0")
        .set("partitioner", "murmur2_random")
        // In order without the start-up time of an idempotent producer.
        .set("max.in.flight.requests.per.connection", "1")
        .set("message.timeout.ms", WRITE.as_millis().to_string());
    let (brokers, topic, records) = (config.bootstrap.clone(), topic.to_owned(), records.to_vec());
    blocking(move || {
        let deliveries = Arc::new(Deliveries::default());
        let producer: ThreadedProducer<Context> = client::create_with(&settings, Context(Arc::clone(&deliveries)))?;
        let explain = |code, size| client::explain(code, &topic, size, &brokers, || None);
        for (ticket, (partition, key, value)) in records.iter().enumerate() {
            let mut record = BaseRecord::<[u8], [u8], usize>::with_opaque_to(&topic, ticket);
            record.partition = *partition;
            record.key = Some(key);
            record.payload = value.as_deref();
            producer.send(record).map_err(|(error, _)| explain(code_of(&error), key.len()))?;
        }
        producer.flush(WRITE + REQUEST).map_err(|error| explain(code_of(&error), 0))?;
        let mut arrived = Vec::new();
        deliveries.inbox.drain_into(&mut arrived);
        match arrived.into_iter().find_map(|delivery| delivery.failure) {
            Some(failure) => match *failure {
                Failure::Record { code, size, .. } => Err(explain(code, size)),
                Failure::Commit(error) => Err(error),
            },
            None => Ok(()),
        }
    })
    .await
}

/// The id of the cluster, as `GET /` of a worker shows it.
pub async fn cluster_id(config: &Config) -> Result<String, SinkError> {
    let settings = client::plain(config, "walcast-admin")?;
    let brokers = config.bootstrap.clone();
    blocking(move || {
        let deliveries = Arc::new(Deliveries::default());
        let producer: ThreadedProducer<Context> = client::create_with(&settings, Context(deliveries))?;
        super::wait_for_a_broker(&producer, &brokers)?;
        let id = producer.client().fetch_cluster_id(REQUEST);
        id.ok_or(SinkError::Unreachable { brokers, why: "no answer to the question for the cluster's id".to_owned() })
    })
    .await
}

/// A consumer, since a producer's question for a topic would create it.
struct Observer(Arc<(BaseConsumer<Context>, String)>);

struct Observed {
    /// `None`: there is no such topic.
    partitions: Option<i32>,
    brokers: usize,
}

impl Observer {
    fn new(config: &Config) -> Result<Self, SinkError> {
        let settings = client::reader(config, "read_uncommitted")?;
        Ok(Self(Arc::new((client::create_with(&settings, Context::default())?, config.bootstrap.clone()))))
    }

    async fn look(&self, topic: &str) -> Result<Observed, SinkError> {
        let (shared, topic) = (Arc::clone(&self.0), topic.to_owned());
        blocking(move || observe(&shared.0, &topic, &shared.1)).await
    }
}

fn observe(consumer: &BaseConsumer<Context>, topic: &str, brokers: &str) -> Result<Observed, SinkError> {
    let start = Instant::now();
    let heard = &consumer.context().0;
    loop {
        let code = match consumer.fetch_metadata(Some(topic), Duration::from_secs(1)) {
            Ok(metadata) => match partitions(&metadata, topic) {
                Ok(partitions) => return Ok(Observed { partitions, brokers: metadata.brokers().len() }),
                Err(code) => code,
            },
            Err(error) => code_of(&error),
        };
        if !client::is_passing(code) {
            return Err(unreadable(code, topic));
        }
        // What went wrong is told to those who poll.
        let _ = consumer.poll(Duration::from_millis(50));
        if let Some(error) = heard.give_up(start.elapsed(), brokers) {
            return Err(error);
        }
    }
}

/// `None`: the broker knows no such topic.
fn partitions(metadata: &Metadata, topic: &str) -> Result<Option<i32>, RDKafkaErrorCode> {
    let Some(described) = metadata.topics().iter().find(|described| described.name() == topic) else { return Ok(None) };
    match described.error().map(RDKafkaErrorCode::from) {
        None if described.partitions().is_empty() => Err(RDKafkaErrorCode::LeaderNotAvailable),
        None => Ok(i32::try_from(described.partitions().len()).ok()),
        Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => Ok(None),
        Some(code) => Err(code),
    }
}

async fn create(
    config: &Config,
    admin: &AdminClient<DefaultClientContext>,
    topic: &str,
    partitions: i32,
    replication_factor: i16,
    brokers: usize,
) -> Result<(), SinkError> {
    let available = i32::try_from(brokers).unwrap_or(1).max(1);
    let wanted = i32::from(replication_factor);
    let replicas = wanted.min(available);
    if replicas < wanted {
        warn!(topic, wanted, brokers, "create the topic with fewer replicas, as there are fewer brokers");
    }
    let new = NewTopic::new(topic, partitions, TopicReplication::Fixed(replicas)).set("cleanup.policy", "compact");
    if client::create_topic(admin, &new, &config.bootstrap).await? {
        info!(topic, partitions, replicas, "created compacted topic");
    }
    Ok(())
}

async fn refuse_other_policies(admin: &AdminClient<DefaultClientContext>, topic: &str) -> Result<(), SinkError> {
    let options = AdminOptions::new().request_timeout(Some(REQUEST));
    let described = admin.describe_configs([&ResourceSpecifier::Topic(topic)], &options).await;
    // A user who may not look is believed, as Connect does.
    let Ok(Some(Ok(resource))) = described.map(|mut resources| resources.pop()) else { return Ok(()) };
    let policy = cleanup_policy(&resource);
    if policy.is_empty() || policy.contains("compact") {
        return Ok(());
    }
    Err(SinkError::NotCompacted { topic: topic.to_owned(), policy: policy.to_owned() })
}

fn cleanup_policy(resource: &ConfigResource) -> &str {
    resource.get("cleanup.policy").and_then(|entry| entry.value.as_deref()).unwrap_or("")
}

struct Reading {
    config: Config,
    topic: String,
    must_exist: bool,
    deadline: Instant,
}

impl Reading {
    fn run(&self) -> Result<Vec<Entry>, SinkError> {
        let uncommitted = self.consumer("read_uncommitted")?;
        let Some(partitions) = self.partitions(&uncommitted)? else { return Ok(Vec::new()) };
        let ends = self.ends(&uncommitted, partitions)?;
        let committed = self.consumer("read_committed")?;
        self.wait_until_committed(&committed, &ends)?;
        self.read_all(&committed, partitions)
    }

    fn partitions(&self, consumer: &BaseConsumer<Context>) -> Result<Option<i32>, SinkError> {
        loop {
            let observed = observe(consumer, &self.topic, &self.config.bootstrap)?;
            if observed.partitions.is_some() || !self.must_exist {
                return Ok(observed.partitions);
            }
            if self.is_late() {
                return Err(SinkError::UnknownTopic { topic: self.topic.clone() });
            }
            let _ = consumer.poll(Duration::from_millis(100));
        }
    }

    fn consumer(&self, isolation: &str) -> Result<BaseConsumer<Context>, SinkError> {
        client::create_with(&client::reader(&self.config, isolation)?, Context::default())
    }

    /// Asks for the end of every partition; again while leaders are being elected.
    fn ends(&self, consumer: &BaseConsumer<Context>, partitions: i32) -> Result<Vec<i64>, SinkError> {
        loop {
            let mut question = TopicPartitionList::new();
            for partition in 0..partitions {
                let added = question.add_partition_offset(&self.topic, partition, Offset::End);
                added.map_err(|error| self.unreadable(code_of(&error)))?;
            }
            let failure = match consumer.offsets_for_times(question, REQUEST) {
                Ok(answer) => match self.offsets(&answer, partitions) {
                    Ok(ends) => return Ok(ends),
                    Err(code) => code,
                },
                Err(error) => code_of(&error),
            };
            let unknown = failure == RDKafkaErrorCode::UnknownTopicOrPartition;
            if !(unknown || client::is_passing(failure)) || self.is_late() {
                return Err(self.unreadable(failure));
            }
            // Lets the client learn of new leaders.
            let _ = consumer.poll(Duration::from_millis(100));
        }
    }

    fn offsets(&self, answer: &TopicPartitionList, partitions: i32) -> Result<Vec<i64>, RDKafkaErrorCode> {
        let offset = |partition| {
            let element = answer.find_partition(&self.topic, partition).ok_or(RDKafkaErrorCode::UnknownPartition)?;
            element.error().map_err(|error| code_of(&error))?;
            match element.offset() {
                Offset::Offset(offset) => Ok(offset),
                // As an end is answered for a partition without records.
                Offset::End | Offset::Invalid => Ok(0),
                _ => Err(RDKafkaErrorCode::NoOffset),
            }
        };
        (0..partitions).map(offset).collect()
    }

    fn wait_until_committed(&self, committed: &BaseConsumer<Context>, ends: &[i64]) -> Result<(), SinkError> {
        let partitions = i32::try_from(ends.len()).unwrap_or(i32::MAX);
        loop {
            let stable = self.ends(committed, partitions)?;
            if stable.iter().zip(ends).all(|(stable, end)| stable >= end) {
                return Ok(());
            }
            if self.is_late() {
                return Err(SinkError::OpenTransaction { topic: self.topic.clone() });
            }
            let _ = committed.poll(Duration::from_millis(100));
        }
    }

    fn read_all(&self, consumer: &BaseConsumer<Context>, partitions: i32) -> Result<Vec<Entry>, SinkError> {
        let mut assignment = TopicPartitionList::new();
        for partition in 0..partitions {
            let added = assignment.add_partition_offset(&self.topic, partition, Offset::Beginning);
            added.map_err(|error| self.unreadable(code_of(&error)))?;
        }
        consumer.assign(&assignment).map_err(|error| self.unreadable(code_of(&error)))?;
        let mut open: Vec<i32> = (0..partitions).collect();
        let mut entries = Vec::new();
        while !open.is_empty() {
            match consumer.poll(Duration::from_millis(100)) {
                Some(Ok(message)) => entries.push(Entry {
                    partition: message.partition(),
                    offset: message.offset(),
                    key: message.key().map(<[u8]>::to_vec),
                    value: message.payload().map(<[u8]>::to_vec),
                    timestamp: message.timestamp().to_millis(),
                }),
                Some(Err(KafkaError::PartitionEOF(partition))) => open.retain(|&other| other != partition),
                Some(Err(error)) => self.tolerate(&error)?,
                None => {}
            }
            if self.is_late() && !open.is_empty() {
                return Err(self.unreadable(RDKafkaErrorCode::OperationTimedOut));
            }
        }
        entries.sort_by_key(|entry| (entry.partition, entry.offset));
        Ok(entries)
    }

    /// The group is a name only: not to be allowed to use it does not matter.
    fn tolerate(&self, error: &KafkaError) -> Result<(), SinkError> {
        match code_of(error) {
            RDKafkaErrorCode::GroupAuthorizationFailed => Ok(()),
            code if client::is_passing(code) => Ok(()),
            code => Err(self.unreadable(code)),
        }
    }

    fn is_late(&self) -> bool {
        Instant::now() >= self.deadline
    }

    fn unreadable(&self, code: RDKafkaErrorCode) -> SinkError {
        unreadable(code, &self.topic)
    }
}

fn unreadable(code: RDKafkaErrorCode, topic: &str) -> SinkError {
    match code {
        RDKafkaErrorCode::TopicAuthorizationFailed => {
            SinkError::Denied { operation: "READ", resource: format!("topic {topic}") }
        }
        code => SinkError::Unreadable { topic: topic.to_owned(), why: code.to_string() },
    }
}

fn code_of(error: &KafkaError) -> RDKafkaErrorCode {
    error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown)
}
