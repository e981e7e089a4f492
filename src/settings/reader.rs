//! Typed values out of a flat configuration; every problem is collected, none stops the reading.
//!
//! Each known key is first put to the checks that the table of definitions names for it. Where a value is wrong, the
//! default stands in for it: a problem was noted, so nothing of the result will be used.

use std::time::Duration;

use super::definitions::{Support, definition, definitions, position};
use super::{Note, Problem, Raw, checks, patterns, value};
use crate::debezium::pattern::PatternList;

pub(super) struct Reader<'a> {
    raw: &'a Raw,
    pub(super) problems: Vec<Problem>,
    pub(super) notes: Vec<Note>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(raw: &'a Raw) -> Self {
        let mut reader = Self { raw, problems: Vec::new(), notes: Vec::new() };
        reader.check_values();
        reader
    }

    /// Checks every known key that was given.
    fn check_values(&mut self) {
        let mut idle = Vec::new();
        for (key, value) in self.raw {
            let Some(known) = definition(key) else { continue };
            self.problems.extend(checks::check(known, value).into_iter().map(|sentence| Problem::new(key, sentence)));
            let default = known.default_value.as_deref().unwrap_or("");
            match known.support {
                _ if value.trim().is_empty() || value.trim().eq_ignore_ascii_case(default) => {}
                Support::Refused => self.problem(Problem::unsupported(key, "this setting")),
                Support::Harmless => idle.push(key.as_str()),
                Support::Honoured => {}
            }
        }
        if !idle.is_empty() {
            self.note(format!("settings without effect here: {}", idle.join(", ")));
        }
        for known in definitions().iter().filter(|known| known.has("required")) {
            // The old name may stand in for it.
            let renamed = known.name == "topic.prefix" && value(self.raw, "database.server.name").is_some();
            if value(self.raw, &known.name).is_none() && !renamed {
                self.invalid(&known.name, "A value is required");
            }
        }
    }

    /// What was found, problems in the order of Connect's list; options of a transform or converter stand with it.
    pub(super) fn finish(mut self) -> (Vec<Problem>, Vec<Note>) {
        self.problems.sort_by_key(|problem| place(&problem.key));
        (self.problems, self.notes)
    }

    pub(super) fn invalid(&mut self, key: &str, what: impl std::fmt::Display) {
        self.problem(Problem::invalid(key, what));
    }

    pub(super) fn problem(&mut self, problem: Problem) {
        if !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
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

    /// As it was written, blank or not.
    pub(super) fn given(&self, key: &str) -> Option<&'a str> {
        value(self.raw, key)
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
        self.text(key).and_then(|list| patterns::list(list).ok())
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

fn place(key: &str) -> usize {
    let mut name = key;
    loop {
        match (position(name), name.rsplit_once('.')) {
            (Some(place), _) => return place,
            (None, Some((shorter, _))) => name = shorter,
            (None, None) => return usize::MAX,
        }
    }
}
