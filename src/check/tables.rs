//! The captured tables: chosen, readable, and with an identity for their old rows.

use std::collections::BTreeSet;

use super::Finding;
use crate::catalog::{Publication, Role, TableRights, quote_ident, quote_table};
use crate::connector::{Config, PublicationMode, SnapshotMode};
use crate::debezium::Operation;
use crate::words::table::{CatalogTable, TableKind};

/// Names shown in a sentence; a remedy names all.
const SHOWN: usize = 5;

/// A table and what we may do with it.
#[derive(Clone, Copy)]
pub(super) struct Known<'a> {
    pub(super) table: &'a CatalogTable,
    pub(super) rights: &'a TableRights,
}

impl Known<'_> {
    pub(super) fn name(&self) -> String {
        format!("{}.{}", self.table.schema, self.table.name)
    }

    pub(super) fn quoted(&self) -> String {
        quote_table(&self.table.schema, &self.table.name)
    }
}

/// `any`: some table of the database, to show what a name looks like.
pub(super) fn chosen(config: &Config, tables: &[Known<'_>], any: Option<&CatalogTable>) -> Finding {
    if !tables.is_empty() {
        return Finding::ok(format!("{} captured: {}", counted(tables.len()), listed(tables)));
    }
    let title = "no table of the database matches the schema and table filters";
    let remedy = match any {
        None => "create the tables first: the database has none".to_owned(),
        Some(table) => {
            format!("set table.include.list to patterns of schema.table, such as {}\\.{}", table.schema, table.name)
        }
    };
    // A filtered publication cannot be made of nothing; otherwise tables may come later.
    if config.publication_mode == PublicationMode::Filtered {
        Finding::error(title, remedy)
    } else {
        Finding::warn(title, remedy)
    }
}

pub(super) fn readable(config: &Config, role: &Role, tables: &[Known<'_>]) -> Vec<Finding> {
    // Streaming asks for no table privilege at all.
    if tables.is_empty() || config.snapshot_mode == SnapshotMode::NoData {
        return Vec::new();
    }
    let grantee = quote_ident(&role.name);
    let mut findings = Vec::new();
    let closed: BTreeSet<&str> =
        tables.iter().filter(|t| !t.rights.schema_usage).map(|t| t.table.schema.as_str()).collect();
    if !closed.is_empty() {
        let names: Vec<&str> = closed.iter().copied().collect();
        let quoted: Vec<String> = names.iter().map(|schema| quote_ident(schema)).collect();
        findings.push(Finding::error(
            format!("role {} has no USAGE on schema {}", role.name, names.join(", ")),
            format!("GRANT USAGE ON SCHEMA {} TO {grantee};", quoted.join(", ")),
        ));
    }
    let unreadable: Vec<Known<'_>> = tables.iter().copied().filter(|t| needs_select(config, t)).collect();
    if !unreadable.is_empty() {
        findings.push(Finding::error(
            format!("role {} may not read {}", role.name, listed(&unreadable)),
            format!("GRANT SELECT ON {} TO {grantee};", quoted_list(&unreadable)),
        ));
    }
    let hidden: Vec<Known<'_>> = tables.iter().copied().filter(|t| t.rights.row_security).collect();
    if !hidden.is_empty() {
        findings.push(Finding::error(
            format!("row security would hide rows of {} from role {}", listed(&hidden), role.name),
            format!("ALTER ROLE {grantee} WITH BYPASSRLS;"),
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(format!("role {} may read every captured table", role.name)));
    }
    findings
}

/// A column that is left out of the records need not be readable.
fn needs_select(config: &Config, captured: &Known<'_>) -> bool {
    let (schema, table) = (&captured.table.schema, &captured.table.name);
    let wanted = |column: &String| config.debezium.filters.captures_column(schema, table, column);
    captured.rights.unreadable.iter().any(wanted)
}

/// Once updates or deletes are published, Postgres refuses them on a table whose old rows it cannot name: the
/// application's own statements fail. `tables`: all that are published, captured or not.
pub(super) fn identified(config: &Config, publication: Option<&Publication>, tables: &[Known<'_>]) -> Option<Finding> {
    let (updates, deletes) = match publication {
        Some(publication) => (publication.update, publication.delete),
        None if config.skipped_operations_given => {
            let published = |operation| !config.debezium.skipped.contains(operation);
            (published(Operation::Update), published(Operation::Delete))
        }
        None => (true, true),
    };
    if !updates && !deletes {
        return None;
    }
    let nameless: Vec<Known<'_>> = tables
        .iter()
        .copied()
        // A partitioned parent holds no rows; what counts is the identity of its leaves.
        .filter(|t| !t.rights.has_identity && t.rights.logged && t.table.kind != TableKind::Partitioned)
        .collect();
    if nameless.is_empty() {
        return None;
    }
    let remedy: Vec<String> =
        nameless.iter().map(|t| format!("ALTER TABLE {} REPLICA IDENTITY FULL;", t.quoted())).collect();
    Some(Finding::warn(
        format!(
            "{} without primary key or replica identity: once published, every UPDATE and DELETE on {} fails",
            counted(nameless.len()),
            listed(&nameless)
        ),
        remedy.join("\n"),
    ))
}

fn counted(number: usize) -> String {
    if number == 1 { "1 table".to_owned() } else { format!("{number} tables") }
}

pub(super) fn listed(tables: &[Known<'_>]) -> String {
    let names: Vec<String> = tables.iter().take(SHOWN).map(Known::name).collect();
    match tables.len().saturating_sub(SHOWN) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

pub(super) fn quoted_list(tables: &[Known<'_>]) -> String {
    tables.iter().map(Known::quoted).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::{Severity, sample};
    use super::*;
    use crate::debezium::Include;
    use crate::debezium::pattern::PatternList;

    fn remedies(config: &Config, rights: &TableRights) -> Vec<String> {
        let table = sample::table("a");
        let findings = readable(config, &sample::role(), &[Known { table: &table, rights }]);
        findings.into_iter().filter_map(|finding| finding.remedy).collect()
    }

    #[test]
    fn each_missing_right_is_granted_by_name() {
        let config = sample::config();
        assert!(remedies(&config, &sample::rights()).is_empty());
        let closed = TableRights {
            schema_usage: false,
            unreadable: vec!["id".to_owned()],
            row_security: true,
            ..sample::rights()
        };
        assert_eq!(
            remedies(&config, &closed),
            [
                r#"GRANT USAGE ON SCHEMA "public" TO "me";"#,
                r#"GRANT SELECT ON "public"."a" TO "me";"#,
                r#"ALTER ROLE "me" WITH BYPASSRLS;"#
            ]
        );
        assert!(remedies(&Config { snapshot_mode: SnapshotMode::NoData, ..config }, &closed).is_empty());
    }

    #[test]
    fn a_column_left_out_need_not_be_readable() {
        let mut config = sample::config();
        config.debezium.filters.columns = Include::AllBut(PatternList::parse("public.a.secret").unwrap());
        let partly = TableRights { unreadable: vec!["secret".to_owned()], ..sample::rights() };
        assert!(remedies(&config, &partly).is_empty());
    }

    #[test]
    fn a_table_without_identity_is_named_unless_only_inserts_are_published() {
        let table = sample::table("a");
        let rights = TableRights { has_identity: false, ..sample::rights() };
        let captured = [Known { table: &table, rights: &rights }];
        let found = identified(&sample::config(), None, &captured).unwrap();
        assert_eq!(found.remedy.as_deref(), Some(r#"ALTER TABLE "public"."a" REPLICA IDENTITY FULL;"#));
        let mut inserts = Config { skipped_operations_given: true, ..sample::config() };
        inserts.debezium.skipped = inserts.debezium.skipped.with(Operation::Update).with(Operation::Delete);
        assert_eq!(identified(&inserts, None, &captured), None);
    }

    #[test]
    fn nothing_captured_is_an_error_for_a_filtered_publication_only() {
        let any = sample::table("a");
        let filtered = Config { publication_mode: PublicationMode::Filtered, ..sample::config() };
        assert_eq!(chosen(&filtered, &[], Some(&any)).severity, Severity::Error);
        assert_eq!(chosen(&sample::config(), &[], Some(&any)).severity, Severity::Warn);
    }
}
