//! `org.apache.kafka.connect.json.JsonConverter`, the text of `SimpleHeaderConverter`, which is nearly JSON, and that of
//! `StringConverter`, which is Java's `toString`.
//!
//! A shape is the schema's tree in pre-order with everything that does not depend on the value already rendered: field
//! names with their separators, defaults, the whole schema block. The writer walks it with a cursor.

mod schema;
mod text;
mod writer;

pub use writer::{Buffer, JsonWriter, Passage};

use std::ops::Range;

use crate::words::data::{Kind, Schema, push};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// `schemas.enable`: wrap each payload with its schema.
    pub schemas: bool,
    /// `decimal.format=NUMERIC`: plain numbers instead of base64.
    pub numeric_decimals: bool,
    /// `replace.null.with.default`.
    pub replace_null_with_default: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self { schemas: true, numeric_decimals: false, replace_null_with_default: true }
    }
}

/// How values are spelt.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Spelling {
    /// Jackson's JSON, decimals as base64.
    Base64,
    /// Jackson's JSON, decimals as numbers.
    Numeric,
    /// `SimpleHeaderConverter`: only quote and backslash are escaped, decimals and NaN are bare.
    Header,
    /// `toString` of Connect's and Java's classes: `Struct{id=1,tags=[a, null]}`, nulls of a struct left out.
    Java,
}

/// A schema compiled for writing.
#[derive(Debug)]
pub struct Shape {
    spelling: Spelling,
    nodes: Vec<Node>,
    /// Leads and defaults of all nodes.
    rendered: Vec<u8>,
    /// Before and after the payload; the schema block lives in the head.
    head: Vec<u8>,
    tail: &'static [u8],
    /// Whatever is pushed, the value is null.
    mute: bool,
}

#[derive(Debug)]
struct Node {
    form: Form,
    /// What precedes the value inside its struct: separator, name, colon.
    lead: Range<usize>,
    /// What is written for null: `null` or the default.
    null: Range<usize>,
    /// The node after this one's subtree.
    next: usize,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
    Scalar,
    Struct,
    /// The item's node follows.
    Array,
    /// The key's node follows, then the value's.
    Map {
        string_keys: bool,
        value: usize,
    },
}

impl Shape {
    pub fn new(schema: &Schema, config: &Config) -> Self {
        let spelling = if config.numeric_decimals { Spelling::Numeric } else { Spelling::Base64 };
        let mut shape = Self::bare(schema, spelling, config.replace_null_with_default);
        if config.schemas {
            shape.head.extend_from_slice(b"{\"schema\":");
            schema::render(schema, None, spelling, &mut shape.head);
            shape.head.extend_from_slice(b",\"payload\":");
            shape.tail = b"}";
        }
        shape
    }

    /// The text `SimpleHeaderConverter` gives a header's value.
    pub fn for_header(schema: &Schema) -> Self {
        Self::bare(schema, Spelling::Header, true)
    }

    /// The text that `StringConverter` makes of a value. `filled`: a transform has put defaults where nulls were.
    pub fn for_text(schema: &Schema, filled: bool) -> Self {
        Self::bare(schema, Spelling::Java, filled)
    }

    /// For a schema that a converter has no value for.
    pub fn mute(schema: &Schema) -> Self {
        Self { mute: true, ..Self::for_text(schema, false) }
    }

    /// A struct without schema whose last field, a struct, is written as the converter with `config` writes it alone.
    pub fn around(schema: &Schema, config: &Config) -> Self {
        let spelling = if config.numeric_decimals { Spelling::Numeric } else { Spelling::Base64 };
        let mut shape = Self::bare(schema, spelling, config.replace_null_with_default);
        let Some(last) = schema.fields().last().filter(|_| config.schemas) else { return shape };
        let Some(node) = shape.last_field() else { return shape };
        // The wrapper opens in the lead of that field and closes behind the last brace of the whole.
        let start = shape.rendered.len();
        shape.rendered.extend_from_within(shape.nodes[node].lead.clone());
        shape.rendered.extend_from_slice(b"{\"schema\":");
        schema::render(&last.schema, None, spelling, &mut shape.rendered);
        shape.rendered.extend_from_slice(b",\"payload\":");
        shape.nodes[node].lead = start..shape.rendered.len();
        shape.tail = b"}";
        shape
    }

    /// The node of the outermost struct's last field.
    fn last_field(&self) -> Option<usize> {
        let mut node = 1;
        while self.nodes.get(node)?.next < self.nodes.len() {
            node = self.nodes[node].next;
        }
        Some(node)
    }

    fn bare(schema: &Schema, spelling: Spelling, replace_null: bool) -> Self {
        let mut shape =
            Self { spelling, nodes: Vec::new(), rendered: Vec::new(), head: Vec::new(), tail: b"", mute: false };
        shape.compile(schema, 0..0, replace_null);
        shape
    }

    fn compile(&mut self, schema: &Schema, lead: Range<usize>, replace_null: bool) {
        let null = self.render_null(schema, replace_null);
        let index = self.nodes.len();
        self.nodes.push(Node { form: Form::Scalar, lead, null, next: 0 });
        self.nodes[index].form = match &schema.kind {
            Kind::Struct(fields) => {
                for (position, field) in fields.iter().enumerate() {
                    let start = self.rendered.len();
                    let java = self.spelling == Spelling::Java;
                    if position > 0 && !java {
                        self.rendered.push(b',');
                    }
                    text::string(&field.name, self.spelling, &mut self.rendered);
                    self.rendered.push(if java { b'=' } else { b':' });
                    self.compile(&field.schema, start..self.rendered.len(), replace_null);
                }
                Form::Struct
            }
            Kind::Array(item) => {
                self.compile(item, 0..0, replace_null);
                Form::Array
            }
            Kind::Map(key, value) => {
                self.compile(key, 0..0, replace_null);
                let value_node = self.nodes.len();
                self.compile(value, 0..0, replace_null);
                let string_keys = key.kind == Kind::String || self.spelling == Spelling::Java;
                Form::Map { string_keys, value: value_node }
            }
            _ => Form::Scalar,
        };
        self.nodes[index].next = self.nodes.len();
    }

    fn render_null(&mut self, schema: &Schema, replace_null: bool) -> Range<usize> {
        let start = self.rendered.len();
        match schema.default.as_ref().filter(|_| replace_null) {
            Some(default) => {
                let mut buffer = Buffer::default();
                // A default is never null, so its own rendering needs no default.
                let shape = Self::bare(&Schema { default: None, ..schema.clone() }, self.spelling, false);
                push(default, &mut shape.open(&mut buffer));
                self.rendered.extend_from_slice(buffer.bytes());
            }
            None => self.rendered.extend_from_slice(b"null"),
        }
        start..self.rendered.len()
    }

    /// Starts a value: the head is written, values follow, [`JsonWriter::finish`] ends it.
    pub fn open<'a>(&'a self, buffer: &'a mut Buffer) -> JsonWriter<'a> {
        JsonWriter::new(self, buffer)
    }
}
