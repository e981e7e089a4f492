//! What Connect lacks: metrics, probes, and under `/v1` how a connector really is. Nothing here changes anything.

use std::sync::Arc;
use std::time::SystemTime;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response, Sse};
use axum::routing::get;
use serde_json::{Map, Value, json};

use super::respond::{Answer, error, json as answer, ok};
use super::{Shared, Worker, tail};
use crate::connector::Meters;
use crate::connector::meters::{Chapter, Column, Gauge, TableMeters};
use crate::supervisor::{ChangeError, Target, View};
use crate::telemetry::{self, Observed};

pub(super) fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/metrics", get(metrics))
        .route("/livez", get(async || ok(&json!({ "status": "alive" }))))
        .route("/readyz", get(ready))
        .route("/v1/connectors", get(list))
        .route("/v1/connectors/{name}", get(status))
        .route("/v1/connectors/{name}/lag", get(lag))
        .route("/v1/connectors/{name}/slot", get(slot))
        .route("/v1/connectors/{name}/tables", get(tables))
        .route("/v1/connectors/{name}/schema-history", get(schema_history))
        .route("/v1/connectors/{name}/events", get(events))
}

/// A connector with what it measures, or Connect's 404.
fn found(shared: &Shared, name: &str) -> Result<(View, Arc<Meters>), ChangeError> {
    let name = name.trim();
    let both = shared.supervisor.view(name).zip(shared.supervisor.meters(name));
    both.ok_or_else(|| ChangeError::Unknown(name.to_owned()))
}

fn all(shared: &Shared) -> Vec<(View, Arc<Meters>)> {
    shared.supervisor.names().iter().filter_map(|name| found(shared, name).ok()).collect()
}

async fn metrics(State(shared): Worker) -> Response {
    let all = all(&shared);
    let observed: Vec<_> =
        all.iter().map(|(view, meters)| Observed { name: &view.name, status: view.task.as_ref(), meters }).collect();
    ([(header::CONTENT_TYPE, telemetry::CONTENT_TYPE)], telemetry::render(&observed)).into_response()
}

/// Ready when every connector that shall run does: 503 names the ones that do not, and why.
async fn ready(State(shared): Worker) -> Response {
    let waiting = |(view, _): &(View, Arc<Meters>)| {
        let runs = view.task.as_ref().is_some_and(|status| status.activity.is_running());
        let doing = || view.task.as_ref().map_or_else(|| "not started".to_owned(), |status| status.activity.doing());
        (view.target == Target::Running && !runs).then(|| (view.name.clone(), json!(doing())))
    };
    let waiting: Map<String, Value> = all(&shared).iter().filter_map(waiting).collect();
    if waiting.is_empty() {
        return ok(&json!({ "status": "ready" }));
    }
    answer(StatusCode::SERVICE_UNAVAILABLE, &json!({ "status": "not ready", "connectors": waiting }))
}

async fn list(State(shared): Worker) -> Response {
    ok(&all(&shared).iter().map(|(view, meters)| words(view, meters)).collect())
}

async fn status(State(shared): Worker, Path(name): Path<String>) -> Answer {
    let (view, meters) = found(&shared, &name)?;
    Ok(ok(&words(&view, &meters)))
}

/// How a connector is, in words.
fn words(view: &View, meters: &Meters) -> Value {
    let mut told = json!({ "name": view.name, "target": view.target.name() });
    let Some(status) = &view.task else {
        told["activity"] = json!("stopped");
        return told;
    };
    told["activity"] = json!(status.activity.name());
    told["running"] = json!(status.activity.is_running());
    told["since"] = json!(time(status.since));
    told["doing"] = json!(status.activity.doing());
    if !status.activity.remedy().is_empty() {
        told["remedy"] = json!(status.activity.remedy());
    }
    if let Some(trouble) = &status.trouble {
        told["trouble"] = json!(trouble);
    }
    told["records"] = json!(meters.acknowledged.get());
    told["restarts"] = json!(meters.attempts.get().saturating_sub(1));
    told
}

async fn lag(State(shared): Worker, Path(name): Path<String>) -> Answer {
    let (_, meters) = found(&shared, &name)?;
    let (lag, stream) = (meters.lag(), &meters.stream);
    let lsn = |gauge: &Gauge| gauge.lsn().map(|lsn| lsn.to_string());
    Ok(ok(&json!({
        "bytes": lag.bytes,
        "seconds": lag.seconds,
        "written": meters.vitals().map(|vitals| vitals.written.to_string()),
        "received": lsn(&stream.received),
        "acknowledged": lsn(&stream.acknowledged),
        "confirmed": lsn(&stream.confirmed),
        "in_flight": { "records": meters.in_flight.get(), "bytes": meters.in_flight_bytes.get() },
    })))
}

async fn slot(State(shared): Worker, Path(name): Path<String>) -> Answer {
    let (_, meters) = found(&shared, &name)?;
    let Some(vitals) = meters.vitals() else {
        return Err(error(StatusCode::SERVICE_UNAVAILABLE, "the database has not been reached yet").into());
    };
    let Some(slot) = &vitals.slot else {
        return Err(
            error(StatusCode::NOT_FOUND, format!("replication slot {} does not exist", meters.about().slot)).into()
        );
    };
    // JSON knows no infinity: a slot that is not on its way out has no such time.
    let seconds = meters.seconds_until_slot_is_lost().filter(|seconds| seconds.is_finite());
    Ok(ok(&json!({
        "name": meters.about().slot,
        "database": slot.database,
        "active_pid": slot.active_pid,
        "restart_lsn": slot.restart_lsn.map(|lsn| lsn.to_string()),
        "confirmed_flush_lsn": slot.confirmed_flush.map(|lsn| lsn.to_string()),
        "retained_bytes": vitals.retained(),
        "wal_status": slot.wal_status,
        "safe_wal_size": slot.safe_wal_size,
        "seconds_until_lost": seconds,
        "invalidation": slot.invalidation,
        "catalog_xmin": slot.catalog_xmin,
        "failover": slot.failover,
    })))
}

async fn tables(State(shared): Worker, Path(name): Path<String>) -> Answer {
    let (_, meters) = found(&shared, &name)?;
    let history = meters.schema_history();
    let table = |(table, counts): &(String, Arc<TableMeters>)| {
        let topic = history.iter().rev().find(|chapter| chapter.table == *table).map(|chapter| &chapter.topic);
        let events: Map<String, Value> =
            counts.by_operation().iter().map(|(name, count)| ((*name).to_owned(), json!(count))).collect();
        json!({ "table": table, "topic": topic, "events": events, "bytes": counts.bytes.get() })
    };
    Ok(ok(&meters.tables().iter().map(table).collect()))
}

/// How the captured tables looked, oldest first, since this process started.
async fn schema_history(State(shared): Worker, Path(name): Path<String>) -> Answer {
    let (_, meters) = found(&shared, &name)?;
    Ok(ok(&meters.schema_history().iter().map(chapter).collect()))
}

fn chapter(chapter: &Chapter) -> Value {
    let column = |column: &Column| json!({ "name": column.name, "type": column.kind, "logical": column.logical, "optional": column.optional });
    json!({
        "at": time(chapter.at),
        "table": chapter.table,
        "topic": chapter.topic,
        "key": chapter.key,
        "columns": chapter.columns.iter().map(column).collect::<Vec<_>>(),
    })
}

/// Records as they are sent, from now on, as server-sent events.
async fn events(State(shared): Worker, Path(name): Path<String>) -> Answer {
    let (_, meters) = found(&shared, &name)?;
    let Some(watched) = meters.tail.watch() else {
        let text = "too many watch this connector: close one of them";
        return Err(error(StatusCode::TOO_MANY_REQUESTS, text).into());
    };
    Ok(Sse::new(tail::Events::new(watched, shared.show_values)).keep_alive(tail::keep_alive()).into_response())
}

fn time(time: SystemTime) -> String {
    humantime::format_rfc3339_seconds(time).to_string()
}
