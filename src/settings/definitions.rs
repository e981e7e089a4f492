//! Every known key of a connector, from `definitions.json`.
//!
//! The first 150 entries are what a Connect with Debezium 3.6.1.Final says of the connector, in its order; the `unlisted`
//! ones are read by Debezium (or by walcast) without being listed. `checks` names the checks that the real one makes,
//! found by asking it; `support` is what walcast makes of a value other than the default.

use std::collections::HashMap;
use std::sync::LazyLock;

use serde_json::Value;

#[derive(Clone, Debug)]
pub struct Definition {
    pub name: String,
    /// BOOLEAN, STRING, INT, SHORT, LONG, DOUBLE, LIST, CLASS or PASSWORD.
    pub kind: String,
    pub required: bool,
    pub default_value: Option<String>,
    pub importance: String,
    pub documentation: String,
    pub group: Option<String>,
    pub order_in_group: i64,
    pub width: String,
    pub display_name: String,
    pub dependents: Vec<String>,
    pub recommended_values: Vec<String>,
    /// Not among what Connect lists of the connector.
    pub unlisted: bool,
    /// Listed as not visible.
    pub hidden: bool,
    pub(super) checks: Vec<String>,
    /// The values of `enum` and `one of`.
    pub(super) values: Vec<String>,
    pub(super) support: Support,
}

/// What a value other than the default does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Support {
    Honoured,
    /// Nothing, and records stay right.
    Harmless,
    /// It would change what is captured or written, and is not built yet.
    Refused,
}

impl Definition {
    fn of(entry: &Value) -> Self {
        let text = |field: &str| entry.get(field).and_then(Value::as_str).map(str::to_owned);
        let flag = |field: &str| entry.get(field).and_then(Value::as_bool).unwrap_or_default();
        let list = |field: &str| -> Vec<String> {
            let items = entry.get(field).and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
            items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
        };
        Self {
            name: text("name").unwrap_or_default(),
            kind: text("type").unwrap_or_default(),
            required: flag("required"),
            default_value: text("default_value"),
            importance: text("importance").unwrap_or_default(),
            documentation: text("documentation").unwrap_or_default(),
            group: text("group"),
            order_in_group: entry.get("order_in_group").and_then(Value::as_i64).unwrap_or_default(),
            width: text("width").unwrap_or_default(),
            display_name: text("display_name").unwrap_or_default(),
            dependents: list("dependents"),
            recommended_values: list("recommended_values"),
            unlisted: flag("unlisted"),
            hidden: flag("hidden"),
            checks: list("checks"),
            values: list("values"),
            support: match text("support").as_deref() {
                Some("harmless") => Support::Harmless,
                Some("refused") => Support::Refused,
                _ => Support::Honoured,
            },
        }
    }

    pub(super) fn has(&self, check: &str) -> bool {
        self.checks.iter().any(|own| own == check)
    }
}

/// All of them, those of Connect's list first and in its order.
pub fn definitions() -> &'static [Definition] {
    static ALL: LazyLock<Vec<Definition>> = LazyLock::new(|| {
        // Part of the program, and read by a test: it cannot fail otherwise.
        let table: Vec<Value> = serde_json::from_str(include_str!("definitions.json")).unwrap_or_default();
        table.iter().map(Definition::of).collect()
    });
    &ALL
}

pub fn definition(name: &str) -> Option<&'static Definition> {
    position(name).and_then(|position| definitions().get(position))
}

/// Its place in Connect's order.
pub(super) fn position(name: &str) -> Option<usize> {
    static BY_NAME: LazyLock<HashMap<&'static str, usize>> =
        LazyLock::new(|| definitions().iter().enumerate().map(|(at, known)| (known.name.as_str(), at)).collect());
    BY_NAME.get(name).copied()
}

/// Families of settings whose names are open.
const PREFIXES: [&str; 14] = [
    "transforms.",
    "predicates.",
    "topic.creation.",
    "producer.override.",
    "consumer.override.",
    "admin.override.",
    "key.converter.",
    "value.converter.",
    "header.converter.",
    "column.mask.",
    "column.truncate.",
    "signal.consumer.",
    "snapshot.select.statement.overrides.",
    "driver.",
];

/// Accepted without standing in the table.
const ALSO: [&str; 2] = ["database.server.name", "include.schema.changes"];

pub(super) fn is_known(key: &str) -> bool {
    definition(key).is_some() || ALSO.contains(&key) || PREFIXES.iter().any(|prefix| key.starts_with(prefix))
}

/// Settings of older versions and what they are called now.
const RENAMED: [(&str, &str); 9] = [
    ("table.whitelist", "table.include.list"),
    ("table.blacklist", "table.exclude.list"),
    ("schema.whitelist", "schema.include.list"),
    ("schema.blacklist", "schema.exclude.list"),
    ("column.whitelist", "column.include.list"),
    ("column.blacklist", "column.exclude.list"),
    ("heartbeat.topics.prefix", "topic.heartbeat.prefix"),
    ("toasted.value.placeholder", "unavailable.value.placeholder"),
    ("slot.drop_on_stop", "slot.drop.on.stop"),
];

/// What an unknown key was probably meant to be.
pub(super) fn nearest(key: &str) -> Option<&'static str> {
    if let Some((_, now)) = RENAMED.iter().find(|(old, _)| *old == key) {
        return Some(now);
    }
    let scored = definitions().iter().map(|known| (strsim::damerau_levenshtein(key, &known.name), known.name.as_str()));
    scored.min().filter(|(distance, _)| *distance <= 1 + key.len() / 5).map(|(_, name)| name)
}

pub(super) fn was_renamed(key: &str) -> bool {
    RENAMED.iter().any(|(old, _)| *old == key)
}

/// Debezium's own idea of which keys hold secrets.
pub fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    let ends = [
        "secret",
        "password",
        "passphrase",
        "sasl.jaas.config",
        "basic.auth.user.info",
        "credentials.json",
        "connectionstring",
        "connection.string",
        "ssl.keystore.key",
        ".token",
    ];
    ends.iter().any(|end| key.ends_with(end))
        || key.contains("registry.auth.client-secret")
        || key.contains("sasl.oauthbearer.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_connects() {
        let listed: Vec<_> = definitions().iter().filter(|known| !known.unlisted).collect();
        assert_eq!(listed.len(), 150);
        assert_eq!((listed[0].name.as_str(), listed[149].name.as_str()), ("name", "sourceinfo.struct.maker"));
        assert!(listed.iter().all(|known| known.group.is_some() && !known.importance.is_empty()));
        assert!(definitions().len() > listed.len());
    }

    #[test]
    fn every_enum_has_its_values_and_a_default_among_them() {
        for known in definitions().iter().filter(|known| known.has("enum")) {
            assert!(!known.values.is_empty(), "{}", known.name);
            let default = known.default_value.as_deref().map(str::to_ascii_lowercase);
            assert!(default.is_none_or(|default| known.values.contains(&default)), "{}", known.name);
        }
    }

    #[test]
    fn defaults_are_found_by_name() {
        let default = |name| definition(name).and_then(|known| known.default_value.as_deref());
        assert_eq!(default("slot.name"), Some("debezium"));
        assert_eq!(default("money.fraction.digits"), Some("2"));
        assert!(definition("slot.names").is_none());
    }
}
