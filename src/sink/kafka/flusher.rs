//! When what was sent goes to the brokers.
//!
//! No `linger.ms` is right. A record that comes alone is late by as much, and under load small batches cost the process a
//! tenth more, and the brokers more than that (docs/performance.md). So records linger long, and this thread has
//! librdkafka flush: at once when there is nothing more to read, and under load every few milliseconds. As long as that call
//! lasts, nothing lingers.
//!
//! And it waits for the answer to what it flushed before. An idempotent librdkafka has one request under way for each
//! partition, and asks without a pause whether it may send the next when that need linger no more: a tenth of the process's
//! time where brokers were slow, and time that brokers on the same machine lack to answer.
//!
//! Brokers' threads that are slow to wake miss a short call. So it is repeated if no answer comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rdkafka::producer::ThreadedProducer;

use super::super::SinkError;
use super::deliveries::Context;
use super::raw;

/// How long records linger that nobody flushes: much longer than brokers take to answer.
pub(super) const LINGER: Duration = Duration::from_millis(100);

/// How far flushes are apart under load, when a batch is some hundred kilobytes.
const PAUSE: Duration = Duration::from_millis(10);
/// How soon it is looked whether load has ended, and for the answer to little.
const GLANCE: Duration = Duration::from_millis(2);
/// How long that look takes.
const COMPANY: Duration = Duration::from_micros(500);
/// Bytes sent in that time that mean load: some ten thousand records a second.
const LOAD: usize = 4 << 10;
/// Bytes that are sent without waiting until there is nothing more to read.
const MUCH_BYTES: usize = 64 << 10;
/// How long an answer is waited for: one broker that is silent must not hold up the others for longer.
const PATIENCE: Duration = Duration::from_millis(50);
/// How long one flush may last, if brokers answer no sooner.
const FLUSH: Duration = Duration::from_millis(1);
/// The same if somebody waits: records of a transaction go nowhere before the brokers know of it.
const AWAITED_FLUSH: Duration = Duration::from_millis(5);

pub(super) struct Flusher {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    /// Something was sent since there was nothing more to read.
    unasked: bool,
    /// Bytes sent since it was said that it is much.
    growing: usize,
}

/// Counted by the connector alone, looked at by the thread.
#[derive(Default)]
struct Shared {
    wish: AtomicU8,
    /// Records sent so far, and their bytes.
    sent: AtomicUsize,
    volume: AtomicUsize,
    /// Records answered so far.
    answered: AtomicUsize,
    /// The thread is to be woken when so many are.
    awaited: AtomicUsize,
}

/// Of several wishes the greatest counts.
const NONE: u8 = 0;
/// There is much to send.
const MUCH: u8 = 1;
/// There is nothing more to send just now.
const SOON: u8 = 2;
/// Somebody waits for what was sent.
const NOW: u8 = 3;
const END: u8 = 4;

/// One call of librdkafka's.
struct Flush {
    /// `None`: before the first one.
    at: Option<Instant>,
    /// Records sent until then, and their bytes.
    sent: usize,
    volume: usize,
    /// How long after it the next one is due if no answer comes; twice as long each time.
    again: Duration,
}

impl Flusher {
    /// # Errors
    ///
    /// If there is no thread to be had.
    pub(super) fn new(producer: Arc<ThreadedProducer<Context>>) -> Result<Self, SinkError> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        let thread = thread::Builder::new()
            .name("flusher".to_owned())
            .spawn(move || theirs.serve(&producer))
            .map_err(|e| SinkError::ProducerLost { why: format!("no thread to be had: {e}") })?;
        Ok(Self { shared, thread: Some(thread), unasked: false, growing: 0 })
    }

    pub(super) fn sent(&mut self, bytes: usize) {
        self.unasked = true;
        self.growing += bytes;
        self.shared.sent.fetch_add(1, Ordering::Relaxed);
        self.shared.volume.fetch_add(bytes, Ordering::Relaxed);
        if self.growing >= MUCH_BYTES {
            self.growing = 0;
            self.ask(MUCH);
        }
    }

    /// So many receipts came. That of a commit is for no record, and comes when all are answered.
    pub(super) fn heard(&self, receipts: usize) {
        let sent = self.shared.sent.load(Ordering::Relaxed);
        let before = self.shared.answered.load(Ordering::Relaxed);
        let answered = sent.min(before + receipts);
        self.shared.answered.store(answered, Ordering::SeqCst);
        if (before + 1..=answered).contains(&self.shared.awaited.load(Ordering::SeqCst)) {
            self.wake();
        }
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
        if self.shared.wish.fetch_max(wish, Ordering::AcqRel) < wish {
            self.wake();
        }
    }

    fn wake(&self) {
        if let Some(thread) = &self.thread {
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
        let mut last = Flush { at: None, sent: 0, volume: 0, again: LINGER };
        loop {
            let wish = self.wish.load(Ordering::Acquire);
            if wish == END {
                return;
            }
            let time = self.time_until(wish, &last);
            if !time.is_zero() {
                thread::park_timeout(time);
                continue;
            }
            // Whoever wishes more, or again, is heard.
            let _ = self.wish.compare_exchange(wish, NONE, Ordering::AcqRel, Ordering::Relaxed);
            last = self.next(wish, &last);
            raw::flush(producer, if wish == NOW { AWAITED_FLUSH } else { FLUSH });
        }
    }

    /// The one to be done now.
    fn next(&self, wish: u8, last: &Flush) -> Flush {
        let (sent, volume) = (self.sent.load(Ordering::Relaxed), self.volume.load(Ordering::Relaxed));
        let again = match wish {
            _ if !self.is_answered(last) => (last.again * 2).min(LINGER),
            NOW => FLUSH,
            _ if volume.wrapping_sub(last.volume) < MUCH_BYTES => GLANCE,
            _ => PAUSE,
        };
        Flush { at: Some(Instant::now()), sent, volume, again }
    }

    /// How long there is nothing to do, unless a greater wish or an answer comes.
    fn time_until(&self, wish: u8, last: &Flush) -> Duration {
        let since = last.at.map_or(Duration::MAX, |at| at.elapsed());
        let pause = PAUSE.saturating_sub(since);
        match wish {
            NONE if last.again >= LINGER || self.is_answered(last) => Duration::MAX,
            NONE => last.again.saturating_sub(since),
            NOW => Duration::ZERO,
            _ if self.awaits_answer(last) => last.again.min(PATIENCE).saturating_sub(since),
            _ if pause.is_zero() || wish == MUCH => pause,
            _ if self.is_loaded() => pause.min(GLANCE),
            _ => Duration::ZERO,
        }
    }

    fn is_answered(&self, flush: &Flush) -> bool {
        self.answered.load(Ordering::SeqCst) >= flush.sent
    }

    /// In which case the answer wakes the thread.
    fn awaits_answer(&self, flush: &Flush) -> bool {
        self.awaited.store(flush.sent, Ordering::SeqCst);
        !self.is_answered(flush)
    }

    /// Whether more comes.
    #[allow(clippy::disallowed_methods)] // on a thread of its own
    fn is_loaded(&self) -> bool {
        let before = self.volume.load(Ordering::Relaxed);
        // Not parked: a token that is left over would end that at once.
        thread::sleep(COMPANY);
        self.volume.load(Ordering::Relaxed).wrapping_sub(before) >= LOAD
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Just now, for an hour.
    fn flushed(sent: usize) -> Flush {
        Flush { at: Some(Instant::now() + Duration::from_secs(3600)), sent, volume: 0, again: GLANCE }
    }

    fn apart() -> (Arc<Shared>, Flusher) {
        let shared = Arc::new(Shared::default());
        (Arc::clone(&shared), Flusher { shared, thread: None, unasked: false, growing: 0 })
    }

    #[test]
    fn much_in_a_moment_is_load_and_a_record_is_not() {
        let (shared, _flusher) = apart();
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
    fn flushes_wait_for_the_answer_to_the_last_unless_somebody_waits() {
        let (shared, mut flusher) = apart();
        let first = Flush { at: None, ..flushed(0) };
        flusher.sent(1);
        flusher.sent(1);
        assert_eq!(shared.time_until(MUCH, &first), Duration::ZERO);
        assert_eq!(shared.time_until(SOON, &flushed(2)), GLANCE);
        assert_eq!(shared.time_until(NOW, &flushed(2)), Duration::ZERO);
        flusher.heard(3);
        assert_eq!(shared.answered.load(Ordering::SeqCst), 2, "a commit is no record");
        assert_eq!(shared.time_until(SOON, &flushed(2)), Duration::ZERO, "nothing else comes either");
        assert_eq!(shared.time_until(MUCH, &flushed(2)), PAUSE);
    }

    #[test]
    fn what_is_not_answered_is_flushed_again_but_not_for_ever() {
        let (shared, mut flusher) = apart();
        flusher.sent(MUCH_BYTES);
        let mut last = shared.next(MUCH, &flushed(0));
        assert_eq!(last.again, PAUSE);
        while last.again < LINGER {
            last.at = flushed(1).at;
            assert_eq!(shared.time_until(NONE, &last), last.again);
            assert_eq!(shared.time_until(SOON, &last), last.again.min(PATIENCE));
            last = shared.next(NONE, &last);
        }
        assert_eq!(shared.time_until(NONE, &last), Duration::MAX);
        flusher.heard(1);
        assert_eq!(shared.time_until(NONE, &flushed(1)), Duration::MAX);
        assert_eq!(shared.next(SOON, &last).again, GLANCE);
        assert_eq!(shared.next(NOW, &last).again, FLUSH);
    }

    #[test]
    fn the_greatest_wish_counts_and_much_is_said_once_for_so_many_bytes() {
        let (shared, mut flusher) = apart();
        flusher.sent(MUCH_BYTES - 1);
        assert_eq!(shared.wish.load(Ordering::Acquire), NONE);
        flusher.sent(1);
        assert_eq!(shared.wish.swap(NONE, Ordering::AcqRel), MUCH);
        flusher.sent(1);
        assert_eq!(shared.wish.load(Ordering::Acquire), NONE);
        flusher.now();
        flusher.soon();
        assert_eq!(shared.wish.load(Ordering::Acquire), NOW);
    }
}
