//! SQL text from names and values that are not ours.

use crate::words::table::CatalogTable;

/// `"name"`: safe as an identifier whatever it holds.
pub fn quote_ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// `'text'`, with the escape syntax when it holds a backslash, so that `standard_conforming_strings` does not matter.
pub fn quote_literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') { format!("E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}

/// `"schema"."table"`.
pub fn quote_table(schema: &str, table: &str) -> String {
    format!("{}.{}", quote_ident(schema), quote_ident(table))
}

/// `SELECT "a", "b" FROM "s"."t"` for [`super::Catalog::copy`]; `only` leaves inheriting tables out. Without columns the
/// rows come empty.
pub fn select_sql<'a>(table: &CatalogTable, columns: impl IntoIterator<Item = &'a str>, only: bool) -> String {
    let columns = columns.into_iter().map(quote_ident).collect::<Vec<_>>().join(", ");
    let only = if only { "ONLY " } else { "" };
    format!("SELECT {columns} FROM {only}{}", quote_table(&table.schema, &table.name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::RelationId;
    use crate::words::table::TableKind;

    #[test]
    fn no_name_leaves_its_quotes() {
        assert_eq!(quote_ident("plain"), "\"plain\"");
        assert_eq!(quote_ident("a\"b; DROP"), "\"a\"\"b; DROP\"");
    }

    #[test]
    fn no_text_leaves_its_quotes() {
        assert_eq!(quote_literal("it's"), "'it''s'");
        assert_eq!(quote_literal(r"\' OR 1"), r"E'\\'' OR 1'");
    }

    #[test]
    fn a_select_names_its_columns_in_the_order_given() {
        let table = CatalogTable {
            id: RelationId(1),
            schema: "shop".to_owned(),
            name: "Order".to_owned(),
            kind: TableKind::Table,
            columns: Vec::new(),
            primary_key: Vec::new(),
            unique_key: Vec::new(),
        };
        assert_eq!(select_sql(&table, ["b", "a"], false), r#"SELECT "b", "a" FROM "shop"."Order""#);
        assert_eq!(select_sql(&table, ["a"], true), r#"SELECT "a" FROM ONLY "shop"."Order""#);
    }
}
