//! From a decoded row to the bytes of its key and its value, as `connector::emit` writes them.

use walcast::converter::{Buffer, Config as Converter, JsonConfig, Passage, Shape};
use walcast::debezium::{
    Config, Fault, Image, Moment, Op, Prepared, Source, SteadySource, envelope_schema, push_envelope,
};
use walcast::pgoutput::{Cells, Message};
use walcast::words::{Change, Lsn, Old};

use super::table::prepared;
use super::{Decoded, Kind};

/// Connect's JSON converter.
pub(crate) fn converter(schemas: bool) -> Converter {
    Converter::Json(JsonConfig { schemas, ..JsonConfig::default() })
}

/// A table that is ready to be encoded, and the buffers its records go into.
pub(crate) struct Encoder {
    config: Config,
    prepared: Prepared,
    key_shape: Shape,
    row_shape: Shape,
    shape: Shape,
    steady: [SteadySource<Passage>; 1],
    buffer: Buffer,
    faults: Vec<Fault>,
}

impl Encoder {
    pub(crate) fn new(columns: &[Kind], converter: &Converter) -> Self {
        let config = Config { include_unknown_datatypes: true, ..Config::new("shop", "orders") };
        let prepared = prepared(columns, &config);
        let mut buffer = Buffer::default();
        let shape = converter.shape(&envelope_schema(&prepared, &config));
        Self {
            steady: [SteadySource::learn(&prepared, &config, None, &mut shape.open(&mut buffer))],
            key_shape: converter.shape(prepared.key_schema().expect("a key")),
            row_shape: converter.shape(prepared.row_schema()),
            shape,
            config,
            prepared,
            buffer,
            faults: Vec::new(),
        }
    }

    /// The record's key.
    pub(crate) fn key(&mut self, (message, cells): &Decoded<'_>) -> &[u8] {
        let (_, after) = images(message, cells);
        let mut writer = self.key_shape.open(&mut self.buffer);
        self.prepared.push_key(after, &mut writer).expect("a key");
        writer.finish();
        self.buffer.bytes()
    }

    /// The new row alone, without an envelope.
    pub(crate) fn row(&mut self, (message, cells): &Decoded<'_>) -> &[u8] {
        let (_, after) = images(message, cells);
        self.faults.clear();
        let mut writer = self.row_shape.open(&mut self.buffer);
        self.prepared.push_row(after, &mut self.faults, &mut writer).expect("a row");
        writer.finish();
        self.buffer.bytes()
    }

    /// The record's value: the whole envelope.
    pub(crate) fn value(&mut self, (message, cells): &Decoded<'_>) -> &[u8] {
        let (before, after) = images(message, cells);
        let op = if before.is_some() { Op::Update } else { Op::Create };
        let moment = moment(op, &self.prepared);
        self.faults.clear();
        let mut writer = self.shape.open(&mut self.buffer);
        push_envelope(
            &self.prepared,
            &self.config,
            &self.steady,
            (before, Some(after)),
            &moment,
            &mut self.faults,
            &mut writer,
        )
        .expect("an event");
        writer.finish();
        self.buffer.bytes()
    }
}

/// The rows before and after, as `connector::emit` shows them.
fn images<'a>(message: &Message<'_>, cells: &'a Cells<'_>) -> (Option<Image<'a>>, Image<'a>) {
    match message.change(cells) {
        Some((_, Change::Insert { new })) => (None, Image::of(new)),
        Some((_, Change::Update { old: Some(Old::Full(old)), new })) => {
            (Some(Image::of(old)), Image { row: new, old: Some(old) })
        }
        other => unreachable!("the corpus has no {other:?}"),
    }
}

fn moment(op: Op, prepared: &Prepared) -> Moment<'_> {
    let (schema, table) = prepared.qualified();
    let source = Source {
        ts_us: 1_700_000_000_123_456,
        snapshot: None,
        last_commit: Some(Lsn(27_439_872)),
        lsn: Lsn(27_440_072),
        schema,
        table,
        xid: Some(74_321),
        xmin: None,
        origin: None,
    };
    Moment { op, source, transaction: None, ts_ns: 1_700_000_000_987_654_321 }
}
