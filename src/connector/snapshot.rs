//! The initial snapshot: every captured table as it stood at one point, row by row, through one connection.
//!
//! One row is held back until the next is known, because only then is it clear whether it was the last of its table or of
//! the whole snapshot (`source.snapshot`).

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::time::Interval;
use tokio_util::sync::CancellationToken;

use crate::catalog::copy_text::decode_row;
use crate::catalog::{Catalog, select_sql};
use crate::debezium::{Compatibility, Include, Moment, Op, SnapshotMarker, Source, TableFacts, Types};
use crate::offsets::{self, Offset};
use crate::pg::Address;
use crate::wire::{CopyOut, Peeked, Session};
use crate::words::table::{CatalogTable, TableKind};
use crate::words::{Cell, Change, Lsn, Row, recycle};

use super::blocked::Command;
use super::delivery::Delivery;
use super::emit::Emitter;
use super::error::ConnectorError;
use super::meters::SnapshotMeters;
use super::spans::Span;
use super::standstill::Standstill;
use super::status::{Activity, Publisher};
use super::stream::now_ns;
use super::table::{Blueprint, Table};
use super::tables::describe;

/// The ones of the captured `tables` that a snapshot reads, in its order: by the first pattern of `table.include.list`
/// that matches, then by name.
pub(super) fn readable(tables: &[CatalogTable], blueprint: &Blueprint, via_root: bool) -> Vec<CatalogTable> {
    let config = &blueprint.config;
    let mut readable: Vec<_> = tables
        .iter()
        // The reference reads the rows of partitions twice, from the root and from the leaf; the stream sends them once.
        .filter(|table| match (config.compatibility, table.kind) {
            (Compatibility::Exact, _) | (_, TableKind::Table) => true,
            (_, TableKind::Partitioned) => via_root,
            (_, TableKind::Partition) => !via_root,
        })
        .cloned()
        .collect();
    let rank = |table: &CatalogTable| match &config.filters.tables {
        Include::Only(list) => list.first_match(&format!("{}.{}", table.schema, table.name)),
        _ => None,
    };
    readable.sort_by_cached_key(|table| (rank(table), table.schema.clone(), table.name.clone()));
    readable
}

/// Rows between two updates of the status.
const ROWS_BETWEEN_WORDS: u64 = 1000;

const UNDEFINED_COLUMN: &str = "42703";
const UNDEFINED_TABLE: &str = "42P01";

/// How a snapshot ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Ended {
    Complete,
    /// Stopped before the end: it will be repeated.
    Stopped,
}

/// What stays the same for all rows.
pub(super) struct Snapshot<'a> {
    pub(super) catalog: &'a Catalog,
    pub(super) address: &'a Address,
    pub(super) blueprint: &'a Blueprint,
    pub(super) types: &'a Types,
    pub(super) delivery: &'a mut Delivery,
    pub(super) emitter: Emitter,
    /// The point at which the tables are read.
    pub(super) at: Lsn,
    /// Where the stream goes on, which is before `at` when the slot holds changes that must be sent again. The offset says
    /// this, so that a kill right after the snapshot skips nothing.
    pub(super) from: Lsn,
    pub(super) xid: i64,
    pub(super) now_us: i64,
    pub(super) stop: &'a CancellationToken,
    pub(super) publisher: &'a Publisher,
    pub(super) standstill: Standstill,
    pub(super) look: Interval,
    pub(super) flush: Interval,
    pub(super) spare: Spare,
}

/// Allocations that one row leaves to the next.
#[derive(Default)]
pub(super) struct Spare {
    scratch: Vec<u8>,
    cells: Vec<Cell<'static>>,
}

/// The row held back.
struct Held {
    table: Arc<Table>,
    line: Vec<u8>,
    first_of_snapshot: bool,
    first_of_table: bool,
    last_of_table: bool,
}

impl Snapshot<'_> {
    /// Reads all tables through `session`, in the view of the transaction that it has open.
    pub(super) async fn run(
        &mut self,
        tables: &[CatalogTable],
        session: &mut Session,
    ) -> Result<Ended, ConnectorError> {
        let began = Instant::now();
        let ids: Vec<_> = tables.iter().map(|table| table.id).collect();
        self.meters().begin(tables.len(), self.catalog.estimated_rows(&ids).await?);
        let ended = self.read(tables, session).await;
        self.meters().end(matches!(ended, Ok(Ended::Complete)), began.elapsed());
        ended
    }

    fn meters(&self) -> &SnapshotMeters {
        &self.blueprint.meters.snapshot
    }

    async fn read(&mut self, tables: &[CatalogTable], session: &mut Session) -> Result<Ended, ConnectorError> {
        self.delivery.mark(self.offset(false))?;
        if !self.delivery.is_transactional() {
            // Stored before the first row goes out: whoever finds it knows that rows may have been delivered. In a
            // transaction it is seen together with them.
            self.drain().await?;
        }
        let mut held: Option<Held> = None;
        for (index, table) in tables.iter().enumerate() {
            let span = Span::table(&self.blueprint.meters, table);
            match span.around(self.table(table, session, index == 0, &mut held, &span)).await? {
                Ended::Complete => self.meters().table_done(),
                Ended::Stopped => return Ok(Ended::Stopped),
            }
        }
        if let Some(held) = &held {
            self.emit(held, true)?;
        }
        self.delivery.mark(self.offset(true))?;
        self.drain().await?;
        Ok(Ended::Complete)
    }

    /// Waits until everything is acknowledged and stored, and says how that stands.
    async fn drain(&mut self) -> Result<(), ConnectorError> {
        loop {
            tokio::select! {
                biased;
                drained = self.delivery.drain() => return drained.map(drop),
                _ = self.look.tick() => self.look()?,
            }
        }
    }

    fn offset(&self, completed: bool) -> Offset {
        let snapshot = offsets::Snapshot { kind: "INITIAL".to_owned(), completed, last_record: completed };
        Offset {
            lsn: self.from,
            xid: Some(self.xid),
            ts_usec: Some(self.now_us),
            snapshot: Some(snapshot),
            ours: true,
            ..Offset::default()
        }
    }

    async fn table(
        &mut self,
        table: &CatalogTable,
        session: &mut Session,
        first_table: bool,
        held: &mut Option<Held>,
        span: &Span,
    ) -> Result<Ended, ConnectorError> {
        let facts = TableFacts::of_catalog(table, self.types, &self.blueprint.config);
        let described = Arc::new(describe(self.blueprint, self.types, &facts));
        let name = described.prepared.collection.clone();
        if self.delivery.needs_topic(&described.prepared.topic) {
            self.delivery.create_topic(&described.prepared.topic).await?;
        }
        self.progress(&name, 0);
        let columns = facts.columns.iter().map(|column| column.name);
        let Some(mut copy) = self.open(session, &name, &select_sql(table, columns, false)).await? else {
            return Ok(Ended::Stopped);
        };
        let mut rows = 0u64;
        loop {
            let line = match copy.peek().map_err(ConnectorError::Rows)? {
                Peeked::Row(line) => line,
                Peeked::End => break,
                Peeked::Nothing => match self.more(&mut copy, &name, rows).await? {
                    Ended::Complete => continue,
                    Ended::Stopped => return Ok(Ended::Stopped),
                },
            };
            if let Some(previous) = held.as_ref() {
                self.emit(previous, false)?;
            }
            let mut buffer = held.take().map(|previous| previous.line).unwrap_or_default();
            buffer.clear();
            buffer.extend_from_slice(line);
            copy.consume();
            let first_of_table = rows == 0;
            *held = Some(Held {
                table: described.clone(),
                line: buffer,
                first_of_snapshot: first_table && first_of_table,
                first_of_table,
                last_of_table: false,
            });
            if first_of_table {
                self.publisher.topic(&described.prepared.topic);
            }
            rows += 1;
            // Not for each row: somebody is told of it.
            if rows.is_multiple_of(ROWS_BETWEEN_WORDS) {
                self.progress(&name, rows);
            }
            if !self.delivery.has_room() && self.wait_for_room().await? == Ended::Stopped {
                return Ok(Ended::Stopped);
            }
        }
        span.rows(rows);
        if let Some(held) = held.as_mut().filter(|_| rows > 0) {
            held.last_of_table = true;
        }
        Ok(Ended::Complete)
    }

    /// Waits for more rows; meanwhile receipts are taken in.
    async fn more(&mut self, copy: &mut CopyOut<'_>, table: &str, rows: u64) -> Result<Ended, ConnectorError> {
        if self.delivery.is_transactional() {
            self.delivery.mark(self.offset(false))?;
        }
        self.delivery.settle()?;
        loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Ok(Ended::Stopped),
                filled = copy.fill() => return filled.map(|()| Ended::Complete).map_err(ConnectorError::Rows),
                _ = self.look.tick() => {
                    self.look()?;
                    self.progress(table, rows);
                }
            }
        }
    }

    /// Begins to read, for which nobody may have locked the table away. `None`: stopped meanwhile.
    async fn open<'s>(
        &mut self,
        session: &'s mut Session,
        name: &str,
        sql: &str,
    ) -> Result<Option<CopyOut<'s>>, ConnectorError> {
        let command = Command {
            backend: session.backend(),
            address: self.address,
            consequence: format!("table {name} cannot be read"),
            otherwise: self.activity(name, 0),
        };
        let mut opened = pin!(command.watched(session.copy(sql), self.publisher));
        let copy = loop {
            tokio::select! {
                biased;
                () = self.stop.cancelled() => return Ok(None),
                copy = &mut opened => break copy,
                _ = self.look.tick() => self.look()?,
            }
        };
        copy.map(Some).map_err(|source| match source.sqlstate() {
            // The view is of data only: names are looked up among those of now.
            Some(UNDEFINED_COLUMN | UNDEFINED_TABLE) => {
                ConnectorError::TableChanged { table: name.to_owned(), source: Box::new(source) }
            }
            _ => ConnectorError::Rows(source),
        })
    }

    fn activity(&self, table: &str, rows: u64) -> Activity {
        Activity::Snapshotting { table: table.to_owned(), rows, percent: self.meters().percent() }
    }

    fn progress(&self, table: &str, rows: u64) {
        if !self.standstill.is_standing() {
            self.publisher.activity(self.activity(table, rows));
        }
    }

    /// Says how delivery stands.
    fn look(&mut self) -> Result<(), ConnectorError> {
        self.delivery.settle()?;
        self.delivery.look();
        self.standstill.look(self.delivery, Duration::ZERO, self.publisher);
        Ok(())
    }

    async fn wait_for_room(&mut self) -> Result<Ended, ConnectorError> {
        loop {
            self.delivery.settle()?;
            if self.delivery.has_room() {
                return Ok(Ended::Complete);
            }
            tokio::select! {
                () = self.stop.cancelled() => return Ok(Ended::Stopped),
                changed = self.delivery.changed() => changed?,
                _ = self.flush.tick() => self.delivery.nudge(),
                _ = self.look.tick() => self.look()?,
            }
        }
    }

    fn emit(&mut self, held: &Held, last: bool) -> Result<(), ConnectorError> {
        let prepared = &held.table.prepared;
        let mut cells: Vec<Cell<'_>> = recycle(std::mem::take(&mut self.spare.cells));
        decode_row(&held.line, &mut self.spare.scratch, &mut cells)
            .map_err(|why| ConnectorError::CopyText { table: prepared.collection.clone(), why })?;
        let moment = Moment {
            op: Op::Read,
            source: Source {
                ts_us: self.now_us,
                snapshot: Some(held.marker(last)),
                last_commit: None,
                lsn: self.at,
                schema: &prepared.schema,
                table: &prepared.table,
                xid: Some(self.xid),
                xmin: None,
                origin: None,
            },
            transaction: None,
            ts_ns: now_ns(),
        };
        let change = Change::Read { row: Row { cells: &cells } };
        let (config, meters) = (&self.blueprint.config, &self.blueprint.meters);
        let (now, before) = (moment.ts_ns, self.delivery.taken_bytes());
        self.emitter.emit(&held.table, config, &change, false, &moment, self.delivery)?;
        held.table.meters.count(Op::Read, self.delivery.taken_bytes() - before);
        meters.stream.last_event_ns.set(now);
        meters.snapshot.row();
        self.spare.cells = recycle(cells);
        Ok(())
    }
}

impl Held {
    /// Last beats first, the snapshot beats the table.
    fn marker(&self, last: bool) -> SnapshotMarker {
        match (last, self.first_of_snapshot, self.last_of_table, self.first_of_table) {
            (true, ..) => SnapshotMarker::Last,
            (_, true, ..) => SnapshotMarker::First,
            (_, _, true, _) => SnapshotMarker::LastInCollection,
            (_, _, _, true) => SnapshotMarker::FirstInCollection,
            _ => SnapshotMarker::Within,
        }
    }
}
