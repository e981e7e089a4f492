//! Settings of librdkafka's clients, and its error codes in our words.

use std::time::Duration;

use rdkafka::admin::{AdminClient, AdminOptions, NewTopic};
use rdkafka::client::{ClientContext, DefaultClientContext};
use rdkafka::config::{ClientConfig, FromClientConfig, FromClientConfigAndContext};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::super::{Limit, SinkError};
use super::flusher::LINGER;
use super::{Config, properties};

/// What a producer gets unless the user says otherwise.
const PRODUCER: &[(&str, &str)] = &[
    ("acks", "all"),
    ("enable.idempotence", "true"),
    // Java's `max.request.size`.
    ("message.max.bytes", "1048576"),
    // An outage of any length must not turn into failed deliveries.
    ("message.timeout.ms", "0"),
    // The ledger's window is the limit of what is in flight; the producer's own would only be a second one.
    ("queue.buffering.max.messages", "0"),
    ("queue.buffering.max.kbytes", "2147483647"),
    ("statistics.interval.ms", "5000"),
];

/// What every client gets unless the user says otherwise.
const EVERY: &[(&str, &str)] = &[
    ("socket.keepalive.enable", "true"),
    // As Java; ten seconds, librdkafka's own, would show as lag after each restart of a broker.
    ("reconnect.backoff.max.ms", "1000"),
    // As Java's `request.timeout.ms`: how long a broker may be silent before its connection is given up.
    ("socket.timeout.ms", "30000"),
    ("log.connection.close", "false"),
    ("enable.metrics.push", "false"),
];

/// How long the transaction of a process that is gone for good holds up committed readers. Java's default is a minute;
/// ours are over within milliseconds, and one that an outage of the brokers cuts short is begun anew.
const TRANSACTION_TIMEOUT_MS: &str = "30000";

/// Settings of the record producer.
pub(super) fn producer(config: &Config, client_id: &str) -> Result<ClientConfig, SinkError> {
    let translated = translate(config)?;
    let mut settings = base(config, client_id);
    set_all(&mut settings, PRODUCER);
    settings.set("linger.ms", LINGER.as_millis().to_string());
    for (name, value) in &translated {
        settings.set(name, value);
    }
    // Keys must land where the Java client puts them.
    settings.set("partitioner", "murmur2_random");
    if let Some(id) = &config.transactional_id {
        settings.set("transactional.id", id);
        if settings.get("transaction.timeout.ms").is_none() {
            settings.set("transaction.timeout.ms", TRANSACTION_TIMEOUT_MS);
        }
        // librdkafka refuses to wait longer for an answer than the transaction may last.
        let millis = |name: &str| settings.get(name).and_then(|ms| ms.parse::<u32>().ok());
        if let (Some(longest), Some(socket)) = (millis("transaction.timeout.ms"), millis("socket.timeout.ms")) {
            settings.set("socket.timeout.ms", socket.min(longest).to_string());
        }
    } else {
        settings.remove("transaction.timeout.ms");
        if !config.sets("enable.idempotence") && rules_out_idempotence(&settings) {
            settings.set("enable.idempotence", "false");
        }
    }
    Ok(settings)
}

/// Whether the first records may go out before the producer has its id: unless somebody asked for idempotence by name.
pub(super) fn may_start_early(config: &Config, settings: &ClientConfig) -> bool {
    config.transactional_id.is_none()
        && !config.sets("enable.idempotence")
        && settings.get("enable.idempotence") == Some("true")
}

/// Settings of a client that only needs to reach the brokers: admin, or producer of a few records.
pub(super) fn plain(config: &Config, client_id: &str) -> Result<ClientConfig, SinkError> {
    let mut settings = base(config, client_id);
    for (name, value) in translate(config)?.iter().filter(|(name, _)| is_about_the_connection(name)) {
        settings.set(name, value);
    }
    Ok(settings)
}

/// Settings of a consumer that is given its partitions and commits nothing.
pub(super) fn reader(config: &Config, isolation: &str) -> Result<ClientConfig, SinkError> {
    let mut settings = plain(config, "walcast-reader")?;
    settings
        // librdkafka wants a name though no group is joined.
        .set("group.id", "walcast-reader")
        .set("enable.auto.commit", "false")
        .set("enable.partition.eof", "true")
        .set("auto.offset.reset", "earliest")
        .set("allow.auto.create.topics", "false")
        // The end of a partition is reported by an empty answer: ask for it soon.
        .set("fetch.wait.max.ms", "20")
        .set("queued.min.messages", "10000")
        .set("queued.max.messages.kbytes", "8192")
        // Not the second that a full queue would rest otherwise.
        .set("fetch.queue.backoff.ms", "5")
        .set("isolation.level", isolation);
    Ok(settings)
}

fn base(config: &Config, client_id: &str) -> ClientConfig {
    let mut settings = ClientConfig::new();
    settings.set("bootstrap.servers", &config.bootstrap).set("client.id", client_id);
    set_all(&mut settings, EVERY);
    settings
}

fn set_all(settings: &mut ClientConfig, defaults: &[(&str, &str)]) {
    for &(name, value) in defaults {
        settings.set(name, value);
    }
}

fn translate(config: &Config) -> Result<Vec<(String, String)>, SinkError> {
    properties::translate(&config.properties).map_err(|refused| match refused.into_iter().next() {
        Some(first) => SinkError::Setting { property: first.name, why: first.why },
        None => SinkError::Closed,
    })
}

/// As the Java client: idempotence that nobody asked for gives way to what somebody did.
fn rules_out_idempotence(settings: &ClientConfig) -> bool {
    let number = |name: &str| settings.get(name).and_then(|value| value.parse::<i64>().ok());
    !matches!(settings.get("acks"), Some("all" | "-1"))
        || number("message.send.max.retries") == Some(0)
        || number("max.in.flight.requests.per.connection").is_some_and(|requests| requests > 5)
}

fn is_about_the_connection(name: &str) -> bool {
    const PREFIXES: [&str; 8] =
        ["security.", "sasl.", "ssl.", "enable.s", "socket.", "broker.", "reconnect.", "client.dns"];
    PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

pub(super) fn create<T: FromClientConfig>(settings: &ClientConfig) -> Result<T, SinkError> {
    settings.create().map_err(bad_setting)
}

pub(super) fn create_with<C: ClientContext, T: FromClientConfigAndContext<C>>(
    settings: &ClientConfig,
    context: C,
) -> Result<T, SinkError> {
    settings.create_with_context(context).map_err(bad_setting)
}

/// Whether librdkafka takes these settings, each for itself.
pub(super) fn check(settings: &ClientConfig) -> Result<(), SinkError> {
    settings.create_native_config().map(drop).map_err(bad_setting)
}

fn bad_setting(error: KafkaError) -> SinkError {
    let client = || "Kafka client".to_owned();
    match error {
        // The description repeats the value, which may be a secret.
        KafkaError::ClientConfig(_, description, property, value) => {
            let why = match description {
                text if text.contains("not supported in this build") => "not part of this build".to_owned(),
                _ if properties::is_secret(&property) => "not a usable value".to_owned(),
                text => text.replace(&format!(" \"{value}\""), ""),
            };
            SinkError::Setting { property: properties::java_name(&property).to_owned(), why }
        }
        KafkaError::ClientCreation(why) => SinkError::Setting { property: client(), why },
        other => SinkError::Setting { property: client(), why: other.to_string() },
    }
}

/// `false`: the topic exists already.
pub(super) async fn create_topic(
    admin: &AdminClient<DefaultClientContext>,
    new: &NewTopic<'_>,
    brokers: &str,
) -> Result<bool, SinkError> {
    let limit = Some(Duration::from_secs(30));
    order_topic(admin, new, brokers, &AdminOptions::new().request_timeout(limit).operation_timeout(limit)).await
}

/// As `create_topic`, the way the options say.
pub(super) async fn order_topic(
    admin: &AdminClient<DefaultClientContext>,
    new: &NewTopic<'_>,
    brokers: &str,
    options: &AdminOptions,
) -> Result<bool, SinkError> {
    let results = admin.create_topics([new], options).await;
    let code = match results.map(|mut results| results.pop()) {
        Ok(Some(Err((_, code)))) => code,
        Ok(Some(Ok(_)) | None) => return Ok(true),
        Err(error) => match error.rdkafka_error_code() {
            Some(code) => code,
            // The order never left: librdkafka does not take the settings.
            None => return Err(SinkError::Creation { topic: new.name.to_owned(), why: error.to_string() }),
        },
    };
    match code {
        RDKafkaErrorCode::TopicAlreadyExists => Ok(false),
        code => Err(explain_creation(code, new.name, brokers)),
    }
}

/// Why `topic` could not be created.
fn explain_creation(code: RDKafkaErrorCode, topic: &str, brokers: &str) -> SinkError {
    match code {
        RDKafkaErrorCode::TopicAuthorizationFailed | RDKafkaErrorCode::ClusterAuthorizationFailed => {
            SinkError::Denied { operation: "CREATE", resource: format!("topic {topic}") }
        }
        code if is_passing(code) => SinkError::Unreachable { brokers: brokers.to_owned(), why: code.to_string() },
        code => SinkError::Creation { topic: topic.to_owned(), why: code.to_string() },
    }
}

/// Why a record of `size` bytes that was sent did not get into `topic`.
pub(super) fn explain(
    code: RDKafkaErrorCode,
    topic: &str,
    size: usize,
    brokers: &str,
    fatal: impl FnOnce() -> Option<(RDKafkaErrorCode, String)>,
) -> SinkError {
    use RDKafkaErrorCode as Code;
    let topic = topic.to_owned();
    match code {
        Code::MessageSizeTooLarge | Code::MessageBatchTooLarge => {
            SinkError::TooLarge { topic, size, limit: Limit::Broker }
        }
        Code::TopicAuthorizationFailed => SinkError::Denied { operation: "WRITE", resource: format!("topic {topic}") },
        Code::ClusterAuthorizationFailed => {
            SinkError::Denied { operation: "IDEMPOTENT_WRITE", resource: "cluster".to_owned() }
        }
        Code::Authentication | Code::SaslAuthenticationFailed | Code::UnsupportedSASLMechanism => {
            SinkError::Login { brokers: brokers.to_owned(), why: code.to_string() }
        }
        Code::UnknownTopic | Code::UnknownTopicOrPartition => SinkError::UnknownTopic { topic },
        Code::UnknownPartition => SinkError::UnknownPartition { topic },
        Code::PurgeQueue | Code::PurgeInflight | Code::BrokerDestroy => SinkError::Closed,
        Code::ProducerFenced | Code::Fenced | Code::InvalidProducerEpoch => SinkError::Fenced { why: code.to_string() },
        Code::Fatal => match fatal() {
            Some((Code::ProducerFenced | Code::Fenced | Code::InvalidProducerEpoch, why)) => SinkError::Fenced { why },
            Some((_, why)) => SinkError::ProducerLost { why },
            None => SinkError::ProducerLost { why: code.to_string() },
        },
        Code::OutOfOrderSequenceNumber | Code::UnknownProducerId | Code::Inconsistent => {
            SinkError::ProducerLost { why: code.to_string() }
        }
        code if is_passing(code) => SinkError::Undelivered { topic, why: code.to_string() },
        code => SinkError::Refused { topic, why: code.to_string() },
    }
}

/// Why a transaction could not be begun, committed or aborted.
pub(super) fn explain_transaction(error: &KafkaError, id: &str, brokers: &str) -> SinkError {
    use RDKafkaErrorCode as Code;
    let KafkaError::Transaction(cause) = error else { return SinkError::ProducerLost { why: error.to_string() } };
    let why = cause.to_string();
    match cause.code() {
        Code::ProducerFenced | Code::Fenced | Code::InvalidProducerEpoch => SinkError::Fenced { why },
        Code::TransactionalIdAuthorizationFailed => {
            SinkError::Denied { operation: "WRITE", resource: format!("transactional-id {id}") }
        }
        Code::TopicAuthorizationFailed => SinkError::Denied { operation: "WRITE", resource: "topic *".to_owned() },
        Code::InvalidTransactionTimeout => SinkError::Setting {
            property: "transaction.timeout.ms".to_owned(),
            why: "longer than transaction.max.timeout.ms of the brokers".to_owned(),
        },
        code if cause.is_retriable() || is_passing(code) => SinkError::Unreachable { brokers: brokers.to_owned(), why },
        _ => SinkError::ProducerLost { why },
    }
}

/// Codes that end by themselves, or when a broker comes back.
pub(super) fn is_passing(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::AllBrokersDown
            | Code::BrokerTransportFailure
            | Code::Resolve
            | Code::MessageTimedOut
            | Code::OperationTimedOut
            | Code::TimedOutQueue
            | Code::QueueFull
            | Code::RequestTimedOut
            | Code::LeaderNotAvailable
            | Code::NotLeaderForPartition
            | Code::BrokerNotAvailable
            | Code::ReplicaNotAvailable
            | Code::NetworkException
            | Code::NotEnoughReplicas
            | Code::NotEnoughReplicasAfterAppend
            | Code::NotController
            | Code::KafkaStorageError
            | Code::ThrottlingQuotaExceeded
            | Code::Retry
            // UNKNOWN_SERVER_ERROR: the broker itself failed, as a controller does that is changing or short of time.
            | Code::Unknown
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(properties: &[(&str, &str)]) -> ClientConfig {
        let properties = properties.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        producer(&Config { bootstrap: "b:1".to_owned(), properties, ..Config::default() }, "id").unwrap()
    }

    #[test]
    fn a_producer_is_safe_by_default() {
        let settings = settings(&[]);
        let expected = [
            ("acks", "all"),
            ("enable.idempotence", "true"),
            ("partitioner", "murmur2_random"),
            ("message.timeout.ms", "0"),
            ("message.max.bytes", "1048576"),
        ];
        for (name, value) in expected {
            assert_eq!(settings.get(name), Some(value), "{name}");
        }
        // librdkafka's own is larger than Java's default and twice as fast.
        assert_eq!(settings.get("batch.size"), None);
    }

    #[test]
    fn idempotence_gives_way_only_when_nobody_asked_for_it() {
        assert_eq!(settings(&[("acks", "1")]).get("enable.idempotence"), Some("false"));
        assert_eq!(settings(&[("retries", "0")]).get("enable.idempotence"), Some("false"));
        assert_eq!(
            settings(&[("max.in.flight.requests.per.connection", "6")]).get("enable.idempotence"),
            Some("false")
        );
        let both = [("acks", "1"), ("enable.idempotence", "true")];
        assert_eq!(settings(&both).get("enable.idempotence"), Some("true"));
    }

    #[test]
    fn a_short_transaction_shortens_what_may_not_outlast_it() {
        let properties = vec![("transaction.timeout.ms".to_owned(), "5000".to_owned())];
        let config = Config { properties, transactional_id: Some("x".to_owned()), ..Config::default() };
        let settings = producer(&config, "id").unwrap();
        assert_eq!(settings.get("socket.timeout.ms"), Some("5000"));
        assert!(
            create::<rdkafka::producer::ThreadedProducer<rdkafka::producer::DefaultProducerContext>>(&settings).is_ok()
        );
    }

    #[test]
    fn every_setting_of_ours_is_known_to_the_client() {
        assert!(settings(&[]).create_native_config().is_ok());
        for isolation in ["read_committed", "read_uncommitted"] {
            assert!(reader(&Config::default(), isolation).unwrap().create_native_config().is_ok());
        }
    }

    #[test]
    fn what_this_build_lacks_is_said_without_the_secret() {
        let jaas = "x.OAuthBearerLoginModule required clientId=\"u\" clientSecret=\"s3cret\";";
        let oidc = [("sasl.jaas.config", jaas), ("sasl.oauthbearer.token.endpoint.url", "https://idp/token")];
        let error = check(&settings(&oidc)).unwrap_err().to_string();
        assert!(error.ends_with("not part of this build") && !error.contains("s3cret"), "{error}");
    }

    #[test]
    fn a_fenced_producer_is_told_from_a_lost_one() {
        let explain = |code, fatal| explain(code, "t", 1, "b:1", || fatal);
        let fenced = Some((RDKafkaErrorCode::ProducerFenced, "fenced".to_owned()));
        assert!(!explain(RDKafkaErrorCode::Fatal, fenced).is_transient());
        let lost = Some((RDKafkaErrorCode::OutOfOrderSequenceNumber, "gap".to_owned()));
        assert_eq!(explain(RDKafkaErrorCode::Fatal, lost), SinkError::ProducerLost { why: "gap".to_owned() });
        assert!(matches!(explain(RDKafkaErrorCode::InvalidRecord, None), SinkError::Refused { .. }));
    }

    #[test]
    fn a_broker_that_failed_itself_is_asked_again() {
        let failed = RDKafkaErrorCode::Unknown;
        assert!(explain_creation(failed, "t", "b:1").is_transient());
        assert!(explain(failed, "t", 1, "b:1", || None).is_transient());
        assert!(!explain_creation(RDKafkaErrorCode::InvalidConfig, "t", "b:1").is_transient());
    }
}
