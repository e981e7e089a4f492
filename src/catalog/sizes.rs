//! How large tables are, and their rows: the latter by a sample, as Postgres keeps no such number.

use std::collections::HashMap;

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::{Catalog, CatalogError, quote_table};
use crate::words::RelationId;
use crate::words::table::CatalogTable;

/// Pages read of a table, as far as it has so many, and rows of them.
const PAGES: i32 = 100;
const ROWS: u32 = 200;

/// Of a table on disk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TableSize {
    /// As of the last vacuum or analyze; none when there was none.
    pub rows: Option<u64>,
    /// Without indexes.
    pub bytes: u64,
}

impl Catalog {
    /// Tables that are gone are left out.
    pub async fn table_sizes(&self, tables: &[RelationId]) -> Result<HashMap<RelationId, TableSize>, CatalogError> {
        let oids: Vec<u32> = tables.iter().map(|relation| relation.0).collect();
        let rows = self.rows(include_str!("../../sql/catalog/table_sizes.sql"), &[(&oids, Type::OID_ARRAY)]).await?;
        let size = |row: &Row| {
            let (rows, bytes): (i64, i64) = (row.try_get(1)?, row.try_get(2)?);
            Ok((RelationId(row.try_get(0)?), TableSize { rows: u64::try_from(rows).ok(), bytes: bytes.unsigned_abs() }))
        };
        rows.iter().map(size).collect()
    }

    /// The ones of `tables` that hold values too large for a page, at most `most`, and how many pages each has.
    pub async fn toasted(&self, tables: &[RelationId], most: i64) -> Result<Vec<(RelationId, i32)>, CatalogError> {
        let oids: Vec<u32> = tables.iter().map(|relation| relation.0).collect();
        let sql = include_str!("../../sql/catalog/toasted.sql");
        let rows = self.rows(sql, &[(&oids, Type::OID_ARRAY), (&most, Type::INT8)]).await?;
        rows.iter().map(|row| Ok((RelationId(row.try_get(0)?), row.try_get(1)?))).collect()
    }

    /// Bytes of the largest row, as text, among some from all over the table; none when no row was met.
    pub async fn widest_row(&self, table: &CatalogTable, pages: i32) -> Result<Option<u64>, CatalogError> {
        let percent = if pages <= PAGES { 100.0 } else { 100.0 * f64::from(PAGES) / f64::from(pages) };
        let name = quote_table(&table.schema, &table.name);
        let sample = format!("SELECT * FROM {name} TABLESAMPLE SYSTEM ({percent}) LIMIT {ROWS}");
        let row = self.one(&format!("SELECT max(octet_length(t::text))::int8 FROM ({sample}) t"), &[]).await?;
        Ok(row.try_get::<_, Option<i64>>(0)?.map(i64::unsigned_abs))
    }
}
