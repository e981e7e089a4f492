//! What came out: nothing missing, in order, and nothing again that the one before had stored.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::Value;

use crate::rig::Database;
use crate::topics::Line;

/// One stop, and what was known then.
pub struct Switch {
    pub from: &'static str,
    pub graceful: bool,
    /// Records in the topic at that time.
    pub records: usize,
    /// What the offset topic held then.
    pub stored: Option<Value>,
}

impl Switch {
    /// Whether the stored offset says that a change at `lsn` was delivered.
    fn covers(&self, lsn: i64) -> bool {
        let Some(stored) = &self.stored else { return false };
        let number = |name: &str| stored[name].as_i64();
        let inside = stored["messageType"].as_str().is_some_and(|kind| !matches!(kind, "BEGIN" | "COMMIT"));
        let processed = number("lsn_proc").filter(|_| inside);
        let committed = match stored["messageType"].as_str() {
            Some("COMMIT") => number("lsn_proc"),
            _ => number("lsn_commit").or(number("lsn_proc")),
        };
        // Of the group of changes at the very position nobody but walcast is sure.
        lsn < committed.or(number("lsn")).unwrap_or(0) || processed.is_some_and(|processed| lsn < processed)
    }
}

#[derive(Default, Debug)]
pub struct Verdict {
    pub missing: usize,
    pub out_of_order: usize,
    pub wrong_rows: usize,
    /// Repeated though the stored offset covered it, or though walcast had stopped gracefully. (Debezium does not always
    /// store everything when it is stopped.)
    pub repeated_wrongly: usize,
    /// Repeated records by switch.
    pub repeated: Vec<usize>,
}

pub fn judge(database: &Database, lines: &[Line], switches: &[Switch]) -> Verdict {
    let mut verdict = Verdict { repeated: vec![0; switches.len()], ..Verdict::default() };
    let mut told: BTreeSet<i64> = BTreeSet::new();
    let mut last: HashMap<i64, i64> = HashMap::new();
    let mut state: BTreeMap<i64, i64> = BTreeMap::new();
    let mut first: HashMap<(i64, i64, String), usize> = HashMap::new();
    for (index, line) in lines.iter().enumerate() {
        let key: Value = serde_json::from_slice(line.key.as_deref().expect("a key")).expect("JSON");
        let id = key["id"].as_i64().expect("an id");
        let Some(value) = line.value.as_deref() else { continue };
        let value: Value = serde_json::from_slice(value).expect("JSON");
        let (op, lsn) = (value["op"].as_str().expect("an op"), value["source"]["lsn"].as_i64().expect("an lsn"));
        let repeated = first.insert((lsn, id, op.to_owned()), index).is_some() && op != "r";
        if repeated {
            // The stop after which it came again.
            let switch =
                switches.iter().rposition(|switch| index >= switch.records).expect("nothing repeats in one run");
            verdict.repeated[switch] += 1;
            let Switch { from, graceful, stored, .. } = &switches[switch];
            if switches[switch].covers(lsn) {
                println!("{op} of row {id} at {lsn} came again after {from} had stored {stored:?}");
                verdict.repeated_wrongly += 1;
            } else if *graceful && *from == "walcast" {
                println!("{op} of row {id} at {lsn} came again though walcast stopped gracefully, with {stored:?}");
                verdict.repeated_wrongly += 1;
            }
        }
        match value["after"]["v"].as_i64() {
            None => drop(state.remove(&id)),
            Some(v) => {
                state.insert(id, v);
                if told.insert(v) && op != "r" && last.insert(id, v).is_some_and(|before| before > v) {
                    verdict.out_of_order += 1;
                }
            }
        }
    }
    let rows = |sql: &str| -> BTreeMap<i64, i64> {
        let pair = |line: &str| line.split_once('|').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
        database.sql(sql).lines().map(|line| pair(line).expect("two numbers")).collect()
    };
    let written = rows("SELECT change, id FROM journal WHERE op <> 'd'");
    verdict.missing = written.keys().filter(|change| !told.contains(change)).count();
    let table = rows("SELECT id, v FROM t");
    let different = table.iter().filter(|(id, v)| state.get(id) != Some(v)).count();
    verdict.wrong_rows = different + state.keys().filter(|id| !table.contains_key(id)).count();
    verdict
}
