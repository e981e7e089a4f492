//! Answers in Connect's form.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::settings::Problem;
use crate::supervisor::ChangeError;

/// Of a handler that can refuse on its way.
pub(super) type Answer = Result<Response, Refused>;

/// An answer that ends a call early; boxed, since it is the rare one.
pub(super) struct Refused(Box<Response>);

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        *self.0
    }
}

impl From<Response> for Refused {
    fn from(response: Response) -> Self {
        Self(Box::new(response))
    }
}

impl From<ChangeError> for Refused {
    fn from(error_: ChangeError) -> Self {
        let status = match &error_ {
            ChangeError::Exists(_) => StatusCode::CONFLICT,
            ChangeError::Unknown(_) => StatusCode::NOT_FOUND,
            ChangeError::Invalid(_) | ChangeError::NotStopped(_) => StatusCode::BAD_REQUEST,
            ChangeError::Offset(e) if e.is_malformed() => StatusCode::BAD_REQUEST,
            ChangeError::Offset(_) | ChangeError::Store(_) | ChangeError::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        };
        error(status, error_.to_string()).into()
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        refused(problem.message)
    }
}

pub(super) fn refused(text: impl AsRef<str>) -> Refused {
    error(StatusCode::BAD_REQUEST, text).into()
}

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

pub(super) fn created(location: &str, body: &Value) -> Response {
    let mut response = json(StatusCode::CREATED, body);
    if let Ok(value) = HeaderValue::from_str(location) {
        response.headers_mut().insert(header::LOCATION, value);
    }
    response
}
