//! A look at records as they go by, for people. Costs one relaxed load per record while nobody looks.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::mpsc::{Receiver, Sender, channel};

use crate::words::Record;

/// Records that wait for a slow watcher; what comes while they do is counted and passed over.
const WAITING: usize = 256;
/// Watchers of one connector at the same time.
const WATCHERS: usize = 8;
/// Longer keys and values are left out: this is for the eye.
const LONGEST: usize = 64 << 10;

/// A record with bytes of its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    pub topic: String,
    pub key: Piece,
    pub value: Piece,
    /// Bytes of key, value and headers.
    pub size: usize,
    /// Records before this one that the watcher was too slow for.
    pub missed: u64,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Piece {
    Null,
    Bytes(Vec<u8>),
    TooLong,
}

impl Piece {
    fn of(bytes: Option<&[u8]>) -> Self {
        match bytes {
            None => Self::Null,
            Some(bytes) if bytes.len() > LONGEST => Self::TooLong,
            Some(bytes) => Self::Bytes(bytes.to_vec()),
        }
    }
}

#[derive(Debug, Default)]
pub struct Tail {
    watched: AtomicBool,
    watchers: Mutex<Vec<Watcher>>,
}

#[derive(Debug)]
struct Watcher {
    sender: Sender<Arc<Seen>>,
    missed: u64,
}

impl Tail {
    /// What is sent from now on, until the receiver is dropped. `None`: too many are watching already.
    pub fn watch(&self) -> Option<Receiver<Arc<Seen>>> {
        let mut watchers = self.watchers();
        watchers.retain(|watcher| !watcher.sender.is_closed());
        if watchers.len() >= WATCHERS {
            return None;
        }
        let (sender, receiver) = channel(WAITING);
        watchers.push(Watcher { sender, missed: 0 });
        self.watched.store(true, Relaxed);
        Some(receiver)
    }

    pub(in crate::connector) fn show(&self, record: &Record<'_>) {
        if self.watched.load(Relaxed) {
            self.show_watchers(record);
        }
    }

    #[cold]
    fn show_watchers(&self, record: &Record<'_>) {
        let mut watchers = self.watchers();
        let mut shared: Option<Arc<Seen>> = None;
        watchers.retain_mut(|watcher| {
            let fresh = || Seen {
                topic: record.topic.to_owned(),
                key: Piece::of(record.key),
                value: Piece::of(record.value),
                size: record.size(),
                missed: 0,
            };
            let permit = match watcher.sender.try_reserve() {
                Ok(permit) => permit,
                Err(TrySendError::Full(())) => {
                    watcher.missed += 1;
                    return true;
                }
                Err(TrySendError::Closed(())) => return false,
            };
            let seen = shared.get_or_insert_with(|| Arc::new(fresh()));
            permit.send(match std::mem::take(&mut watcher.missed) {
                0 => seen.clone(),
                missed => Arc::new(Seen { missed, ..Seen::clone(seen) }),
            });
            true
        });
        self.watched.store(!watchers.is_empty(), Relaxed);
    }

    fn watchers(&self) -> MutexGuard<'_, Vec<Watcher>> {
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn show(tail: &Tail, times: usize) {
        let record =
            Record { topic: "t", partition: None, key: None, value: Some(b"1"), headers: &[], timestamp: None };
        (0..times).for_each(|_| tail.show(&record));
    }

    #[test]
    fn a_slow_watcher_hears_how_much_it_missed_and_holds_nobody_up() {
        let tail = Tail::default();
        show(&tail, 3);
        let mut watcher = tail.watch().unwrap();
        show(&tail, WAITING + 5);
        assert_eq!(watcher.try_recv().unwrap().missed, 0);
        show(&tail, 1);
        let seen: Vec<_> = std::iter::from_fn(|| watcher.try_recv().ok()).collect();
        assert_eq!((seen.len(), seen.last().unwrap().missed), (WAITING, 5));
        drop(watcher);
        show(&tail, 1);
        assert!(!tail.watched.load(Relaxed) && tail.watchers().is_empty());
    }

    #[test]
    fn only_so_many_may_watch() {
        let tail = Tail::default();
        let mut watchers: Vec<_> = (0..WATCHERS).map(|_| tail.watch().unwrap()).collect();
        assert!(tail.watch().is_none());
        watchers.pop();
        assert!(tail.watch().is_some());
    }

    #[test]
    fn what_is_too_long_for_the_eye_is_left_out() {
        assert_eq!(Piece::of(Some(&[0; LONGEST + 1])), Piece::TooLong);
        assert_eq!(Piece::of(Some(b"")), Piece::Bytes(Vec::new()));
    }
}
