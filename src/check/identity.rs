//! What the records of each captured table will know of its old rows, and of its keys.

use super::Finding;
use super::tables::{Known, listed};
use crate::catalog::Identity;
use crate::connector::Config;
use crate::words::table::TableKind;

/// One finding for all tables with the same replica identity, then those whose records have no key or no stream.
pub(super) fn meanings(config: &Config, tables: &[Known<'_>]) -> Vec<Finding> {
    // A partitioned parent holds no rows.
    let rows: Vec<Known<'_>> = tables.iter().copied().filter(|t| t.table.kind != TableKind::Partitioned).collect();
    let with = |wanted: fn(&Identity) -> bool| -> Vec<Known<'_>> {
        rows.iter().copied().filter(|t| t.rights.has_identity && wanted(&t.rights.identity)).collect()
    };
    let placeholder = "a large value that an UPDATE left alone shows as the placeholder";
    let mut findings = Vec::new();
    let mut say = |tables: Vec<Known<'_>>, identity: &str, meaning: &str| {
        if !tables.is_empty() {
            findings.push(Finding::ok(format!("replica identity of {}: {identity}, {meaning}", listed(&tables))));
        }
    };
    say(with(|i| *i == Identity::Full), "FULL", "before holds the whole old row");
    let keys = format!("before holds keys only, in deletes and key changes, and {placeholder}");
    say(with(|i| *i == Identity::Default), "the primary key", &keys);
    say(with(|i| matches!(i, Identity::Index(_))), "a unique index", &keys);
    findings.extend(keyless(config, &rows));
    findings.extend(chosen_in_vain(config, tables));
    findings.extend(unlogged(&rows));
    findings
}

fn keyless(config: &Config, tables: &[Known<'_>]) -> Option<Finding> {
    let keyless: Vec<Known<'_>> = tables
        .iter()
        .copied()
        .filter(|t| t.table.primary_key.is_empty() && t.table.unique_key.is_empty() && chosen(config, t).is_none())
        .collect();
    (!keyless.is_empty()).then(|| {
        let first = keyless.first().map(|t| t.name()).unwrap_or_default();
        Finding::note(
            format!(
                "records of {} have no key: changes of a row may overtake each other, and deletes leave no tombstone",
                listed(&keyless)
            ),
            format!("give the tables a primary key, or set message.key.columns={first}:column"),
        )
    })
}

fn chosen<'a>(config: &Config, known: &Known<'a>) -> Option<Vec<&'a str>> {
    let table = known.table;
    config.debezium.chosen_key(&table.schema, &table.name, table.columns.iter().map(|column| column.name.as_str()))
}

/// What `message.key.columns` chooses in vain: neither we nor the reference fail on it, keys are just not what was meant.
fn chosen_in_vain(config: &Config, tables: &[Known<'_>]) -> Vec<Finding> {
    let vain = |what: String, remedy: &str| {
        Finding::warn(format!("message.key.columns: {what}"), format!("{remedy} in message.key.columns"))
    };
    let mut findings = Vec::new();
    for rule in &config.debezium.key_rules {
        let matched: Vec<Known<'_>> = tables.iter().copied().filter(|t| rule.table.matches(&t.name())).collect();
        if matched.is_empty() {
            let what = format!("{} matches no captured table", rule.table.text());
            findings.push(vain(what, "correct the table, a pattern of schema.table,"));
            continue;
        }
        for column in &rule.columns {
            let has = |t: &Known<'_>| t.table.columns.iter().any(|known| column.matches(&known.name));
            if !matched.iter().any(has) {
                let what = format!("{} matches no column of {}, and keys do without", column.text(), listed(&matched));
                findings.push(vain(what, "correct the column"));
            }
        }
    }
    findings
}

fn unlogged(tables: &[Known<'_>]) -> Option<Finding> {
    let unlogged: Vec<Known<'_>> = tables.iter().copied().filter(|t| !t.rights.logged).collect();
    let statements: Vec<String> = unlogged.iter().map(|t| format!("ALTER TABLE {} SET LOGGED;", t.quoted())).collect();
    (!unlogged.is_empty()).then(|| {
        Finding::warn(
            format!("{} is unlogged: the snapshot reads it, and its changes are never seen", listed(&unlogged)),
            statements.join("\n"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Severity, sample};
    use super::*;
    use crate::catalog::TableRights;
    use crate::debezium::KeyRule;
    use crate::debezium::pattern::Pattern;
    use crate::words::table::CatalogColumn;

    #[test]
    fn tables_are_grouped_by_what_their_records_will_hold() {
        let (mut a, b) = (sample::table("a"), sample::table("b"));
        a.primary_key = vec!["id".to_owned()];
        let full = TableRights { identity: Identity::Full, logged: false, ..sample::rights() };
        let rights = sample::rights();
        let tables = [Known { table: &a, rights: &rights }, Known { table: &b, rights: &full }];
        let found = meanings(&sample::config(), &tables);
        let told: Vec<_> = found.iter().map(|f| (f.severity, f.title.split(':').next().unwrap_or(""))).collect();
        assert_eq!(
            told,
            [
                (Severity::Ok, "replica identity of public.b"),
                (Severity::Ok, "replica identity of public.a"),
                (Severity::Note, "records of public.b have no key"),
                (Severity::Warn, "public.b is unlogged"),
            ]
        );
    }

    #[test]
    fn a_key_chosen_in_vain_is_told() {
        let (mut table, rights) = (sample::table("a"), sample::rights());
        table.columns.push(CatalogColumn {
            name: "id".to_owned(),
            type_oid: 23,
            typmod: -1,
            not_null: true,
            default: None,
            generated: false,
            comment: None,
        });
        let mut config = sample::config();
        let pattern = |text: &str| Pattern::new(text).unwrap();
        config.debezium.key_rules = vec![
            KeyRule { table: pattern("public.*"), columns: vec![pattern("ID"), pattern("code")] },
            KeyRule { table: pattern("b"), columns: vec![pattern("id")] },
        ];
        let found = meanings(&config, &[Known { table: &table, rights: &rights }]);
        let warned: Vec<_> = found.iter().filter(|f| f.severity == Severity::Warn).map(|f| f.title.as_str()).collect();
        assert_eq!(
            warned,
            [
                "message.key.columns: code matches no column of public.a, and keys do without",
                "message.key.columns: b matches no captured table"
            ]
        );
        assert!(!found.iter().any(|f| f.severity == Severity::Note), "id is its key");
    }
}
