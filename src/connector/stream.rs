//! From frames of the replication stream to records and positions. Synchronous: it takes a frame or says why not.

use std::sync::Arc;
use std::time::SystemTime;

use crate::debezium::transaction::{self, TransactionOrder};
use crate::debezium::{Compatibility, FailureMode, Moment, Op, Source, TransactionBlock, message};
use crate::offsets::{MessageType, Offset, TransactionOrders};
use crate::pgoutput::{self, Cells, Message, OldKind};
use crate::words::{Change, Lsn, Old, Relation, RelationId, Row};

use super::delivery::Delivery;
use super::emit::{EmitError, Emitter, Halves};
use super::error::ConnectorError;
use super::messages::{self, Messages};
use super::metadata::Metadata;
use super::meters::Meters;
use super::plan::Skip;
use super::table::Table;
use super::tables::{Known, Tables};

/// Records between two positions inside one transaction: how much a kill may repeat.
const SLICE: usize = 512;

/// What became of a frame.
pub(super) enum Taken {
    Done,
    /// The frame must stay where it is until this table has been described.
    Errand(Relation),
    /// Nothing was taken: this table must be described anew first, with the types of now.
    Outdated(Relation),
    /// Nothing was taken: this topic must exist first.
    Topic(String),
}

/// Everything the stream remembers between frames.
pub(super) struct Stream {
    pub(super) tables: Tables,
    pub(super) delivery: Delivery,
    emitter: Emitter,
    metadata: Option<Metadata>,
    /// Of the slot, as it was looked up last.
    pub(super) xmin: Option<u32>,
    messages: Messages,
    cells: Cells<'static>,
    open: Option<Transaction>,
    /// End of the last completed transaction: where a restart inside the next one begins.
    commit: Lsn,
    /// The same for `source.sequence`, which the reference starts without.
    sequence_commit: Option<Lsn>,
    /// Of the last transaction, microseconds since the epoch: messages outside of transactions have no time of their own.
    commit_time: Option<i64>,
    /// A message outside of transactions that the stored offset covers.
    told: Option<Lsn>,
    skip: Option<Skip>,
    /// The first event at a foreign offset's position, kept until it is known whether more share its LSN.
    held: Option<Vec<u8>>,
    /// Tickets handed out when the last position was marked.
    marked_at: usize,
    /// The position marked last; keepalives behind it say nothing new.
    marked: Lsn,
}

struct Transaction {
    xid: u32,
    /// Microseconds since the epoch.
    commit_time: i64,
    origin: Option<(String, Lsn)>,
    order: TransactionOrder,
    last: Option<Event>,
}

/// Where an event stands, beside its transaction.
#[derive(Clone, Copy)]
struct At {
    lsn: Lsn,
    last_commit: Option<Lsn>,
    xmin: Option<u32>,
}

impl Transaction {
    fn moment<'a>(
        &'a self,
        op: Op,
        at: At,
        (schema, table): (&'a str, &'a str),
        transaction: Option<TransactionBlock<'a>>,
    ) -> Moment<'a> {
        let source = Source {
            ts_us: self.commit_time,
            snapshot: None,
            last_commit: at.last_commit,
            lsn: at.lsn,
            schema,
            table,
            xid: Some(self.xid.into()),
            xmin: at.xmin,
            origin: self.origin.as_ref().map(|(name, lsn)| (name.as_str(), *lsn)),
        };
        Moment { op, source, transaction, ts_ns: now_ns() }
    }
}

/// The row event taken last.
#[derive(Clone, Copy)]
struct Event {
    lsn: Lsn,
    message: MessageType,
}

impl Stream {
    pub(super) fn new(tables: Tables, delivery: Delivery, run_id: &str, from: Lsn, skip: Option<Skip>) -> Self {
        let config = &tables.blueprint.config;
        Self {
            emitter: Emitter::new(config, &tables.blueprint.header_converter, run_id),
            metadata: config.transaction_metadata.then(|| Metadata::new(&tables.blueprint)),
            xmin: None,
            messages: Messages::new(&tables.blueprint),
            tables,
            delivery,
            cells: Cells::default(),
            open: None,
            commit: from,
            sequence_commit: None,
            commit_time: None,
            told: None,
            skip,
            held: None,
            marked_at: 0,
            marked: from,
        }
    }

    /// Goes on where the stored offset left off: the last commit it knew, and the counters of an interrupted transaction.
    pub(super) fn resume(&mut self, offset: &Offset) {
        self.sequence_commit = offset.commit.or(offset.proc);
        self.told = (offset.message == Some(MessageType::Message) && offset.xid.is_none()).then_some(offset.lsn);
        let orders = offset.transaction.as_ref();
        if let (Some(metadata), Some(orders), Some(skip)) = (&mut self.metadata, orders, self.skip) {
            metadata.resume(skip.xid, orders);
        }
    }

    /// LSN of the row event taken last, inside a transaction.
    pub(super) fn last_event(&self) -> Option<Lsn> {
        self.open.as_ref().and_then(|open| open.last).map(|event| event.lsn)
    }

    /// Topics beside those of tables that records went to.
    pub(super) fn written_beside(&self) -> impl Iterator<Item = &str> {
        self.metadata.as_ref().and_then(Metadata::written).into_iter().chain(self.messages.written())
    }

    pub(super) fn meters(&self) -> &Meters {
        &self.tables.blueprint.meters
    }

    fn at(&self, lsn: Lsn) -> At {
        At { lsn, last_commit: self.sequence_commit, xmin: self.xmin }
    }

    /// The server has sent everything up to `end`.
    pub(super) fn keepalive(&mut self, end: Lsn) -> Result<(), ConnectorError> {
        if self.open.is_some() || end <= self.marked {
            return Ok(());
        }
        let commit = Some(self.commit);
        let message = Some(MessageType::Commit);
        self.mark(Offset { lsn: end, proc: Some(end), commit, message, ours: true, ..Offset::default() })
    }

    fn mark(&mut self, offset: Offset) -> Result<(), ConnectorError> {
        self.marked = offset.lsn;
        self.marked_at = self.delivery.sent();
        self.delivery.mark(offset)
    }

    /// Something was sent that stands for no change of its own (a heartbeat): between transactions the last position
    /// covers it.
    pub(super) fn sent_aside(&mut self) -> Result<(), ConnectorError> {
        if self.open.is_none() { self.delivery.mark_again() } else { Ok(()) }
    }

    /// Marks the end of what was delivered inside the open transaction. Only where the LSN changes.
    pub(super) fn mark_slice(&mut self) -> Result<(), ConnectorError> {
        let Some(open) = &self.open else { return Ok(()) };
        let Some(event) = open.last else { return Ok(()) };
        let transaction = self
            .metadata
            .as_ref()
            .map(|_| TransactionOrders { id: open.xid.to_string(), orders: open.order.collections.clone() });
        self.mark(Offset {
            lsn: event.lsn,
            proc: Some(event.lsn),
            commit: Some(self.commit),
            message: Some(event.message),
            xid: Some(open.xid.into()),
            ts_usec: Some(open.commit_time),
            transaction,
            ours: true,
            ..Offset::default()
        })
    }

    /// Takes one message that began at `lsn`.
    pub(super) fn take(&mut self, lsn: Lsn, payload: &[u8]) -> Result<Taken, ConnectorError> {
        let mut cells = std::mem::take(&mut self.cells).recycle();
        let taken = self.message(lsn, payload, &mut cells);
        self.cells = cells.recycle();
        taken
    }

    fn message<'a>(&mut self, lsn: Lsn, payload: &'a [u8], cells: &mut Cells<'a>) -> Result<Taken, ConnectorError> {
        let message = pgoutput::decode(payload, cells)?;
        let new = Row { cells: &cells.new };
        let old = Row { cells: &cells.old };
        if let Message::Insert { relation } | Message::Update { relation, .. } = message
            && let Some(relation) = self.tables.outdated(relation, new)
        {
            return Ok(Taken::Outdated(relation));
        }
        match message {
            Message::Begin { commit_time, xid, .. } => {
                if let Some(metadata) = &self.metadata
                    && self.delivery.needs_topic(metadata.topic())
                {
                    return Ok(Taken::Topic(metadata.topic().to_owned()));
                }
                self.begin(lsn, xid, commit_time)?;
            }
            Message::Commit { end, .. } => self.commit(lsn, end)?,
            Message::Origin { lsn, name } => {
                if let Some(open) = &mut self.open {
                    open.origin = Some((name.to_owned(), lsn));
                }
            }
            Message::Relation(relation) => {
                return Ok(self.tables.hear(relation).map_or(Taken::Done, Taken::Errand));
            }
            Message::Insert { relation } => self.row(relation, lsn, payload, Change::Insert { new })?,
            Message::Update { relation, old: kind } => {
                let old = match kind {
                    OldKind::None => None,
                    OldKind::Key => Some(Old::Key(old)),
                    OldKind::Full => Some(Old::Full(old)),
                };
                self.row(relation, lsn, payload, Change::Update { old, new })?;
            }
            Message::Delete { relation, old: kind } => {
                let old = if kind == OldKind::Full { Old::Full(old) } else { Old::Key(old) };
                self.row(relation, lsn, payload, Change::Delete { old })?;
            }
            Message::Truncate { relations, .. } => self.truncate(&relations, lsn)?,
            Message::Logical { transactional, lsn, prefix, content } => {
                if messages::wanted(prefix, &self.tables.blueprint.config)
                    && self.delivery.needs_topic(self.messages.topic())
                {
                    return Ok(Taken::Topic(self.messages.topic().to_owned()));
                }
                if transactional {
                    self.inner_message(lsn, payload, prefix, content)?;
                } else {
                    self.outer_message(lsn, prefix, content)?;
                }
            }
            Message::Type => {}
        }
        Ok(Taken::Done)
    }

    fn begin(&mut self, lsn: Lsn, xid: u32, commit_time: i64) -> Result<(), ConnectorError> {
        let mut order = TransactionOrder { xid, ..TransactionOrder::default() };
        if let Some(metadata) = &mut self.metadata {
            match metadata.resumed(xid) {
                Some(resumed) => order = resumed,
                None => metadata.begin(xid, lsn, commit_time, &mut self.delivery)?,
            }
        }
        self.commit_time = Some(commit_time);
        self.delivery.begin(commit_time);
        self.meters().stream.last_xid.set(xid.into());
        self.open = Some(Transaction { xid, commit_time, origin: None, order, last: None });
        Ok(())
    }

    fn commit(&mut self, lsn: Lsn, end: Lsn) -> Result<(), ConnectorError> {
        // A held event was the only one of its LSN: the reference had delivered it.
        self.held = None;
        let Some(open) = self.open.take() else { return Ok(()) };
        if self.skip.is_some_and(|skip| skip.xid == open.xid) {
            self.skip = None;
        }
        if let Some(metadata) = &mut self.metadata {
            metadata.end(&open.order, lsn, open.commit_time, &mut self.delivery)?;
        }
        self.commit = end;
        self.sequence_commit = Some(end);
        self.delivery.end_of_transaction(end);
        self.mark(Offset {
            lsn: end,
            proc: Some(end),
            commit: Some(end),
            message: Some(MessageType::Commit),
            xid: Some(open.xid.into()),
            ts_usec: Some(open.commit_time),
            ours: true,
            ..Offset::default()
        })
    }

    fn row(
        &mut self,
        relation: RelationId,
        lsn: Lsn,
        payload: &[u8],
        change: Change<'_>,
    ) -> Result<(), ConnectorError> {
        let table = match self.tables.get(relation) {
            Some(Known::Captured(table, _)) => table.clone(),
            Some(Known::Passed) => return Ok(()),
            None => return Err(ConnectorError::UnknownRelation(relation.0)),
        };
        if self.delivered_before(lsn, payload)? {
            return Ok(());
        }
        self.slice_before(lsn)?;
        self.event(&table, lsn, &change)?;
        let message = match change {
            Change::Read { .. } | Change::Insert { .. } => MessageType::Insert,
            Change::Update { .. } => MessageType::Update,
            Change::Delete { .. } => MessageType::Delete,
        };
        self.taken(lsn, message);
        Ok(())
    }

    /// A message inside the open transaction.
    fn inner_message(&mut self, lsn: Lsn, payload: &[u8], prefix: &str, content: &[u8]) -> Result<(), ConnectorError> {
        if self.delivered_before(lsn, payload)? {
            return Ok(());
        }
        self.slice_before(lsn)?;
        let at = self.at(lsn);
        let config = &self.tables.blueprint.config;
        if messages::wanted(prefix, config)
            && let Some(open) = &mut self.open
        {
            let id = self.metadata.is_some().then(|| transaction::transaction_id(open.xid, lsn));
            let place = id.as_ref().map(|id| match open.order.next(message::COLLECTION, id) {
                // The reference takes each message for a table of its own.
                place if config.compatibility == Compatibility::Exact => {
                    TransactionBlock { collection_order: 1, ..place }
                }
                place => place,
            });
            let moment = open.moment(Op::Message, at, ("", ""), place);
            self.messages.send(prefix, content, &moment, config, &mut self.delivery)?;
        }
        self.taken(lsn, MessageType::Message);
        Ok(())
    }

    /// A message that counts as committed where it stands.
    fn outer_message(&mut self, lsn: Lsn, prefix: &str, content: &[u8]) -> Result<(), ConnectorError> {
        if self.told.is_some_and(|told| lsn <= told) {
            return Ok(());
        }
        self.commit = lsn;
        self.sequence_commit = Some(lsn);
        let config = &self.tables.blueprint.config;
        let now = now_ns();
        let commit_time = self.commit_time.unwrap_or(now.div_euclid(1000));
        if messages::wanted(prefix, config) {
            let moment = Moment {
                op: Op::Message,
                source: Source {
                    ts_us: commit_time,
                    snapshot: None,
                    last_commit: self.sequence_commit,
                    lsn,
                    schema: "",
                    table: "",
                    xid: None,
                    xmin: self.xmin,
                    origin: None,
                },
                transaction: None,
                ts_ns: now,
            };
            self.messages.send(prefix, content, &moment, config, &mut self.delivery)?;
        }
        self.mark(Offset {
            lsn,
            proc: Some(lsn),
            commit: Some(lsn),
            message: Some(MessageType::Message),
            ts_usec: Some(commit_time),
            ours: true,
            ..Offset::default()
        })
    }

    /// Between two LSNs of a long transaction a position may stand.
    fn slice_before(&mut self, lsn: Lsn) -> Result<(), ConnectorError> {
        let another = self.last_event().is_some_and(|last| last != lsn);
        if another && self.delivery.sent() - self.marked_at >= SLICE { self.mark_slice() } else { Ok(()) }
    }

    fn taken(&mut self, lsn: Lsn, message: MessageType) {
        if let Some(open) = &mut self.open {
            open.last = Some(Event { lsn, message });
        }
    }

    /// Whether the stored offset covers this event.
    fn delivered_before(&mut self, lsn: Lsn, payload: &[u8]) -> Result<bool, ConnectorError> {
        let Some(skip) = self.skip else { return Ok(false) };
        if self.open.as_ref().is_none_or(|open| open.xid != skip.xid) {
            return Ok(false);
        }
        if lsn < skip.upto || (lsn == skip.upto && skip.whole) {
            return Ok(true);
        }
        if lsn == skip.upto && self.held.is_none() {
            self.held = Some(payload.to_vec());
            return Ok(true);
        }
        let held = self.held.take();
        self.skip = None;
        if let Some(held) = held.filter(|_| lsn == skip.upto) {
            tracing::warn!(%lsn, "several events share the position of the stored offset: they are sent again");
            self.take(lsn, &held)?;
        }
        Ok(false)
    }

    fn event(&mut self, table: &Arc<Table>, lsn: Lsn, change: &Change<'_>) -> Result<(), ConnectorError> {
        let ops: &[Op] = match Emitter::halves(table, change, &self.tables.blueprint.config) {
            Halves::None => {
                self.meters().filtered.add(1);
                &[]
            }
            Halves::One(op) => &[op],
            Halves::KeyChange => &[Op::Delete, Op::Create],
        };
        for op in ops {
            self.half(table, lsn, change, *op)?;
        }
        Ok(())
    }

    fn half(&mut self, table: &Table, lsn: Lsn, change: &Change<'_>, op: Op) -> Result<(), ConnectorError> {
        let at = self.at(lsn);
        let config = &self.tables.blueprint.config;
        let Some(open) = &mut self.open else { return Ok(()) };
        let xid = open.xid;
        let id = self.metadata.is_some().then(|| transaction::transaction_id(xid, lsn));
        let place = id.as_ref().map(|id| open.order.next(&table.prepared.collection, id));
        let moment = open.moment(op, at, table.prepared.qualified(), place);
        // An update whose key changes is shown as delete and create; any other update shows itself.
        let key_changes = matches!(change, Change::Update { .. }) && op != Op::Update;
        let (now, before) = (moment.ts_ns, self.delivery.taken_bytes());
        let emitted = self.emitter.emit(table, config, change, key_changes, &moment, &mut self.delivery);
        self.tables.blueprint.meters.event(now, open.commit_time, lsn);
        match emitted {
            Ok(()) => {
                table.meters.count(op, self.delivery.taken_bytes() - before);
                Ok(())
            }
            Err(EmitError::Row(e)) if config.processing_failure != FailureMode::Fail => {
                self.meters().erroneous.add(1);
                // A table that is wrong is wrong for each of its rows.
                if self.meters().erroneous.get().is_power_of_two() {
                    let remedy = "give the table REPLICA IDENTITY FULL";
                    tracing::warn!(%lsn, xid, remedy, "event left out: {e}");
                }
                Ok(())
            }
            Err(e) => Err(e.into()),
        }
    }

    fn truncate(&mut self, relations: &[RelationId], lsn: Lsn) -> Result<(), ConnectorError> {
        if self.tables.blueprint.config.skipped.contains(crate::debezium::Operation::Truncate) {
            return Ok(());
        }
        if self.delivered_before(lsn, &[])? {
            return Ok(());
        }
        self.slice_before(lsn)?;
        let at = self.at(lsn);
        for relation in relations {
            let Some(Known::Captured(table, _)) = self.tables.get(*relation).cloned() else { continue };
            let config = &self.tables.blueprint.config;
            let Some(open) = &mut self.open else { continue };
            let id = self.metadata.is_some().then(|| transaction::transaction_id(open.xid, lsn));
            let place = id.as_ref().map(|id| open.order.next(&table.prepared.collection, id));
            let moment = open.moment(Op::Truncate, at, table.prepared.qualified(), place);
            let before = self.delivery.taken_bytes();
            self.emitter.truncate(&table, config, &moment, &mut self.delivery)?;
            table.meters.count(Op::Truncate, self.delivery.taken_bytes() - before);
        }
        self.taken(lsn, MessageType::Truncate);
        Ok(())
    }
}

/// Our clock, in nanoseconds since the epoch.
pub(super) fn now_ns() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_nanos()).unwrap_or(i64::MAX)
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
