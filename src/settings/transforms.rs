//! `transforms`: ExtractNewRecordState, in the form of Debezium 3.x and (unless `exact`) of 2.x.

use super::Problem;
use super::reader::Reader;
use crate::debezium::Compatibility;
use crate::transform::{Added, Config, Deletes, UnwrapConfig};

const UNWRAP: &str = "io.debezium.transforms.ExtractNewRecordState";

pub(super) fn transforms(reader: &mut Reader<'_>, mode: Compatibility) -> Vec<Config> {
    let mut configs = Vec::new();
    for alias in reader.list("transforms") {
        let type_key = format!("transforms.{alias}.type");
        match reader.text(&type_key).map(str::trim) {
            Some(UNWRAP | "ExtractNewRecordState") => {
                if let Some(unwrap) = unwrap(reader, alias, mode) {
                    configs.push(Config::Unwrap(unwrap));
                }
            }
            Some(class) => {
                let class = class.to_owned();
                reader.problem(Problem::unsupported(&type_key, format!("the transform {class}")));
            }
            None => reader.problem(Problem::new(
                &type_key,
                format!("Missing required configuration \"{type_key}\" which has no default value."),
            )),
        }
    }
    if configs.len() > 1 {
        reader.problem(Problem::unsupported("transforms", "more than one transform"));
    }
    if reader.text("predicates").is_some() {
        reader.problem(Problem::unsupported("predicates", "a predicate"));
    }
    configs
}

fn unwrap(reader: &mut Reader<'_>, alias: &str, mode: Compatibility) -> Option<UnwrapConfig> {
    let key = |option: &str| format!("transforms.{alias}.{option}");
    for option in ["drop.fields.header.name", "drop.fields.from.key", "route.by.field", "predicate"] {
        let key = key(option);
        if reader.text(&key).is_some_and(|value| value.trim() != "false") {
            reader.problem(Problem::unsupported(&key, "this option"));
        }
    }
    let legacy = reader.text(&key("delete.tombstone.handling.mode")).is_none();
    let deletes = deletes(reader, alias, mode)?;
    let added = |what: &str| {
        let prefix_key = key(&format!("{what}.prefix"));
        let prefix = reader.text(&prefix_key).unwrap_or("__");
        reader.list(&key(what)).into_iter().map(|item| added(item, prefix)).collect()
    };
    Some(UnwrapConfig {
        deletes,
        fields: added("add.fields"),
        headers: added("add.headers"),
        deleted_last: legacy,
        route_by_field: None,
    })
}

/// `field`, `struct.field`, each with an optional `:name`.
fn added(item: &str, prefix: &str) -> Added {
    let (path, alias) = item.split_once(':').map_or((item, None), |(path, alias)| (path, Some(alias)));
    let (from, field) = path.split_once('.').map_or((None, path), |(from, field)| (Some(from), field));
    let name = match (alias, from) {
        (Some(alias), _) => format!("{prefix}{alias}"),
        (None, Some(from)) => format!("{prefix}{from}_{field}"),
        (None, None) => format!("{prefix}{field}"),
    };
    Added { from: from.map(str::to_owned), field: field.to_owned(), name }
}

fn deletes(reader: &mut Reader<'_>, alias: &str, mode: Compatibility) -> Option<Deletes> {
    let key = |option: &str| format!("transforms.{alias}.{option}");
    let modern_key = key("delete.tombstone.handling.mode");
    if reader.text(&modern_key).is_some() {
        return match reader.choice(&modern_key, "").as_str() {
            "drop" => Some(Deletes::Drop),
            "tombstone" => Some(Deletes::Tombstone),
            "rewrite" => Some(Deletes::Rewrite),
            "rewrite-with-tombstone" => Some(Deletes::RewriteWithTombstone),
            "delete-to-tombstone" => Some(Deletes::DeleteToTombstone),
            _ => {
                let allowed = "drop, tombstone, rewrite, rewrite-with-tombstone, delete-to-tombstone";
                reader.invalid(&modern_key, format!("Value must be one of {allowed}"));
                None
            }
        };
    }
    let (drop_key, handling_key) = (key("drop.tombstones"), key("delete.handling.mode"));
    if reader.text(&drop_key).is_none() && reader.text(&handling_key).is_none() {
        return Some(Deletes::Tombstone);
    }
    if mode == Compatibility::Exact {
        reader.note(format!("{drop_key} and {handling_key} are settings of Debezium 2.x and ignored, as 3.x does"));
        return Some(Deletes::Tombstone);
    }
    reader.note(format!(
        "{drop_key} and {handling_key} are settings of Debezium 2.x and honoured; the modern one is {modern_key}"
    ));
    let drop_tombstones = match reader.choice(&drop_key, "true").as_str() {
        "true" => true,
        "false" => false,
        _ => {
            reader.invalid(&drop_key, "Either 'true' or 'false' is expected");
            return None;
        }
    };
    match (reader.choice(&handling_key, "drop").as_str(), drop_tombstones) {
        ("drop", true) => Some(Deletes::Drop),
        ("drop", false) => Some(Deletes::DropWithTombstone),
        ("rewrite", true) => Some(Deletes::Rewrite),
        ("rewrite", false) => Some(Deletes::RewriteWithTombstone),
        ("none", true) => Some(Deletes::Tombstone),
        ("none", false) => Some(Deletes::NullWithTombstone),
        _ => {
            reader.invalid(&handling_key, "Value must be one of drop, rewrite, none");
            None
        }
    }
}
