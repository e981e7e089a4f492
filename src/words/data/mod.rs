//! Connect data: schemas, the few values that live as trees (defaults), and the door every value is pushed through.

mod decimal;
mod float;
mod schema;
mod sink;
mod tree;
mod value;

pub use decimal::{Decimal, NotADecimal, shortest};
pub use float::spell_as_java;
pub use schema::{Field, Kind, Schema};
pub use sink::{Repeat, ValueSink};
pub use tree::TreeSink;
pub use value::{Value, push};
