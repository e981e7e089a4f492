//! `walcast plan`: what a start of the connector would do, before anything is done.
//!
//! What it would decide, create and send is asked of `connector` itself; how long a snapshot takes is measured, by reading
//! and rendering the largest table for a moment. The database session is read-only and Kafka is only asked: nothing is
//! created on either side.

mod report;

pub use report::Report;

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::catalog::{Begin, Catalog, CatalogError, Isolation, TableSize};
use crate::connector::{ConnectorError, Context, Outlook, Picture, PicturedTable, outlook};
use crate::offsets::{self, OffsetError};
use crate::sink::kafka::probe::Probe;
use crate::sink::{self, SinkError};
use crate::words::{Lsn, Record};
use report::{Estimate, Sample, TablePlan};

/// How long rows are read to see how fast that goes.
const MEASURING: Duration = Duration::from_secs(1);

#[derive(Debug, thiserror::Error)]
pub enum PreviewError {
    #[error("database: {0}")]
    Catalog(#[from] CatalogError),
    #[error("database: {0}")]
    Connector(#[from] ConnectorError),
    #[error("offsets: {0}")]
    Offset(#[from] OffsetError),
    #[error("Kafka: {0}")]
    Kafka(#[from] SinkError),
    #[error("{table} is not captured: see table.include.list and the tables listed without --table")]
    NotCaptured { table: String },
}

/// What is to be shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wish {
    /// `schema.table` whose records are shown; the largest unless it is named.
    pub table: Option<String>,
    /// How many of its records; they hold values of rows.
    pub samples: usize,
}

/// Looks, measures, and tells.
pub async fn run(context: &Context, wish: &Wish) -> Result<Report, PreviewError> {
    let config = &context.config;
    // Without the initial statements, which may do anything.
    let catalog = Catalog::connect(&config.address, &[]).await?;
    catalog.execute("SET default_transaction_read_only = on").await?;
    let (began, first) = (Instant::now(), catalog.wal_positions().await?.written);
    let stored = offsets::stored(&context.offsets, &config.name, &config.debezium.topic_prefix).await?;
    let offset = stored.as_ref().map(|stored| stored.offset.as_ref()).transpose();
    let start = match offset {
        Ok(offset) => Ok(outlook(config, &catalog, offset).await?),
        Err(error) => Err(error.to_string()),
    };
    let slot_exists = catalog.slot(&config.slot).await?.is_some();
    let picture = Picture::new(config, &catalog).await?;
    // A refusal is part of the answer.
    let publication = picture.publication_change().await.map_err(|refusal| refusal.to_string());
    let pictured = picture.tables();
    let ids: Vec<_> = (0..pictured.len()).filter_map(|index| picture.id(index)).collect();
    let sizes = catalog.table_sizes(&ids).await?;
    let there = existing(&context.sink, &pictured).await?;
    let tables: Vec<TablePlan> =
        pictured.into_iter().enumerate().map(|(i, t)| planned(&picture, i, t, &sizes, &there)).collect();

    let shown = match &wish.table {
        Some(name) => {
            let found = tables.iter().position(|table| table.collection == *name);
            Some(found.ok_or_else(|| PreviewError::NotCaptured { table: name.clone() })?)
        }
        None => (0..tables.len()).max_by_key(|index| tables[*index].bytes),
    };
    let (mut pace, mut samples) = (None, Vec::new());
    if let Some(index) = shown {
        let (measured, kept) = measured(&picture, index, wish.samples).await?;
        (pace, samples) = (Some(measured), kept);
    }
    let written = Lsn(catalog.wal_positions().await?.written.0.saturating_sub(first.0)).0;
    catalog.close().await;
    let wal_per_second = per_second(written, began.elapsed());
    let snapshots = matches!(start, Ok(Outlook::Snapshot { .. }));
    let estimate = pace
        .filter(|_| snapshots)
        .zip(shown)
        .map(|(pace, shown)| Estimate::new(&tables, tables[shown].bytes_per_row(), pace, wal_per_second));
    Ok(Report {
        name: config.name.clone(),
        start,
        slot: config.slot.clone(),
        slot_exists,
        publication_name: config.publication.clone(),
        publication,
        tables,
        estimate,
        samples,
    })
}

fn planned(
    picture: &Picture<'_>,
    index: usize,
    table: PicturedTable,
    sizes: &HashMap<crate::words::RelationId, TableSize>,
    there: &HashMap<String, bool>,
) -> TablePlan {
    let size = picture.id(index).and_then(|id| sizes.get(&id));
    let (key, row) = picture.schemas_of(index).map_or((None, None), |(key, row)| (key, Some(row)));
    TablePlan {
        topic_exists: there.get(&table.topic).copied(),
        collection: table.collection,
        topic: table.topic,
        key: key.map(|key| key.fields().to_vec()),
        fields: row.map(|row| row.fields().to_vec()).unwrap_or_default(),
        rows: size.and_then(|size| size.rows),
        bytes: size.map_or(0, |size| size.bytes),
    }
}

/// Which topics exist; nothing where records do not go to Kafka.
async fn existing(sink: &sink::Config, tables: &[PicturedTable]) -> Result<HashMap<String, bool>, SinkError> {
    let sink::Config::Kafka(kafka) = sink else { return Ok(HashMap::new()) };
    let probe = Probe::open(kafka).await?;
    let mut there = HashMap::new();
    for table in tables {
        if !there.contains_key(&table.topic) {
            there.insert(table.topic.clone(), probe.exists(&table.topic).await?);
        }
    }
    probe.close().await;
    Ok(there)
}

/// Reading came to its end before the table did.
enum Halt {
    Enough,
    Failed(ConnectorError),
}

impl From<ConnectorError> for Halt {
    fn from(error: ConnectorError) -> Self {
        Self::Failed(error)
    }
}

/// Rows a second, none when there is no row; and the first records.
async fn measured(
    picture: &Picture<'_>,
    index: usize,
    samples: usize,
) -> Result<(Option<f64>, Vec<Sample>), ConnectorError> {
    let (mut rows, mut kept, began) = (0u64, Vec::new(), Instant::now());
    let each = |record: &Record<'_>, streamed: bool| {
        if streamed {
            return Ok(());
        }
        rows += 1;
        if kept.len() < samples {
            kept.push(Sample::of(record));
        }
        // The clock is asked now and then.
        if rows % 64 == 0 && began.elapsed() >= MEASURING { Err(Halt::Enough) } else { Ok(()) }
    };
    match picture.rows(index, &Begin::Isolation(Isolation::RepeatableRead), each).await {
        Ok(()) | Err(Halt::Enough) => {}
        Err(Halt::Failed(error)) => return Err(error),
    }
    let pace = (rows > 0).then(|| per_second(rows, began.elapsed()));
    Ok((pace, kept))
}

#[allow(clippy::cast_precision_loss)] // an estimate
fn per_second(count: u64, within: Duration) -> f64 {
    count as f64 / within.as_secs_f64().max(1e-6)
}
