//! A table, described once: everything that rows of one shape have in common.

use std::sync::Arc;

use super::codec::Chooser;
use super::column::{Column, Outcome};
use super::config::{Compatibility, Config};
use super::facts::TableFacts;
use super::labels::Labelled;
use super::naming::{self, DataTopic};
use super::types::Types;
use crate::words::data::{Field, Kind, Schema, ValueSink};
use crate::words::{Cell, RelationId, Row};

/// Rows of one shape of one table. Nothing about a type is decided per row.
#[derive(Clone, Debug)]
pub struct Prepared {
    pub id: RelationId,
    pub schema: String,
    pub table: String,
    /// `schema.table`: how transaction metadata counts this table.
    pub collection: String,
    pub topic: Arc<str>,
    key: Vec<Column>,
    /// Tells this table from others of its topic; the last field of the key.
    key_value: Option<String>,
    columns: Vec<Column>,
    key_schema: Option<Schema>,
    row_schema: Arc<Schema>,
    labelled: Vec<Labelled>,
    /// Rows are compared as they are shown, not as they are: the reference sees no change between null and NaN where NaN
    /// cannot be shown.
    as_shown: bool,
}

/// A row as it shall be shown: `old` is the full row before, which holds toasted values an update left unchanged.
#[derive(Clone, Copy, Debug)]
pub struct Image<'a> {
    pub row: Row<'a>,
    pub old: Option<Row<'a>>,
}

impl<'a> Image<'a> {
    pub fn of(row: Row<'a>) -> Self {
        Self { row, old: None }
    }
}

/// A value that went out as null because it could not be converted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub column: Arc<str>,
    pub why: &'static str,
}

/// The row cannot be shown at all; never names a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid value: null used for required field: \"{column}\" of table {table}")]
pub struct RowError {
    pub table: String,
    pub column: Arc<str>,
}

impl Prepared {
    /// The columns whose types have no mapping are left out; their names are returned for the log.
    pub fn describe<'a>(facts: &TableFacts<'a>, types: &Types, config: &Config) -> (Self, Vec<&'a str>) {
        let DataTopic { topic, key_field } = naming::data_topic(config, facts.schema, facts.name);
        let topic: Arc<str> = topic.into();
        let collection = format!("{}.{}", facts.schema, facts.name);
        let chooser = Chooser { types, config, path: facts.path };
        let (mut columns, mut left_out) = (Vec::new(), Vec::new());
        for (cell, column) in facts.columns.iter().enumerate() {
            if !config.filters.captures_column(facts.schema, facts.name, column.name) {
                continue;
            }
            match Column::describe(column, cell, &chooser) {
                Some(described) => columns.push(described.in_value(column, &collection, &chooser)),
                None => left_out.push(column.name),
            }
        }
        let key_cells: Vec<usize> =
            facts.key.iter().filter_map(|name| facts.columns.iter().position(|c| c.name == *name)).collect();
        let key: Vec<Column> =
            key_cells.iter().filter_map(|&cell| Column::describe(&facts.columns[cell], cell, &chooser)).collect();
        // The reference goes on with the labels it knew.
        let labelled = match config.compatibility {
            Compatibility::Exact => Vec::new(),
            Compatibility::Correct => facts
                .columns
                .iter()
                .enumerate()
                .filter_map(|(cell, column)| Labelled::of(column, cell, types))
                .collect(),
        };
        let named = |suffix: &str| naming::schema_name(&format!("{topic}.{suffix}"), config.schema_name_adjustment);
        // A key whose types have no mapping is there all the same, and empty.
        let mut key_fields = fields_of(&key);
        let key_value = key_field.map(|(name, value)| {
            key_fields.push(Field::new(name, Schema::new(Kind::String)));
            value
        });
        let keyed = !key_cells.is_empty() || key_value.is_some();
        let key_schema = keyed.then(|| Schema::of_struct(key_fields).named(named("Key")));
        let row_schema = Arc::new(Schema::of_struct(fields_of(&columns)).named(named("Value")).optional());
        let prepared = Self {
            id: facts.id,
            schema: facts.schema.to_owned(),
            table: facts.name.to_owned(),
            collection,
            topic,
            key,
            key_value,
            columns,
            key_schema,
            row_schema,
            labelled,
            as_shown: config.compatibility == Compatibility::Exact,
        };
        (prepared, left_out)
    }

    /// Schema and table.
    pub fn qualified(&self) -> (&str, &str) {
        (&self.schema, &self.table)
    }

    /// `None`: records of this table have no key.
    pub fn key_schema(&self) -> Option<&Schema> {
        self.key_schema.as_ref()
    }

    /// `<topic>.Value`: optional, the schema of before and after.
    pub fn row_schema(&self) -> &Arc<Schema> {
        &self.row_schema
    }

    pub fn push_key<S: ValueSink>(&self, image: Image<'_>, sink: &mut S) -> Result<(), RowError> {
        sink.begin_struct();
        for column in &self.key {
            // A key column that cannot be converted goes out as null, if it may; the value's copy reports it.
            let old = image.old.map(|row| row.cell(column.cell));
            let pushed = column.push(image.row.cell(column.cell), old, sink);
            pushed.map_err(|_| self.required(column))?;
        }
        if let Some(value) = &self.key_value {
            sink.str(value);
        }
        sink.end();
        Ok(())
    }

    pub fn push_row<S: ValueSink>(
        &self,
        image: Image<'_>,
        faults: &mut Vec<Fault>,
        sink: &mut S,
    ) -> Result<(), RowError> {
        sink.begin_struct();
        self.push_columns(image, faults, sink)?;
        sink.end();
        Ok(())
    }

    /// The columns alone, for a struct that has more fields.
    pub(super) fn push_columns<S: ValueSink>(
        &self,
        image: Image<'_>,
        faults: &mut Vec<Fault>,
        sink: &mut S,
    ) -> Result<(), RowError> {
        for column in &self.columns {
            let old = image.old.map(|row| row.cell(column.cell));
            match column.push(image.row.cell(column.cell), old, sink) {
                Ok(Outcome::Pushed) => {}
                Ok(Outcome::Dropped(why)) => faults.push(Fault { column: column.name.clone(), why: why.0 }),
                Err(_) => return Err(self.required(column)),
            }
        }
        Ok(())
    }

    fn required(&self, column: &Column) -> RowError {
        RowError { table: self.collection.clone(), column: column.name.clone() }
    }

    /// A label of an enumerated type that this description does not have: it was added since.
    pub fn new_label(&self, row: Row<'_>) -> Option<String> {
        self.labelled.iter().find_map(|column| column.stranger(row))
    }

    /// Whether the key of `new` is another than that of `old`.
    pub fn key_changed(&self, old: Row<'_>, new: Row<'_>) -> bool {
        self.key.iter().any(|column| differs(old.cell(column.cell), new.cell(column.cell)))
    }

    /// Whether any captured column of a full old row changed.
    pub fn row_changed(&self, old: Row<'_>, new: Row<'_>) -> bool {
        self.columns.iter().any(|column| {
            let (old, new) = (old.cell(column.cell), new.cell(column.cell));
            differs(old, new) && !(self.as_shown && column.shown(old) == column.shown(new))
        })
    }
}

fn differs(old: Cell<'_>, new: Cell<'_>) -> bool {
    new != Cell::Unchanged && old != new
}

fn fields_of(columns: &[Column]) -> Vec<Field> {
    columns.iter().map(|c| Field::new(c.name.clone(), c.schema.clone())).collect()
}
