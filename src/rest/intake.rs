//! Takes in a request's body before anyone looks at it: bounded in size and in time.

use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use tokio::time::timeout;

use super::respond::error;

/// Larger than any connector file; whatever is larger is answered 413.
const LARGEST_BODY: usize = 1 << 20;
/// Slower than any line that carries a connector file.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// Answers 413 or 408 itself; otherwise the body is there when the call is looked at.
pub(super) async fn whole_body(request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    if length(&head.headers).is_some_and(|length| length > LARGEST_BODY) {
        return too_large();
    }
    match timeout(BODY_WITHIN, to_bytes(body, LARGEST_BODY)).await {
        Ok(Ok(bytes)) => next.run(Request::from_parts(head, Body::from(bytes))).await,
        // Either too large, or the line broke and nobody reads the answer.
        Ok(Err(_)) => too_large(),
        Err(_) => {
            let text = format!("the request's body did not arrive within {} s", BODY_WITHIN.as_secs());
            error(StatusCode::REQUEST_TIMEOUT, text)
        }
    }
}

fn length(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn too_large() -> Response {
    error(StatusCode::PAYLOAD_TOO_LARGE, format!("the request's body is larger than {LARGEST_BODY} bytes"))
}
