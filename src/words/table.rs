//! What the catalog says of a table, beyond what its Relation message says.

use super::RelationId;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CatalogTable {
    pub id: RelationId,
    pub schema: String,
    pub name: String,
    pub kind: TableKind,
    /// In `attnum` order, dropped ones left out.
    pub columns: Vec<CatalogColumn>,
    /// Column names in key order; empty without a primary key.
    pub primary_key: Vec<String>,
    /// Columns (`INCLUDE`d ones too) of the unique index that stands in for a missing primary key: the first by index
    /// name without expressions. Empty when there is none.
    pub unique_key: Vec<String>,
}

impl CatalogTable {
    pub fn column(&self, name: &str) -> Option<&CatalogColumn> {
        self.columns.iter().find(|column| column.name == name)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TableKind {
    Table,
    /// The root or an inner node of a partition tree.
    Partitioned,
    Partition,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CatalogColumn {
    pub name: String,
    pub type_oid: u32,
    pub typmod: i32,
    pub not_null: bool,
    /// `pg_get_expr` of the default, or of what a generated column is made of.
    pub default: Option<String>,
    /// `GENERATED ALWAYS AS (...) STORED`: read by a snapshot, absent from the stream.
    pub generated: bool,
    pub comment: Option<String>,
}

/// One row of `pg_type`, as far as a codec depends on it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PgType {
    pub oid: u32,
    pub schema: String,
    pub name: String,
    /// What stands between two of its values in an array literal: a comma, but for `box` and PostGIS.
    pub delimiter: char,
    pub kind: PgTypeKind,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum PgTypeKind {
    Base,
    /// Labels in sort order.
    Enum(Vec<String>),
    Domain {
        base: u32,
        typmod: i32,
    },
    Array {
        element: u32,
    },
    /// Composite, range, multirange, pseudo.
    Other,
}
