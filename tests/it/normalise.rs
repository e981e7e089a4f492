//! What cannot be the same twice in two runs, as text: times, positions, versions, ids. Everything else counts.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use fancy_regex::{Captures, Regex};
use serde_json::Value;

const UUID: &str = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";

fn regex(pattern: &str) -> Regex {
    Regex::new(&pattern.replace("{UUID}", UUID)).expect("a valid pattern")
}

/// Where these match, runs of digits become N. They have no anchor in front, so that they also cover the prefixes that
/// transforms add; null has no digits and stays null.
static NUMBERS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r#"op"?[:=]"?\w"?,"?ts_ms"?[:=]\d+(?:,"?ts_us"?[:=]\d+)?(?:,"?ts_ns"?[:=]\d+)?"#,
        r#"(?:^|"payload":)\{"ts_ms":\d+\}"#,
        r#"ts_[mun]s"?[:=]"?\d+"#,
        r#"(?:lsn|txId|xmin)"?[:=]"?\d+"#,
        r#"sequence"?[:=]"?\[[^\]]*\]"#,
        r#""iodebeziumts[mun]s":"?\d+"#,
    ]
    .map(regex)
    .into()
});

/// Where these match, they are replaced: versions, the time of a cloud event, watermarks, identities of Java objects.
static WORDS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r#"("source":\{"version":|"__(?:source_)?version":|"iodebeziumversion":)"[^"]*""#, r#"$1"V""#),
        (r"(source=Struct\{version=)[^,}]*", "${1}V"),
        (r#"(specversion":.*?"time":)"[-0-9T:.]+Z""#, r#"$1"T""#),
        (r#""{UUID}-(open|close)""#, r#""UUID-$1""#),
        (r"(\[L[\w.]+;@)[0-9a-f]+", "${1}HASH"),
        (r#"(WindowTimestamp\\": ?\\")[-0-9T:.]+Z"#, "${1}T"),
    ]
    .map(|(pattern, replacement)| (regex(pattern), replacement))
    .into()
});

/// Notifications are told by this field; their ids and times are their own.
const NOTIFICATION: &str = r#""aggregate_type":""#;
static NOTIFICATION_ID: LazyLock<Regex> = LazyLock::new(|| regex(r#""id":"{UUID}""#));
static NOTIFICATION_TIME: LazyLock<Regex> = LazyLock::new(|| regex(r#""timestamp":\d+"#));
/// Debezium makes this map in an order that changes from one JVM to the next.
static ADDITIONAL_DATA: LazyLock<Regex> = LazyLock::new(|| regex(r#"(?<="additional_data":\{)[^{}]*(?=\})"#));
static ENTRY: LazyLock<Regex> = LazyLock::new(|| regex(r#""(?:[^"\\]|\\.)*":(?:"(?:[^"\\]|\\.)*"|null)"#));

static DIGITS: LazyLock<Regex> = LazyLock::new(|| regex(r"\d+"));
static TRANSACTION: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"((?<![^\W_])(?:transaction_|iodebeziumtx)?id"?[:=]"?)(\d+:\d+)(?=[",}])"#));
static NUMBER_HEADER: LazyLock<Regex> =
    LazyLock::new(|| regex(r"(^|[\W_])(ts_ms|ts_us|ts_ns|lsn|txId|xmin|sequence)$"));
static RUN_ID: LazyLock<Regex> = LazyLock::new(|| regex(UUID));

/// Transaction ids are renumbered in the order of their positions.
pub struct Normaliser {
    transactions: BTreeMap<String, String>,
}

impl Normaliser {
    pub fn new<'a>(texts: impl Iterator<Item = &'a str>) -> Self {
        let mut found: Vec<String> = Vec::new();
        for text in texts {
            let ids = TRANSACTION.captures_iter(text).flatten().filter_map(|c| c.get(2).map(|m| m.as_str().to_owned()));
            found.extend(ids);
        }
        let place = |id: &String| id.split_once(':').map(|(xid, lsn)| (number(lsn), number(xid)));
        found.sort_by_key(place);
        found.dedup();
        let transactions = found.into_iter().enumerate().map(|(n, id)| (id, format!("TX{}", n + 1))).collect();
        Self { transactions }
    }

    /// Partition, key, value and headers of a record.
    pub fn record(&self, record: &Value) -> String {
        let part = |value: &Value| value.as_str().map_or_else(|| value.to_string(), |text| self.text(text));
        let headers = record["headers"].as_array().into_iter().flatten().map(|header| {
            let name = header[0].as_str().unwrap_or("");
            let value = header[1].as_str().map_or_else(|| header[1].to_string(), |text| self.header(name, text));
            format!("{name}={value}")
        });
        format!(
            "partition {}\nkey {}\nvalue {}\nheaders {}",
            record["partition"],
            part(&record["key"]),
            part(&record["value"]),
            headers.collect::<Vec<_>>().join(" | ")
        )
    }

    fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        if text.contains(NOTIFICATION) {
            text = notification(&text);
        }
        for pattern in NUMBERS.iter() {
            text = pattern.replace_all(&text, |found: &Captures<'_, str>| digits(&found[0])).into_owned();
        }
        for (pattern, replacement) in WORDS.iter() {
            text = pattern.replace_all(&text, *replacement).into_owned();
        }
        let renumbered = TRANSACTION.replace_all(&text, |found: &Captures<'_, str>| {
            format!("{}{}", &found[1], self.transactions.get(&found[2]).map_or(&found[2], String::as_str))
        });
        renumbered.into_owned()
    }

    fn header(&self, name: &str, text: &str) -> String {
        if name == "__debezium.context.runId" {
            return RUN_ID.replace_all(text, "UUID").into_owned();
        }
        if NUMBER_HEADER.is_match(name).unwrap_or(false) {
            return digits(text);
        }
        self.text(text)
    }
}

fn notification(text: &str) -> String {
    let text = NOTIFICATION_ID.replace_all(text, r#""id":"UUID""#);
    let text = NOTIFICATION_TIME.replace_all(&text, |found: &Captures<'_, str>| digits(&found[0])).into_owned();
    let sorted = ADDITIONAL_DATA.replace_all(&text, |found: &Captures<'_, str>| {
        let mut entries: Vec<&str> = ENTRY.find_iter(&found[0]).flatten().map(|entry| entry.as_str()).collect();
        entries.sort_unstable();
        entries.join(",")
    });
    sorted.into_owned()
}

fn digits(text: &str) -> String {
    DIGITS.replace_all(text, "N").into_owned()
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or(u64::MAX)
}
