//! The doctor: looks at everything a connector needs before it starts, and names for each fault the SQL or setting that
//! mends it.
//!
//! It changes nothing: facts come from the catalog (`has_table_privilege` and its like), never from trying. Each file
//! turns one kind of fact into findings by a pure function; only this one asks the server.

mod connection;
mod finding;
mod kafka;
mod publication;
#[cfg(test)]
mod sample;
mod server;
mod slot;
mod tables;

pub use finding::{Finding, Severity, exit_code, render};

use crate::catalog::{Catalog, CatalogError, Role, Server};
use crate::connector;

/// Everything found, in the order in which it matters. `kafka_bootstrap`: the worker's `bootstrap.servers`, if any.
pub async fn run(config: &connector::Config, kafka_bootstrap: Option<&str>) -> Vec<Finding> {
    let mut findings = match Catalog::connect(&config.address, &config.initial_statements).await {
        Ok(catalog) => {
            let mut findings = vec![connection::opened(&config.address)];
            match examine(&catalog, config, &mut findings).await {
                Ok(()) => {}
                Err(error) => findings.push(connection::interrupted(&error)),
            }
            findings
        }
        Err(error) => vec![connection::failed(&config.address, &error)],
    };
    if let Some(bootstrap) = kafka_bootstrap {
        findings.push(kafka::reached(bootstrap, config.address.connect_timeout).await);
    }
    findings
}

async fn examine(
    catalog: &Catalog,
    config: &connector::Config,
    findings: &mut Vec<Finding>,
) -> Result<(), CatalogError> {
    let server = catalog.server().await?;
    findings.extend(server::suitable(&server));
    if server.version < server::OLDEST {
        return Ok(());
    }
    let role = catalog.role().await?;
    let all = catalog.tables().await?;
    let filters = &config.debezium.filters;
    let captured: Vec<_> = all.iter().filter(|table| filters.captures(&table.schema, &table.name)).collect();
    let ids: Vec<_> = captured.iter().map(|table| table.id).collect();
    let rights = catalog.table_rights(&ids).await?;
    // A table dropped in between has no rights and is no longer of interest.
    let tables: Vec<tables::Captured<'_>> = captured
        .iter()
        .filter_map(|table| {
            let rights = rights.iter().find(|rights| rights.id == table.id)?;
            Some(tables::Captured { table, rights })
        })
        .collect();
    findings.push(tables::chosen(config, &tables, all.first()));
    findings.extend(tables::readable(config, &role, &tables));
    // A snapshot alone needs neither slot nor publication.
    if config.snapshot_mode != connector::SnapshotMode::InitialOnly {
        examine_stream(catalog, config, &server, &role, &tables, findings).await?;
    }
    Ok(())
}

async fn examine_stream(
    catalog: &Catalog,
    config: &connector::Config,
    server: &Server,
    role: &Role,
    tables: &[tables::Captured<'_>],
    findings: &mut Vec<Finding>,
) -> Result<(), CatalogError> {
    findings.push(connection::replication_right(role));
    let slot = catalog.slot(&config.slot).await?;
    let holder = match slot.as_ref().and_then(|slot| slot.active_pid) {
        Some(pid) => catalog.session(pid).await?,
        None => None,
    };
    findings.extend(server::room(server, slot.as_ref(), &catalog.idle_slots().await?));
    findings.extend(slot::usable(config, slot.as_ref(), holder.as_ref()));
    let publication = catalog.publication(&config.publication).await?;
    findings.extend(publication::suitable(config, role, publication.as_ref(), tables));
    findings.extend(tables::identified(config, publication.as_ref(), tables));
    Ok(())
}
