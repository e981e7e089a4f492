//! From the settings of Debezium Server (or of Debezium's Quarkus extension) to a connector and a worker of ours.
//!
//! A pure translation of names, as Debezium Server itself does it before it starts its engine: `debezium.source.*` is the
//! connector, `debezium.format.*` its converters, `debezium.sink.kafka.*` the producer. What has no counterpart here is
//! never dropped silently: each such key is named, with what to do instead.

mod expressions;
mod files;
mod keys;

pub use files::{ConvertError, Outcome, run};

use self::expressions::Expressions;
use self::keys::{Meaning, Sink, meaning, normal};
use crate::settings::{Raw, value};

/// What became of a file.
#[derive(Clone, PartialEq, Eq)]
pub struct Converted {
    /// As Debezium Server calls its engine, and so what its stored position is found under.
    pub name: String,
    pub connector: Raw,
    pub worker: Raw,
    pub left_out: Vec<LeftOut>,
}

/// A key without a counterpart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LeftOut {
    pub key: String,
    /// Why, and what to do instead.
    pub why: String,
}

const POSTGRES: &str = "io.debezium.connector.postgresql.PostgresConnector";
const JSON: &str = "org.apache.kafka.connect.json.JsonConverter";
/// Converters by the names of `debezium.format.*`.
const FORMATS: [(&str, &str); 5] = [
    ("json", JSON),
    ("jsonbytearray", JSON),
    ("cloudevents", "io.debezium.converters.CloudEventsConverter"),
    ("simplestring", "org.apache.kafka.connect.storage.StringConverter"),
    ("binary", "io.debezium.converters.BinaryDataConverter"),
];
const SIDES: [&str; 3] = ["key", "value", "header"];

/// Translates what `settings::read_file` has read.
pub fn convert(written: &Raw) -> Converted {
    let (raw, mut left_out) = in_force(written);
    let mut expressions = Expressions::new(&raw);
    let sink = value(&raw, "debezium.sink.type").unwrap_or("").trim().to_owned();
    let (mut connector, mut worker, mut shared) = (Raw::new(), Raw::new(), Raw::new());
    for (key, text) in &raw {
        let text = expressions.translated(key, text, &mut left_out);
        match meaning(key, &text, &sink) {
            Meaning::Connector(pairs) => pairs.into_iter().for_each(|(name, value)| put(&mut connector, &name, value)),
            Meaning::Worker(name) => put(&mut worker, &name, text),
            // Beside what is said of one side alone, whichever comes first in the file.
            Meaning::EverySide(option) => shared.push((option, text)),
            Meaning::Known => {}
            Meaning::Nothing(why) => left_out.push(LeftOut { key: key.clone(), why: why.to_owned() }),
        }
    }
    for (option, text) in shared {
        for key in SIDES.map(|side| format!("{side}.converter.{option}")) {
            if value(&connector, &key).is_none() {
                put(&mut connector, &key, text.clone());
            }
        }
    }
    left_out.extend(converters(&raw, &mut connector));
    left_out.extend(Sink::of(&sink).left_out());
    if value(&connector, "connector.class").is_none() {
        put(&mut connector, "connector.class", POSTGRES.to_owned());
    }
    worker.extend(expressions.providers());
    let name = if sink.is_empty() { "debezium".to_owned() } else { sink };
    Converted { name, connector, worker, left_out }
}

/// The keys that count: names of the environment in dots, those of Quarkus's profile `prod` over those of none.
fn in_force(written: &Raw) -> (Raw, Vec<LeftOut>) {
    let (mut raw, mut of_profile, mut left_out) = (Raw::new(), Raw::new(), Vec::new());
    for (key, text) in written {
        match key.strip_prefix('%').and_then(|rest| rest.split_once('.')) {
            None => put(&mut raw, &normal(key), text.clone()),
            Some(("prod", rest)) => of_profile.push((normal(rest), text.clone())),
            Some((profile, _)) => left_out.push(LeftOut {
                key: key.clone(),
                why: format!("is for the profile {profile} only: keep a file of its own for that"),
            }),
        }
    }
    of_profile.into_iter().for_each(|(key, text)| put(&mut raw, &key, text));
    (raw, left_out)
}

/// Later wins, in the place of the first.
fn put(raw: &mut Raw, key: &str, value: String) {
    match raw.iter_mut().find(|(known, _)| known == key) {
        Some((_, old)) => *old = value,
        None => raw.push((key.to_owned(), value)),
    }
}

/// `debezium.format.key` and its like; each is JSON unless it is set.
fn converters(raw: &Raw, connector: &mut Raw) -> Vec<LeftOut> {
    let mut left_out = Vec::new();
    for side in SIDES {
        let key = format!("debezium.format.{side}");
        let format = value(raw, &key).map_or("json", str::trim);
        match FORMATS.iter().find(|(name, _)| *name == format) {
            Some((_, class)) => put(connector, &format!("{side}.converter"), (*class).to_owned()),
            None => left_out.push(LeftOut {
                key,
                why: format!(
                    "{format} is not written by this version: choose json, simplestring, binary or cloudevents"
                ),
            }),
        }
    }
    left_out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converted(pairs: &[(&str, &str)]) -> Converted {
        convert(&pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }

    fn left(converted: &Converted) -> Vec<&str> {
        converted.left_out.iter().map(|left| left.key.as_str()).collect()
    }

    #[test]
    fn a_server_with_kafka_becomes_connector_and_worker() {
        let found = converted(&[
            ("debezium.sink.type", "kafka"),
            ("debezium.sink.kafka.producer.bootstrap.servers", "b:9092"),
            ("debezium.sink.kafka.producer.linger.ms", "20"),
            ("debezium.sink.kafka.producer.security.protocol", "SSL"),
            ("debezium.source.connector.class", POSTGRES),
            ("debezium.source.database.hostname", "db"),
            ("debezium.source.offset.storage", "org.apache.kafka.connect.storage.KafkaOffsetBackingStore"),
            ("debezium.source.offset.storage.topic", "offsets"),
            ("debezium.source.offset.flush.interval.ms", "0"),
            ("debezium.format.schemas.enable", "false"),
            ("debezium.format.value.schemas.enable", "true"),
            ("debezium.transforms", "u"),
            ("debezium.transforms.u.type", "io.debezium.transforms.ExtractNewRecordState"),
            ("quarkus.log.level", "INFO"),
        ]);
        assert_eq!(left(&found), ["debezium.source.offset.flush.interval.ms"]);
        // Debezium Server calls its engine by the sink: the stored position is under that name.
        assert_eq!(found.name, "kafka");
        for (key, expected) in [
            ("bootstrap.servers", "b:9092"),
            ("producer.linger.ms", "20"),
            ("security.protocol", "SSL"),
            ("offset.storage.topic", "offsets"),
            ("walcast.log", "INFO"),
        ] {
            assert_eq!(value(&found.worker, key), Some(expected), "{key}");
        }
        for (key, expected) in [
            ("database.hostname", "db"),
            ("key.converter", JSON),
            ("key.converter.schemas.enable", "false"),
            ("value.converter.schemas.enable", "true"),
            ("header.converter", JSON),
            ("header.converter.schemas.enable", "false"),
            ("transforms", "u"),
            ("transforms.u.type", "io.debezium.transforms.ExtractNewRecordState"),
        ] {
            assert_eq!(value(&found.connector, key), Some(expected), "{key}");
        }
    }

    #[test]
    fn what_has_no_counterpart_is_named() {
        let found = converted(&[
            ("debezium.sink.type", "kinesis"),
            ("debezium.sink.kinesis.region", "eu-central-1"),
            ("debezium.source.offset.storage", "org.apache.kafka.connect.storage.FileOffsetBackingStore"),
            ("debezium.source.offset.storage.file.filename", "data/offsets.dat"),
            ("debezium.source.schema.history.internal", "x"),
            ("debezium.format.value", "avro"),
            ("quarkus.http.port", "8080"),
            ("%dev.debezium.source.database.hostname", "localhost"),
            ("something.else", "1"),
        ]);
        let mut left = left(&found);
        left.sort_unstable();
        assert_eq!(
            left,
            [
                "%dev.debezium.source.database.hostname",
                "debezium.format.value",
                "debezium.sink.kinesis.region",
                "debezium.sink.type",
                "debezium.source.offset.storage",
                "debezium.source.offset.storage.file.filename",
                "debezium.source.schema.history.internal",
                "quarkus.http.port",
                "something.else",
            ]
        );
        assert!(found.left_out.iter().all(|left| !left.why.is_empty()));
    }

    #[test]
    fn the_environment_profiles_and_quarkus_names_are_understood() {
        let found = converted(&[
            ("DEBEZIUM_SOURCE_TOPIC_PREFIX", "shop"),
            ("debezium.source.database.hostname", "one"),
            ("%prod.debezium.source.database.hostname", "two"),
            ("quarkus.debezium.slot.name", "s"),
            ("quarkus.datasource.jdbc.url", "jdbc:postgresql://pg:6432/shop?sslmode=require"),
            ("quarkus.datasource.username", "me"),
        ]);
        for (key, expected) in [
            ("topic.prefix", "shop"),
            ("slot.name", "s"),
            ("database.user", "me"),
            ("database.port", "6432"),
            ("database.dbname", "shop"),
        ] {
            assert_eq!(value(&found.connector, key), Some(expected), "{key}");
        }
    }

    #[test]
    fn variables_go_through_a_provider() {
        let found = converted(&[
            ("debezium.source.database.password", "${PGPASSWORD}"),
            ("debezium.source.database.user", "${PGUSER:me}"),
            ("debezium.source.topic.prefix", "${prefix}-x"),
            ("prefix", "shop"),
        ]);
        assert_eq!(value(&found.connector, "database.password"), Some("${env:PGPASSWORD}"));
        assert_eq!(value(&found.connector, "database.user"), Some("${env:PGUSER}"));
        assert_eq!(value(&found.connector, "topic.prefix"), Some("shop-x"));
        assert_eq!(value(&found.worker, "config.providers"), Some("env"));
        assert!(left(&found).contains(&"debezium.source.database.user"), "its default is lost");
    }
}
