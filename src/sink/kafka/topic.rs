//! The small compacted topics that hold offsets and connectors: made, and written record by record.

use std::sync::Arc;
use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, ConfigResource, NewTopic, ResourceSpecifier, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::BaseConsumer;
use rdkafka::producer::{BaseRecord, Producer, ThreadedProducer};
use tracing::{info, warn};

use super::super::{SinkError, blocking};
use super::apart::Apart;
use super::deliveries::{Context, Deliveries, Failure};
use super::reading::{Observed, REQUEST, code_of, observe};
use super::{Config, client};

pub use super::reading::{Entry, Reader, Scanner, read, read_existing};

/// How long `write` waits for its acknowledgements.
const WRITE: Duration = Duration::from_secs(30);

/// Partition (`None`: by the key), key, and value (`None`: the key is removed).
pub type Outgoing = (Option<i32>, Vec<u8>, Option<Vec<u8>>);

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
    let admin =
        blocking(move || client::create::<AdminClient<DefaultClientContext>>(&settings).map(Apart::new)).await?;
    if let Some(present) = observed.partitions {
        refuse_other_policies(&admin, topic).await?;
        return Ok(present);
    }
    create(config, &admin, topic, partitions, replication_factor, observed.brokers).await?;
    // Somebody else may have made it in the meantime, with another number of partitions.
    let observed = observer.look(topic).await?;
    Ok(observed.partitions.unwrap_or(partitions))
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
pub(super) struct Observer(Apart<(BaseConsumer<Context>, String)>);

impl Observer {
    pub(super) fn new(config: &Config) -> Result<Self, SinkError> {
        let settings = client::reader(config, "read_uncommitted")?;
        Ok(Self(Apart::new((client::create_with(&settings, Context::default())?, config.bootstrap.clone()))))
    }

    pub(super) async fn look(&self, topic: &str) -> Result<Observed, SinkError> {
        let (shared, topic) = (self.0.share(), topic.to_owned());
        blocking(move || observe(&shared.0, &topic, &shared.1)).await
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
