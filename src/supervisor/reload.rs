//! Connector files that change while everything runs.
//!
//! A file that is new, changed or gone is applied as if REST had been told so. What does not pass changes nothing: the
//! connector goes on as it was, and the log says why. Only changes count: a file that says something else than what runs
//! and said so from the start was overruled by a later word.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, MutexGuard, PoisonError};

use super::folder::{self, Stamp};
use super::store::{Store, Stored};
use super::{Entry, Supervisor, Target};

/// What the last look at the folder found.
#[derive(Default)]
pub(super) struct Seen {
    /// `None`: to be read whatever they are.
    stamps: Option<Vec<Stamp>>,
    /// Connectors with a file, as it was taken in last.
    known: BTreeMap<String, Stored>,
    /// Gone at the last look. An editor may take a file away for a moment, so a second look decides.
    missing: BTreeSet<String>,
    /// The folder as a whole, which is no order to end what it held.
    away: bool,
}

impl Seen {
    /// As it is now, of which nothing is news.
    pub(super) fn of(store: &Store) -> Self {
        let Store::Folder(folder) = store else { return Self::default() };
        let (stored, _) = folder::look(folder).unwrap_or_default();
        let known = stored.into_iter().map(|stored| (stored.name.clone(), stored)).collect();
        Self { known, ..Self::default() }
    }
}

impl Supervisor {
    /// Looks at the folder of connector files, and applies what changed since the last look. `closely`: reads them even
    /// if they seem to be the same. Without a folder, nothing.
    pub async fn look_again(self: &Arc<Self>, closely: bool) {
        let own = Arc::clone(self);
        // To its end, whatever becomes of the caller. A join error means a panic, which is in the log.
        let _ = tokio::spawn(async move { own.look_now(closely).await }).await;
    }

    async fn look_now(&self, closely: bool) {
        let Store::Folder(folder) = &self.store else { return };
        if self.folder_is_away(folder) {
            return;
        }
        let Ok(stamps) = folder::stamps(folder) else { return };
        if !closely && self.seen().stamps.as_ref() == Some(&stamps) {
            return;
        }
        let _change = self.changes.lock().await;
        // Under the lock, so that what REST writes meanwhile is not taken for somebody else's change.
        let (Ok(stamps), Ok((stored, errors))) = (folder::stamps(folder), folder::look(folder)) else { return };
        for error in &errors {
            tracing::error!("not applied, what runs goes on: {error}");
        }
        let names: BTreeSet<String> = stored.iter().map(|stored| stored.name.clone()).collect();
        for stored in stored {
            self.take_in(stored).await;
        }
        // Of a file that cannot be read nobody knows whose it is.
        let missing = if errors.is_empty() { self.let_go(&names).await } else { BTreeSet::new() };
        let mut seen = self.seen();
        if errors.is_empty() {
            seen.known.retain(|name, _| names.contains(name) || missing.contains(name));
        }
        seen.stamps = missing.is_empty().then_some(stamps);
        seen.missing = missing;
    }

    /// Said once, and forgotten when it is back.
    fn folder_is_away(&self, folder: &Path) -> bool {
        let mut seen = self.seen();
        let away = !folder.is_dir() && !seen.known.is_empty();
        if away && !seen.away {
            tracing::warn!(
                remedy = "bring it back, or delete connectors by REST",
                "the folder of connector files, {}, is gone: what runs goes on",
                folder.display()
            );
        }
        seen.away = away;
        away
    }

    /// Ends connectors whose file has stayed away; answers those whose file is away for the first time.
    async fn let_go(&self, names: &BTreeSet<String>) -> BTreeSet<String> {
        let (gone, missing): (BTreeSet<String>, BTreeSet<String>) = {
            let (entries, seen) = (self.entries(), self.seen());
            let absent = seen.known.keys().filter(|name| !names.contains(*name) && entries.contains_key(*name));
            absent.cloned().partition(|name| seen.missing.contains(name))
        };
        for name in &gone {
            tracing::info!(connector = name, "its file is gone: stopped and forgotten; position and slot stay");
            self.take_down(name).await;
            self.remove(name);
        }
        missing
    }

    async fn take_in(&self, stored: Stored) {
        let old = self.seen().known.get(&stored.name) == Some(&stored);
        // One that is not there was deleted, and the file is new.
        if old && self.view(&stored.name).is_some() {
            return;
        }
        if self.apply(&stored).await {
            self.seen().known.insert(stored.name.clone(), stored);
        }
    }

    /// Whether it passed.
    async fn apply(&self, stored: &Stored) -> bool {
        let Stored { name, config, target } = stored;
        let before = self.view(name);
        if before.as_ref().is_some_and(|view| view.config == *config && view.target == *target) {
            return true;
        }
        if let Err(problems) = self.launch.check(name, config) {
            let why = crate::settings::invalid_message(&problems);
            tracing::error!(connector = name, "its file is not applied, what runs goes on: {why}");
            return false;
        }
        tracing::info!(connector = name, target = target.name(), "applying its file");
        let Some(before) = before else {
            self.entries().insert(name.clone(), Entry::new(config.clone(), *target));
            if *target == Target::Running {
                self.bring_up(name);
            }
            return true;
        };
        let again = before.config != *config && before.task.is_some();
        if let Some(entry) = self.entries().get_mut(name) {
            entry.config.clone_from(config);
        }
        if again {
            self.take_down(name).await;
        }
        self.aim(name, *target).await;
        // One that was paused in the middle keeps its place.
        if again && *target == Target::Paused {
            self.bring_up(name);
        }
        true
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
