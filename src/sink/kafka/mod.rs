//! The Kafka sink: one idempotent producer whose deliveries come back as receipts.
//!
//! The producer never gives a record up by itself (`message.timeout.ms=0`): while brokers are away, records wait in it
//! and the ledger's window fills. Records of a key land in the partition that the Java client would choose. `rdkafka`
//! is known in this folder only: `client` builds its settings and explains its errors, `properties` translates those of
//! the Java client, `topic` reads and writes the small topics that hold offsets and connectors.

mod apart;
mod client;
mod deliveries;
mod flusher;
mod jaas;
pub mod probe;
pub mod properties;
mod raw;
mod reading;
mod rules;
mod starter;
mod statistics;
mod stores;
pub mod topic;
mod transaction;

use std::collections::HashSet;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::{Producer, ThreadedProducer};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tracing::{info, warn};

use self::deliveries::{Context, Deliveries, Delivery, Failure};
use self::flusher::Flusher;
use self::raw::Dispatch;
use self::starter::Starter;
use self::transaction::Transaction;
use super::{Limit, Receipt, SinkError, Statistics, Trouble, blocking};
use crate::words::{Record, Ticket};

pub use rules::{BadRule, TopicGroup, TopicRules};

#[derive(Clone, Default)]
pub struct Config {
    /// `bootstrap.servers`.
    pub bootstrap: String,
    /// Producer properties under their Java names, without prefix; later ones win.
    pub properties: Vec<(String, String)>,
    pub topics: TopicRules,
    /// Records become visible by `Sink::commit` only. A producer of the same id fences the one before it.
    pub transactional_id: Option<String>,
}

/// Names of properties only: values may be secrets.
impl fmt::Debug for Config {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.properties.iter().map(|(name, _)| name).collect();
        f.debug_struct("Config")
            .field("bootstrap", &self.bootstrap)
            .field("properties", &names)
            .field("topics", &self.topics)
            .field("transactional_id", &self.transactional_id)
            .finish()
    }
}

impl Config {
    /// Whether the user set this property of the producer.
    fn sets(&self, property: &str) -> bool {
        self.properties.iter().any(|(name, _)| name == property)
    }

    /// Whether each of these settings is usable by itself. No broker is asked; settings that contradict each other
    /// (`acks=1` and `enable.idempotence=true`) show at `open`.
    pub fn check(&self) -> Result<(), SinkError> {
        client::check(&client::producer(self, "check")?)
    }
}

/// How long a failed connector tries to abort its open transaction. The next one aborts it anyway.
const ABANDON_WITHIN: Duration = Duration::from_secs(2);

pub struct Kafka {
    brokers: String,
    max_request_size: usize,
    /// Taken when the sink is dropped, as dropping it takes time.
    clients: Option<Clients>,
    transaction: Option<Transaction>,
    /// Messages and bytes that the starter sent, of which the producer's statistics know nothing.
    early: (u64, u64),
    deliveries: Arc<Deliveries>,
    arrived: Vec<Delivery>,
    topics: TopicRules,
    /// Topics that exist, as far as `topics` is concerned.
    known: Mutex<HashSet<String>>,
}

struct Clients {
    /// Unless the user said how long records linger.
    flusher: Option<Flusher>,
    // Before the producer, whose topics it holds.
    dispatch: Dispatch,
    starter: Option<Starter>,
    /// Shared with the thread that commits.
    producer: Arc<ThreadedProducer<Context>>,
    /// Present when there are rules to create topics by.
    admin: Option<AdminClient<DefaultClientContext>>,
}

impl Clients {
    /// Once its time is over and all that it sent is acknowledged.
    fn retire_starter(&mut self) {
        if let Some(starter) = self.starter.take_if(|starter| starter.is_due() && starter.is_at_rest()) {
            // Joins threads.
            drop(spawn_blocking(move || drop(starter)));
        }
    }

    fn producers(&self) -> impl Iterator<Item = &ThreadedProducer<Context>> {
        self.starter.iter().map(Starter::producer).chain([&*self.producer])
    }
}

impl Kafka {
    /// Creates the producer and waits for the first answer of a broker, so that wrong addresses and logins show here. A
    /// transactional one has then fenced its predecessor, whose open transaction is aborted: offsets may be read.
    pub(super) async fn open(config: &Config, client_id: &str) -> Result<Self, SinkError> {
        let settings = client::producer(config, client_id)?;
        let admin_settings = config.topics.is_active().then(|| client::plain(config, client_id)).transpose()?;
        let deliveries = Arc::new(Deliveries::default());
        let brokers = config.bootstrap.clone();
        let max_request_size = settings.get("message.max.bytes").and_then(|bytes| bytes.parse().ok()).unwrap_or(0);
        let (context, starting) = (Context(Arc::clone(&deliveries)), Context(Arc::clone(&deliveries)));
        let starts_early = client::may_start_early(config, &settings);
        let transaction = config.transactional_id.as_deref().map(|id| Transaction::new(id, &settings));
        let fencing = config.transactional_id.clone();
        let lingers = config.sets("linger.ms");
        let clients = blocking(move || {
            let producer: ThreadedProducer<Context> = client::create_with(&settings, context)?;
            wait_for_a_broker(&producer, &brokers)?;
            if let Some(id) = fencing {
                transaction::fence(&producer, &id, &brokers)?;
            }
            let producer = Arc::new(producer);
            let starter = match starts_early {
                true => Some(Starter::new(&settings, starting)?),
                false => None,
            };
            let admin = admin_settings.map(|settings| client::create(&settings)).transpose()?;
            let flusher = if lingers { None } else { Some(Flusher::new(Arc::clone(&producer))?) };
            Ok(Clients { flusher, dispatch: Dispatch::new(Arc::clone(&producer)), starter, producer, admin })
        });
        Ok(Self {
            brokers: config.bootstrap.clone(),
            max_request_size,
            clients: Some(clients.await?),
            transaction,
            early: (0, 0),
            deliveries,
            arrived: Vec::new(),
            topics: config.topics.clone(),
            known: Mutex::default(),
        })
    }

    pub(super) fn send(&mut self, record: &Record<'_>, ticket: Ticket) -> Result<(), SinkError> {
        let Some(clients) = &mut self.clients else { return Err(SinkError::Closed) };
        if let Some(transaction) = &mut self.transaction {
            transaction.join(&clients.producer, &self.brokers)?;
        }
        clients.retire_starter();
        let sent = match &mut clients.starter {
            None => clients.dispatch.send(record, ticket),
            Some(starter) if starter.is_due() => Err(RDKafkaErrorCode::QueueFull),
            Some(starter) => {
                let sent = starter.send(record, ticket);
                if sent.is_ok() {
                    self.early = (self.early.0 + 1, self.early.1 + record.size() as u64);
                }
                sent
            }
        };
        let Err(code) = sent else {
            if let Some(flusher) = &mut clients.flusher {
                flusher.sent(record.size());
            }
            return Ok(());
        };
        Err(match code {
            RDKafkaErrorCode::QueueFull => SinkError::Full,
            RDKafkaErrorCode::MessageSizeTooLarge => SinkError::TooLarge {
                topic: record.topic.to_owned(),
                size: record.size(),
                limit: Limit::Producer(self.max_request_size),
            },
            code => self.explain(code, record.topic, record.size()),
        })
    }

    pub(super) fn receipts(&mut self, into: &mut Vec<Receipt>) {
        self.deliveries.inbox.drain_into(&mut self.arrived);
        let mut arrived = std::mem::take(&mut self.arrived);
        if let Some(clients) = &mut self.clients {
            if let Some(flusher) = &clients.flusher {
                flusher.heard(arrived.len());
            }
            if let Some(starter) = &mut clients.starter {
                starter.heard(arrived.len());
                clients.retire_starter();
            }
        }
        for delivery in arrived.drain(..) {
            let ticket = Ticket(delivery.ticket);
            if let Some(transaction) = &mut self.transaction {
                transaction.heard(ticket);
            }
            let result = match delivery.failure.map(|failure| *failure) {
                None => Ok(()),
                Some(Failure::Record { code, topic, size }) => Err(self.explain(code, &topic, size)),
                Some(Failure::Commit(error)) => Err(self.expired(error)),
            };
            into.push(Receipt { ticket, result });
        }
        // The emptied vector goes back with its allocation.
        self.arrived = arrived;
    }

    pub(super) fn is_transactional(&self) -> bool {
        self.transaction.is_some()
    }

    pub(super) fn commit(&mut self, ticket: Ticket) {
        let (Some(clients), Some(transaction)) = (&self.clients, &mut self.transaction) else { return };
        transaction.commit(&clients.producer, &self.deliveries, ticket, &self.brokers);
    }

    pub(super) async fn changed(&self) {
        self.deliveries.inbox.changed().await;
    }

    pub(super) fn rest(&mut self) {
        if let Some(Clients { flusher: Some(flusher), .. }) = &mut self.clients {
            flusher.soon();
        }
    }

    /// Without a flusher, the brokers' threads are woken: one that is slow to wake misses it, and sends after `linger.ms`.
    pub(super) fn nudge(&mut self) {
        let Some(clients) = &mut self.clients else { return };
        match &mut clients.flusher {
            Some(flusher) => flusher.now(),
            None => clients.producers().for_each(|producer| raw::flush(producer, Duration::ZERO)),
        }
    }

    pub(super) fn target(&self) -> String {
        format!("Kafka ({})", self.brokers)
    }

    pub(super) fn trouble(&self) -> Option<Trouble> {
        self.deliveries.trouble()
    }

    pub(super) fn statistics(&self) -> Option<Statistics> {
        let mut told = self.deliveries.statistics()?;
        told.messages += self.early.0;
        told.message_bytes += self.early.1;
        Some(told)
    }

    pub(super) fn needs_topic(&self, topic: &str) -> bool {
        self.topics.is_active() && !self.known().contains(topic)
    }

    pub(super) async fn create_topic(&self, topic: &str) -> Result<(), SinkError> {
        if !self.needs_topic(topic) {
            return Ok(());
        }
        if let Some(group) = self.topics.group(topic) {
            self.create_by(group, topic).await?;
        }
        self.known().insert(topic.to_owned());
        Ok(())
    }

    async fn create_by(&self, group: &TopicGroup, topic: &str) -> Result<(), SinkError> {
        let Some(admin) = self.clients.as_ref().and_then(|clients| clients.admin.as_ref()) else {
            return Err(SinkError::Closed);
        };
        match client::create_topic(admin, &new_topic(group, topic), &self.brokers).await {
            Ok(true) => info!(topic, group = group.name, partitions = group.partitions, "created topic"),
            Ok(false) => {}
            // As Connect does: the topic may exist already, or the broker may create it.
            Err(error @ SinkError::Denied { .. }) => {
                warn!(topic, "cannot create the topic, and rely on the broker for it: {error}");
            }
            Err(error) => return Err(error),
        }
        Ok(())
    }

    pub(super) async fn close(mut self, within: Duration) {
        let Some(clients) = self.clients.take() else { return };
        let transaction = self.transaction.take();
        let flushed = blocking(move || {
            match transaction {
                Some(transaction) => transaction.abandon(&clients.producer, within),
                None => clients.producers().for_each(|producer| drop(producer.flush(within))),
            }
            Ok(clients.producers().map(Producer::in_flight_count).sum())
        });
        if let Ok(left @ 1..) = flushed.await {
            warn!(records = left, "records were still undelivered when the Kafka producer was closed");
        }
    }

    fn explain(&self, code: RDKafkaErrorCode, topic: &str, size: usize) -> SinkError {
        let fatal = || self.clients.as_ref().and_then(|clients| clients.producer.client().fatal_error());
        // What follows from a lost transaction is told by its cause.
        let code = if self.transaction.is_some() && fatal().is_some() { RDKafkaErrorCode::Fatal } else { code };
        self.expired(client::explain(code, topic, size, &self.brokers, fatal))
    }

    /// The brokers fence a producer too when its transaction took longer than it may: after an outage, say.
    fn expired(&self, error: SinkError) -> SinkError {
        match (error, &self.transaction) {
            (SinkError::Fenced { why }, Some(transaction)) if transaction.may_have_expired() => {
                SinkError::ProducerLost { why }
            }
            (error, _) => error,
        }
    }

    fn known(&self) -> MutexGuard<'_, HashSet<String>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Kafka {
    fn drop(&mut self) {
        // Dropping a producer joins threads; not on a thread of the runtime, if there is one.
        if let (Some(clients), Ok(runtime)) = (self.clients.take(), Handle::try_current()) {
            let transaction = self.transaction.take();
            runtime.spawn_blocking(move || {
                if let Some(transaction) = transaction {
                    // Nobody shall wait for what will never be committed.
                    transaction.abandon(&clients.producer, ABANDON_WITHIN);
                }
                drop(clients);
            });
        }
    }
}

fn new_topic<'a>(group: &'a TopicGroup, topic: &'a str) -> NewTopic<'a> {
    let replication = TopicReplication::Fixed(i32::from(group.replication_factor));
    let mut new = NewTopic::new(topic, group.partitions, replication);
    new.config.extend(group.configs.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    new
}

fn wait_for_a_broker(producer: &ThreadedProducer<Context>, brokers: &str) -> Result<(), SinkError> {
    let start = Instant::now();
    let heard = &producer.client().context().0;
    while producer.client().fetch_cluster_id(Duration::from_millis(250)).is_none() {
        if let Some(error) = heard.give_up(start.elapsed(), brokers) {
            return Err(error);
        }
    }
    // Brokers of the list that do not answer are no trouble as long as one does.
    heard.forget_trouble();
    Ok(())
}

#[cfg(test)]
mod tests {
    use rdkafka::mocking::MockCluster;
    use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr};

    use super::super::{self as sink, Sink};
    use super::*;

    fn record<'a>(topic: &'a str, value: &'a [u8]) -> Record<'a> {
        Record { topic, partition: None, key: Some(b"k"), value: Some(value), headers: &[], timestamp: Some(1) }
    }

    async fn open(bootstrap: String, properties: &[(&str, &str)]) -> Result<Sink, SinkError> {
        let properties = properties.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        let config = Config { bootstrap, properties, ..Config::default() };
        Sink::open(&sink::Config::Kafka(config), "test").await
    }

    async fn receipts(sink: &mut Sink, count: usize) -> Vec<Receipt> {
        let mut receipts = Vec::new();
        while receipts.len() < count {
            sink.changed().await;
            sink.receipts(&mut receipts);
        }
        receipts
    }

    #[tokio::test]
    async fn every_record_gets_one_receipt() {
        let brokers = MockCluster::new(1).unwrap();
        let mut sink = open(brokers.bootstrap_servers(), &[]).await.unwrap();
        for ticket in 0..1000 {
            sink.send(&record("t", b"v"), Ticket(ticket)).unwrap();
        }
        let mut tickets: Vec<_> =
            receipts(&mut sink, 1000).await.iter().map(|r| (r.ticket.0, r.result.is_ok())).collect();
        tickets.sort_unstable();
        assert_eq!(tickets, (0..1000).map(|ticket| (ticket, true)).collect::<Vec<_>>());
        sink.close(Duration::from_secs(5)).await;
    }

    #[tokio::test]
    async fn brokers_that_do_not_answer_are_named_and_tried_again() {
        let error = open("127.0.0.1:1".to_owned(), &[]).await.err().expect("nothing listens there");
        assert!(error.is_transient(), "{error}");
        assert!(error.to_string().contains("127.0.0.1:1"), "{error}");
    }

    #[tokio::test]
    async fn a_record_too_large_is_refused_before_it_is_taken_and_by_the_broker() {
        let brokers = MockCluster::new(1).unwrap();
        let mut sink = open(brokers.bootstrap_servers(), &[("max.request.size", "10000")]).await.unwrap();
        let error = sink.send(&record("t", &[b'x'; 20_000]), Ticket(0)).unwrap_err();
        let limit = Limit::Producer(10_000);
        assert_eq!(error, SinkError::TooLarge { topic: "t".to_owned(), size: 20_001, limit });

        brokers.request_errors(RDKafkaApiKey::Produce, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE]);
        sink.send(&record("t", b"small"), Ticket(1)).unwrap();
        let error = receipts(&mut sink, 1).await.remove(0).result.unwrap_err();
        assert_eq!(error, SinkError::TooLarge { topic: "t".to_owned(), size: 6, limit: Limit::Broker });
    }

    #[tokio::test]
    async fn a_missing_permission_names_the_operation_and_the_topic() {
        let brokers = MockCluster::new(1).unwrap();
        let mut sink = open(brokers.bootstrap_servers(), &[]).await.unwrap();
        brokers.request_errors(RDKafkaApiKey::Produce, &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED]);
        sink.send(&record("secret", b"v"), Ticket(1)).unwrap();
        let error = receipts(&mut sink, 1).await.remove(0).result.unwrap_err();
        assert_eq!(error, SinkError::Denied { operation: "WRITE", resource: "topic secret".to_owned() });
    }

    #[tokio::test]
    async fn a_broker_that_hiccups_costs_no_record() {
        let brokers = MockCluster::new(1).unwrap();
        let mut sink = open(brokers.bootstrap_servers(), &[]).await.unwrap();
        brokers.request_errors(
            RDKafkaApiKey::Produce,
            &[RDKafkaRespErr::RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RDKafkaRespErr::RD_KAFKA_RESP_ERR__TRANSPORT],
        );
        sink.send(&record("t", b"v"), Ticket(5)).unwrap();
        assert_eq!(receipts(&mut sink, 1).await, [Receipt { ticket: Ticket(5), result: Ok(()) }]);
    }

    #[tokio::test]
    async fn an_outage_is_published_and_ends_with_the_next_delivery() {
        let brokers = MockCluster::new(1).unwrap();
        let mut sink = open(brokers.bootstrap_servers(), &[]).await.unwrap();
        assert_eq!(sink.trouble(), None);
        brokers.broker_down(1).unwrap();
        sink.send(&record("t", b"v"), Ticket(1)).unwrap();
        while sink.trouble().is_none() {
            tokio::task::yield_now().await;
        }
        brokers.broker_up(1).unwrap();
        assert_eq!(receipts(&mut sink, 1).await[0].result, Ok(()));
        assert_eq!(sink.trouble(), None);
    }

    async fn open_transactional(brokers: &MockCluster<'_, rdkafka::producer::DefaultProducerContext>) -> Sink {
        let config = Config {
            bootstrap: brokers.bootstrap_servers(),
            transactional_id: Some("group-name-0".to_owned()),
            ..Config::default()
        };
        Sink::open(&sink::Config::Kafka(config), "test").await.unwrap()
    }

    #[tokio::test]
    async fn a_commit_has_a_receipt_of_its_own_and_nothing_is_taken_before_it() {
        let brokers = MockCluster::new(1).unwrap();
        let mut sink = open_transactional(&brokers).await;
        for ticket in 0..2 {
            sink.send(&record("t", b"v"), Ticket(10 * ticket)).unwrap();
            assert_eq!(receipts(&mut sink, 1).await[0].result, Ok(()));
            sink.commit(Ticket(10 * ticket + 1));
            assert_eq!(sink.send(&record("t", b"v"), Ticket(99)), Err(SinkError::Full));
            assert_eq!(receipts(&mut sink, 1).await, [Receipt { ticket: Ticket(10 * ticket + 1), result: Ok(()) }]);
        }
        sink.close(Duration::from_secs(5)).await;
    }

    #[test]
    fn settings_can_be_checked_without_a_broker() {
        let config = |name: &str, value: &str| {
            let properties = vec![(name.to_owned(), value.to_owned())];
            Config { bootstrap: "nowhere:1".to_owned(), properties, ..Config::default() }
        };
        assert_eq!(config("acks", "1").check(), Ok(()));
        let error = config("max.request.size", "1").check().unwrap_err();
        assert!(matches!(&error, SinkError::Setting { property, .. } if property == "max.request.size"), "{error:?}");
    }

    #[tokio::test]
    async fn a_setting_that_is_no_good_is_named_without_its_value() {
        let brokers = MockCluster::new(1).unwrap();
        for (name, property) in
            [("linger.ms", "linger.ms"), ("retries", "retries"), ("sasl.mechanism", "sasl.mechanism")]
        {
            let bad = [("security.protocol", "SASL_SSL"), (name, "s3cret")];
            let error = open(brokers.bootstrap_servers(), &bad).await.err().unwrap();
            assert!(matches!(&error, SinkError::Setting { property: p, .. } if p == property), "{error:?}");
            assert!(!error.to_string().contains("s3cret") && !error.is_transient(), "{error}");
        }
    }
}
