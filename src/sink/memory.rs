//! A sink for tests: keeps every record and gives receipts as its script says. The test holds a clone of the script
//! that it put into the connector's settings, and so sees and steers what the connector experiences.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::inbox::Inbox;
use super::{Receipt, SinkError};
use crate::words::{Record, Ticket};

/// A record as it was sent, with bytes of its own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Kept {
    pub topic: String,
    pub partition: Option<i32>,
    pub key: Option<Vec<u8>>,
    pub value: Option<Vec<u8>>,
    pub headers: Vec<(String, Option<Vec<u8>>)>,
    pub timestamp: Option<i64>,
    pub ticket: Ticket,
}

/// Shared by all clones; outlives the sinks that play it, so that a reconnecting connector meets the same script.
#[derive(Clone, Default)]
pub struct Script(Arc<Stage>);

#[derive(Default)]
struct Stage {
    state: Mutex<State>,
    sent: Notify,
}

#[derive(Default)]
struct State {
    records: Vec<Kept>,
    transactional: bool,
    /// How many of `records` are committed.
    committed: usize,
    committing: bool,
    /// Receipts wait for the test instead of coming at once.
    held: bool,
    /// Sent and without receipt, in order of sending.
    waiting: Vec<Ticket>,
    /// Most records without receipt before `send` errs with `Full`.
    room: Option<usize>,
    fail_next: VecDeque<SinkError>,
    refuse_next: VecDeque<SinkError>,
    refuse_open: VecDeque<SinkError>,
    opened: usize,
    inbox: Arc<Inbox<Receipt>>,
}

impl Script {
    /// Acknowledges everything at once.
    pub fn new() -> Self {
        Self::default()
    }

    /// The same for a sink that shows nothing before it is committed.
    pub fn transactional() -> Self {
        let script = Self::default();
        script.state().transactional = true;
        script
    }

    /// The records that are committed.
    pub fn committed(&self) -> Vec<Kept> {
        let state = self.state();
        state.records.iter().take(state.committed).cloned().collect()
    }

    /// All records taken so far, of every sink that played this script.
    pub fn records(&self) -> Vec<Kept> {
        self.state().records.clone()
    }

    /// Resolves when at least `count` records have been taken.
    pub async fn sent(&self, count: usize) {
        loop {
            let more = self.0.sent.notified();
            if self.state().records.len() >= count {
                return;
            }
            more.await;
        }
    }

    /// Keeps receipts back from now on.
    pub fn hold(&self) {
        self.state().held = true;
    }

    /// Acknowledges all that was held back, and from now on everything at once.
    pub fn release(&self) {
        self.state().held = false;
        self.acknowledge(usize::MAX);
    }

    /// Acknowledges the `count` oldest records that were held back.
    pub fn acknowledge(&self, count: usize) {
        let mut state = self.state();
        let count = count.min(state.waiting.len());
        let receipts: Vec<_> = state.waiting.drain(..count).map(|ticket| Receipt { ticket, result: Ok(()) }).collect();
        state.inbox.extend(receipts);
    }

    /// Answers these held tickets, in this order; those not waiting are passed over.
    pub fn answer(&self, tickets: &[Ticket], result: &Result<(), SinkError>) {
        let mut state = self.state();
        for &ticket in tickets {
            if let Some(place) = state.waiting.iter().position(|&waiting| waiting == ticket) {
                state.waiting.remove(place);
                state.inbox.push(Receipt { ticket, result: result.clone() });
            }
        }
    }

    /// Tickets without receipt, oldest first.
    pub fn waiting(&self) -> Vec<Ticket> {
        self.state().waiting.clone()
    }

    /// The next record is taken, and its receipt is this error, also while receipts are held back.
    pub fn fail_next(&self, error: SinkError) {
        self.state().fail_next.push_back(error);
    }

    /// The next `send` errs and takes nothing.
    pub fn refuse_next(&self, error: SinkError) {
        self.state().refuse_next.push_back(error);
    }

    /// The next `open` errs.
    pub fn refuse_open(&self, error: SinkError) {
        self.state().refuse_open.push_back(error);
    }

    /// Errs with `Full` when this many records wait for a receipt.
    pub fn set_room(&self, records: usize) {
        self.state().room = Some(records);
    }

    /// How many sinks have played this script.
    pub fn opened(&self) -> usize {
        self.state().opened
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state();
        write!(f, "Script({} records, {} waiting)", state.records.len(), state.waiting.len())
    }
}

pub struct Memory {
    script: Script,
    inbox: Arc<Inbox<Receipt>>,
}

impl Memory {
    pub(super) fn open(script: &Script) -> Result<Self, SinkError> {
        let mut state = script.state();
        if let Some(error) = state.refuse_open.pop_front() {
            return Err(error);
        }
        state.opened += 1;
        // Tickets and receipts belong to one instance.
        state.waiting.clear();
        state.inbox = Arc::default();
        let committed = state.committed;
        if state.transactional {
            state.records.truncate(committed);
        }
        state.committing = false;
        Ok(Self { script: script.clone(), inbox: Arc::clone(&state.inbox) })
    }

    pub(super) fn send(&mut self, record: &Record<'_>, ticket: Ticket) -> Result<(), SinkError> {
        let mut state = self.script.state();
        if let Some(error) = state.refuse_next.pop_front() {
            return Err(error);
        }
        if state.committing {
            return Err(SinkError::Full);
        }
        if state.room.is_some_and(|room| state.waiting.len() >= room) {
            return Err(SinkError::Full);
        }
        state.records.push(Kept::new(record, ticket));
        match state.fail_next.pop_front() {
            Some(error) => self.inbox.push(Receipt { ticket, result: Err(error) }),
            None if state.held => state.waiting.push(ticket),
            None => self.inbox.push(Receipt { ticket, result: Ok(()) }),
        }
        drop(state);
        self.script.0.sent.notify_waiters();
        Ok(())
    }

    pub(super) fn is_transactional(&self) -> bool {
        self.script.state().transactional
    }

    /// Done at once; the receipt waits with the others.
    pub(super) fn commit(&mut self, ticket: Ticket) {
        let mut state = self.script.state();
        if !state.waiting.is_empty() {
            let why = "committed before every receipt had come".to_owned();
            return self.inbox.push(Receipt { ticket, result: Err(SinkError::ProducerLost { why }) });
        }
        state.committed = state.records.len();
        state.committing = true;
        if state.held {
            state.waiting.push(ticket);
        } else {
            self.inbox.push(Receipt { ticket, result: Ok(()) });
        }
    }

    pub(super) fn receipts(&mut self, into: &mut Vec<Receipt>) {
        let before = into.len();
        self.inbox.drain_into(into);
        if into.len() > before {
            // The commit's receipt is the only one that can come while committing.
            self.script.state().committing = false;
        }
    }

    pub(super) async fn changed(&self) {
        self.inbox.changed().await;
    }
}

impl Kept {
    fn new(record: &Record<'_>, ticket: Ticket) -> Self {
        Self {
            topic: record.topic.to_owned(),
            partition: record.partition,
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            headers: record.headers.iter().map(|h| (h.name.to_owned(), h.value.map(<[u8]>::to_vec))).collect(),
            timestamp: record.timestamp,
            ticket,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Config, Sink};
    use super::*;

    fn record(value: &[u8]) -> Record<'_> {
        Record { topic: "t", partition: None, key: None, value: Some(value), headers: &[], timestamp: None }
    }

    async fn play(script: &Script) -> Sink {
        Sink::open(&Config::Memory(script.clone()), "test").await.unwrap()
    }

    fn tickets(sink: &mut Sink) -> Vec<(usize, bool)> {
        let mut receipts = Vec::new();
        sink.receipts(&mut receipts);
        receipts.into_iter().map(|receipt| (receipt.ticket.0, receipt.result.is_ok())).collect()
    }

    #[tokio::test]
    async fn receipts_come_at_once_unless_they_are_held() {
        let script = Script::new();
        let mut sink = play(&script).await;
        sink.send(&record(b"a"), Ticket(1)).unwrap();
        sink.changed().await;
        assert_eq!(tickets(&mut sink), [(1, true)]);

        script.hold();
        for ticket in 2..6 {
            sink.send(&record(b"b"), Ticket(ticket)).unwrap();
        }
        assert_eq!(tickets(&mut sink), []);
        script.answer(&[Ticket(4), Ticket(2)], &Ok(()));
        script.answer(&[Ticket(5)], &Err(SinkError::Closed));
        script.release();
        assert_eq!(tickets(&mut sink), [(4, true), (2, true), (5, false), (3, true)]);
        assert_eq!(script.records().len(), 5);
    }

    #[tokio::test]
    async fn a_refused_record_is_not_taken_and_a_failed_one_is() {
        let script = Script::new();
        let mut sink = play(&script).await;
        script.refuse_next(SinkError::Full);
        script.fail_next(SinkError::Closed);
        assert_eq!(sink.send(&record(b"a"), Ticket(1)), Err(SinkError::Full));
        sink.send(&record(b"a"), Ticket(1)).unwrap();
        assert_eq!(tickets(&mut sink), [(1, false)]);
        assert_eq!(script.records().len(), 1);
    }

    #[tokio::test]
    async fn a_new_instance_never_hears_of_tickets_of_the_old_one() {
        let script = Script::new();
        script.hold();
        let mut old = play(&script).await;
        old.send(&record(b"a"), Ticket(7)).unwrap();
        let mut new = play(&script).await;
        script.release();
        assert_eq!(tickets(&mut new), []);
        assert_eq!((script.opened(), script.records().len()), (2, 1));
    }
}
