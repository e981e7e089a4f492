//! The case of a seed, as a folder that the oracle reads.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::changes;
use crate::ddl::ddl;
use crate::kinds::PRELUDE;
use crate::names::Names;
use crate::random::Random;
use crate::settings;
use crate::table::Table;

/// Writes the case of this seed below `root`; the folder's name is the case's.
pub(crate) fn write(root: &Path, seed: u64) -> io::Result<PathBuf> {
    let mut random = Random::new(seed);
    let folder = root.join(format!("fz_{seed}"));
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;

    let mut names = Names::new(&mut random);
    let mut tables: Vec<Table> =
        (0..*random.pick(&[1, 1, 2, 3, 4])).map(|_| Table::random(&mut random, &mut names)).collect();
    let mut setup = PRELUDE.to_owned();
    for table in &tables {
        setup += &table.sql();
        for _ in 0..random.size(0..=3) {
            setup += &changes::insert(&mut random, table);
        }
    }
    fs::write(folder.join("setup.sql"), setup)?;

    let mut steps = vec![json!({ "sql": "setup.sql" }), json!({ "start": true })];
    for part in 1..=random.size(1..=4) {
        let file = format!("stream_{part}.sql");
        if part > 1 && random.chance(20) {
            steps.extend([json!({ "stop": true }), json!({ "start": true })]);
        } else if part > 1 {
            steps.push(json!({ "drain": true }));
        }
        fs::write(folder.join(&file), stream(&mut random, &mut tables, &mut names, part > 1))?;
        steps.push(json!({ "sql": file }));
    }
    let document = json!({
        "config": Value::Object(settings::connector(&mut random)),
        "worker": Value::Object(settings::worker(&mut random)),
        "steps": steps,
    });
    fs::write(folder.join("case.json"), format!("{document:#}\n"))?;
    Ok(folder)
}

/// Changes of rows, before which the tables themselves may change.
fn stream(random: &mut Random, tables: &mut Vec<Table>, names: &mut Names, with_ddl: bool) -> String {
    let mut sql = String::new();
    let mut open = with_ddl && random.chance(30);
    if open {
        sql += "BEGIN;\n";
    }
    for _ in 0..if with_ddl { random.size(1..=3) } else { 0 } {
        sql += &ddl(random, tables, names);
    }
    for _ in 0..random.size(3..=8) {
        let transaction = open || random.chance(40);
        if transaction && !open {
            sql += "BEGIN;\n";
        }
        open = false;
        for _ in 0..if transaction { random.size(1..=5) } else { 1 } {
            let table = random.pick(tables);
            sql += &match random.int(0..=19) {
                0 if transaction => undone(random, table),
                _ => changes::change(random, table),
            };
        }
        if transaction {
            sql += if random.chance(10) && !with_ddl { "ROLLBACK;\n" } else { "COMMIT;\n" };
        }
    }
    sql
}

/// Changes that a savepoint takes back.
fn undone(random: &mut Random, table: &Table) -> String {
    format!("SAVEPOINT s;\n{}ROLLBACK TO s;\n", changes::change(random, table))
}
