//! Records as server-sent events, for people. Values of rows are masked unless the worker allows them.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::response::sse::{Event, KeepAlive};
use futures_core::Stream;
use serde_json::{Value, json};
use tokio::sync::mpsc::Receiver;

use crate::connector::meters::{Piece, Seen};

const MASK: &str = "***";

pub(super) struct Events {
    watched: Receiver<Arc<Seen>>,
    show_values: bool,
}

impl Events {
    pub(super) fn new(watched: Receiver<Arc<Seen>>, show_values: bool) -> Self {
        Self { watched, show_values }
    }
}

/// Proxies close what is silent.
pub(super) fn keep_alive() -> KeepAlive {
    KeepAlive::new().interval(Duration::from_secs(10))
}

impl Stream for Events {
    type Item = Result<Event, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let show = self.show_values;
        self.watched.poll_recv(context).map(|seen| seen.map(|seen| Ok(event(&seen, show))))
    }
}

fn event(seen: &Seen, show_values: bool) -> Event {
    Event::default().event("record").data(record(seen, show_values).to_string())
}

fn record(seen: &Seen, show_values: bool) -> Value {
    let mut record = json!({
        "topic": seen.topic,
        "key": piece(&seen.key, show_values),
        "value": piece(&seen.value, show_values),
        "size": seen.size,
    });
    if seen.missed > 0 {
        record["missed"] = json!(seen.missed);
    }
    record
}

/// What is no JSON shows its length only, unless values are allowed.
fn piece(piece: &Piece, show_values: bool) -> Value {
    let bytes = match piece {
        Piece::Null => return Value::Null,
        Piece::TooLong => return json!("too long to be shown"),
        Piece::Bytes(bytes) => bytes,
    };
    match serde_json::from_slice::<Value>(bytes) {
        Ok(parsed) if show_values => without_schema(parsed),
        Ok(parsed) => masked(without_schema(parsed)),
        Err(_) if show_values => json!(String::from_utf8_lossy(bytes)),
        Err(_) => json!({ "bytes": bytes.len() }),
    }
}

fn without_schema(value: Value) -> Value {
    match value {
        Value::Object(mut object) if object.len() == 2 && object.contains_key("schema") => {
            object.remove("payload").unwrap_or(Value::Object(object))
        }
        other => other,
    }
}

/// Of an envelope the rows are masked, and what a message says; of anything else everything is.
fn masked(mut value: Value) -> Value {
    let is_envelope =
        value.get("op").is_some_and(Value::is_string) && value.get("source").is_some_and(Value::is_object);
    if !is_envelope {
        mask(&mut value);
        return value;
    }
    for part in ["before", "after", "message"] {
        if let Some(part) = value.get_mut(part) {
            mask(part);
        }
    }
    value
}

fn mask(value: &mut Value) {
    match value {
        Value::Null => {}
        Value::Object(fields) => fields.values_mut().for_each(mask),
        Value::Array(elements) => elements.iter_mut().for_each(mask),
        other => *other = json!(MASK),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(value: &str, show_values: bool) -> Value {
        piece(&Piece::Bytes(value.as_bytes().to_vec()), show_values)
    }

    #[test]
    fn an_envelope_shows_what_happened_and_no_value_of_a_row() {
        let envelope = json!({ "schema": { "type": "struct" }, "payload": {
            "before": null, "after": { "id": 7, "name": "s3cret", "tags": ["s3cret", 1] },
            "source": { "lsn": 42, "table": "t" }, "op": "c", "ts_ms": 1,
        } });
        let masked = shown(&envelope.to_string(), false);
        assert_eq!(masked["after"], json!({ "id": MASK, "name": MASK, "tags": [MASK, MASK] }));
        assert_eq!(
            (&masked["source"]["lsn"], &masked["op"], &masked["before"]),
            (&json!(42), &json!("c"), &Value::Null)
        );
        assert_eq!(shown(&envelope.to_string(), true), envelope["payload"]);
    }

    #[test]
    fn a_row_that_has_columns_named_like_an_envelope_is_masked() {
        assert_eq!(shown(r#"{"op":"s3cret","source":"s3cret"}"#, false), json!({ "op": MASK, "source": MASK }));
        assert_eq!(shown(r#"{"id":1}"#, false), json!({ "id": MASK }));
        assert_eq!(shown("5", false), json!(MASK));
    }

    #[test]
    fn what_is_no_json_shows_its_length() {
        assert_eq!(shown("s3cret{", false), json!({ "bytes": 7 }));
        assert_eq!(shown("s3cret{", true), json!("s3cret{"));
        assert_eq!(piece(&Piece::Null, false), Value::Null);
    }
}
