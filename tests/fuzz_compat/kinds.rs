//! The column types, each with values worth trying.

use crate::random::Random;
use crate::values;

/// A type as SQL spells it.
pub(crate) struct Kind {
    pub(crate) sql: &'static str,
    /// Texts of values.
    pub(crate) values: &'static [&'static str],
    /// Texts of values that are only written while streaming.
    pub(crate) streamed: &'static [&'static str],
    /// Makes another text.
    pub(crate) make: Option<fn(&mut Random) -> String>,
    /// An SQL expression of a value that is stored out of line.
    pub(crate) long: Option<&'static str>,
    /// Default expressions besides literals.
    pub(crate) defaults: &'static [&'static str],
    /// May be part of a key.
    pub(crate) key: bool,
    /// May be the element of an array.
    pub(crate) element: bool,
}

const fn kind(sql: &'static str, values: &'static [&'static str]) -> Kind {
    Kind { sql, values, streamed: &[], make: None, long: None, defaults: &[], key: false, element: true }
}

impl Kind {
    const fn make(mut self, make: fn(&mut Random) -> String) -> Self {
        self.make = Some(make);
        self
    }

    const fn long(mut self, long: &'static str) -> Self {
        self.long = Some(long);
        self
    }

    const fn defaults(mut self, defaults: &'static [&'static str]) -> Self {
        self.defaults = defaults;
        self
    }

    const fn key(mut self) -> Self {
        self.key = true;
        self
    }
}

/// 9.6 kB that do not compress.
const LONG_TEXT: &str = "(SELECT string_agg(md5(i::text), '') FROM generate_series(1, 300) i)";

#[rustfmt::skip]
pub(crate) static KINDS: &[Kind] = &[
    kind("smallint", &["0", "32767", "-32768"]).make(values::small).defaults(&["1 + 2"]).key(),
    kind("integer", &["0", "2147483647", "-2147483648"]).make(values::small).defaults(&["1 + 2", "abs(-3)"]).key(),
    kind("bigint", &["0", "9223372036854775807", "-9223372036854775808"]).make(values::small).defaults(&["5000000000"]).key(),
    kind("text", &["", " ", "NULL", "{}"]).make(values::text).long(LONG_TEXT).defaults(&["lower('ABC')", "current_user", "'a' || 'b'"]).key(),
    kind("varchar(20)", &["", "  x  "]).make(values::short_text).defaults(&["'a'::text"]).key(),
    kind("varchar", &[""]).make(values::text).long(LONG_TEXT).key(),
    kind("char(7)", &["", "a", "it's"]).defaults(&["'ab'"]).key(),
];
