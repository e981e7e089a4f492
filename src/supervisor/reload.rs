//! Connector files that change while everything runs.
//!
//! A file that is new, changed or gone is applied as if REST had been told so. What does not pass changes nothing: the
//! connector goes on as it was, and the log says why.

use std::collections::BTreeSet;
use std::sync::{Arc, MutexGuard, PoisonError};

use super::folder::{self, Stamp};
use super::store::{Store, Stored};
use super::{Entry, Supervisor, Target};

/// What the last look at the folder found.
#[derive(Default)]
pub(super) struct Seen {
    /// `None`: to be read whatever they are.
    stamps: Option<Vec<Stamp>>,
    names: BTreeSet<String>,
    /// Gone at the last look. An editor may take a file away for a moment, so a second look decides.
    missing: BTreeSet<String>,
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
            self.apply(stored).await;
        }
        // Of a file that cannot be read nobody knows whose it is.
        let absent = if errors.is_empty() { self.absent(&names) } else { BTreeSet::new() };
        let (gone, missing): (BTreeSet<_>, BTreeSet<_>) =
            absent.into_iter().partition(|name| self.seen().missing.contains(name));
        for name in &gone {
            tracing::info!(connector = name, "its file is gone: stopped and forgotten; position and slot stay");
            self.take_down(name).await;
            self.entries().remove(name);
        }
        let mut seen = self.seen();
        seen.stamps = missing.is_empty().then_some(stamps);
        if errors.is_empty() {
            seen.names.clear();
        }
        seen.names.extend(names.into_iter().chain(missing.iter().cloned()));
        seen.missing = missing;
    }

    /// Connectors that had a file and have none.
    fn absent(&self, names: &BTreeSet<String>) -> BTreeSet<String> {
        let entries = self.entries();
        self.seen().names.iter().filter(|name| !names.contains(*name) && entries.contains_key(*name)).cloned().collect()
    }

    async fn apply(&self, Stored { name, config, target }: Stored) {
        let before = self.view(&name);
        if before.as_ref().is_some_and(|view| view.config == config && view.target == target) {
            return;
        }
        if let Err(problems) = self.launch.check(&name, &config) {
            let why = crate::settings::invalid_message(&problems);
            tracing::error!(connector = name, "its file is not applied, what runs goes on: {why}");
            return;
        }
        tracing::info!(connector = name, target = target.name(), "applying its file");
        if before.is_none() {
            self.entries().insert(name.clone(), Entry::new(config, target));
            if target == Target::Running {
                self.bring_up(&name);
            }
            return;
        }
        let changed = before.as_ref().is_some_and(|view| view.config != config);
        if let Some(entry) = self.entries().get_mut(&name) {
            entry.config = config;
        }
        if changed && before.is_some_and(|view| view.task.is_some()) {
            self.take_down(&name).await;
            self.aim(&name, target).await;
            self.bring_up_unless_stopped(&name);
        } else {
            self.aim(&name, target).await;
        }
    }

    fn bring_up_unless_stopped(&self, name: &str) {
        if self.view(name).is_some_and(|view| view.target != Target::Stopped && view.task.is_none()) {
            self.bring_up(name);
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
