//! `replica.identity.autoset.values`: what the WAL says of old rows, set by the connector at its start.

use crate::catalog::{Catalog, Identity};
use crate::debezium::pattern::Pattern;
use crate::words::table::{CatalogTable, TableKind};

/// One rule of the setting.
#[derive(Clone, Debug)]
pub struct IdentityRule {
    /// Matched against `schema.table`.
    pub table: Pattern,
    pub identity: Identity,
}

/// The first rule that matches a captured table counts. What fails is logged only, as in the reference: the stream is
/// right without it, it just knows less of old rows.
pub(super) async fn ensure(catalog: &Catalog, rules: &[IdentityRule], tables: &[CatalogTable]) {
    for table in tables.iter().filter(|table| table.kind != TableKind::Partitioned) {
        let name = format!("{}.{}", table.schema, table.name);
        let Some(rule) = rules.iter().find(|rule| rule.table.matches(&name)) else { continue };
        match catalog.set_identity(table, &rule.identity).await {
            Ok(true) => tracing::info!(table = name, identity = ?rule.identity, "replica identity set"),
            Ok(false) => {}
            Err(e) => {
                tracing::error!(table = name, "replica identity not set, which the owner of the table can do: {e}")
            }
        }
    }
}
