//! Values that shall not be shown as they are: truncated, masked, hashed.

use std::sync::Arc;

use super::hash::Hash;
use crate::words::data::{Decimal, Schema, ValueSink};

#[derive(Clone, Debug)]
pub(super) enum Rewrite {
    /// To so many UTF-16 units; `length` is the column's own limit.
    Truncate {
        to: usize,
        length: usize,
    },
    /// This text in place of every value, null too.
    Mask(Arc<str>),
    Hash(Hash),
}

impl Rewrite {
    /// The parameter that tells consumers of it.
    pub(super) fn announce(&self, schema: Schema) -> Schema {
        match self {
            Self::Truncate { to, length } if length <= to => schema,
            Self::Truncate { to, .. } => schema.parameter("truncateLength", to.to_string()),
            Self::Mask(_) | Self::Hash(_) => schema.parameter("masked", "true"),
        }
    }

    /// Masks and hashes change text columns only; truncation cuts whatever is text in the record.
    pub(super) fn fits(&self, character: bool) -> bool {
        character || matches!(self, Self::Truncate { .. })
    }

    fn push<S: ValueSink>(&self, text: &str, sink: &mut S) {
        match self {
            Self::Truncate { to, .. } => push_truncated(text, *to, sink),
            Self::Mask(mask) => sink.str(mask),
            Self::Hash(hash) => sink.str(&hash.of(text)),
        }
    }
}

/// The first `units` UTF-16 units. A character beyond U+FFFF can be cut in half, as in Java.
fn push_truncated<S: ValueSink>(text: &str, units: usize, sink: &mut S) {
    let mut taken = 0;
    for (at, c) in text.char_indices() {
        if taken == units {
            return sink.str(&text[..at]);
        }
        taken += c.len_utf16();
        if taken > units {
            return sink.str_and_half(&text[..at], c.encode_utf16(&mut [0; 2])[0]);
        }
    }
    sink.str(text);
}

/// Stands before a sink and rewrites the text that is the whole value; what lies inside of containers passes.
pub(super) struct Rewriting<'a, S> {
    pub(super) rewrite: &'a Rewrite,
    pub(super) sink: &'a mut S,
    pub(super) depth: usize,
}

impl<S: ValueSink> ValueSink for Rewriting<'_, S> {
    type Mark = (S::Mark, usize);

    fn null(&mut self) {
        self.sink.null();
    }

    fn bool(&mut self, v: bool) {
        self.sink.bool(v);
    }

    fn int(&mut self, v: i64) {
        self.sink.int(v);
    }

    fn float32(&mut self, v: f32) {
        self.sink.float32(v);
    }

    fn float64(&mut self, v: f64) {
        self.sink.float64(v);
    }

    fn str(&mut self, v: &str) {
        if self.depth == 0 {
            self.rewrite.push(v, self.sink);
        } else {
            self.sink.str(v);
        }
    }

    fn bytes(&mut self, v: &[u8]) {
        self.sink.bytes(v);
    }

    fn decimal(&mut self, v: Decimal<'_>) {
        self.sink.decimal(v);
    }

    fn begin_struct(&mut self) {
        self.depth += 1;
        self.sink.begin_struct();
    }

    fn begin_array(&mut self, len: usize) {
        self.depth += 1;
        self.sink.begin_array(len);
    }

    fn begin_map(&mut self, len: usize) {
        self.depth += 1;
        self.sink.begin_map(len);
    }

    fn end(&mut self) {
        self.depth -= 1;
        self.sink.end();
    }

    fn mark(&self) -> Self::Mark {
        (self.sink.mark(), self.depth)
    }

    fn rewind(&mut self, (mark, depth): Self::Mark) {
        self.sink.rewind(mark);
        self.depth = depth;
    }
}
