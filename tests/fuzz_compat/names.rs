//! Names that are hard on quoting, topic names and patterns.

use crate::random::Random;

/// No two are equal when case and everything but letters and digits is dropped: the reference fails on columns that differ
/// by case only, and tables whose topics collide would mix their records.
const NAMES: &[&str] = &[
    "id",
    "Name",
    "qty",
    "select",
    "order",
    "table",
    "user",
    "a b",
    "dot.ted",
    "quo\"te",
    "it's",
    "ключ",
    "Größe",
    "1st",
    "dash-ed",
    "money$",
    "comma,d",
    "semi;colon",
    "back\\slash",
    "naïve☃",
    "slash/ed",
    "per%cent",
    "{brace}",
    "[square]",
    "tab\ted",
    "value",
    "after",
    "op",
    "source",
    "key",
    "null",
    "colon:ed",
    "very_long_name_that_has_sixty_three_bytes_which_is_the_limit_of",
];

/// A pool from which each name is taken once.
pub(crate) struct Names(Vec<&'static str>, usize);

impl Names {
    pub(crate) fn new(random: &mut Random) -> Self {
        let mut names = NAMES.to_vec();
        random.shuffle(&mut names);
        Self(names, 0)
    }

    /// A plain name most of the time; unique within this pool.
    pub(crate) fn take(&mut self, random: &mut Random, plain: &str) -> String {
        self.1 += 1;
        let odd = if random.chance(35) { self.0.pop() } else { None };
        odd.map_or_else(|| format!("{plain}{}", self.1), str::to_owned)
    }
}

pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

pub(crate) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
