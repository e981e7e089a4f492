//! The checker: folds what committed readers see against the journal and the tables.
//!
//! Each change has a place in its topic: that of its first appearance. At least once, a run of records may go back to an
//! earlier place and must then repeat everything from there on; exactly once, no record goes back. Places must follow
//! each writer's commits and, within a key, the statements. What no record shows must lie before the snapshot, and the
//! snapshot must show it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::journal::{EVERYTHING, Event, Journal, Rows, TABLES, Transaction};
use crate::record::{Change, Record, Topics};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    AtLeastOnce,
    ExactlyOnce,
}

#[derive(Debug, Default)]
pub struct Verdict {
    /// What must not be, in words.
    pub wrong: Vec<String>,
    /// Changes that were promised and never came.
    pub missing: usize,
    /// Records beyond the first of each change, tombstones apart.
    pub repeated: usize,
    /// The longest time over which records were sent that were later sent again, in milliseconds.
    pub span: i64,
    pub changes: usize,
}

/// What one change is known by. Rows of one statement share xid and maybe LSN, never the key.
type Identity<'a> = (u32, i64, &'a str, char, Option<i64>);

fn identity(change: &Change) -> Identity<'_> {
    (change.xid, change.lsn, &change.key, change.op, change.seq)
}

pub fn check(journal: &Journal, topics: &Topics, rows: &Rows, mode: Mode) -> Verdict {
    let mut verdict = Verdict::default();
    let placed: Vec<Vec<&Change>> =
        topics.iter().enumerate().map(|(table, topic)| places(table, topic, mode, &mut verdict)).collect();
    verdict.changes = placed.iter().map(Vec::len).sum();
    let index = Index::new(journal);
    let streamed: BTreeSet<u32> = placed.iter().flatten().map(|change| change.xid).collect();
    for transactions in &journal.writers {
        let from = transactions.iter().position(|t| streamed.contains(&t.xid)).unwrap_or(transactions.len());
        let (before, after) = transactions.split_at(from);
        for (table, topic) in topics.iter().enumerate() {
            compare(table, after, &placed[table], &mut verdict);
            snapshot(table, before, topic, &placed[table], &index, mode, &mut verdict);
        }
    }
    for (table, changes) in placed.iter().enumerate() {
        order(table, changes, &index, &mut verdict);
    }
    for (table, topic) in topics.iter().enumerate() {
        end(table, topic, &rows[table], &mut verdict);
    }
    verdict
}

/// The changes by place. Checks repeats and tombstones on the way.
fn places<'a>(table: usize, topic: &'a [Record], mode: Mode, verdict: &mut Verdict) -> Vec<&'a Change> {
    let name = TABLES[table];
    let mut known: HashMap<Identity<'a>, usize> = HashMap::new();
    let mut placed: Vec<&Change> = Vec::new();
    let mut previous: Option<usize> = None;
    // The deletion whose tombstone must be next.
    let mut owed: Option<&str> = None;
    for record in topic {
        let (change, back) = match record {
            Record::Tombstone { key } => {
                if owed.take() != Some(key) {
                    verdict.wrong.push(format!("{name}: a tombstone of {key} without its deletion"));
                }
                continue;
            }
            Record::Read { .. } => (None, true),
            Record::Change(change) => {
                let next = previous.map_or(0, |previous| previous + 1);
                match known.get(&identity(change)) {
                    None => {
                        if next != placed.len() {
                            let skipped = placed.len() - next;
                            verdict.wrong.push(format!("{name}: {change:?} came where {skipped} repeats were due"));
                        }
                        known.insert(identity(change), placed.len());
                        previous = Some(placed.len());
                        placed.push(change);
                        (Some(change), false)
                    }
                    Some(&place) => {
                        verdict.repeated += 1;
                        let back = place < next;
                        if mode == Mode::ExactlyOnce {
                            verdict.wrong.push(format!("{name}: doubled {change:?}"));
                        } else if place > next {
                            verdict.wrong.push(format!("{name}: {change:?} repeated, {} before it not", place - next));
                        } else if back && let Some(last) = previous.and_then(|previous| placed.get(previous)) {
                            verdict.span = verdict.span.max(last.sent - placed[place].sent);
                        }
                        previous = Some(place);
                        (Some(change), back)
                    }
                }
            }
        };
        if let Some(key) = owed.take()
            && (mode == Mode::ExactlyOnce || !back)
        {
            verdict.wrong.push(format!("{name}: the deletion of {key} lacks its tombstone"));
        }
        owed = change.filter(|change| change.op == 'd').map(|change| change.key.as_str());
    }
    if let Some(key) = owed {
        verdict.wrong.push(format!("{name}: the deletion of {key} lacks its tombstone"));
    }
    placed
}

/// What the journal knows of a transaction and of a key.
struct Index<'a> {
    /// Writer and number.
    transactions: HashMap<u32, (usize, usize)>,
    /// By table and key: the change numbers it had, in order.
    versions: HashMap<(usize, &'a str), Vec<i64>>,
}

impl<'a> Index<'a> {
    fn new(journal: &'a Journal) -> Self {
        let mut index = Self { transactions: HashMap::new(), versions: HashMap::new() };
        for (writer, transactions) in journal.writers.iter().enumerate() {
            for (number, transaction) in transactions.iter().enumerate() {
                index.transactions.insert(transaction.xid, (writer, number));
                for event in &transaction.events {
                    if let Some(seq) = event.seq {
                        index.versions.entry((event.table, &event.key)).or_default().push(seq);
                    }
                }
            }
        }
        index
    }
}

/// Each transaction's events of this table, key by key, against what came.
fn compare(table: usize, transactions: &[Transaction], placed: &[&Change], verdict: &mut Verdict) {
    type Story<'a> = BTreeMap<&'a str, Vec<(char, Option<i64>)>>;
    let mut came: HashMap<u32, Story<'_>> = HashMap::new();
    for change in placed {
        came.entry(change.xid).or_default().entry(&change.key).or_default().push((change.op, change.seq));
    }
    for transaction in transactions {
        let mut owed = Story::new();
        for event in transaction.events.iter().filter(|event| event.table == table) {
            owed.entry(&event.key).or_default().push((event.op, event.seq));
        }
        let came = came.remove(&transaction.xid).unwrap_or_default();
        for (key, owed) in &owed {
            let came = came.get(key).map_or(&[][..], Vec::as_slice);
            if came != owed {
                verdict.missing += owed.len().saturating_sub(came.len());
                let (name, xid) = (TABLES[table], transaction.xid);
                verdict
                    .wrong
                    .push(format!("{name}: key {key} in transaction {xid}: committed {owed:?}, came {came:?}"));
            }
        }
        for (key, came) in came.iter().filter(|(key, _)| !owed.contains_key(*key)) {
            let (name, xid) = (TABLES[table], transaction.xid);
            verdict.wrong.push(format!("{name}: key {key} in transaction {xid}: never committed: {came:?}"));
        }
    }
}

/// The rows that the transactions before the stream left must have been read, as they were then or later.
fn snapshot(
    table: usize,
    before: &[Transaction],
    topic: &[Record],
    placed: &[&Change],
    index: &Index<'_>,
    mode: Mode,
    verdict: &mut Verdict,
) {
    let name = TABLES[table];
    let mut read: HashMap<&str, Vec<i64>> = HashMap::new();
    for record in topic {
        if let Record::Read { key, seq, .. } = record {
            read.entry(key).or_default().push(*seq);
        }
    }
    let gone: BTreeSet<&str> = placed.iter().filter(|c| "dt".contains(c.op)).map(|c| c.key.as_str()).collect();
    for (key, seq) in left(table, before) {
        let versions = &index.versions[&(table, key)];
        let at = |seq: i64| versions.iter().position(|version| *version == seq);
        let seen = read.get(key).map_or(&[][..], Vec::as_slice);
        let fresh = seen.iter().any(|read| at(*read) >= at(seq));
        // A snapshot cut short and taken again does not see what was deleted meanwhile: the stream tells.
        if !fresh && !gone.contains(key) && !gone.contains(EVERYTHING) {
            verdict.missing += 1;
            verdict.wrong.push(format!("{name}: the snapshot lacks row {key} as of {seq}: it shows {seen:?}"));
        }
        if seen.len() > 1 {
            verdict.repeated += seen.len() - 1;
            if mode == Mode::ExactlyOnce {
                verdict.wrong.push(format!("{name}: the snapshot shows row {key} {} times", seen.len()));
            }
        }
        if let Some(odd) = seen.iter().find(|seq| at(**seq).is_none()) {
            verdict.wrong.push(format!("{name}: the snapshot shows row {key} as {odd}, which it never was"));
        }
    }
}

/// Rows and their change numbers after these transactions.
fn left(table: usize, transactions: &[Transaction]) -> BTreeMap<&str, i64> {
    let mut rows = BTreeMap::new();
    let events = transactions.iter().flat_map(|transaction| &transaction.events);
    for Event { key, op, seq, .. } in events.filter(|event| event.table == table) {
        match seq {
            Some(seq) => drop(rows.insert(key.as_str(), *seq)),
            None if *op == 't' => rows.clear(),
            None => drop(rows.remove(key.as_str())),
        }
    }
    rows
}

/// Places follow each writer's commits; nothing comes that was never committed.
fn order(table: usize, placed: &[&Change], index: &Index<'_>, verdict: &mut Verdict) {
    let mut reached: HashMap<usize, usize> = HashMap::new();
    for change in placed {
        let Some(&(writer, number)) = index.transactions.get(&change.xid) else {
            verdict.wrong.push(format!("{}: {change:?} was never committed", TABLES[table]));
            continue;
        };
        let last = reached.entry(writer).or_insert(number);
        if number < *last {
            verdict.wrong.push(format!("{}: {change:?} came after a later transaction", TABLES[table]));
        }
        *last = (*last).max(number);
    }
}

/// The topic folded is the table.
fn end(table: usize, topic: &[Record], rows: &BTreeMap<String, (i64, String)>, verdict: &mut Verdict) {
    let mut folded: BTreeMap<&str, (i64, String)> = BTreeMap::new();
    for record in topic {
        match record {
            Record::Read { key, seq, body } => drop(folded.insert(key, (*seq, body.clone()))),
            Record::Tombstone { key } => drop(folded.remove(key.as_str())),
            Record::Change(change) => match (change.op, change.seq) {
                ('t', _) => folded.clear(),
                (_, Some(seq)) => {
                    let row = folded.entry(&change.key).or_default();
                    row.0 = seq;
                    if let Some(body) = &change.body {
                        row.1.clone_from(body);
                    }
                }
                _ => drop(folded.remove(change.key.as_str())),
            },
        }
    }
    let name = TABLES[table];
    for (key, row) in rows {
        if folded.get(key.as_str()) != Some(row) {
            verdict.wrong.push(format!("{name}: row {key} is {row:?}, the topic says {:?}", folded.get(key.as_str())));
        }
    }
    for key in folded.keys().filter(|key| !rows.contains_key(**key)) {
        verdict.wrong.push(format!("{name}: the topic has row {key}, the table has not"));
    }
}
