//! What a start would do, for people and for programs.

use std::fmt;

use serde_json::{Value, json};

use crate::connector::Outlook;
use crate::words::Record;
use crate::words::data::Field;

/// A captured table.
pub(super) struct TablePlan {
    /// `schema.table`
    pub(super) collection: String,
    pub(super) topic: String,
    /// None where nobody was asked.
    pub(super) topic_exists: Option<bool>,
    /// None: records have no key.
    pub(super) key: Option<Vec<Field>>,
    /// Of a row.
    pub(super) fields: Vec<Field>,
    /// As the server believes; none if it never counted.
    pub(super) rows: Option<u64>,
    pub(super) bytes: u64,
}

/// What a table takes when nothing is known of its rows.
const BYTES_PER_ROW: f64 = 100.0;

impl TablePlan {
    /// Where the server has counted.
    pub(super) fn bytes_per_row(&self) -> Option<f64> {
        #[allow(clippy::cast_precision_loss)] // an estimate
        self.rows.filter(|rows| *rows > 0).map(|rows| self.bytes as f64 / rows as f64)
    }
}

/// How long the snapshot will take on this machine, and what it will cost the server.
pub(super) struct Estimate {
    rows: f64,
    seconds: f64,
    rows_per_second: f64,
    /// That the server has to keep for the stream that follows.
    wal_bytes: f64,
}

impl Estimate {
    /// `pace`: rows a second of the table that was measured, which has `per_row` bytes in each. Others are taken to be read
    /// at the same rate of bytes.
    pub(super) fn new(tables: &[TablePlan], per_row: Option<f64>, pace: Option<f64>, wal_per_second: f64) -> Self {
        let rows_per_second = pace.unwrap_or(0.0);
        #[allow(clippy::cast_precision_loss)]
        let bytes: f64 = tables.iter().map(|table| table.bytes as f64).sum();
        let per_row = per_row.unwrap_or(BYTES_PER_ROW).max(1.0);
        #[allow(clippy::cast_precision_loss)]
        let rows = tables.iter().map(|t| t.rows.map_or(t.bytes as f64 / per_row, |rows| rows as f64)).sum();
        let seconds = if rows_per_second > 0.0 { bytes / per_row / rows_per_second } else { 0.0 };
        Self { rows, seconds, rows_per_second, wal_bytes: wal_per_second * seconds }
    }
}

/// A record as a snapshot sends it.
pub(super) struct Sample {
    topic: String,
    key: Option<String>,
    value: Option<String>,
}

impl Sample {
    pub(super) fn of(record: &Record<'_>) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self { topic: record.topic.to_owned(), key: record.key.map(text), value: record.value.map(text) }
    }
}

/// What a start would do.
pub struct Report {
    pub(super) name: String,
    /// What it would decide, or why the stored position cannot be read.
    pub(super) start: Result<Outlook, String>,
    pub(super) slot: String,
    pub(super) slot_exists: bool,
    pub(super) publication_name: String,
    /// The statement it would run, if any, or why it would refuse.
    pub(super) publication: Result<Option<String>, String>,
    pub(super) tables: Vec<TablePlan>,
    pub(super) estimate: Option<Estimate>,
    pub(super) samples: Vec<Sample>,
}

impl Report {
    /// A start would be refused as things stand.
    pub fn is_refused(&self) -> bool {
        self.publication.is_err() || !matches!(&self.start, Ok(outlook) if !matches!(outlook, Outlook::Refused(_)))
    }

    fn start(&self) -> String {
        match &self.start {
            Ok(Outlook::Snapshot { streams: true }) => {
                "a snapshot of every table below, and then the stream".to_owned()
            }
            Ok(Outlook::Snapshot { streams: false }) => "a snapshot of every table below, and no stream".to_owned(),
            Ok(Outlook::Stream { from }) => format!("the stream goes on at {from}"),
            Ok(Outlook::FromSlot) => "the stream from where the slot stands, without a snapshot".to_owned(),
            Ok(Outlook::Idle) => "nothing: the snapshot is complete, and nothing is to be streamed".to_owned(),
            Ok(Outlook::Refused(refusal)) => format!("REFUSED: {refusal}"),
            Err(why) => format!("REFUSED: {why}"),
        }
    }

    fn publication(&self) -> String {
        match &self.publication {
            Ok(None) => "stays as it is".to_owned(),
            Ok(Some(sql)) => format!("{sql};"),
            Err(why) => format!("REFUSED: {why}"),
        }
    }

    /// `{"name", "start", "refused", "slot", "publication", "tables": [...], "snapshot", "samples": [...]}`; sizes in bytes,
    /// times in seconds.
    pub fn to_json(&self) -> String {
        let fields = |fields: &[Field]| fields.iter().map(field_json).collect::<Vec<_>>();
        let table = |table: &TablePlan| {
            json!({
                "table": table.collection, "topic": table.topic, "topic_exists": table.topic_exists,
                "key": table.key.as_deref().map(fields), "columns": fields(&table.fields),
                "rows": table.rows, "bytes": table.bytes,
            })
        };
        let estimate = self.estimate.as_ref().map(|estimate| {
            json!({
                "rows": estimate.rows.round(), "seconds": estimate.seconds, "rows_per_second": estimate.rows_per_second,
                "wal_bytes": estimate.wal_bytes.round(),
            })
        });
        let sample = |sample: &Sample| json!({ "topic": sample.topic, "key": sample.key, "value": sample.value });
        let document = json!({
            "name": self.name,
            "start": self.start(),
            "refused": self.is_refused(),
            "slot": { "name": self.slot, "exists": self.slot_exists },
            "publication": { "name": self.publication_name, "change": self.publication.as_ref().ok(), "refusal": self.publication.as_ref().err() },
            "tables": self.tables.iter().map(table).collect::<Vec<Value>>(),
            "snapshot": estimate,
            "samples": self.samples.iter().map(sample).collect::<Vec<Value>>(),
        });
        format!("{document:#}")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slot = if self.slot_exists { "exists" } else { "will be created" };
        writeln!(f, "start        {}", self.start())?;
        writeln!(f, "slot         {} {slot}", self.slot)?;
        writeln!(f, "publication  {}: {}", self.publication_name, self.publication())?;
        if let Some(estimate) = &self.estimate {
            writeln!(
                f,
                "snapshot     about {} rows in {}, at {:.0} rows a second as measured here, Kafka not counted",
                estimate.rows.round(),
                time(estimate.seconds),
                estimate.rows_per_second
            )?;
            writeln!(
                f,
                "             meanwhile the server keeps about {} of WAL, as much as is being written now",
                size(estimate.wal_bytes)
            )?;
        }
        for table in &self.tables {
            let topic = match table.topic_exists {
                Some(true) => "exists",
                Some(false) => "will be created",
                None => "not in Kafka",
            };
            let rows = table.rows.map_or_else(|| "never counted".to_owned(), |rows| format!("about {rows} rows"));
            #[allow(clippy::cast_precision_loss)]
            let bytes = size(table.bytes as f64);
            writeln!(f, "\n{} -> topic {} ({topic}), {rows}, {bytes}", table.collection, table.topic)?;
            match &table.key {
                Some(key) => {
                    writeln!(f, "  key: {}", key.iter().map(|field| &*field.name).collect::<Vec<_>>().join(", "))?
                }
                None => writeln!(f, "  no key")?,
            }
            let longest = table.fields.iter().map(|field| field.name.chars().count()).max().unwrap_or(0);
            for field in &table.fields {
                let need = if field.schema.optional { "optional" } else { "required" };
                writeln!(f, "  {:longest$}  {}, {need}", field.name, kind(field))?;
            }
        }
        for sample in &self.samples {
            writeln!(f, "\nrecord of {}\n  key    {}", sample.topic, sample.key.as_deref().unwrap_or("(none)"))?;
            writeln!(f, "  value  {}", sample.value.as_deref().unwrap_or("(none)"))?;
        }
        Ok(())
    }
}

fn field_json(field: &Field) -> Value {
    json!({
        "name": *field.name, "type": field.schema.kind.json_name(), "schema": field.schema.name.as_deref(),
        "optional": field.schema.optional,
    })
}

/// The type, and the name of the schema if it has one.
fn kind(field: &Field) -> String {
    let word = field.schema.kind.json_name();
    field.schema.name.as_deref().map_or_else(|| word.to_owned(), |name| format!("{word} ({name})"))
}

fn time(seconds: f64) -> String {
    match seconds {
        s if s < 1.0 => "less than a second".to_owned(),
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7200.0 => format!("{:.0} min", s / 60.0),
        s => format!("{:.1} h", s / 3600.0),
    }
}

fn size(bytes: f64) -> String {
    match bytes {
        b if b < 1024.0 => format!("{b:.0} B"),
        b if b < 1_048_576.0 => format!("{:.0} kB", b / 1024.0),
        b if b < 1_073_741_824.0 => format!("{:.1} MB", b / 1_048_576.0),
        b => format!("{:.1} GB", b / 1_073_741_824.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(rows: Option<u64>, bytes: u64) -> TablePlan {
        TablePlan {
            collection: "public.a".to_owned(),
            topic: "t".to_owned(),
            topic_exists: None,
            key: None,
            fields: Vec::new(),
            rows,
            bytes,
        }
    }

    #[test]
    fn what_was_measured_of_one_table_is_scaled_by_bytes() {
        let tables = [table(Some(1_000), 100_000), table(Some(500), 200_000), table(None, 100_000)];
        let estimate = Estimate::new(&tables, tables[0].bytes_per_row(), Some(100.0), 50.0);
        // 400,000 bytes are 4,000 rows of the first table's size.
        assert!((estimate.seconds - 40.0).abs() < 1e-9);
        assert!((estimate.wal_bytes - 2_000.0).abs() < 1e-9);
        assert!((estimate.rows - 2_500.0).abs() < 1e-9, "1,000, 500 and 1,000 that nobody counted");
    }

    #[test]
    fn nothing_measured_is_no_time_at_all() {
        let estimate = Estimate::new(&[table(None, 0)], None, None, 1e9);
        assert!(estimate.seconds == 0.0 && estimate.wal_bytes == 0.0);
        assert_eq!(
            [time(0.0), time(90.0), time(600.0), time(9_000.0)],
            ["less than a second", "90 s", "10 min", "2.5 h"]
        );
        assert_eq!([size(10.0), size(2048.0), size(3e6), size(5e9)], ["10 B", "2 kB", "2.9 MB", "4.7 GB"]);
    }
}
