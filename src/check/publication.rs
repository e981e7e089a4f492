//! The publication: there or to be made, complete, and publishing what the connector is to send.

use std::collections::BTreeSet;

use super::Finding;
use super::tables::{Known, listed, quoted_list};
use crate::catalog::publication::{Options, Scope, alter_sql, create_sql};
use crate::catalog::{Publication, Role, quote_ident};
use crate::connector::{Config, PublicationMode};
use crate::debezium::Operation;
use crate::words::table::TableKind;

const OPERATIONS: [(Operation, &str); 4] = [
    (Operation::Create, "insert"),
    (Operation::Update, "update"),
    (Operation::Delete, "delete"),
    (Operation::Truncate, "truncate"),
];

pub(super) fn suitable(
    config: &Config,
    role: &Role,
    publication: Option<&Publication>,
    tables: &[Known<'_>],
) -> Vec<Finding> {
    let Some(publication) = publication else { return vec![missing(config, role, tables)] };
    let mut findings: Vec<Finding> =
        [membership(config, publication, tables), operations(config, publication), partition_root(config, publication)]
            .into_iter()
            .flatten()
            .collect();
    if findings.is_empty() {
        findings.push(Finding::ok(format!("publication {} sends what is captured", config.publication)));
    }
    findings
}

/// It does not exist: may the connector make it?
fn missing(config: &Config, role: &Role, tables: &[Known<'_>]) -> Finding {
    let name = &config.publication;
    let publish = publish_option(config);
    let options = Options { publish: publish.as_deref(), via_root: config.publish_via_partition_root };
    let names = publishable(tables);
    let listing = if names.is_empty() { Scope::NoTables } else { Scope::Tables(&names) };
    let will_be_created = || Finding::ok(format!("publication {name} does not exist yet and will be created"));
    let no_create = || {
        let database = quote_ident(&config.address.database);
        Finding::error(
            format!("publication {name} does not exist and role {} may not create it", role.name),
            format!("GRANT CREATE ON DATABASE {database} TO {};", quote_ident(&role.name)),
        )
    };
    match config.publication_mode {
        PublicationMode::Disabled => Finding::error(
            format!("publication {name} does not exist and publication.autocreate.mode is disabled"),
            format!("{};", create_sql(name, listing, options)),
        ),
        PublicationMode::AllTables if role.superuser => will_be_created(),
        PublicationMode::AllTables => Finding::error(
            format!("publication {name} does not exist, and only a superuser may create one for all tables"),
            format!(
                "as a superuser: {};\nor set publication.autocreate.mode=filtered",
                create_sql(name, Scope::AllTables, options)
            ),
        ),
        PublicationMode::NoTables if role.creates_in_database && tables.is_empty() => will_be_created(),
        PublicationMode::NoTables if role.creates_in_database => Finding::warn(
            format!("publication {name} will be created without tables: nothing is streamed until they are added"),
            format!(
                "once it exists: ALTER PUBLICATION {} ADD TABLE {};",
                quote_ident(name),
                quoted_list(&logged(tables))
            ),
        ),
        PublicationMode::NoTables => no_create(),
        PublicationMode::Filtered => {
            let foreign = not_owned(tables);
            if !foreign.is_empty() {
                Finding::error(
                    format!("publication {name} does not exist, and only the owner may publish {}", listed(&foreign)),
                    format!("as a superuser: {};", create_sql(name, listing, options)),
                )
            } else if role.creates_in_database {
                will_be_created()
            } else {
                no_create()
            }
        }
    }
}

/// It sends, or once created will send, every table of the database.
pub(super) fn covers_all(config: &Config, publication: Option<&Publication>) -> bool {
    match publication {
        Some(publication) => publication.all_tables,
        None => config.publication_mode == PublicationMode::AllTables,
    }
}

/// Are the captured tables in it, or may the connector put them there?
fn membership(config: &Config, publication: &Publication, tables: &[Known<'_>]) -> Option<Finding> {
    let name = &config.publication;
    match (config.publication_mode, publication.all_tables) {
        (PublicationMode::Filtered, true) => Some(Finding::error(
            format!(
                "publication {name} is for all tables, and publication.autocreate.mode=filtered wants its own list"
            ),
            format!("set publication.autocreate.mode=all_tables, or DROP PUBLICATION {};", quote_ident(name)),
        )),
        (PublicationMode::Filtered, false) => alterable(config, publication, tables),
        (_, true) => None,
        (_, false) => {
            let absent: Vec<Known<'_>> = tables.iter().copied().filter(|t| is_absent(publication, t)).collect();
            (!absent.is_empty()).then(|| {
                Finding::error(
                    format!("publication {name} does not hold {}", listed(&absent)),
                    format!("ALTER PUBLICATION {} ADD TABLE {};", quote_ident(name), quoted_list(&absent)),
                )
            })
        }
    }
}

/// A filtered publication that differs is changed at the start, which only owners may do.
fn alterable(config: &Config, publication: &Publication, tables: &[Known<'_>]) -> Option<Finding> {
    let names = publishable(tables);
    let wanted: BTreeSet<&(String, String)> = names.iter().collect();
    let present: BTreeSet<&(String, String)> = publication.members.iter().collect();
    let allowed = publication.owned && not_owned(tables).is_empty();
    if wanted == present || names.is_empty() || allowed {
        return None;
    }
    Some(Finding::error(
        format!(
            "publication {} of {} does not hold exactly the captured tables, and our role may not change it",
            config.publication, publication.owner
        ),
        format!("as a superuser: {};", alter_sql(&config.publication, &names, Options::default())),
    ))
}

/// Changes of the table will not come. Of a partition tree either the root or the leaves are sent.
fn is_absent(publication: &Publication, captured: &Known<'_>) -> bool {
    let sent_as_another = match captured.table.kind {
        TableKind::Table => false,
        TableKind::Partitioned => !publication.via_root,
        TableKind::Partition => publication.via_root,
    };
    let table = captured.table;
    captured.rights.logged && !sent_as_another && !publication.sends(&table.schema, &table.name)
}

fn operations(config: &Config, publication: &Publication) -> Option<Finding> {
    let published = |operation| match operation {
        Operation::Create => publication.insert,
        Operation::Update => publication.update,
        Operation::Delete => publication.delete,
        Operation::Truncate => publication.truncate,
    };
    let wanted = |operation| !config.debezium.skipped.contains(operation);
    let missing: Vec<&str> =
        OPERATIONS.iter().filter(|(op, _)| wanted(*op) && !published(*op)).map(|(_, word)| *word).collect();
    if missing.is_empty() {
        return None;
    }
    let complete: Vec<&str> =
        OPERATIONS.iter().filter(|(op, _)| wanted(*op) || published(*op)).map(|(_, word)| *word).collect();
    Some(Finding::error(
        format!(
            "publication {} does not publish {}: those changes would be missed",
            config.publication,
            missing.join(", ")
        ),
        format!(
            "ALTER PUBLICATION {} SET (publish = '{}');\nor name the operations in skipped.operations",
            quote_ident(&config.publication),
            complete.join(", ")
        ),
    ))
}

fn partition_root(config: &Config, publication: &Publication) -> Option<Finding> {
    if !config.publish_via_partition_root || publication.via_root {
        return None;
    }
    Some(Finding::warn(
        format!(
            "publication {} sends partitions under their own names, whatever publish.via.partition.root says",
            config.publication
        ),
        format!("ALTER PUBLICATION {} SET (publish_via_partition_root = true);", quote_ident(&config.publication)),
    ))
}

fn publishable(tables: &[Known<'_>]) -> Vec<(String, String)> {
    logged(tables).iter().map(|t| (t.table.schema.clone(), t.table.name.clone())).collect()
}

fn logged<'a>(tables: &[Known<'a>]) -> Vec<Known<'a>> {
    tables.iter().copied().filter(|t| t.rights.logged).collect()
}

fn not_owned<'a>(tables: &[Known<'a>]) -> Vec<Known<'a>> {
    logged(tables).into_iter().filter(|t| !t.rights.owned).collect()
}

/// The operations of a publication made by the connector, when `skipped.operations` was given.
fn publish_option(config: &Config) -> Option<Vec<&'static str>> {
    let kept = OPERATIONS.iter().filter(|(operation, _)| !config.debezium.skipped.contains(*operation));
    config.skipped_operations_given.then(|| kept.map(|(_, word)| *word).collect())
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;
    use crate::catalog::TableRights;
    use crate::words::table::CatalogTable;

    /// Findings and remedies for two captured tables, `a` and `b`.
    fn remedies(config: &Config, role: &Role, publication: Option<&Publication>, rights: TableRights) -> Vec<String> {
        let tables: [CatalogTable; 2] = [sample::table("a"), sample::table("b")];
        let captured: Vec<_> = tables.iter().map(|table| Known { table, rights: &rights }).collect();
        let findings = suitable(config, role, publication, &captured);
        findings.into_iter().filter_map(|finding| finding.remedy).collect()
    }

    #[test]
    fn a_disabled_autocreation_gets_the_statement_to_run() {
        let config = Config { publication_mode: PublicationMode::Disabled, ..sample::config() };
        let found = remedies(&config, &sample::role(), None, sample::rights());
        assert_eq!(found, [r#"CREATE PUBLICATION "pub" FOR TABLE "public"."a", "public"."b";"#]);
    }

    #[test]
    fn only_a_superuser_publishes_all_tables() {
        let config = Config { publication_mode: PublicationMode::AllTables, ..sample::config() };
        let found = remedies(&config, &sample::role(), None, sample::rights());
        assert!(found[0].starts_with("as a superuser: CREATE PUBLICATION \"pub\" FOR ALL TABLES;"), "{found:?}");
        let superuser = Role { superuser: true, ..sample::role() };
        assert!(remedies(&config, &superuser, None, sample::rights()).is_empty());
    }

    #[test]
    fn a_filtered_publication_needs_ownership_and_create() {
        let config = Config { publication_mode: PublicationMode::Filtered, ..sample::config() };
        let foreign = TableRights { owned: false, ..sample::rights() };
        let found = remedies(&config, &sample::role(), None, foreign);
        assert!(found[0].starts_with("as a superuser: CREATE PUBLICATION \"pub\" FOR TABLE"), "{found:?}");
        let guest = Role { creates_in_database: false, ..sample::role() };
        let found = remedies(&config, &guest, None, sample::rights());
        assert_eq!(found, [r#"GRANT CREATE ON DATABASE "db" TO "me";"#]);
        assert!(remedies(&config, &sample::role(), None, sample::rights()).is_empty());
    }

    #[test]
    fn a_filtered_publication_that_differs_is_a_fault_only_if_we_may_not_change_it() {
        let config = Config { publication_mode: PublicationMode::Filtered, ..sample::config() };
        let ours = sample::publication(&["a"]);
        assert!(remedies(&config, &sample::role(), Some(&ours), sample::rights()).is_empty());
        let theirs = Publication { owned: false, ..ours };
        let found = remedies(&config, &sample::role(), Some(&theirs), sample::rights());
        assert_eq!(found, [r#"as a superuser: ALTER PUBLICATION "pub" SET TABLE "public"."a", "public"."b";"#]);
    }

    #[test]
    fn what_a_publication_leaves_out_is_added_by_name() {
        let config = Config { publication_mode: PublicationMode::Disabled, ..sample::config() };
        let partial = Publication { update: false, delete: false, ..sample::publication(&["a"]) };
        let found = remedies(&config, &sample::role(), Some(&partial), sample::rights());
        assert_eq!(found[0], r#"ALTER PUBLICATION "pub" ADD TABLE "public"."b";"#);
        assert!(found[1].starts_with(r#"ALTER PUBLICATION "pub" SET (publish = 'insert, update, delete, truncate');"#));
        let whole = sample::publication(&["a", "b"]);
        assert!(remedies(&config, &sample::role(), Some(&whole), sample::rights()).is_empty());
    }

    #[test]
    fn skipped_operations_need_not_be_published() {
        let mut config = Config { publication_mode: PublicationMode::Disabled, ..sample::config() };
        config.debezium.skipped = config.debezium.skipped.with(Operation::Delete);
        let without_deletes = Publication { delete: false, truncate: false, ..sample::publication(&["a", "b"]) };
        assert!(remedies(&config, &sample::role(), Some(&without_deletes), sample::rights()).is_empty());
    }
}
