//! One codec per column: chosen once from type, modifier and modes, then it only turns text into pushed values.
//!
//! The text is what the server prints under the pinned session settings. A codec never looks at a schema and never knows
//! whether its column may be null.

mod array;
mod binary;
mod choose;
mod geometry;
mod hstore;
mod interval;
mod java_sql;
mod number;
mod placeholder;
mod temporal;

pub(super) use array::for_each_item;
pub(super) use binary::push_encoded;
pub(super) use choose::{Chooser, binary_kind};
pub(super) use placeholder::{fallback, placeholder};
pub(super) use temporal::{DateUnit, TimeUnit, TimestampUnit, civil};

use super::config::BinaryMode;
use crate::words::data::{Decimal, ValueSink};

/// The text does not fit the codec; says why without the value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Unconvertible(pub &'static str);

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Codec {
    Bool,
    Int,
    Float32,
    Float64,
    /// The server's text as it is.
    Text,
    /// `numeric(p,s)`, precise.
    Decimal {
        scale: u32,
    },
    /// `numeric` without a scale, precise: a struct of scale and value.
    VariableDecimal,
    /// `numeric` as double.
    DecimalDouble,
    /// `numeric` as text, padded to the scale if there is one.
    DecimalText {
        scale: Option<u32>,
    },
    Money {
        scale: u32,
        form: MoneyForm,
    },
    /// `bit(1)`.
    BitBool,
    Bits,
    Bytes(BinaryMode),
    Date(DateUnit),
    Time(TimeUnit),
    TimeTz,
    Timestamp(TimestampUnit),
    TimestampTz {
        precision: usize,
    },
    IntervalMicros,
    IntervalText,
    /// A date or time that went through `java.sql`.
    JavaSql(Box<Codec>),
    /// A number that must not be NaN or infinite.
    Finite(Box<Codec>),
    Array {
        element: Box<Codec>,
        rules: Elements,
    },
    /// In the schema, but never with a value: `bit(n)[]`.
    Nothing,
    HstoreJson,
    HstoreMap,
    Point,
    /// PostGIS.
    Geometry,
    Vector {
        single: bool,
    },
    SparseVector,
    /// A type Debezium has no mapping for: the bytes of its text.
    Unknown(BinaryMode),
    /// One of those whose numbers Java spells.
    Geometric(BinaryMode),
}

/// What an array does with elements that its schema does not foresee.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Elements {
    /// A null element voids the whole array, as the reference does where elements are required.
    pub(super) no_nulls: bool,
    /// An element that cannot be converted is null by itself instead of voiding the whole array.
    pub(super) forgiving: bool,
    /// An inner array is shown as such; the reference has null or a Java object's name for it.
    pub(super) nested: bool,
    /// What stands between two elements.
    pub(super) delimiter: char,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum MoneyForm {
    Precise,
    Double,
    Text,
}

impl Codec {
    /// Pushes exactly one value, or errs having pushed an unfinished one that the caller rewinds.
    pub(super) fn push<S: ValueSink>(&self, text: &str, sink: &mut S) -> Result<(), Unconvertible> {
        match self {
            Self::Bool => match text {
                "t" => sink.bool(true),
                "f" => sink.bool(false),
                _ => return Err(Unconvertible("not a boolean")),
            },
            Self::Int => {
                if !sink.digits(text) {
                    sink.int(number::int(text)?);
                }
            }
            Self::Float32 => sink.float32(number::float(text)?),
            Self::Float64 => sink.float64(number::float(text)?),
            Self::Text => sink.str(text),
            Self::Decimal { scale } => sink.decimal(number::precise(text, *scale)?),
            Self::VariableDecimal => number::push_variable(text, sink)?,
            Self::DecimalDouble => sink.float64(number::float(text)?),
            Self::DecimalText { scale } => number::push_text(text, *scale, sink)?,
            Self::Money { scale, form } => number::push_money(text, *scale, *form, sink)?,
            Self::BitBool => match text {
                "1" => sink.bool(true),
                "0" => sink.bool(false),
                _ => return Err(Unconvertible("not one bit")),
            },
            Self::Bits => binary::push_bits(text, sink)?,
            Self::Bytes(mode) => binary::push_bytea(text, *mode, sink)?,
            Self::Date(unit) => temporal::push_date(text, *unit, sink)?,
            Self::Time(unit) => temporal::push_time(text, *unit, sink)?,
            Self::TimeTz => temporal::push_timetz(text, sink)?,
            Self::Timestamp(unit) => temporal::push_timestamp(text, *unit, sink)?,
            Self::TimestampTz { precision } => temporal::push_timestamptz(text, *precision, sink)?,
            Self::IntervalMicros => sink.int(interval::parse(text)?.micros()),
            Self::IntervalText => sink.str(&interval::parse(text)?.to_string()),
            Self::JavaSql(codec) => codec.push(&java_sql::seen(text, codec)?, sink)?,
            Self::Finite(codec) if !number::is_special(text) => codec.push(text, sink)?,
            Self::Finite(_) => return Err(Unconvertible("a special value (NaN/Infinity) in an array")),
            Self::Array { element, rules } => array::push(text, element, *rules, sink)?,
            Self::Nothing => return Err(Unconvertible("a type whose values the reference cannot convert")),
            Self::HstoreJson => hstore::push_json(text, sink)?,
            Self::HstoreMap => hstore::push_map(text, sink)?,
            Self::Point => geometry::push_point(text, sink)?,
            Self::Geometry => geometry::push_geometry(text, sink)?,
            Self::Vector { single } => geometry::push_vector(text, *single, sink)?,
            Self::SparseVector => geometry::push_sparse(text, sink)?,
            Self::Unknown(mode) => push_encoded(text.as_bytes(), *mode, sink),
            Self::Geometric(mode) => push_encoded(geometry::in_java(text)?.as_bytes(), *mode, sink),
        }
        Ok(())
    }
}

/// Zero at a scale, as a fallback for a required decimal.
fn zero() -> Decimal<'static> {
    Decimal { negative: false, whole: "0", fraction: "", scale: 0 }
}
