//! Settings with a grammar of their own.

use super::patterns;
use super::reader::Reader;
use crate::connector::{Identity, IdentityRule};
use crate::debezium::pattern::Pattern;
use crate::debezium::{Filters, Include, KeyRule, Operation, Operations};

/// An include and an exclude list, which exclude each other.
fn include(reader: &mut Reader<'_>, include: &str, exclude: &str) -> Include {
    if reader.given(include).is_some() && reader.given(exclude).is_some() {
        // Of the message prefixes the reference names the first list by a key that it does not know itself.
        reader.invalid(exclude, format!("\"{include}\" is already specified"));
        return Include::Everything;
    }
    match (reader.patterns(include), reader.patterns(exclude)) {
        (Some(list), _) => Include::Only(list),
        (None, Some(list)) => Include::AllBut(list),
        (None, None) => Include::Everything,
    }
}

pub(super) fn filters(reader: &mut Reader<'_>) -> Filters {
    Filters {
        schemas: include(reader, "schema.include.list", "schema.exclude.list"),
        tables: include(reader, "table.include.list", "table.exclude.list"),
        columns: include(reader, "column.include.list", "column.exclude.list"),
        signal_table: reader.text("signal.data.collection").map(|name| name.trim().to_owned()),
    }
}

pub(super) fn message_prefixes(reader: &mut Reader<'_>) -> Include {
    include(reader, "message.prefix.include.list", "message.prefix.exclude.list")
}

/// `skipped.operations`: truncates by default. Case counts here.
pub(super) fn skipped(reader: &mut Reader<'_>) -> Operations {
    const KEY: &str = "skipped.operations";
    let Some(text) = reader.given(KEY) else { return Operations::only(Operation::Truncate) };
    let items: Vec<&str> = text.split(',').map(str::trim).collect();
    if items.contains(&"none") {
        if items.len() > 1 {
            reader.invalid(KEY, "'none' cannot be specified with other skipped operation types");
        }
        return Operations::none();
    }
    let mut skipped = Operations::none();
    for item in items {
        skipped = match item {
            "c" => skipped.with(Operation::Create),
            "u" => skipped.with(Operation::Update),
            "d" => skipped.with(Operation::Delete),
            "t" => skipped.with(Operation::Truncate),
            _ => {
                reader.invalid(KEY, "Invalid operation");
                skipped
            }
        };
    }
    skipped
}

/// `replica.identity.autoset.values`: `table:FULL,table:INDEX name`, the tables being patterns.
pub(super) fn identities(reader: &mut Reader<'_>) -> Vec<IdentityRule> {
    const KEY: &str = "replica.identity.autoset.values";
    let Some(text) = reader.given(KEY) else { return Vec::new() };
    if text.trim().is_empty() {
        reader.invalid(KEY, "Must not be empty");
        return Vec::new();
    }
    let mut rules = Vec::new();
    for item in text.split(',') {
        let Some((table, identity)) = item.split_once(':').and_then(|(table, id)| Some((table, identity(id.trim())?)))
        else {
            let expected = "(expecting 'schema.table:DEFAULT|FULL|NOTHING|INDEX name')";
            reader.invalid(KEY, format!("{item} has an invalid format {expected}"));
            continue;
        };
        match patterns::one(table.trim()) {
            Ok(table) => rules.push(IdentityRule { table, identity }),
            Err(complaint) => reader.invalid(KEY, complaint),
        }
    }
    rules
}

fn identity(text: &str) -> Option<Identity> {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    Some(match (word.to_ascii_uppercase().as_str(), rest.trim()) {
        ("DEFAULT", "") => Identity::Default,
        ("FULL", "") => Identity::Full,
        ("NOTHING", "") => Identity::Nothing,
        ("INDEX", index) if !index.is_empty() => Identity::Index(index.to_owned()),
        _ => return None,
    })
}

/// `message.key.columns`: `table:column,column;table:column`, all of them patterns.
pub(super) fn key_rules(reader: &mut Reader<'_>) -> Vec<KeyRule> {
    const KEY: &str = "message.key.columns";
    let Some(text) = reader.given(KEY) else { return Vec::new() };
    if text.is_empty() {
        reader.invalid(KEY, "Must not be empty");
    }
    let mut rules = Vec::new();
    // Java's split drops empty parts at the end, and only there.
    for item in text.trim_end_matches(';').split(';') {
        let Some((table, columns)) = key_rule(item) else {
            let expected = r"(expecting '^\s*([^:]+):([^:,]+(,[^:,]+)*)\s*$')";
            reader.invalid(KEY, format!("{item} has an invalid format {expected}"));
            continue;
        };
        let columns: Result<Vec<Pattern>, String> = columns.split(',').map(|name| patterns::one(name.trim())).collect();
        match (patterns::one(table), columns) {
            (Ok(table), Ok(columns)) => rules.push(KeyRule { table, columns }),
            (Err(complaint), _) | (_, Err(complaint)) => reader.invalid(KEY, complaint),
        }
    }
    rules
}

fn key_rule(item: &str) -> Option<(&str, &str)> {
    let (table, columns) = item.trim().split_once(':')?;
    let named = columns.split(',').all(|column| !column.trim().is_empty());
    (!table.is_empty() && named && !columns.contains(':')).then_some((table, columns))
}

/// `k=v;k2=v2`.
pub(super) fn stream_params(reader: &mut Reader<'_>) -> Vec<(String, String)> {
    const KEY: &str = "slot.stream.params";
    let mut params = Vec::new();
    for item in reader.text(KEY).unwrap_or("").split(';').map(str::trim).filter(|item| !item.is_empty()) {
        match item.split_once('=') {
            Some((name, value)) => params.push((name.trim().to_owned(), value.trim().to_owned())),
            None => reader.invalid(KEY, format!("{item} has an invalid format (expecting 'name=value')")),
        }
    }
    params
}

/// `database.initial.statements`: separated by `;`, which `;;` escapes.
pub(super) fn statements(text: &str) -> Vec<String> {
    let marked = text.replace(";;", "\u{0}");
    let statements = marked.split(';').map(|s| s.replace('\u{0}', ";").trim().to_owned());
    statements.filter(|s| !s.is_empty()).collect()
}

/// `unavailable.value.placeholder`, with `hex:` decoded.
pub(super) fn placeholder(reader: &mut Reader<'_>) -> Vec<u8> {
    const KEY: &str = "unavailable.value.placeholder";
    let text = reader.text(KEY).unwrap_or("__debezium_unavailable_value");
    let Some(hex) = text.strip_prefix("hex:") else { return text.as_bytes().to_vec() };
    let byte = |pair: &[u8]| std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let bytes: Option<Vec<u8>> =
        hex.len().is_multiple_of(2).then(|| hex.as_bytes().chunks(2).map(byte).collect()).flatten();
    bytes.unwrap_or_else(|| {
        reader.invalid(KEY, "hexadecimal digits are expected after hex:");
        Vec::new()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_separated_by_single_semicolons() {
        assert_eq!(statements("SET a = 1; SET b = ';;x' ;"), ["SET a = 1", "SET b = ';x'"]);
        assert!(statements(" ; ").is_empty());
    }
}
