//! Heartbeat records.

use crate::words::data::{Field, Kind, Schema, ValueSink};

pub fn key_schema() -> Schema {
    Schema::of_struct(vec![Field::new("serverName", Schema::new(Kind::String))])
        .named("io.debezium.connector.common.ServerNameKey")
        .version(1)
}

pub fn value_schema() -> Schema {
    Schema::of_struct(vec![Field::new("ts_ms", Schema::new(Kind::Int64))])
        .named("io.debezium.connector.common.Heartbeat")
        .version(1)
}

pub fn push_key<S: ValueSink>(topic_prefix: &str, sink: &mut S) {
    sink.begin_struct();
    sink.str(topic_prefix);
    sink.end();
}

pub fn push_value<S: ValueSink>(now_ms: i64, sink: &mut S) {
    sink.begin_struct();
    sink.int(now_ms);
    sink.end();
}
