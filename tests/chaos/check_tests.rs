//! The checker notices what it is there for.

use std::collections::BTreeMap;

use crate::check::{Mode, Verdict, check};
use crate::journal::{Event, Journal, Rows, TABLES, Transaction};
use crate::record::{Change, Record, Topics};

fn event(key: &str, op: char, seq: Option<i64>) -> Event {
    Event { table: 0, key: key.to_owned(), op, seq }
}

fn change(xid: u32, lsn: i64, key: &str, op: char, seq: Option<i64>) -> Record {
    Record::Change(Change { xid, lsn, key: key.to_owned(), op, seq, body: None, sent: lsn })
}

fn tombstone(key: &str) -> Record {
    Record::Tombstone { key: key.to_owned() }
}

/// One row of the snapshot; then two transactions: rows 2 and 3 come, row 2 changes, row 1 goes.
fn journal() -> Journal {
    let transactions = vec![
        Transaction { xid: 9, events: vec![event("1", 'c', Some(1))] },
        Transaction { xid: 10, events: vec![event("2", 'c', Some(2)), event("3", 'c', Some(3))] },
        Transaction { xid: 11, events: vec![event("2", 'u', Some(4)), event("1", 'd', None)] },
    ];
    Journal { writers: vec![transactions] }
}

fn records() -> Vec<Record> {
    vec![
        Record::Read { key: "1".to_owned(), seq: 1, body: String::new() },
        change(10, 100, "2", 'c', Some(2)),
        change(10, 101, "3", 'c', Some(3)),
        change(11, 102, "2", 'u', Some(4)),
        change(11, 103, "1", 'd', None),
        tombstone("1"),
    ]
}

fn judge(records: Vec<Record>, mode: Mode) -> Verdict {
    let mut topics: Topics = vec![Vec::new(); TABLES.len()];
    topics[0] = records;
    let mut rows: Rows = vec![BTreeMap::new(); TABLES.len()];
    rows[0] = [("2", 4), ("3", 3)].map(|(key, seq)| (key.to_owned(), (seq, String::new()))).into();
    check(&journal(), &topics, &rows, mode)
}

const MODES: [Mode; 2] = [Mode::AtLeastOnce, Mode::ExactlyOnce];

#[track_caller]
fn notices(records: &[Record], modes: &[Mode], word: &str) {
    for mode in modes {
        let verdict = judge(records.to_vec(), *mode);
        assert!(verdict.wrong.iter().any(|wrong| wrong.contains(word)), "{mode:?}: {:?}", verdict.wrong);
    }
}

#[test]
fn a_faithful_topic_passes() {
    for mode in MODES {
        let verdict = judge(records(), mode);
        assert!(verdict.wrong.is_empty(), "{:?}", verdict.wrong);
        assert_eq!((verdict.missing, verdict.repeated, verdict.changes), (0, 0, 4));
    }
}

#[test]
fn a_dropped_record_is_noticed() {
    for at in 1..5 {
        let mut records = records();
        records.remove(at);
        notices(&records, &MODES, "committed");
    }
    // A row of the snapshot that nothing deletes later.
    let mut without = records();
    without.truncate(4);
    without.remove(0);
    notices(&without, &MODES, "the snapshot lacks row 1");
}

#[test]
fn a_transaction_missing_in_the_middle_is_noticed() {
    let mut records = records();
    records.drain(1..3);
    notices(&records, &MODES, "row 3 is");
}

#[test]
fn a_doubled_record_is_noticed() {
    let mut records = records();
    records.insert(3, change(10, 101, "3", 'c', Some(3)));
    notices(&records, &[Mode::ExactlyOnce], "doubled");
    assert_eq!(judge(records, Mode::AtLeastOnce).repeated, 1);
}

#[test]
fn a_doubled_snapshot_row_is_noticed() {
    let mut records = records();
    records.insert(1, records[0].clone());
    notices(&records, &[Mode::ExactlyOnce], "2 times");
}

#[test]
fn swapped_transactions_and_swapped_changes_of_a_key_are_noticed() {
    let mut transactions = records();
    transactions.swap(2, 3);
    notices(&transactions, &MODES, "came after a later transaction");
    let mut topic = vec![change(12, 104, "5", 'c', Some(8)), change(12, 105, "5", 'u', Some(9))];
    let journal = Journal {
        writers: vec![vec![Transaction { xid: 12, events: vec![event("5", 'c', Some(8)), event("5", 'u', Some(9))] }]],
    };
    let mut rows: Rows = vec![BTreeMap::new(); TABLES.len()];
    rows[0].insert("5".to_owned(), (9, String::new()));
    for (swap, fine) in [(false, true), (true, false)] {
        if swap {
            topic.swap(0, 1);
        }
        let mut topics: Topics = vec![Vec::new(); TABLES.len()];
        topics[0].clone_from(&topic);
        assert_eq!(check(&journal, &topics, &rows, Mode::AtLeastOnce).wrong.is_empty(), fine);
    }
}

#[test]
fn a_missing_tombstone_is_noticed() {
    let mut records = records();
    records.pop();
    notices(&records, &MODES, "lacks its tombstone");
    records.push(change(12, 104, "9", 'c', Some(9)));
    notices(&records, &MODES, "lacks its tombstone");
}

#[test]
fn a_rolled_back_change_is_noticed() {
    let mut records = records();
    records.insert(3, change(77, 101, "7", 'c', Some(9)));
    notices(&records, &MODES, "never committed");
}

#[test]
fn a_repeat_from_a_stored_position_on_is_at_least_once() {
    let mut records = records();
    let again = records[2..].to_vec();
    records.pop(); // The kill came between the deletion and its tombstone.
    records.extend(again);
    let verdict = judge(records.clone(), Mode::AtLeastOnce);
    assert!(verdict.wrong.is_empty(), "{:?}", verdict.wrong);
    assert_eq!((verdict.repeated, verdict.span), (3, 2));
    notices(&records, &[Mode::ExactlyOnce], "doubled");
}

#[test]
fn a_repeat_with_a_hole_is_noticed() {
    let mut records = records();
    let again = [records[1].clone(), records[3].clone(), records[4].clone(), records[5].clone()];
    records.extend(again);
    notices(&records, &[Mode::AtLeastOnce], "repeated, 1 before it not");
}

#[test]
fn a_repeat_that_stops_too_early_is_noticed() {
    let mut records = records();
    records.insert(4, records[1].clone());
    notices(&records, &[Mode::AtLeastOnce], "came where 2 repeats were due");
}
