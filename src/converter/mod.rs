//! Connect converters: from pushed values to bytes.
//!
//! A converter compiles a schema into a [`Shape`] once per table; each record then opens a writer on that shape and pushes
//! its values. Nothing about a schema is looked at per value, and nothing is allocated per record.

mod json;

pub use json::{Buffer, Config as JsonConfig, JsonWriter, Shape};

use crate::words::data::Schema;

/// Settings of one side (key or value), after worker and connector settings have been merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Config {
    /// `org.apache.kafka.connect.json.JsonConverter`.
    Json(JsonConfig),
}

impl Config {
    pub fn shape(&self, schema: &Schema) -> Shape {
        match self {
            Self::Json(config) => Shape::new(schema, config),
        }
    }
}
