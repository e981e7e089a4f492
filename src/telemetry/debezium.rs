//! The same figures under the names that the JMX exporter gives Debezium's MBeans, so that existing dashboards light up.
//!
//! `debezium_metrics_<Attribute>{plugin="postgres",name="<topic.prefix>",context="streaming"|"snapshot"}`. Attributes
//! that are texts are not exported there either. `-1` is Debezium's way to say that there is nothing yet.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::connector::meters::{Meters, TableMeters};

use super::metrics::Observed;
use super::page::{Labels, Page};

pub(super) fn render(page: &mut Page, observed: &Observed<'_>) {
    let (meters, about) = (observed.meters, observed.meters.about());
    if about.topic_prefix.is_empty() {
        return; // It has never been started.
    }
    for context in ["snapshot", "streaming"] {
        let labels = [("plugin", "postgres"), ("name", about.topic_prefix.as_str()), ("context", context)];
        let mut attributes = Attributes { page: &mut *page, labels: &labels };
        attributes.both(meters, context);
        attributes.put("QueueTotalCapacity", whole(about.window_records));
        attributes.put("QueueRemainingCapacity", whole(about.window_records) - meters.in_flight.get());
        attributes.put("MaxQueueSizeInBytes", whole(about.max_queue_bytes));
        attributes.put("CurrentQueueSizeInBytes", meters.in_flight_bytes.get());
        if context == "snapshot" { attributes.snapshot(meters) } else { attributes.streaming(meters) }
    }
}

struct Attributes<'a> {
    page: &'a mut Page,
    labels: Labels<'a>,
}

impl Attributes<'_> {
    fn put(&mut self, attribute: &str, value: i64) {
        let help = format!("Debezium's {attribute}.");
        self.page.whole(&format!("debezium_metrics_{attribute}"), &help, self.labels, value);
    }

    fn both(&mut self, meters: &Meters, context: &str) {
        let streaming = context == "streaming";
        let tables = meters.tables();
        let sum = |of: &dyn Fn(&TableMeters) -> u64| -> i64 { clamp(tables.iter().map(|(_, table)| of(table)).sum()) };
        let reads = sum(&|table| table.reads.get());
        let streamed = |count: i64| if streaming { count } else { 0 };
        let all = if streaming { sum(&TableMeters::events) - reads } else { reads };
        self.put("TotalNumberOfEventsSeen", all + streamed(clamp(meters.filtered.get())));
        self.put("TotalNumberOfCreateEventsSeen", streamed(sum(&|table| table.creates.get())));
        self.put("TotalNumberOfUpdateEventsSeen", streamed(sum(&|table| table.updates.get())));
        self.put("TotalNumberOfDeleteEventsSeen", streamed(sum(&|table| table.deletes.get())));
        self.put("NumberOfEventsFiltered", streamed(clamp(meters.filtered.get())));
        self.put("NumberOfErroneousEvents", streamed(clamp(meters.erroneous.get())));
        let last = meters.stream.last_event_ns.get();
        self.put("MilliSecondsSinceLastEvent", if last == 0 { -1 } else { (now_ns() - last) / 1_000_000 });
    }

    fn streaming(&mut self, meters: &Meters) {
        let stream = &meters.stream;
        self.put("Connected", stream.connected.get());
        self.put("NumberOfCommittedTransactions", clamp(meters.transactions.get()));
        let behind = stream.last_event_ns.get() / 1_000_000 - stream.last_commit.get() / 1000;
        self.put("MilliSecondsBehindSource", if stream.last_commit.get() == 0 { -1 } else { behind });
    }

    fn snapshot(&mut self, meters: &Meters) {
        let snapshot = &meters.snapshot;
        for (attribute, gauge) in [
            ("TotalTableCount", &snapshot.tables),
            ("RemainingTableCount", &snapshot.tables_left),
            ("SnapshotRunning", &snapshot.running),
            ("SnapshotCompleted", &snapshot.completed),
            ("SnapshotAborted", &snapshot.aborted),
            ("SnapshotDurationInSeconds", &snapshot.seconds),
        ] {
            self.put(attribute, gauge.get());
        }
        self.put("SnapshotPaused", 0);
        let skipped = meters.stream.connected.get() == 1 && snapshot.tables.get() == 0;
        self.put("SnapshotSkipped", skipped.into());
        for (table, counts) in meters.tables() {
            let labels: Vec<_> = self.labels.iter().copied().chain([("table", table.as_str())]).collect();
            let rows = clamp(counts.reads.get());
            self.page.whole("debezium_metrics_RowsScanned", "Debezium's RowsScanned.", &labels, rows);
        }
    }
}

fn clamp(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn whole(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

fn now_ns() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}
