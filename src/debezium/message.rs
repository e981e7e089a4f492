//! Records of what `pg_logical_emit_message` wrote.

use super::codec::{binary_kind, push_encoded};
use super::config::Config;
use super::envelope::{Moment, source_schema, transaction_block_schema};
use crate::words::data::{Field, Kind, Schema, ValueSink};

/// How transaction metadata counts messages. The reference means to, but writes a Java object's address.
pub const COLLECTION: &str = "LOGICAL_DECODING_MESSAGE";

pub fn key_schema() -> Schema {
    Schema::of_struct(vec![Field::new("prefix", Schema::new(Kind::String).optional())])
        .named("io.debezium.connector.postgresql.MessageKey")
        .version(1)
}

/// Unlike an envelope it has its time in milliseconds only.
pub fn value_schema(config: &Config) -> Schema {
    let message = Schema::of_struct(vec![
        Field::new("prefix", Schema::new(Kind::String).optional()),
        Field::new("content", Schema::new(binary_kind(config.binary)).optional()),
    ]);
    Schema::of_struct(vec![
        Field::new("op", Schema::new(Kind::String)),
        Field::new("ts_ms", Schema::new(Kind::Int64).optional()),
        Field::new("source", source_schema()),
        Field::new("transaction", transaction_block_schema()),
        Field::new("message", message.named("io.debezium.connector.postgresql.Message").version(1)),
    ])
    .named("io.debezium.connector.postgresql.MessageValue")
    .version(1)
}

pub fn push_key<S: ValueSink>(prefix: &str, sink: &mut S) {
    sink.begin_struct();
    sink.str(prefix);
    sink.end();
}

pub fn push_value<S: ValueSink>(prefix: &str, content: &[u8], moment: &Moment<'_>, config: &Config, sink: &mut S) {
    sink.begin_struct();
    sink.str(moment.op.code());
    sink.int(moment.ts_ns.div_euclid(1_000_000));
    moment.source.push(config, sink);
    moment.push_transaction(sink);
    sink.begin_struct();
    sink.str(prefix);
    push_encoded(content, config.binary, sink);
    sink.end();
    sink.end();
}
