//! What is known of a table before it is described: the catalog's word, or a Relation with the catalog's help.

use super::column::ColumnFacts;
use super::config::{Compatibility, Config};
use super::types::Types;
use crate::words::table::{CatalogColumn, CatalogTable};
use crate::words::{Relation, RelationId, ReplicaIdentity};

/// The way rows come: the reference treats a few types differently on the two.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Path {
    Snapshot,
    Stream,
}

/// A table as a row of it will arrive: `columns` are in the order of the row's cells.
#[derive(Clone, Debug)]
pub struct TableFacts<'a> {
    pub id: RelationId,
    pub path: Path,
    pub schema: &'a str,
    pub name: &'a str,
    pub columns: Vec<ColumnFacts<'a>>,
    /// Column names in key order; empty when the table has no key.
    pub key: Vec<&'a str>,
}

impl<'a> TableFacts<'a> {
    /// For a snapshot: the columns that its query reads, in that order.
    pub fn of_catalog(table: &'a CatalogTable, types: &Types, config: &Config) -> Self {
        let key = key_of(table);
        let key =
            config.chosen_key(&table.schema, &table.name, table.columns.iter().map(|c| c.name.as_str())).unwrap_or(key);
        let exact = config.compatibility == Compatibility::Exact;
        let captured =
            |column: &CatalogColumn| config.filters.captures_column(&table.schema, &table.name, &column.name);
        // The reference does not read a key column that is filtered out, unless nothing at all is left.
        let unread = exact && table.columns.iter().any(captured);
        let columns = table
            .columns
            .iter()
            .filter(|column| key.contains(&column.name.as_str()) || captured(column))
            .map(|column| ColumnFacts {
                name: &column.name,
                // The reference finds types by name, first in the table's own schema.
                type_oid: if exact { types.namesake(column.type_oid, &table.schema) } else { column.type_oid },
                typmod: column.typmod,
                not_null: column.not_null,
                // The reference takes what a column is generated from for its default.
                default: column.default.as_deref().filter(|_| exact || !column.generated),
                comment: column.comment.as_deref(),
                absent: unread && !captured(column),
            })
            .collect();
        Self { id: table.id, path: Path::Snapshot, schema: &table.schema, name: &table.name, columns, key }
    }

    /// For the stream. Types come from the Relation, which was true when the rows were written; the catalog of the same
    /// table adds nullability and defaults for the columns that still have that type, and the order of the key.
    pub fn of_relation(relation: &'a Relation, catalog: Option<&'a CatalogTable>, config: &Config) -> Self {
        let present = |name: &str, oid: u32| {
            catalog.and_then(|table| table.column(name)).filter(|column| column.type_oid == oid && !column.generated)
        };
        let columns: Vec<_> = relation
            .columns
            .iter()
            .map(|column| {
                // What is filtered out is unknown to the reference, even when it is in the key.
                let captured = config.filters.captures_column(&relation.schema, &relation.name, &column.name);
                let known = present(&column.name, column.type_oid).filter(|_| captured);
                // Identity columns of a default identity are the primary key, hence never null.
                let identity_key = captured && column.identity && relation.identity == ReplicaIdentity::Default;
                ColumnFacts {
                    name: &column.name,
                    type_oid: column.type_oid,
                    typmod: column.typmod,
                    not_null: identity_key || known.is_some_and(|c| c.not_null),
                    default: known.and_then(|c| c.default.as_deref()),
                    comment: known.and_then(|c| c.comment.as_deref()),
                    absent: false,
                }
            })
            .collect();
        let names = relation.columns.iter().map(|c| c.name.as_str());
        let key = config
            .chosen_key(&relation.schema, &relation.name, names)
            .unwrap_or_else(|| relation_key(relation, catalog));
        Self { id: relation.id, path: Path::Stream, schema: &relation.schema, name: &relation.name, columns, key }
    }
}

/// The primary key, else the unique index that stands in for it.
fn key_of(table: &CatalogTable) -> Vec<&str> {
    let key = if table.primary_key.is_empty() { &table.unique_key } else { &table.primary_key };
    key.iter().map(String::as_str).collect()
}

/// The key at the Relation's position. Under the default identity its flags are the primary key of that moment; the
/// catalog only lends their order. Otherwise the catalog's key, as far as the columns exist.
fn relation_key<'a>(relation: &'a Relation, catalog: Option<&'a CatalogTable>) -> Vec<&'a str> {
    let of_catalog: Vec<&'a str> = catalog.map(key_of).unwrap_or_default();
    let flagged: Vec<&'a str> = relation.columns.iter().filter(|c| c.identity).map(|c| c.name.as_str()).collect();
    if relation.identity == ReplicaIdentity::Default && !flagged.is_empty() {
        let same = flagged.len() == of_catalog.len() && of_catalog.iter().all(|name| flagged.contains(name));
        return if same { of_catalog } else { flagged };
    }
    of_catalog.into_iter().filter(|name| relation.columns.iter().any(|c| c.name == *name)).collect()
}
