//! Records out, receipts in, positions stored: the way back.
//!
//! The order is law: records acknowledged, then offset stored, then slot confirmed. This file keeps the first two; it
//! hands each offset that is safely stored to the caller, who tells the slot.
//!
//! At least once: the latest position behind acknowledged records is stored once per tick. Exactly once (the sink is
//! transactional): a transaction ends only where a position covers everything sent, and carries that position as its last
//! record; what comes meanwhile waits for the next one. Its records and its offset become visible together or not at
//! all, so a kill at any moment leaves offsets that say exactly what readers can see.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use crate::offsets::{Offset, OffsetError, Prepared, Store};
use crate::sink::{Receipt, Sink, SinkError};
use crate::words::{Lsn, Record, Ticket};

use super::commits::Commits;
use super::emit::Outlet;
use super::error::ConnectorError;
use super::ledger::{Ledger, Limit};
use super::meters::Meters;
use super::spans::{self, Span};
use super::waiting::Waiting;

/// The offset record's own ticket: it is no part of the window.
const OFFSET: Ticket = Ticket(usize::MAX);
/// The ticket of a commit.
const COMMIT: Ticket = Ticket(usize::MAX - 1);

/// A transaction with no more in it ends as soon as there is nothing more to read. Under load that is often so for a
/// moment, and a commit costs the brokers more than such a transaction is worth.
const SMALL: usize = 256 << 10;
/// A larger one is worth its commit when it is this old, and so many times as old as the last commit took: until the
/// brokers have it, records wait.
const WORTHWHILE: Duration = Duration::from_millis(200);
const OF_A_COMMIT: u32 = 10;

/// Where transactions end, besides at the end of everything.
#[derive(Clone, Copy, Debug)]
pub(super) struct Boundary {
    /// When there is nothing more to read: readers see a change within milliseconds.
    pub(super) at_rest: bool,
    /// At the first position after this time.
    pub(super) after: Duration,
}

impl Boundary {
    /// How old a large transaction is when it is worth its commit, if the last one took so long.
    fn worthwhile(self, took: Duration) -> Duration {
        took.saturating_mul(OF_A_COMMIT).min(self.after).max(WORTHWHILE)
    }
}

pub(super) struct Delivery {
    sink: Sink,
    store: Arc<Store>,
    ledger: Ledger<Offset>,
    /// What the sink cannot take yet.
    waiting: Waiting,
    storing: Option<Storing>,
    boundary: Boundary,
    /// When the first record went into the transaction that is not ending yet. Only of a transactional sink.
    opened: Option<Instant>,
    /// Bytes in that transaction.
    volume: usize,
    /// By the last commit: [`Boundary::worthwhile`].
    worthwhile: Duration,
    /// The position marked last.
    latest: Option<Offset>,
    receipts: Vec<Receipt>,
    /// When receipts were heard last, or waited for first.
    heard: Instant,
    commits: Commits,
    meters: Arc<Meters>,
    told: spans::Commits,
}

type Writing = Pin<Box<dyn Future<Output = Result<(), OffsetError>> + Send>>;

/// An offset on its way.
struct Storing {
    offset: Offset,
    stage: Stage,
    since: Instant,
    /// Until it has arrived.
    _told: Span,
}

enum Stage {
    /// Into a store that is written directly; a record's receipt comes with the others.
    Writing(Writing),
    /// The receipt of the offset's record is awaited; in a transaction also those of all tickets below `bound`.
    Sent {
        bound: usize,
        acknowledged: bool,
    },
    Committing,
}

impl Delivery {
    pub(super) fn new(sink: Sink, store: Store, limit: Limit, boundary: Boundary, meters: Arc<Meters>) -> Self {
        Self {
            sink,
            store: Arc::new(store),
            ledger: Ledger::new(limit),
            waiting: Waiting::default(),
            storing: None,
            boundary,
            opened: None,
            volume: 0,
            worthwhile: WORTHWHILE,
            latest: None,
            receipts: Vec::new(),
            heard: Instant::now(),
            commits: Commits::default(),
            meters,
            told: spans::Commits::default(),
        }
    }

    pub(super) fn is_transactional(&self) -> bool {
        self.sink.is_transactional()
    }

    pub(super) fn set_boundary(&mut self, boundary: Boundary) {
        self.boundary = boundary;
    }

    /// While a transaction ends, the next one's records wait, as many as the window holds beside what is in flight.
    pub(super) fn has_room(&self) -> bool {
        self.ledger.has_room() && (self.waiting.is_empty() || self.is_ending())
    }

    /// Tickets handed out so far.
    pub(super) fn sent(&self) -> usize {
        self.ledger.next()
    }

    /// Bytes of all records taken so far.
    pub(super) fn taken_bytes(&self) -> u64 {
        self.meters.sent_bytes.get()
    }

    /// A transaction begins that was committed at `time`, in microseconds by the server's clock.
    pub(super) fn begin(&mut self, time: i64) {
        self.commits.begin(time);
    }

    /// It ends here: every record of it has been sent.
    pub(super) fn end_of_transaction(&mut self, end: Lsn) {
        self.commits.end(self.ledger.next(), end);
        self.meters.transactions.add(1);
    }

    /// Everything sent so far is covered by `offset`.
    pub(super) fn mark(&mut self, offset: Offset) -> Result<(), ConnectorError> {
        if self.is_transactional() {
            self.latest = Some(offset.clone());
            self.ledger.mark_alone(offset);
        } else {
            self.ledger.mark(offset);
        }
        if self.opened.is_some_and(|opened| opened.elapsed() >= self.boundary.after) { self.end() } else { Ok(()) }
    }

    /// The position marked last covers what was sent since too: records that stand for no change of their own.
    pub(super) fn mark_again(&mut self) -> Result<(), ConnectorError> {
        match self.latest.clone() {
            Some(offset) => self.mark(offset),
            None => Ok(()),
        }
    }

    /// There is nothing more to read just now.
    pub(super) fn rest(&mut self) -> Result<(), ConnectorError> {
        if self.worthwhile().is_some_and(|at| self.volume <= SMALL || Instant::now() >= at) {
            self.end()?;
        }
        self.sink.rest();
        Ok(())
    }

    /// When [`Self::rest`] would end a transaction of any size.
    pub(super) fn worthwhile(&self) -> Option<Instant> {
        self.opened.filter(|_| self.boundary.at_rest).map(|opened| opened + self.worthwhile)
    }

    pub(super) fn needs_topic(&self, topic: &str) -> bool {
        self.sink.needs_topic(topic)
    }

    pub(super) async fn create_topic(&mut self, topic: &str) -> Result<(), SinkError> {
        self.sink.create_topic(topic).await
    }

    /// Where records go, for people.
    pub(super) fn target(&self) -> String {
        self.sink.target()
    }

    /// What helps when the target takes nothing.
    pub(super) fn remedy(&self) -> &'static str {
        self.sink.remedy()
    }

    /// What hinders delivery just now.
    pub(super) fn trouble(&self) -> Option<String> {
        self.sink.trouble().map(|trouble| trouble.to_string())
    }

    /// Resolves when [`Self::settle`] may have something to do. Cancel-safe.
    pub(super) async fn changed(&mut self) -> Result<(), ConnectorError> {
        let Some(Storing { stage: Stage::Writing(writing), .. }) = &mut self.storing else {
            self.sink.changed().await;
            return Ok(());
        };
        tokio::select! {
            () = self.sink.changed() => {}
            written = writing => {
                written?;
                // The receipt that a file cannot send.
                self.receipts.push(Receipt { ticket: OFFSET, result: Ok(()) });
                if let Some(storing) = &mut self.storing {
                    storing.stage = Stage::Sent { bound: 0, acknowledged: false };
                }
            }
        }
        Ok(())
    }

    /// Takes in receipts. An offset that is now safely stored is handed out: the slot may be told.
    pub(super) fn settle(&mut self) -> Result<Option<Offset>, ConnectorError> {
        let mut receipts = std::mem::take(&mut self.receipts);
        self.sink.receipts(&mut receipts);
        let (mut committed, mut acknowledged) = (false, 0);
        if !receipts.is_empty() {
            self.heard = Instant::now();
        }
        for receipt in receipts.drain(..) {
            receipt.result?;
            match (receipt.ticket, &mut self.storing) {
                (OFFSET, Some(Storing { stage: Stage::Sent { acknowledged, .. }, .. })) => *acknowledged = true,
                (COMMIT, _) => committed = true,
                (ticket, _) => {
                    self.ledger.settle(ticket);
                    acknowledged += 1;
                }
            }
        }
        self.receipts = receipts;
        if let Some(Storing { stage, .. }) = &mut self.storing
            && let Stage::Sent { bound, acknowledged: true } = *stage
            && self.ledger.is_settled(bound)
        {
            if self.sink.is_transactional() {
                *stage = Stage::Committing;
                self.sink.commit(COMMIT);
            } else {
                committed = true;
            }
        }
        if acknowledged > 0 || committed {
            self.meters.acknowledged.add(acknowledged);
            // What a transaction holds is safe when that is committed.
            if committed || !self.is_transactional() {
                self.meters.settled(&mut self.commits, self.ledger.settled());
            }
        }
        self.measure();
        let stored = if committed { self.storing.take() } else { None };
        if let Some(Storing { since, .. }) = &stored {
            self.worthwhile = self.boundary.worthwhile(since.elapsed());
        }
        if !self.is_ending() {
            self.send_waiting()?;
        }
        Ok(stored.map(|storing| storing.offset))
    }

    /// What stands just now. Not per record: the window is looked at when receipts are.
    fn measure(&self) {
        self.meters.in_flight.set_size(self.ledger.pending());
        self.meters.in_flight_bytes.set_size(self.ledger.bytes());
        self.meters.stream.oldest.set(self.commits.oldest().unwrap_or(0));
    }

    /// To be called at intervals: takes over what the sink tells of itself.
    pub(super) fn look(&self) {
        self.measure();
        self.meters.produced(self.sink.statistics());
    }

    /// To be called at intervals: stores the latest position that is safe.
    pub(super) fn tick(&mut self) -> Result<(), ConnectorError> {
        let young = self.opened.is_some_and(|opened| opened.elapsed() < self.boundary.after);
        if young && !self.boundary.at_rest { Ok(()) } else { self.store() }
    }

    /// Starts to store the latest position that is safe, unless one is being stored already.
    pub(super) fn store(&mut self) -> Result<(), ConnectorError> {
        if self.is_transactional() {
            return self.end();
        }
        if self.storing.is_none()
            && let Some(offset) = self.ledger.ready()
            && let Some(declined) = self.start_storing(offset, 0)?
        {
            // Its turn comes again with the next position or the next tick.
            self.ledger.mark_ready_again(declined);
        }
        Ok(())
    }

    /// Begins to end the transaction, if a position covers all of it: that position is its last record.
    fn end(&mut self) -> Result<(), ConnectorError> {
        if self.storing.is_some() || !self.waiting.is_empty() {
            return Ok(());
        }
        let bound = self.ledger.next();
        let Some(offset) = self.ledger.cover() else { return Ok(()) };
        match self.start_storing(offset, bound)? {
            None => (self.opened, self.volume) = (None, 0),
            Some(declined) => self.ledger.mark(declined),
        }
        Ok(())
    }

    /// Answers with the offset if there is no room for it just now.
    fn start_storing(&mut self, offset: Offset, bound: usize) -> Result<Option<Offset>, ConnectorError> {
        let stage = match self.store.prepare(&offset) {
            Prepared::Record { topic, partition, key, value } => {
                let record =
                    Record { topic, partition, key: Some(key), value: Some(&value), headers: &[], timestamp: None };
                match self.sink.send(&record, OFFSET) {
                    Ok(()) => self.sink.nudge(),
                    Err(SinkError::Full) => return Ok(Some(offset)),
                    Err(e) => return Err(e.into()),
                }
                Stage::Sent { bound, acknowledged: false }
            }
            Prepared::File => {
                let (store, offset) = (self.store.clone(), offset.clone());
                Stage::Writing(Box::pin(async move { store.write(&offset).await }))
            }
        };
        if self.is_at_rest() {
            self.heard = Instant::now();
        }
        let _told = self.told.begin(&self.meters, self.sink.is_transactional());
        self.storing = Some(Storing { offset, stage, since: Instant::now(), _told });
        Ok(None)
    }

    /// A transaction is about to be committed: nothing more may go into it.
    fn is_ending(&self) -> bool {
        self.storing.is_some() && self.is_transactional()
    }

    /// Nothing in flight, nothing to store. Records that no position covers yet stay in a transaction that is never
    /// committed.
    pub(super) fn is_drained(&self) -> bool {
        self.is_at_rest() && (self.is_transactional() || !self.ledger.has_ready())
    }

    /// No receipt is waited for.
    fn is_at_rest(&self) -> bool {
        self.ledger.pending() == 0 && self.waiting.is_empty() && self.storing.is_none()
    }

    /// How long a receipt has been waited for, if one is.
    pub(super) fn unacknowledged(&self) -> Option<Duration> {
        (!self.is_at_rest()).then(|| self.heard.elapsed())
    }

    /// Waits until everything sent is acknowledged and the last position stored; the latest stored one is the answer.
    pub(super) async fn drain(&mut self) -> Result<Option<Offset>, ConnectorError> {
        let mut latest = None;
        self.sink.nudge();
        loop {
            latest = self.settle()?.or(latest);
            self.store()?;
            if self.is_drained() {
                return Ok(latest);
            }
            self.changed().await?;
        }
    }

    pub(super) fn in_flight(&self) -> usize {
        self.ledger.pending()
    }

    pub(super) fn nudge(&mut self) {
        self.sink.nudge();
    }

    pub(super) async fn close(self, within: Duration) {
        self.sink.close(within).await;
    }

    fn send_waiting(&mut self) -> Result<(), SinkError> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let sink = &mut self.sink;
        self.waiting.offer(|record, ticket| match sink.send(record, ticket) {
            Ok(()) => Ok(true),
            Err(SinkError::Full) => Ok(false),
            Err(e) => Err(e),
        })
    }
}

impl Outlet for Delivery {
    type Error = SinkError;

    fn take(&mut self, record: &Record<'_>) -> Result<(), SinkError> {
        if self.is_at_rest() {
            self.heard = Instant::now();
        }
        let size = record.size();
        let ticket = self.ledger.admit(size);
        self.meters.take(record, size);
        if self.is_transactional() {
            self.opened.get_or_insert_with(Instant::now);
            self.volume += size;
        }
        if self.waiting.is_empty() && !self.is_ending() {
            match self.sink.send(record, ticket) {
                Err(SinkError::Full) => {}
                done => {
                    // Nothing more comes before some of it is acknowledged.
                    if !self.ledger.has_room() {
                        self.sink.rest();
                    }
                    return done;
                }
            }
        }
        self.waiting.push(record, ticket);
        Ok(())
    }
}

#[cfg(test)]
#[path = "delivery_tests.rs"]
mod tests;
