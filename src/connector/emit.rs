//! From a change to the records of it: envelope or row, tombstone, the three records of a key change.
//!
//! Everything is rendered into buffers that are kept; between the server's bytes and a `Record` nothing is allocated.

use std::collections::HashMap;
use std::sync::Arc;

use crate::converter::{Buffer, HeaderConfig, Shape};
use crate::debezium::{self, FailureMode, Fault, Image, Moment, Op, Operation, RowError, cloudevents, push_envelope};
use crate::transform::Deletes;
use crate::words::data::{Kind, Schema, ValueSink};
use crate::words::{Change, Header, Record};

use super::table::{AddedHeader, Layout, Table, UnwrappedLayout};

/// Where rendered records go. `Err` stops the rest of the event.
pub(super) trait Outlet {
    type Error;
    fn take(&mut self, record: &Record<'_>) -> Result<(), Self::Error>;
}

#[derive(Debug, thiserror::Error)]
pub(super) enum EmitError<E> {
    #[error(transparent)]
    Row(#[from] RowError),
    /// `event.converting.failure.handling.mode=fail`.
    #[error("column {column} of table {table}: {why}")]
    Conversion { table: String, column: String, why: &'static str },
    #[error(transparent)]
    Outlet(E),
}

/// Renders records of one connector.
#[derive(Debug)]
pub(super) struct Emitter {
    context: Vec<(&'static str, Vec<u8>)>,
    key: Buffer,
    value: Buffer,
    header: Buffer,
    added: Vec<(String, Option<Vec<u8>>)>,
    /// Columns of the event at hand that go out as null.
    faults: Vec<Fault>,
    /// How often each column did, for the log.
    faulty: HashMap<(String, Arc<str>), u64>,
}

/// What one event of a table asks for.
#[derive(Clone, Copy)]
struct Half<'a> {
    key: Image<'a>,
    before: Option<Image<'a>>,
    after: Option<Image<'a>>,
    /// The header that links the halves of a key change.
    link: Option<(&'static str, Image<'a>)>,
}

impl Emitter {
    /// `run_id` is new at each start of the task.
    pub(super) fn new(config: &debezium::Config, headers: &HeaderConfig, run_id: &str) -> Self {
        let context = [
            ("__debezium.context.connectorLogicalName", config.topic_prefix.as_str()),
            ("__debezium.context.taskId", "0"),
            ("__debezium.context.connectorName", "postgresql"),
            ("__debezium.context.runId", run_id),
        ];
        let shape = headers.shape(&Schema::new(Kind::String));
        let context = if config.extended_headers { &context[..] } else { &[] };
        Self {
            context: context.iter().map(|(name, value)| (*name, rendered(&shape, value))).collect(),
            key: Buffer::default(),
            value: Buffer::default(),
            header: Buffer::default(),
            added: Vec::new(),
            faults: Vec::new(),
            faulty: HashMap::new(),
        }
    }

    /// How many events `change` counts as, and whether its key changes: decided before anything is rendered, so that
    /// transaction metadata can give each its place.
    pub(super) fn halves(table: &Table, change: &Change<'_>, config: &debezium::Config) -> Halves {
        let skipped = |operation| config.skipped.contains(operation);
        match change {
            Change::Read { .. } => Halves::One(Op::Read),
            Change::Insert { .. } if skipped(Operation::Create) => Halves::None,
            Change::Insert { .. } => Halves::One(Op::Create),
            Change::Delete { .. } if skipped(Operation::Delete) => Halves::None,
            Change::Delete { .. } => Halves::One(Op::Delete),
            Change::Update { old: Some(old), new }
                if table.key.is_some() && table.prepared.key_changed(old.row(), *new) =>
            {
                match (skipped(Operation::Delete), skipped(Operation::Create)) {
                    (true, true) => Halves::None,
                    (false, true) => Halves::One(Op::Delete),
                    (true, false) => Halves::One(Op::Create),
                    (false, false) => Halves::KeyChange,
                }
            }
            Change::Update { .. } if skipped(Operation::Update) => Halves::None,
            Change::Update { old: Some(crate::words::Old::Full(old)), new }
                if config.skip_messages_without_change && !table.prepared.row_changed(*old, *new) =>
            {
                Halves::None
            }
            Change::Update { .. } => Halves::One(Op::Update),
        }
    }

    /// Renders one half of a change as `moment.op` and hands the records to `outlet`.
    pub(super) fn emit<O: Outlet>(
        &mut self,
        table: &Table,
        config: &debezium::Config,
        change: &Change<'_>,
        key_changes: bool,
        moment: &Moment<'_>,
        outlet: &mut O,
    ) -> Result<(), EmitError<O::Error>> {
        let half = half_of(change, moment.op, key_changes);
        self.key.clear();
        self.header.clear();
        if let Some(keyed) = &table.key {
            let mut writer = keyed.shape.open(&mut self.key);
            table.prepared.push_key(half.key, &mut writer)?;
            writer.finish();
            if let Some((_, image)) = half.link {
                let mut writer = keyed.header.open(&mut self.header);
                table.prepared.push_key(image, &mut writer)?;
                writer.finish();
            }
        }
        match &table.layout {
            Layout::Envelope(_) | Layout::CloudEvent { .. } => self.envelope(table, config, half, moment, outlet),
            Layout::Unwrapped(layout) => self.unwrapped(table, layout, config, half, moment, outlet),
        }
    }

    fn envelope<O: Outlet>(
        &mut self,
        table: &Table,
        config: &debezium::Config,
        half: Half<'_>,
        moment: &Moment<'_>,
        outlet: &mut O,
    ) -> Result<(), EmitError<O::Error>> {
        self.change(table, config, (half.before, half.after), moment)?;
        self.report(table, config)?;
        self.hand_over(table, half, true, outlet)?;
        if moment.op == Op::Delete && config.tombstones_on_delete {
            self.hand_over(table, half, false, outlet)?;
        }
        Ok(())
    }

    /// Renders the value of a change that is not unwrapped.
    fn change(
        &mut self,
        table: &Table,
        config: &debezium::Config,
        rows: (Option<Image<'_>>, Option<Image<'_>>),
        moment: &Moment<'_>,
    ) -> Result<(), RowError> {
        let (prepared, faults) = (&table.prepared, &mut self.faults);
        match &table.layout {
            Layout::Envelope(envelope) => {
                let mut writer = envelope.shape.open(&mut self.value);
                push_envelope(prepared, config, &envelope.steady, rows, moment, faults, &mut writer)?;
                writer.finish();
            }
            Layout::CloudEvent { shape, extensions } => {
                let mut writer = shape.open(&mut self.value);
                cloudevents::push(prepared, config, *extensions, rows, moment, faults, &mut writer)?;
                writer.finish();
            }
            Layout::Unwrapped(_) => {}
        }
        Ok(())
    }

    fn unwrapped<O: Outlet>(
        &mut self,
        table: &Table,
        layout: &UnwrappedLayout,
        config: &debezium::Config,
        half: Half<'_>,
        moment: &Moment<'_>,
        outlet: &mut O,
    ) -> Result<(), EmitError<O::Error>> {
        self.added.clear();
        for AddedHeader { field, shape } in &layout.headers {
            let mut writer = shape.open(&mut self.value);
            field.push(moment, config, &mut writer);
            writer.finish();
            self.added.push((field.name().to_owned(), self.value.value().map(<[u8]>::to_vec)));
        }
        if moment.op != Op::Delete {
            let Some(image) = half.after else { return Ok(()) };
            self.row(table, layout, config, image, moment)?;
            return self.hand_over(table, half, true, outlet);
        }
        match layout.deletes {
            Deletes::Drop | Deletes::DropWithTombstone => {}
            Deletes::DeleteToTombstone => self.hand_over(table, half, false, outlet)?,
            Deletes::Tombstone | Deletes::NullWithTombstone => {
                let mut writer = layout.row.open(&mut self.value);
                writer.null();
                writer.finish();
                self.hand_over(table, half, true, outlet)?;
            }
            Deletes::Rewrite | Deletes::RewriteWithTombstone => {
                let Some(image) = half.before else { return Ok(()) };
                self.row(table, layout, config, image, moment)?;
                self.hand_over(table, half, true, outlet)?;
            }
        }
        let keeps = matches!(
            layout.deletes,
            Deletes::RewriteWithTombstone | Deletes::DropWithTombstone | Deletes::NullWithTombstone
        );
        if keeps && config.tombstones_on_delete {
            // The reference's tombstone shares its delete's headers and gets `op` once more.
            let again = layout.headers.iter().filter(|header| header.field.is_op());
            self.added.extend(
                again.map(|AddedHeader { field, shape }| (field.name().to_owned(), Some(rendered(shape, "d")))),
            );
            self.hand_over(table, half, false, outlet)?;
        }
        Ok(())
    }

    fn row<E>(
        &mut self,
        table: &Table,
        layout: &UnwrappedLayout,
        config: &debezium::Config,
        image: Image<'_>,
        moment: &Moment<'_>,
    ) -> Result<(), EmitError<E>> {
        let mut writer = layout.shape.open(&mut self.value);
        layout.fields.push(&table.prepared, config, image, moment, &mut self.faults, &mut writer)?;
        writer.finish();
        self.report(table, config)
    }

    /// Says, before the record goes out, which columns are null for want of a conversion.
    fn report<E>(&mut self, table: &Table, config: &debezium::Config) -> Result<(), EmitError<E>> {
        for fault in self.faults.drain(..) {
            let (table, column, why) = (&table.prepared.collection, &fault.column, fault.why);
            match config.conversion_failure {
                FailureMode::Fail => {
                    return Err(EmitError::Conversion { table: table.clone(), column: column.to_string(), why });
                }
                FailureMode::Warn => {
                    let times = self.faulty.entry((table.clone(), column.clone())).or_insert(0u64);
                    *times += 1;
                    // A column that is wrong is wrong in each row.
                    if times.is_power_of_two() {
                        let remedy = "correct the value, or leave the column out with column.exclude.list";
                        tracing::warn!(table, %column, times, remedy, "value sent as null: {why}");
                    }
                }
                FailureMode::Skip => {}
            }
        }
        Ok(())
    }

    /// Sends what is in the buffers; without `with_value` it is a tombstone.
    fn hand_over<O: Outlet>(
        &self,
        table: &Table,
        half: Half<'_>,
        with_value: bool,
        outlet: &mut O,
    ) -> Result<(), EmitError<O::Error>> {
        const NONE: Header<'static> = Header { name: "", value: None };
        let mut few = [NONE; 8];
        let mut many = Vec::new();
        let link = half
            .link
            .filter(|_| table.key.is_some())
            .map(|(name, _)| Header { name, value: Some(self.header.bytes()) });
        let context = self.context.iter().map(|(name, value)| Header { name, value: Some(value) });
        let added = self.added.iter().map(|(name, value)| Header { name, value: value.as_deref() });
        let all = link.into_iter().chain(context).chain(added);
        let headers: &[Header<'_>] = if self.added.is_empty() {
            let mut count = 0;
            for (slot, header) in few.iter_mut().zip(all) {
                *slot = header;
                count += 1;
            }
            &few[..count]
        } else {
            many.extend(all);
            &many
        };
        let record = Record {
            topic: &table.prepared.topic,
            partition: None,
            key: table.key.as_ref().and_then(|_| self.key.value()),
            value: self.value.value().filter(|_| with_value),
            headers,
            timestamp: None,
        };
        outlet.take(&record).map_err(EmitError::Outlet)
    }

    /// A truncate: no key, no rows. Unwrapped streams drop it.
    pub(super) fn truncate<O: Outlet>(
        &mut self,
        table: &Table,
        config: &debezium::Config,
        moment: &Moment<'_>,
        outlet: &mut O,
    ) -> Result<(), EmitError<O::Error>> {
        if matches!(table.layout, Layout::Unwrapped(_)) {
            return Ok(());
        }
        self.change(table, config, (None, None), moment)?;
        let headers: Vec<_> = self.context.iter().map(|(name, value)| Header { name, value: Some(value) }).collect();
        let record = Record {
            topic: &table.prepared.topic,
            partition: None,
            key: None,
            value: self.value.value(),
            headers: &headers,
            timestamp: None,
        };
        outlet.take(&record).map_err(EmitError::Outlet)
    }
}

/// A text as a header's bytes.
fn rendered(shape: &Shape, text: &str) -> Vec<u8> {
    let mut buffer = Buffer::default();
    let mut writer = shape.open(&mut buffer);
    writer.str(text);
    writer.finish();
    buffer.bytes().to_vec()
}

/// How many events a change makes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Halves {
    None,
    One(Op),
    /// Delete of the old key, create of the new one.
    KeyChange,
}

fn half_of<'a>(change: &Change<'a>, op: Op, key_changes: bool) -> Half<'a> {
    match *change {
        Change::Read { row } | Change::Insert { new: row } => {
            Half { key: Image::of(row), before: None, after: Some(Image::of(row)), link: None }
        }
        Change::Delete { old } => {
            Half { key: Image::of(old.row()), before: Some(Image::of(old.row())), after: None, link: None }
        }
        Change::Update { old, new } => {
            let full = match old {
                Some(crate::words::Old::Full(row)) => Some(row),
                _ => None,
            };
            let new = Image { row: new, old: full };
            match (op, old.map(|old| Image::of(old.row()))) {
                (Op::Delete, Some(old)) => {
                    let link = key_changes.then_some(("__debezium.newkey", new));
                    Half { key: old, before: Some(old), after: None, link }
                }
                (Op::Create, Some(old)) => {
                    let link = key_changes.then_some(("__debezium.oldkey", old));
                    Half { key: new, before: None, after: Some(new), link }
                }
                (_, before) => Half { key: new, before, after: Some(new), link: None },
            }
        }
    }
}
