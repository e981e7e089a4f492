//! Which connectors there are, and their settings.

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::access::Role;
use super::respond::{Answer, Refused, created, empty, error, ok};
use super::{Worker, body, mask, openapi, query};
use crate::settings::Raw;
use crate::settings::connector::flat;
use crate::supervisor::object;

#[utoipa::path(get, path = "/connectors", tag = "connectors",
    params(("expand" = Option<Vec<String>>, Query, description = "`status`, `info`, or both")),
    responses((status = 200, description = "Names; with `expand` an object by name")))]
pub(super) async fn list(State(shared): Worker, Extension(role): Extension<Role>, RawQuery(raw): RawQuery) -> Response {
    let expand: Vec<String> = query::all(raw.as_deref(), "expand").collect();
    let names = shared.supervisor.names();
    if expand.is_empty() {
        return ok(&json!(names));
    }
    let mut all = Map::new();
    for view in names.iter().filter_map(|name| shared.supervisor.view(name)) {
        let mut one = Map::new();
        for what in &expand {
            match what.as_str() {
                "status" => one.insert("status".to_owned(), shared.status(&view)),
                "info" => one.insert("info".to_owned(), shared.info(&view, role)),
                _ => None,
            };
        }
        all.insert(view.name.clone(), Value::Object(one));
    }
    ok(&Value::Object(all))
}

#[utoipa::path(post, path = "/connectors", tag = "connectors", request_body = openapi::NewConnector,
    responses((status = 201, description = "Created", body = openapi::ConnectorInfo),
        (status = 400, description = "Settings that do not pass, or a body that is none", body = openapi::Failure),
        (status = 409, description = "Exists already", body = openapi::Failure)))]
pub(super) async fn create(State(shared): Worker, headers: HeaderMap, bytes: Bytes) -> Answer {
    let request = body::create(&headers, &bytes)?;
    let config = mask::restored(request.config, None)?;
    let view = shared.supervisor.create(&request.name, config, request.target).await?;
    Ok(created(&shared.location(&view.name), &shared.fresh(&view)))
}

#[utoipa::path(get, path = "/connectors/{name}", tag = "connectors", params(("name" = String, Path)),
    responses((status = 200, description = "Settings and tasks", body = openapi::ConnectorInfo),
        (status = 404, description = "Unknown", body = openapi::Failure)))]
pub(super) async fn info(State(shared): Worker, Extension(role): Extension<Role>, Path(name): Path<String>) -> Answer {
    Ok(ok(&shared.info(&shared.view(&name)?, role)))
}

#[utoipa::path(delete, path = "/connectors/{name}", tag = "connectors", params(("name" = String, Path)),
    responses((status = 204, description = "Stopped and forgotten; its position and its slot stay"),
        (status = 404, description = "Unknown", body = openapi::Failure)))]
pub(super) async fn delete(State(shared): Worker, Path(name): Path<String>) -> Answer {
    shared.supervisor.delete(name.trim()).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

#[utoipa::path(get, path = "/connectors/{name}/config", tag = "connectors", params(("name" = String, Path)),
    responses((status = 200, description = "The settings", body = openapi::Settings),
        (status = 404, description = "Unknown", body = openapi::Failure)))]
pub(super) async fn config(
    State(shared): Worker,
    Extension(role): Extension<Role>,
    Path(name): Path<String>,
) -> Answer {
    Ok(ok(&shared.config(&shared.view(&name)?, role)))
}

#[utoipa::path(put, path = "/connectors/{name}/config", tag = "connectors", params(("name" = String, Path)),
    request_body = openapi::Settings,
    responses((status = 200, description = "Replaced", body = openapi::ConnectorInfo),
        (status = 201, description = "Created", body = openapi::ConnectorInfo),
        (status = 400, description = "Settings that do not pass", body = openapi::Failure)))]
pub(super) async fn put_config(
    State(shared): Worker,
    Path(name): Path<String>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answer {
    let name = name.trim();
    let stored = shared.supervisor.view(name).map(|view| view.config);
    let config = complete(body::settings(&headers, &bytes)?, name, stored.as_ref())?;
    match shared.supervisor.update(name, config).await? {
        (view, true) => Ok(created(&shared.location(name), &shared.fresh(&view))),
        (view, false) => Ok(ok(&shared.info(&view, Role::Admin))),
    }
}

#[utoipa::path(patch, path = "/connectors/{name}/config", tag = "connectors", params(("name" = String, Path)),
    request_body(content = openapi::Settings, description = "Merged into the settings; null removes a key"),
    responses((status = 200, description = "Changed", body = openapi::ConnectorInfo),
        (status = 400, description = "Settings that do not pass", body = openapi::Failure),
        (status = 404, description = "Unknown", body = openapi::Failure)))]
pub(super) async fn patch_config(
    State(shared): Worker,
    Path(name): Path<String>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answer {
    let name = name.trim();
    let patch = body::object(&headers, &bytes)?;
    let view = shared.view(name)?;
    let mut merged = object(&view.config);
    for (key, value) in patch {
        match value {
            Value::Null => merged.shift_remove(&key),
            value => merged.insert(key, value),
        };
    }
    let config = complete(flat(&merged)?, name, Some(&view.config))?;
    let (view, _) = shared.supervisor.update(name, config).await?;
    Ok(ok(&shared.info(&view, Role::Admin)))
}

/// With the name inside, and secrets where masks were sent.
fn complete(config: Raw, name: &str, stored: Option<&Raw>) -> Result<Raw, Refused> {
    body::with_name(mask::restored(config, stored)?, name)
}

#[utoipa::path(get, path = "/connectors/{name}/tasks", tag = "connectors", params(("name" = String, Path)),
    responses((status = 200, description = "One task, or none of a connector that is stopped"),
        (status = 404, description = "Unknown", body = openapi::Failure)))]
pub(super) async fn tasks(State(shared): Worker, Extension(role): Extension<Role>, Path(name): Path<String>) -> Answer {
    Ok(ok(&shared.tasks(&shared.view(&name)?, role)))
}

#[utoipa::path(get, path = "/connectors/{name}/topics", tag = "connectors", params(("name" = String, Path)),
    responses((status = 200, description = "Topics that were ever written to, or since the last reset"),
        (status = 403, description = "`topic.tracking.enable=false`", body = openapi::Failure)))]
pub(super) async fn topics(State(shared): Worker, Path(name): Path<String>) -> Response {
    if !shared.topic_tracking {
        return error(StatusCode::FORBIDDEN, "Topic tracking is disabled.");
    }
    let topics = shared.supervisor.view(name.trim()).map(|view| view.topics).unwrap_or_default();
    // Of an unknown connector too, as in Connect.
    ok(&json!({ name.trim(): { "topics": topics } }))
}

#[utoipa::path(put, path = "/connectors/{name}/topics/reset", tag = "connectors", params(("name" = String, Path)),
    responses((status = 202, description = "Forgotten"),
        (status = 403, description = "`topic.tracking.allow.reset=false`", body = openapi::Failure)))]
pub(super) async fn reset_topics(State(shared): Worker, Path(name): Path<String>) -> Response {
    if !shared.topic_tracking {
        return error(StatusCode::FORBIDDEN, "Topic tracking is disabled.");
    }
    if !shared.topic_reset {
        return error(StatusCode::FORBIDDEN, "Topic tracking reset is disabled.");
    }
    shared.supervisor.forget_topics(name.trim());
    empty(StatusCode::ACCEPTED)
}
