//! The topics that connectors have written to (Connect's "active topics"), where another process finds them: in the
//! worker's status topic, as Connect writes them, or in a file of our own.
//!
//! Connectors publish their topics and wait for nobody. A task beside them compares what is shown with what is written,
//! and writes the difference: each topic once.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tokio::task::spawn_blocking;

use crate::offsets::shared;
use crate::sink::SinkError;
use crate::sink::kafka::{self, topic};

const READ_WITHIN: Duration = Duration::from_secs(30);

#[derive(Debug, thiserror::Error)]
pub(super) enum ActiveError {
    #[error("{}: {source}; walcast.data names another folder, status.storage.topic a topic instead", path.display())]
    File { path: PathBuf, source: io::Error },
    #[error("status.storage.topic: {0}")]
    Topic(#[from] SinkError),
}

/// Where active topics are kept.
#[derive(Clone, Debug)]
pub enum ActiveTopics {
    /// Connect's own records; others in the topic are left alone.
    Topic { kafka: kafka::Config, topic: String, partitions: i32, replication_factor: i16 },
    /// One JSON object, from connector to topics and when they were first written to. Processes may share it.
    File(PathBuf),
}

/// By connector.
pub(super) type Topics = BTreeMap<String, BTreeSet<String>>;

/// A topic that is active from now on, or no more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Change {
    connector: String,
    topic: String,
    active: bool,
}

impl ActiveTopics {
    /// Creates the topic if it is missing.
    pub(super) async fn load(&self) -> Result<Topics, ActiveError> {
        match self {
            Self::Topic { kafka, topic, partitions, replication_factor } => {
                topic::ensure_compacted(kafka, topic, *partitions, *replication_factor).await?;
                Ok(fold(&topic::read(kafka, topic, READ_WITHIN).await?))
            }
            Self::File(path) => {
                let found = in_background(path, shared::read).await?;
                let names = |topics: Value| match topics {
                    Value::Object(topics) => topics.into_iter().map(|(topic, _)| topic).collect(),
                    _ => BTreeSet::new(),
                };
                Ok(found.into_iter().map(|(connector, topics)| (connector, names(topics))).collect())
            }
        }
    }

    pub(super) async fn write(&self, changes: &[Change]) -> Result<(), ActiveError> {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now = u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX);
        match self {
            Self::Topic { kafka, topic, .. } => {
                let records: Vec<_> = changes.iter().map(|change| record(change, now)).collect();
                Ok(topic::write(kafka, topic, &records).await?)
            }
            Self::File(path) => {
                let changes = changes.to_vec();
                in_background(path, move |path| apply(path, &changes, now)).await
            }
        }
    }
}

/// What is shown of every connector, and what is written of it.
#[derive(Default)]
pub(super) struct Book {
    shown: Topics,
    /// `None`: not read yet.
    written: Option<Topics>,
    /// Forgotten before it was known what is written.
    forgotten: BTreeSet<String>,
}

impl Book {
    pub(super) fn shown(&self, connector: &str) -> BTreeSet<String> {
        self.shown.get(connector).cloned().unwrap_or_default()
    }

    pub(super) fn add(&mut self, connector: &str, topics: BTreeSet<String>) {
        if !topics.is_empty() {
            self.shown.entry(connector.to_owned()).or_default().extend(topics);
        }
    }

    pub(super) fn forget(&mut self, connector: &str) {
        self.shown.remove(connector);
        if self.written.is_none() {
            self.forgotten.insert(connector.to_owned());
        }
    }

    pub(super) fn is_read(&self) -> bool {
        self.written.is_some()
    }

    pub(super) fn read(&mut self, written: Topics) {
        for (connector, topics) in &written {
            if !self.forgotten.contains(connector) {
                self.add(connector, topics.clone());
            }
        }
        self.forgotten.clear();
        self.written = Some(written);
    }

    /// What is to be written, so that it is as it is shown.
    pub(super) fn due(&self) -> Vec<Change> {
        let Some(written) = &self.written else { return Vec::new() };
        let changes = |one: &Topics, other: &Topics, active: bool| -> Vec<Change> {
            let known = |connector: &String, topic: &String| other.get(connector).is_some_and(|t| t.contains(topic));
            let pairs = one.iter().flat_map(|(connector, topics)| topics.iter().map(move |topic| (connector, topic)));
            let new = pairs.filter(|(connector, topic)| !known(connector, topic));
            new.map(|(connector, topic)| Change { connector: connector.clone(), topic: topic.clone(), active })
                .collect()
        };
        [changes(written, &self.shown, false), changes(&self.shown, written, true)].concat()
    }

    pub(super) fn done(&mut self, changes: Vec<Change>) {
        let Some(written) = &mut self.written else { return };
        for Change { connector, topic, active } in changes {
            let topics = written.entry(connector).or_default();
            if active {
                topics.insert(topic)
            } else {
                topics.remove(&topic)
            };
        }
    }
}

const PREFIX: &str = "status-topic-";
/// No name of a topic holds a colon.
const SEPARATOR: &str = ":connector-";

/// As Connect's `KafkaStatusBackingStore` writes it.
fn record(Change { connector, topic, active }: &Change, now: u64) -> topic::Outgoing {
    let key = format!("{PREFIX}{topic}{SEPARATOR}{connector}");
    let status = json!({ "name": topic, "connector": connector, "task": 0, "discoverTimestamp": now });
    (None, key.into_bytes(), active.then(|| json!({ "topic": status }).to_string().into_bytes()))
}

/// The last word on each topic counts.
fn fold(entries: &[topic::Entry]) -> Topics {
    let mut topics = Topics::new();
    for entry in entries {
        let key = entry.key.as_deref().and_then(|key| std::str::from_utf8(key).ok());
        let Some((topic, connector)) = key.and_then(|key| key.strip_prefix(PREFIX)?.split_once(SEPARATOR)) else {
            continue;
        };
        let active = topics.entry(connector.to_owned()).or_default();
        match entry.value {
            Some(_) => active.insert(topic.to_owned()),
            None => active.remove(topic),
        };
    }
    topics
}

fn apply(path: &Path, changes: &[Change], now: u64) -> io::Result<()> {
    shared::change(path, |all| {
        for Change { connector, topic, active } in changes {
            let topics = all.entry(connector.clone()).or_insert_with(|| json!({}));
            match topics.as_object_mut() {
                Some(topics) if *active => drop(topics.insert(topic.clone(), json!(now))),
                Some(topics) => drop(topics.remove(topic)),
                None => {}
            }
        }
        all.retain(|_, topics| topics.as_object().is_some_and(|topics| !topics.is_empty()));
    })
}

async fn in_background<T: Send + 'static>(
    path: &Path,
    call: impl FnOnce(&Path) -> io::Result<T> + Send + 'static,
) -> Result<T, ActiveError> {
    let own = path.to_owned();
    let done = spawn_blocking(move || call(&own)).await;
    // A join error means a panic, or that the process ends.
    let done = done.unwrap_or_else(|error| Err(io::Error::other(error)));
    done.map_err(|source| ActiveError::File { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn topics(of: &[(&str, &[&str])]) -> Topics {
        let set = |topics: &[&str]| topics.iter().map(|topic| (*topic).to_owned()).collect();
        of.iter().map(|(connector, topics)| ((*connector).to_owned(), set(topics))).collect()
    }

    fn change(connector: &str, topic: &str, active: bool) -> Change {
        Change { connector: connector.to_owned(), topic: topic.to_owned(), active }
    }

    #[test]
    fn records_are_connects_byte_for_byte() {
        let (partition, key, value) = record(&change("rest-slow", "rest-slow.public.item", true), 1_795_209_206_173);
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        assert_eq!(partition, None);
        assert_eq!(text(key), "status-topic-rest-slow.public.item:connector-rest-slow");
        assert_eq!(
            text(value.unwrap()),
            r#"{"topic":{"name":"rest-slow.public.item","connector":"rest-slow","task":0,"discoverTimestamp":1795209206173}}"#
        );
        assert_eq!(record(&change("a", "b", false), 0).2, None);
    }

    #[test]
    fn the_last_word_on_a_topic_counts_and_other_records_do_not() {
        let entry = |key: &str, value| topic::Entry::of(key.as_bytes(), value);
        let found = fold(&[
            entry("status-connector-a", Some("{}")),
            entry("status-topic-t:connector-a", Some("{}")),
            entry("status-topic-u:connector-a", Some("{}")),
            entry("status-topic-t:connector-a", None),
            entry("status-topic-t:connector-b:connector-c", Some("{}")),
        ]);
        assert_eq!(found, topics(&[("a", &["u"]), ("b:connector-c", &["t"])]));
    }

    #[test]
    fn only_differences_are_due_and_only_once() {
        let mut book = Book::default();
        book.add("a", BTreeSet::from(["t".to_owned()]));
        assert_eq!(book.due(), [], "nothing before it is known what is there");
        book.read(topics(&[("a", &["t", "u"]), ("b", &["v"])]));
        assert_eq!((book.shown("a").len(), book.due()), (2, vec![]));
        book.add("a", BTreeSet::from(["w".to_owned()]));
        book.forget("b");
        let due = book.due();
        assert_eq!(due, [change("b", "v", false), change("a", "w", true)]);
        book.done(due);
        assert_eq!(book.due(), []);
    }

    #[test]
    fn what_was_forgotten_before_it_was_read_stays_forgotten() {
        let mut book = Book::default();
        book.forget("a");
        book.add("a", BTreeSet::from(["new".to_owned()]));
        book.read(topics(&[("a", &["old"])]));
        assert_eq!(book.shown("a"), BTreeSet::from(["new".to_owned()]));
        assert_eq!(book.due(), [change("a", "old", false), change("a", "new", true)]);
    }

    #[tokio::test]
    async fn a_file_keeps_the_topics_of_several_processes() {
        let folder = std::env::temp_dir().join(format!("walcast-{}", uuid::Uuid::new_v4()));
        let [one, other] = [(); 2].map(|()| ActiveTopics::File(folder.join("state/topics.json")));
        assert_eq!(one.load().await.unwrap(), Topics::new());
        one.write(&[change("a", "t", true), change("a", "u", true)]).await.unwrap();
        other.write(&[change("b", "t", true), change("a", "t", false)]).await.unwrap();
        assert_eq!(one.load().await.unwrap(), topics(&[("a", &["u"]), ("b", &["t"])]));
        one.write(&[change("a", "u", false)]).await.unwrap();
        assert_eq!(one.load().await.unwrap(), topics(&[("b", &["t"])]));
        fs::write(folder.join("state/topics.json"), "{").unwrap();
        one.load().await.unwrap_err();
        fs::remove_dir_all(folder).unwrap();
    }
}
