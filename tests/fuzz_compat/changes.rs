//! Random changes of rows.

use crate::column::{Column, Made};
use crate::random::Random;
use crate::table::Table;

/// One statement that changes rows of the table.
pub(crate) fn change(random: &mut Random, table: &Table) -> String {
    match random.int(0..=19) {
        0..=7 => insert(random, table),
        8..=13 if table.can_update() => update(random, table),
        14 if table.can_update() && !table.key.is_empty() => change_key(random, table),
        15..=18 if table.can_update() => format!("DELETE FROM {} WHERE {};\n", table.quoted(), one_row(random, table)),
        19 if random.chance(40) => format!("TRUNCATE {};\n", table.quoted()),
        _ => insert(random, table),
    }
}

/// One to three new rows; a row whose key is there already is left out.
pub(crate) fn insert(random: &mut Random, table: &Table) -> String {
    let columns: Vec<&Column> = table
        .columns
        .iter()
        .filter(|column| match column.made {
            Made::Given => !column.fills_itself() || random.chance(85),
            Made::Serial(_) | Made::Identity => random.chance(20),
            Made::Generated => false,
        })
        .collect();
    if columns.is_empty() {
        return format!("INSERT INTO {} DEFAULT VALUES;\n", table.quoted());
    }
    let rows: Vec<String> = (0..*random.pick(&[1, 1, 1, 2, 3]))
        .map(|_| {
            let values: Vec<String> = columns.iter().map(|column| value(random, column)).collect();
            format!("({})", values.join(", "))
        })
        .collect();
    let names: Vec<String> = columns.iter().map(|column| column.quoted()).collect();
    let (table, names, rows) = (table.quoted(), names.join(", "), rows.join(",\n    "));
    format!("INSERT INTO {table} ({names}) VALUES\n    {rows}\n    ON CONFLICT DO NOTHING;\n")
}

fn value(random: &mut Random, column: &Column) -> String {
    if !column.not_null && random.chance(20) {
        return "NULL".to_owned();
    }
    column.of.value(random)
}

fn update(random: &mut Random, table: &Table) -> String {
    let mut columns: Vec<&Column> =
        table.columns.iter().filter(|column| !table.is_key(column) && column.made != Made::Generated).collect();
    if columns.is_empty() {
        return insert(random, table);
    }
    random.shuffle(&mut columns);
    columns.truncate(random.size(1..=3));
    let sets: Vec<String> = columns
        .iter()
        .map(|column| {
            let name = column.quoted();
            // A value set to itself leaves an out-of-line value where it is.
            let value = if random.chance(20) { name.clone() } else { value(random, column) };
            format!("{name} = {value}")
        })
        .collect();
    let which = if random.chance(80) { one_row(random, table) } else { "true".to_owned() };
    format!("UPDATE {} SET {} WHERE {which};\n", table.quoted(), sets.join(", "))
}

fn change_key(random: &mut Random, table: &Table) -> String {
    let keys: Vec<&Column> = table.columns.iter().filter(|column| table.is_key(column)).collect();
    let mut sets = Vec::new();
    let mut same = Vec::new();
    for column in keys {
        let (name, value) = (column.quoted(), column.of.value(random));
        let cast = format!("{value}::{}", column.of.sql());
        same.push(format!("{name} = {cast}"));
        sets.push(format!("{name} = {cast}"));
    }
    let (name, sets, same, row) = (table.quoted(), sets.join(", "), same.join(" AND "), one_row(random, table));
    format!("UPDATE {name} SET {sets} WHERE {row}\n    AND NOT EXISTS (SELECT FROM {name} WHERE {same});\n")
}

/// A condition that holds for one row at most, whatever the columns are.
fn one_row(random: &mut Random, table: &Table) -> String {
    let (name, nth) = (table.quoted(), random.size(0..=4));
    format!("(tableoid, ctid) = (SELECT tableoid, ctid FROM {name} ORDER BY tableoid, ctid LIMIT 1 OFFSET {nth})")
}
