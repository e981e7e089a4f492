//! Sends at once what has nobody to wait for.
//!
//! No `linger.ms` is right. A record that comes alone is late by as much, and under load small batches cost the process a
//! tenth more, and the brokers more than that (1 ms against 5 ms, docs/performance.md). So records linger long enough for
//! batches, and when there is nothing more to read, this thread has librdkafka flush: as long as that call lasts, nothing
//! lingers. Unless so much was sent just now that more is certainly on its way.
//!
//! And records linger longer than brokers take to answer: an idempotent librdkafka has one request under way for each
//! partition, and asks without a pause whether it may send the next once that has lingered long enough. With 5 ms that was
//! a tenth of the process's time where brokers were slow, and time that those brokers lacked.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rdkafka::producer::ThreadedProducer;

use super::deliveries::Context;
use super::raw;

/// How long records linger under load.
pub(super) const LINGER: Duration = Duration::from_millis(20);

/// How long is looked whether more comes.
const COMPANY: Duration = Duration::from_micros(500);
/// Bytes sent in that time that mean load: some ten thousand records a second.
const LOAD: usize = 4 << 10;
/// How soon it is asked again under load: the last records of a burst go then.
const PAUSE: Duration = Duration::from_micros(4500);
/// How long one flush may last, if brokers answer no sooner.
const FLUSH: Duration = Duration::from_millis(1);
/// The same if somebody waits: those of a transaction go nowhere before the brokers know of it.
const AWAITED_FLUSH: Duration = Duration::from_millis(5);

pub(super) struct Flusher {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    /// Something was sent since it was asked last.
    unasked: bool,
}

#[derive(Default)]
struct Shared {
    wish: AtomicU8,
    /// Bytes sent so far.
    volume: AtomicUsize,
}

/// Of several wishes the greatest counts.
const NONE: u8 = 0;
/// If no more comes.
const SOON: u8 = 1;
const NOW: u8 = 2;
const END: u8 = 3;

impl Flusher {
    /// Without a thread to be had there is none, and records linger.
    pub(super) fn new(producer: Arc<ThreadedProducer<Context>>) -> Option<Self> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = thread::Builder::new().name("flusher".to_owned()).spawn(move || theirs.serve(&producer));
        Some(Self { shared, thread: Some(thread.ok()?), unasked: false })
    }

    pub(super) fn sent(&mut self, bytes: usize) {
        self.unasked = true;
        self.shared.volume.fetch_add(bytes, Ordering::Relaxed);
    }

    /// There is nothing more to send just now.
    pub(super) fn soon(&mut self) {
        if std::mem::take(&mut self.unasked) {
            self.ask(SOON);
        }
    }

    /// Somebody waits for what was sent.
    pub(super) fn now(&mut self) {
        self.unasked = false;
        self.ask(NOW);
    }

    /// No system call unless the thread has to be woken.
    fn ask(&self, wish: u8) {
        if self.shared.wish.fetch_max(wish, Ordering::AcqRel) < wish
            && let Some(thread) = &self.thread
        {
            thread.thread().unpark();
        }
    }
}

impl Drop for Flusher {
    fn drop(&mut self) {
        self.ask(END);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn serve(&self, producer: &ThreadedProducer<Context>) {
        loop {
            match self.wish.load(Ordering::Acquire) {
                NONE => thread::park(),
                END => return,
                SOON if self.is_loaded() => self.fulfil(SOON),
                wish => {
                    self.fulfil(wish);
                    raw::flush(producer, if wish == NOW { AWAITED_FLUSH } else { FLUSH });
                }
            }
        }
    }

    /// Whether more comes, in which case lingering does the rest, and a while has passed when this answers.
    #[allow(clippy::disallowed_methods)] // on a thread of its own
    fn is_loaded(&self) -> bool {
        let before = self.volume.load(Ordering::Relaxed);
        // Not parked: a token that is left over would end that at once.
        thread::sleep(COMPANY);
        let loaded = self.volume.load(Ordering::Relaxed).wrapping_sub(before) >= LOAD;
        if loaded {
            thread::sleep(PAUSE);
        }
        loaded
    }

    /// Whoever wishes more, or again, is heard.
    fn fulfil(&self, wish: u8) {
        let _ = self.wish.compare_exchange(wish, NONE, Ordering::AcqRel, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn much_in_a_moment_is_load_and_a_record_is_not() {
        let shared = Arc::new(Shared::default());
        assert!(!shared.is_loaded());
        let sender = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                while shared.wish.load(Ordering::Acquire) != END {
                    shared.volume.fetch_add(LOAD, Ordering::Relaxed);
                }
            })
        };
        while shared.volume.load(Ordering::Relaxed) == 0 {
            thread::yield_now();
        }
        assert!(shared.is_loaded());
        shared.wish.store(END, Ordering::Release);
        sender.join().unwrap();
    }

    #[test]
    fn the_greatest_wish_counts_until_it_is_fulfilled() {
        let shared = Arc::new(Shared::default());
        let flusher = Flusher { shared: Arc::clone(&shared), thread: None, unasked: false };
        flusher.ask(NOW);
        flusher.ask(SOON);
        shared.fulfil(SOON);
        assert_eq!(shared.wish.load(Ordering::Acquire), NOW);
        shared.fulfil(NOW);
        assert_eq!(shared.wish.load(Ordering::Acquire), NONE);
    }
}
