//! One bucket of what was sent, folded, against the same bucket of what is there.

use std::collections::HashMap;
use std::io;

use super::buckets::{BucketReader, Entry, Seen, State};
use super::reading::{Row, UNAVAILABLE};
use crate::words::Lsn;

/// Keys told of each kind and table.
const EXAMPLES: usize = 10;

/// What was found for one table.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Findings {
    pub(super) rows: u64,
    /// There, and never sent.
    pub(super) missing: Keys,
    /// Sent, and no longer there.
    pub(super) extra: Keys,
    pub(super) different: Keys,
    /// Several rows have this key, so that nothing can be said of them.
    pub(super) ambiguous: u64,
}

#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Keys {
    pub(super) count: u64,
    pub(super) examples: Vec<String>,
}

impl Keys {
    fn add(&mut self, key: &str) {
        self.count += 1;
        if self.examples.len() < EXAMPLES {
            self.examples.push(key.to_owned());
        }
    }
}

impl Findings {
    pub(super) fn differ(&self) -> bool {
        self.missing.count + self.extra.count + self.different.count > 0
    }
}

/// `truncated`: by table, the last truncation that was sent. A row that is there may come in two renderings, one after the
/// other, of which either will do.
pub(super) fn compare(
    sent: BucketReader,
    there: BucketReader,
    truncated: &HashMap<u16, Lsn>,
    findings: &mut [Findings],
) -> io::Result<()> {
    let mut folded = fold(sent, truncated)?;
    let mut rows: HashMap<(u16, String), Vec<(Lsn, Row)>> = HashMap::new();
    for entry in there {
        let Entry { table, key, lsn, state, .. } = entry?;
        if let State::Row(row) = state {
            rows.entry((table, key)).or_default().push((lsn, row));
        }
    }
    for ((table, key), renderings) in rows {
        let sent = folded.remove(&(table, key.clone()));
        let Some(found) = findings.get_mut(usize::from(table)) else { continue };
        found.rows += 1;
        // The first rendering of each row is numbered 0.
        if renderings.iter().filter(|(rendering, _)| rendering.is_zero()).count() > 1 {
            found.ambiguous += 1;
            continue;
        }
        let History { seen, maybe, .. } = sent.unwrap_or_default();
        let told: Vec<&Row> = seen.iter().chain(maybe.iter().flatten()).collect();
        if told.is_empty() {
            found.missing.add(&key);
        } else if !renderings.iter().any(|(_, row)| told.iter().any(|sent| agree(sent, row))) {
            found.different.add(&key);
        }
    }
    for ((table, key), history) in folded {
        let was_sent = history.seen.is_some() && history.maybe.iter().all(Option::is_some);
        if let Some(found) = findings.get_mut(usize::from(table)).filter(|_| was_sent) {
            found.extra.add(&key);
        }
    }
    Ok(())
}

/// What was sent of one key.
#[derive(Default)]
struct History {
    /// The row after the last change that the snapshot has seen.
    seen: Option<Row>,
    /// What became of it by changes that it may have seen: `None` where it was deleted.
    maybe: Vec<Option<Row>>,
    /// The change read last was not seen.
    unseen: bool,
}

fn fold(sent: BucketReader, truncated: &HashMap<u16, Lsn>) -> io::Result<HashMap<(u16, String), History>> {
    let mut folded: HashMap<(u16, String), History> = HashMap::new();
    for entry in sent {
        let Entry { table, key, lsn, seen, state } = entry?;
        let history = folded.entry((table, key)).or_default();
        let row = match state {
            State::Row(_) if truncated.get(&table).is_some_and(|at| lsn < *at) => continue,
            // It belongs to the delete before it.
            State::Tombstone if history.unseen => continue,
            State::Tombstone | State::Deleted => None,
            State::Row(row) => Some(carry_over(row, history.last())),
        };
        history.unseen = seen == Seen::No;
        match seen {
            Seen::Yes => history.seen = row,
            Seen::Maybe => history.maybe.push(row),
            Seen::No => {}
        }
    }
    Ok(folded)
}

impl History {
    fn last(&self) -> Option<&Row> {
        self.maybe.last().map_or(self.seen.as_ref(), Option::as_ref)
    }
}

/// A value that was not sent is the one before, where there is one.
fn carry_over(mut row: Row, before: Option<&Row>) -> Row {
    for (name, value) in row.iter_mut().filter(|(_, value)| *value == UNAVAILABLE) {
        *value = before.into_iter().flatten().find(|(other, _)| other == name).map_or(UNAVAILABLE, |(_, value)| *value);
    }
    row
}

/// A field that was not sent is a column that was added since; one that is not there was dropped since. Neither wrote the
/// row anew, so neither is a difference.
fn agree(sent: &Row, there: &Row) -> bool {
    there.iter().all(|(name, value)| {
        sent.iter().find(|(other, _)| other == name).is_none_or(|(_, told)| *told == UNAVAILABLE || told == value)
    })
}

#[cfg(test)]
mod tests {
    use super::super::buckets::Buckets;
    use super::*;

    fn entry(key: &str, lsn: u64, row: Option<&[(u64, u64)]>) -> Entry {
        state(key, lsn, row.map_or(State::Deleted, |row| State::Row(row.to_vec())))
    }

    fn state(key: &str, lsn: u64, state: State) -> Entry {
        Entry { table: 0, key: key.to_owned(), lsn: Lsn(lsn), seen: Seen::Yes, state }
    }

    fn found(sent: &[Entry], there: &[Entry], truncated: Option<u64>) -> Findings {
        let read = |entries: &[Entry]| {
            let mut buckets = Buckets::new(1).unwrap();
            entries.iter().for_each(|entry| buckets.add(entry).unwrap());
            buckets.read().next().unwrap().unwrap()
        };
        let mut findings = vec![Findings::default()];
        let truncated = truncated.map(|lsn| (0, Lsn(lsn))).into_iter().collect();
        compare(read(sent), read(there), &truncated, &mut findings).unwrap();
        findings.remove(0)
    }

    fn keys(keys: &Keys) -> Vec<&str> {
        assert_eq!(keys.count, keys.examples.len() as u64);
        keys.examples.iter().map(String::as_str).collect()
    }

    #[test]
    fn each_kind_of_difference_is_told_by_its_key() {
        let sent = [
            entry("same", 1, Some(&[(1, 1)])),
            entry("old", 2, Some(&[(1, 1)])),
            entry("gone", 3, Some(&[(1, 1)])),
            entry("back", 4, None),
            entry("back", 5, Some(&[(1, 5)])),
            entry("deleted", 6, Some(&[(1, 1)])),
            entry("deleted", 7, None),
        ];
        let there = [
            entry("same", 0, Some(&[(1, 1)])),
            entry("old", 0, Some(&[(1, 2)])),
            entry("back", 0, Some(&[(1, 5)])),
            entry("never", 0, Some(&[(1, 1)])),
        ];
        let found = found(&sent, &there, None);
        assert_eq!(found.rows, 4);
        assert_eq!(keys(&found.different), ["old"]);
        assert_eq!(keys(&found.extra), ["gone"]);
        assert_eq!(keys(&found.missing), ["never"]);
        assert!(found.differ());
    }

    #[test]
    fn a_value_not_sent_is_the_one_before_or_any() {
        let sent = [
            entry("a", 1, Some(&[(1, 1), (2, 7)])),
            entry("a", 2, Some(&[(1, 2), (2, UNAVAILABLE)])),
            entry("b", 3, Some(&[(2, UNAVAILABLE)])),
        ];
        let there = |value| [entry("a", 0, Some(&[(1, 2), (2, value)])), entry("b", 0, Some(&[(2, 9)]))];
        assert!(!found(&sent, &there(7), None).differ());
        assert_eq!(keys(&found(&sent, &there(8), None).different), ["a"]);
    }

    #[test]
    fn columns_that_came_and_went_are_no_difference() {
        let sent = [entry("a", 1, Some(&[(1, 1), (2, 2)]))];
        assert!(!found(&sent, &[entry("a", 0, Some(&[(1, 1), (3, 3)]))], None).differ());
    }

    #[test]
    fn either_rendering_will_do_and_a_key_of_two_rows_is_left_alone() {
        let sent = [entry("a", 1, Some(&[(1, 2)]))];
        let renderings = [entry("a", 0, Some(&[(1, 1)])), entry("a", 1, Some(&[(1, 2)]))];
        assert!(!found(&sent, &renderings, None).differ());
        let twice = [entry("a", 0, Some(&[(1, 1)])), entry("a", 0, Some(&[(1, 9)]))];
        let found = found(&sent, &twice, None);
        assert!(!found.differ() && found.ambiguous == 1);
    }

    #[test]
    fn a_tombstone_is_a_delete_unless_it_belongs_to_one_that_came_later() {
        let row = Some([(1, 1)].as_slice());
        let sent = [
            entry("a", 1, row),
            Entry { seen: Seen::No, ..state("a", 2, State::Deleted) },
            state("a", 0, State::Tombstone),
            entry("b", 3, row),
            state("b", 0, State::Tombstone),
        ];
        let found = found(&sent, &[entry("a", 0, row), entry("b", 0, row)], None);
        assert_eq!(keys(&found.missing), ["b"]);
        assert_eq!((found.extra.count, found.different.count), (0, 0));
    }

    #[test]
    fn what_may_have_been_seen_counts_as_it_agrees() {
        let maybe = |key, lsn, row: Option<&[(u64, u64)]>| Entry { seen: Seen::Maybe, ..entry(key, lsn, row) };
        let (one, two) = (Some([(1, 1)].as_slice()), Some([(1, 2)].as_slice()));
        let sent = [
            entry("updated", 1, one),
            maybe("updated", 2, two),
            entry("deleted", 3, one),
            maybe("deleted", 4, None),
            maybe("inserted", 5, one),
            entry("wrong", 6, one),
            maybe("wrong", 7, two),
        ];
        let rest = [entry("wrong", 0, Some(&[(1, 3)]))];
        let earlier = [entry("updated", 0, one), entry("deleted", 0, one)];
        let later = [entry("updated", 0, two), entry("inserted", 0, one)];
        for there in [earlier, later] {
            let found = found(&sent, &[there.as_slice(), &rest].concat(), None);
            assert_eq!(keys(&found.different), ["wrong"]);
            assert_eq!((found.missing.count, found.extra.count), (0, 0));
        }
    }

    #[test]
    fn what_was_there_before_a_truncation_is_gone() {
        let sent = [entry("a", 0, Some(&[(1, 1)])), entry("b", 3, Some(&[(1, 1)])), entry("c", 5, Some(&[(1, 1)]))];
        let found = found(&sent, &[entry("c", 0, Some(&[(1, 1)]))], Some(4));
        assert!(!found.differ(), "{found:?}");
    }
}
