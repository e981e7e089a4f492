//! What Debezium's settings say of records: topics, types, columns, failures.

use super::naming::topic_naming;
use super::reader::Reader;
use super::regexes::{filters, key_rules, message_prefixes, placeholder, skipped};
use super::rules::column_rules;
use crate::debezium::{
    self, Adjustment, BinaryMode, Compatibility, DecimalMode, FailureMode, HstoreMode, IntervalMode, TimeMode,
};

pub(super) fn debezium_config(reader: &mut Reader<'_>, compatibility: Compatibility) -> debezium::Config {
    let prefix = topic_prefix(reader);
    let database = reader.text("database.dbname").unwrap_or("").to_owned();
    let adjustment = |reader: &Reader<'_>, key: &str| match reader.choice(key, "none").as_str() {
        "avro" => Adjustment::Avro,
        "avro_unicode" => Adjustment::AvroUnicode,
        _ => Adjustment::None,
    };
    let failure = |reader: &Reader<'_>, key: &str, default: &str| match reader.choice(key, default).as_str() {
        "warn" => FailureMode::Warn,
        "skip" | "ignore" => FailureMode::Skip,
        _ => FailureMode::Fail,
    };
    debezium::Config {
        compatibility,
        naming: topic_naming(reader),
        topic_delimiter: reader.owned("topic.delimiter", "."),
        topic_transaction: reader.owned("topic.transaction", "transaction"),
        topic_heartbeat_prefix: reader
            .text("topic.heartbeat.prefix")
            .or_else(|| reader.text("heartbeat.topics.prefix"))
            .unwrap_or("__debezium-heartbeat")
            .to_owned(),
        topic_heartbeat_name: reader.text("topic.heartbeat.name").map(str::to_owned),
        decimal: match reader.choice("decimal.handling.mode", "").as_str() {
            "double" => DecimalMode::Double,
            "string" => DecimalMode::String,
            _ => DecimalMode::Precise,
        },
        time: match reader.choice("time.precision.mode", "").as_str() {
            "adaptive_time_microseconds" => TimeMode::AdaptiveTimeMicroseconds,
            "connect" => TimeMode::Connect,
            "isostring" => TimeMode::Isostring,
            "microseconds" => TimeMode::Microseconds,
            "nanoseconds" => TimeMode::Nanoseconds,
            _ => TimeMode::Adaptive,
        },
        interval: match reader.choice("interval.handling.mode", "").as_str() {
            "string" => IntervalMode::String,
            _ => IntervalMode::Numeric,
        },
        binary: match reader.choice("binary.handling.mode", "").as_str() {
            "base64" => BinaryMode::Base64,
            "base64-url-safe" => BinaryMode::Base64UrlSafe,
            "hex" => BinaryMode::Hex,
            _ => BinaryMode::Bytes,
        },
        hstore: match reader.choice("hstore.handling.mode", "").as_str() {
            "map" => HstoreMode::Map,
            _ => HstoreMode::Json,
        },
        money_fraction_digits: reader.number("money.fraction.digits", 2),
        include_unknown_datatypes: reader.bool("include.unknown.datatypes", false),
        unavailable_value: placeholder(reader),
        schema_name_adjustment: adjustment(reader, "schema.name.adjustment.mode"),
        field_name_adjustment: adjustment(reader, "field.name.adjustment.mode"),
        // The reference accepts the setting and does nothing.
        include_schema_comments: reader.bool("include.schema.comments", false)
            && compatibility == Compatibility::Correct,
        filters: filters(reader),
        key_rules: key_rules(reader),
        rules: column_rules(reader, compatibility),
        tombstones_on_delete: reader.bool("tombstones.on.delete", true),
        skipped: skipped(reader),
        skip_messages_without_change: reader.bool("skip.messages.without.change", false),
        transaction_metadata: reader.bool("provide.transaction.metadata", false),
        extended_headers: reader.bool("extended.headers.enabled", true),
        conversion_failure: failure(reader, "event.converting.failure.handling.mode", "warn"),
        processing_failure: failure(reader, "event.processing.failure.handling.mode", "fail"),
        message_prefixes: message_prefixes(reader),
        ..debezium::Config::new(&prefix, &database)
    }
}

/// `topic.prefix`; `database.server.name` of Debezium 1.x serves when it is missing.
fn topic_prefix(reader: &mut Reader<'_>) -> String {
    const LEGACY: &str = "database.server.name";
    let legacy = reader.text(LEGACY).map(str::to_owned);
    let prefix = match (reader.text("topic.prefix"), legacy) {
        (Some(prefix), None) => prefix.to_owned(),
        (Some(prefix), Some(_)) => {
            reader.note(format!("{LEGACY} is a setting of Debezium 1.x and is ignored; topic.prefix is set"));
            prefix.to_owned()
        }
        (None, Some(legacy)) => {
            reader.note(format!("{LEGACY} is a setting of Debezium 1.x; it serves as topic.prefix, which is missing"));
            legacy
        }
        (None, None) => reader.given("topic.prefix").unwrap_or_default().to_owned(),
    };
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    let given = reader.given("topic.prefix").is_some() || !prefix.is_empty();
    if given && (prefix.is_empty() || !prefix.chars().all(legal)) {
        let text = format!(
            "{prefix} has invalid format (only the underscore, hyphen, dot and alphanumeric characters are allowed)"
        );
        reader.invalid("topic.prefix", text);
    }
    prefix
}
