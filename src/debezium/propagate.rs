//! The parameters of `*.propagate.source.type`: type, length and scale of a column as the JDBC driver tells them.

use super::facts::Path;
use super::types::{Resolved, Types};
use crate::words::data::Schema;
use crate::words::table::PgTypeKind;

/// What the driver says of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SourceType {
    pub(super) name: String,
    /// Characters of text, digits of a number, or how wide a value may be when it is printed.
    pub(super) length: u32,
    /// `None`: no parameter.
    scale: Option<u32>,
}

/// No limit.
const UNLIMITED: u32 = i32::MAX.unsigned_abs();
/// How wide pgjdbc takes an unconstrained numeric to be.
const WIDEST_NUMERIC: u32 = 131_089;

impl SourceType {
    /// Of a column of type `oid`. `sequence`: its default calls `nextval`.
    pub(super) fn of(oid: u32, typmod: i32, sequence: bool, types: &Types, path: Path) -> Option<Self> {
        let declared = types.declared(oid)?;
        let Resolved { base, typmod, domain } = types.resolve(oid, typmod)?;
        let element = match base.kind {
            PgTypeKind::Array { element } => types.declared(element)?,
            _ => base,
        };
        let builtin = if element.schema == "pg_catalog" { element.name.as_str() } else { "" };
        let (length, scale) = measure(builtin, typmod);
        let snapshot = path == Path::Snapshot;
        let unconstrained = snapshot && !domain && base.oid == element.oid && builtin == "numeric" && typmod < 4;
        let name = match declared.name.as_str() {
            "int2" if snapshot && sequence => "smallserial".to_owned(),
            "int4" if snapshot && sequence => "serial".to_owned(),
            "int8" if snapshot && sequence => "bigserial".to_owned(),
            // The driver names in full what its search path does not show.
            name if snapshot && !["pg_catalog", "public"].contains(&declared.schema.as_str()) => {
                format!("\"{}\".\"{name}\"", declared.schema)
            }
            name => name.to_owned(),
        };
        Some(if unconstrained {
            Self { name, length: 0, scale: None }
        } else {
            Self { name, length, scale: Some(scale) }
        })
    }

    pub(super) fn announce(&self, column: &str, comment: Option<&str>, schema: Schema) -> Schema {
        let schema = schema
            .parameter("__debezium.source.column.type", self.name.to_uppercase())
            .parameter("__debezium.source.column.length", self.length.to_string());
        let schema = match self.scale {
            Some(scale) => schema.parameter("__debezium.source.column.scale", scale.to_string()),
            None => schema,
        };
        let schema = match comment {
            Some(comment) => schema.parameter("__debezium.source.column.comment", comment),
            None => schema,
        };
        schema.parameter("__debezium.source.column.name", column)
    }
}

/// Length and scale (pgjdbc's `TypeInfoCache`).
fn measure(builtin: &str, typmod: i32) -> (u32, u32) {
    let modifier = u32::try_from(typmod).ok();
    let fraction = match modifier {
        None => 7,
        Some(0) => 0,
        // The driver allows for two digits where one is declared.
        Some(1) => 3,
        Some(digits) => digits + 1,
    };
    let digits = modifier.unwrap_or(6);
    match builtin {
        "int2" => (5, 0),
        "int4" | "oid" => (10, 0),
        "int8" => (19, 0),
        "float4" => (8, 8),
        "float8" => (17, 17),
        "bool" | "char" => (1, 0),
        "numeric" => match modifier.and_then(|modifier| modifier.checked_sub(4)) {
            Some(modifier) => (modifier >> 16, modifier & 0xFFFF),
            None => (WIDEST_NUMERIC, 0),
        },
        "bpchar" | "varchar" => (modifier.map_or(UNLIMITED, |modifier| modifier.saturating_sub(4)), 0),
        "bit" | "varbit" => (modifier.unwrap_or(UNLIMITED), 0),
        "date" => (13, 0),
        "time" => (8 + fraction, digits),
        "timetz" => (14 + fraction, digits),
        "timestamp" => (22 + fraction, digits),
        "timestamptz" => (28 + fraction, digits),
        "interval" => (49, modifier.map_or(6, |modifier| modifier & 0xFFFF)),
        _ => (UNLIMITED, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_the_drivers() {
        assert_eq!(measure("numeric", 4 + (6 << 16) + 2), (6, 2));
        assert_eq!(measure("numeric", -1), (131_089, 0));
        assert_eq!(measure("varchar", 44), (40, 0));
        assert_eq!(measure("varchar", -1), (i32::MAX.unsigned_abs(), 0));
        assert_eq!(measure("time", 0), (8, 0));
        assert_eq!(measure("time", 1), (11, 1));
        assert_eq!(measure("timetz", -1), (21, 6));
        assert_eq!(measure("timestamptz", 2), (31, 2));
        assert_eq!(measure("interval", 0x7FFF_0003), (49, 3));
    }
}
