//! The topics: there or to be made, open to us, and with room for the largest rows.

use std::collections::HashMap;

use super::Finding;
use crate::sink::SinkError;
use crate::sink::kafka::Config;
use crate::sink::kafka::probe::{Limits, Probe};

/// Where records will go.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Destination {
    pub(super) topic: String,
    /// What it is for: a table, heartbeats, offsets.
    pub(super) of: String,
    pub(super) keyed: bool,
    /// Bytes of the largest record, as far as known: at least, and about.
    pub(super) largest: Option<(u64, u64)>,
}

/// The rest of the time went by without an answer.
pub(super) fn not_in_time() -> Finding {
    Finding::warn(
        "the brokers were too slow to tell of all topics: those were not looked at",
        "run the check again, nearer to the brokers",
    )
    .about("topics")
}

/// Names shown in a sentence.
const SHOWN: usize = 5;

pub(super) async fn looked_at(kafka: &Config, destinations: &[Destination]) -> Vec<Finding> {
    let probe = match Probe::open(kafka).await {
        Ok(probe) => probe,
        Err(error) => return vec![refused(&error)],
    };
    let findings = look(&probe, kafka, destinations).await.unwrap_or_else(|error| vec![refused(&error)]);
    probe.close().await;
    findings
}

async fn look(probe: &Probe, kafka: &Config, destinations: &[Destination]) -> Result<Vec<Finding>, SinkError> {
    let mut findings = Vec::new();
    let (mut present, mut missing): (Vec<&str>, Vec<&str>) = (Vec::new(), Vec::new());
    let mut topics: Vec<&str> = destinations.iter().map(|destination| destination.topic.as_str()).collect();
    topics.sort_unstable();
    topics.dedup();
    for topic in topics {
        match probe.exists(topic).await {
            Ok(true) => present.push(topic),
            Ok(false) => missing.push(topic),
            Err(error @ SinkError::Denied { .. }) => findings.push(refused(&error)),
            Err(error) => return Err(error),
        }
    }
    let closed = if present.is_empty() { Vec::new() } else { probe.closed(&present).await? };
    findings.extend(closed.iter().map(|topic| refused(&unwritable(topic))));
    if let Some(first) = missing.first() {
        let brokers_do = probe.brokers_create_topics(first).await;
        let ruled = |topic: &str| kafka.topics.group(topic).is_some();
        let refusal = probe.could_create(first).await.err();
        findings.push(to_be_made(&missing, missing.iter().all(|topic| ruled(topic)), brokers_do, refusal.as_ref()));
    }
    let limits = if present.is_empty() { HashMap::new() } else { probe.limits(&present).await };
    let producer = probe.largest()?;
    findings.extend(destinations.iter().filter_map(|to| fits(to, producer, limits.get(&to.topic))));
    findings.extend(destinations.iter().filter_map(|to| keyless(to, limits.get(&to.topic))));
    if findings.is_empty() {
        findings.push(Finding::ok(format!("{} exist and may be written to", counted(present.len()))));
    }
    Ok(findings)
}

fn unwritable(topic: &str) -> SinkError {
    SinkError::Denied { operation: "WRITE", resource: format!("topic {topic}") }
}

fn refused(error: &SinkError) -> Finding {
    Finding::error(error.to_string(), error.remedy().unwrap_or_else(|| "run the check again".to_owned()))
}

/// `ruled`: `topic.creation.*` covers them. `brokers_do`: the brokers create topics by themselves, if that is known.
/// `refusal`: what the cluster says to creating the first of them.
fn to_be_made(missing: &[&str], ruled: bool, brokers_do: Option<bool>, refusal: Option<&SinkError>) -> Finding {
    let listed = listed(missing);
    let first = missing.first().copied().unwrap_or_default();
    let create = format!(
        "kafka-topics --create --topic {first} --partitions ... --replication-factor ...\n\
         or set topic.creation.default.partitions and topic.creation.default.replication.factor"
    );
    match (refusal, ruled, brokers_do) {
        (Some(error @ SinkError::Denied { .. }), ..) => Finding::error(
            format!("{listed} missing, and we may not create any: {error}"),
            format!("{}\nor {create}", error.remedy().unwrap_or_default()),
        ),
        (Some(error @ SinkError::Creation { .. }), true, _) => Finding::error(
            format!("{listed} missing, and cannot be created as topic.creation.* says: {error}"),
            "correct topic.creation.*; the replication factor may not exceed the number of brokers",
        ),
        (_, true, _) => Finding::ok(format!("{listed} missing and will be created as topic.creation.* says")),
        (_, false, Some(true)) => Finding::note(
            format!(
                "{listed} missing and will be created by the brokers, with their defaults (auto.create.topics.enable)"
            ),
            format!("to choose partitions and replicas: {create}"),
        ),
        (_, false, Some(false)) => Finding::error(
            format!("{listed} missing, and the brokers create none (auto.create.topics.enable=false)"),
            create,
        ),
        (_, false, None) => Finding::warn(
            format!("{listed} missing, and whether the brokers create topics could not be seen"),
            format!("if auto.create.topics.enable=false there: {create}"),
        ),
    }
}

/// Whether the largest row goes through the producer and into the topic.
fn fits(to: &Destination, producer: u64, limits: Option<&Limits>) -> Option<Finding> {
    let (least, about) = to.largest?;
    let of_topic = limits.and_then(|limits| limits.largest).unwrap_or(u64::MAX);
    let limit = producer.min(of_topic);
    if about <= limit {
        return None;
    }
    let wanted = about.saturating_mul(2);
    let mut remedies = Vec::new();
    if about > producer {
        remedies.push(format!("set producer.override.max.request.size={wanted}"));
    }
    if about > of_topic {
        remedies.push(format!(
            "kafka-configs --alter --entity-type topics --entity-name {} --add-config max.message.bytes={wanted}",
            to.topic
        ));
    }
    let setting = if producer <= of_topic { "max.request.size" } else { "max.message.bytes" };
    let title = format!("a row of {} makes a record of about {about} bytes, and {setting} is {limit}", to.of);
    let make = if least > limit { Finding::error } else { Finding::warn };
    Some(make(title, remedies.join("\n")))
}

fn keyless(to: &Destination, limits: Option<&Limits>) -> Option<Finding> {
    let compacted = limits.is_some_and(|limits| limits.compacted);
    (compacted && !to.keyed).then(|| {
        Finding::error(
            format!("topic {} is compacted, which takes no records without key, and {} has none", to.topic, to.of),
            format!(
                "give the table a primary key, name columns in message.key.columns, or\n\
                 kafka-configs --alter --entity-type topics --entity-name {} --add-config cleanup.policy=delete",
                to.topic
            ),
        )
    })
}

fn counted(number: usize) -> String {
    if number == 1 { "the topic".to_owned() } else { format!("all {number} topics") }
}

fn listed(topics: &[&str]) -> String {
    let names = topics.iter().take(SHOWN).copied().collect::<Vec<_>>().join(", ");
    match (topics.len(), topics.len().saturating_sub(SHOWN)) {
        (1, _) => format!("topic {names} is"),
        (_, 0) => format!("topics {names} are"),
        (_, more) => format!("topics {names} and {more} more are"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Severity;
    use super::*;

    fn denied() -> SinkError {
        SinkError::Denied { operation: "CREATE", resource: "topic a".to_owned() }
    }

    #[test]
    fn a_missing_topic_is_a_fault_only_if_nobody_will_make_it() {
        let severity = |ruled, brokers_do, refusal| to_be_made(&["a", "b"], ruled, brokers_do, refusal).severity;
        assert_eq!(severity(true, Some(false), None), Severity::Ok);
        assert_eq!(severity(false, Some(true), None), Severity::Note);
        assert_eq!(severity(false, None, None), Severity::Warn);
        assert_eq!(severity(false, Some(false), None), Severity::Error);
        assert_eq!(severity(true, Some(true), Some(&denied())), Severity::Error);
        let found = to_be_made(&["a"], false, Some(true), Some(&denied()));
        assert!(found.remedy.unwrap().starts_with("kafka-acls --add"));
    }

    #[test]
    fn a_row_too_large_names_each_limit_that_is_in_its_way() {
        let row = |least, about| Destination {
            topic: "t".to_owned(),
            of: "public.a".to_owned(),
            keyed: true,
            largest: Some((least, about)),
        };
        let limits = Limits { largest: Some(1_000), compacted: false };
        assert_eq!(fits(&row(100, 900), 2_000, Some(&limits)), None);
        let found = fits(&row(900, 1_500), 2_000, Some(&limits)).unwrap();
        assert_eq!(found.severity, Severity::Warn);
        assert!(found.title.ends_with("max.message.bytes is 1000"));
        let found = fits(&row(2_500, 3_000), 2_000, Some(&limits)).unwrap();
        assert_eq!(found.severity, Severity::Error);
        let remedy = found.remedy.unwrap();
        assert!(remedy.contains("max.request.size=6000") && remedy.contains("max.message.bytes=6000"), "{remedy}");
        assert!(fits(&row(2_500, 3_000), 2_000, None).is_some());
    }

    #[test]
    fn a_compacted_topic_wants_keys() {
        let to = Destination { topic: "t".to_owned(), of: "public.a".to_owned(), keyed: false, largest: None };
        let compacted = Limits { largest: None, compacted: true };
        assert_eq!(keyless(&to, Some(&compacted)).unwrap().severity, Severity::Error);
        assert_eq!(keyless(&Destination { keyed: true, ..to.clone() }, Some(&compacted)), None);
        assert_eq!(keyless(&to, None), None);
    }
}
