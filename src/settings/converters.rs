//! Converters of key and value: the connector's own, or else the worker's.

use super::{Problem, Raw, value};
use crate::converter::{Config, JsonConfig};

const JSON: [&str; 2] = ["org.apache.kafka.connect.json.JsonConverter", "JsonConverter"];
const SIMPLE_HEADERS: [&str; 2] = ["org.apache.kafka.connect.storage.SimpleHeaderConverter", "SimpleHeaderConverter"];

/// `side` is `key` or `value`. A connector that names a class brings all its options; one that does not takes the
/// worker's class with the worker's options, as Connect does.
pub(super) fn converter(side: &str, connector: &Raw, worker: &Raw) -> Result<Config, Vec<Problem>> {
    let class_key = format!("{side}.converter");
    let own = value(connector, &class_key).map(str::trim).filter(|class| !class.is_empty());
    let source = if own.is_some() { connector } else { worker };
    let class = own.or_else(|| value(source, &class_key)).unwrap_or(JSON[0]);
    if !JSON.contains(&class) {
        return Err(vec![Problem::new(
            &class_key,
            format!(
                "Invalid value {class} for configuration {class_key}: Class {class} could not be found. \
                 This version of walcast has {}",
                JSON[0]
            ),
        )]);
    }
    let mut problems = Vec::new();
    let mut flag = |option: &str, default: bool| {
        let key = format!("{side}.converter.{option}");
        match value(source, &key).map(|v| v.trim().to_lowercase()).as_deref() {
            None | Some("") => default,
            Some("true") => true,
            Some("false") => false,
            Some(other) => {
                problems.push(Problem::new(
                    &key,
                    format!("Invalid value {other} for configuration {key}: Expected value to be either true or false"),
                ));
                default
            }
        }
    };
    let schemas = flag("schemas.enable", true);
    let replace_null_with_default = flag("replace.null.with.default", true);
    let format_key = format!("{side}.converter.decimal.format");
    let numeric_decimals = match value(source, &format_key).map(|v| v.trim().to_uppercase()).as_deref() {
        None | Some("" | "BASE64") => false,
        Some("NUMERIC") => true,
        Some(other) => {
            problems.push(Problem::new(
                &format_key,
                format!("Invalid value {other} for configuration {format_key}: String must be one of: BASE64, NUMERIC"),
            ));
            false
        }
    };
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
    Some(Problem::unsupported(KEY, format!("the header converter {class}")))
}
