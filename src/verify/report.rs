//! What was found, for the operator.

use std::fmt;

use super::compare::Findings;
use crate::connector::PicturedTable;

/// One comparison of everything.
#[derive(Debug)]
pub struct Report {
    pub(super) strangers: u64,
    pub(super) tables: Vec<(PicturedTable, Findings)>,
}

impl Report {
    pub fn differs(&self) -> bool {
        self.tables.iter().any(|(_, found)| found.differ())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.tables.iter().map(|(table, _)| table.collection.len()).max().unwrap_or(0);
        let mut total = Findings::default();
        for (table, found) in &self.tables {
            write!(f, "{:width$}  ", table.collection)?;
            if !table.keyed {
                writeln!(f, "not compared: its records have no key")?;
                continue;
            }
            let counts = (found.rows, found.missing.count, found.extra.count, found.different.count);
            writeln!(f, "{} rows, {} missing, {} extra, {} different", counts.0, counts.1, counts.2, counts.3)?;
            if found.ambiguous > 0 {
                writeln!(f, "{:width$}    {} keys belong to several rows and were left out", "", found.ambiguous)?;
            }
            for (what, keys) in [("missing", &found.missing), ("extra", &found.extra), ("different", &found.different)]
            {
                keys.examples.iter().try_for_each(|key| writeln!(f, "{:width$}    {what} {key}", ""))?;
                let more = keys.count - keys.examples.len() as u64;
                if more > 0 {
                    writeln!(f, "{:width$}    and {more} more {what}", "")?;
                }
            }
            total.rows += counts.0;
            total.missing.count += counts.1;
            total.extra.count += counts.2;
            total.different.count += counts.3;
        }
        if self.strangers > 0 {
            writeln!(f, "{} records of tables that are not captured now were passed over", self.strangers)?;
        }
        let (missing, extra, different) = (total.missing.count, total.extra.count, total.different.count);
        if self.differs() {
            write!(
                f,
                "DIFFERENT: {} rows compared, {missing} missing, {extra} extra, {different} different",
                total.rows
            )
        } else {
            write!(f, "equal: {} rows compared", total.rows)
        }
    }
}
