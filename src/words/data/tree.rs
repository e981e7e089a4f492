//! The other path: a sink that keeps what is pushed as a [`Value`], for defaults and for what rebuilds records.

use super::{Decimal, Value, ValueSink};

/// Takes one value. Pushed on with [`super::push`], the tree gives what would have been written directly, but for a
/// character that truncation has cut in half: no tree can hold it.
#[derive(Debug, Default)]
pub struct TreeSink {
    open: Vec<Container>,
    done: Option<Value>,
}

#[derive(Debug, Default)]
struct Container {
    kind: Option<ContainerKind>,
    values: Vec<Value>,
}

#[derive(Clone, Copy, Debug)]
enum ContainerKind {
    Struct,
    Array,
    Map,
}

impl TreeSink {
    /// `None`: nothing was pushed.
    pub fn value(self) -> Option<Value> {
        self.done
    }

    fn put(&mut self, value: Value) {
        match self.open.last_mut() {
            Some(container) => container.values.push(value),
            None => self.done = Some(value),
        }
    }

    fn begin(&mut self, kind: ContainerKind) {
        self.open.push(Container { kind: Some(kind), values: Vec::new() });
    }
}

impl ValueSink for TreeSink {
    type Mark = (usize, usize);

    fn null(&mut self) {
        self.put(Value::Null);
    }

    fn bool(&mut self, v: bool) {
        self.put(Value::Boolean(v));
    }

    fn int(&mut self, v: i64) {
        self.put(Value::Int(v));
    }

    fn float32(&mut self, v: f32) {
        self.put(Value::Float32(v));
    }

    fn float64(&mut self, v: f64) {
        self.put(Value::Float64(v));
    }

    fn str(&mut self, v: &str) {
        self.put(Value::String(v.to_owned()));
    }

    fn bytes(&mut self, v: &[u8]) {
        self.put(Value::Bytes(v.to_owned()));
    }

    fn decimal(&mut self, v: Decimal<'_>) {
        self.put(Value::Decimal(v.to_string(), v.scale));
    }

    fn begin_struct(&mut self) {
        self.begin(ContainerKind::Struct);
    }

    fn begin_array(&mut self, _len: usize) {
        self.begin(ContainerKind::Array);
    }

    fn begin_map(&mut self, _len: usize) {
        self.begin(ContainerKind::Map);
    }

    fn end(&mut self) {
        let container = self.open.pop().unwrap_or_default();
        let value = match container.kind {
            Some(ContainerKind::Struct) | None => Value::Struct(container.values),
            Some(ContainerKind::Array) => Value::Array(container.values),
            Some(ContainerKind::Map) => {
                let mut entries = Vec::new();
                let mut values = container.values.into_iter();
                while let (Some(key), Some(value)) = (values.next(), values.next()) {
                    entries.push((key, value));
                }
                Value::Map(entries)
            }
        };
        self.put(value);
    }

    fn mark(&self) -> Self::Mark {
        (self.open.len(), self.open.last().map_or(0, |container| container.values.len()))
    }

    fn rewind(&mut self, (depth, count): Self::Mark) {
        self.open.truncate(depth);
        match self.open.last_mut() {
            Some(container) => container.values.truncate(count),
            None => self.done = None,
        }
    }
}
