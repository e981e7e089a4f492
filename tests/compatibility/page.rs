//! From cases to Markdown: a table for each group, a line for each case.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::Value;

use crate::case::Case;
use crate::columns;

/// The first words of the names of cases, and what they are about.
#[rustfmt::skip]
const GROUPS: &[(&[&str], &str)] = &[
    (&["basic", "no"], "First steps"),
    (&["types"], "Values of all types"),
    (&["schema"], "Schemas, keys and defaults"),
    (&["ops"], "Operations, filters and options"),
    (&["topics"], "Topics"),
    (&["converters"], "Converters"),
    (&["publication"], "Publications"),
    (&["snapshot"], "Snapshots"),
    (&["restart", "resume"], "Stops and starts"),
    (&["smt", "unwrap"], "Transforms"),
    (&["legacy"], "Settings of Debezium 2.x, recorded with 2.3.4.Final"),
];

/// Extensions that no server of `make test` and `make test-matrix` has.
const ABSENT: &[&str] = &["postgis"];

/// A longer value says less than the description does.
const VALUE_SHOWN: usize = 32;

pub fn tables(cases: &[Case]) -> String {
    let mut page = types(cases);
    let mut left: BTreeSet<&str> = cases.iter().map(|case| case.name.as_str()).collect();
    for (words, title) in GROUPS {
        let group = cases.iter().filter(|case| words.contains(&group_of(case))).collect::<Vec<_>>();
        if group.is_empty() {
            continue;
        }
        write!(page, "\n## {title}\n\n| recorded | settings | `exact` | `correct` |\n|---|---|---|---|\n")
            .expect("text");
        for case in group {
            left.remove(case.name.as_str());
            page.push_str(&line(case));
        }
    }
    assert!(left.is_empty(), "cases of a group without a title in GROUPS: {left:?}");
    page
}

fn group_of(case: &Case) -> &str {
    case.name.split('_').next().unwrap_or("")
}

fn line(case: &Case) -> String {
    let document = &case.document;
    let mut what = document.description.trim_end_matches('.').to_owned();
    match (document.pg_min, document.pg_max) {
        (Some(min), None) => write!(what, " (Postgres {min} and later)").expect("text"),
        (None, Some(max)) => write!(what, " (up to Postgres {max})").expect("text"),
        (Some(min), Some(max)) => write!(what, " (Postgres {min} to {max})").expect("text"),
        (None, None) => {}
    }
    if !document.extensions.is_empty() {
        write!(what, " (extension {})", document.extensions.join(", ")).expect("text");
    }
    if is_absent(case) {
        what.push_str(" (replayed by hand only)");
    }
    let (mut exact, mut correct) = ("=", "=");
    if let Some(reason) = &document.walcast {
        (exact, correct) = (reason, reason);
    }
    if let Some(reason) = &document.correct {
        correct = reason;
    }
    if document.config.get("walcast.compatibility").and_then(Value::as_str) == Some("correct") {
        exact = "";
    }
    let cells = [&what, &settings(case), exact, correct].map(|cell| cell.replace('|', "\\|"));
    format!("| {} |\n", cells.join(" | "))
}

fn is_absent(case: &Case) -> bool {
    case.document.extensions.iter().any(|name| ABSENT.contains(&name.as_str()))
}

/// What the case sets, without what most recordings set to stay small.
fn settings(case: &Case) -> String {
    let worker = case.document.worker.iter().filter(|(key, _)| !key.ends_with(".schemas.enable"));
    let quiet = ["walcast.compatibility", "transforms", "topic.creation.default.replication.factor"];
    let config = case.document.config.iter().filter(|(key, _)| !quiet.contains(&key.as_str()));
    let shown = worker.chain(config).map(|(key, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let (key, value) = match key.strip_prefix("transforms.") {
            Some(key) if key.ends_with(".type") => (key, value.rsplit('.').next().unwrap_or(&value)),
            Some(key) => (key, value.as_str()),
            None => (key.as_str(), value.as_str()),
        };
        if value.chars().count() > VALUE_SHOWN { format!("`{key}`") } else { format!("`{key}={value}`") }
    });
    shown.collect::<Vec<_>>().join(" ")
}

/// Settings about values, and the column types they concern.
#[rustfmt::skip]
const MODES: &[(&str, &[&str])] = &[
    ("decimal.handling.mode", &["numeric", "money"]),
    ("money.fraction.digits", &["money"]),
    ("time.precision.mode", &["date", "time", "timestamp"]),
    ("interval.handling.mode", &["interval", "interval second"]),
    ("binary.handling.mode", &["bytea"]),
    ("hstore.handling.mode", &["hstore"]),
    ("include.unknown.datatypes", UNMAPPED),
    ("binary.handling.mode", UNMAPPED),
];

/// Types that Debezium has no mapping for.
#[rustfmt::skip]
const UNMAPPED: &[&str] = &[
    "box", "circle", "line", "lseg", "path", "polygon", "int4multirange", "jsonpath", "pg_lsn", "regclass", "tid", "tsquery",
    "txid_snapshot", "xid", "xid8",
];

/// Column types by the settings that concern them and that they were recorded with.
fn types(cases: &[Case]) -> String {
    let mut seen: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for case in cases.iter().filter(|case| !is_absent(case)) {
        for name in columns::types(&case.folder) {
            let modes = seen.entry(name.clone()).or_default();
            for (key, concerned) in MODES {
                let value = case.document.config.get(*key).and_then(Value::as_str);
                let base = name.trim_end_matches("[]");
                modes.extend(value.filter(|_| concerned.contains(&base)).map(|value| format!("`{key}={value}`")));
            }
        }
    }
    let mut alike: BTreeMap<Vec<String>, Vec<String>> = BTreeMap::new();
    for (name, modes) in seen {
        alike.entry(modes.into_iter().collect()).or_default().push(format!("`{name}`"));
    }
    let mut page = "\n## Column types\n\n| types | recorded with the defaults, and with |\n|---|---|\n".to_owned();
    for (modes, names) in alike {
        writeln!(page, "| {} | {} |", names.join(" "), modes.join(" ")).expect("text");
    }
    page
}
