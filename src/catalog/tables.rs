//! Tables with their columns and keys.

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::{Catalog, CatalogError};
use crate::words::RelationId;
use crate::words::table::{CatalogColumn, CatalogTable, TableKind};

const TABLES: &str = include_str!("../../sql/catalog/tables.sql");

impl Catalog {
    /// Everything that could be captured: ordinary tables (unlogged ones too), partitioned parents and their leaves, of
    /// all schemas that are not the system's; no views, foreign or temporary tables. Ordered by schema and name.
    pub async fn tables(&self) -> Result<Vec<CatalogTable>, CatalogError> {
        self.read_tables(None).await
    }

    /// The same of these tables; those that are gone or could never be captured are left out.
    pub async fn describe(&self, relations: &[RelationId]) -> Result<Vec<CatalogTable>, CatalogError> {
        let oids: Vec<u32> = relations.iter().map(|relation| relation.0).collect();
        self.read_tables(Some(&oids)).await
    }

    async fn read_tables(&self, oids: Option<&[u32]>) -> Result<Vec<CatalogTable>, CatalogError> {
        let rows = self.rows(TABLES, &[(&oids, Type::OID_ARRAY)]).await?;
        rows.chunk_by(|a, b| oid(a) == oid(b)).map(table).collect()
    }
}

fn oid(row: &Row) -> Option<u32> {
    row.try_get(0).ok()
}

/// One table from its rows, one per column.
fn table(rows: &[Row]) -> Result<CatalogTable, CatalogError> {
    let first = rows.first().ok_or_else(|| CatalogError::Unexpected { why: "a table without rows".to_owned() })?;
    let (relkind, is_partition): (i8, bool) = (first.try_get(3)?, first.try_get(4)?);
    let kind = match (u8::try_from(relkind).unwrap_or_default(), is_partition) {
        (b'p', _) => TableKind::Partitioned,
        (_, true) => TableKind::Partition,
        (_, false) => TableKind::Table,
    };
    Ok(CatalogTable {
        id: RelationId(first.try_get(0)?),
        schema: first.try_get(1)?,
        name: first.try_get(2)?,
        kind,
        columns: rows.iter().filter_map(|row| column(row).transpose()).collect::<Result<_, _>>()?,
        primary_key: key(rows, 12)?,
        unique_key: key(rows, 13)?,
    })
}

/// None for the one row of a table without columns.
fn column(row: &Row) -> Result<Option<CatalogColumn>, CatalogError> {
    let Some(name) = row.try_get(5)? else { return Ok(None) };
    Ok(Some(CatalogColumn {
        name,
        type_oid: row.try_get(6)?,
        typmod: row.try_get(7)?,
        not_null: row.try_get(8)?,
        generated: row.try_get(9)?,
        default: row.try_get(10)?,
        comment: row.try_get(11)?,
    }))
}

/// Column names in the order of the positions that `column` of the query holds.
fn key(rows: &[Row], position: usize) -> Result<Vec<String>, CatalogError> {
    let mut members: Vec<(i32, String)> = Vec::new();
    for row in rows {
        if let Some(at) = row.try_get(position)? {
            members.push((at, row.try_get(5)?));
        }
    }
    members.sort_unstable();
    Ok(members.into_iter().map(|(_, name)| name).collect())
}
