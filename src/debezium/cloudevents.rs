//! The CloudEvent of a change, as `CloudEventsConverter` makes it in JSON: everything but the rows becomes text attributes.

use std::fmt::Write;

use super::config::Config;
use super::envelope::{Moment, SourceField};
use super::prepared::{Fault, Image, Prepared, RowError};
use super::text::Text;
use crate::words::data::{Decimal, Field, Kind, Schema, ValueSink};

const ATTRIBUTES: [&str; 6] = ["id", "source", "specversion", "type", "time", "datacontenttype"];
const TRANSACTION: [&str; 3] = ["txid", "txtotalorder", "txdatacollectionorder"];

/// The last field is `data`, a struct of before and after. `extensions`: the attributes that Debezium adds.
pub fn schema(prepared: &Prepared, extensions: bool) -> Schema {
    let text = |name: String| Field::new(name, Schema::new(Kind::String).optional());
    let mut fields: Vec<Field> = ATTRIBUTES.iter().map(|name| text((*name).to_owned())).collect();
    if extensions {
        let own = ["op"].into_iter().chain(SourceField::ALL.into_iter().map(SourceField::name)).chain(TRANSACTION);
        fields.extend(own.map(|name| text(extension(name))));
    }
    let rows = ["before", "after"].map(|name| Field::new(name, prepared.row_schema().clone()));
    let data = Schema::of_struct(rows.to_vec()).named("io.debezium.connector.postgresql.Data");
    fields.push(Field::new("data", data));
    Schema::of_struct(fields)
}

/// Attribute names have letters and digits only.
fn extension(name: &str) -> String {
    let plain = name.chars().filter(char::is_ascii_alphanumeric);
    "iodebezium".chars().chain(plain).collect()
}

/// Pushes the whole event.
#[allow(clippy::too_many_arguments)]
pub fn push<S: ValueSink>(
    prepared: &Prepared,
    config: &Config,
    extensions: bool,
    (before, after): (Option<Image<'_>>, Option<Image<'_>>),
    moment: &Moment<'_>,
    faults: &mut Vec<Fault>,
    sink: &mut S,
) -> Result<(), RowError> {
    sink.begin_struct();
    let source = &moment.source;
    let mut xid = Text::<24>::default();
    let _ = match source.xid {
        Some(id) => write!(xid, "{id}"),
        None => xid.write_str("null"),
    };
    let (name, lsn) = (&config.topic_prefix, source.lsn.0);
    sink.str(&format!("name:{name};lsn:{lsn};txId:{};sequence:{}", &*xid, &*source.sequence()));
    sink.str(&format!("/debezium/postgresql/{name}"));
    sink.str("1.0");
    sink.str("io.debezium.connector.postgresql.DataChangeEvent");
    sink.str(&iso_millis(source.ts_us));
    sink.str("application/json");
    if extensions {
        let sink = &mut AsText(sink);
        sink.str(moment.op.code());
        for field in SourceField::ALL {
            match field {
                // The default of the field, which the envelope leaves to its converter.
                SourceField::Snapshot if source.snapshot.is_none() => sink.str("false"),
                field => source.push_field(field, config, sink),
            }
        }
        match &moment.transaction {
            Some(block) => {
                sink.str(block.id);
                sink.int(block.total_order);
                sink.int(block.collection_order);
            }
            None => (0..TRANSACTION.len()).for_each(|_| sink.null()),
        }
    }
    sink.begin_struct();
    for image in [before, after] {
        match image {
            Some(image) => prepared.push_row(image, faults, sink)?,
            None => sink.null(),
        }
    }
    sink.end();
    sink.end();
    Ok(())
}

/// `2026-01-01T00:00:00.120Z`.
fn iso_millis(micros: i64) -> String {
    let (seconds, millis) = (micros.div_euclid(1_000_000), micros.rem_euclid(1_000_000) / 1000);
    let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = super::codec::civil(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{millis:03}Z")
}

/// Attributes are text, whatever the field was.
struct AsText<'a, S>(&'a mut S);

impl<S: ValueSink> ValueSink for AsText<'_, S> {
    type Mark = S::Mark;

    fn null(&mut self) {
        self.0.null();
    }

    fn bool(&mut self, v: bool) {
        self.0.str(if v { "true" } else { "false" });
    }

    fn int(&mut self, v: i64) {
        let mut text = Text::<24>::default();
        let _ = write!(text, "{v}");
        self.0.str(&text);
    }

    fn float32(&mut self, v: f32) {
        self.0.str(&v.to_string());
    }

    fn float64(&mut self, v: f64) {
        self.0.str(&v.to_string());
    }

    fn str(&mut self, v: &str) {
        self.0.str(v);
    }

    fn bytes(&mut self, v: &[u8]) {
        self.0.bytes(v);
    }

    fn decimal(&mut self, v: Decimal<'_>) {
        self.0.str(&v.to_string());
    }

    fn begin_struct(&mut self) {
        self.0.begin_struct();
    }

    fn begin_array(&mut self, len: usize) {
        self.0.begin_array(len);
    }

    fn begin_map(&mut self, len: usize) {
        self.0.begin_map(len);
    }

    fn end(&mut self) {
        self.0.end();
    }

    fn mark(&self) -> Self::Mark {
        self.0.mark()
    }

    fn rewind(&mut self, to: Self::Mark) {
        self.0.rewind(to);
    }
}
