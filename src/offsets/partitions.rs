//! All stored positions of one connector, as their JSON stands: what REST shows and lets an operator change.

use serde_json::{Map, Value};

use super::store::{READ_WITHIN, blocking, write};
use super::{Config, Offset, OffsetError, file, key, same_key};
use crate::sink::kafka::topic;

/// A source partition, `{"server": prefix}` for Debezium, and the position stored for it.
#[derive(Clone, PartialEq, Debug)]
pub struct Position {
    pub partition: Map<String, Value>,
    pub offset: Map<String, Value>,
}

/// A partition, and its new position; none: it is forgotten.
pub type Alteration = (Map<String, Value>, Option<Map<String, Value>>);

/// What stands in the store: the bytes of the key, and the value under it.
type Entry = (Vec<u8>, Value);

/// Every position of the connector. Entries that are none (a key or a value of another shape) are left out.
pub async fn positions(config: &Config, connector: &str) -> Result<Vec<Position>, OffsetError> {
    let of_connector = entries(config).await?.into_iter().filter_map(|(key, value)| {
        let partition = partition(&key, connector)?;
        match value {
            Value::Object(offset) => Some(Position { partition, offset }),
            _ => None,
        }
    });
    Ok(of_connector.collect())
}

/// Stores each alteration, all of them or, if one cannot be, none. For a connector that does not run.
///
/// A position for `{"server": ...}` must be one that a start can read.
pub async fn alter(config: &Config, connector: &str, alterations: &[Alteration]) -> Result<(), OffsetError> {
    let mut changes = Vec::new();
    for (partition, offset) in alterations {
        let json = offset.clone().map(|offset| Value::Object(offset).to_string().into_bytes());
        json.as_deref().map(Offset::decode).transpose()?;
        changes.push((key_of(connector, partition), json));
    }
    write(config, changes).await
}

/// Forgets every position of the connector.
pub async fn forget(config: &Config, connector: &str) -> Result<(), OffsetError> {
    let of_connector = entries(config).await?.into_iter().filter(|(key, _)| partition(key, connector).is_some());
    write(config, of_connector.map(|(key, _)| (key, None)).collect()).await
}

/// What is stored at present, of all connectors.
async fn entries(config: &Config) -> Result<Vec<Entry>, OffsetError> {
    match config {
        Config::Topic { kafka, topic, .. } => {
            let read = topic::read(kafka, topic, READ_WITHIN).await?;
            let mut last: Vec<Entry> = Vec::new();
            for entry in read {
                let Some(key) = entry.key else { continue };
                last.retain(|(known, _)| !same_key(known, &key));
                if let Some(value) = entry.value.and_then(|value| serde_json::from_slice(&value).ok()) {
                    last.push((key, value));
                }
            }
            Ok(last)
        }
        Config::File(path) => {
            let path = path.clone();
            let all = blocking(move || file::load(&path)).await?;
            Ok(all.into_iter().map(|(key, value)| (key.into_bytes(), value)).collect())
        }
    }
}

/// The partition inside `["connector",{...}]`.
fn partition(key: &[u8], connector: &str) -> Option<Map<String, Value>> {
    match serde_json::from_slice(key).ok()? {
        Value::Array(parts) => match <[Value; 2]>::try_from(parts).ok()? {
            [Value::String(name), Value::Object(partition)] if name == connector => Some(partition),
            _ => None,
        },
        _ => None,
    }
}

/// As Connect writes it.
fn key_of(connector: &str, partition: &Map<String, Value>) -> Vec<u8> {
    match (partition.len(), partition.get("server")) {
        (1, Some(Value::String(prefix))) => key(connector, prefix),
        _ => Value::Array(vec![connector.into(), Value::Object(partition.clone())]).to_string().into_bytes(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[tokio::test]
    async fn positions_are_listed_altered_and_forgotten() {
        let path = std::env::temp_dir().join(format!("walcast-partitions-{}", uuid::Uuid::new_v4()));
        let config = Config::File(path.clone());
        let (ours, other) = (object(json!({"server": "p"})), object(json!({"server": "q"})));
        let at = |lsn: u64| object(json!({"lsn": lsn, "messageType": "COMMIT", "lsn_proc": lsn, "lsn_commit": lsn}));
        assert_eq!(positions(&config, "c").await.unwrap(), []);
        alter(&config, "c", &[(ours.clone(), Some(at(1))), (other.clone(), Some(at(2)))]).await.unwrap();
        alter(&config, "d", &[(ours.clone(), Some(at(3)))]).await.unwrap();
        alter(&config, "c", &[(other.clone(), None), (ours.clone(), Some(at(4)))]).await.unwrap();
        let left = [Position { partition: ours.clone(), offset: at(4) }];
        assert_eq!(positions(&config, "c").await.unwrap(), left);
        assert_eq!(super::super::stored(&config, "c", "p").await.unwrap().unwrap().offset.unwrap().lsn.0, 4);
        let unreadable = alter(&config, "c", &[(ours.clone(), Some(object(json!({"lsn": "x"}))))]).await;
        assert!(unreadable.is_err());
        forget(&config, "c").await.unwrap();
        assert_eq!(positions(&config, "c").await.unwrap(), []);
        assert_eq!(positions(&config, "d").await.unwrap().len(), 1);
        for ending in ["", ".lock"] {
            std::fs::remove_file(format!("{}{ending}", path.display())).unwrap();
        }
    }

    #[test]
    fn keys_of_others_are_no_partitions() {
        assert!(partition(br#"["c",{"server":"p"}]"#, "c").is_some());
        for other in [r#"["d",{"server":"p"}]"#, r#"["c",null]"#, r#"["c"]"#, "c", r#"{"c":1}"#] {
            assert!(partition(other.as_bytes(), "c").is_none(), "{other}");
        }
    }
}
