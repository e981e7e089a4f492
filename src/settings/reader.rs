//! Typed values out of a flat configuration; every problem is collected, none stops the reading.

use std::time::Duration;

use super::definitions::{Kind, kind};
use super::{Note, Problem, Raw, value};
use crate::debezium::pattern::PatternList;

pub(super) struct Reader<'a> {
    raw: &'a Raw,
    pub(super) problems: Vec<Problem>,
    pub(super) notes: Vec<Note>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(raw: &'a Raw) -> Self {
        let mut reader = Self { raw, problems: Vec::new(), notes: Vec::new() };
        reader.check_types();
        reader
    }

    /// Checks every known key that was given against its kind.
    fn check_types(&mut self) {
        for (key, value) in self.raw {
            let Some(kind) = kind(key) else { continue };
            if let Some(problem) = problem(kind, value) {
                self.invalid(key, problem);
            }
        }
    }

    pub(super) fn invalid(&mut self, key: &str, problem: impl std::fmt::Display) {
        // One text per key is enough; the first is the most basic.
        if self.problems.iter().all(|p| p.key != key) {
            self.problems.push(Problem::invalid(key, problem));
        }
    }

    pub(super) fn problem(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    pub(super) fn note(&mut self, text: impl Into<String>) {
        self.notes.push(Note(text.into()));
    }

    /// The value as it was written; `None` when absent or blank.
    pub(super) fn text(&self, key: &str) -> Option<&'a str> {
        value(self.raw, key).filter(|value| !value.trim().is_empty())
    }

    pub(super) fn owned(&self, key: &str, default: &str) -> String {
        self.text(key).unwrap_or(default).to_owned()
    }

    pub(super) fn required(&mut self, key: &str) -> String {
        match self.text(key) {
            Some(value) => value.to_owned(),
            None => {
                self.invalid(key, "A value is required");
                String::new()
            }
        }
    }

    /// Lower-cased and trimmed, for settings with a fixed choice.
    pub(super) fn choice(&self, key: &str, default: &str) -> String {
        self.text(key).map_or_else(|| default.to_owned(), |value| value.trim().to_lowercase())
    }

    pub(super) fn bool(&self, key: &str, default: bool) -> bool {
        self.text(key).map_or(default, |value| value.trim().eq_ignore_ascii_case("true"))
    }

    /// What is no number has been reported already; the default stands in for it.
    pub(super) fn number<N: std::str::FromStr>(&self, key: &str, default: N) -> N {
        self.text(key).and_then(|value| value.parse().ok()).unwrap_or(default)
    }

    pub(super) fn millis(&self, key: &str, default: u64) -> Duration {
        Duration::from_millis(self.number(key, default))
    }

    /// Bad patterns have been reported already.
    pub(super) fn patterns(&self, key: &str) -> Option<PatternList> {
        self.text(key).and_then(|list| PatternList::parse(list).ok())
    }

    /// Trimmed items of a plain list.
    pub(super) fn list(&self, key: &str) -> Vec<&'a str> {
        let items = self.text(key).unwrap_or("").split(',').map(str::trim);
        items.filter(|item| !item.is_empty()).collect()
    }

    pub(super) fn raw(&self) -> &'a Raw {
        self.raw
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.raw.iter().map(|(key, _)| key.as_str())
    }
}

/// What is wrong with a value of this kind, in Debezium's words.
fn problem(kind: Kind, value: &str) -> Option<String> {
    let whole = || value.parse::<i32>().ok();
    let long = || value.parse::<i64>().ok();
    let text = match kind {
        Kind::Text | Kind::Secret => return None,
        _ if value.trim().is_empty() => return None,
        Kind::Bool if ["true", "false"].iter().any(|b| value.trim().eq_ignore_ascii_case(b)) => return None,
        Kind::Bool => "Either 'true' or 'false' is expected".to_owned(),
        Kind::Int if whole().is_some() => return None,
        Kind::Int => "An integer is expected".to_owned(),
        Kind::PositiveInt if whole().is_some_and(|n| n > 0) => return None,
        Kind::PositiveInt => "A positive, non-zero integer value is expected".to_owned(),
        Kind::NonNegativeInt if whole().is_some_and(|n| n >= 0) => return None,
        Kind::NonNegativeInt => "An non-negative integer is expected".to_owned(),
        Kind::Long if long().is_some() => return None,
        Kind::Long => "A long value is expected".to_owned(),
        Kind::PositiveLong if long().is_some_and(|n| n > 0) => return None,
        Kind::PositiveLong => "A positive, non-zero long value is expected".to_owned(),
        Kind::NonNegativeLong if long().is_some_and(|n| n >= 0) => return None,
        Kind::NonNegativeLong => "A non-negative long value is expected".to_owned(),
        Kind::Patterns => match PatternList::parse(value) {
            Ok(_) => return None,
            Err(e) => {
                format!("A comma-separated list of valid regular expressions is expected, but {e}")
            }
        },
        Kind::Choice(values) if values.iter().any(|v| v.eq_ignore_ascii_case(value.trim())) => return None,
        Kind::Choice(values) => format!("Value must be one of {}", values.join(", ")),
    };
    Some(text)
}
