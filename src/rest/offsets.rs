//! Stored positions: shown always, changed only while the connector is stopped.

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::Response;
use serde_json::{Map, Value, json};

use super::respond::{Answer, Refused, ok, refused};
use super::{Worker, body, openapi};

type Alteration = (Map<String, Value>, Option<Map<String, Value>>);

#[utoipa::path(get, path = "/connectors/{name}/offsets", tag = "offsets", params(("name" = String, Path)),
    responses((status = 200, description = "What is stored", body = openapi::Offsets),
        (status = 404, description = "Unknown", body = openapi::Failure)))]
pub(super) async fn show(State(shared): Worker, Path(name): Path<String>) -> Answer {
    let positions = shared.supervisor.positions(name.trim()).await?;
    let entries = positions.into_iter().map(|p| json!({ "partition": p.partition, "offset": p.offset }));
    Ok(ok(&json!({ "offsets": entries.collect::<Vec<_>>() })))
}

#[utoipa::path(patch, path = "/connectors/{name}/offsets", tag = "offsets", params(("name" = String, Path)),
    request_body(content = openapi::Offsets, description = "A null offset is forgotten"),
    responses((status = 200, description = "Stored"),
        (status = 400, description = "Not stopped, or a position that no start could read", body = openapi::Failure),
        (status = 404, description = "Unknown", body = openapi::Failure)))]
pub(super) async fn alter(State(shared): Worker, Path(name): Path<String>, headers: HeaderMap, bytes: Bytes) -> Answer {
    let name = name.trim();
    let alterations = alterations(&headers, &bytes)?;
    shared.view(name)?;
    shared.supervisor.alter_positions(name, alterations).await?;
    Ok(done("altered"))
}

#[utoipa::path(delete, path = "/connectors/{name}/offsets", tag = "offsets", params(("name" = String, Path)),
    responses((status = 200, description = "Forgotten"),
        (status = 400, description = "Not stopped", body = openapi::Failure),
        (status = 404, description = "Unknown", body = openapi::Failure)))]
pub(super) async fn reset(State(shared): Worker, Path(name): Path<String>) -> Answer {
    shared.supervisor.forget_positions(name.trim()).await?;
    Ok(done("reset"))
}

/// Debezium leaves offsets to Connect, and Connect says so.
fn done(how: &str) -> Response {
    ok(&json!({ "message": format!(
        "The Connect framework-managed offsets for this connector have been {how} successfully. However, if this \
         connector manages offsets externally, they will need to be manually {how} in the system that the connector uses."
    ) }))
}

fn alterations(headers: &HeaderMap, bytes: &[u8]) -> Result<Vec<Alteration>, Refused> {
    let object = body::object(headers, bytes)?;
    body::only(&object, &["offsets"])?;
    let entries = match object.get("offsets") {
        Some(Value::Array(entries)) if !entries.is_empty() => entries,
        None | Some(Value::Null | Value::Array(_)) => {
            return Err(refused("Partitions / offsets need to be provided for an alter offsets request"));
        }
        Some(_) => return Err(refused("\"offsets\" must be a JSON array")),
    };
    entries.iter().map(alteration).collect()
}

fn alteration(entry: &Value) -> Result<Alteration, Refused> {
    let Value::Object(entry) = entry else { return Err(refused("each of \"offsets\" must be a JSON object")) };
    body::only(entry, &["partition", "offset"])?;
    // Connect stores an entry without a partition where nobody looks for it.
    let Some(Value::Object(partition)) = entry.get("partition") else {
        return Err(refused("\"partition\" must be a JSON object, such as {\"server\": \"the topic.prefix\"}"));
    };
    let offset = match entry.get("offset") {
        None | Some(Value::Null) => None,
        Some(Value::Object(offset)) => Some(offset.clone()),
        Some(_) => return Err(refused("\"offset\" must be a JSON object or null")),
    };
    flat("Partitions", partition)?;
    offset.as_ref().map_or(Ok(()), |offset| flat("Offsets", offset))?;
    Ok((partition.clone(), offset))
}

fn flat(what: &str, object: &Map<String, Value>) -> Result<(), Refused> {
    for (field, value) in object {
        let kind = match value {
            Value::Array(_) => "ARRAY",
            Value::Object(_) => "MAP",
            _ => continue,
        };
        let text = "may only contain primitive types as values, but field";
        return Err(refused(format!("{what} {text} {field} contains {kind}")));
    }
    Ok(())
}
