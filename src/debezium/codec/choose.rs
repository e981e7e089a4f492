//! From a type, its modifier and the modes to a codec and the schema of its values (Debezium's PostgresValueConverter).

use super::temporal::{DateUnit, TimeUnit, TimestampUnit};
use super::{Codec, Elements, MoneyForm};
use crate::debezium::config::{BinaryMode, Compatibility, Config, DecimalMode, HstoreMode, IntervalMode, TimeMode};
use crate::debezium::facts::Path;
use crate::debezium::types::Types;
use crate::words::data::{Field, Kind, Schema};
use crate::words::table::{PgType, PgTypeKind};

/// Chooses codecs for the columns of one description.
#[derive(Clone, Copy)]
pub(in crate::debezium) struct Chooser<'a> {
    pub(in crate::debezium) types: &'a Types,
    pub(in crate::debezium) config: &'a Config,
    pub(in crate::debezium) path: Path,
}

impl Chooser<'_> {
    fn is_exact(&self) -> bool {
        self.config.compatibility == Compatibility::Exact
    }

    /// `None`: Debezium leaves a column of this type out. The schema is required and has no default.
    pub(in crate::debezium) fn choose(&self, oid: u32, typmod: i32) -> Option<(Codec, Schema)> {
        let (codec, schema) = self.plain(oid, typmod)?;
        // The snapshot's driver hands dates over as java.sql.Date.
        if self.is_exact() && self.path == Path::Snapshot && matches!(codec, Codec::Date(_)) {
            return Some((Codec::JavaSql(Box::new(codec)), schema));
        }
        Some((codec, schema))
    }

    fn plain(&self, oid: u32, typmod: i32) -> Option<(Codec, Schema)> {
        let resolved = self.types.resolve(oid, typmod)?;
        match &resolved.base.kind {
            PgTypeKind::Enum(labels) => Some((Codec::Text, enumeration(labels))),
            PgTypeKind::Array { element } => self.array(*element, resolved.typmod),
            PgTypeKind::Base | PgTypeKind::Other => {
                scalar(resolved.base, resolved.typmod, self.config).or_else(|| unknown(resolved.base, self.config))
            }
            PgTypeKind::Domain { .. } => None,
        }
    }

    fn array(&self, element: u32, typmod: i32) -> Option<(Codec, Schema)> {
        // Nothing is known of a domain in an array; a domain over an array is an array.
        let declared = self.types.declared(element)?;
        let domain = matches!(declared.kind, PgTypeKind::Domain { .. });
        let builtin = if declared.schema == "pg_catalog" { declared.name.as_str() } else { "" };
        if NEVER_IN_ARRAYS.contains(&builtin) {
            return None;
        }
        let (codec, schema) = if domain { unknown(declared, self.config)? } else { self.plain(element, typmod)? };
        if builtin == "bit" {
            return Some((Codec::Nothing, schema));
        }
        let codec = match codec {
            codec @ (Codec::Date(_)
            | Codec::Time(_)
            | Codec::TimeTz
            | Codec::Timestamp(_)
            | Codec::TimestampTz { .. })
                if self.is_exact() =>
            {
                Codec::JavaSql(Box::new(codec))
            }
            codec @ (Codec::DecimalDouble | Codec::DecimalText { .. }) if self.is_exact() => {
                Codec::Finite(Box::new(codec))
            }
            codec => codec,
        };
        let required = matches!(codec, Codec::Unknown(_) | Codec::Geometric(_))
            || matches!(declared.kind, PgTypeKind::Enum(_))
            || builtin == "tsvector";
        // Optional in its schema, and yet.
        let void = required || declared.name == "ltree";
        let rules = Elements {
            no_nulls: void && self.is_exact(),
            nested: !self.is_exact(),
            // Outside of what nanoseconds reach: that element is null, the others stand.
            forgiving: self.config.time == TimeMode::Nanoseconds && builtin == "timestamp",
            delimiter: declared.delimiter,
        };
        let schema = Schema::new(Kind::Array(Box::new(schema.optional_if(!(required && self.is_exact())))));
        Some((Codec::Array { element: Box::new(codec), rules }, schema))
    }
}

fn named(kind: Kind, name: &str) -> Schema {
    Schema::new(kind).named(name).version(1)
}

fn enumeration(labels: &[String]) -> Schema {
    named(Kind::String, "io.debezium.data.Enum").parameter("allowed", labels.join(","))
}

/// Types whose values the driver parses and prints anew.
const GEOMETRIC: [&str; 6] = ["line", "lseg", "box", "path", "polygon", "circle"];

fn unknown(base: &PgType, config: &Config) -> Option<(Codec, Schema)> {
    let geometric = base.schema == "pg_catalog" && GEOMETRIC.contains(&base.name.as_str());
    let codec = if geometric { Codec::Geometric } else { Codec::Unknown };
    config.include_unknown_datatypes.then(|| (codec(config.binary), Schema::new(binary_kind(config.binary))))
}

/// Arrays of these are left out even when unknown types are included.
const NEVER_IN_ARRAYS: [&str; 7] = ["money", "name", "interval", "varbit", "xml", "point", "refcursor"];

fn scalar(base: &PgType, typmod: i32, config: &Config) -> Option<(Codec, Schema)> {
    let builtin = if base.schema == "pg_catalog" { builtin(base.name.as_str(), typmod, config) } else { None };
    builtin.or_else(|| extension(base.name.as_str(), config))
}

fn builtin(name: &str, typmod: i32, config: &Config) -> Option<(Codec, Schema)> {
    let text = || (Codec::Text, Schema::new(Kind::String));
    let text_named = |name| (Codec::Text, named(Kind::String, name));
    Some(match name {
        "bool" => (Codec::Bool, Schema::new(Kind::Boolean)),
        "int2" => (Codec::Int, Schema::new(Kind::Int16)),
        "int4" => (Codec::Int, Schema::new(Kind::Int32)),
        "int8" | "oid" => (Codec::Int, Schema::new(Kind::Int64)),
        "float4" => (Codec::Float32, Schema::new(Kind::Float32)),
        "float8" => (Codec::Float64, Schema::new(Kind::Float64)),
        "numeric" => numeric(typmod, config.decimal),
        "money" => money(config),
        "text" | "varchar" | "bpchar" | "char" | "name" | "inet" | "cidr" | "macaddr" | "macaddr8" | "int4range"
        | "int8range" | "numrange" | "tsrange" | "tstzrange" | "daterange" => text(),
        "json" | "jsonb" => text_named("io.debezium.data.Json"),
        "xml" => text_named("io.debezium.data.Xml"),
        "uuid" => text_named("io.debezium.data.Uuid"),
        "tsvector" => text_named("io.debezium.data.Tsvector"),
        "bit" | "varbit" => bits(typmod),
        "point" => (Codec::Point, point()),
        "bytea" => (Codec::Bytes(config.binary), Schema::new(binary_kind(config.binary))),
        "date" => date(config.time),
        "time" => time(precision(typmod), config.time),
        "timetz" => (Codec::TimeTz, named(Kind::String, "io.debezium.time.ZonedTime")),
        "timestamp" => timestamp(precision(typmod), config.time),
        "timestamptz" => (
            Codec::TimestampTz { precision: precision(typmod) },
            named(Kind::String, "io.debezium.time.ZonedTimestamp"),
        ),
        "interval" => match config.interval {
            IntervalMode::Numeric => (Codec::IntervalMicros, named(Kind::Int64, "io.debezium.time.MicroDuration")),
            IntervalMode::String => (Codec::IntervalText, named(Kind::String, "io.debezium.time.Interval")),
        },
        _ => return None,
    })
}

/// Types of extensions, known by their bare names as the reference knows them.
fn extension(name: &str, config: &Config) -> Option<(Codec, Schema)> {
    Some(match name {
        "citext" | "isbn" => (Codec::Text, Schema::new(Kind::String)),
        "ltree" => (Codec::Text, named(Kind::String, "io.debezium.data.Ltree")),
        "hstore" => match config.hstore {
            HstoreMode::Json => (Codec::HstoreJson, named(Kind::String, "io.debezium.data.Json")),
            HstoreMode::Map => (Codec::HstoreMap, string_map()),
        },
        "geometry" => (Codec::Geometry, geometry("io.debezium.data.geometry.Geometry", "Geometry")),
        "geography" => (Codec::Geometry, geometry("io.debezium.data.geometry.Geography", "Geography")),
        "vector" => (Codec::Vector { single: false }, vector(Kind::Float64, "io.debezium.data.DoubleVector")),
        "halfvec" => (Codec::Vector { single: true }, vector(Kind::Float32, "io.debezium.data.FloatVector")),
        "sparsevec" => (Codec::SparseVector, sparse_vector()),
        _ => return None,
    })
}

fn string_map() -> Schema {
    let value = Schema::new(Kind::String).optional();
    Schema::new(Kind::Map(Box::new(Schema::new(Kind::String)), Box::new(value)))
}

fn point() -> Schema {
    let coordinate = |name| Field::new(name, Schema::new(Kind::Float64));
    let fields = vec![
        coordinate("x"),
        coordinate("y"),
        Field::new("wkb", Schema::new(Kind::Bytes).optional()),
        Field::new("srid", Schema::new(Kind::Int32).optional()),
    ];
    Schema::of_struct(fields).named("io.debezium.data.geometry.Point").version(1).doc("Geometry (POINT)")
}

fn geometry(name: &str, doc: &str) -> Schema {
    let fields =
        vec![Field::new("wkb", Schema::new(Kind::Bytes)), Field::new("srid", Schema::new(Kind::Int32).optional())];
    Schema::of_struct(fields).named(name).version(1).doc(doc)
}

fn vector(item: Kind, name: &str) -> Schema {
    named(Kind::Array(Box::new(Schema::new(item))), name)
}

fn sparse_vector() -> Schema {
    let vector = Kind::Map(Box::new(Schema::new(Kind::Int16)), Box::new(Schema::new(Kind::Float64)));
    let fields = vec![Field::new("dimensions", Schema::new(Kind::Int16)), Field::new("vector", Schema::new(vector))];
    Schema::of_struct(fields).named("io.debezium.data.SparseDoubleVector").version(1).doc("Sparse double vector")
}

pub(in crate::debezium) fn binary_kind(mode: BinaryMode) -> Kind {
    if mode == BinaryMode::Bytes { Kind::Bytes } else { Kind::String }
}

/// Digits of a fraction of a second; 6 when none are declared.
fn precision(typmod: i32) -> usize {
    usize::try_from(typmod).unwrap_or(6)
}

fn numeric(typmod: i32, mode: DecimalMode) -> (Codec, Schema) {
    // A modifier holds the precision above and eleven bits of scale below, so that a negative scale reads as 2046.
    let declared = u32::try_from(typmod.saturating_sub(4)).ok().filter(|_| typmod >= 4);
    let scale = declared.map(|m| m & 0x7FF);
    match (mode, declared) {
        (DecimalMode::Double, _) => (Codec::DecimalDouble, Schema::new(Kind::Float64)),
        (DecimalMode::String, _) => (Codec::DecimalText { scale }, Schema::new(Kind::String)),
        (DecimalMode::Precise, None) => (Codec::VariableDecimal, variable_scale_decimal()),
        (DecimalMode::Precise, Some(modifier)) => {
            let scale = modifier & 0x7FF;
            let schema = decimal(scale).parameter("connect.decimal.precision", (modifier >> 16).to_string());
            (Codec::Decimal { scale }, schema)
        }
    }
}

fn decimal(scale: u32) -> Schema {
    named(Kind::Decimal, "org.apache.kafka.connect.data.Decimal").parameter("scale", scale.to_string())
}

fn variable_scale_decimal() -> Schema {
    let fields = vec![Field::new("scale", Schema::new(Kind::Int32)), Field::new("value", Schema::new(Kind::Bytes))];
    Schema::of_struct(fields).named("io.debezium.data.VariableScaleDecimal").version(1).doc("Variable scaled decimal")
}

fn money(config: &Config) -> (Codec, Schema) {
    let scale = config.money_fraction_digits;
    match config.decimal {
        DecimalMode::Precise => (Codec::Money { scale, form: MoneyForm::Precise }, decimal(scale)),
        DecimalMode::Double => (Codec::Money { scale, form: MoneyForm::Double }, Schema::new(Kind::Float64)),
        DecimalMode::String => (Codec::Money { scale, form: MoneyForm::Text }, Schema::new(Kind::String)),
    }
}

fn bits(typmod: i32) -> (Codec, Schema) {
    match typmod {
        1 => (Codec::BitBool, Schema::new(Kind::Boolean)),
        _ => {
            let length = if typmod > 0 { typmod } else { i32::MAX };
            (Codec::Bits, named(Kind::Bytes, "io.debezium.data.Bits").parameter("length", length.to_string()))
        }
    }
}

fn date(mode: TimeMode) -> (Codec, Schema) {
    match mode {
        TimeMode::Connect => (Codec::Date(DateUnit::Days), named(Kind::Int32, "org.apache.kafka.connect.data.Date")),
        TimeMode::Isostring => (Codec::Date(DateUnit::Iso), named(Kind::String, "io.debezium.time.IsoDate")),
        _ => (Codec::Date(DateUnit::Days), named(Kind::Int32, "io.debezium.time.Date")),
    }
}

fn time(precision: usize, mode: TimeMode) -> (Codec, Schema) {
    match mode {
        TimeMode::Connect => (Codec::Time(TimeUnit::Millis), named(Kind::Int32, "org.apache.kafka.connect.data.Time")),
        TimeMode::Isostring => (Codec::Time(TimeUnit::Iso), named(Kind::String, "io.debezium.time.IsoTime")),
        TimeMode::Nanoseconds => (Codec::Time(TimeUnit::Nanos), named(Kind::Int64, "io.debezium.time.NanoTime")),
        TimeMode::Adaptive if precision <= 3 => {
            (Codec::Time(TimeUnit::Millis), named(Kind::Int32, "io.debezium.time.Time"))
        }
        _ => (Codec::Time(TimeUnit::Micros), named(Kind::Int64, "io.debezium.time.MicroTime")),
    }
}

fn timestamp(precision: usize, mode: TimeMode) -> (Codec, Schema) {
    let (unit, kind, name) = match mode {
        TimeMode::Connect => (TimestampUnit::Millis, Kind::Int64, "org.apache.kafka.connect.data.Timestamp"),
        TimeMode::Isostring => (TimestampUnit::Iso, Kind::String, "io.debezium.time.IsoTimestamp"),
        TimeMode::Nanoseconds => (TimestampUnit::Nanos, Kind::Int64, "io.debezium.time.NanoTimestamp"),
        TimeMode::Adaptive | TimeMode::AdaptiveTimeMicroseconds if precision <= 3 => {
            (TimestampUnit::Millis, Kind::Int64, "io.debezium.time.Timestamp")
        }
        _ => (TimestampUnit::Micros, Kind::Int64, "io.debezium.time.MicroTimestamp"),
    };
    (Codec::Timestamp(unit), named(kind, name))
}
