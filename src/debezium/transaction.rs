//! Transaction metadata: BEGIN and END records and the order of events (`provide.transaction.metadata`).

use std::fmt::Write;

use super::envelope::TransactionBlock;
use super::java::hash_order;
use super::text::Text;
use crate::words::Lsn;
use crate::words::data::{Field, Kind, Schema, ValueSink};

/// Counts the events of the open transaction; stored with the offset, so that a resumed transaction goes on counting.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TransactionOrder {
    pub xid: u32,
    pub total: i64,
    /// `schema.table` and its events, in the order of first appearance.
    pub collections: Vec<(String, i64)>,
}

/// `<xid>:<lsn>` of one record; each record of a transaction has its own.
pub type TransactionId = Text<48>;

pub fn transaction_id(xid: u32, lsn: Lsn) -> TransactionId {
    let mut id = TransactionId::default();
    let _ = write!(id, "{xid}:{}", lsn.0);
    id
}

impl TransactionOrder {
    /// Counts one event of `collection` and tells its place.
    pub fn next<'a>(&mut self, collection: &str, id: &'a TransactionId) -> TransactionBlock<'a> {
        self.total += 1;
        let position = self.collections.iter().position(|(name, _)| name == collection);
        let count = match position {
            Some(position) => &mut self.collections[position].1,
            None => {
                self.collections.push((collection.to_owned(), 0));
                &mut self.collections.last_mut().expect("pushed just now").1
            }
        };
        *count += 1;
        TransactionBlock { id, total_order: self.total, collection_order: *count }
    }

    /// In the order of a Java `HashMap` of the names, as the reference writes them.
    fn in_hash_order(&self) -> Vec<&(String, i64)> {
        let mut sorted: Vec<_> = self.collections.iter().collect();
        hash_order(&mut sorted, |(name, _)| name);
        sorted
    }
}

pub fn key_schema() -> Schema {
    Schema::of_struct(vec![Field::new("id", Schema::new(Kind::String))])
        .named("io.debezium.connector.common.TransactionMetadataKey")
        .version(1)
}

pub fn value_schema() -> Schema {
    let collection = Schema::of_struct(vec![
        Field::new("data_collection", Schema::new(Kind::String)),
        Field::new("event_count", Schema::new(Kind::Int64)),
    ])
    .named("event.collection")
    .version(1)
    .optional();
    Schema::of_struct(vec![
        Field::new("status", Schema::new(Kind::String)),
        Field::new("id", Schema::new(Kind::String)),
        Field::new("event_count", Schema::new(Kind::Int64).optional()),
        Field::new("data_collections", Schema::new(Kind::Array(Box::new(collection))).optional()),
        Field::new("ts_ms", Schema::new(Kind::Int64)),
    ])
    .named("io.debezium.connector.common.TransactionMetadataValue")
    .version(1)
}

pub fn push_key<S: ValueSink>(id: &str, sink: &mut S) {
    sink.begin_struct();
    sink.str(id);
    sink.end();
}

/// `order` is `None` for BEGIN.
pub fn push_value<S: ValueSink>(id: &str, order: Option<&TransactionOrder>, commit_us: i64, sink: &mut S) {
    sink.begin_struct();
    sink.str(if order.is_some() { "END" } else { "BEGIN" });
    sink.str(id);
    match order {
        None => {
            sink.null();
            sink.null();
        }
        Some(order) => {
            sink.int(order.total);
            sink.begin_array(order.collections.len());
            for (name, count) in order.in_hash_order() {
                sink.begin_struct();
                sink.str(name);
                sink.int(*count);
                sink.end();
            }
            sink.end();
        }
    }
    sink.int(commit_us.div_euclid(1000));
    sink.end();
}
