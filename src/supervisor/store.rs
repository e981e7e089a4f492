//! Where it is written which connectors shall run: a folder of connector files, or Connect's config topic.

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use serde_json::{Map, Value, json};

use super::Target;
use crate::settings::connector::{flat, named, parse_file};
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
    /// One `NAME.json` each, with `initial_state` when that is not RUNNING.
    Folder(PathBuf),
    /// Connect's own records; others in the topic are left alone.
    Topic { kafka: kafka::Config, topic: String },
}

/// What a store holds, and when each entry was written, as far as that is known.
pub type Entries = Vec<(Stored, Option<SystemTime>)>;

impl Store {
    pub async fn load(&self) -> Result<Entries, StoreError> {
        match self {
            Self::Folder(folder) => load_folder(folder),
            Self::Topic { kafka, topic } => {
                topic::ensure_compacted(kafka, topic, 1, 3).await?;
                Ok(fold(topic::read(kafka, topic, READ_WITHIN).await?))
            }
        }
    }

    pub async fn put(&self, name: &str, config: &Raw, target: Target) -> Result<(), StoreError> {
        match self {
            Self::Folder(folder) => write_file(&path_of(folder, name), name, config, target),
            Self::Topic { kafka, topic } => Ok(topic::write(kafka, topic, &records(name, config, target)).await?),
        }
    }

    pub async fn delete(&self, name: &str) -> Result<(), StoreError> {
        match self {
            Self::Folder(folder) => {
                let path = path_of(folder, name);
                match std::fs::remove_file(&path) {
                    Err(e) if e.kind() != std::io::ErrorKind::NotFound => {
                        Err(StoreError::File { path, why: e.to_string() })
                    }
                    _ => Ok(()),
                }
            }
            Self::Topic { kafka, topic } => {
                let gone = |key: String| (Some(0), key.into_bytes(), None);
                let records = [gone(format!("connector-{name}")), gone(format!("target-state-{name}"))];
                Ok(topic::write(kafka, topic, &records).await?)
            }
        }
    }
}

/// `NAME.json` with everything percent-encoded that is not plainly part of a file name.
fn path_of(folder: &Path, name: &str) -> PathBuf {
    let mut file = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => file.push(char::from(byte)),
            _ => file.push_str(&format!("%{byte:02X}")),
        }
    }
    folder.join(format!("{file}.json"))
}

fn load_folder(folder: &Path) -> Result<Entries, StoreError> {
    let failed = |path: &Path, why: String| StoreError::File { path: path.to_owned(), why };
    let listing = match std::fs::read_dir(folder) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Entries::new()),
        listing => listing.map_err(|e| failed(folder, e.to_string()))?,
    };
    let mut paths: Vec<_> = listing.filter_map(|entry| entry.ok().map(|e| e.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "json"));
    paths.sort();
    paths.iter().map(|path| Ok((read_file(path)?, modified(path)))).collect()
}

/// When a file was last changed.
pub fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|m| m.modified()).ok()
}

/// Reads a connector file as it is POSTed to Connect, or flat.
pub fn read_file(path: &Path) -> Result<Stored, StoreError> {
    let failed = |why: String| StoreError::File { path: path.to_owned(), why };
    let text = std::fs::read_to_string(path).map_err(|e| failed(e.to_string()))?;
    let default_name = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let file = parse_file(&text, &default_name).map_err(|problem| failed(problem.message))?;
    let target = match &file.initial_state {
        None => Target::Running,
        Some(text) => Target::parse(text)
            .ok_or_else(|| failed(format!("initial_state {text}: expected RUNNING, PAUSED or STOPPED")))?,
    };
    Ok(Stored { name: file.name, config: file.config, target })
}

/// Whole or not at all, readable by its owner only: it holds passwords.
fn write_file(path: &Path, name: &str, config: &Raw, target: Target) -> Result<(), StoreError> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let failed = |e: std::io::Error| StoreError::File { path: path.to_owned(), why: e.to_string() };
    let mut document = json!({ "name": name, "config": object(config) });
    if target != Target::Running {
        document["initial_state"] = json!(target.name());
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    let temporary = path.with_extension("json.new");
    let mut options = std::fs::OpenOptions::new();
    let mut file = options.write(true).create(true).truncate(true).mode(0o600).open(&temporary).map_err(failed)?;
    file.write_all(format!("{document:#}\n").as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    std::fs::rename(&temporary, path).map_err(failed)
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

    #[tokio::test]
    async fn a_folder_gives_back_what_was_put_there() {
        use std::os::unix::fs::PermissionsExt;
        let folder = std::env::temp_dir().join(format!("walcast-{}", uuid::Uuid::new_v4()));
        let store = Store::Folder(folder.clone());
        assert!(store.load().await.unwrap().is_empty());
        let name = "../odd näme/%";
        let config = raw(&[("b", "1"), ("a", "2"), ("name", name)]);
        store.put(name, &config, Target::Paused).await.unwrap();
        let stored: Vec<_> = store.load().await.unwrap().into_iter().map(|(stored, _)| stored).collect();
        assert_eq!(stored, [Stored { name: name.to_owned(), config, target: Target::Paused }]);
        let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().path()).collect();
        assert_eq!(files.len(), 1, "written inside the folder, nothing left over: {files:?}");
        assert_eq!(files[0].metadata().unwrap().permissions().mode() & 0o777, 0o600);
        store.delete(name).await.unwrap();
        store.delete(name).await.unwrap();
        assert!(store.load().await.unwrap().is_empty());
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn connects_own_records_are_understood_and_others_left_alone() {
        let entry = |key: &str, value: Option<&str>| topic::Entry {
            partition: 0,
            offset: 0,
            key: Some(key.as_bytes().to_vec()),
            value: value.map(|v| v.as_bytes().to_vec()),
            timestamp: None,
        };
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
