//! Reading the position at start, and writing it as the connector goes.

use std::path::PathBuf;
use std::time::Duration;

use super::{Config, Offset, OffsetError, file, key, murmur2, same_key};
use crate::sink::kafka::topic::{self, Entry, Reader};

/// Longer than the longest transaction timeout Connect uses by default, so that an open transaction ends in time.
pub(super) const READ_WITHIN: Duration = Duration::from_secs(90);

/// The place of one connector's position.
#[derive(Debug)]
pub struct Store {
    key: Vec<u8>,
    place: Place,
}

#[derive(Debug)]
enum Place {
    Topic { topic: String, partition: i32 },
    File(PathBuf),
}

/// How an offset is to be stored.
#[derive(PartialEq, Eq, Debug)]
pub enum Prepared<'a> {
    /// The connector sends this through its own sink, under a ticket of its own.
    Record { topic: &'a str, partition: Option<i32>, key: &'a [u8], value: Vec<u8> },
    /// `Store::write` does it.
    File,
}

/// A place that is there and connected to, and not yet read.
pub struct Opening {
    store: Store,
    reader: Option<Reader>,
}

impl Opening {
    /// Creates the topic if it is missing.
    pub async fn prepare(config: &Config, connector: &str, prefix: &str) -> Result<Self, OffsetError> {
        let key = key(connector, prefix);
        match config {
            Config::Topic { kafka, topic, partitions, replication_factor } => {
                let partitions = topic::ensure_compacted(kafka, topic, *partitions, *replication_factor).await?;
                let reader = Some(Reader::open(kafka, topic).await?);
                let partition = murmur2::partition(&key, partitions);
                Ok(Self { store: Store { key, place: Place::Topic { topic: topic.clone(), partition } }, reader })
            }
            Config::File(path) => Ok(Self { store: Store { key, place: Place::File(path.clone()) }, reader: None }),
        }
    }

    /// The place, and what is stored there now.
    pub async fn read(self) -> Result<(Store, Option<Offset>), OffsetError> {
        let Self { store, reader } = self;
        let offset = match reader {
            Some(reader) => {
                let entries = reader.read(READ_WITHIN).await?;
                latest(&entries, &store.key).map(Offset::decode).transpose()?
            }
            None => store.read_file().await?,
        };
        Ok((store, offset))
    }
}

impl Store {
    #[cfg(test)]
    pub(crate) fn of_topic(topic: &str) -> Self {
        Self { key: key("c", "p"), place: Place::Topic { topic: topic.to_owned(), partition: 0 } }
    }

    /// What has to happen so that this offset is stored.
    pub fn prepare(&self, offset: &Offset) -> Prepared<'_> {
        match &self.place {
            Place::Topic { topic, partition } => {
                Prepared::Record { topic, partition: Some(*partition), key: &self.key, value: offset.encode() }
            }
            Place::File(_) => Prepared::File,
        }
    }

    async fn read_file(&self) -> Result<Option<Offset>, OffsetError> {
        let Place::File(path) = &self.place else { return Ok(None) };
        let (path, key) = (path.clone(), self.key.clone());
        blocking(move || file::read(&path, &key)).await
    }

    /// Stores into the file, safe against a crash once this returns. Does nothing when the place is a topic.
    pub async fn write(&self, offset: &Offset) -> Result<(), OffsetError> {
        let Place::File(path) = &self.place else { return Ok(()) };
        let (path, key, offset) = (path.clone(), self.key.clone(), offset.encode());
        blocking(move || file::write(&path, &key, Some(&offset))).await
    }
}

/// What is stored at present, as it is written and as it is understood: what cannot be understood must be seen, too, to
/// be mended.
#[derive(Debug)]
pub struct Stored {
    pub json: String,
    pub offset: Result<Offset, OffsetError>,
}

impl Stored {
    pub fn new(json: &[u8]) -> Self {
        Self { json: String::from_utf8_lossy(json).into_owned(), offset: Offset::decode(json) }
    }
}

/// Changes nothing, not even a topic that is missing. Err: the place could not be read.
pub async fn stored(config: &Config, connector: &str, prefix: &str) -> Result<Option<Stored>, OffsetError> {
    let key = key(connector, prefix);
    match config {
        Config::Topic { kafka, topic, .. } => {
            let entries = topic::read(kafka, topic, READ_WITHIN).await?;
            Ok(latest(&entries, &key).map(Stored::new))
        }
        Config::File(path) => {
            let path = path.clone();
            Ok(blocking(move || file::text(&path, &key)).await?.map(|json| Stored::new(json.as_bytes())))
        }
    }
}

/// A key, and the JSON that is to stand under it; none: nothing.
pub(super) type Change = (Vec<u8>, Option<Vec<u8>>);

/// Stores this offset, or forgets the one that is stored. For a connector that does not run.
pub async fn replace(
    config: &Config,
    connector: &str,
    prefix: &str,
    offset: Option<&Offset>,
) -> Result<(), OffsetError> {
    write(config, vec![(key(connector, prefix), offset.map(Offset::encode))]).await
}

/// Stores each change. For connectors that do not run.
pub(super) async fn write(config: &Config, changes: Vec<Change>) -> Result<(), OffsetError> {
    match config {
        Config::Topic { kafka, topic, partitions, replication_factor } => {
            let partitions = topic::ensure_compacted(kafka, topic, *partitions, *replication_factor).await?;
            let records =
                changes.into_iter().map(|(key, offset)| (Some(murmur2::partition(&key, partitions)), key, offset));
            Ok(topic::write(kafka, topic, &records.collect::<Vec<_>>()).await?)
        }
        Config::File(path) => {
            let path = path.clone();
            blocking(move || changes.iter().try_for_each(|(key, offset)| file::write(&path, key, offset.as_deref())))
                .await
        }
    }
}

/// The value Connect would use: the last one under exactly this key, or else under one that says the same.
fn latest<'a>(entries: &'a [Entry], key: &[u8]) -> Option<&'a [u8]> {
    let last = |same: &dyn Fn(&[u8]) -> bool| entries.iter().rev().find(|e| e.key.as_deref().is_some_and(same));
    last(&|other| other == key).or_else(|| last(&|other| same_key(other, key)))?.value.as_deref()
}

/// The one door for blocking calls of this room.
pub(super) async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, OffsetError> + Send + 'static,
) -> Result<T, OffsetError> {
    let done = tokio::task::spawn_blocking(call).await;
    done.unwrap_or_else(|error| Err(OffsetError::File { path: PathBuf::new(), why: error.to_string() }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Lsn;

    async fn open(config: &Config, prefix: &str) -> Result<(Store, Option<Offset>), OffsetError> {
        Opening::prepare(config, "c", prefix).await?.read().await
    }

    #[test]
    fn the_last_word_under_the_exact_key_counts() {
        let ours = key("c", "p");
        let spaced = b"[\"c\", {\"server\": \"p\"}]";
        let mut entries =
            vec![Entry::of(&ours, Some("1")), Entry::of(&ours, Some("2")), Entry::of(&key("d", "p"), Some("3"))];
        assert_eq!(latest(&entries, &ours), Some("2".as_bytes()));
        entries.push(Entry::of(spaced, Some("4")));
        assert_eq!(latest(&entries, &ours), Some("2".as_bytes()));
        assert_eq!(latest(&entries[2..], &ours), Some("4".as_bytes()));
        entries.push(Entry::of(&ours, None));
        assert_eq!(latest(&entries, &ours), None);
        assert_eq!(latest(&[], &ours), None);
    }

    #[tokio::test]
    async fn a_file_store_remembers_across_openings() {
        let path = std::env::temp_dir().join(format!("walcast-store-{}", std::process::id()));
        let config = Config::File(path.clone());
        let (store, before) = open(&config, "p").await.unwrap();
        assert_eq!(before, None);
        let offset = Offset { lsn: Lsn(5), ours: true, ..Offset::default() };
        assert_eq!(store.prepare(&offset), Prepared::File);
        store.write(&offset).await.unwrap();
        let (_, after) = open(&config, "p").await.unwrap();
        let (_, other) = open(&config, "q").await.unwrap();
        for ending in ["", ".lock"] {
            std::fs::remove_file(format!("{}{ending}", path.display())).unwrap();
        }
        assert_eq!((after, other), (Some(offset), None));
    }

    #[test]
    fn a_topic_store_prepares_the_record_connect_would_write() {
        let place = Place::Topic { topic: "offsets".to_owned(), partition: 10 };
        let store = Store { key: key("rest-slow", "rest-slow"), place };
        let prepared = store.prepare(&Offset { lsn: Lsn(5), ..Offset::default() });
        let key: &[u8] = br#"["rest-slow",{"server":"rest-slow"}]"#;
        let value = br#"{"lsn":5}"#.to_vec();
        assert_eq!(prepared, Prepared::Record { topic: "offsets", partition: Some(10), key, value });
    }
}
