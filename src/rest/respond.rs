//! Answers in Connect's form.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::supervisor::ChangeError;

pub(super) fn json(status: StatusCode, body: &Value) -> Response {
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

pub(super) fn ok(body: &Value) -> Response {
    json(StatusCode::OK, body)
}

pub(super) fn empty(status: StatusCode) -> Response {
    status.into_response()
}

pub(super) fn error(status: StatusCode, message: impl AsRef<str>) -> Response {
    json(status, &json!({ "error_code": status.as_u16(), "message": message.as_ref() }))
}

/// The router's own errors carry no content type.
pub(super) fn bare_error(status: StatusCode) -> Response {
    let text = format!("HTTP {} {}", status.as_u16(), status.canonical_reason().unwrap_or("Error"));
    let mut response = error(status, text);
    response.headers_mut().remove(header::CONTENT_TYPE);
    response
}

pub(super) fn change_error(error_: &ChangeError) -> Response {
    let status = match error_ {
        ChangeError::Exists(_) => StatusCode::CONFLICT,
        ChangeError::Unknown(_) => StatusCode::NOT_FOUND,
        ChangeError::Invalid(_) | ChangeError::NotStopped(_) => StatusCode::BAD_REQUEST,
        ChangeError::Offset(e) if e.is_malformed() => StatusCode::BAD_REQUEST,
        ChangeError::Offset(_) | ChangeError::Store(_) | ChangeError::Broken => StatusCode::INTERNAL_SERVER_ERROR,
    };
    error(status, error_.to_string())
}

pub(super) fn not_found(name: &str) -> Response {
    change_error(&ChangeError::Unknown(name.to_owned()))
}

pub(super) fn created(location: &str, body: &Value) -> Response {
    let mut response = json(StatusCode::CREATED, body);
    if let Ok(value) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    response
}
