//! The checks that Connect and Debezium make of single values, in their words.

use super::definitions::Definition;
use super::patterns;

/// Everything wrong with this value, as whole sentences; the same one never twice.
pub(super) fn check(definition: &Definition, value: &str) -> Vec<String> {
    let mut sentences = Vec::new();
    for check in &definition.checks {
        if let Some(sentence) = sentence(definition, check, value)
            && !sentences.contains(&sentence)
        {
            sentences.push(sentence);
        }
    }
    sentences
}

fn sentence(definition: &Definition, check: &str, value: &str) -> Option<String> {
    let name = &definition.name;
    let debezium = |ok: bool, what: &str| (!ok).then(|| format!("The '{name}' value is invalid: {what}"));
    let connect = |ok: bool, shown: &str, what: &str| {
        (!ok).then(|| format!("Invalid value {shown} for configuration {name}: {what}"))
    };
    let (trimmed, lower) = (value.trim(), value.trim().to_ascii_lowercase());
    let is_boolean = matches!(lower.as_str(), "true" | "false");
    let (int, long) = (value.parse::<i32>(), value.parse::<i64>());
    let least = |least| trimmed.parse::<i64>().is_ok_and(|number| number >= least);
    match check {
        "required" => debezium(!trimmed.is_empty(), "A value is required"),
        "int" => debezium(int.is_ok(), "An integer is expected"),
        "positive int" => debezium(int.is_ok_and(|v| v > 0), "A positive, non-zero integer value is expected"),
        "non-negative int" => debezium(int.is_ok_and(|v| v >= 0), "An non-negative integer is expected"),
        "long" => debezium(long.is_ok(), "A long value is expected"),
        "positive long" => debezium(long.is_ok_and(|v| v > 0), "A positive, non-zero long value is expected"),
        "non-negative long" => debezium(long.is_ok_and(|v| v >= 0), "A non-negative long value is expected"),
        "boolean" => debezium(is_boolean, "Either 'true' or 'false' is expected"),
        "enum" => {
            let what = format!("Value must be one of {}", definition.values.join(", "));
            debezium(definition.values.contains(&lower), &what)
        }
        "patterns" => {
            let complaint = patterns::list(value).err()?;
            debezium(
                false,
                &format!("A comma-separated list of valid regular expressions is expected, but {complaint}"),
            )
        }
        "tags" => {
            let fits =
                |item: &str| item.split_once('=').is_some_and(|(k, v)| !k.trim().is_empty() && !v.trim().is_empty());
            let what = "A equivalent-separated map of valid key/value pairs is expected, for example: k1=v1,k2=v2";
            debezium(trimmed.is_empty() || trimmed.split(',').all(fits), what)
        }
        "connect int" => connect(trimmed.parse::<i32>().is_ok(), value, "Not a number of type INT"),
        "connect long" => connect(trimmed.parse::<i64>().is_ok(), value, "Not a number of type LONG"),
        "connect boolean" => connect(is_boolean, value, "Expected value to be either true or false"),
        "at least 1" if trimmed.parse::<i32>().is_err() => connect(false, "null", "Value must be non-null"),
        "at least 1" => connect(least(1), trimmed, "Value must be at least 1"),
        "at least 0" if trimmed.parse::<i64>().is_err() => None,
        "at least 0" => connect(least(0), trimmed, "Value must be at least 0"),
        "non-empty" => connect(!trimmed.is_empty(), "", "String must be non-empty"),
        "one of" => {
            let what = format!("String must be one of: {}", definition.values.join(", "));
            connect(definition.values.iter().any(|allowed| allowed == trimmed), trimmed, &what)
        }
        "one of (case insensitive)" => {
            let what = format!("String must be one of (case insensitive): {}", definition.values.join(", "));
            connect(definition.values.iter().any(|allowed| allowed.eq_ignore_ascii_case(trimmed)), trimmed, &what)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::definitions::{definition, definitions};
    use super::*;

    fn said(name: &str, value: &str) -> Vec<String> {
        check(definition(name).unwrap(), value)
    }

    #[test]
    fn every_default_passes_its_own_checks() {
        for known in definitions() {
            if let Some(default) = &known.default_value {
                assert_eq!(check(known, default), Vec::<String>::new(), "{}", known.name);
            }
        }
    }

    #[test]
    fn every_check_that_the_table_names_exists() {
        for known in definitions() {
            for name in &known.checks {
                // No value passes all of these and no check accepts all of them.
                let fails = ["", "x y", "(", "-1"].iter().any(|value| sentence(known, name, value).is_some());
                assert!(fails, "{} of {}", name, known.name);
            }
        }
    }

    /// As asked of a real Connect, one value for each kind of check; repeated sentences are said once here.
    #[test]
    fn the_sentences_are_those_of_the_real_one() {
        let debezium = |name: &str, what: &str| format!("The '{name}' value is invalid: {what}");
        let connect =
            |name: &str, value: &str, what: &str| format!("Invalid value {value} for configuration {name}: {what}");
        let cases = [
            ("database.port", "abc", vec![debezium("database.port", "An integer is expected")]),
            ("database.query.timeout.ms", " 1 ", vec![debezium("database.query.timeout.ms", "An integer is expected")]),
            (
                "max.batch.size",
                "99999999999",
                vec![
                    debezium("max.batch.size", "An integer is expected"),
                    debezium("max.batch.size", "A positive, non-zero integer value is expected"),
                ],
            ),
            ("max.batch.size", "0", vec![debezium("max.batch.size", "A positive, non-zero integer value is expected")]),
            (
                "heartbeat.interval.ms",
                "-1",
                vec![debezium("heartbeat.interval.ms", "An non-negative integer is expected")],
            ),
            (
                "max.queue.size.in.bytes",
                "",
                vec![
                    debezium("max.queue.size.in.bytes", "A long value is expected"),
                    debezium("max.queue.size.in.bytes", "A non-negative long value is expected"),
                ],
            ),
            ("slot.drop.on.stop", " ", vec![debezium("slot.drop.on.stop", "Either 'true' or 'false' is expected")]),
            ("slot.drop.on.stop", " TRUE ", vec![]),
            (
                "decimal.handling.mode",
                "exact",
                vec![debezium("decimal.handling.mode", "Value must be one of precise, double, string")],
            ),
            ("decimal.handling.mode", " Double ", vec![]),
            (
                "tasks.max",
                "many",
                vec![
                    connect("tasks.max", "many", "Not a number of type INT"),
                    connect("tasks.max", "null", "Value must be non-null"),
                ],
            ),
            ("tasks.max", "0", vec![connect("tasks.max", "0", "Value must be at least 1")]),
            ("tasks.max", " 1 ", vec![]),
            ("errors.retry.timeout", "1.5", vec![connect("errors.retry.timeout", "1.5", "Not a number of type LONG")]),
            ("errors.tolerance", "ALL", vec![connect("errors.tolerance", "ALL", "String must be one of: none, all")]),
            (
                "exactly.once.support",
                "maybe",
                vec![connect(
                    "exactly.once.support",
                    "maybe",
                    "String must be one of (case insensitive): REQUIRED, REQUESTED",
                )],
            ),
            (
                "transaction.boundary.interval.ms",
                "-1",
                vec![connect("transaction.boundary.interval.ms", "-1", "Value must be at least 0")],
            ),
            ("offsets.storage.topic", " ", vec![connect("offsets.storage.topic", "", "String must be non-empty")]),
            (
                "custom.metric.tags",
                "x",
                vec![debezium(
                    "custom.metric.tags",
                    "A equivalent-separated map of valid key/value pairs is expected, for example: k1=v1,k2=v2",
                )],
            ),
            (
                "table.include.list",
                "(",
                vec![debezium(
                    "table.include.list",
                    "A comma-separated list of valid regular expressions is expected, but Unclosed group near index 1\n(",
                )],
            ),
        ];
        for (name, value, expected) in cases {
            assert_eq!(said(name, value), expected, "{name}={value}");
        }
    }
}
