//! How the supervisor gathers the active topics of its connectors and has them kept.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::active::{ActiveError, ActiveTopics, Book};
use super::{Entry, Supervisor};
use crate::connector::Meters;

/// How often is looked for topics that are new; the first time when the connectors are on their way.
const EVERY: Duration = Duration::from_secs(1);
/// Between two attempts while they cannot be kept.
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// For what is not yet written when the process ends.
const AT_LAST: Duration = Duration::from_secs(2);

/// The book, and where it is kept.
pub(super) struct Active {
    book: Mutex<Book>,
    place: Option<ActiveTopics>,
    /// Held by who reads or writes the place.
    keeping: tokio::sync::Mutex<()>,
    end: CancellationToken,
}

impl Active {
    pub(super) fn new(place: Option<ActiveTopics>) -> Self {
        let (book, keeping) = (Mutex::default(), tokio::sync::Mutex::default());
        Self { book, place, keeping, end: CancellationToken::new() }
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Supervisor {
    /// Shows no topic of the connector until the next one is written to.
    pub fn forget_topics(&self, name: &str) {
        if let Some(entry) = self.entries().get_mut(name) {
            let events = |topic: String| (topic.clone(), events(&entry.meters, &topic));
            entry.forgotten = published(entry).into_iter().map(events).collect();
        }
        self.active.book().forget(name);
    }

    pub(super) fn shown_topics(&self, name: &str, entry: &Entry) -> BTreeSet<String> {
        let mut topics = self.active.book().shown(name);
        topics.extend(of_task(entry));
        topics
    }

    /// What the task has written to is not forgotten with it.
    pub(super) fn note_topics(&self, name: &str, entry: &Entry) {
        self.active.book().add(name, of_task(entry));
    }

    /// Keeps them from now on, until [`Supervisor::keep_topics_at_last`].
    pub(super) fn keep_topics(self: &Arc<Self>) {
        if self.active.place.is_none() {
            return;
        }
        let own = Arc::clone(self);
        tokio::spawn(async move {
            tokio::select! {
                () = own.active.end.cancelled() => {}
                () = own.go_on_keeping() => {}
            }
        });
    }

    async fn go_on_keeping(&self) {
        let mut wait = EVERY;
        loop {
            sleep(wait).await;
            wait = match self.keep_now().await {
                Ok(()) => EVERY,
                Err(error) => {
                    // Once for each time that it begins.
                    if wait == EVERY {
                        tracing::warn!(
                            "cannot keep which topics connectors write to, for GET /connectors/NAME/topics: {error}"
                        );
                    }
                    (wait * 2).min(LONGEST_WAIT)
                }
            };
        }
    }

    /// What is not yet written, if that can be done soon.
    pub(super) async fn keep_topics_at_last(&self) {
        self.active.end.cancel();
        match timeout(AT_LAST, self.keep_now()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::debug!("topics of connectors are not kept: {error}"),
            Err(_) => tracing::debug!("topics of connectors are not kept: no answer in time"),
        }
    }

    async fn keep_now(&self) -> Result<(), ActiveError> {
        let Some(place) = &self.active.place else { return Ok(()) };
        let _keeping = self.active.keeping.lock().await;
        if !self.active.book().is_read() {
            let written = place.load().await?;
            self.active.book().read(written);
        }
        self.entries().iter().for_each(|(name, entry)| self.note_topics(name, entry));
        let due = self.active.book().due();
        if !due.is_empty() {
            place.write(&due).await?;
            self.active.book().done(due);
        }
        Ok(())
    }
}

fn published(entry: &Entry) -> BTreeSet<String> {
    entry.live.as_ref().map(|live| live.status.borrow().topics.as_ref().clone()).unwrap_or_default()
}

fn of_task(entry: &Entry) -> BTreeSet<String> {
    let mut topics = published(entry);
    topics.retain(|topic| entry.forgotten.get(topic).is_none_or(|before| events(&entry.meters, topic) > *before));
    topics
}

/// Events of the tables that go to this topic. Of topics without a table nothing is counted.
fn events(meters: &Meters, topic: &str) -> u64 {
    let history = meters.schema_history();
    let tables: BTreeSet<&str> =
        history.iter().filter(|chapter| chapter.topic == topic).map(|chapter| chapter.table.as_str()).collect();
    meters.tables().iter().filter(|(table, _)| tables.contains(table.as_str())).map(|(_, meters)| meters.events()).sum()
}
