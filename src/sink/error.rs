//! What can go wrong on the way out, and what an operator does about it.

/// Facts only: no row value, no secret.
#[derive(Clone, PartialEq, Debug, thiserror::Error)]
pub enum SinkError {
    /// Nothing was taken; there will be room after the next receipts.
    #[error("the sink is full")]
    Full,
    #[error("the sink is closed")]
    Closed,
    #[error("cannot reach the Kafka brokers {brokers}: {why}")]
    Unreachable { brokers: String, why: String },
    #[error("the Kafka brokers {brokers} refuse the login: {why}")]
    Login { brokers: String, why: String },
    /// `operation` and `resource` as in `kafka-acls`: `WRITE`, `topic orders`.
    #[error("Kafka denies {operation} on {resource}")]
    Denied { operation: &'static str, resource: String },
    #[error("a record of {size} bytes for topic {topic} is larger than {limit} allows")]
    TooLarge { topic: String, size: usize, limit: Limit },
    #[error("topic {topic} does not exist")]
    UnknownTopic { topic: String },
    #[error("topic {topic} has no such partition as the record asks for")]
    UnknownPartition { topic: String },
    /// The broker will never take this record.
    #[error("topic {topic} refuses a record: {why}")]
    Refused { topic: String, why: String },
    #[error("delivery to topic {topic} failed: {why}")]
    Undelivered { topic: String, why: String },
    #[error("another producer with the same transactional id has taken over: {why}")]
    Fenced { why: String },
    /// The producer is of no use any more; a new one may be.
    #[error("the Kafka producer has failed: {why}")]
    ProducerLost { why: String },
    #[error("{property}: {why}")]
    Setting { property: String, why: String },
    #[error("cannot create topic {topic}: {why}")]
    Creation { topic: String, why: String },
    #[error("topic {topic} has cleanup.policy={policy}, and would forget what is stored in it")]
    NotCompacted { topic: String, policy: String },
    #[error("cannot read topic {topic}: {why}")]
    Unreadable { topic: String, why: String },
    #[error("topic {topic} holds an open transaction, which did not end in time")]
    OpenTransaction { topic: String },
    #[error("cannot write to {target}: {why}")]
    Output { target: String, why: String },
    #[error("the reader of {target} has gone")]
    ReaderGone { target: String },
}

/// Who sets the limit that a record exceeds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Limit {
    /// `max.request.size`, in bytes.
    Producer(usize),
    /// `max.message.bytes` of the topic or `message.max.bytes` of the broker.
    Broker,
}

impl std::fmt::Display for Limit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Producer(bytes) => write!(f, "max.request.size ({bytes})"),
            Self::Broker => f.write_str("the topic"),
        }
    }
}

impl SinkError {
    /// Whether the same attempt may succeed later without anyone's help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Full
            | Self::Closed
            | Self::Unreachable { .. }
            | Self::UnknownTopic { .. }
            | Self::Undelivered { .. }
            | Self::ProducerLost { .. }
            | Self::Unreadable { .. }
            | Self::OpenTransaction { .. }
            // Disk full, or a file system that comes back.
            | Self::Output { .. } => true,
            Self::Login { .. }
            | Self::Denied { .. }
            | Self::TooLarge { .. }
            | Self::UnknownPartition { .. }
            | Self::Refused { .. }
            | Self::Fenced { .. }
            | Self::Setting { .. }
            | Self::Creation { .. }
            | Self::NotCompacted { .. }
            | Self::ReaderGone { .. } => false,
        }
    }

    /// One sentence for the operator, where there is something to do.
    pub fn remedy(&self) -> Option<String> {
        Some(match self {
            Self::Full | Self::Closed | Self::ProducerLost { .. } | Self::Undelivered { .. } => return None,
            Self::Unreachable { .. } => {
                "check bootstrap.servers, security.protocol and that a broker is running there".to_owned()
            }
            Self::Login { .. } => {
                "check security.protocol, sasl.mechanism, sasl.jaas.config and the ssl.* stores".to_owned()
            }
            Self::Denied { operation, resource } => {
                format!("kafka-acls --add --allow-principal User:<this user> --operation {operation} {}", acl(resource))
            }
            Self::TooLarge { topic, size, .. } => format!(
                "set producer.override.max.request.size to more than {size}, and max.message.bytes of topic {topic} too"
            ),
            Self::UnknownTopic { topic } => format!(
                "create topic {topic}, set topic.creation.default.partitions and .replication.factor, \
                 or allow the broker to (auto.create.topics.enable)"
            ),
            Self::UnknownPartition { topic } => format!("give topic {topic} more partitions"),
            Self::Refused { topic, .. } => {
                format!("look at the settings of topic {topic}; a compacted topic, for one, needs a key in each record")
            }
            Self::Fenced { .. } => "run one instance of this connector only".to_owned(),
            Self::Setting { property, .. } => format!("correct or remove {property}"),
            Self::Creation { topic, .. } => {
                format!("correct the settings that topic {topic} is created with, or create it yourself")
            }
            Self::NotCompacted { topic, .. } => {
                format!(
                    "kafka-configs --alter --entity-type topics --entity-name {topic} --add-config cleanup.policy=compact"
                )
            }
            Self::Unreadable { topic, .. } => format!("check that the partitions of topic {topic} have leaders"),
            Self::OpenTransaction { .. } => {
                "wait for the transaction timeout of the producer that wrote there before".to_owned()
            }
            Self::Output { target, .. } => format!("check space and permissions of {target}"),
            Self::ReaderGone { .. } => "keep the reading end of the pipe open, or write into a file".to_owned(),
        })
    }
}

/// `topic orders` as an option of `kafka-acls`.
fn acl(resource: &str) -> String {
    match resource.split_once(' ') {
        Some((kind, name)) => format!("--{kind} {name}"),
        None => format!("--{resource}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_denied_operation_names_the_acl_that_allows_it() {
        let denied = SinkError::Denied { operation: "WRITE", resource: "topic shop.orders".to_owned() };
        assert!(!denied.is_transient());
        assert_eq!(
            denied.remedy().unwrap(),
            "kafka-acls --add --allow-principal User:<this user> --operation WRITE --topic shop.orders"
        );
        let cluster = SinkError::Denied { operation: "IDEMPOTENT_WRITE", resource: "cluster".to_owned() };
        assert!(cluster.remedy().unwrap().ends_with("--operation IDEMPOTENT_WRITE --cluster"));
    }

    #[test]
    fn a_record_too_large_names_topic_size_and_both_settings() {
        let error = SinkError::TooLarge { topic: "t".to_owned(), size: 2_000_000, limit: Limit::Producer(1_048_576) };
        assert!(!error.is_transient());
        let text = format!("{error}; {}", error.remedy().unwrap());
        for part in ["2000000", "topic t", "producer.override.max.request.size", "max.message.bytes", "1048576"] {
            assert!(text.contains(part), "{part} is missing in: {text}");
        }
    }
}
