//! The settings that pick columns by pattern: `column.truncate.*`, `column.mask.*`, `*.propagate.source.type`.

use std::fmt;
use std::sync::Arc;

use super::config::Compatibility;
use super::hash::{Algorithm, Hash};
use super::pattern::PatternList;
use super::rewrite::Rewrite;

/// In the order of the reference, whatever the order of the settings: a column obeys the first rule that matches it.
#[derive(Clone, Debug, Default)]
pub struct ColumnRules {
    /// `column.truncate.to.<length>.chars`: UTF-16 units.
    pub truncate: Vec<(PatternList, usize)>,
    /// `column.mask.with.<length>.chars`.
    pub mask: Vec<(PatternList, usize)>,
    /// `column.propagate.source.type`.
    pub propagate_columns: PatternList,
    /// `datatype.propagate.source.type`, matched against `schema.table.type`.
    pub propagate_types: PatternList,
    pub hash: Vec<HashRule>,
}

/// `column.mask.hash.<algorithm>.with.salt.<salt>`, or `column.mask.hash.v2....`.
#[derive(Clone)]
pub struct HashRule {
    pub columns: PatternList,
    pub algorithm: Algorithm,
    pub salt: String,
    /// Version 1 hashes Java's serialised form of the text, version 2 its UTF-8 bytes.
    pub serialised: bool,
}

/// The salt is a secret.
impl fmt::Debug for HashRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HashRule").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

/// What the rules ask of one column.
#[derive(Clone, Debug, Default)]
pub(super) struct Applied {
    pub(super) rewrite: Option<Rewrite>,
    pub(super) propagate: bool,
}

impl ColumnRules {
    /// `type_name` as propagation shows it; `length` of the column in characters.
    pub(super) fn of(&self, table: &str, column: &str, type_name: &str, length: usize, mode: Compatibility) -> Applied {
        let name = format!("{table}.{column}");
        let truncate = self.truncate.iter().find(|(columns, _)| columns.matches(&name));
        let truncate = truncate.map(|(_, to)| Rewrite::Truncate { to: *to, length });
        let mask = self.mask.iter().find(|(columns, _)| columns.matches(&name));
        let mask = mask.map(|(_, width)| Rewrite::Mask(Arc::from("*".repeat(*width))));
        let hash = self.hash.iter().find(|rule| rule.columns.matches(&name));
        let hash = hash.map(|rule| Rewrite::Hash(Hash::new(rule.algorithm, &rule.salt, rule.serialised, length)));
        let propagate =
            self.propagate_columns.matches(&name) || self.propagate_types.matches(&format!("{table}.{type_name}"));
        match mode {
            // The first rule wins, so that propagation leaves readable what should be hashed.
            Compatibility::Exact => {
                let first = truncate.or(mask);
                let propagate = propagate && first.is_none();
                Applied { rewrite: first.or(hash.filter(|_| !propagate)), propagate }
            }
            // The most secret rule wins, and propagation hides nothing.
            Compatibility::Correct => Applied { rewrite: mask.or(hash).or(truncate), propagate },
        }
    }
}
