//! Where records and offsets go, and how: the sink, its properties, the place of the offsets, exactly-once delivery.

use std::time::Duration;

use super::reader::Reader;
use super::worker::{SinkChoice, Worker};
use super::{Problem, Raw, value};
use crate::connector::TransactionBoundary;
use crate::sink::SinkError;
use crate::{offsets, sink};

/// Where offsets live when neither the worker nor the connector says.
const OFFSET_TOPIC: &str = "walcast-offsets";

/// The preflight check of `exactly.once.support=required`, in Connect's words.
pub(super) fn exactly_once(reader: &mut Reader<'_>, worker: &Worker) {
    let required = reader.choice("exactly.once.support", "requested") == "required";
    if required && !worker.exactly_once {
        let why = "exactly.once.support: This worker does not have exactly-once source support enabled. Set \
                   exactly.once.source.support=enabled on the worker.";
        reader.problem(Problem::new("exactly.once.support", why));
    }
    if reader.choice("transaction.boundary", "poll") == "connector" {
        let why = "transaction.boundary: The connector does not support connector-defined transaction boundaries with the given \
                   configuration. Please reconfigure it to use a different transaction boundary definition.";
        reader.problem(Problem::new("transaction.boundary", why));
    }
}

/// `poll`, or `interval` with the worker's flush interval unless it is given.
pub(super) fn transaction_boundary(reader: &Reader<'_>, worker: &Worker) -> TransactionBoundary {
    let default = u64::try_from(worker.offset_flush_interval.as_millis()).unwrap_or(u64::MAX);
    match reader.choice("transaction.boundary", "poll").as_str() {
        "interval" => {
            let interval = reader.millis("transaction.boundary.interval.ms", default);
            TransactionBoundary::Interval(interval.max(Duration::from_millis(1)))
        }
        _ => TransactionBoundary::Poll,
    }
}

pub(super) fn sink_config(reader: &mut Reader<'_>, name: &str, raw: &Raw, worker: &Worker) -> Option<sink::Config> {
    // Also checked where they have no use, so that a connector is right wherever it goes.
    let enabled = value(&worker.raw, "topic.creation.enable").is_none_or(|v| !v.trim().eq_ignore_ascii_case("false"));
    let rules = raw.iter().filter(|_| enabled).map(|(key, value)| (key.as_str(), value.as_str()));
    let topics = match sink::kafka::TopicRules::parse(rules) {
        Ok(topics) => topics,
        Err(bad) => {
            reader.problem(Problem::new(&bad.key.clone(), bad.to_string()));
            return None;
        }
    };
    let target = match &worker.sink {
        SinkChoice::Stdout => sink::jsonl::Target::Stdout,
        SinkChoice::File(path) => sink::jsonl::Target::File(path.clone()),
        SinkChoice::Kafka => {
            let mut properties = worker.security();
            properties.extend(worker.producer());
            let named = |(key, value): &(String, String)| {
                Some((key.strip_prefix("producer.override.")?.to_owned(), value.clone()))
            };
            properties.extend(raw.iter().filter_map(named));
            let translated = sink::kafka::properties::translate(&properties);
            let ignored = sink::kafka::properties::ignored(&properties);
            if !ignored.is_empty() {
                reader.note(format!("producer settings without a meaning here: {}", ignored.join(", ")));
            }
            let usable = translated.is_ok();
            for property in translated.err().unwrap_or_default() {
                let key = origin(&property.name, raw, worker);
                reader.problem(Problem::new(&key, format!("{key}: {}", property.why)));
            }
            let bootstrap = worker.bootstrap.clone().unwrap_or_default();
            // As Connect names the producer of a connector's only task, so that each fences the other.
            let transactional_id = worker.exactly_once.then(|| format!("{}-{name}-0", worker.group_id));
            let kafka = sink::kafka::Config { bootstrap, properties, topics, transactional_id };
            if let Some(SinkError::Setting { property, why }) = usable.then(|| kafka.check().err()).flatten() {
                let key = origin(&property, raw, worker);
                reader.problem(Problem::new(&key, format!("{key}: {why}")));
            }
            return Some(sink::Config::Kafka(kafka));
        }
    };
    Some(sink::Config::Jsonl(sink::jsonl::Config { target, pretty: false }))
}

/// The key that a property of the producer came from.
fn origin(property: &str, raw: &Raw, worker: &Worker) -> String {
    let (connector, of_worker) = (format!("producer.override.{property}"), format!("producer.{property}"));
    match (value(raw, &connector), value(&worker.raw, &of_worker)) {
        (Some(_), _) => connector,
        (None, Some(_)) => of_worker,
        (None, None) => property.to_owned(),
    }
}

/// `connector.client.config.override.policy` of the worker, and what cannot be had.
pub(super) fn overrides(reader: &mut Reader<'_>, worker: &Worker) {
    const PRINCIPAL: [&str; 3] = ["security.protocol", "sasl.jaas.config", "sasl.mechanism"];
    let policy = worker.override_policy();
    for key in reader.keys() {
        let Some(name) = key.strip_prefix("producer.override.") else { continue };
        let allowed = match policy {
            "None" => false,
            "Principal" => PRINCIPAL.contains(&name),
            _ => true,
        };
        if !allowed {
            let what = format!("does not allow '{name}' to be overridden in the connector configuration.");
            reader.problem(Problem::new(key, format!("The '{policy}' policy {what}")));
        } else if name == "bootstrap.servers" {
            reader.problem(Problem::unsupported(key, "another cluster than the worker's, which keeps the offsets,"));
        }
    }
}

/// Where the positions of a connector of this name are kept.
pub fn offsets_config(name: &str, worker: &Worker) -> offsets::Config {
    if let Some(path) = &worker.offset_file {
        return offsets::Config::File(path.clone());
    }
    match (&worker.sink, worker.kafka()) {
        (SinkChoice::Kafka, Some(kafka)) => offsets::Config::Topic {
            kafka,
            topic: worker.offset_topic.clone().unwrap_or_else(|| OFFSET_TOPIC.to_owned()),
            partitions: worker.offset_partitions,
            replication_factor: worker.replication_factor,
        },
        _ => {
            let safe: String = name
                .chars()
                .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' })
                .collect();
            offsets::Config::File(worker.data().join(format!("{safe}.offsets.json")))
        }
    }
}
