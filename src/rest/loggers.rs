//! Log levels, read and changed while the worker runs.

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::respond::{Answer, empty, error, ok, refused};
use super::{Worker, body, openapi, query};
use crate::telemetry::Leveled;

#[utoipa::path(get, path = "/admin/loggers", tag = "admin",
    responses((status = 200, description = "Each logger that has a level of its own")))]
pub(super) async fn list(State(shared): Worker) -> Response {
    let all = shared.levels.all().into_iter().map(|(logger, level)| (logger, shown(&level)));
    ok(&Value::Object(all.collect()))
}

#[utoipa::path(get, path = "/admin/loggers/{logger}", tag = "admin", params(("logger" = String, Path)),
    responses((status = 200, description = "Level, and when it was changed (milliseconds), or null"),
        (status = 404, description = "It has no level of its own", body = openapi::Failure)))]
pub(super) async fn show(State(shared): Worker, Path(logger): Path<String>) -> Response {
    match shared.levels.of(&logger) {
        Some(level) => ok(&shown(&level)),
        None => error(StatusCode::NOT_FOUND, format!("Logger {logger} not found.")),
    }
}

#[utoipa::path(put, path = "/admin/loggers/{logger}", tag = "admin",
    params(("logger" = String, Path), ("scope" = Option<String>, Query, description = "`worker` or `cluster`")),
    request_body(content = Value, description = "`{\"level\": \"DEBUG\"}`"),
    responses((status = 200, description = "The loggers that changed"),
        (status = 204, description = "With `scope=cluster`"),
        (status = 400, description = "No level", body = openapi::Failure),
        (status = 404, description = "No such level", body = openapi::Failure)))]
pub(super) async fn set(
    State(shared): Worker,
    Path(logger): Path<String>,
    RawQuery(raw): RawQuery,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answer {
    let object = body::object(&headers, &bytes)?;
    let level = object.get("level").and_then(Value::as_str);
    let level = level.ok_or_else(|| refused("Desired 'level' parameter was not specified in request."))?;
    match shared.levels.set(&logger, level) {
        // This worker is the cluster.
        Ok(_) if query::all(raw.as_deref(), "scope").any(|scope| scope.eq_ignore_ascii_case("cluster")) => {
            Ok(empty(StatusCode::NO_CONTENT))
        }
        Ok(changed) => Ok(ok(&json!(changed))),
        Err(_) => Err(error(StatusCode::NOT_FOUND, format!("invalid log level '{level}'.")).into()),
    }
}

fn shown(level: &Leveled) -> Value {
    json!({ "level": level.level.name(), "last_modified": level.changed_ms })
}
