//! Request bodies: JSON, with Connect's refusals.

use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use serde_json::{Map, Value};

use super::respond::error;
use crate::settings::connector::{flat, named};
use crate::settings::{Raw, value};
use crate::supervisor::Target;

/// `POST /connectors`.
pub(super) struct Create {
    pub(super) name: String,
    pub(super) config: Raw,
    pub(super) target: Target,
}

/// An object, sent as JSON.
pub(super) fn object(headers: &HeaderMap, bytes: &[u8]) -> Result<Map<String, Value>, Box<Response>> {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or("");
    let media = content_type.split(';').next().unwrap_or("").trim();
    if !media.eq_ignore_ascii_case("application/json") {
        return Err(Box::new(error(StatusCode::UNSUPPORTED_MEDIA_TYPE, "HTTP 415 Unsupported Media Type")));
    }
    let refused = |text: String| Box::new(error(StatusCode::BAD_REQUEST, text));
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(refused("expected a JSON object".to_owned())),
        Err(e) => Err(refused(format!("malformed JSON at line {}, column {}", e.line(), e.column()))),
    }
}

pub(super) fn create(headers: &HeaderMap, bytes: &[u8]) -> Result<Create, Box<Response>> {
    let object = object(headers, bytes)?;
    let refused = |text: String| Box::new(error(StatusCode::BAD_REQUEST, text));
    if let Some(key) = object.keys().find(|key| !["name", "config", "initial_state"].contains(&key.as_str())) {
        return Err(refused(format!(
            "Unrecognized field \"{key}\", not one of \"config\", \"name\", \"initial_state\""
        )));
    }
    let Some(Value::Object(config)) = object.get("config") else {
        return Err(refused("\"config\" must be a JSON object".to_owned()));
    };
    let config = flat(config).map_err(|problem| refused(problem.message))?;
    let name = match object.get("name") {
        Some(Value::String(name)) => name.trim().to_owned(),
        None | Some(Value::Null) => value(&config, "name").unwrap_or("").trim().to_owned(),
        Some(_) => return Err(refused("\"name\" must be a string".to_owned())),
    };
    let config = with_name(config, &name)?;
    let target = match object.get("initial_state") {
        None | Some(Value::Null) => Target::Running,
        Some(state) => state
            .as_str()
            .and_then(Target::parse)
            .ok_or_else(|| refused(format!("initial_state {state}: expected one of RUNNING, PAUSED, STOPPED")))?,
    };
    Ok(Create { name, config, target })
}

/// The settings with their name inside; another name there is refused.
pub(super) fn with_name(config: Raw, name: &str) -> Result<Raw, Box<Response>> {
    match value(&config, "name") {
        Some(inside) if inside != name => Err(Box::new(error(
            StatusCode::BAD_REQUEST,
            format!("Connector name configuration ({inside}) doesn't match connector name in the URL ({name})"),
        ))),
        _ => Ok(named(config, name)),
    }
}
