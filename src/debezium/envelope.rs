//! The envelope of a change and its source block.

use std::fmt::Write;
use std::sync::{Arc, LazyLock};

use super::config::Config;
use super::prepared::{Fault, Image, Prepared, RowError};
use super::{naming, text::Text};
use crate::words::Lsn;
use crate::words::data::{Field, Kind, Repeat, Schema, Value, ValueSink};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Op {
    Create,
    Update,
    Delete,
    Truncate,
    Read,
    Message,
}

impl Op {
    pub fn code(self) -> &'static str {
        match self {
            Self::Create => "c",
            Self::Update => "u",
            Self::Delete => "d",
            Self::Truncate => "t",
            Self::Read => "r",
            Self::Message => "m",
        }
    }
}

/// `source.snapshot` of a row that a snapshot read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SnapshotMarker {
    First,
    FirstInCollection,
    Within,
    LastInCollection,
    Last,
}

impl SnapshotMarker {
    fn text(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::FirstInCollection => "first_in_data_collection",
            Self::Within => "true",
            Self::LastInCollection => "last_in_data_collection",
            Self::Last => "last",
        }
    }
}

/// Where a change comes from.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    /// Commit time, or the time of the snapshot: microseconds since the epoch.
    pub ts_us: i64,
    /// `None` while streaming.
    pub snapshot: Option<SnapshotMarker>,
    /// End of the last transaction that was complete before this change.
    pub last_commit: Option<Lsn>,
    pub lsn: Lsn,
    pub schema: &'a str,
    pub table: &'a str,
    pub xid: Option<i64>,
    /// `catalog_xmin` of the slot, if it is looked up.
    pub xmin: Option<u32>,
    pub origin: Option<(&'a str, Lsn)>,
}

/// Place of an event in its transaction (`provide.transaction.metadata`).
#[derive(Clone, Copy, Debug)]
pub struct TransactionBlock<'a> {
    pub id: &'a str,
    pub total_order: i64,
    pub collection_order: i64,
}

/// Everything about an event but its rows.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    pub op: Op,
    pub source: Source<'a>,
    pub transaction: Option<TransactionBlock<'a>>,
    /// Our clock: nanoseconds since the epoch.
    pub ts_ns: i64,
}

/// LSNs and sequence numbers go out as Java's signed longs.
pub(super) fn long(lsn: Lsn) -> i64 {
    lsn.0.cast_signed()
}

impl Source<'_> {
    pub(super) fn push<S: ValueSink>(&self, config: &Config, sink: &mut S) {
        sink.begin_struct();
        for field in SourceField::ALL {
            self.push_field(field, config, sink);
        }
        sink.end();
    }

    fn push_around<S: Repeat>(&self, steady: &SteadySource<S::Passage>, config: &Config, sink: &mut S) {
        sink.begin_struct();
        for ((_, moving), passage) in PARTS.iter().zip(&steady.passages) {
            sink.repeat(passage);
            for field in *moving {
                self.push_field(*field, config, sink);
            }
        }
        sink.end();
    }

    pub(super) fn push_field<S: ValueSink>(&self, field: SourceField, config: &Config, sink: &mut S) {
        match field {
            SourceField::Version => sink.str(&config.version),
            SourceField::Connector => sink.str("postgresql"),
            SourceField::Name => sink.str(&config.topic_prefix),
            SourceField::TsMs => sink.int(self.ts_us.div_euclid(1000)),
            SourceField::Snapshot => match self.snapshot {
                Some(marker) => sink.str(marker.text()),
                None => sink.null(),
            },
            SourceField::Db => sink.str(&config.database),
            SourceField::Sequence => sink.str(&self.sequence()),
            SourceField::TsUs => sink.int(self.ts_us),
            SourceField::TsNs => sink.int(self.ts_us.wrapping_mul(1000)),
            SourceField::Schema => sink.str(self.schema),
            SourceField::Table => sink.str(self.table),
            SourceField::TxId => match self.xid {
                Some(xid) => sink.int(xid),
                None => sink.null(),
            },
            SourceField::Lsn => sink.int(long(self.lsn)),
            SourceField::Xmin => match self.xmin {
                Some(xmin) => sink.int(xmin.into()),
                None => sink.null(),
            },
            SourceField::Origin => match self.origin {
                Some((name, _)) => sink.str(name),
                None => sink.null(),
            },
            SourceField::OriginLsn => match self.origin {
                Some((_, lsn)) => sink.int(long(lsn)),
                None => sink.null(),
            },
        }
    }

    /// `["27439872","27440072"]`, the first being null until a commit has been seen.
    pub(super) fn sequence(&self) -> Text<64> {
        let mut text = Text::default();
        // Two numbers of at most twenty digits fit.
        let _ = (|| {
            match self.last_commit {
                Some(commit) => {
                    text.write_str("[\"")?;
                    text.push_number(commit.0, 1)?;
                    text.write_str("\",\"")?;
                }
                None => text.write_str("[null,\"")?,
            }
            text.push_number(self.lsn.0, 1)?;
            text.write_str("\"]")
        })();
        text
    }
}

/// The fields of the source block, in order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum SourceField {
    Version,
    Connector,
    Name,
    TsMs,
    Snapshot,
    Db,
    Sequence,
    TsUs,
    TsNs,
    Schema,
    Table,
    TxId,
    Lsn,
    Xmin,
    Origin,
    OriginLsn,
}

impl SourceField {
    pub(super) const ALL: [Self; 16] = [
        Self::Version,
        Self::Connector,
        Self::Name,
        Self::TsMs,
        Self::Snapshot,
        Self::Db,
        Self::Sequence,
        Self::TsUs,
        Self::TsNs,
        Self::Schema,
        Self::Table,
        Self::TxId,
        Self::Lsn,
        Self::Xmin,
        Self::Origin,
        Self::OriginLsn,
    ];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::Connector => "connector",
            Self::Name => "name",
            Self::TsMs => "ts_ms",
            Self::Snapshot => "snapshot",
            Self::Db => "db",
            Self::Sequence => "sequence",
            Self::TsUs => "ts_us",
            Self::TsNs => "ts_ns",
            Self::Schema => "schema",
            Self::Table => "table",
            Self::TxId => "txId",
            Self::Lsn => "lsn",
            Self::Xmin => "xmin",
            Self::Origin => "origin",
            Self::OriginLsn => "origin_lsn",
        }
    }

    pub(super) fn schema(self) -> Schema {
        let kind = match self {
            Self::TsMs | Self::TsUs | Self::TsNs | Self::TxId | Self::Lsn | Self::Xmin | Self::OriginLsn => Kind::Int64,
            _ => Kind::String,
        };
        let required = matches!(
            self,
            Self::Version | Self::Connector | Self::Name | Self::TsMs | Self::Db | Self::Schema | Self::Table
        );
        let schema = Schema::new(kind).optional_if(!required);
        match self {
            Self::Snapshot => schema
                .named("io.debezium.data.Enum")
                .version(1)
                .parameter(
                    "allowed",
                    "true,first,first_in_data_collection,last_in_data_collection,last,false,incremental",
                )
                .default_value(Value::String("false".to_owned())),
            _ => schema,
        }
    }
}

/// The fields of the block in order: those that are the same in most changes of a table, then those that are not; and again.
const PARTS: [(&[SourceField], &[SourceField]); 4] = {
    use SourceField::*;
    [
        (&[Version, Connector, Name], &[TsMs]),
        (&[Snapshot, Db], &[Sequence, TsUs, TsNs]),
        (&[Schema, Table], &[TxId, Lsn]),
        (&[Xmin, Origin, OriginLsn], &[]),
    ]
};

/// What is the same in the source blocks of a table's changes, as a sink wrote it: most of the block need not be rendered
/// for each of them.
#[derive(Debug)]
pub struct SteadySource<P> {
    snapshot: Option<SnapshotMarker>,
    passages: [P; PARTS.len()],
}

impl<P> SteadySource<P> {
    /// `sink`: just opened on the shape of `envelope_schema`, and of no use afterwards.
    pub fn learn<S: Repeat<Passage = P>>(
        prepared: &Prepared,
        config: &Config,
        snapshot: Option<SnapshotMarker>,
        sink: &mut S,
    ) -> Self {
        let (schema, table) = prepared.qualified();
        let (ts_us, lsn, last_commit) = (0, Lsn::ZERO, None);
        let source = Source { ts_us, snapshot, last_commit, lsn, schema, table, xid: None, xmin: None, origin: None };
        sink.begin_struct();
        sink.null();
        sink.null();
        sink.begin_struct();
        let passages = PARTS.map(|(steady, moving)| {
            let from = sink.mark();
            steady.iter().for_each(|field| source.push_field(*field, config, sink));
            let passage = sink.passage(from);
            moving.iter().for_each(|field| source.push_field(*field, config, sink));
            passage
        });
        Self { snapshot, passages }
    }

    fn is_of(&self, source: &Source<'_>) -> bool {
        self.snapshot == source.snapshot && source.xmin.is_none() && source.origin.is_none()
    }
}

static SOURCE: LazyLock<Arc<Schema>> = LazyLock::new(|| {
    let fields = SourceField::ALL.into_iter().map(|field| Field::new(field.name(), field.schema())).collect();
    Arc::new(Schema::of_struct(fields).named("io.debezium.connector.postgresql.Source").version(1))
});

static TRANSACTION_BLOCK: LazyLock<Arc<Schema>> = LazyLock::new(|| {
    let fields = vec![
        Field::new("id", Schema::new(Kind::String)),
        Field::new("total_order", Schema::new(Kind::Int64)),
        Field::new("data_collection_order", Schema::new(Kind::Int64)),
    ];
    Arc::new(Schema::of_struct(fields).named("event.block").version(1).optional())
});

pub(super) fn source_schema() -> Arc<Schema> {
    SOURCE.clone()
}

pub(super) fn transaction_block_schema() -> Arc<Schema> {
    TRANSACTION_BLOCK.clone()
}

impl TransactionBlock<'_> {
    fn push<S: ValueSink>(&self, sink: &mut S) {
        sink.begin_struct();
        sink.str(self.id);
        sink.int(self.total_order);
        sink.int(self.collection_order);
        sink.end();
    }
}

impl Moment<'_> {
    pub(super) fn push_transaction<S: ValueSink>(&self, sink: &mut S) {
        match &self.transaction {
            Some(block) => block.push(sink),
            None => sink.null(),
        }
    }
}

/// `<topic>.Envelope` of a table.
pub fn envelope_schema(prepared: &Prepared, config: &Config) -> Schema {
    let name = naming::schema_name(&format!("{}.Envelope", prepared.topic), config.schema_name_adjustment);
    let time = || Schema::new(Kind::Int64).optional();
    Schema::of_struct(vec![
        Field::new("before", prepared.row_schema().clone()),
        Field::new("after", prepared.row_schema().clone()),
        Field::new("source", source_schema()),
        Field::new("transaction", transaction_block_schema()),
        Field::new("op", Schema::new(Kind::String)),
        Field::new("ts_ms", time()),
        Field::new("ts_us", time()),
        Field::new("ts_ns", time()),
    ])
    .named(name)
    .version(2)
}

/// Pushes a whole envelope: the rows before and after, and around them what `moment` says. `faults` collects what went out as
/// null for want of a conversion.
pub fn push_envelope<S: Repeat>(
    prepared: &Prepared,
    config: &Config,
    steady: &[SteadySource<S::Passage>],
    (before, after): (Option<Image<'_>>, Option<Image<'_>>),
    moment: &Moment<'_>,
    faults: &mut Vec<Fault>,
    sink: &mut S,
) -> Result<(), RowError> {
    sink.begin_struct();
    for image in [before, after] {
        match image {
            Some(image) => prepared.push_row(image, faults, sink)?,
            None => sink.null(),
        }
    }
    match steady.iter().find(|steady| steady.is_of(&moment.source)) {
        Some(steady) => moment.source.push_around(steady, config, sink),
        None => moment.source.push(config, sink),
    }
    moment.push_transaction(sink);
    sink.str(moment.op.code());
    sink.int(moment.ts_ns.div_euclid(1_000_000));
    sink.int(moment.ts_ns.div_euclid(1000));
    sink.int(moment.ts_ns);
    sink.end();
    Ok(())
}
