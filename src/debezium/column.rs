//! One column, described once: its codec, its schema, and what stands in when there is no value.

use std::sync::Arc;

use super::codec::{self, Chooser, Codec, TimestampUnit, Unconvertible};
use super::config::{Compatibility, FailureMode};
use super::defaults::default_value;
use super::facts::Path;
use super::naming;
use super::propagate::SourceType;
use super::rewrite::{Rewrite, Rewriting};
use crate::words::Cell;
use crate::words::data::{Schema, TreeSink, Value, ValueSink, push};
use crate::words::table::{PgType, PgTypeKind};

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
    /// The reference reads no value of this column, only what stands in for one.
    pub absent: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Column {
    pub(super) name: Arc<str>,
    /// Index of its cell in a row.
    pub(super) cell: usize,
    pub(super) schema: Arc<Schema>,
    codec: Codec,
    absent: bool,
    /// A required column without a value stops the event: in keys, and when failing events are to be left out.
    strict: bool,
    rewrite: Option<Rewrite>,
    /// For a required column: what a null becomes. `None`: no such value exists.
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

/// A required column of a key has no value and nothing may stand in for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RequiredNull;

impl Column {
    /// `None`: Debezium leaves columns of this type out.
    pub(super) fn describe(facts: &ColumnFacts<'_>, cell: usize, chooser: &Chooser<'_>) -> Option<Self> {
        let (types, config) = (chooser.types, chooser.config);
        let (codec, mut schema) = chooser.choose(facts.type_oid, facts.typmod)?;
        let resolved = types.resolve(facts.type_oid, facts.typmod)?;
        // The reference calls PostGIS values optional, whatever the column says.
        schema.optional = !facts.not_null || codec == Codec::Geometry;
        if config.include_schema_comments {
            schema.doc = facts.comment.map(Arc::from).or(schema.doc);
        }
        // A column whose type is a domain shows no default, neither its own nor the domain's.
        if let Some(expression) = facts.default.filter(|_| !resolved.domain) {
            schema.default = default_value(expression, resolved.base, &codec, config.compatibility);
        }
        let never_fails = config.processing_failure == FailureMode::Fail;
        let fallback = if facts.not_null {
            // The reference has none for nanoseconds. Who wants such events left out has them left out.
            let spared = codec == Codec::Timestamp(TimestampUnit::Nanos) && !never_fails;
            schema.default.clone().or_else(|| codec::fallback(&codec, &schema).filter(|_| !spared))
        } else {
            Some(Value::Null)
        };
        let element = match (resolved.domain, &resolved.base.kind) {
            (false, PgTypeKind::Array { element }) => types.declared(*element),
            _ => None,
        };
        let placeholder = codec::placeholder(&codec, element, &schema, config);
        let name = naming::field_name(facts.name, config.field_name_adjustment).into();
        // The reference's stream has no values of this type, unless it takes those of unknown types.
        let is_name = resolved.base.schema == "pg_catalog" && resolved.base.name == "name";
        let lost = is_name
            && !config.include_unknown_datatypes
            && chooser.path == Path::Stream
            && config.compatibility == Compatibility::Exact;
        let absent = facts.absent || lost;
        Some(Self {
            name,
            cell,
            schema: Arc::new(schema),
            codec,
            absent,
            strict: true,
            rewrite: None,
            fallback,
            placeholder,
        })
    }

    /// As a column of the value, which obeys the rules that match it in `table` (`schema.table`); those of keys do not.
    pub(super) fn in_value(mut self, facts: &ColumnFacts<'_>, table: &str, chooser: &Chooser<'_>) -> Self {
        self.strict = chooser.config.processing_failure != FailureMode::Fail;
        let (types, config) = (chooser.types, chooser.config);
        let sequence = facts.default.is_some_and(|default| default.contains("nextval("));
        let source = SourceType::of(facts.type_oid, facts.typmod, sequence, types, chooser.path);
        let resolved = types.resolve(facts.type_oid, facts.typmod);
        let (Some(source), Some(resolved)) = (source, resolved) else { return self };
        let rules = config.rules.of(table, facts.name, &source.name, source.length as usize, config.compatibility);
        let mut schema = Schema::clone(&self.schema);
        if rules.propagate {
            let comment = facts.comment.filter(|_| config.include_schema_comments);
            schema = source.announce(facts.name, comment, schema);
        }
        if let Some(rewrite) = rules.rewrite {
            schema = rewrite.announce(schema);
            self.rewrite = Some(rewrite).filter(|rewrite| rewrite.fits(is_character(resolved.base)));
        }
        self.schema = Arc::new(schema);
        self
    }

    /// Pushes exactly one value. `old` is the same cell of a full old row, which holds what an update left unchanged.
    pub(super) fn push<S: ValueSink>(
        &self,
        cell: Cell<'_>,
        old: Option<Cell<'_>>,
        sink: &mut S,
    ) -> Result<Outcome, RequiredNull> {
        let cell = if self.absent { Cell::Null } else { cell };
        match &self.rewrite {
            None => self.push_plain(cell, old, sink),
            Some(Rewrite::Mask(mask)) => {
                sink.str(mask);
                Ok(Outcome::Pushed)
            }
            Some(rewrite) => self.push_plain(cell, old, &mut Rewriting { rewrite, sink, depth: 0 }),
        }
    }

    /// What a record shows of a cell; `None` when the event would fail.
    pub(super) fn shown(&self, cell: Cell<'_>) -> Option<Value> {
        let mut tree = TreeSink::default();
        self.push(cell, None, &mut tree).ok()?;
        tree.value()
    }

    fn push_plain<S: ValueSink>(
        &self,
        cell: Cell<'_>,
        old: Option<Cell<'_>>,
        sink: &mut S,
    ) -> Result<Outcome, RequiredNull> {
        match (cell, old) {
            (Cell::Text(text), _) | (Cell::Unchanged, Some(Cell::Text(text))) => self.convert(text, sink),
            (Cell::Unchanged, Some(Cell::Null)) | (Cell::Null, _) => {
                let Some(fallback) = &self.fallback else {
                    return self.dropped(Unconvertible("no value, and none of its type may stand in for it"), sink);
                };
                push(fallback, sink);
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
        // The reference fails on a null in a required field. In a key there is no other way; in a value null is the truth.
        if self.strict && !self.schema.optional {
            return Err(RequiredNull);
        }
        sink.null();
        Ok(Outcome::Dropped(why))
    }
}

/// Types the driver takes for text.
fn is_character(base: &PgType) -> bool {
    let builtin =
        base.schema == "pg_catalog" && matches!(base.name.as_str(), "text" | "varchar" | "bpchar" | "char" | "name");
    builtin || matches!(base.kind, PgTypeKind::Enum(_))
}
