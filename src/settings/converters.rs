//! Converters of key and value: the connector's own, or else the worker's.

use super::{Problem, Raw, value};
use crate::converter::{Config, JsonConfig};

const JSON: [&str; 3] = ["org.apache.kafka.connect.json.JsonConverter", "JsonConverter", "Json"];
const SIMPLE_HEADERS: [&str; 3] =
    ["org.apache.kafka.connect.storage.SimpleHeaderConverter", "SimpleHeaderConverter", "Simple"];
/// Converters that exist and are not built here yet, so that they are told from a slip.
const OTHERS: [&str; 13] = [
    "StringConverter",
    "ByteArrayConverter",
    "BinaryDataConverter",
    "CloudEventsConverter",
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
    let class_key = format!("{side}.converter");
    let own = value(connector, &class_key).map(str::trim);
    let source = if own.is_some() { connector } else { worker };
    let class = own.or_else(|| value(source, &class_key)).unwrap_or(JSON[0]);
    if !JSON.contains(&class) {
        return Err(vec![refusal(&class_key, class)]);
    }
    let mut problems = Vec::new();
    let mut flag = |option: &str, default: bool| {
        let key = format!("{side}.converter.{option}");
        match value(source, &key).map(str::trim) {
            None | Some("") => default,
            Some(text) if text.eq_ignore_ascii_case("true") => true,
            Some(text) if text.eq_ignore_ascii_case("false") => false,
            Some(other) => {
                problems.push(Problem::new(
                    &key,
                    format!(
                        "Invalid value {other} for configuration {option}: Expected value to be either true or false"
                    ),
                ));
                default
            }
        }
    };
    let schemas = flag("schemas.enable", true);
    let replace_null_with_default = flag("replace.null.with.default", true);
    let format_key = format!("{side}.converter.decimal.format");
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
    let cache_key = format!("{side}.converter.schemas.cache.size");
    if let Some(size) = value(source, &cache_key).filter(|size| size.trim().parse::<i32>().is_err()) {
        let what = "Not a number of type INT";
        problems.push(Problem::new(
            &cache_key,
            format!("Invalid value {size} for configuration schemas.cache.size: {what}"),
        ));
    }
    let content_key = format!("{side}.converter.schema.content");
    if value(source, &content_key).is_some_and(|content| !content.trim().is_empty()) {
        problems.push(Problem::unsupported(&content_key, "a schema of your own"));
    }
    if problems.is_empty() {
        Ok(Config::Json(JsonConfig { schemas, numeric_decimals, replace_null_with_default }))
    } else {
        Err(problems)
    }
}

/// Only the default header converter exists.
pub(super) fn header_converter(connector: &Raw, worker: &Raw) -> Option<Problem> {
    const KEY: &str = "header.converter";
    let class = value(connector, KEY).or_else(|| value(worker, KEY)).map(str::trim)?;
    if class.is_empty() || SIMPLE_HEADERS.contains(&class) {
        return None;
    }
    Some(refusal(KEY, class))
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
