//! Receipts on their way from the thread that learns of them to the connector's task.

use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// A mailbox with a bell. One task listens.
#[derive(Debug)]
pub(super) struct Inbox<T> {
    letters: Mutex<Vec<T>>,
    bell: Notify,
}

impl<T> Default for Inbox<T> {
    fn default() -> Self {
        Self { letters: Mutex::default(), bell: Notify::new() }
    }
}

impl<T> Inbox<T> {
    pub(super) fn push(&self, letter: T) {
        let mut letters = self.letters();
        letters.push(letter);
        // The bell has rung already for a box that is not empty, and `changed` looks before it waits.
        let ring = letters.len() == 1;
        drop(letters);
        if ring {
            self.bell.notify_one();
        }
    }

    pub(super) fn extend(&self, more: impl IntoIterator<Item = T>) {
        self.letters().extend(more);
        self.bell.notify_one();
    }

    pub(super) fn drain_into(&self, into: &mut Vec<T>) {
        into.append(&mut self.letters());
    }

    pub(super) async fn changed(&self) {
        while self.letters().is_empty() {
            self.bell.notified().await;
        }
    }

    fn letters(&self) -> MutexGuard<'_, Vec<T>> {
        self.letters.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::thread;

    use super::*;

    #[tokio::test]
    async fn a_letter_is_noticed_however_often_the_listener_gave_up_before() {
        let inbox = Arc::new(Inbox::default());
        for round in 0..100 {
            tokio::select! { biased;
                () = inbox.changed() => panic!("round {round}: nothing was sent"),
                () = std::future::ready(()) => {}
            }
            let sender = Arc::clone(&inbox);
            let thread = thread::spawn(move || sender.push(round));
            inbox.changed().await;
            inbox.changed().await;
            let mut letters = Vec::new();
            inbox.drain_into(&mut letters);
            assert_eq!(letters, [round]);
            thread.join().unwrap();
        }
    }
}
