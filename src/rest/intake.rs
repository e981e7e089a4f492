//! Takes in a request's body before anyone looks at it: bounded in size, in time, and all of them together.

use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::respond::error;
use super::visitors::Visitor;

/// Larger than any connector file; whatever is larger is answered 413.
const LARGEST_BODY: usize = 1 << 20;
/// For the bodies of all requests at a time, in bytes.
const ALL_BODIES: usize = 32 << 20;
/// Slower than any line that carries a connector file.
const BODY_WITHIN: Duration = Duration::from_secs(10);

/// Room for bodies, a permit for each byte.
pub(super) fn room() -> Arc<Semaphore> {
    Arc::new(Semaphore::new(ALL_BODIES))
}

/// Answers 413, 408 or 503 itself; otherwise the body is there when the call is looked at.
pub(super) async fn whole_body(State(room): State<Arc<Semaphore>>, request: Request, next: Next) -> Response {
    let (head, body) = request.into_parts();
    let visitor = head.extensions.get::<Arc<Visitor>>().cloned();
    let length = length(&head.headers);
    if length > LARGEST_BODY {
        return too_large();
    }
    let permits = u32::try_from(length).unwrap_or(u32::MAX);
    let Ok(_room) = room.try_acquire_many(permits) else {
        return error(StatusCode::SERVICE_UNAVAILABLE, "too many requests at a time, try again");
    };
    match timeout(BODY_WITHIN, to_bytes(body, LARGEST_BODY)).await {
        Ok(Ok(bytes)) => {
            // Until now it was somebody who lets us wait; from now on somebody waits for us.
            let _served = visitor.as_ref().map(|visitor| visitor.serve());
            next.run(Request::from_parts(head, Body::from(bytes))).await
        }
        // Either too large, or the line broke and nobody reads the answer.
        Ok(Err(_)) => too_large(),
        Err(_) => {
            let text = format!("the request's body did not arrive within {} s", BODY_WITHIN.as_secs());
            error(StatusCode::REQUEST_TIMEOUT, text)
        }
    }
}

/// As announced; a body that is not may be as large as any.
fn length(headers: &HeaderMap) -> usize {
    if headers.contains_key(header::TRANSFER_ENCODING) {
        return LARGEST_BODY;
    }
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    announced.map_or(0, |text| text.parse().unwrap_or(usize::MAX))
}

fn too_large() -> Response {
    error(StatusCode::PAYLOAD_TOO_LARGE, format!("the request's body is larger than {LARGEST_BODY} bytes"))
}
