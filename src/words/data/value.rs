//! Values that must be kept: defaults of schemas and fallbacks of required fields. Rows never become one of these.

use super::{Decimal, ValueSink};

#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    Boolean(bool),
    /// Every integer width; the schema knows which.
    Int(i64),
    Float32(f32),
    Float64(f64),
    String(String),
    Bytes(Vec<u8>),
    /// Plain digits with their scale, as `Decimal` takes them.
    Decimal(String, u32),
    Array(Vec<Value>),
    Map(Vec<(Value, Value)>),
    Struct(Vec<Value>),
}

/// Pushes a kept value through a sink. A decimal whose digits do not parse is pushed as null.
pub fn push<S: ValueSink + ?Sized>(value: &Value, sink: &mut S) {
    match value {
        Value::Null => sink.null(),
        Value::Boolean(v) => sink.bool(*v),
        Value::Int(v) => sink.int(*v),
        Value::Float32(v) => sink.float32(*v),
        Value::Float64(v) => sink.float64(*v),
        Value::String(v) => sink.str(v),
        Value::Bytes(v) => sink.bytes(v),
        Value::Decimal(digits, scale) => match Decimal::parse(digits, *scale) {
            Ok(decimal) => sink.decimal(decimal),
            Err(_) => sink.null(),
        },
        Value::Array(items) => {
            sink.begin_array(items.len());
            items.iter().for_each(|item| push(item, sink));
            sink.end();
        }
        Value::Map(entries) => {
            sink.begin_map(entries.len());
            for (key, value) in entries {
                push(key, sink);
                push(value, sink);
            }
            sink.end();
        }
        Value::Struct(fields) => {
            sink.begin_struct();
            fields.iter().for_each(|field| push(field, sink));
            sink.end();
        }
    }
}
