//! Owns the connectors of a worker: which there are, in which state each shall be, and the threads that run them.
//!
//! Two locks, neither held by a running connector: `entries` for a glance (status, lists), `changes` so that one change of
//! a connector ends before the next begins. What shall run is written to the [`Store`] before it is done, so that a
//! restart of the process finds it.

mod active;
mod change;
#[cfg(test)]
pub(crate) mod fake;
mod folder;
mod keep;
mod position;
mod reload;
mod store;
#[cfg(test)]
mod tests;
mod thread;

pub use active::ActiveTopics;
pub use folder::{modified, read_file};
pub(crate) use store::object;
pub use store::{Entries, Store, StoreError, Stored};

use std::collections::{BTreeMap, BTreeSet};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use self::thread::Thread;
use crate::connector::{Activity, Meters, Status};
use crate::offsets::{self, OffsetError};
use crate::settings::{Problem, Raw};

/// How long an aborted task is waited for.
const LAST_WORD: Duration = Duration::from_millis(200);

/// What Connect calls the target state.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Target {
    #[default]
    Running,
    Paused,
    Stopped,
}

impl Target {
    /// Case-blind, as Connect reads `initial_state`.
    pub fn parse(text: &str) -> Option<Self> {
        match text.trim().to_uppercase().as_str() {
            "RUNNING" | "STARTED" => Some(Self::Running),
            "PAUSED" => Some(Self::Paused),
            "STOPPED" => Some(Self::Stopped),
            _ => None,
        }
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Running => "RUNNING",
            Self::Paused => "PAUSED",
            Self::Stopped => "STOPPED",
        }
    }
}

/// What a connector is started with beside its settings.
pub struct Strings {
    pub paused: watch::Receiver<bool>,
    pub status: watch::Sender<Status>,
    pub meters: Arc<Meters>,
    pub stop: CancellationToken,
}

/// A connector's life; `Err` is the text of a failure that no retry mends.
pub type Running = Pin<Box<dyn Future<Output = Result<(), String>> + Send>>;

/// Whether the database of a connector lets it in.
pub type Reached<'a> = Pin<Box<dyn Future<Output = Result<(), Vec<Problem>>> + Send + 'a>>;

/// Checks settings and makes connectors: the real one resolves them, tests bring their own.
pub trait Launch: Send + Sync {
    fn check(&self, name: &str, config: &Raw) -> Result<(), Vec<Problem>>;
    /// Logs in to the database; settings that do not pass [`Launch::check`] are not tried.
    fn reach<'a>(&'a self, name: &'a str, config: &'a Raw) -> Reached<'a>;
    /// Where the positions of a connector of this name are kept.
    fn offsets(&self, name: &str) -> offsets::Config;
    fn launch(&self, name: &str, config: &Raw, strings: Strings) -> Result<Running, Vec<Problem>>;
}

#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    #[error("Connector {0} already exists")]
    Exists(String),
    #[error("Connector {0} not found")]
    Unknown(String),
    #[error("{}", crate::settings::invalid_message(.0))]
    Invalid(Vec<Problem>),
    #[error(
        "Connectors must be in the STOPPED state before their offsets can be modified. This can be done for the specified \
         connector by issuing a 'PUT' request to the '/connectors/{0}/stop' endpoint"
    )]
    NotStopped(String),
    #[error(transparent)]
    Offset(#[from] OffsetError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("the change ended unexpectedly: see the log")]
    Broken,
}

struct Entry {
    config: Raw,
    target: Target,
    live: Option<Live>,
    /// Why it could not even be started.
    refused: Option<String>,
    /// Counts on when the connector is restarted.
    meters: Arc<Meters>,
    /// Topics of the present task that were reset, and how many events had gone there by then: they are shown again when
    /// there are more.
    forgotten: BTreeMap<String, u64>,
}

struct Live {
    paused: watch::Sender<bool>,
    status: watch::Receiver<Status>,
    stop: CancellationToken,
    task: Thread,
}

/// A connector as others see it.
#[derive(Clone, PartialEq, Debug)]
pub struct View {
    pub name: String,
    pub config: Raw,
    pub target: Target,
    /// `None`: no task (stopped, or paused before it ever ran).
    pub task: Option<Status>,
    /// Topics that records ever went to, or since they were forgotten.
    pub topics: BTreeSet<String>,
}

pub struct Supervisor {
    launch: Box<dyn Launch>,
    store: Store,
    entries: Mutex<BTreeMap<String, Entry>>,
    changes: tokio::sync::Mutex<()>,
    started: AtomicBool,
    seen: Mutex<reload::Seen>,
    active: keep::Active,
    /// How long a stopping connector may drain before it is given up.
    grace: Duration,
}

impl Supervisor {
    /// `active`: where the topics of each connector are kept; `None`: nowhere.
    pub fn new(launch: Box<dyn Launch>, store: Store, active: Option<ActiveTopics>, grace: Duration) -> Arc<Self> {
        let (entries, changes) = (Mutex::default(), tokio::sync::Mutex::default());
        let (seen, active) = (Mutex::new(reload::Seen::of(&store)), keep::Active::new(active));
        Arc::new(Self { launch, store, entries, changes, started: AtomicBool::new(false), seen, active, grace })
    }

    /// Starts what was running before. Settings that no longer pass leave the connector FAILED, the others run.
    pub async fn start(self: &Arc<Self>, stored: Vec<Stored>) {
        let _change = self.changes.lock().await;
        for Stored { name, config, target } in stored {
            self.entries().insert(name.clone(), Entry::new(config, target));
            if target == Target::Running {
                self.bring_up(&name);
            }
        }
        self.started.store(true, Ordering::Release);
        self.keep_topics();
    }

    /// Whether everything that was running before runs again.
    pub fn is_started(&self) -> bool {
        self.started.load(Ordering::Acquire)
    }

    pub fn names(&self) -> Vec<String> {
        self.entries().keys().cloned().collect()
    }

    pub fn view(&self, name: &str) -> Option<View> {
        self.entries().get(name).map(|entry| entry.view(name, self.shown_topics(name, entry)))
    }

    /// What the connector measures of itself.
    pub fn meters(&self, name: &str) -> Option<Arc<Meters>> {
        self.entries().get(name).map(|entry| entry.meters.clone())
    }

    /// Everything that is wrong with these settings, their database included.
    pub async fn check(&self, name: &str, config: &Raw) -> Result<(), Vec<Problem>> {
        self.launch.check(name, config)?;
        self.launch.reach(name, config).await
    }

    async fn create_now(&self, name: &str, config: Raw, target: Target) -> Result<View, ChangeError> {
        self.check(name, &config).await.map_err(ChangeError::Invalid)?;
        let _change = self.changes.lock().await;
        if self.entries().contains_key(name) {
            return Err(ChangeError::Exists(name.to_owned()));
        }
        self.store.put(name, &config, target).await?;
        self.entries().insert(name.to_owned(), Entry::new(config, target));
        if target == Target::Running {
            self.bring_up(name);
        }
        self.found(name)
    }

    async fn update_now(&self, name: &str, config: Raw) -> Result<(View, bool), ChangeError> {
        if self.view(name).is_none() {
            return Ok((self.create_now(name, config, Target::Running).await?, true));
        }
        self.check(name, &config).await.map_err(ChangeError::Invalid)?;
        let _change = self.changes.lock().await;
        let target = self.found(name)?.target;
        self.store.put(name, &config, target).await?;
        let same = {
            let mut entries = self.entries();
            let entry = entries.get_mut(name).ok_or_else(|| ChangeError::Unknown(name.to_owned()))?;
            let same = entry.config == config;
            entry.config = config;
            same
        };
        if !same && self.found(name)?.task.is_some() {
            self.take_down(name).await;
            self.bring_up(name);
        }
        Ok((self.found(name)?, false))
    }

    async fn set_target_now(&self, name: &str, target: Target) -> Result<(), ChangeError> {
        let _change = self.changes.lock().await;
        let before = self.found(name)?;
        if before.target != target {
            self.store.put(name, &before.config, target).await?;
        }
        self.aim(name, target).await;
        Ok(())
    }

    /// Brings the connector into this state.
    async fn aim(&self, name: &str, target: Target) {
        if let Some(entry) = self.entries().get_mut(name) {
            entry.target = target;
            if let Some(live) = &entry.live {
                live.paused.send_replace(target == Target::Paused);
            }
        }
        match target {
            Target::Stopped => self.take_down(name).await,
            Target::Running if self.view(name).is_some_and(|view| view.task.is_none()) => self.bring_up(name),
            _ => {}
        }
    }

    async fn restart_now(&self, name: &str, only_failed: bool) -> Result<(), ChangeError> {
        let _change = self.changes.lock().await;
        let view = self.found(name)?;
        let failed = view.task.as_ref().is_some_and(|status| matches!(status.activity, Activity::Failed { .. }));
        if (only_failed && !failed) || (view.task.is_none() && view.target != Target::Running) {
            return Ok(());
        }
        self.take_down(name).await;
        self.bring_up(name);
        Ok(())
    }

    async fn delete_now(&self, name: &str) -> Result<(), ChangeError> {
        let _change = self.changes.lock().await;
        self.found(name)?;
        self.store.delete(name).await?;
        self.take_down(name).await;
        self.remove(name);
        Ok(())
    }

    fn remove(&self, name: &str) {
        self.entries().remove(name);
        self.forget_topics(name);
    }

    /// Drains and ends every connector; what shall run stays as it is.
    pub async fn stop(&self) {
        let _change = self.changes.lock().await;
        for entry in self.entries().values() {
            if let Some(live) = &entry.live {
                live.stop.cancel();
            }
        }
        // All of them drain at the same time, so one period is enough for all.
        let deadline = Instant::now() + self.grace;
        for name in self.names() {
            self.take_down_by(&name, deadline).await;
        }
        self.keep_topics_at_last().await;
    }

    fn entries(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn found(&self, name: &str) -> Result<View, ChangeError> {
        self.view(name).ok_or_else(|| ChangeError::Unknown(name.to_owned()))
    }

    fn bring_up(&self, name: &str) {
        let mut entries = self.entries();
        let Some(entry) = entries.get_mut(name) else { return };
        let (paused, paused_receiver) = watch::channel(entry.target == Target::Paused);
        let (status, status_receiver) = watch::channel(Status::default());
        let stop = CancellationToken::new();
        let meters = entry.meters.clone();
        let strings = Strings { paused: paused_receiver, status, meters, stop: stop.clone() };
        let launched = self.launch.launch(name, &entry.config, strings);
        let launched = launched.map_err(|problems| crate::settings::invalid_message(&problems));
        match launched.and_then(|running| Thread::spawn(running).map_err(|error| error.to_string())) {
            Ok(task) => {
                entry.refused = None;
                entry.forgotten.clear();
                entry.live = Some(Live { paused, status: status_receiver, stop, task });
            }
            Err(why) => {
                tracing::error!(connector = name, "cannot start: {why}");
                entry.refused = Some(why);
            }
        }
    }

    /// Ends the task: gracefully within the grace period, then by force. Nothing is lost by force, only repeated.
    async fn take_down(&self, name: &str) {
        self.take_down_by(name, Instant::now() + self.grace).await;
    }

    async fn take_down_by(&self, name: &str, deadline: Instant) {
        let live = self.entries().get_mut(name).and_then(|entry| {
            entry.refused = None;
            self.note_topics(name, entry);
            entry.live.take()
        });
        let Some(live) = live else { return };
        live.stop.cancel();
        if timeout_at(deadline, live.task.finished()).await.is_err() {
            let remedy = "give it more of task.shutdown.graceful.timeout.ms if this repeats";
            tracing::warn!(connector = name, remedy, "did not stop in time: what was in flight will be sent again");
            live.task.abort();
            // Gone before a successor starts, unless it never comes to an await.
            let _ = timeout(LAST_WORD, live.task.finished()).await;
        }
    }
}

impl Entry {
    fn new(config: Raw, target: Target) -> Self {
        Self { config, target, live: None, refused: None, meters: Arc::default(), forgotten: BTreeMap::new() }
    }

    fn view(&self, name: &str, topics: BTreeSet<String>) -> View {
        let failed =
            |why: String, remedy: String| Status { activity: Activity::Failed { why, remedy }, ..Status::default() };
        let task = match (&self.live, &self.refused) {
            (Some(live), _) => {
                let status = live.status.borrow().clone();
                let ended = live.task.is_finished() && !live.stop.is_cancelled();
                // A task that ended without saying why has panicked.
                match ended && !matches!(status.activity, Activity::Failed { .. } | Activity::Stopped) {
                    true => Some(failed("the connector ended unexpectedly".to_owned(), "see the log".to_owned())),
                    false => Some(status),
                }
            }
            (None, Some(why)) => Some(failed(why.clone(), String::new())),
            (None, None) => None,
        };
        View { name: name.to_owned(), config: self.config.clone(), target: self.target, task, topics }
    }
}
