//! Labels that an enumerated type got after its column was described: `ALTER TYPE ... ADD VALUE` sends no Relation.

use super::codec::for_each_item;
use super::column::ColumnFacts;
use super::types::Types;
use crate::words::table::PgTypeKind;
use crate::words::{Cell, Row};

/// A column of an enumerated type, or of an array of one.
#[derive(Clone, Debug)]
pub(super) struct Labelled {
    cell: usize,
    known: Vec<String>,
    array: bool,
}

impl Labelled {
    pub(super) fn of(facts: &ColumnFacts<'_>, cell: usize, types: &Types) -> Option<Self> {
        let base = types.resolve(facts.type_oid, facts.typmod)?.base;
        let (base, array) = match base.kind {
            PgTypeKind::Array { element } => (types.declared(element)?, true),
            _ => (base, false),
        };
        let PgTypeKind::Enum(labels) = &base.kind else { return None };
        Some(Self { cell, known: labels.clone(), array })
    }

    /// A label of the row that is not among the known ones.
    pub(super) fn stranger(&self, row: Row<'_>) -> Option<String> {
        let Cell::Text(text) = row.cell(self.cell) else { return None };
        let is_known = |label: &str| self.known.iter().any(|known| known == label);
        if !self.array {
            return (!is_known(text)).then(|| text.to_owned());
        }
        let mut found = None;
        for_each_item(text, |label| {
            if found.is_none() && !is_known(label) {
                found = Some(label.to_owned());
            }
        });
        found
    }
}
