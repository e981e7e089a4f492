//! What was committed, in the words of the topics.

use std::collections::BTreeMap;

/// The tables of the workload; each is a topic. `probe` tells how long a recovery takes.
pub const TABLES: [&str; 7] = ["plain", "pair", "whole", "big", "keyless", "scrap", "probe"];

/// The key of an event that has none: TRUNCATE.
pub const EVERYTHING: &str = "*";

/// One record (a deletion's tombstone apart) that a committed transaction owes its topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    pub table: usize,
    pub key: String,
    /// Debezium's letter.
    pub op: char,
    /// The change number in the row; deletions show none.
    pub seq: Option<i64>,
}

#[derive(Clone, Debug)]
pub struct Transaction {
    pub xid: u32,
    /// In the order of the statements. Rows of one statement have different keys and no order among themselves.
    pub events: Vec<Event>,
}

/// By writer, in commit order. Writers own disjoint keys.
#[derive(Clone, Debug, Default)]
pub struct Journal {
    pub writers: Vec<Vec<Transaction>>,
}

/// Rows of the tables at the end: by table and key, the change number and the big value, if any.
pub type Rows = Vec<BTreeMap<String, (i64, String)>>;
