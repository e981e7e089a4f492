//! `ExtractNewRecordState` in its direct form: the row with a few fields of the envelope behind it.

use super::config::Config;
use super::envelope::{Moment, SourceField};
use super::prepared::{Fault, Image, Prepared, RowError};
use crate::words::data::{Field, Kind, Schema, ValueSink};

/// What is pushed behind the columns.
#[derive(Clone, Debug)]
pub struct Unwrapped {
    /// `__deleted`, for the modes that rewrite deletes.
    deleted: bool,
    deleted_last: bool,
    added: Vec<AddedField>,
}

/// A field of the envelope under its new name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddedField {
    path: Path,
    name: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Path {
    Op,
    TsMs,
    TsUs,
    TsNs,
    Source(SourceField),
    TransactionId,
    TotalOrder,
    CollectionOrder,
}

impl AddedField {
    /// `None`: the envelope has no such field, and the reference leaves it out silently.
    pub fn new(from: Option<&str>, field: &str, name: &str) -> Option<Self> {
        let of_envelope = || {
            Some(match field {
                "op" => Path::Op,
                "ts_ms" => Path::TsMs,
                "ts_us" => Path::TsUs,
                "ts_ns" => Path::TsNs,
                _ => return None,
            })
        };
        let of_transaction = || {
            Some(match field {
                "id" => Path::TransactionId,
                "total_order" => Path::TotalOrder,
                "data_collection_order" => Path::CollectionOrder,
                _ => return None,
            })
        };
        let of_source = || SourceField::ALL.into_iter().find(|f| f.name() == field).map(Path::Source);
        let path = match from {
            None => of_envelope().or_else(of_transaction).or_else(of_source),
            Some("source") => of_source(),
            Some("transaction") => of_transaction(),
            Some(_) => None,
        }?;
        Some(Self { path, name: name.to_owned() })
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    pub fn is_op(&self) -> bool {
        self.path == Path::Op
    }

    /// A copy of the field's schema, optional and without its default.
    pub fn schema(&self) -> Schema {
        let schema = match self.path {
            Path::Op | Path::TransactionId => Schema::new(Kind::String),
            Path::TsMs | Path::TsUs | Path::TsNs | Path::TotalOrder | Path::CollectionOrder => Schema::new(Kind::Int64),
            Path::Source(field) => field.schema(),
        };
        Schema { default: None, ..schema.optional() }
    }

    pub fn push<S: ValueSink>(&self, moment: &Moment<'_>, config: &Config, sink: &mut S) {
        match (self.path, &moment.transaction) {
            (Path::Op, _) => sink.str(moment.op.code()),
            (Path::TsMs, _) => sink.int(moment.ts_ns.div_euclid(1_000_000)),
            (Path::TsUs, _) => sink.int(moment.ts_ns.div_euclid(1000)),
            (Path::TsNs, _) => sink.int(moment.ts_ns),
            (Path::Source(field), _) => moment.source.push_field(field, config, sink),
            (Path::TransactionId, Some(block)) => sink.str(block.id),
            (Path::TotalOrder, Some(block)) => sink.int(block.total_order),
            (Path::CollectionOrder, Some(block)) => sink.int(block.collection_order),
            (Path::TransactionId | Path::TotalOrder | Path::CollectionOrder, None) => sink.null(),
        }
    }
}

impl Unwrapped {
    pub fn new(deleted: bool, deleted_last: bool, added: Vec<AddedField>) -> Self {
        Self { deleted, deleted_last, added }
    }

    /// A required struct under the row's name: the reference rebuilds it and forgets that it was optional.
    pub fn schema(&self, prepared: &Prepared) -> Schema {
        let row = prepared.row_schema();
        let mut fields = row.fields().to_vec();
        let behind = fields.len();
        fields.extend(self.added.iter().map(|field| Field::new(field.name.as_str(), field.schema())));
        if self.deleted {
            let at = if self.deleted_last { fields.len() } else { behind };
            fields.insert(at, Field::new("__deleted", Schema::new(Kind::String).optional()));
        }
        Schema { name: row.name.clone(), ..Schema::of_struct(fields) }
    }

    pub fn push<S: ValueSink>(
        &self,
        prepared: &Prepared,
        config: &Config,
        image: Image<'_>,
        moment: &Moment<'_>,
        faults: &mut Vec<Fault>,
        sink: &mut S,
    ) -> Result<(), RowError> {
        sink.begin_struct();
        prepared.push_columns(image, faults, sink)?;
        let deleted = if moment.op == super::Op::Delete { "true" } else { "false" };
        if self.deleted && !self.deleted_last {
            sink.str(deleted);
        }
        for field in &self.added {
            field.push(moment, config, sink);
        }
        if self.deleted && self.deleted_last {
            sink.str(deleted);
        }
        sink.end();
        Ok(())
    }
}
