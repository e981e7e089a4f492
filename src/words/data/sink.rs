//! The door every value is pushed through.

use super::Decimal;

/// One value, depth first, in schema order.
///
/// A sink is opened on a shape compiled from a [`super::Schema`]: names, widths and defaults are known there, the sink keeps
/// its own cursor, so no schema travels with a value. The caller promises exactly one value per field of a struct,
/// `len` items in an array and `len` pairs in a map, each container closed by one `end`. An array may lie where the shape
/// has an item: Postgres declares no number of dimensions, so a schema cannot have it.
pub trait ValueSink {
    /// A place in the output that [`ValueSink::rewind`] can return to.
    type Mark: Copy;

    /// Null; the sink decides whether a default takes its place.
    fn null(&mut self);
    fn bool(&mut self, v: bool);
    /// Any integer; the shape knows the width.
    fn int(&mut self, v: i64);
    /// An integer as the server spells it; `false`: not taken, it must be parsed.
    fn digits(&mut self, _v: &str) -> bool {
        false
    }
    fn float32(&mut self, v: f32);
    fn float64(&mut self, v: f64);
    fn str(&mut self, v: &str);
    /// Text that ends in half a character, as truncation by UTF-16 units leaves it. Java's UTF-8 has `?` for such a half.
    fn str_and_half(&mut self, v: &str, _half: u16) {
        self.str(&format!("{v}?"));
    }

    fn bytes(&mut self, v: &[u8]);
    fn decimal(&mut self, v: Decimal<'_>);
    fn begin_struct(&mut self);
    fn begin_array(&mut self, len: usize);
    /// Then key, value, key, value.
    fn begin_map(&mut self, len: usize);
    fn end(&mut self);

    fn mark(&self) -> Self::Mark;
    /// Forgets everything since `to`, so that a value that failed half-way leaves no trace.
    fn rewind(&mut self, to: Self::Mark);
}

/// A sink that can be told a second time what it was told before, without being told.
pub trait Repeat: ValueSink {
    /// Values that lie side by side in one container.
    type Passage;

    /// What was pushed since `from`; every container that was begun since then has ended.
    fn passage(&self, from: Self::Mark) -> Self::Passage;
    /// As if the values of the passage were pushed: on the same shape, at the same place.
    fn repeat(&mut self, passage: &Self::Passage);
}
