//! Connect converters: from pushed values to bytes.
//!
//! A converter compiles a schema into a [`Shape`] once per table; each record then opens a writer on that shape and pushes
//! its values. Nothing about a schema is looked at per value, and nothing is allocated per record.

mod json;

pub use json::{Buffer, Config as JsonConfig, JsonWriter, Passage, Shape};

use crate::words::data::{Kind, Schema};

/// Settings of one side (key or value), after worker and connector settings have been merged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Config {
    /// `org.apache.kafka.connect.json.JsonConverter`.
    Json(JsonConfig),
    /// `org.apache.kafka.connect.storage.StringConverter`.
    Text,
    /// `io.debezium.converters.CloudEventsConverter` in JSON: it has values for changes only.
    CloudEvents(CloudEventsConfig),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloudEventsConfig {
    /// `extension.attributes.enable`.
    pub extensions: bool,
    /// `json.*`: how `data` is written.
    pub data: JsonConfig,
}

impl CloudEventsConfig {
    /// Of a schema whose last field is `data`.
    pub fn shape(&self, schema: &Schema) -> Shape {
        Shape::around(schema, &self.data)
    }
}

impl Config {
    pub fn shape(&self, schema: &Schema) -> Shape {
        match self {
            Self::Json(config) => Shape::new(schema, config),
            Self::Text => Shape::for_text(schema, false),
            Self::CloudEvents(_) => Shape::mute(schema),
        }
    }

    /// Of a struct that a transform has built anew, which fills in defaults.
    pub fn shape_of_rebuilt(&self, schema: &Schema) -> Shape {
        match self {
            Self::Text => Shape::for_text(schema, true),
            _ => self.shape(schema),
        }
    }
}

/// `header.converter`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HeaderConfig {
    /// `org.apache.kafka.connect.storage.SimpleHeaderConverter`.
    Simple,
    Like(Config),
}

impl HeaderConfig {
    pub fn shape(&self, schema: &Schema) -> Shape {
        match self {
            // Text alone is neither quoted nor escaped.
            Self::Simple if schema.kind == Kind::String => Shape::for_text(schema, false),
            Self::Simple => Shape::for_header(schema),
            Self::Like(config) => config.shape(schema),
        }
    }
}
