//! The case of a seed, as a folder that the oracle reads.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::changes;
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
    let tables: Vec<Table> = (0..*random.pick(&[1, 1, 2, 3])).map(|_| Table::random(&mut random, &mut names)).collect();
    let mut setup = PRELUDE.to_owned();
    for table in &tables {
        setup += &table.sql();
        for _ in 0..random.size(0..=3) {
            setup += &changes::insert(&mut random, table);
        }
    }
    fs::write(folder.join("setup.sql"), setup)?;

    let mut steps = vec![json!({ "sql": "setup.sql" }), json!({ "start": true })];
    let part = "stream.sql";
    fs::write(folder.join(part), stream(&mut random, &tables))?;
    steps.push(json!({ "sql": part }));
    let document = json!({
        "config": Value::Object(settings::connector(&mut random)),
        "worker": Value::Object(settings::worker(&mut random)),
        "steps": steps,
    });
    fs::write(folder.join("case.json"), format!("{document:#}\n"))?;
    Ok(folder)
}

fn stream(random: &mut Random, tables: &[Table]) -> String {
    let mut sql = String::new();
    for _ in 0..random.size(3..=10) {
        let transaction = random.chance(40);
        if transaction {
            sql += "BEGIN;\n";
        }
        for _ in 0..if transaction { random.size(1..=5) } else { 1 } {
            let table = random.pick(tables);
            sql += &changes::change(random, table);
        }
        if transaction {
            sql += if random.chance(10) { "ROLLBACK;\n" } else { "COMMIT;\n" };
        }
    }
    sql
}
