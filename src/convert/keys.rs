//! What each key means here.

use super::LeftOut;
use crate::settings::Raw;

/// What becomes of a key.
pub(super) enum Meaning {
    Connector(Raw),
    Worker(String),
    /// An option of all three converters.
    EverySide(String),
    /// Taken care of elsewhere.
    Known,
    /// Why it is left out.
    Nothing(&'static str),
}

use Meaning::{Connector, EverySide, Known, Nothing, Worker};

const FILE: &str = "positions in Java's own file format are not read: once the old server has stopped, see `walcast offsets \
                    show` and say with `walcast offsets set` where to go on, such as the slot's confirmed_flush_lsn";

/// `DEBEZIUM_SOURCE_TOPIC_PREFIX` to `debezium.source.topic.prefix`, two underscores being one; others as they are.
pub(super) fn normal(key: &str) -> String {
    let shell = key.contains('_') && key.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    if !shell {
        return key.to_owned();
    }
    key.split("__").map(|part| part.replace('_', ".")).collect::<Vec<_>>().join("_").to_lowercase()
}

/// `sink`: the value of `debezium.sink.type`.
pub(super) fn meaning(key: &str, value: &str, sink: &str) -> Meaning {
    if let Some(option) = key.strip_prefix("debezium.source.").or_else(|| key.strip_prefix("quarkus.debezium.")) {
        return source(option, value);
    }
    if let Some(option) = key.strip_prefix("debezium.format.") {
        return format(option, value);
    }
    if let Some(option) = key.strip_prefix("debezium.sink.") {
        return match option.strip_prefix("kafka.") {
            Some(option) => kafka(option),
            // Told of the sink itself already.
            None if option == "type" => Known,
            None if option.starts_with(sink) => Nothing("belongs to a sink that walcast does not have"),
            None => Nothing("belongs to a sink that is not used"),
        };
    }
    if let Some(option) = key.strip_prefix("quarkus.datasource.") {
        return datasource(option, value);
    }
    match key {
        "quarkus.log.level" => Worker("walcast.log".to_owned()),
        "debezium.transforms" | "debezium.predicates" => own(&key["debezium.".len()..], value),
        _ if key.starts_with("debezium.transforms.") || key.starts_with("debezium.predicates.") => {
            own(&key["debezium.".len()..], value)
        }
        _ if key.starts_with("quarkus.http.") => {
            Nothing("REST listens where `listeners` of the worker says, health at /health")
        }
        _ if key.starts_with("quarkus.log.") => Nothing("log filters are `walcast.log` of the worker, or RUST_LOG"),
        _ if key.starts_with("quarkus.") || key.starts_with("mp.") => Nothing("is of Quarkus, which is not there"),
        "debezium.engine.factory" | "debezium.termination.wait" => {
            Nothing("how long a stop may drain is task.shutdown.graceful.timeout.ms of the worker")
        }
        _ => Nothing("is no setting of Debezium Server; where others refer to it, its value is put in"),
    }
}

fn own(name: &str, value: &str) -> Meaning {
    Connector(vec![(name.to_owned(), value.to_owned())])
}

fn source(option: &str, value: &str) -> Meaning {
    match option {
        "offset.storage" if value.ends_with("KafkaOffsetBackingStore") => Known,
        "offset.storage" if value.ends_with("FileOffsetBackingStore") => Nothing(FILE),
        "offset.storage" => {
            Nothing("positions are kept in a Kafka topic (offset.storage.topic) or in a file of walcast's own")
        }
        "offset.storage.file.filename" => Nothing(FILE),
        "offset.storage.topic" | "offset.storage.partitions" | "offset.storage.replication.factor" => {
            Worker(option.to_owned())
        }
        "offset.flush.interval.ms" if value.trim().parse::<u64>().is_ok_and(|ms| ms > 0) => Worker(option.to_owned()),
        "offset.flush.interval.ms" => Nothing("must be at least 1 here, and is 1000 unless set"),
        "offset.flush.timeout.ms" | "bootstrap.servers" => Worker(option.to_owned()),
        _ if option.starts_with("offset.storage.") => {
            Nothing("belongs to a store of positions that walcast does not have")
        }
        _ if option.starts_with("schema.history.internal") || option.starts_with("database.history") => {
            Nothing("Postgres tells each table's columns in the stream: there is no schema history")
        }
        "name" => Nothing("Debezium Server overrides it with the type of its sink"),
        _ => own(option, value),
    }
}

fn format(option: &str, value: &str) -> Meaning {
    match option.split_once('.') {
        None if ["key", "value", "header"].contains(&option) => Known,
        Some((side @ ("key" | "value" | "header"), option)) => own(&format!("{side}.converter.{option}"), value),
        _ => EverySide(option.to_owned()),
    }
}

fn kafka(option: &str) -> Meaning {
    let Some(property) = option.strip_prefix("producer.") else {
        return Nothing("has no counterpart: deliveries are waited for as long as it takes");
    };
    match property {
        "bootstrap.servers" => Worker(property.to_owned()),
        "key.serializer" | "value.serializer" => Nothing("keys and values are bytes when the converters are done"),
        // For the clients that keep positions too.
        _ if property == "security.protocol" || property.starts_with("sasl.") || property.starts_with("ssl.") => {
            Worker(property.to_owned())
        }
        _ => Worker(option.to_owned()),
    }
}

/// Of the extension: `jdbc:postgresql://HOST:PORT/DATABASE?...`
fn datasource(option: &str, value: &str) -> Meaning {
    match option {
        "username" => own("database.user", value),
        "password" => own("database.password", value),
        "db-kind" => Known,
        "jdbc.url" => {
            let Some(rest) = value.strip_prefix("jdbc:postgresql://") else {
                return Nothing("set database.hostname, database.port and database.dbname of the connector");
            };
            let (server, database) = rest.split_once('/').unwrap_or((rest, ""));
            let (host, port) = server.rsplit_once(':').unwrap_or((server, "5432"));
            let database = database.split('?').next().unwrap_or("");
            let pairs = [("database.hostname", host), ("database.port", port), ("database.dbname", database)];
            let given = pairs.into_iter().filter(|(_, value)| !value.is_empty());
            Connector(given.map(|(name, value)| (name.to_owned(), value.to_owned())).collect())
        }
        _ => Nothing("is of a connection pool, which is not there"),
    }
}

/// Where Debezium Server sends records.
pub(super) enum Sink {
    Kafka,
    Other(String),
}

impl Sink {
    pub(super) fn of(name: &str) -> Self {
        if name == "kafka" { Self::Kafka } else { Self::Other(name.to_owned()) }
    }

    pub(super) fn left_out(&self) -> Option<LeftOut> {
        let Self::Other(name) = self else { return None };
        let name = if name.is_empty() { "nothing" } else { name };
        let why = format!("is {name}: walcast writes to Kafka, or with walcast.sink to standard output or a file");
        Some(LeftOut { key: "debezium.sink.type".to_owned(), why })
    }
}
