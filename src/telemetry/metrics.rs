//! What connectors measure, as Prometheus text: our own names, and those of librdkafka's producer.

use crate::connector::meters::{Lag, Meters, Stage};
use crate::connector::{Activity, Status};
use crate::sink::{Broker, Statistics};

use super::debezium;
use super::page::Page;

/// A connector as the metrics see it.
#[derive(Clone, Copy)]
pub struct Observed<'a> {
    pub name: &'a str,
    /// `None`: it is stopped.
    pub status: Option<&'a Status>,
    pub meters: &'a Meters,
}

/// The content type of [`render`].
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

const ACTIVITIES: [&str; 9] =
    ["starting", "snapshotting", "waiting", "streaming", "idle", "paused", "retrying", "failed", "stopped"];
const WAL_STATUSES: [&str; 4] = ["reserved", "extended", "unreserved", "lost"];

/// All metrics of a worker.
pub fn render(connectors: &[Observed<'_>]) -> String {
    let mut page = Page::default();
    page.whole("walcast_info", "The running version.", &[("version", env!("CARGO_PKG_VERSION"))], 1);
    page.gauge("walcast_connectors", "Connectors this worker has.", &[], connectors.len() as f64);
    for observed in connectors {
        state(&mut page, observed);
        flow(&mut page, observed.name, observed.meters);
        tables(&mut page, observed.name, observed.meters);
        slot(&mut page, observed.name, observed.meters);
        snapshot(&mut page, observed.name, observed.meters);
        if let Some(statistics) = observed.meters.producer() {
            producer(&mut page, observed.name, &statistics);
        }
        debezium::render(&mut page, observed);
    }
    page.text()
}

fn state(page: &mut Page, observed: &Observed<'_>) {
    let labels = &[("connector", observed.name)];
    let activity = observed.status.map_or("stopped", |status| status.activity.name());
    let running = observed.status.is_some_and(|status| status.activity.is_running());
    let what = "1 for what the connector does, 0 for the rest.";
    page.one_of("walcast_connector_activity", what, labels, "activity", &ACTIVITIES, activity);
    page.whole("walcast_connector_running", "1 while data moves or there is nothing to move.", labels, running.into());
    let failed = matches!(observed.status.map(|status| &status.activity), Some(Activity::Failed { .. }));
    page.whole("walcast_connector_failed", "1 when it has ended and will not try again.", labels, failed.into());
    let restarts = observed.meters.attempts.get().saturating_sub(1);
    page.counter("walcast_connector_restarts_total", "Attempts after the first one.", labels, restarts);
    let failures = observed.meters.failures();
    for (cause, count) in ["database", "replication", "sink", "offsets", "plan", "row", "protocol", "snapshot"]
        .map(|cause| (cause, failures.get(cause).copied().unwrap_or(0)))
    {
        let labels = &[("connector", observed.name), ("cause", cause)];
        page.counter("walcast_errors_total", "Failed attempts, by what failed.", labels, count);
    }
}

fn flow(page: &mut Page, name: &str, meters: &Meters) {
    let labels = &[("connector", name)];
    let Meters { stream, .. } = meters;
    for (metric, help, counter) in [
        ("walcast_records_sent_total", "Records given to the sink, tombstones and heartbeats too.", &meters.sent),
        ("walcast_records_acknowledged_total", "Records the sink has made safe.", &meters.acknowledged),
        ("walcast_sent_bytes_total", "Bytes of keys, values and headers given to the sink.", &meters.sent_bytes),
        ("walcast_transactions_total", "Transactions taken to their end.", &meters.transactions),
        ("walcast_events_filtered_total", "Events of captured tables that the settings leave out.", &meters.filtered),
        ("walcast_events_erroneous_total", "Events left out as they could not be shown.", &meters.erroneous),
    ] {
        page.counter(metric, help, labels, counter.get());
    }
    for (metric, help, gauge) in [
        ("walcast_in_flight_records", "Records not acknowledged yet.", &meters.in_flight),
        ("walcast_in_flight_bytes", "Bytes not acknowledged yet.", &meters.in_flight_bytes),
        ("walcast_received_lsn", "End of WAL the server has told of.", &stream.received),
        ("walcast_confirmed_lsn", "Position stored and told to the slot.", &stream.confirmed),
    ] {
        page.whole(metric, help, labels, gauge.get());
    }
    let about = meters.about();
    for (metric, help, limit) in [
        ("walcast_window_records", "Records that may be in flight.", about.window_records),
        ("walcast_window_bytes", "Bytes that may be in flight.", about.window_bytes),
    ] {
        page.gauge(metric, help, labels, limit as f64);
    }
    page.histogram(
        "walcast_commit_to_acknowledgement_seconds",
        "From a transaction's commit, by the server's clock, until its last record was safe.",
        labels,
        &meters.commit_to_acknowledgement,
    );
    let Lag { bytes, seconds } = meters.lag();
    if let Some(bytes) = bytes {
        page.gauge("walcast_lag_bytes", "WAL written whose records are not safe yet.", labels, float(bytes));
    }
    page.gauge("walcast_lag_seconds", "Age of the oldest change that is not safe yet.", labels, seconds);
    for stage in Stage::ALL {
        page.counter_of_seconds(
            "walcast_stage_seconds_total",
            "Where the stream's time goes: waiting for the wire, encoding, waiting for the sink or the catalog, resting.",
            &[("connector", name), ("stage", stage.name())],
            meters.stages.spent(stage).as_secs_f64(),
        );
    }
}

fn tables(page: &mut Page, name: &str, meters: &Meters) {
    for (table, counts) in meters.tables() {
        for (operation, count) in counts.by_operation() {
            let labels = &[("connector", name), ("table", &table), ("operation", operation)];
            page.counter("walcast_events_total", "Events sent, by table and operation.", labels, count);
        }
        let labels = &[("connector", name), ("table", &table)];
        page.counter("walcast_event_bytes_total", "Bytes of a table's records.", labels, counts.bytes.get());
    }
}

fn slot(page: &mut Page, name: &str, meters: &Meters) {
    let Some(vitals) = meters.vitals() else { return };
    let about = meters.about();
    let labels = &[("connector", name), ("slot", about.slot.as_str())];
    page.whole("walcast_slot_exists", "1 when the slot is there.", labels, vitals.slot.is_some().into());
    let ahead = vitals.clock_ahead_us as f64 / 1e6;
    page.gauge("walcast_server_clock_ahead_seconds", "What the server's clock is ahead of ours.", labels, ahead);
    page.gauge("walcast_server_wal_lsn", "End of the server's WAL.", labels, float(vitals.written.0));
    let Some(slot) = &vitals.slot else { return };
    page.whole("walcast_slot_active", "1 while somebody reads the slot.", labels, slot.active_pid.is_some().into());
    if let Some(retained) = vitals.retained() {
        page.gauge("walcast_slot_retained_bytes", "WAL the server keeps for the slot.", labels, float(retained));
    }
    if let Some(safe) = slot.safe_wal_size {
        page.whole("walcast_slot_safe_bytes", "WAL that may be written before the slot is lost.", labels, safe);
    }
    if let Some(status) = &slot.wal_status {
        let help = "1 for the slot's wal_status.";
        page.one_of("walcast_slot_wal_status", help, labels, "status", &WAL_STATUSES, status);
    }
    if let Some(seconds) = meters.seconds_until_slot_is_lost() {
        let help = "Until the slot is lost, if things go on as in the last minutes.";
        page.gauge("walcast_slot_seconds_until_lost", help, labels, seconds);
    }
}

fn snapshot(page: &mut Page, name: &str, meters: &Meters) {
    let (labels, snapshot) = (&[("connector", name)], &meters.snapshot);
    for (metric, help, gauge) in [
        ("walcast_snapshot_running", "1 while a snapshot is read.", &snapshot.running),
        ("walcast_snapshot_completed", "1 when the last snapshot was read to its end.", &snapshot.completed),
        ("walcast_snapshot_tables", "Tables of the snapshot.", &snapshot.tables),
        ("walcast_snapshot_tables_left", "Tables that are not read yet.", &snapshot.tables_left),
        ("walcast_snapshot_rows", "Rows read.", &snapshot.rows),
        ("walcast_snapshot_rows_expected", "Rows the server's statistics let expect.", &snapshot.rows_expected),
        ("walcast_snapshot_seconds", "How long the last snapshot took.", &snapshot.seconds),
    ] {
        page.whole(metric, help, labels, gauge.get());
    }
}

fn producer(page: &mut Page, name: &str, statistics: &Statistics) {
    let labels = &[("connector", name)];
    page.counter("kafka_producer_messages_total", "Messages sent to brokers.", labels, statistics.messages);
    page.counter("kafka_producer_message_bytes_total", "Their bytes.", labels, statistics.message_bytes);
    page.gauge("kafka_producer_queue_messages", "Messages in the producer.", labels, float(statistics.queued_messages));
    page.gauge("kafka_producer_queue_bytes", "Their bytes.", labels, float(statistics.queued_bytes));
    for broker in &statistics.brokers {
        of_broker(page, name, broker);
    }
}

fn of_broker(page: &mut Page, name: &str, broker: &Broker) {
    let labels = &[("connector", name), ("broker", broker.name.as_str())];
    page.whole("kafka_producer_broker_up", "1 while the connection stands.", labels, broker.up.into());
    page.counter("kafka_producer_requests_total", "Requests sent.", labels, broker.requests);
    page.counter("kafka_producer_errors_total", "Requests or answers that failed.", labels, broker.errors);
    page.counter("kafka_producer_retries_total", "Requests sent again.", labels, broker.retries);
    page.counter("kafka_producer_timeouts_total", "Requests without an answer in time.", labels, broker.timeouts);
    if let Some(round_trip) = broker.round_trip {
        let help = "Round trip of requests in the last seconds.";
        page.gauge("kafka_producer_round_trip_seconds", help, labels, round_trip.average);
        let help = "The slowest hundredth of round trips in the last seconds.";
        page.gauge("kafka_producer_round_trip_p99_seconds", help, labels, round_trip.p99);
    }
}

fn float(value: u64) -> f64 {
    value as f64
}
