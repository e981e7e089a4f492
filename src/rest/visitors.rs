//! Who is connected: so many at a time, and nobody keeps a place by being slow.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio_util::sync::CancellationToken;

/// The connections of a server. Whoever is not being served may be asked to leave; who has waited longest goes first.
#[derive(Clone)]
pub(super) struct Visitors {
    most: usize,
    room: Arc<Mutex<Room>>,
}

#[derive(Default)]
struct Room {
    /// Numbers in the order in which the waiting began.
    next: u64,
    waiting: BTreeMap<u64, CancellationToken>,
    served: usize,
}

/// One connection.
pub(super) struct Visitor {
    visitors: Visitors,
    number: AtomicU64,
    leave: CancellationToken,
}

/// A request of the connection is being answered: it keeps its place.
pub(super) struct Served<'a>(&'a Visitor);

impl Visitors {
    pub(super) fn new(most: usize) -> Self {
        Self { most, room: Arc::default() }
    }

    /// `None`: everyone here is being served.
    pub(super) fn enter(&self) -> Option<Visitor> {
        let leave = CancellationToken::new();
        let mut room = self.room();
        if room.waiting.len() + room.served >= self.most {
            let (_, longest) = room.waiting.pop_first()?;
            longest.cancel();
        }
        let number = AtomicU64::new(room.wait(leave.clone()));
        Some(Visitor { visitors: self.clone(), number, leave })
    }

    fn room(&self) -> MutexGuard<'_, Room> {
        self.room.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Room {
    fn wait(&mut self, leave: CancellationToken) -> u64 {
        self.next += 1;
        self.waiting.insert(self.next, leave);
        self.next
    }
}

impl Visitor {
    /// Ends when the place is given to another.
    pub(super) async fn asked_to_leave(&self) {
        self.leave.cancelled().await;
    }

    /// `None`: it was asked to leave a moment ago.
    pub(super) fn serve(&self) -> Option<Served<'_>> {
        let mut room = self.visitors.room();
        room.waiting.remove(&self.number.load(Ordering::Relaxed))?;
        room.served += 1;
        Some(Served(self))
    }
}

impl Drop for Served<'_> {
    fn drop(&mut self) {
        let mut room = self.0.visitors.room();
        room.served -= 1;
        self.0.number.store(room.wait(self.0.leave.clone()), Ordering::Relaxed);
    }
}

impl Drop for Visitor {
    fn drop(&mut self) {
        self.visitors.room().waiting.remove(&self.number.load(Ordering::Relaxed));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waited_longest_makes_room_and_who_is_served_stays() {
        let visitors = Visitors::new(2);
        let [first, second] = [(); 2].map(|()| visitors.enter().unwrap());
        let answer = first.serve().unwrap();
        let third = visitors.enter().unwrap();
        assert!(second.leave.is_cancelled() && second.serve().is_none(), "it waited while the first was served");
        drop(answer);
        let fourth = visitors.enter().unwrap();
        assert!(third.leave.is_cancelled() && !first.leave.is_cancelled(), "the first waits since it was answered");
        let _answers = (first.serve().unwrap(), fourth.serve().unwrap());
        assert!(visitors.enter().is_none());
    }

    #[test]
    fn places_are_given_back() {
        let visitors = Visitors::new(1);
        for _ in 0..3 {
            let visitor = visitors.enter().unwrap();
            drop(visitor.serve().unwrap());
            assert!(!visitor.leave.is_cancelled());
        }
        let room = visitors.room();
        assert_eq!((room.waiting.len(), room.served), (0, 0));
    }
}
