//! What a connector would meet at its topics, found out without creating or writing anything.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rdkafka::admin::{
    AdminClient, AdminOptions, ConfigResource, NewTopic, OwnedResourceSpecifier, ResourceSpecifier, TopicReplication,
};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::{BaseRecord, Producer, ThreadedProducer};

use super::super::{SinkError, blocking};
use super::deliveries::{Context, Deliveries, Failure};
use super::reading::code_of;
use super::topic::Observer;
use super::{Config, client, new_topic};

/// How long one question to a broker may take.
const ANSWER: Duration = Duration::from_secs(2);
/// A number of acknowledgements that no broker accepts. It looks whether one may write first, and refuses then.
const NO_ACKS_AT_ALL: &str = "2";

/// Settings of a topic, as far as we may see them.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Limits {
    /// `max.message.bytes`
    pub largest: Option<u64>,
    /// `cleanup.policy` holds `compact`: a record without key is refused.
    pub compacted: bool,
}

pub struct Probe {
    config: Config,
    observer: Observer,
    admin: AdminClient<DefaultClientContext>,
}

impl Probe {
    pub async fn open(config: &Config) -> Result<Self, SinkError> {
        let settings = client::plain(config, "walcast-check")?;
        let admin = blocking(move || client::create(&settings)).await?;
        Ok(Self { config: config.clone(), observer: Observer::new(config)?, admin })
    }

    /// Whether the topic exists. Denied: one may not even see it, and so not write to it either.
    pub async fn exists(&self, topic: &str) -> Result<bool, SinkError> {
        match self.observer.look(topic).await {
            Ok(observed) => Ok(observed.partitions.is_some()),
            Err(SinkError::Denied { resource, .. }) => Err(SinkError::Denied { operation: "WRITE", resource }),
            Err(error) => Err(error),
        }
    }

    /// By topic; those whose settings one may not see are left out.
    pub async fn limits(&self, topics: &[&str]) -> HashMap<String, Limits> {
        let resources: Vec<_> = topics.iter().map(|topic| ResourceSpecifier::Topic(topic)).collect();
        let described = self.admin.describe_configs(&resources, &options()).await.unwrap_or_default();
        let limits = |resource: ConfigResource| {
            let OwnedResourceSpecifier::Topic(name) = &resource.specifier else { return None };
            let value = |key: &str| resource.get(key).and_then(|entry| entry.value.as_deref());
            let limits = Limits {
                largest: value("max.message.bytes").and_then(|bytes| bytes.parse().ok()),
                compacted: value("cleanup.policy").is_some_and(|policy| policy.contains("compact")),
            };
            Some((name.clone(), limits))
        };
        described.into_iter().filter_map(|resource| limits(resource.ok()?)).collect()
    }

    /// `auto.create.topics.enable` of the brokers; none when one may not see it. `topic`: any that one may see.
    pub async fn brokers_create_topics(&self, topic: &str) -> Option<bool> {
        let broker = self.observer.look(topic).await.ok()?.broker?;
        let described = self.admin.describe_configs([&ResourceSpecifier::Broker(broker)], &options()).await.ok()?;
        let resource = described.into_iter().next()?.ok()?;
        resource.get("auto.create.topics.enable")?.value.as_deref()?.parse().ok()
    }

    /// Whether the topic could be created, by the rules if there are any, else with the brokers' defaults.
    pub async fn could_create(&self, topic: &str) -> Result<(), SinkError> {
        let defaults = || NewTopic::new(topic, -1, TopicReplication::Fixed(-1));
        let new = self.config.topics.group(topic).map_or_else(defaults, |group| new_topic(group, topic));
        let only_asking = options().validate_only(true);
        client::order_topic(&self.admin, &new, &self.config.bootstrap, &only_asking).await.map(drop)
    }

    /// The topics of these that one may not write to, all of which exist.
    ///
    /// Kafka has no question for it that tells: so a record is sent that the broker cannot accept.
    pub async fn closed(&self, topics: &[&str]) -> Result<Vec<String>, SinkError> {
        let mut settings = client::plain(&self.config, "walcast-check")?;
        settings
            .set("request.required.acks", NO_ACKS_AT_ALL)
            .set("linger.ms", "0")
            .set("message.timeout.ms", ANSWER.as_millis().to_string());
        let topics: Vec<String> = topics.iter().map(|topic| (*topic).to_owned()).collect();
        blocking(move || {
            let deliveries = Arc::new(Deliveries::default());
            let producer: ThreadedProducer<Context> = client::create_with(&settings, Context(Arc::clone(&deliveries)))?;
            for (index, topic) in topics.iter().enumerate() {
                let mut record = BaseRecord::<[u8], [u8], usize>::with_opaque_to(topic, index);
                record.partition = Some(0);
                record.key = Some(b"walcast-check");
                let sent = producer.send(record);
                sent.map_err(|(error, _)| SinkError::Refused {
                    topic: topic.clone(),
                    why: code_of(&error).to_string(),
                })?;
            }
            // What is not heard of in time is not known to be closed.
            let _ = producer.flush(ANSWER);
            let mut arrived = Vec::new();
            deliveries.inbox.drain_into(&mut arrived);
            let denied = |failure: Box<Failure>| match *failure {
                Failure::Record { code: RDKafkaErrorCode::TopicAuthorizationFailed, topic, .. } => Some(topic),
                _ => None,
            };
            Ok(arrived.into_iter().filter_map(|delivery| denied(delivery.failure?)).collect())
        })
        .await
    }

    /// The largest record that the producer takes, in bytes: `max.request.size`.
    pub fn largest(&self) -> Result<u64, SinkError> {
        let settings = client::producer(&self.config, "walcast-check")?;
        Ok(settings.get("message.max.bytes").and_then(|bytes| bytes.parse().ok()).unwrap_or(u64::MAX))
    }

    /// Joins threads, so not left to the drop.
    pub async fn close(self) {
        let _ = blocking(move || {
            drop(self);
            Ok(())
        })
        .await;
    }
}

fn options() -> AdminOptions {
    AdminOptions::new().request_timeout(Some(ANSWER)).operation_timeout(Some(ANSWER))
}
