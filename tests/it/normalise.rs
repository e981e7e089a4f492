//! What cannot be the same twice in two runs, as text: times, positions, versions, ids. Everything else counts.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use fancy_regex::{Captures, Regex};

const UUID: &str = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}";

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a valid pattern")
}

/// Where these match, runs of digits become N.
static NUMBERS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r#"op"?[:=]"?\w"?,"?ts_ms"?[:=]\d+(?:,"?ts_us"?[:=]\d+)?(?:,"?ts_ns"?[:=]\d+)?"#,
        r#"(?:^|"payload":)\{"ts_ms":\d+\}"#,
        r#"ts_[mun]s"?[:=]"?\d+"#,
        r#"(?:lsn|txId|xmin)"?[:=]"?\d+"#,
        r#"sequence"?[:=]"?\[[^\]]*\]"#,
    ]
    .map(regex)
    .into()
});

static DIGITS: LazyLock<Regex> = LazyLock::new(|| regex(r"\d+"));
static VERSION: LazyLock<Regex> = LazyLock::new(|| regex(r#"("source":\{"version":|"__(?:source_)?version":)"[^"]*""#));
static TRANSACTION: LazyLock<Regex> =
    LazyLock::new(|| regex(r#"((?<![^\W_])(?:transaction_)?id"?[:=]"?)(\d+:\d+)(?=[",}])"#));
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

    pub fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for pattern in NUMBERS.iter() {
            text = pattern
                .replace_all(&text, |found: &Captures<'_, str>| DIGITS.replace_all(&found[0], "N").into_owned())
                .into_owned();
        }
        let text = VERSION.replace_all(&text, r#"$1"V""#);
        let renumbered = TRANSACTION.replace_all(&text, |found: &Captures<'_, str>| {
            format!("{}{}", &found[1], self.transactions.get(&found[2]).map_or(&found[2], String::as_str))
        });
        renumbered.into_owned()
    }

    pub fn header(&self, name: &str, text: &str) -> String {
        if name == "__debezium.context.runId" {
            return RUN_ID.replace_all(text, "UUID").into_owned();
        }
        if NUMBER_HEADER.is_match(name).unwrap_or(false) {
            return DIGITS.replace_all(text, "N").into_owned();
        }
        self.text(text)
    }
}

fn number(text: &str) -> u64 {
    text.parse().unwrap_or(u64::MAX)
}
