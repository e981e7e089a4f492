//! `/openapi.json`: what the routes say of themselves, and the shapes they speak of.

// These structs describe; nothing is made of them.
#![allow(dead_code)]

use std::collections::BTreeMap;

use serde_json::Value;
use utoipa::{OpenApi, ToSchema};

#[derive(OpenApi)]
#[openapi(info(
    title = "walcast",
    description = "Kafka Connect's REST interface as of 4.3.1, for Debezium's PostgreSQL connector",
    license(name = "Apache-2.0")
))]
pub(super) struct Document;

/// Connect's form of an error.
#[derive(ToSchema)]
pub(super) struct Failure {
    error_code: u16,
    message: String,
}

/// Flat: every value is a string; numbers and booleans are taken too.
#[derive(ToSchema)]
pub(super) struct Settings(BTreeMap<String, String>);

#[derive(ToSchema)]
pub(super) struct NewConnector {
    name: String,
    config: Settings,
    /// `RUNNING` (the default), `PAUSED` or `STOPPED`.
    initial_state: Option<String>,
}

#[derive(ToSchema)]
pub(super) struct ConnectorInfo {
    name: String,
    config: Settings,
    tasks: Vec<TaskId>,
    #[schema(example = "source")]
    r#type: String,
}

#[derive(ToSchema)]
pub(super) struct TaskId {
    connector: String,
    task: u32,
}

#[derive(ToSchema)]
pub(super) struct Status {
    name: String,
    connector: ConnectorState,
    tasks: Vec<TaskState>,
    #[schema(example = "source")]
    r#type: String,
}

#[derive(ToSchema)]
pub(super) struct ConnectorState {
    /// `RUNNING`, `PAUSED` or `STOPPED`.
    state: String,
    worker_id: String,
    version: String,
}

#[derive(ToSchema)]
pub(super) struct TaskState {
    id: u32,
    /// `RUNNING`, `PAUSED`, `RESTARTING` or `FAILED`.
    state: String,
    worker_id: String,
    version: String,
    /// Why it failed, and what mends it.
    trace: Option<String>,
}

#[derive(ToSchema)]
pub(super) struct Offsets {
    offsets: Vec<StoredOffset>,
}

#[derive(ToSchema)]
pub(super) struct StoredOffset {
    /// `{"server": topic.prefix}`
    partition: BTreeMap<String, String>,
    /// Flat; null forgets it.
    offset: Option<BTreeMap<String, Value>>,
}

#[derive(ToSchema)]
pub(super) struct Root {
    version: String,
    commit: String,
    kafka_cluster_id: Option<String>,
}
