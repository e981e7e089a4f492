//! Where it is written which connectors shall run: a folder of connector files, or Connect's config topic.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};

use super::{Target, folder};
use crate::settings::connector::{flat, named};
use crate::settings::{Problem, Raw};
use crate::sink::SinkError;
use crate::sink::kafka::{self, topic};

/// Longer than a transaction may stay open.
const READ_WITHIN: Duration = Duration::from_secs(90);

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("connector file {}: {why}", path.display())]
    File { path: PathBuf, why: String },
    #[error("config topic: {0}")]
    Topic(#[from] SinkError),
}

/// A connector as it is written down.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stored {
    pub name: String,
    pub config: Raw,
    pub target: Target,
}

#[derive(Clone, Debug)]
pub enum Store {
    /// One file each, with `initial_state` when that is not RUNNING.
    Folder(PathBuf),
    /// Connect's own records; others in the topic are left alone.
    Topic { kafka: kafka::Config, topic: String },
}

/// What a store holds, and when each entry was written, as far as that is known.
pub type Entries = Vec<(Stored, Option<SystemTime>)>;

impl Store {
    /// All connectors, or everything that is wrong with what is written.
    pub async fn load(&self) -> Result<Entries, Vec<StoreError>> {
        match self {
            Self::Folder(folder) => folder::load(folder),
            Self::Topic { kafka, topic } => load_topic(kafka, topic).await.map_err(|e| vec![e.into()]),
        }
    }

    pub async fn put(&self, name: &str, config: &Raw, target: Target) -> Result<(), StoreError> {
        match self {
            Self::Folder(folder) => folder::put(folder, name, config, target),
            Self::Topic { kafka, topic } => Ok(topic::write(kafka, topic, &records(name, config, target)).await?),
        }
    }

    pub async fn delete(&self, name: &str) -> Result<(), StoreError> {
        match self {
            Self::Folder(folder) => folder::delete(folder, name),
            Self::Topic { kafka, topic } => {
                let gone = |key: String| (Some(0), key.into_bytes(), None);
                let records = [gone(format!("connector-{name}")), gone(format!("target-state-{name}"))];
                Ok(topic::write(kafka, topic, &records).await?)
            }
        }
    }
}

async fn load_topic(kafka: &kafka::Config, topic: &str) -> Result<Entries, SinkError> {
    topic::ensure_compacted(kafka, topic, 1, 3).await?;
    Ok(fold(topic::read(kafka, topic, READ_WITHIN).await?))
}

pub(crate) fn object(config: &Raw) -> Map<String, Value> {
    config.iter().map(|(key, value)| (key.clone(), Value::String(value.clone()))).collect()
}

/// What Connect writes, so that it could go on: settings, the task's settings, the number of tasks, the state.
fn records(name: &str, config: &Raw, target: Target) -> Vec<topic::Outgoing> {
    let record = |key: String, value: Value| (Some(0), key.into_bytes(), Some(value.to_string().into_bytes()));
    let mut task = object(config);
    task.insert("task.class".to_owned(), json!("io.debezium.connector.postgresql.PostgresConnectorTask"));
    let state = match target {
        Target::Running => json!({"state": "STARTED", "state.v2": "STARTED"}),
        Target::Paused => json!({"state": "PAUSED", "state.v2": "PAUSED"}),
        Target::Stopped => json!({"state": "PAUSED", "state.v2": "STOPPED"}),
    };
    vec![
        record(format!("target-state-{name}"), state),
        record(format!("connector-{name}"), json!({ "properties": object(config) })),
        record(format!("task-{name}-0"), json!({ "properties": task })),
        record(format!("commit-{name}"), json!({ "tasks": u8::from(target != Target::Stopped) })),
    ]
}

/// The present state of the topic: the last word on each connector counts.
fn fold(entries: Vec<topic::Entry>) -> Entries {
    let mut connectors: Vec<(String, Option<Raw>, Option<SystemTime>)> = Vec::new();
    let mut targets: Vec<(String, Target)> = Vec::new();
    for entry in entries {
        let Some(key) = entry.key.as_deref().and_then(|key| std::str::from_utf8(key).ok()) else { continue };
        let value: Value = entry.value.as_deref().and_then(|v| serde_json::from_slice(v).ok()).unwrap_or(Value::Null);
        if let Some(name) = key.strip_prefix("connector-") {
            let config = value.get("properties").and_then(Value::as_object).and_then(|p| flat(p).ok());
            let millis = entry.timestamp.and_then(|ms| u64::try_from(ms).ok());
            let written = millis.map(|ms| SystemTime::UNIX_EPOCH + Duration::from_millis(ms));
            connectors.retain(|(known, ..)| known != name);
            connectors.push((name.to_owned(), config.map(|config| named(config, name)), written));
        } else if let Some(name) = key.strip_prefix("target-state-") {
            let state = value.get("state.v2").or_else(|| value.get("state")).and_then(Value::as_str);
            targets.retain(|(known, _)| known != name);
            targets.push((name.to_owned(), state.and_then(Target::parse).unwrap_or_default()));
        }
    }
    let target = |name: &str| targets.iter().find(|(known, _)| known == name).map(|(_, t)| *t).unwrap_or_default();
    let alive = connectors.into_iter().filter_map(|(name, config, written)| {
        let target = target(&name);
        Some((Stored { name, config: config?, target }, written))
    });
    alive.collect()
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::new("", error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(pairs: &[(&str, &str)]) -> Raw {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn connects_own_records_are_understood_and_others_left_alone() {
        let entry = |key: &str, value| topic::Entry::of(key.as_bytes(), value);
        let found = fold(vec![
            entry("session-key", Some(r#"{"key":"x"}"#)),
            entry("connector-a", Some(r#"{"properties":{"x":"1","name":"a"}}"#)),
            entry("target-state-a", Some(r#"{"state":"PAUSED","state.v2":"STOPPED"}"#)),
            entry("connector-b", Some(r#"{"properties":{"x":"1"}}"#)),
            entry("connector-c", Some(r#"{"properties":{"x":"1"}}"#)),
            entry("connector-c", None),
            entry("connector-a", Some(r#"{"properties":{"x":"2","name":"a"}}"#)),
            entry("commit-a", Some(r#"{"tasks":1}"#)),
        ]);
        let found: Vec<_> = found.into_iter().map(|(stored, _)| stored).collect();
        let b = Stored { name: "b".into(), config: raw(&[("x", "1"), ("name", "b")]), target: Target::Running };
        let a = Stored { name: "a".into(), config: raw(&[("x", "2"), ("name", "a")]), target: Target::Stopped };
        assert_eq!(found, [b, a]);
    }
}
