//! `walcast verify`: whether what was sent is what is there, while both go on changing.
//!
//! A transaction fixes what is there: it sees certain other transactions and no more. A marker is written into the WAL
//! behind it, and when the connector's slot is confirmed past the marker, everything that the transaction sees has been
//! delivered (records acknowledged, offset stored, slot confirmed: that order is law). Then each topic is folded, leaving
//! out changes that the transaction has not seen, and compared with the rows, rendered by the connector's own code. Records
//! that do not name their transaction (rows alone) and came while the snapshot was taken count as seen or not, whichever
//! agrees. Memory is bounded by sorting both sides into temporary files first; values are kept as hashes only.

mod buckets;
mod compare;
mod cut;
mod reading;
mod report;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::time::Duration;

use tokio::time::{Instant, sleep};
use uuid::Uuid;

use self::buckets::{Buckets, Entry, Seen, State};
use self::compare::{Findings, compare};
use self::cut::Cut;
use self::reading::{Effect, Reading};
use crate::catalog::{Begin, Catalog, CatalogError, Isolation};
use crate::connector::{Config, ConnectorError, MARKER, Picture, PicturedTable};
use crate::sink::kafka::topic::{Entry as Message, Scanner};
use crate::sink::{self, SinkError};
use crate::words::{Lsn, Record};

pub use report::Report;

#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    #[error("database: {0}")]
    Catalog(#[from] CatalogError),
    #[error("{0}")]
    Connector(#[from] ConnectorError),
    #[error("{0}")]
    Sink(#[from] SinkError),
    #[error("cannot use temporary files in {folder}: {why}; set TMPDIR to a folder with room", folder = std::env::temp_dir().display())]
    Files { why: io::Error },
    #[error("records do not go to Kafka: there is no topic to compare with; set bootstrap.servers")]
    NoKafka,
    #[error("key.converter and value.converter are not both JsonConverter: the records cannot be read here")]
    Unreadable,
    #[error("{what}: the topics cannot be folded into the tables")]
    Unfoldable { what: &'static str },
    #[error("replication slot \"{slot}\" does not exist: start the connector first")]
    NoSlot { slot: String },
    #[error(
        "replication slot \"{slot}\" stood at {confirmed} after {seconds} s and not yet at {marker}: {why}; a longer --timeout \
         gives it more time"
    )]
    Behind { slot: String, confirmed: Lsn, marker: Lsn, seconds: u64, why: &'static str },
    #[error("unexpected answer from the server: {0}")]
    Unexpected(String),
}

impl From<io::Error> for VerifyError {
    fn from(why: io::Error) -> Self {
        Self::Files { why }
    }
}

/// Compares all captured tables. `patience`: how long the connector may take to come as far as the snapshot.
pub async fn run(config: &Config, sink: &sink::Config, patience: Duration) -> Result<Report, VerifyError> {
    let sink::Config::Kafka(kafka) = sink else { return Err(VerifyError::NoKafka) };
    let catalog = Catalog::connect(&config.address, &[]).await?;
    let slot = catalog.slot(&config.slot).await?;
    let slot = slot.ok_or_else(|| VerifyError::NoSlot { slot: config.slot.clone() })?;
    let picture = Picture::new(config, &catalog).await?;
    let tables = picture.tables();
    let reading = reading(config, &picture)?;
    let topics: BTreeSet<String> = tables.iter().filter(|t| t.keyed).map(|table| table.topic.clone()).collect();
    let scanner = Scanner::open(kafka).await?;
    let before = ends(&scanner, &topics).await?;

    catalog.begin_snapshot(&Begin::Isolation(Isolation::RepeatableRead)).await?;
    let (seen, view) = (catalog.cut().await?, catalog.export().await?);
    let cut = Cut::parse(&seen, slot.restart_lsn.unwrap_or(Lsn::ZERO));
    let cut = cut.ok_or_else(|| VerifyError::Unexpected(format!("snapshot {seen}")))?;
    reached(config, &catalog, patience).await?;

    let ends = ends(&scanner, &topics).await?;
    let extent: u64 = ends.values().flatten().map(|end| end.unsigned_abs()).sum();
    let count = Buckets::count(extent);
    let mut fold = Fold::new(cut, before, reading, tables, Buckets::new(count)?);
    for (topic, ends) in ends {
        fold.topic.clone_from(&topic);
        fold = scanner.scan(&topic, ends, fold, Fold::take).await??;
    }
    drop(scanner);

    let Fold { reading, tables, sent, truncated, strangers, .. } = fold;
    let mut there = Buckets::new(count)?;
    for (index, _) in tables.iter().enumerate().filter(|(_, table)| table.keyed) {
        let number = number(index);
        let row = |record: &Record<'_>, streamed| keep(&mut there, &reading, number, record, streamed);
        picture.rows::<VerifyError>(index, &view, row).await?;
    }
    catalog.rollback().await?;
    let mut findings = vec![Findings::default(); tables.len()];
    for (sent, there) in sent.read().zip(there.read()) {
        compare(sent?, there?, &truncated, &mut findings)?;
    }
    Ok(Report { strangers, tables: tables.into_iter().zip(findings).collect() })
}

async fn ends(scanner: &Scanner, topics: &BTreeSet<String>) -> Result<BTreeMap<String, Vec<i64>>, SinkError> {
    let mut ends = BTreeMap::new();
    for topic in topics {
        ends.insert(topic.clone(), scanner.ends(topic).await?);
    }
    Ok(ends)
}

fn reading(config: &Config, picture: &Picture<'_>) -> Result<Reading, VerifyError> {
    let schemas = picture.schemas().ok_or(VerifyError::Unreadable)?;
    let unwrapped = picture.unwrapped();
    if unwrapped.is_some_and(|unwrap| unwrap.route_by_field.is_some()) {
        return Err(VerifyError::Unfoldable { what: "records are routed by one of their fields (route.by.field)" });
    }
    let skipped = &config.debezium.skipped;
    use crate::debezium::Operation::{Create, Delete, Update};
    if [Create, Update, Delete].into_iter().any(|operation| skipped.contains(operation)) {
        return Err(VerifyError::Unfoldable { what: "skipped.operations leaves out changes of rows" });
    }
    if unwrapped.is_some_and(|unwrap| unwrap.deletes == crate::transform::Deletes::Drop) {
        return Err(VerifyError::Unfoldable { what: "the transform drops deletes and their tombstones" });
    }
    let added = unwrapped.map(|unwrap| unwrap.fields.iter().map(|field| field.name.clone()).collect());
    Ok(Reading::new(schemas, added, &config.debezium.unavailable_value))
}

/// Waits until everything that `snapshot` sees has been delivered.
async fn reached(config: &Config, snapshot: &Catalog, patience: Duration) -> Result<(), VerifyError> {
    let writer = Catalog::connect(&config.address, &[]).await?;
    let marker = writer.mark(MARKER, &Uuid::new_v4().to_string()).await?;
    writer.close().await;
    let end = Instant::now() + patience;
    loop {
        let slot = || config.slot.clone();
        let found = snapshot.slot(&config.slot).await?.ok_or_else(|| VerifyError::NoSlot { slot: slot() })?;
        let confirmed = found.confirmed_flush.unwrap_or(Lsn::ZERO);
        if confirmed >= marker {
            return Ok(());
        }
        if Instant::now() >= end {
            let why = match found.active_pid {
                Some(_) => "the connector is behind, or its sink does not take records",
                None => "nobody reads the slot: start the connector",
            };
            return Err(VerifyError::Behind { slot: slot(), confirmed, marker, seconds: patience.as_secs(), why });
        }
        sleep(Duration::from_millis(50)).await;
    }
}

/// The topics so far.
struct Fold {
    cut: Cut,
    /// Where the topics ended when the snapshot was not yet taken: it has seen everything before.
    before: BTreeMap<String, Vec<i64>>,
    reading: Reading,
    tables: Vec<PicturedTable>,
    sent: Buckets,
    truncated: HashMap<u16, Lsn>,
    /// Records of tables that are not captured (any more).
    strangers: u64,
    /// The one that is read now.
    topic: String,
}

impl Fold {
    fn new(
        cut: Cut,
        before: BTreeMap<String, Vec<i64>>,
        reading: Reading,
        tables: Vec<PicturedTable>,
        sent: Buckets,
    ) -> Self {
        let (truncated, topic) = (HashMap::new(), String::new());
        Self { cut, before, reading, tables, sent, truncated, strangers: 0, topic }
    }

    fn take(&mut self, message: Message) -> Result<(), VerifyError> {
        let Some(said) = self.reading.read(message.key.as_deref(), message.value.as_deref()) else { return Ok(()) };
        let Some(table) = self.table(said.collection.as_deref()) else {
            self.strangers += 1;
            return Ok(());
        };
        let seen = match said.xid {
            Some(xid) if self.cut.has_seen(xid, said.lsn) => Seen::Yes,
            Some(_) => Seen::No,
            None if said.collection.is_some() || self.is_old(&message) => Seen::Yes,
            None => Seen::Maybe,
        };
        let state = match said.effect {
            Effect::Truncate => {
                if seen == Seen::Yes {
                    let last = self.truncated.entry(table).or_default();
                    *last = said.lsn.max(*last);
                }
                return Ok(());
            }
            Effect::Tombstone => State::Tombstone,
            Effect::Delete => State::Deleted,
            Effect::Put(row) => State::Row(row),
        };
        Ok(self.sent.add(&Entry { table, key: said.key, lsn: said.lsn, seen, state })?)
    }

    fn is_old(&self, message: &Message) -> bool {
        let ends = self.before.get(&self.topic);
        let end = ends.and_then(|ends| ends.get(usize::try_from(message.partition).ok()?));
        end.is_some_and(|end| message.offset < *end)
    }

    /// A record that does not name its table belongs to the one whose topic this is.
    fn table(&self, collection: Option<&str>) -> Option<u16> {
        let mine = |table: &PicturedTable| match collection {
            Some(collection) => table.collection == collection,
            None => table.topic == self.topic,
        };
        self.tables.iter().position(mine).map(number)
    }
}

fn keep(
    there: &mut Buckets,
    reading: &Reading,
    table: u16,
    record: &Record<'_>,
    streamed: bool,
) -> Result<(), VerifyError> {
    let Some(said) = reading.read(record.key, record.value) else { return Ok(()) };
    let Effect::Put(row) = said.effect else { return Ok(()) };
    // Numbers the renderings of a row.
    let lsn = Lsn(u64::from(streamed));
    Ok(there.add(&Entry { table, key: said.key, lsn, seen: Seen::Yes, state: State::Row(row) })?)
}

fn number(index: usize) -> u16 {
    u16::try_from(index).unwrap_or(u16::MAX)
}
