//! One column, described once: its codec, its schema, and what stands in when there is no value.

use std::sync::Arc;

use super::codec::{self, Codec, Unconvertible};
use super::config::Config;
use super::defaults::default_value;
use super::naming;
use super::types::Types;
use crate::words::Cell;
use crate::words::data::{Schema, Value, ValueSink, push};

/// A column as the catalog and the Relation together describe it.
#[derive(Clone, Debug)]
pub struct ColumnFacts<'a> {
    pub name: &'a str,
    pub type_oid: u32,
    pub typmod: i32,
    pub not_null: bool,
    /// Default expression, if it belongs to a column of this type.
    pub default: Option<&'a str>,
    pub comment: Option<&'a str>,
}

#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: Arc<str>,
    /// Index of its cell in a row.
    pub(super) cell: usize,
    pub(super) schema: Arc<Schema>,
    codec: Codec,
    /// For a required column: what a null becomes. `None`: no such value exists and the event fails.
    fallback: Option<Value>,
    /// For an unchanged toasted value.
    placeholder: Option<Value>,
}

/// Why a value is missing from the record, for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Pushed,
    /// Null went out because the text could not be converted.
    Dropped(Unconvertible),
}

/// A required column has no value and nothing may stand in for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RequiredNull;

impl Column {
    /// `None`: Debezium leaves columns of this type out.
    pub(super) fn describe(facts: &ColumnFacts<'_>, cell: usize, types: &Types, config: &Config) -> Option<Self> {
        let (codec, mut schema) = codec::choose(facts.type_oid, facts.typmod, types, config)?;
        schema.optional = !facts.not_null;
        if config.include_schema_comments {
            schema.doc = facts.comment.map(Arc::from).or(schema.doc);
        }
        if let (Some(expression), Some(resolved)) = (facts.default, types.resolve(facts.type_oid, facts.typmod)) {
            // A column whose type is a domain shows no default, neither its own nor the domain's.
            if !resolved.domain {
                schema.default = default_value(expression, resolved.base, &codec, config.compatibility);
            }
        }
        let fallback = if facts.not_null {
            schema.default.clone().or_else(|| codec::fallback(&codec, &schema))
        } else {
            Some(Value::Null)
        };
        let placeholder = codec::placeholder(&codec, &schema, config);
        let name = naming::field_name(facts.name, config.field_name_adjustment).into();
        Some(Self { name, cell, schema: Arc::new(schema), codec, fallback, placeholder })
    }

    /// Pushes exactly one value. `old` is the same cell of a full old row, which holds what an update left unchanged.
    pub(super) fn push<S: ValueSink>(
        &self,
        cell: Cell<'_>,
        old: Option<Cell<'_>>,
        sink: &mut S,
    ) -> Result<Outcome, RequiredNull> {
        match (cell, old) {
            (Cell::Text(text), _) | (Cell::Unchanged, Some(Cell::Text(text))) => self.convert(text, sink),
            (Cell::Unchanged, Some(Cell::Null)) | (Cell::Null, _) => {
                push(self.fallback.as_ref().ok_or(RequiredNull)?, sink);
                Ok(Outcome::Pushed)
            }
            (Cell::Unchanged, _) => match &self.placeholder {
                Some(value) => {
                    push(value, sink);
                    Ok(Outcome::Pushed)
                }
                None => self.dropped(Unconvertible("an unchanged toasted value the server did not send"), sink),
            },
        }
    }

    fn convert<S: ValueSink>(&self, text: &str, sink: &mut S) -> Result<Outcome, RequiredNull> {
        let before = sink.mark();
        match self.codec.push(text, sink) {
            Ok(()) => Ok(Outcome::Pushed),
            Err(why) => {
                sink.rewind(before);
                self.dropped(why, sink)
            }
        }
    }

    fn dropped<S: ValueSink>(&self, why: Unconvertible, sink: &mut S) -> Result<Outcome, RequiredNull> {
        if !self.schema.optional {
            return Err(RequiredNull);
        }
        sink.null();
        Ok(Outcome::Dropped(why))
    }
}
