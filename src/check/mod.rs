//! The doctor: looks at everything a connector needs before it starts, and names for each fault the SQL or setting that
//! mends it.
//!
//! It changes nothing: the database session is read-only, facts come from the catalog (`has_table_privilege` and its like)
//! and not from trying, and Kafka is asked only what it refuses or answers (see `sink::kafka::probe`). It is never silent
//! for long either: whatever does not answer is a finding, within five seconds altogether. Each file turns one kind of fact
//! into findings by a pure function; only this one asks the server.

mod connection;
mod finding;
mod heartbeat;
mod identity;
mod kafka;
mod narrowing;
mod provider;
mod publication;
mod replication;
#[cfg(test)]
mod sample;
mod server;
mod slot;
mod tables;
mod topics;

pub use finding::{Finding, Severity, exit_code, misconfigured, render, render_json};

use std::collections::HashMap;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio::time::{Instant, timeout, timeout_at};

use self::provider::Provider;
use self::tables::Known;
use self::topics::Destination;
use crate::catalog::{Catalog, CatalogError, Identity};
use crate::connector::{Config, ConnectorError, Context, Picture, SnapshotMode};
use crate::sink;

/// What the whole examination may take; a second is left for the program to end in.
const WITHIN: Duration = Duration::from_secs(4);
/// A server that is there and not overloaded has answered by then.
const ANSWER: Duration = Duration::from_millis(2500);
/// No statement of ours may hold up anything, change anything, or outlast the examination.
const HARMLESS: &str = "SET default_transaction_read_only = on; SET statement_timeout = '2s'; SET lock_timeout = '1s'";
/// Tables whose rows are measured, those with the most large values first.
const MEASURED: i64 = 8;

/// Everything found, in the order in which it matters.
pub async fn run(context: &Context) -> Vec<Finding> {
    let end = Instant::now() + WITHIN;
    let kafka = match &context.sink {
        sink::Config::Kafka(kafka) => Some(kafka),
        _ => None,
    };
    let reached = async {
        match kafka {
            Some(kafka) => Some(kafka::reached(kafka, ANSWER).await),
            None => None,
        }
    };
    let ((mut findings, destinations), reached) = tokio::join!(database(&context.config, end), reached);
    let Some((kafka, reached)) = kafka.zip(reached) else { return findings };
    let is_there = reached.severity == Severity::Ok;
    findings.push(reached);
    if is_there {
        let offsets = kafka::offsets_kept(&context.offsets);
        let topics = async { tokio::join!(topics::looked_at(kafka, &destinations), offsets) };
        match timeout_at(end, topics).await {
            Ok((topics, offsets)) => {
                findings.extend(topics.into_iter().map(|finding| finding.about("topics")));
                findings.extend(offsets.map(|finding| finding.about("topics")));
            }
            Err(_) => findings.push(topics::not_in_time()),
        }
    }
    findings
}

/// What is found in the database, and the topics that its tables go to.
async fn database(config: &Config, end: Instant) -> (Vec<Finding>, Vec<Destination>) {
    // Without the initial statements, which may do anything.
    let catalog = match timeout(ANSWER, Catalog::connect(&config.address, &[])).await {
        Ok(Ok(catalog)) => catalog,
        Ok(Err(error)) => return (vec![connection::failed(&config.address, &error).about("connection")], Vec::new()),
        Err(_) => {
            let silent = CatalogError::TimedOut { doing: "logging in", seconds: ANSWER.as_secs() };
            return (vec![connection::failed(&config.address, &silent).about("connection")], Vec::new());
        }
    };
    let mut findings = vec![connection::opened(&config.address).about("connection")];
    let mut destinations = Vec::new();
    let cut_short = match timeout_at(end, examine(&catalog, config, &mut findings, &mut destinations)).await {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(connection::interrupted(&error)),
        Err(_) => {
            let silent = CatalogError::TimedOut { doing: "looking into the catalog", seconds: WITHIN.as_secs() };
            Some(connection::interrupted(&silent))
        }
    };
    findings.extend(cut_short.map(|finding| finding.about("connection")));
    // A server that is silent hears no goodbye.
    let _ = timeout_at(end, catalog.close()).await;
    (findings, destinations)
}

async fn examine(
    catalog: &Catalog,
    config: &Config,
    findings: &mut Vec<Finding>,
    destinations: &mut Vec<Destination>,
) -> Result<(), CatalogError> {
    let mut add = |area: &'static str, found: Vec<Finding>| {
        findings.extend(found.into_iter().map(|finding| finding.about(area)));
    };
    catalog.execute(HARMLESS).await?;
    let asked = Instant::now();
    let server = catalog.server().await?;
    let behind = server.clock_micros.saturating_sub(now_micros());
    let clocks = server::clocks(behind, asked.elapsed());
    if server.version < server::OLDEST {
        add("server", server::suitable(&server, Provider::of_host(&config.address.host)));
        return Ok(());
    }
    let surroundings = catalog.surroundings().await?;
    let provider = Provider::of_marks(&surroundings.marks);
    add("connection", vec![connection::covered(&config.address, surroundings.tls.as_deref())]);
    add("server", server::suitable(&server, provider));
    add("server", clocks.into_iter().collect());
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
    add("tables", vec![tables::chosen(config, &captured, tables.first())]);
    add("tables", tables::readable(config, &role, &captured));
    // A snapshot alone needs neither slot nor publication.
    if config.snapshot_mode != SnapshotMode::InitialOnly {
        add("tables", identity::meanings(config, &captured));
        add("replication", replication::open(&config.address, &role, &server, provider).await.into_iter().collect());
        let slot = catalog.slot(&config.slot).await?;
        let holder = match slot.as_ref().and_then(|slot| slot.active_pid) {
            Some(pid) => catalog.session(pid).await?,
            None => None,
        };
        add("slot", server::room(&server, slot.as_ref(), &catalog.idle_slots().await?, provider));
        add("slot", slot::usable(config, slot.as_ref(), holder.as_ref()));
        add("slot", vec![slot::retained(&surroundings, provider)]);
        let publication = catalog.publication(&config.publication).await?;
        add("publication", publication::suitable(config, &role, publication.as_ref(), &captured));
        add(
            "publication",
            narrowing::told(config, publication.as_ref(), &catalog.narrowed(&config.publication).await?, &captured),
        );
        let published = if publication::covers_all(config, publication.as_ref()) { &all } else { &captured };
        add("tables", tables::identified(config, publication.as_ref(), published).into_iter().collect());
        if let Some(query) = &config.heartbeat_action_query {
            let foreseen = catalog.foresee(query).await?;
            add("settings", heartbeat::action(config, &role, foreseen.as_ref()));
        }
    }
    *destinations = destined(catalog, config, &captured).await?;
    Ok(())
}

fn now_micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// Where records of the tables go, and how large those of the widest will be.
async fn destined(
    catalog: &Catalog,
    config: &Config,
    captured: &[Known<'_>],
) -> Result<Vec<Destination>, CatalogError> {
    let picture = match Picture::new(config, catalog).await {
        Ok(picture) => picture,
        Err(ConnectorError::Catalog(error)) => return Err(error),
        Err(_) => return Ok(Vec::new()),
    };
    let mut sizes = HashMap::new();
    let ids: Vec<_> = captured.iter().map(|known| known.table.id).collect();
    for (id, pages) in catalog.toasted(&ids, MEASURED).await? {
        let Some(known) = captured.iter().find(|known| known.table.id == id) else { continue };
        // A table that cannot be read, or not in time, is not measured.
        if let Ok(Some(bytes)) = catalog.widest_row(known.table, pages).await {
            let twice = if known.rights.identity == Identity::Full { 2 } else { 1 };
            sizes.insert(known.name(), (bytes, twice));
        }
    }
    let destination = |table: crate::connector::PicturedTable| Destination {
        // Bytes are shorter in a record than in Postgres's text; before and after are both in an update.
        largest: sizes.get(&table.collection).map(|(bytes, images)| (bytes / 2, bytes * images)),
        topic: table.topic,
        of: table.collection,
        keyed: table.keyed,
    };
    let mut destinations: Vec<Destination> = picture.tables().into_iter().map(destination).collect();
    let extra = |topic: String, of: &str| Destination { topic, of: of.to_owned(), keyed: true, largest: None };
    if config.heartbeat_interval.is_some() {
        destinations.push(extra(config.debezium.heartbeat_topic(), "heartbeats"));
    }
    if config.debezium.transaction_metadata {
        destinations.push(extra(config.debezium.transaction_topic(), "transactions"));
    }
    Ok(destinations)
}
