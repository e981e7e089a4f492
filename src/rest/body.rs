//! Request bodies: JSON, with Connect's refusals.

use axum::http::{HeaderMap, StatusCode, header};
use serde_json::{Map, Value};

use super::respond::{Refused, bare_error, error, refused};
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
pub(super) fn object(headers: &HeaderMap, bytes: &[u8]) -> Result<Map<String, Value>, Refused> {
    match headers.get(header::CONTENT_TYPE).map(|value| value.to_str().unwrap_or("")) {
        Some(media) if is_json(media) => {}
        // The router's refusal, and the one of whoever reads the body.
        Some(_) => return Err(bare_error(StatusCode::UNSUPPORTED_MEDIA_TYPE).into()),
        None => {
            return Err(error(StatusCode::UNSUPPORTED_MEDIA_TYPE, "HTTP 415 Unsupported Media Type").into());
        }
    }
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(refused("expected a JSON object")),
        Err(e) => Err(refused(format!("malformed JSON at line {}, column {}", e.line(), e.column()))),
    }
}

fn is_json(content_type: &str) -> bool {
    content_type.split(';').next().unwrap_or("").trim().eq_ignore_ascii_case("application/json")
}

/// Settings: an object of strings, numbers and booleans.
pub(super) fn settings(headers: &HeaderMap, bytes: &[u8]) -> Result<Raw, Refused> {
    Ok(flat(&object(headers, bytes)?)?)
}

/// Only these keys may stand in the object.
pub(super) fn only(object: &Map<String, Value>, known: &[&str]) -> Result<(), Refused> {
    match object.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => {
            let known: Vec<_> = known.iter().map(|known| format!("\"{known}\"")).collect();
            Err(refused(format!("Unrecognized field \"{key}\", not one of {}", known.join(", "))))
        }
        None => Ok(()),
    }
}

pub(super) fn create(headers: &HeaderMap, bytes: &[u8]) -> Result<Create, Refused> {
    let object = object(headers, bytes)?;
    only(&object, &["config", "name", "initial_state"])?;
    let Some(Value::Object(config)) = object.get("config") else {
        return Err(refused("\"config\" must be a JSON object"));
    };
    let config = flat(config)?;
    let name = match object.get("name") {
        Some(Value::String(name)) => name.trim().to_owned(),
        None | Some(Value::Null) => value(&config, "name").unwrap_or("").trim().to_owned(),
        Some(_) => return Err(refused("\"name\" must be a string")),
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
pub(super) fn with_name(config: Raw, name: &str) -> Result<Raw, Refused> {
    match value(&config, "name") {
        Some(inside) if inside != name => Err(refused(format!(
            "Connector name configuration ({inside}) doesn't match connector name in the URL ({name})"
        ))),
        _ => Ok(named(config, name)),
    }
}
