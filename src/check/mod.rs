//! The doctor: looks at everything a connector needs before it starts, and names for each fault the SQL or setting that
//! mends it.
//!
//! It changes nothing: facts come from the catalog (`has_table_privilege` and its like), never from trying. Each file
//! turns one kind of fact into findings by a pure function; only this one asks the server.

mod connection;
mod finding;
mod kafka;
mod publication;
mod replication;
#[cfg(test)]
mod sample;
mod server;
mod slot;
mod tables;

pub use finding::{Finding, Severity, exit_code, render};

use std::collections::HashMap;

use self::tables::Known;
use crate::catalog::{Catalog, CatalogError};
use crate::connector::{Config, SnapshotMode};
use crate::sink;

/// Everything found, in the order in which it matters. `kafka`: the worker's, unless records go elsewhere.
pub async fn run(config: &Config, kafka: Option<&sink::kafka::Config>) -> Vec<Finding> {
    // Without the initial statements, which may do anything.
    let mut findings = match Catalog::connect(&config.address, &[]).await {
        Ok(catalog) => {
            let mut findings = vec![connection::opened(&config.address)];
            if let Err(error) = examine(&catalog, config, &mut findings).await {
                findings.push(connection::interrupted(&error));
            }
            catalog.close().await;
            findings
        }
        Err(error) => vec![connection::failed(&config.address, &error)],
    };
    if let Some(kafka) = kafka {
        findings.push(kafka::reached(kafka).await);
    }
    findings
}

async fn examine(catalog: &Catalog, config: &Config, findings: &mut Vec<Finding>) -> Result<(), CatalogError> {
    let server = catalog.server().await?;
    findings.extend(server::suitable(&server));
    if server.version < server::OLDEST {
        return Ok(());
    }
    let role = catalog.role().await?;
    let tables = catalog.tables().await?;
    let ids: Vec<_> = tables.iter().map(|table| table.id).collect();
    let rights: HashMap<_, _> = catalog.table_rights(&ids).await?.into_iter().map(|r| (r.id, r)).collect();
    // A table dropped in between has no rights and is no longer of interest.
    let all: Vec<Known<'_>> =
        tables.iter().filter_map(|table| Some(Known { table, rights: rights.get(&table.id)? })).collect();
    let filters = &config.debezium.filters;
    let captured: Vec<Known<'_>> =
        all.iter().copied().filter(|known| filters.captures(&known.table.schema, &known.table.name)).collect();
    findings.push(tables::chosen(config, &captured, tables.first()));
    findings.extend(tables::readable(config, &role, &captured));
    // A snapshot alone needs neither slot nor publication.
    if config.snapshot_mode == SnapshotMode::InitialOnly {
        return Ok(());
    }

    findings.extend(replication::open(&config.address, &role, &server).await);
    let slot = catalog.slot(&config.slot).await?;
    let holder = match slot.as_ref().and_then(|slot| slot.active_pid) {
        Some(pid) => catalog.session(pid).await?,
        None => None,
    };
    findings.extend(server::room(&server, slot.as_ref(), &catalog.idle_slots().await?));
    findings.extend(slot::usable(config, slot.as_ref(), holder.as_ref()));

    let publication = catalog.publication(&config.publication).await?;
    findings.extend(publication::suitable(config, &role, publication.as_ref(), &captured));
    let published = if publication::covers_all(config, publication.as_ref()) { &all } else { &captured };
    findings.extend(tables::identified(config, publication.as_ref(), published));
    Ok(())
}
