//! Two dumps of Kafka, one of them recorded: equal, or where they differ first.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::normalise::Normaliser;
use crate::topics::Line;

/// A record in the words of a recording.
pub fn recorded(line: &Line) -> Value {
    let headers = line.headers.iter().map(|(name, value)| json!([name, bytes(value.as_deref())]));
    json!({
        "topic": line.topic, "partition": line.partition, "key": bytes(line.key.as_deref()),
        "value": bytes(line.value.as_deref()), "headers": headers.collect::<Vec<_>>(),
    })
}

/// Bytes as text, or in base64 where they are not UTF-8.
fn bytes(value: Option<&[u8]>) -> Value {
    match value.map(|v| (std::str::from_utf8(v), v)) {
        None => Value::Null,
        Some((Ok(text), _)) => json!(text),
        Some((Err(_), raw)) => {
            use base64::Engine;
            json!({ "base64": base64::engine::general_purpose::STANDARD.encode(raw) })
        }
    }
}

/// The first difference, or none. Of a volatile topic only the kinds of its records count, not how many there are.
pub fn difference(wanted: &[Value], found: &[Value], is_volatile: impl Fn(&str) -> bool) -> Option<String> {
    let (left, right) = (by_topic(wanted), by_topic(found));
    let names: BTreeSet<&String> = left.keys().chain(right.keys()).collect();
    names.into_iter().find_map(|topic| {
        let (Some(wanted), Some(found)) = (left.get(topic), right.get(topic)) else {
            let count = |lines: Option<&Vec<String>>| lines.map_or(0, Vec::len);
            let (wanted, found) = (count(left.get(topic)), count(right.get(topic)));
            return Some(format!("topic {topic}: {wanted} records expected, {found} found"));
        };
        if is_volatile(topic) {
            return kinds(topic, wanted, found);
        }
        let differs = wanted.iter().zip(found).enumerate().find(|(_, (wanted, found))| wanted != found);
        if let Some((number, (wanted, found))) = differs {
            return Some(format!("{topic} record {number}\n  {}", first_difference(wanted, found)));
        }
        let (wanted, found) = (wanted.len(), found.len());
        (wanted != found).then(|| format!("topic {topic}: {wanted} records expected, {found} found"))
    })
}

fn kinds(topic: &str, wanted: &[String], found: &[String]) -> Option<String> {
    let [wanted, found] = [wanted, found].map(|lines| lines.iter().collect::<BTreeSet<_>>());
    let odd = wanted.symmetric_difference(&found).next()?;
    Some(format!("topic {topic}: only one side has\n  {odd}"))
}

/// Each record as one text, normalised.
fn by_topic(lines: &[Value]) -> BTreeMap<String, Vec<String>> {
    let texts = lines.iter().flat_map(|line| [line["key"].as_str(), line["value"].as_str()]).flatten();
    let normaliser = Normaliser::new(texts);
    let mut topics: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for line in lines {
        let text = match line.get("topic_config") {
            Some(settings) => format!("{} partitions, settings {settings}", line["partitions"]),
            None => normaliser.record(line),
        };
        topics.entry(line["topic"].as_str().expect("a topic").to_owned()).or_default().push(text);
    }
    topics
}

fn first_difference(wanted: &str, found: &str) -> String {
    let at = wanted.chars().zip(found.chars()).take_while(|(a, b)| a == b).count();
    let around = |text: &str| -> String { text.chars().skip(at.saturating_sub(60)).take(180).collect() };
    format!("expected …{}…\n  found    …{}…", around(wanted), around(found))
}
