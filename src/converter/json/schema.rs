//! The schema block: attribute order and names are `JsonConverter.asJsonSchema`'s.

use super::{Buffer, Shape, Spelling, text};
use crate::words::data::{Kind, Schema, push};

/// Appends `schema`; `field` is its name when it is a member of a struct.
pub(super) fn render(schema: &Schema, field: Option<&str>, spelling: Spelling, out: &mut Vec<u8>) {
    out.extend_from_slice(b"{\"type\":\"");
    out.extend_from_slice(schema.kind.json_name().as_bytes());
    out.push(b'"');
    match &schema.kind {
        Kind::Struct(fields) => {
            out.extend_from_slice(b",\"fields\":[");
            for (position, field) in fields.iter().enumerate() {
                if position > 0 {
                    out.push(b',');
                }
                render(&field.schema, Some(&field.name), spelling, out);
            }
            out.push(b']');
        }
        Kind::Array(item) => {
            out.extend_from_slice(b",\"items\":");
            render(item, None, spelling, out);
        }
        Kind::Map(key, value) => {
            out.extend_from_slice(b",\"keys\":");
            render(key, None, spelling, out);
            out.extend_from_slice(b",\"values\":");
            render(value, None, spelling, out);
        }
        _ => {}
    }
    out.extend_from_slice(if schema.optional { b",\"optional\":true" } else { b",\"optional\":false" });
    let mut attribute = |name: &str, value: &str| {
        out.push(b',');
        text::string(name, spelling, out);
        out.push(b':');
        text::string(value, spelling, out);
    };
    if let Some(name) = &schema.name {
        attribute("name", name);
    }
    if let Some(version) = schema.version {
        out.extend_from_slice(b",\"version\":");
        text::int(version.into(), out);
    }
    if let Some(doc) = &schema.doc {
        out.extend_from_slice(b",\"doc\":");
        text::string(doc, spelling, out);
    }
    if !schema.parameters.is_empty() {
        out.extend_from_slice(b",\"parameters\":{");
        for (position, (name, value)) in schema.parameters.iter().enumerate() {
            if position > 0 {
                out.push(b',');
            }
            text::string(name, spelling, out);
            out.push(b':');
            text::string(value, spelling, out);
        }
        out.push(b'}');
    }
    if let Some(default) = &schema.default {
        out.extend_from_slice(b",\"default\":");
        let mut buffer = Buffer::default();
        push(default, &mut Shape::bare(schema, spelling, false).open(&mut buffer));
        out.extend_from_slice(buffer.bytes());
    }
    if let Some(field) = field {
        out.extend_from_slice(b",\"field\":");
        text::string(field, spelling, out);
    }
    out.push(b'}');
}
