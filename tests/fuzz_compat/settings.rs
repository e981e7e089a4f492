//! Random connector and converter settings.

use serde_json::{Map, Value, json};

use crate::random::Random;

/// Each is set in some of the cases, to one of these values. Patterns name columns by the plain names that tables give.
#[rustfmt::skip]
const CONNECTOR: &[(&str, &[&str])] = &[
    ("decimal.handling.mode", &["double", "string"]),
    ("time.precision.mode", &["adaptive_time_microseconds", "connect", "isostring", "microseconds", "nanoseconds"]),
    ("binary.handling.mode", &["base64", "base64-url-safe", "hex"]),
    ("interval.handling.mode", &["string"]),
    ("hstore.handling.mode", &["map"]),
    ("include.unknown.datatypes", &["true"]),
    ("tombstones.on.delete", &["false"]),
    ("skipped.operations", &["none", "c", "u", "d", "c,t", "u,d,t"]),
    ("provide.transaction.metadata", &["true"]),
    ("schema.name.adjustment.mode", &["avro", "avro_unicode"]),
    ("field.name.adjustment.mode", &["avro", "avro_unicode"]),
    ("money.fraction.digits", &["0", "1", "4"]),
    ("snapshot.mode", &["no_data", "when_needed", "always"]),
    ("extended.headers.enabled", &["false"]),
    ("include.schema.comments", &["true"]),
    ("unavailable.value.placeholder", &["gone", "hex:00ff41"]),
    ("skip.messages.without.change", &["true"]),
    ("publish.via.partition.root", &["true"]),
    ("event.converting.failure.handling.mode", &["skip"]),
    ("max.batch.size", &["3"]),
    ("topic.delimiter", &["_", "-"]),
];

/// As above, but rarer: they hide columns and tables.
#[rustfmt::skip]
const HIDING: &[(&str, &[&str])] = &[
    ("column.exclude.list", &[".*\\.c[2-4]", ".*[.]k1,.*\\.c5", "public\\.t[12]\\..*[24680]"]),
    ("column.include.list", &[".*\\.(k.*|c[1-6])", "public\\..*"]),
    ("table.exclude.list", &["public\\.t2", "\"Odd Schema\".*"]),
    ("table.include.list", &["public\\..*", ".*\\.t[1-9],public.id"]),
    ("schema.exclude.list", &["Odd.*"]),
    ("message.key.columns", &["public.t1:c2", "(.*).t[1-4]:c3,c2,nothing;(.*):k1,c4", "(.*):c4"]),
    ("column.mask.with.5.chars", &[".*\\.c[23]"]),
    ("column.truncate.to.3.chars", &[".*\\.c.*"]),
    ("column.mask.hash.SHA-256.with.salt.Pepper", &[".*\\.c[45]"]),
    ("column.mask.hash.v2.MD5.with.salt.x", &[".*\\.c6"]),
    ("column.propagate.source.type", &[".*", ".*\\.c[1-5]"]),
    ("datatype.propagate.source.type", &[".*", ".+\\.(int4|varchar|numeric)"]),
];

#[rustfmt::skip]
const WORKER: &[(&str, &[&str])] = &[
    ("key.converter.schemas.enable", &["false"]),
    ("value.converter.schemas.enable", &["false"]),
    ("key.converter.decimal.format", &["NUMERIC"]),
    ("value.converter.decimal.format", &["NUMERIC"]),
    ("value.converter.replace.null.with.default", &["false"]),
];

#[rustfmt::skip]
const UNWRAP: &[(&str, &[&str])] = &[
    ("delete.tombstone.handling.mode", &["drop", "tombstone", "rewrite", "rewrite-with-tombstone", "delete-to-tombstone"]),
    ("add.fields", &["op,table,lsn", "op,source.ts_ms,source.snapshot:snap,transaction.id,missing", "op,db,version,connector,source.lsn"]),
    ("add.fields.prefix", &[""]),
    ("add.headers", &["op,db,source.schema:s", "transaction.total_order,txId,op"]),
    ("add.headers.prefix", &["h."]),
    ("replace.null.with.default", &["false"]),
];

pub(crate) fn connector(random: &mut Random) -> Map<String, Value> {
    let mut chosen = some(random, CONNECTOR, 15);
    chosen.extend(some(random, HIDING, 5));
    // Both at once are refused.
    for kind in ["column", "table"] {
        if chosen.contains_key(&format!("{kind}.include.list")) {
            chosen.remove(&format!("{kind}.exclude.list"));
        }
    }
    if random.chance(15) {
        chosen.insert("transforms".to_owned(), json!("unwrap"));
        chosen.insert("transforms.unwrap.type".to_owned(), json!("io.debezium.transforms.ExtractNewRecordState"));
        // The oracle tells rows of a snapshot, whose positions differ, by their `op`.
        chosen.insert("transforms.unwrap.add.fields".to_owned(), json!("op"));
        for (key, value) in some(random, UNWRAP, 40) {
            chosen.insert(format!("transforms.unwrap.{key}"), value);
        }
    }
    chosen
}

pub(crate) fn worker(random: &mut Random) -> Map<String, Value> {
    some(random, WORKER, 20)
}

fn some(random: &mut Random, settings: &[(&str, &[&str])], percent: u32) -> Map<String, Value> {
    let mut chosen = Map::new();
    for (key, values) in settings {
        if random.chance(percent) {
            chosen.insert((*key).to_owned(), json!(random.pick(values)));
        }
    }
    chosen
}
