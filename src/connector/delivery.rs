//! Records out, receipts in, positions stored: the way back.
//!
//! The order is law: records acknowledged, then offset stored, then slot confirmed. This file keeps the first two; it
//! hands each offset that is safely stored to the caller, who tells the slot.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use crate::offsets::{Offset, OffsetError, Prepared, Store};
use crate::sink::{Receipt, Sink, SinkError};
use crate::words::{Header, Record, Ticket};

use super::emit::Outlet;
use super::error::ConnectorError;
use super::ledger::{Ledger, Limit};

/// The offset record's own ticket: it is no part of the window.
const OFFSET: Ticket = Ticket(usize::MAX);

pub(super) struct Delivery {
    sink: Sink,
    store: Arc<Store>,
    ledger: Ledger<Offset>,
    /// Records of an event that the sink had no room for; nothing is read while there are any.
    overflow: VecDeque<(Owned, Ticket)>,
    storing: Option<Storing>,
    receipts: Vec<Receipt>,
    acknowledged: u64,
}

type Writing = Pin<Box<dyn Future<Output = Result<(), OffsetError>> + Send>>;

struct Storing {
    offset: Offset,
    /// For a store that is written directly; a record's receipt comes with the others.
    writing: Option<Writing>,
}

/// A record with bytes of its own, for the rare case that it has to wait.
struct Owned {
    topic: String,
    partition: Option<i32>,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(String, Option<Vec<u8>>)>,
    timestamp: Option<i64>,
}

impl Delivery {
    pub(super) fn new(sink: Sink, store: Store, limit: Limit) -> Self {
        Self {
            sink,
            store: Arc::new(store),
            ledger: Ledger::new(limit),
            overflow: VecDeque::new(),
            storing: None,
            receipts: Vec::new(),
            acknowledged: 0,
        }
    }

    pub(super) fn has_room(&self) -> bool {
        self.overflow.is_empty() && self.ledger.has_room()
    }

    /// Tickets handed out so far.
    pub(super) fn sent(&self) -> usize {
        self.ledger.next()
    }

    pub(super) fn acknowledged(&self) -> u64 {
        self.acknowledged
    }

    /// Everything sent so far is covered by `offset`.
    pub(super) fn mark(&mut self, offset: Offset) {
        self.ledger.mark(offset);
    }

    pub(super) fn needs_topic(&self, topic: &str) -> bool {
        self.sink.needs_topic(topic)
    }

    pub(super) async fn create_topic(&mut self, topic: &str) -> Result<(), SinkError> {
        self.sink.create_topic(topic).await
    }

    /// What hinders delivery just now.
    pub(super) fn trouble(&self) -> Option<String> {
        self.sink.trouble().map(|trouble| trouble.to_string())
    }

    /// Resolves when [`Self::settle`] may have something to do. Cancel-safe.
    pub(super) async fn changed(&mut self) -> Result<(), ConnectorError> {
        match self.storing.as_mut().and_then(|storing| storing.writing.as_mut()) {
            None => self.sink.changed().await,
            Some(writing) => tokio::select! {
                () = self.sink.changed() => {}
                written = writing => {
                    written?;
                    // The receipt that a file cannot send.
                    self.receipts.push(Receipt { ticket: OFFSET, result: Ok(()) });
                    if let Some(storing) = self.storing.as_mut() {
                        storing.writing = None;
                    }
                }
            },
        }
        Ok(())
    }

    /// Takes in receipts. An offset that is now safely stored is handed out: the slot may be told.
    pub(super) fn settle(&mut self) -> Result<Option<Offset>, ConnectorError> {
        let mut receipts = std::mem::take(&mut self.receipts);
        self.sink.receipts(&mut receipts);
        let mut stored = None;
        for receipt in receipts.drain(..) {
            receipt.result?;
            if receipt.ticket == OFFSET {
                stored = self.storing.take().map(|storing| storing.offset);
            } else {
                self.ledger.settle(receipt.ticket);
                self.acknowledged += 1;
            }
        }
        self.receipts = receipts;
        self.retry_overflow()?;
        Ok(stored)
    }

    /// Starts to store the latest position that is safe, unless one is being stored already.
    pub(super) fn store(&mut self) -> Result<(), ConnectorError> {
        if self.storing.is_some() {
            return Ok(());
        }
        let Some(offset) = self.ledger.ready() else { return Ok(()) };
        let writing = match self.store.prepare(&offset) {
            Prepared::Record { topic, partition, key, value } => {
                let record =
                    Record { topic, partition, key: Some(key), value: Some(&value), headers: &[], timestamp: None };
                match self.sink.send(&record, OFFSET) {
                    Ok(()) => self.sink.nudge(),
                    Err(SinkError::Full) => {
                        // Its turn comes again with the next position or the next tick.
                        self.ledger.mark_ready_again(offset);
                        return Ok(());
                    }
                    Err(e) => return Err(e.into()),
                }
                None
            }
            Prepared::File => {
                let (store, offset) = (self.store.clone(), offset.clone());
                let writing: Writing = Box::pin(async move { store.write(&offset).await });
                Some(writing)
            }
        };
        self.storing = Some(Storing { offset, writing });
        Ok(())
    }

    /// Nothing in flight, nothing to store.
    pub(super) fn is_drained(&self) -> bool {
        self.ledger.pending() == 0 && self.overflow.is_empty() && self.storing.is_none() && !self.ledger.has_ready()
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

    pub(super) async fn close(self, within: std::time::Duration) {
        self.sink.close(within).await;
    }

    fn retry_overflow(&mut self) -> Result<(), ConnectorError> {
        while let Some((owned, ticket)) = self.overflow.front() {
            let headers: Vec<_> =
                owned.headers.iter().map(|(name, value)| Header { name, value: value.as_deref() }).collect();
            let record = Record {
                topic: &owned.topic,
                partition: owned.partition,
                key: owned.key.as_deref(),
                value: owned.value.as_deref(),
                headers: &headers,
                timestamp: owned.timestamp,
            };
            match self.sink.send(&record, *ticket) {
                Ok(()) => self.overflow.pop_front(),
                Err(SinkError::Full) => break,
                Err(e) => return Err(e.into()),
            };
        }
        Ok(())
    }
}

impl Outlet for Delivery {
    type Error = SinkError;

    fn take(&mut self, record: &Record<'_>) -> Result<(), SinkError> {
        let ticket = self.ledger.admit(record.size());
        if self.overflow.is_empty() {
            match self.sink.send(record, ticket) {
                Err(SinkError::Full) => {}
                done => return done,
            }
        }
        self.overflow.push_back((Owned::of(record), ticket));
        Ok(())
    }
}

impl Owned {
    fn of(record: &Record<'_>) -> Self {
        Self {
            topic: record.topic.to_owned(),
            partition: record.partition,
            key: record.key.map(<[u8]>::to_vec),
            value: record.value.map(<[u8]>::to_vec),
            headers: record.headers.iter().map(|h| (h.name.to_owned(), h.value.map(<[u8]>::to_vec))).collect(),
            timestamp: record.timestamp,
        }
    }
}
