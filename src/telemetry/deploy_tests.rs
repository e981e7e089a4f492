//! What `deploy/` asks for is what `/metrics` tells.

use std::collections::BTreeSet;

use super::{Observed, render};
use crate::connector::{Meters, Status};

const FILES: [(&str, &str); 2] = [
    ("alerts.yml", include_str!("../../deploy/monitoring/alerts.yml")),
    ("walcast.json", include_str!("../../deploy/monitoring/grafana/dashboards/walcast.json")),
];
const OURS: [&str; 3] = ["walcast_", "kafka_producer_", "debezium_metrics_"];

fn page() -> String {
    let (status, meters) = (Status::default(), Meters::sample());
    render(&[Observed { name: "shop", status: Some(&status), meters: &meters }])
}

/// Names of metrics that stand anywhere in a text.
fn named(text: &str) -> BTreeSet<&str> {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.filter(|word| OURS.iter().any(|prefix| word.starts_with(prefix))).collect()
}

fn samples(page: &str) -> BTreeSet<&str> {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split(['{', ' ']).next()).collect()
}

#[test]
fn every_metric_that_a_dashboard_or_an_alert_names_exists() {
    let page = page();
    let samples = samples(&page);
    for (file, text) in FILES {
        let named = named(text);
        assert!(named.len() > 8, "{file} names hardly anything: {named:?}");
        let missing: Vec<_> = named.difference(&samples).collect();
        assert!(missing.is_empty(), "{file} names what /metrics does not tell: {missing:?}");
    }
}

#[test]
fn what_debezium_dashboards_ask_for_exists() {
    let page = page();
    let samples = samples(&page);
    for attribute in [
        "MilliSecondsBehindSource",
        "MilliSecondsSinceLastEvent",
        "TotalNumberOfEventsSeen",
        "NumberOfEventsFiltered",
        "Connected",
        "QueueTotalCapacity",
        "QueueRemainingCapacity",
        "TotalTableCount",
        "RemainingTableCount",
        "SnapshotRunning",
        "SnapshotCompleted",
        "SnapshotAborted",
        "SnapshotDurationInSeconds",
        "RowsScanned",
    ] {
        assert!(samples.contains(format!("debezium_metrics_{attribute}").as_str()), "{attribute}");
    }
}

#[test]
fn no_sample_is_told_twice() {
    let page = page();
    let mut seen = BTreeSet::new();
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let (sample, _) = line.rsplit_once(' ').unwrap();
        assert!(seen.insert(sample), "{sample}");
    }
}
