//! What can be configured: the connector, converters and transforms that exist here, and whether settings are right.

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::{Value, json};

use super::respond::{Answer, Refused, error, ok, refused};
use super::state::VERSION;
use super::{Worker, body, openapi, query, validation};
use crate::settings::connector::{CLASS, class};
use crate::settings::{Problem, Raw, value};

/// The version of Connect whose plugins these are.
const CONNECT_VERSION: &str = "4.3.1";

/// Class, kind, version.
const PLUGINS: [(&str, &str, &str); 9] = [
    (CLASS, "source", VERSION),
    (validation::UNWRAP, "transformation", VERSION),
    ("io.debezium.converters.BinaryDataConverter", "converter", VERSION),
    ("io.debezium.converters.CloudEventsConverter", "converter", VERSION),
    ("org.apache.kafka.connect.json.JsonConverter", "converter", CONNECT_VERSION),
    ("org.apache.kafka.connect.storage.StringConverter", "converter", CONNECT_VERSION),
    ("org.apache.kafka.connect.json.JsonConverter", "header_converter", CONNECT_VERSION),
    ("org.apache.kafka.connect.storage.SimpleHeaderConverter", "header_converter", CONNECT_VERSION),
    ("org.apache.kafka.connect.storage.StringConverter", "header_converter", CONNECT_VERSION),
];

/// What exists here, under the names that connector files use.
#[utoipa::path(get, path = "/connector-plugins", tag = "plugins",
    params(("connectorsOnly" = Option<bool>, Query, description = "`false`: converters and transforms too")),
    responses((status = 200, description = "Class, type and version of each")))]
pub(super) async fn list(RawQuery(raw): RawQuery) -> Response {
    let all = query::all(raw.as_deref(), "connectorsOnly").last().is_some_and(|v| v.eq_ignore_ascii_case("false"));
    let shown = PLUGINS.iter().filter(|(_, kind, _)| all || *kind == "source");
    let shown = shown.map(|(class, kind, version)| json!({ "class": class, "type": kind, "version": version }));
    ok(&Value::Array(shown.collect()))
}

#[utoipa::path(get, path = "/connector-plugins/{plugin}/config", tag = "plugins", params(("plugin" = String, Path)),
    responses((status = 200, description = "Its settings"), (status = 404, description = "Unknown", body = openapi::Failure)))]
pub(super) async fn config(Path(plugin): Path<String>) -> Response {
    let name = plugin.trim();
    if is_ours(name).is_ok() {
        return ok(&validation::definitions_of_connector());
    }
    if [validation::UNWRAP, "ExtractNewRecordState"].contains(&name) {
        return ok(&Value::Array(validation::unwrap_options()));
    }
    error(StatusCode::NOT_FOUND, format!("Unknown plugin {name}."))
}

/// Settings that do not pass are no error of the call.
#[utoipa::path(put, path = "/connector-plugins/{plugin}/config/validate", tag = "plugins",
    params(("plugin" = String, Path)), request_body = openapi::Settings,
    responses((status = 200, description = "Each setting with its definition, its value and what is wrong with it"),
        (status = 400, description = "Another plugin, or no settings", body = openapi::Failure)))]
pub(super) async fn validate(
    State(shared): Worker,
    Path(plugin): Path<String>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Answer {
    let config = of_plugin(plugin.trim(), body::settings(&headers, &bytes)?)?;
    let name = value(&config, "name").map(str::trim);
    let found = shared.supervisor.check(name.unwrap_or(validation::NO_NAME), &config).await;
    Ok(ok(&validation::answer(&config, found.err().unwrap_or_default())))
}

/// The settings, if they are of this plugin.
fn of_plugin(plugin: &str, config: Raw) -> Result<Raw, Refused> {
    is_ours(plugin)?;
    match (class(&config), value(&config, "connector.class").map(str::trim)) {
        (Ok(()), _) => Ok(config),
        (Err(_), Some(other)) if !other.is_empty() => {
            Err(refused(format!("Included connector type {other} does not match request type {plugin}")))
        }
        (Err(problem), _) => Err(problem.into()),
    }
}

/// Err: what Connect says of a class it does not have.
fn is_ours(plugin: &str) -> Result<(), Problem> {
    class(&vec![("connector.class".to_owned(), plugin.to_owned())])
}
