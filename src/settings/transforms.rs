//! `transforms`: ExtractNewRecordState, in the form of Debezium 3.x and (unless `exact`) of 2.x.

use super::Problem;
use super::reader::Reader;
use crate::debezium::Compatibility;
use crate::transform::{Added, Config, Deletes, UnwrapConfig};

const UNWRAP: &str = "io.debezium.transforms.ExtractNewRecordState";
/// Where transforms come from that exist and are not built here yet.
const PACKAGES: [&str; 2] = ["org.apache.kafka.connect.transforms.", "io.debezium."];

pub(super) fn transforms(reader: &mut Reader<'_>, mode: Compatibility) -> Vec<Config> {
    let mut configs = Vec::new();
    let aliases = reader.list("transforms");
    if (1..aliases.len()).any(|at| aliases.iter().take(at).any(|earlier| Some(earlier) == aliases.get(at))) {
        let what =
            format!("Invalid value [{}] for configuration transforms: Duplicate alias provided.", aliases.join(", "));
        reader.problem(Problem::new("transforms", what));
        return configs;
    }
    for alias in aliases {
        let type_key = format!("transforms.{alias}.type");
        match reader.text(&type_key).map(str::trim) {
            Some(UNWRAP | "ExtractNewRecordState") => {
                if let Some(unwrap) = unwrap(reader, alias, mode) {
                    configs.push(Config::Unwrap(unwrap));
                }
            }
            Some(class) if PACKAGES.iter().any(|package| class.starts_with(package)) => {
                reader.problem(Problem::unsupported(&type_key, format!("the transform {class}")));
            }
            Some(class) => {
                let what = format!("Class {class} could not be found.");
                reader.problem(Problem::new(
                    &type_key,
                    format!("Invalid value {class} for configuration {type_key}: {what}"),
                ));
            }
            None => reader.problem(Problem::new(
                &type_key,
                format!("Missing required configuration \"{type_key}\" which has no default value."),
            )),
        }
    }
    predicates(reader);
    if configs.len() > 1 {
        reader.problem(Problem::unsupported("transforms", "more than one transform"));
    }
    if reader.text("predicates").is_some() {
        reader.problem(Problem::unsupported("predicates", "a predicate"));
    }
    configs
}

/// None is built yet; a `negate` without one is a slip.
fn predicates(reader: &mut Reader<'_>) {
    for alias in reader.list("transforms") {
        let key = |option: &str| format!("transforms.{alias}.{option}");
        let (predicate, negate) = (key("predicate"), key("negate"));
        if reader.text(&predicate).is_some() {
            reader.problem(Problem::unsupported(&predicate, "a predicate"));
        } else if reader.given(&negate).is_some() {
            let what = format!("was provided but there is no config '{predicate}' defining a predicate to be negated.");
            reader.problem(Problem::new(&key("type"), format!("Config '{negate}' {what}")));
        }
        flag(reader, &negate);
    }
}

/// A boolean of Connect.
fn flag(reader: &mut Reader<'_>, key: &str) {
    if let Some(text) = reader.given(key)
        && !["true", "false"].iter().any(|allowed| text.trim().eq_ignore_ascii_case(allowed))
    {
        let what = "Expected value to be either true or false";
        reader.problem(Problem::new(key, format!("Invalid value {text} for configuration {key}: {what}")));
    }
}

fn unwrap(reader: &mut Reader<'_>, alias: &str, mode: Compatibility) -> Option<UnwrapConfig> {
    let key = |option: &str| format!("transforms.{alias}.{option}");
    for option in ["drop.fields.header.name", "route.by.field"] {
        let key = key(option);
        if reader.text(&key).is_some() {
            reader.problem(Problem::unsupported(&key, "this option"));
        }
    }
    // Without a header's name they have no effect.
    flag(reader, &key("drop.fields.from.key"));
    flag(reader, &key("drop.fields.keep.schema.compatible"));
    let legacy = reader.text(&key("delete.tombstone.handling.mode")).is_none();
    let deletes = deletes(reader, alias, mode)?;
    for what in ["add.fields", "add.headers"] {
        let key = key(what);
        for item in reader.list(&key) {
            let path = item.split(':').next().unwrap_or_default().trim();
            let field = path.split_once('.').map_or(path, |(_, field)| field);
            if field.is_empty() || field.contains('.') {
                reader.invalid(&key, format!("Unexpected field name: {path}"));
            }
        }
    }
    let added = |what: &str| {
        let prefix_key = key(&format!("{what}.prefix"));
        // An empty prefix is one.
        let prefix = reader.given(&prefix_key).unwrap_or("__");
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
    let (path, alias) = item.split_once(':').map_or((item, None), |(path, alias)| (path.trim(), Some(alias.trim())));
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
                let given = reader.text(&modern_key).unwrap_or_default().trim();
                let allowed = "drop, tombstone, rewrite-with-tombstone, rewrite, delete-to-tombstone";
                let what = format!("configuration delete.tombstone.handling.mode: Value must be one of {allowed}");
                reader.problem(Problem::new(&modern_key, format!("Invalid value {given} for {what}")));
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
            flag(reader, &drop_key);
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
            reader.invalid(&handling_key, "Value must be one of drop, none, rewrite");
            None
        }
    }
}
