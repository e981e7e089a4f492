//! `pg_type`, as far as a codec depends on it.

use tokio_postgres::types::Type;

use super::{Catalog, CatalogError};
use crate::words::table::{PgType, PgTypeKind};

const TYPES: &str = include_str!("../../sql/catalog/types.sql");

impl Catalog {
    /// Every type of the database, ordered by oid.
    pub async fn types(&self) -> Result<Vec<PgType>, CatalogError> {
        self.read_types(None).await
    }

    /// The types with these oids; unknown ones are left out.
    pub async fn types_by_oid(&self, oids: &[u32]) -> Result<Vec<PgType>, CatalogError> {
        self.read_types(Some(oids)).await
    }

    async fn read_types(&self, oids: Option<&[u32]>) -> Result<Vec<PgType>, CatalogError> {
        let rows = self.rows(TYPES, &[(&oids, Type::OID_ARRAY)]).await?;
        rows.iter().map(pg_type).collect()
    }
}

fn pg_type(row: &tokio_postgres::Row) -> Result<PgType, CatalogError> {
    let (typtype, element): (i8, u32) = (row.try_get(3)?, row.try_get(4)?);
    let kind = match u8::try_from(typtype).unwrap_or_default() {
        b'b' if element != 0 => PgTypeKind::Array { element },
        b'b' => PgTypeKind::Base,
        b'e' => PgTypeKind::Enum(row.try_get(7)?),
        b'd' => PgTypeKind::Domain { base: row.try_get(5)?, typmod: row.try_get(6)? },
        _ => PgTypeKind::Other,
    };
    let delimiter = char::from(u8::try_from(row.try_get::<_, i8>(8)?).unwrap_or(b','));
    Ok(PgType { oid: row.try_get(0)?, schema: row.try_get(1)?, name: row.try_get(2)?, delimiter, kind })
}
