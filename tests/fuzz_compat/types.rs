//! A column's type: one of the kinds, or an array of it, and where its values must fit.

use crate::kinds::{KINDS, Kind};
use crate::names::literal;
use crate::random::Random;

#[derive(Clone)]
pub(crate) struct Type {
    pub(crate) kind: &'static Kind,
    pub(crate) array: bool,
    /// Values must fit into a page of an index.
    in_key: bool,
    /// There may be values that become null, or that the reference fails on where null may not be.
    pub(crate) special: bool,
}

impl Type {
    pub(crate) fn random(random: &mut Random) -> Self {
        let kind = random.pick(KINDS);
        Self { kind, array: kind.element && random.chance(15), in_key: false, special: true }
    }

    pub(crate) fn plain(kind: &'static Kind) -> Self {
        Self { kind, array: false, in_key: true, special: false }
    }

    pub(crate) fn for_key(random: &mut Random) -> Self {
        loop {
            let kind = random.pick(KINDS);
            if kind.key {
                return Self::plain(kind);
            }
        }
    }

    pub(crate) fn sql(&self) -> String {
        format!("{}{}", self.kind.sql, if self.array { "[]" } else { "" })
    }

    /// An SQL expression of a value, not NULL.
    pub(crate) fn value(&self, random: &mut Random) -> String {
        if !self.array {
            return self.scalar(random);
        }
        let length = random.size(0..=3);
        // A NULL among elements that may not be null makes the whole array null.
        let elements: Vec<String> = (0..length)
            .map(|_| if self.special && random.chance(20) { "NULL".to_owned() } else { self.scalar(random) })
            .collect();
        format!("ARRAY[{}]::{}", elements.join(", "), self.sql())
    }

    fn scalar(&self, random: &mut Random) -> String {
        let kind = self.kind;
        if let Some(long) = kind.long.filter(|_| !self.in_key && random.chance(8)) {
            return long.to_owned();
        }
        if let Some(make) = kind.make.filter(|_| random.chance(50)) {
            return literal(&make(random));
        }
        let special = self.special && !kind.special.is_empty() && random.chance(30);
        let known = if special { kind.special } else { kind.values };
        literal(*random.pick(known))
    }

    pub(crate) fn default(&self, random: &mut Random) -> String {
        match random.int(0..=9) {
            0 => "NULL".to_owned(),
            1..=4 if !self.array && !self.kind.defaults.is_empty() => random.pick(self.kind.defaults).to_string(),
            5..=7 if !self.array => format!("{}::{}", literal(*random.pick(self.kind.values)), self.kind.sql),
            _ => self.value_without_query(random),
        }
    }

    /// A default may not hold a query.
    fn value_without_query(&self, random: &mut Random) -> String {
        loop {
            let value = self.value(random);
            if !value.contains("SELECT") {
                return value;
            }
        }
    }
}
