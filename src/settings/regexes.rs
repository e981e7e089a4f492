//! Settings with a grammar of their own.

use super::reader::Reader;
use crate::debezium::pattern::Pattern;
use crate::debezium::{Filters, Include, KeyRule, Operation, Operations};

/// An include and an exclude list, which exclude each other.
fn include(reader: &mut Reader<'_>, include: &str, exclude: &str) -> Include {
    match (reader.patterns(include), reader.patterns(exclude)) {
        (Some(_), Some(_)) => {
            reader.invalid(exclude, format!("\"{include}\" is already specified"));
            Include::Everything
        }
        (Some(list), None) => Include::Only(list),
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

/// `skipped.operations`: truncates by default.
pub(super) fn skipped(reader: &mut Reader<'_>) -> Operations {
    const KEY: &str = "skipped.operations";
    if reader.text(KEY).is_none() {
        return Operations::only(Operation::Truncate);
    }
    let items = reader.list(KEY);
    let mut skipped = Operations::none();
    for item in &items {
        skipped = match item.to_lowercase().as_str() {
            "c" => skipped.with(Operation::Create),
            "u" => skipped.with(Operation::Update),
            "d" => skipped.with(Operation::Delete),
            "t" => skipped.with(Operation::Truncate),
            "none" if items.len() == 1 => skipped,
            "none" => {
                reader.invalid(KEY, "'none' cannot be specified with other skipped operation types");
                skipped
            }
            _ => {
                reader.invalid(KEY, "Invalid operation");
                skipped
            }
        };
    }
    skipped
}

/// `message.key.columns`: `table:column,column;table:column`.
pub(super) fn key_rules(reader: &mut Reader<'_>) -> Vec<KeyRule> {
    const KEY: &str = "message.key.columns";
    const EXPECTED: &str = "'<fully-qualified table>:<comma-separated columns>'";
    let Some(text) = reader.text(KEY) else { return Vec::new() };
    let mut rules = Vec::new();
    for item in text.split(';').map(str::trim).filter(|item| !item.is_empty()) {
        let Some((table, columns)) =
            item.split_once(':').filter(|(t, c)| !t.is_empty() && !c.is_empty() && !c.contains(':'))
        else {
            reader.invalid(KEY, format!("{item} has an invalid format (expecting {EXPECTED})"));
            continue;
        };
        let patterns: Result<Vec<Pattern>, String> =
            columns.split(',').map(|column| Pattern::new(column.trim())).collect();
        match (Pattern::new(table.trim()), patterns) {
            (Ok(table), Ok(columns)) => rules.push(KeyRule { table, columns }),
            (Err(e), _) | (_, Err(e)) => reader.invalid(KEY, format!("{item} is no valid regular expression: {e}")),
        }
    }
    rules
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
