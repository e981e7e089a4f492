//! Makes sure the publication exists as `publication.autocreate.mode` wants it.

use crate::catalog::Catalog;
use crate::catalog::publication::{Options, Scope, alter_sql, create_sql};
use crate::debezium::{Compatibility, Operation};
use crate::words::table::CatalogTable;

use super::error::ConnectorError;
use super::plan::Refusal;
use super::{Config, PublicationMode};

/// Creates or adjusts the publication; `tables` are the captured ones.
pub(super) async fn ensure(catalog: &Catalog, config: &Config, tables: &[CatalogTable]) -> Result<(), ConnectorError> {
    if let Some(sql) = change(catalog, config, tables).await? {
        tracing::info!(publication = config.publication, "{sql}");
        catalog.execute(&sql).await?;
    }
    Ok(())
}

/// The statement that a start runs; none when the publication is as it should be.
pub(super) async fn change(
    catalog: &Catalog,
    config: &Config,
    tables: &[CatalogTable],
) -> Result<Option<String>, ConnectorError> {
    let name = &config.publication;
    let existing = catalog.publication(name).await?;
    let operations = published(config);
    let options = Options {
        publish: config.skipped_operations_given.then_some(operations.as_slice()),
        via_root: config.publish_via_partition_root,
    };
    let rights = match config.publication_mode {
        PublicationMode::Filtered => catalog.table_rights(&tables.iter().map(|t| t.id).collect::<Vec<_>>()).await?,
        _ => Vec::new(),
    };
    // What writes no WAL cannot be published; a snapshot reads it all the same.
    let logged = |table: &CatalogTable| rights.iter().find(|r| r.id == table.id).is_none_or(|r| r.logged);
    let listed = || -> Result<Vec<(String, String)>, ConnectorError> {
        let logged = tables.iter().filter(|table| logged(table));
        let tables: Vec<_> = logged.map(|t| (t.schema.clone(), t.name.clone())).collect();
        if tables.is_empty() {
            return Err(Refusal::NothingToPublish { name: name.clone() }.into());
        }
        Ok(tables)
    };
    Ok(Some(match (config.publication_mode, existing) {
        (PublicationMode::Filtered, Some(present)) if present.all_tables => {
            return Err(Refusal::PublicationForAll { name: name.clone() }.into());
        }
        (PublicationMode::Filtered, Some(present)) => {
            let mut wanted = listed()?;
            let mut members = present.members;
            wanted.sort_unstable();
            members.sort_unstable();
            if wanted == members {
                return Ok(None);
            }
            alter_sql(name, &wanted, options)
        }
        (_, Some(_)) => return Ok(None),
        (PublicationMode::Disabled, None) => return Err(Refusal::PublicationMissing { name: name.clone() }.into()),
        (PublicationMode::AllTables, None) => create_sql(name, Scope::AllTables, options),
        (PublicationMode::NoTables, None) => create_sql(name, Scope::NoTables, options),
        (PublicationMode::Filtered, None) => create_sql(name, Scope::Tables(&listed()?), options),
    }))
}

/// Takes the generated columns that the stream will not have out of `tables`: a snapshot that shows them makes a schema
/// that the first change takes back, and values that go stale. The reference shows them.
pub(super) async fn leave_out_generated(
    catalog: &Catalog,
    config: &Config,
    tables: &mut [CatalogTable],
) -> Result<(), ConnectorError> {
    let generates = tables.iter().any(|table| table.columns.iter().any(|column| column.generated));
    if config.debezium.compatibility == Compatibility::Exact || !generates {
        return Ok(());
    }
    let published = catalog.published_generated(&config.publication).await?;
    for CatalogTable { schema, name, columns, .. } in tables {
        columns.retain(|column| {
            !column.generated || published.iter().any(|(s, t, c)| s == schema && t == name && *c == column.name)
        });
    }
    Ok(())
}

/// Operations a publication made here sends when `skipped.operations` was given.
fn published(config: &Config) -> Vec<&'static str> {
    let all = [
        (Operation::Create, "insert"),
        (Operation::Update, "update"),
        (Operation::Delete, "delete"),
        (Operation::Truncate, "truncate"),
    ];
    all.into_iter().filter(|(op, _)| !config.debezium.skipped.contains(*op)).map(|(_, name)| name).collect()
}
