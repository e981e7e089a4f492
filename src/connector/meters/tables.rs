//! What was sent of each table, and how the tables looked.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::count::Counter;
use crate::debezium::{Op, Prepared};
use crate::words::data::{Kind, Schema};

/// Events of one table, by operation.
#[derive(Debug, Default)]
pub struct TableMeters {
    pub reads: Counter,
    pub creates: Counter,
    pub updates: Counter,
    pub deletes: Counter,
    pub truncates: Counter,
    /// Of keys, values and headers.
    pub bytes: Counter,
}

impl TableMeters {
    pub(in crate::connector) fn count(&self, op: Op, bytes: u64) {
        match op {
            Op::Read => &self.reads,
            Op::Create => &self.creates,
            Op::Update => &self.updates,
            Op::Delete => &self.deletes,
            Op::Truncate | Op::Message => &self.truncates,
        }
        .add(1);
        self.bytes.add(bytes);
    }

    /// Under Debezium's one-letter names of the operations, spelled out.
    pub fn by_operation(&self) -> [(&'static str, u64); 5] {
        [
            ("read", self.reads.get()),
            ("create", self.creates.get()),
            ("update", self.updates.get()),
            ("delete", self.deletes.get()),
            ("truncate", self.truncates.get()),
        ]
    }

    pub fn events(&self) -> u64 {
        self.by_operation().iter().map(|(_, count)| count).sum()
    }
}

/// How a table looked from some moment on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Chapter {
    pub at: SystemTime,
    /// `schema.table`
    pub table: String,
    pub topic: String,
    pub key: Vec<String>,
    pub columns: Vec<Column>,
}

/// A column as records show it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Column {
    pub name: String,
    /// Of Connect: `int32`, `string`.
    pub kind: &'static str,
    /// The logical type, such as `io.debezium.time.Date`.
    pub logical: Option<String>,
    pub optional: bool,
}

/// Chapters that are kept; the oldest go first.
const CHAPTERS: usize = 1000;

/// All tables of a connector. The lock is taken when a table is described, never for an event.
#[derive(Debug, Default)]
pub(super) struct Captured {
    tables: Mutex<BTreeMap<String, Arc<TableMeters>>>,
    history: Mutex<VecDeque<Chapter>>,
}

impl Captured {
    pub(super) fn learn(&self, prepared: &Prepared) -> Arc<TableMeters> {
        let chapter = Chapter {
            at: SystemTime::now(),
            table: prepared.collection.clone(),
            topic: prepared.topic.to_string(),
            key: prepared.key_schema().map(columns).unwrap_or_default().into_iter().map(|key| key.name).collect(),
            columns: columns(prepared.row_schema()),
        };
        let mut history = lock(&self.history);
        let before = history.iter().rev().find(|before| before.table == chapter.table);
        if before.is_none_or(|before| Chapter { at: chapter.at, ..before.clone() } != chapter) {
            if history.len() == CHAPTERS {
                history.pop_front();
            }
            history.push_back(chapter);
        }
        self.table(&prepared.collection)
    }

    pub(super) fn table(&self, name: &str) -> Arc<TableMeters> {
        lock(&self.tables).entry(name.to_owned()).or_default().clone()
    }

    pub(super) fn tables(&self) -> Vec<(String, Arc<TableMeters>)> {
        lock(&self.tables).iter().map(|(name, table)| (name.clone(), table.clone())).collect()
    }

    pub(super) fn history(&self) -> Vec<Chapter> {
        lock(&self.history).iter().cloned().collect()
    }
}

fn columns(schema: &Schema) -> Vec<Column> {
    let Kind::Struct(fields) = &schema.kind else { return Vec::new() };
    let column = |field: &crate::words::data::Field| Column {
        name: field.name.to_string(),
        kind: field.schema.kind.name(),
        logical: field.schema.name.as_ref().map(ToString::to_string),
        optional: field.schema.optional,
    };
    fields.iter().map(column).collect()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
