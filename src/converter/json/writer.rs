//! The cursor that turns pushed values into text.

use super::{Form, Shape, Spelling, text};
use crate::words::data::{Decimal, Repeat, ValueSink};

/// Output and bookkeeping of one record side; kept and used again, so that a record costs no allocation.
#[derive(Debug, Default)]
pub struct Buffer {
    out: Vec<u8>,
    /// The containers around the one the writer is in.
    open: Vec<Container>,
    scratch: Vec<u8>,
    /// The value as a whole is null, and its shape has no bytes for that.
    null: bool,
}

impl Buffer {
    pub fn bytes(&self) -> &[u8] {
        &self.out
    }

    /// None: null without bytes.
    pub fn value(&self) -> Option<&[u8]> {
        (!self.null).then_some(&*self.out)
    }

    pub fn clear(&mut self) {
        self.out.clear();
    }
}

/// A container whose `end` is still to come.
#[derive(Clone, Copy, Debug)]
struct Container {
    /// That of `node`; a scalar's: outside of everything.
    form: Form,
    /// Whose form it has.
    node: usize,
    /// Whose value it is: another node for an array inside of an array.
    value_of: usize,
    /// Values written directly inside.
    count: usize,
}

/// Writes one value on a [`Shape`].
#[derive(Debug)]
pub struct JsonWriter<'a> {
    shape: &'a Shape,
    buffer: &'a mut Buffer,
    /// The node the next value belongs to.
    at: usize,
    inside: Container,
    java: bool,
}

#[derive(Clone, Copy, Debug)]
pub struct Mark {
    length: usize,
    at: usize,
    depth: usize,
    inside: Container,
}

/// Values as they were written.
#[derive(Debug)]
pub struct Passage {
    text: Box<[u8]>,
    count: usize,
    /// The node behind them.
    next: usize,
}

const OUTSIDE: Container = Container { form: Form::Scalar, node: 0, value_of: 0, count: 0 };

impl<'a> JsonWriter<'a> {
    pub(super) fn new(shape: &'a Shape, buffer: &'a mut Buffer) -> Self {
        buffer.out.clear();
        buffer.open.clear();
        buffer.null = false;
        buffer.out.extend_from_slice(&shape.head);
        Self { shape, buffer, at: 0, inside: OUTSIDE, java: shape.spelling == Spelling::Java }
    }

    /// Ends the value.
    pub fn finish(self) {
        self.buffer.out.extend_from_slice(self.shape.tail);
        self.buffer.null |= self.shape.mute;
    }

    /// What must stand before the next value, by the container it is in.
    fn lead(&mut self) {
        let container = &self.inside;
        match container.form {
            Form::Struct => {
                if container.count > 0 && self.is_java() {
                    self.buffer.out.push(b',');
                }
                self.buffer.out.extend_from_slice(&self.shape.rendered[self.shape.nodes[self.at].lead.clone()]);
            }
            Form::Array if container.count > 0 => self.buffer.out.extend_from_slice(self.separator()),
            Form::Map { string_keys, .. } => {
                let is_key = container.count.is_multiple_of(2);
                let lead: &[u8] = match (is_key, string_keys) {
                    (true, true) if container.count == 0 => b"",
                    (true, true) => self.separator(),
                    (true, false) if container.count == 0 => b"[",
                    (true, false) => b",[",
                    (false, true) if self.is_java() => b"=",
                    (false, true) => b":",
                    (false, false) => b",",
                };
                self.buffer.out.extend_from_slice(lead);
            }
            Form::Array | Form::Scalar => {}
        }
    }

    fn is_java(&self) -> bool {
        self.java
    }

    fn separator(&self) -> &'static [u8] {
        if self.is_java() { b", " } else { b"," }
    }

    /// Moves the cursor past the value of `node`.
    fn done(&mut self, node: usize) {
        let container = &mut self.inside;
        container.count += 1;
        self.at = match container.form {
            Form::Array => node,
            Form::Map { string_keys, value } => {
                let was_value = container.count.is_multiple_of(2);
                if was_value && !string_keys {
                    self.buffer.out.push(b']');
                }
                if was_value { container.node + 1 } else { value }
            }
            Form::Struct | Form::Scalar => self.shape.nodes[node].next,
        };
    }

    fn scalar(&mut self, write: impl FnOnce(&mut Vec<u8>, Spelling)) {
        self.lead();
        write(&mut self.buffer.out, self.shape.spelling);
        self.done(self.at);
    }

    fn begin(&mut self, opening: &[u8]) {
        self.lead();
        self.buffer.out.extend_from_slice(opening);
        self.enter(self.at);
        self.at += 1;
    }

    fn enter(&mut self, node: usize) {
        let container = Container { form: self.shape.nodes[node].form, node, value_of: self.at, count: 0 };
        self.buffer.open.push(std::mem::replace(&mut self.inside, container));
    }

    /// The array around the next value, when that is an item of it.
    fn outer_array(&self) -> Option<usize> {
        (self.inside.form == Form::Array).then_some(self.inside.node)
    }
}

impl ValueSink for JsonWriter<'_> {
    type Mark = Mark;

    fn null(&mut self) {
        self.buffer.null =
            self.inside.form == Form::Scalar && matches!(self.shape.spelling, Spelling::Header | Spelling::Java);
        let is_null = || self.shape.rendered[self.shape.nodes[self.at].null.clone()] == *b"null";
        if self.is_java() && self.inside.form == Form::Struct && is_null() {
            // Left out, and not counted.
            self.at = self.shape.nodes[self.at].next;
            return;
        }
        self.lead();
        self.buffer.out.extend_from_slice(&self.shape.rendered[self.shape.nodes[self.at].null.clone()]);
        self.done(self.at);
    }

    fn bool(&mut self, v: bool) {
        self.scalar(|out, _| out.extend_from_slice(if v { b"true" } else { b"false" }));
    }

    fn int(&mut self, v: i64) {
        self.scalar(|out, _| text::int(v, out));
    }

    fn digits(&mut self, v: &str) -> bool {
        let number = v.strip_prefix('-').unwrap_or(v).as_bytes();
        let canonical = matches!(number, [b'1'..=b'9', ..]) && number.len() < 19 || v == "0";
        let canonical = canonical && number.iter().fold(true, |all, b| all & b.is_ascii_digit());
        if canonical {
            self.scalar(|out, _| out.extend_from_slice(v.as_bytes()));
        }
        canonical
    }

    fn float32(&mut self, v: f32) {
        self.scalar(|out, spelling| text::float32(v, spelling, out));
    }

    fn float64(&mut self, v: f64) {
        self.scalar(|out, spelling| text::float64(v, spelling, out));
    }

    fn str(&mut self, v: &str) {
        self.scalar(|out, spelling| text::string(v, spelling, out));
    }

    fn str_and_half(&mut self, v: &str, half: u16) {
        self.scalar(|out, spelling| text::string_and_half(v, half, spelling, out));
    }

    fn bytes(&mut self, v: &[u8]) {
        self.scalar(|out, spelling| match spelling {
            Spelling::Java => text::byte_buffer(v, out),
            _ => text::base64(v, out),
        });
    }

    fn decimal(&mut self, v: Decimal<'_>) {
        self.lead();
        match self.shape.spelling {
            Spelling::Base64 => {
                self.buffer.scratch.clear();
                v.unscaled(&mut self.buffer.scratch);
                text::base64(&self.buffer.scratch, &mut self.buffer.out);
            }
            Spelling::Numeric | Spelling::Header | Spelling::Java => text::big_decimal(v, &mut self.buffer.out),
        }
        self.done(self.at);
    }

    fn begin_struct(&mut self) {
        self.begin(if self.is_java() { b"Struct{" } else { b"{" });
    }

    fn begin_array(&mut self, _len: usize) {
        match self.outer_array() {
            // One dimension more than the schema has: items of the inner array are items of the outer one.
            Some(outer) if self.shape.nodes[self.at].form != Form::Array => {
                self.lead();
                self.buffer.out.push(b'[');
                self.enter(outer);
            }
            _ => self.begin(b"["),
        }
    }

    fn begin_map(&mut self, _len: usize) {
        let string_keys = matches!(self.shape.nodes[self.at].form, Form::Map { string_keys: true, .. });
        self.begin(if string_keys { b"{" } else { b"[" });
    }

    fn end(&mut self) {
        let Some(outer) = self.buffer.open.pop() else { return };
        let container = std::mem::replace(&mut self.inside, outer);
        let braces = matches!(container.form, Form::Struct | Form::Map { string_keys: true, .. });
        self.buffer.out.push(if braces { b'}' } else { b']' });
        self.done(container.value_of);
    }

    fn mark(&self) -> Mark {
        Mark { length: self.buffer.out.len(), at: self.at, depth: self.buffer.open.len(), inside: self.inside }
    }

    fn rewind(&mut self, to: Mark) {
        self.buffer.out.truncate(to.length);
        self.buffer.open.truncate(to.depth);
        self.inside = to.inside;
        self.at = to.at;
    }
}

impl Repeat for JsonWriter<'_> {
    type Passage = Passage;

    fn passage(&self, from: Mark) -> Passage {
        let text = self.buffer.out[from.length..].into();
        Passage { text, count: self.inside.count - from.inside.count, next: self.at }
    }

    fn repeat(&mut self, passage: &Passage) {
        self.buffer.out.extend_from_slice(&passage.text);
        self.inside.count += passage.count;
        self.at = passage.next;
    }
}

#[cfg(test)]
mod tests {
    use super::super::Config;
    use super::*;
    use crate::words::data::{Field, Kind, Schema, Value};

    const BARE: Config = Config { schemas: false, numeric_decimals: false, replace_null_with_default: true };

    fn write(schema: &Schema, config: &Config, push: impl FnOnce(&mut JsonWriter<'_>)) -> String {
        let shape = Shape::new(schema, config);
        let mut buffer = Buffer::default();
        let mut writer = shape.open(&mut buffer);
        push(&mut writer);
        writer.finish();
        String::from_utf8(buffer.bytes().to_vec()).unwrap()
    }

    fn sample() -> Schema {
        let item = Schema::of_struct(vec![Field::new("a", Schema::new(Kind::Int32).optional())]).optional();
        Schema::of_struct(vec![
            Field::new("id", Schema::new(Kind::Int32).default_value(Value::Int(0))),
            Field::new("list", Schema::new(Kind::Array(Box::new(item))).optional()),
            Field::new(
                "map",
                Schema::new(Kind::Map(
                    Box::new(Schema::new(Kind::String)),
                    Box::new(Schema::new(Kind::String).optional()),
                ))
                .optional(),
            ),
            Field::new(
                "pairs",
                Schema::new(Kind::Map(Box::new(Schema::new(Kind::Int16)), Box::new(Schema::new(Kind::Float64)))),
            ),
            Field::new("last", Schema::new(Kind::String).optional()),
        ])
        .named("n")
    }

    fn push_sample(w: &mut JsonWriter<'_>) {
        w.begin_struct();
        w.int(7);
        w.begin_array(2);
        w.begin_struct();
        w.int(1);
        w.end();
        w.null();
        w.end();
        w.begin_map(2);
        for (key, value) in [("k", Some("v")), ("q\"", None)] {
            w.str(key);
            match value {
                Some(v) => w.str(v),
                None => w.null(),
            }
        }
        w.end();
        w.begin_map(2);
        for (key, value) in [(1, 1.5), (3, 2.0)] {
            w.int(key);
            w.float64(value);
        }
        w.end();
        w.str("end");
        w.end();
    }

    #[test]
    fn nested_containers_find_their_way_back() {
        let text = write(&sample(), &BARE, push_sample);
        assert_eq!(
            text,
            r#"{"id":7,"list":[{"a":1},null],"map":{"k":"v","q\"":null},"pairs":[[1,1.5],[3,2.0]],"last":"end"}"#
        );
    }

    #[test]
    fn null_becomes_the_default_only_when_asked() {
        let schema =
            Schema::of_struct(vec![Field::new("x", Schema::new(Kind::Int32).optional().default_value(Value::Int(5)))]);
        let push = |w: &mut JsonWriter<'_>| {
            w.begin_struct();
            w.null();
            w.end();
        };
        assert_eq!(write(&schema, &BARE, push), r#"{"x":5}"#);
        let keep = Config { replace_null_with_default: false, ..BARE };
        assert_eq!(write(&schema, &keep, push), r#"{"x":null}"#);
    }

    #[test]
    fn the_schema_block_has_connects_order() {
        let schema = Schema::of_struct(vec![Field::new(
            "price",
            Schema::new(Kind::Decimal)
                .optional()
                .named("org.apache.kafka.connect.data.Decimal")
                .version(1)
                .parameter("scale", "2")
                .default_value(Value::Decimal("1.1".into(), 2)),
        )])
        .named("t.Key");
        let text = write(&schema, &Config::default(), |w| {
            w.begin_struct();
            w.null();
            w.end();
        });
        assert_eq!(
            text,
            concat!(
                r#"{"schema":{"type":"struct","fields":[{"type":"bytes","optional":true,"#,
                r#""name":"org.apache.kafka.connect.data.Decimal","version":1,"parameters":{"scale":"2"},"default":"bg==","#,
                r#""field":"price"}],"optional":false,"name":"t.Key"},"payload":{"price":"bg=="}}"#
            )
        );
    }

    #[test]
    fn a_passage_reads_as_if_it_were_pushed_again() {
        for config in [Some(BARE), None] {
            let shape = config.map_or_else(|| Shape::for_text(&sample(), false), |c| Shape::new(&sample(), &c));
            let mut buffer = Buffer::default();
            let mut first = shape.open(&mut buffer);
            first.begin_struct();
            first.int(7);
            let mark = first.mark();
            first.begin_array(1);
            first.null();
            first.end();
            first.null();
            let passage = first.passage(mark);
            let rest = |writer: &mut JsonWriter<'_>| {
                writer.begin_map(0);
                writer.end();
                writer.str("end");
                writer.end();
            };
            rest(&mut first);
            first.finish();
            let told = buffer.bytes().to_vec();
            let mut second = shape.open(&mut buffer);
            second.begin_struct();
            second.int(7);
            second.repeat(&passage);
            rest(&mut second);
            second.finish();
            assert_eq!(String::from_utf8_lossy(buffer.bytes()), String::from_utf8_lossy(&told));
        }
    }

    #[test]
    fn a_rewound_value_leaves_no_trace() {
        let text = write(&sample(), &BARE, |w| {
            w.begin_struct();
            w.int(7);
            let mark = w.mark();
            w.begin_array(1);
            w.begin_struct();
            w.int(1);
            w.rewind(mark);
            w.null();
            w.null();
            w.begin_map(0);
            w.end();
            w.null();
            w.end();
        });
        assert_eq!(text, r#"{"id":7,"list":null,"map":null,"pairs":[],"last":null}"#);
    }
}
