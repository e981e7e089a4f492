//! Converters of key and value: the connector's own, or else the worker's.

use super::worker::flag;
use super::{Problem, Raw, value};
use crate::converter::{CloudEventsConfig, Config, HeaderConfig, JsonConfig};

const JSON: [&str; 3] = ["org.apache.kafka.connect.json.JsonConverter", "JsonConverter", "Json"];
const TEXT: [&str; 3] = ["org.apache.kafka.connect.storage.StringConverter", "StringConverter", "String"];
const CLOUD_EVENTS: [&str; 2] = ["io.debezium.converters.CloudEventsConverter", "CloudEventsConverter"];
const BINARY: [&str; 2] = ["io.debezium.converters.BinaryDataConverter", "BinaryDataConverter"];
const SIMPLE_HEADERS: [&str; 3] =
    ["org.apache.kafka.connect.storage.SimpleHeaderConverter", "SimpleHeaderConverter", "Simple"];
/// Converters that exist and are not built here yet, so that they are told from a slip.
const OTHERS: [&str; 10] = [
    "ByteArrayConverter",
    "AvroConverter",
    "ProtobufConverter",
    "JsonSchemaConverter",
    "BooleanConverter",
    "DoubleConverter",
    "FloatConverter",
    "IntegerConverter",
    "LongConverter",
    "ShortConverter",
];

/// `side` is `key` or `value`. A connector that names a class brings all its options; one that does not takes the
/// worker's class with the worker's options, as Connect does.
pub(super) fn converter(side: &str, connector: &Raw, worker: &Raw) -> Result<Config, Vec<Problem>> {
    let key = format!("{side}.converter");
    let own = value(connector, &key).is_some();
    of_class(&key, JSON[0], if own { connector } else { worker })
}

/// As [`converter`], of headers.
pub(super) fn header_converter(connector: &Raw, worker: &Raw) -> Result<HeaderConfig, Vec<Problem>> {
    const KEY: &str = "header.converter";
    let source = if value(connector, KEY).is_some() { connector } else { worker };
    match value(source, KEY).map_or("", str::trim) {
        class if class.is_empty() || SIMPLE_HEADERS.contains(&class) => Ok(HeaderConfig::Simple),
        _ => of_class(KEY, "", source).map(HeaderConfig::Like),
    }
}

/// The converter that `key` names, with the options behind its name.
fn of_class(key: &str, default: &str, source: &Raw) -> Result<Config, Vec<Problem>> {
    let class = value(source, key).map_or(default, str::trim);
    match class {
        _ if JSON.contains(&class) => json(key, source).map(Config::Json),
        _ if TEXT.contains(&class) => Ok(Config::Text),
        _ if CLOUD_EVENTS.contains(&class) => cloud_events(key, source).map(Config::CloudEvents),
        _ if BINARY.contains(&class) => {
            // Bytes pass, all else is the delegate's; what is written here is never bytes.
            let delegate = format!("{key}.delegate.converter.type");
            match value(source, &delegate).filter(|class| !class.trim().is_empty()) {
                Some(_) => of_class(&delegate, "", source),
                None => Err(vec![Problem::new(
                    &delegate,
                    format!("{class} takes nothing but bytes, and records are structs: set {delegate}"),
                )]),
            }
        }
        _ => Err(vec![refusal(key, class)]),
    }
}

fn cloud_events(class_key: &str, source: &Raw) -> Result<CloudEventsConfig, Vec<Problem>> {
    let option = |name: &str| {
        let key = format!("{class_key}.{name}");
        let chosen = value(source, &key).map_or(String::new(), |text| text.trim().to_lowercase());
        (key, chosen)
    };
    // What is built, of each option that changes the event.
    let built = [
        ("serializer.type", &["", "json"][..]),
        ("data.serializer.type", &["", "json"]),
        ("metadata.source", &["", "value"]),
        ("opentelemetry.tracing.attributes.enable", &["", "false"]),
        ("extension.attributes.enable", &["", "true", "false"]),
    ];
    let mut problems: Vec<Problem> = built
        .iter()
        .map(|(name, values)| (option(name), values))
        .filter(|((_, chosen), values)| !values.contains(&chosen.as_str()))
        .map(|((key, chosen), _)| Problem::unsupported(&key, chosen))
        .collect();
    let extensions = option("extension.attributes.enable").1 != "false";
    match json(&format!("{class_key}.json"), source) {
        Ok(data) if problems.is_empty() => Ok(CloudEventsConfig { extensions, data }),
        Ok(_) => Err(problems),
        Err(more) => {
            problems.extend(more);
            Err(problems)
        }
    }
}

fn json(class_key: &str, source: &Raw) -> Result<JsonConfig, Vec<Problem>> {
    let mut problems = Vec::new();
    let mut switch = |option: &str, default: bool| {
        let key = format!("{class_key}.{option}");
        let given = value(source, &key).map(str::trim).filter(|text| !text.is_empty());
        match flag(given, option) {
            Ok(flag) => flag.unwrap_or(default),
            Err(problem) => {
                problems.push(Problem { key, ..problem });
                default
            }
        }
    };
    let schemas = switch("schemas.enable", true);
    let replace_null_with_default = switch("replace.null.with.default", true);
    let format_key = format!("{class_key}.decimal.format");
    let numeric_decimals = match value(source, &format_key).map(str::trim) {
        None | Some("") => false,
        Some(format) if format.eq_ignore_ascii_case("BASE64") => false,
        Some(format) if format.eq_ignore_ascii_case("NUMERIC") => true,
        Some(other) => {
            problems.push(Problem::new(
                &format_key,
                format!("Invalid value {other} for configuration decimal.format: String must be one of (case insensitive): NUMERIC, BASE64"),
            ));
            false
        }
    };
    let cache_key = format!("{class_key}.schemas.cache.size");
    if let Some(size) = value(source, &cache_key).filter(|size| size.trim().parse::<i32>().is_err()) {
        let what = "Not a number of type INT";
        problems.push(Problem::new(
            &cache_key,
            format!("Invalid value {size} for configuration schemas.cache.size: {what}"),
        ));
    }
    let content_key = format!("{class_key}.schema.content");
    if value(source, &content_key).is_some_and(|content| !content.trim().is_empty()) {
        problems.push(Problem::unsupported(&content_key, "a schema of your own"));
    }
    if problems.is_empty() {
        Ok(JsonConfig { schemas, numeric_decimals, replace_null_with_default })
    } else {
        Err(problems)
    }
}

fn refusal(key: &str, class: &str) -> Problem {
    let simple = class.rsplit('.').next().unwrap_or(class);
    if OTHERS.contains(&simple) || JSON.contains(&class) || SIMPLE_HEADERS.contains(&class) {
        Problem::unsupported(key, class)
    } else {
        let what = format!("Class {class} could not be found.");
        Problem::new(key, format!("Invalid value {class} for configuration {key}: {what}"))
    }
}
