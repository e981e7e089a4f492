//! Connect's answer to `validate`: every setting with its definition, its value, and what is wrong with it.

use serde_json::{Value, json};

use super::state::VERSION;
use crate::settings::connector::CLASS;
use crate::settings::{Definition, Problem, Raw, UNWRAP_OPTIONS, definition, definitions, value};

/// The one transform there is.
pub(super) const UNWRAP: &str = "io.debezium.transforms.ExtractNewRecordState";
/// Stands in where no name was given: that is reported apart, in Connect's own words.
pub(super) const NO_NAME: &str = "unnamed";
/// Groups of the settings that are Connect's own; the others are Debezium's.
const CONNECTS_OWN: [&str; 7] =
    ["Common", "Transforms", "Predicates", "Error Handling", "Topic Creation", "Exactly Once Support", "offsets.topic"];
const DEBEZIUMS_OWN: [&str; 3] = ["Postgres", "Connector", "Events"];
/// A slip of Debezium 3.6.1: a setting with a definition and without a value.
const WITHOUT_VALUE: &str = "internal.legacy.snapshot.max.threads";

/// The definitions alone: Debezium's, then Connect's, without what the worker would stand in for.
pub(super) fn definitions_of_connector() -> Value {
    let (connects, debeziums): (Vec<_>, Vec<_>) = listed().partition(|known| is_connects(known));
    let shown = debeziums.into_iter().chain(connects).map(|known| {
        let mut shown = described(known);
        if known.name.contains(".converter") || known.name.contains("converter.plugin") {
            shown["default_value"] = Value::Null;
        }
        shown
    });
    Value::Array(shown.collect())
}

/// The options of [`UNWRAP`], as they are called without the transform's alias.
pub(super) fn unwrap_options() -> Vec<Value> {
    serde_json::from_str(UNWRAP_OPTIONS).unwrap_or_default()
}

/// `problems` are those of [`crate::supervisor::Supervisor::check`].
pub(super) fn answer(config: &Raw, mut problems: Vec<Problem>) -> Value {
    if value(config, "name").is_none() {
        problems.retain(|problem| problem.key != "name");
        problems.push(missing("name"));
    }
    let mut groups: Vec<String> = CONNECTS_OWN.map(str::to_owned).to_vec();
    let mut configs: Vec<Value> =
        listed().filter(|known| is_connects(known)).map(|known| of_connect(known, config, &problems)).collect();
    for alias in aliases(config) {
        groups.push(format!("Transforms: {alias}"));
        configs.extend(of_transform(&alias, config, &problems));
    }
    groups.extend(DEBEZIUMS_OWN.map(str::to_owned));
    configs.extend(listed().filter(|known| !is_connects(known)).map(|known| of_debezium(known, &problems)));
    configs.extend(of_others(&configs, &problems));
    json!({ "name": CLASS, "error_count": problems.len(), "groups": groups, "configs": configs })
}

fn listed() -> impl Iterator<Item = &'static Definition> {
    definitions().iter().filter(|known| !known.unlisted)
}

fn is_connects(known: &Definition) -> bool {
    known.group.as_deref().is_some_and(|group| CONNECTS_OWN.contains(&group))
}

/// Connect says the value, or the default.
fn of_connect(known: &Definition, config: &Raw, problems: &[Problem]) -> Value {
    let mut shown = value(config, &known.name).map(str::trim).or(known.default_value.as_deref());
    // What is no value of its type is none.
    if problems.iter().any(|problem| problem.key == known.name) {
        shown = None;
    }
    json!({ "definition": described(known), "value": valued(known, shown, problems) })
}

/// Debezium says what is wrong and never the value.
fn of_debezium(known: &Definition, problems: &[Problem]) -> Value {
    let value = if known.name == WITHOUT_VALUE { Value::Null } else { valued(known, None, problems) };
    json!({ "definition": described(known), "value": value })
}

/// Problems of settings that are not listed.
fn of_others(configs: &[Value], problems: &[Problem]) -> Vec<Value> {
    let listed = |key: &str| configs.iter().any(|config| config["value"]["name"] == key);
    let mut keys: Vec<&str> = Vec::new();
    for problem in problems {
        if !listed(&problem.key) && !keys.contains(&problem.key.as_str()) {
            keys.push(&problem.key);
        }
    }
    let other = |key: &str| {
        let value = json!({ "name": key, "value": null, "recommended_values": [], "errors": errors(key, problems),
            "visible": true });
        json!({ "definition": definition(key).map(described), "value": value })
    };
    keys.into_iter().map(other).collect()
}

fn described(known: &Definition) -> Value {
    json!({
        "name": known.name, "type": known.kind, "required": known.required, "default_value": known.default_value,
        "importance": known.importance, "documentation": known.documentation, "group": known.group,
        "order_in_group": known.order_in_group, "width": known.width, "display_name": known.display_name,
        "dependents": known.dependents,
    })
}

fn valued(known: &Definition, value: Option<&str>, problems: &[Problem]) -> Value {
    json!({
        "name": known.name, "value": value, "recommended_values": known.recommended_values,
        "errors": errors(&known.name, problems), "visible": !known.hidden,
    })
}

fn errors<'a>(key: &str, problems: &'a [Problem]) -> Vec<&'a str> {
    problems.iter().filter(|problem| problem.key == key).map(|problem| problem.message.as_str()).collect()
}

fn missing(key: &str) -> Problem {
    Problem::new(key, format!("Missing required configuration \"{key}\" which has no default value."))
}

fn aliases(config: &Raw) -> Vec<String> {
    let list = value(config, "transforms").unwrap_or("").split(',').map(str::trim);
    let mut aliases: Vec<String> = Vec::new();
    for alias in list.filter(|alias| !alias.is_empty()) {
        if !aliases.iter().any(|known| known == alias) {
            aliases.push(alias.to_owned());
        }
    }
    aliases
}

/// Type and version, the options of a type that is known, and the predicate.
fn of_transform(alias: &str, config: &Raw, problems: &[Problem]) -> Vec<Value> {
    let given = value(config, &format!("transforms.{alias}.type")).map(str::trim);
    let known = given.is_some_and(|class| [UNWRAP, "ExtractNewRecordState"].contains(&class));
    let version = known.then_some(VERSION);
    let option = |name: &str, kind: &str, default: Option<&str>, importance: &str, text: String, label: String| {
        json!({ "name": name, "type": kind, "required": false, "default_value": default, "importance": importance,
            "documentation": text, "width": "NONE", "display_name": label, "dependents": [] })
    };
    let mut class = option(
        "type",
        "CLASS",
        None,
        "HIGH",
        format!("Class for the '{alias}' transformation."),
        format!("Transformation type for {alias}"),
    );
    class["required"] = json!(true);
    let mut of_version = option(
        "plugin.version",
        "STRING",
        version,
        "HIGH",
        format!("Version of the '{alias}' transformation."),
        format!("Transformation version for {alias}"),
    );
    (class["width"], of_version["width"]) = (json!("LONG"), json!("LONG"));
    let mut options = vec![class, of_version];
    if known {
        options.extend(unwrap_options());
        let negate = "Whether the configured predicate should be negated.".to_owned();
        options.push(option("negate", "BOOLEAN", Some("false"), "MEDIUM", negate, "negate".to_owned()));
        let predicate = "The alias of a predicate used to determine whether to apply this transformation.".to_owned();
        options.push(option("predicate", "STRING", None, "MEDIUM", predicate, "predicate".to_owned()));
    }
    let entries = options.into_iter().enumerate().map(|(order, option)| {
        let short = option["name"].as_str().unwrap_or_default();
        let recommended = match (short, version) {
            ("type", _) => vec![UNWRAP],
            ("plugin.version", Some(version)) => vec![version],
            _ => Vec::new(),
        };
        entry(alias, order, short, &option, &recommended, config, problems)
    });
    entries.collect()
}

fn entry(
    alias: &str,
    order: usize,
    short: &str,
    option: &Value,
    recommended: &[&str],
    config: &Raw,
    problems: &[Problem],
) -> Value {
    let key = format!("transforms.{alias}.{short}");
    let default = option["default_value"].as_str();
    let given = value(config, &key).or(default).filter(|_| !problems.iter().any(|problem| problem.key == key));
    let value = json!({ "name": key, "value": given, "recommended_values": recommended,
        "errors": errors(&key, problems), "visible": true });
    let mut definition = option.clone();
    definition["name"] = json!(key);
    definition["group"] = json!(format!("Transforms: {alias}"));
    definition["order_in_group"] = json!(order);
    json!({ "definition": definition, "value": value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_of_any_key_is_counted_and_shown() {
        let config = vec![
            ("name".to_owned(), "a".to_owned()),
            ("transforms".to_owned(), "u, u".to_owned()),
            ("transforms.u.type".to_owned(), UNWRAP.to_owned()),
        ];
        let keys = ["tasks.max", "slot.name", "transforms.u.add.fields", "walcast.compatibility", "no.such.key"];
        let problems: Vec<_> = keys.iter().map(|key| Problem::new(key, format!("{key} is wrong"))).collect();
        let answer = answer(&config, problems);
        assert_eq!(answer["error_count"], 5);
        let configs = answer["configs"].as_array().unwrap();
        for key in keys {
            let of_key: Vec<_> = configs.iter().filter(|config| config["value"]["name"] == key).collect();
            assert_eq!(of_key.len(), 1, "{key}");
            assert_eq!(of_key[0]["value"]["errors"], json!([format!("{key} is wrong")]));
        }
        assert_eq!(configs.iter().filter(|config| config["definition"]["group"] == "Transforms: u").count(), 13);
    }

    #[test]
    fn the_options_of_the_transform_are_read() {
        assert_eq!(unwrap_options().len(), 9);
    }
}
