//! The types of the columns that the SQL of a case declares. No parser of SQL: it knows the layout of `CREATE TABLE` only.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// What may follow the type of a column.
const AFTER: &[&str] = &["primary", "not", "null", "default", "generated", "references", "unique", "collate", "check"];
/// What begins an entry that is no column.
const NO_COLUMN: &[&str] = &["primary", "unique", "constraint", "check", "like", "exclude", "foreign"];
/// Other names of the same types.
const ALIASES: &[(&str, &str)] = &[
    ("int", "integer"),
    ("int2", "smallint"),
    ("int4", "integer"),
    ("int8", "bigint"),
    ("float4", "real"),
    ("float8", "double precision"),
    ("bool", "boolean"),
    ("decimal", "numeric"),
    ("character", "char"),
    ("character varying", "varchar"),
    ("varbit", "bit varying"),
    ("timestamp with time zone", "timestamptz"),
    ("timestamp without time zone", "timestamp"),
    ("time with time zone", "timetz"),
    ("time without time zone", "time"),
];

/// Types by their usual name, without lengths; those that a case makes for itself are left out.
pub fn types(case: &Path) -> BTreeSet<String> {
    let sql = fs::read_to_string(case.join("setup.sql")).unwrap_or_default().to_lowercase();
    let own: Vec<&str> = ["create type ", "create domain "].iter().flat_map(|start| named_after(&sql, start)).collect();
    let entries = bodies(&sql).flat_map(entries);
    let types = entries.filter_map(|entry| column_type(entry.trim()));
    types.filter(|name| !own.contains(&name.trim_end_matches("[]"))).collect()
}

fn named_after<'a>(sql: &'a str, start: &str) -> Vec<&'a str> {
    let rest = sql.match_indices(start).map(|(at, _)| &sql[at + start.len()..]);
    rest.filter_map(|rest| rest.split(|c: char| c.is_whitespace() || c == '(').next()).collect()
}

/// What stands between the parentheses of each `CREATE TABLE`.
fn bodies(sql: &str) -> impl Iterator<Item = &str> {
    sql.match_indices("create table ").filter_map(|(at, _)| {
        let statement = sql[at..].split(';').next().filter(|statement| !statement.contains(" partition of "))?;
        let open = statement.find('(')?;
        let close = statement.rfind(')')?;
        statement.get(open + 1..close)
    })
}

/// Cut at the commas that stand in no parentheses.
fn entries(body: &str) -> Vec<&str> {
    let (mut depth, mut begin, mut found) = (0_usize, 0, Vec::new());
    for (at, c) in body.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                found.push(&body[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    found.push(&body[begin..]);
    found
}

fn column_type(entry: &str) -> Option<String> {
    let rest = match entry.strip_prefix('"') {
        Some(quoted) => quoted.split_once('"')?.1,
        None => entry.split_once(char::is_whitespace)?.1,
    };
    let first = entry.split(|c: char| c.is_whitespace() || c == '(').next()?;
    if NO_COLUMN.contains(&first) {
        return None;
    }
    let mut name = String::new();
    let mut depth = 0_usize;
    for c in rest.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            c if depth == 0 => name.push(c),
            _ => {}
        }
    }
    let words: Vec<&str> = name.split_whitespace().take_while(|word| !AFTER.contains(word)).collect();
    let name = words.join(" ");
    let (base, array) = name.split_at(name.find('[').unwrap_or(name.len()));
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ' ';
    if base.is_empty() || !base.chars().all(word) {
        return None;
    }
    let base = ALIASES.iter().find(|(alias, _)| *alias == base).map_or(base, |(_, usual)| usual);
    Some(if array.is_empty() { base.to_owned() } else { format!("{base}[]") })
}
