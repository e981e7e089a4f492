//! `ALTER TABLE ... REPLICA IDENTITY`.

use tokio_postgres::types::Type;

use super::{Catalog, CatalogError, quote_ident, quote_table};
use crate::words::table::CatalogTable;

/// What the WAL says of old rows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Identity {
    Default,
    Nothing,
    Full,
    /// The columns of this unique index.
    Index(String),
}

impl Identity {
    /// `relreplident`, and the index that it may name.
    pub(super) fn of(kind: &str, index: Option<String>) -> Self {
        match (kind, index) {
            ("n", _) => Self::Nothing,
            ("f", _) => Self::Full,
            ("i", Some(index)) => Self::Index(index),
            _ => Self::Default,
        }
    }
}

impl Catalog {
    /// Sets the identity unless the table has it already; answers whether it was changed.
    pub async fn set_identity(&self, table: &CatalogTable, identity: &Identity) -> Result<bool, CatalogError> {
        let row = self.one(include_str!("../../sql/catalog/identity.sql"), &[(&table.id.0, Type::OID)]).await?;
        if Identity::of(row.try_get(0)?, row.try_get(1)?) == *identity {
            return Ok(false);
        }
        self.execute(&alter_sql(table, identity)).await?;
        Ok(true)
    }
}

fn alter_sql(table: &CatalogTable, identity: &Identity) -> String {
    let wanted = match identity {
        Identity::Default => "DEFAULT".to_owned(),
        Identity::Nothing => "NOTHING".to_owned(),
        Identity::Full => "FULL".to_owned(),
        Identity::Index(name) => format!("USING INDEX {}", quote_ident(name)),
    };
    format!("ALTER TABLE {} REPLICA IDENTITY {wanted}", quote_table(&table.schema, &table.name))
}
