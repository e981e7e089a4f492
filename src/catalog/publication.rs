//! Publications: what one sends, and the SQL that makes or changes one.
//!
//! `create_sql` and `alter_sql` follow Debezium's `PublicationCreator`, with two differences: names are quoted, and
//! changed options of an existing publication go into a statement of their own (Debezium appends `WITH` to `SET TABLE`,
//! which no server accepts).

use tokio_postgres::types::Type;

use super::quote::{quote_ident, quote_table};
use super::{Catalog, CatalogError};

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Publication {
    pub all_tables: bool,
    pub insert: bool,
    pub update: bool,
    pub delete: bool,
    pub truncate: bool,
    /// `publish_via_partition_root`.
    pub via_root: bool,
    pub owner: String,
    /// Our role may alter it.
    pub owned: bool,
    /// (schema, table) of everything it sends, sorted: with `via_root` the roots of partition trees, else their leaves.
    pub tables: Vec<(String, String)>,
    /// (schema, table) it was made of, sorted: what `SET TABLE` replaces.
    pub members: Vec<(String, String)>,
}

impl Publication {
    /// A table is sent: itself, or as part of what was listed.
    pub fn sends(&self, schema: &str, table: &str) -> bool {
        let holds = |list: &[(String, String)]| list.iter().any(|(s, t)| s == schema && t == table);
        holds(&self.tables) || holds(&self.members)
    }
}

/// A table of which a publication does not send everything.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Narrowed {
    pub schema: String,
    pub table: String,
    /// A row filter.
    pub rows: bool,
    /// A column list.
    pub columns: bool,
}

/// What a new publication holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope<'a> {
    AllTables,
    /// (schema, table); at least one.
    Tables(&'a [(String, String)]),
    NoTables,
}

/// Options given only when the user set them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Options<'a> {
    /// Operations for `publish`, such as `["insert", "update"]`; none leaves the server's default, all four.
    pub publish: Option<&'a [&'a str]>,
    pub via_root: bool,
}

pub fn create_sql(name: &str, scope: Scope<'_>, options: Options<'_>) -> String {
    let tables = match scope {
        Scope::AllTables => " FOR ALL TABLES".to_owned(),
        Scope::Tables(tables) => format!(" FOR TABLE {}", table_list(tables)),
        Scope::NoTables => String::new(),
    };
    let with = match option_list(options) {
        list if list.is_empty() => String::new(),
        list => format!(" WITH ({list})"),
    };
    format!("CREATE PUBLICATION {}{tables}{with}", quote_ident(name))
}

/// Makes an existing publication send exactly `tables`, and sets the options that were given.
pub fn alter_sql(name: &str, tables: &[(String, String)], options: Options<'_>) -> String {
    let name = quote_ident(name);
    let set_tables = format!("ALTER PUBLICATION {name} SET TABLE {}", table_list(tables));
    match option_list(options) {
        list if list.is_empty() => set_tables,
        list => format!("{set_tables}; ALTER PUBLICATION {name} SET ({list})"),
    }
}

fn table_list(tables: &[(String, String)]) -> String {
    let mut names: Vec<String> = tables.iter().map(|(schema, table)| quote_table(schema, table)).collect();
    names.sort_unstable();
    names.dedup();
    names.join(", ")
}

fn option_list(options: Options<'_>) -> String {
    let via_root = options.via_root.then(|| "publish_via_partition_root = true".to_owned());
    let publish = options.publish.map(|operations| format!("publish = '{}'", operations.join(",")));
    via_root.into_iter().chain(publish).collect::<Vec<_>>().join(", ")
}

impl Catalog {
    /// Sorted by name.
    pub async fn narrowed(&self, publication: &str) -> Result<Vec<Narrowed>, CatalogError> {
        let sql = include_str!("../../sql/catalog/publication_narrowed.sql");
        let rows = self.rows(sql, &[(&publication, Type::TEXT)]).await?;
        let narrowed = |row: &tokio_postgres::Row| {
            Ok(Narrowed {
                schema: row.try_get(0)?,
                table: row.try_get(1)?,
                rows: row.try_get(2)?,
                columns: row.try_get(3)?,
            })
        };
        rows.iter().map(narrowed).collect()
    }

    pub async fn publication(&self, name: &str) -> Result<Option<Publication>, CatalogError> {
        let rows = self.rows(include_str!("../../sql/catalog/publication.sql"), &[(&name, Type::TEXT)]).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let listed =
            self.rows(include_str!("../../sql/catalog/publication_tables.sql"), &[(&name, Type::TEXT)]).await?;
        let (mut tables, mut members) = (Vec::new(), Vec::new());
        for row in &listed {
            let list = if row.try_get(2)? { &mut tables } else { &mut members };
            list.push((row.try_get(0)?, row.try_get(1)?));
        }
        Ok(Some(Publication {
            all_tables: row.try_get(0)?,
            insert: row.try_get(1)?,
            update: row.try_get(2)?,
            delete: row.try_get(3)?,
            truncate: row.try_get(4)?,
            via_root: row.try_get(5)?,
            owner: row.try_get(6)?,
            owned: row.try_get(7)?,
            tables,
            members,
        }))
    }
}

impl Catalog {
    /// (schema, table, column) of the generated columns that the publication sends.
    pub async fn published_generated(&self, name: &str) -> Result<Vec<(String, String, String)>, CatalogError> {
        let rows = self.rows(include_str!("../../sql/catalog/published_generated.sql"), &[(&name, Type::TEXT)]).await?;
        rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tables(names: &[(&str, &str)]) -> Vec<(String, String)> {
        names.iter().map(|(schema, table)| ((*schema).to_owned(), (*table).to_owned())).collect()
    }

    #[test]
    fn each_mode_has_its_statement() {
        let none = Options::default();
        assert_eq!(create_sql("p", Scope::AllTables, none), r#"CREATE PUBLICATION "p" FOR ALL TABLES"#);
        assert_eq!(create_sql("p", Scope::NoTables, none), r#"CREATE PUBLICATION "p""#);
        let listed = tables(&[("s", "b"), ("s", "a"), ("s", "b")]);
        assert_eq!(
            create_sql("p", Scope::Tables(&listed), none),
            r#"CREATE PUBLICATION "p" FOR TABLE "s"."a", "s"."b""#
        );
    }

    #[test]
    fn options_follow_in_parentheses() {
        let options = Options { publish: Some(&["insert", "update"]), via_root: true };
        assert_eq!(
            create_sql("p", Scope::AllTables, options),
            r#"CREATE PUBLICATION "p" FOR ALL TABLES WITH (publish_via_partition_root = true, publish = 'insert,update')"#
        );
    }

    #[test]
    fn options_of_an_existing_publication_are_a_statement_of_their_own() {
        let listed = tables(&[("s", "a")]);
        assert_eq!(alter_sql("p", &listed, Options::default()), r#"ALTER PUBLICATION "p" SET TABLE "s"."a""#);
        assert_eq!(
            alter_sql("p\"q", &listed, Options { via_root: true, publish: None }),
            r#"ALTER PUBLICATION "p""q" SET TABLE "s"."a"; ALTER PUBLICATION "p""q" SET (publish_via_partition_root = true)"#
        );
    }
}
