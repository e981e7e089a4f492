//! Random changes of tables.
//!
//! The reference reads keys, nullability and defaults from the catalog when it meets a table's Relation message, which may
//! be long after the change was made. A case therefore waits before each of these until everything was seen, and changes a
//! table before its rows, so that what the reference reads late is what was true at the time.

use crate::column::{Column, Made};
use crate::kinds;
use crate::names::{Names, literal, quoted};
use crate::random::Random;
use crate::table::{Identity, Table};
use crate::types::Type;

pub(crate) fn ddl(random: &mut Random, tables: &mut Vec<Table>, names: &mut Names) -> String {
    match random.int(0..=19) {
        0 => {
            let table = Table::random(random, names);
            let sql = table.sql();
            tables.push(table);
            return sql;
        }
        // A label may be used once the transaction that adds it is over, hence not here; the list in the schemas matters.
        2 => {
            let label = literal(&format!("label {}", random.int(0..=99)));
            return format!("ALTER TYPE mood ADD VALUE IF NOT EXISTS {label} BEFORE 'ok';\n");
        }
        1 if tables.len() > 1 => {
            let table = tables.remove(random.size(0..=tables.len() - 1));
            return format!("DROP TABLE {};\n", table.quoted());
        }
        _ => {}
    }
    let at = random.size(0..=tables.len() - 1);
    let table = &mut tables[at];
    let name = table.quoted();
    match random.int(0..=19) {
        0..=4 => {
            let column = Column::random(random, &mut table.unused);
            // Rows that are there already have no value to put in.
            let column = Column { not_null: column.not_null && column.made != Made::Given, ..column };
            let sql = format!("ALTER TABLE {name} ADD COLUMN {};\n", column.sql());
            table.columns.push(column);
            sql
        }
        5..=8 => drop_column(random, table),
        9..=10 => rename_column(random, table),
        11..=13 => retype(random, table),
        14 if random.chance(50) => set_default(random, table),
        14 => to_text(random, table),
        15..=16 if !table.partitioned => {
            table.identity = Identity::random(random);
            if table.identity == Identity::Index && table.key.is_empty() {
                table.identity = Identity::Full;
            }
            table.identity_sql()
        }
        17 if !table.partitioned && table.identity != Identity::Index => new_key(random, table),
        18 => {
            table.name = names.take(random, "t");
            format!("ALTER TABLE {name} RENAME TO {};\n", quoted(&table.name))
        }
        _ => {
            let column = random.pick(&table.columns).quoted();
            let comment = literal(*random.pick(&["a comment", "it's", "ключ \"☃\"", ""]));
            format!("COMMENT ON TABLE {name} IS {comment};\nCOMMENT ON COLUMN {name}.{column} IS {comment};\n")
        }
    }
}

/// The place of a column that is no part of the key.
fn plain_column(random: &mut Random, table: &Table) -> Option<usize> {
    let plain: Vec<usize> = (0..table.columns.len()).filter(|&at| !table.is_key(&table.columns[at])).collect();
    if plain.is_empty() { None } else { Some(*random.pick(&plain)) }
}

fn drop_column(random: &mut Random, table: &mut Table) -> String {
    // The reference fails on a table without columns, and is silent about rows without any.
    let given = |column: &&Column| column.made != Made::Generated;
    match plain_column(random, table) {
        Some(at) if table.columns.iter().filter(given).count() > 1 => {
            let column = table.columns.remove(at);
            format!("ALTER TABLE {} DROP COLUMN {};\n", table.quoted(), column.quoted())
        }
        _ => String::new(),
    }
}

fn rename_column(random: &mut Random, table: &mut Table) -> String {
    let at = random.size(0..=table.columns.len() - 1);
    let new = table.unused.take(random, "n");
    let old = std::mem::replace(&mut table.columns[at].name, new.clone());
    for key in table.key.iter_mut().filter(|key| **key == old) {
        key.clone_from(&new);
    }
    format!("ALTER TABLE {} RENAME COLUMN {} TO {};\n", table.quoted(), quoted(&old), quoted(&new))
}

fn retype(random: &mut Random, table: &mut Table) -> String {
    let Some(at) = plain_column(random, table) else { return String::new() };
    let (name, column) = (table.quoted(), &mut table.columns[at]);
    let of = Type::random(random);
    let new = Column { name: column.name.clone(), of, not_null: false, default: None, made: Made::Given };
    let quoted = column.quoted();
    *column = new;
    let sql = column.of.sql();
    // Whatever stands there need not be a value of the new type.
    format!("ALTER TABLE {name} DROP COLUMN {quoted}, ADD COLUMN {quoted} {sql};\n")
}

/// A change of type that keeps the values.
fn to_text(random: &mut Random, table: &mut Table) -> String {
    let Some(at) = plain_column(random, table) else { return String::new() };
    let (name, column) = (table.quoted(), &mut table.columns[at]);
    if column.made != Made::Given {
        return String::new();
    }
    let quoted = column.quoted();
    (column.of, column.default) = (Type::plain(kinds::named("text")), None);
    format!(
        "ALTER TABLE {name} ALTER COLUMN {quoted} DROP DEFAULT, ALTER COLUMN {quoted} TYPE text USING {quoted}::text;\n"
    )
}

fn set_default(random: &mut Random, table: &mut Table) -> String {
    let Some(at) = plain_column(random, table) else { return String::new() };
    let (name, column) = (table.quoted(), &mut table.columns[at]);
    if column.made != Made::Given || column.not_null {
        return String::new();
    }
    column.default = if column.default.is_some() { None } else { Some(column.of.default(random)) };
    let action =
        column.default.as_ref().map_or_else(|| "DROP DEFAULT".to_owned(), |text| format!("SET DEFAULT {text}"));
    format!("ALTER TABLE {name} ALTER COLUMN {} {action};\n", column.quoted())
}

/// Another primary key, over a new column.
fn new_key(random: &mut Random, table: &mut Table) -> String {
    let name = table.quoted();
    let mut sql = String::new();
    if !table.key.is_empty() {
        sql = if table.primary {
            format!("ALTER TABLE {name} DROP CONSTRAINT {};\n", table.index)
        } else {
            format!("DROP INDEX {}.{};\n", quoted(table.schema), table.index)
        };
    }
    let new = table.unused.take(random, "k");
    let column = Column::numbered(random, new.clone());
    table.index += "x";
    sql += &format!("ALTER TABLE {name} ADD COLUMN {};\n", column.sql());
    sql += &format!("ALTER TABLE {name} ADD CONSTRAINT {} PRIMARY KEY ({});\n", table.index, quoted(&new));
    table.columns.push(column);
    table.key = vec![new];
    table.primary = true;
    sql
}
