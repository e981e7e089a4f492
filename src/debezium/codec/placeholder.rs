//! What stands in for a value that is not there: a required column's null, and a toasted value the server did not send.

use super::temporal::{DateUnit, TimeUnit, TimestampUnit};
use super::{Codec, MoneyForm, zero};
use crate::debezium::config::{BinaryMode, Config, TimeMode};
use crate::debezium::hash::name_uuid;
use crate::words::data::{Kind, Schema, Value};
use crate::words::table::PgType;

/// The value of a required column whose cell is null (key-only old rows): the type's zero. `None`: there is none.
pub(in crate::debezium) fn fallback(codec: &Codec, schema: &Schema) -> Option<Value> {
    let text = |text: &str| Value::String(text.to_owned());
    Some(match codec {
        Codec::JavaSql(codec) | Codec::Finite(codec) => return fallback(codec, schema),
        Codec::Bool | Codec::BitBool => Value::Boolean(false),
        Codec::Int | Codec::IntervalMicros => Value::Int(0),
        Codec::Float32 => Value::Float32(0.0),
        Codec::Float64 | Codec::DecimalDouble => Value::Float64(0.0),
        Codec::Money { form: MoneyForm::Double, .. } => Value::Float64(0.0),
        Codec::Decimal { scale } | Codec::Money { scale, form: MoneyForm::Precise } => {
            Value::Decimal(zero().to_string(), *scale)
        }
        Codec::VariableDecimal => Value::Struct(vec![Value::Int(0), Value::Bytes(vec![0])]),
        Codec::DecimalText { .. } | Codec::Money { form: MoneyForm::Text, .. } => text("0"),
        Codec::Text => text(""),
        Codec::Bits => Value::Bytes(Vec::new()),
        Codec::Nothing => return None,
        Codec::Bytes(_) | Codec::Unknown(_) | Codec::Geometric(_) => match schema.kind {
            Kind::Bytes => Value::Bytes(Vec::new()),
            _ => text(""),
        },
        Codec::Date(DateUnit::Days) => Value::Int(0),
        Codec::Date(DateUnit::Iso) => text("1970-01-01Z"),
        Codec::Time(TimeUnit::Iso) | Codec::TimeTz => text("00:00:00Z"),
        Codec::Time(_) => Value::Int(0),
        Codec::Timestamp(TimestampUnit::Iso) | Codec::TimestampTz { .. } => text("1970-01-01T00:00:00Z"),
        Codec::Timestamp(_) => Value::Int(0),
        Codec::IntervalText => text("P0Y0M0DT0H0M0S"),
        Codec::Array { .. } | Codec::Vector { .. } => Value::Array(Vec::new()),
        Codec::HstoreJson => text("{}"),
        Codec::HstoreMap => Value::Map(Vec::new()),
        Codec::Point => {
            let origin = [[1, 1].as_slice(), &[0; 19]].concat();
            Value::Struct(vec![Value::Float64(0.0), Value::Float64(0.0), Value::Bytes(origin), Value::Null])
        }
        // An empty geometry collection.
        Codec::Geometry => Value::Struct(vec![Value::Bytes(vec![1, 7, 0, 0, 0, 0, 0, 0, 0]), Value::Null]),
        Codec::SparseVector => Value::Struct(vec![Value::Int(0), Value::Map(Vec::new())]),
    })
}

/// What Debezium puts where an unchanged toasted value was. `None`: null, or a failed task when the column is required.
/// `element`: the element's type, of columns declared as arrays.
pub(in crate::debezium) fn placeholder(
    codec: &Codec,
    element: Option<&PgType>,
    schema: &Schema,
    config: &Config,
) -> Option<Value> {
    let bytes = &config.unavailable_value;
    let text = || Value::String(String::from_utf8_lossy(bytes).into_owned());
    Some(match codec {
        Codec::Text => text(),
        Codec::Bytes(_) | Codec::Unknown(_) | Codec::Geometric(_) if schema.kind == Kind::Bytes => {
            Value::Bytes(bytes.clone())
        }
        Codec::Bytes(_) | Codec::Unknown(_) | Codec::Geometric(_) => text(),
        Codec::HstoreJson => match text() {
            Value::String(text) => Value::String(format!("{{\"{text}\":\"{text}\"}}")),
            other => other,
        },
        Codec::HstoreMap => Value::Map(vec![(text(), text())]),
        Codec::Array { .. } => match element.filter(|e| e.schema == "pg_catalog")?.name.as_str() {
            "text" | "varchar" | "bpchar" | "json" | "jsonb" => Value::Array(vec![text()]),
            "uuid" => Value::Array(vec![Value::String(name_uuid(bytes))]),
            "int4" | "int8" => signed_bytes(bytes),
            "date" if config.time != TimeMode::Isostring => signed_bytes(bytes),
            "bytea" => match config.binary {
                BinaryMode::Bytes => Value::Array(vec![Value::Bytes(bytes.clone())]),
                BinaryMode::Hex => return None,
                BinaryMode::Base64 | BinaryMode::Base64UrlSafe => Value::Array(vec![text()]),
            },
            _ => return None,
        },
        _ => return None,
    })
}

fn signed_bytes(bytes: &[u8]) -> Value {
    Value::Array(bytes.iter().map(|b| Value::Int(i64::from(b.cast_signed()))).collect())
}
