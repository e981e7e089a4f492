//! What a publication sends less of than is captured, and what it sends in vain.

use std::collections::BTreeSet;

use super::Finding;
use super::tables::{Known, listed};
use crate::catalog::publication::Narrowed;
use crate::catalog::{Publication, quote_ident, quote_table};
use crate::connector::Config;
use crate::words::table::TableKind;

pub(super) fn told(
    config: &Config,
    publication: Option<&Publication>,
    narrowed: &[Narrowed],
    captured: &[Known<'_>],
) -> Vec<Finding> {
    let mut findings = Vec::new();
    let name = quote_ident(&config.publication);
    let widen = |tables: &[Known<'_>]| {
        let quoted: Vec<String> = tables.iter().map(Known::quoted).collect();
        let list = quoted.join(", ");
        format!("ALTER PUBLICATION {name} DROP TABLE {list}; ALTER PUBLICATION {name} ADD TABLE {list};")
    };
    let narrowed_by = |which: fn(&Narrowed) -> bool| -> Vec<Known<'_>> {
        let is =
            |t: &&Known<'_>| narrowed.iter().any(|n| which(n) && n.schema == t.table.schema && n.table == t.table.name);
        captured.iter().filter(is).copied().collect()
    };
    let (rows, columns) = (narrowed_by(|n| n.rows), narrowed_by(|n| n.columns));
    if !rows.is_empty() {
        findings.push(Finding::warn(
            format!(
                "publication {} has a row filter on {}: the snapshot sends all rows, the stream only some",
                config.publication,
                listed(&rows)
            ),
            widen(&rows),
        ));
    }
    if !columns.is_empty() {
        findings.push(Finding::warn(
            format!(
                "publication {} has a column list for {}: the stream lacks columns that the snapshot has",
                config.publication,
                listed(&columns)
            ),
            widen(&columns),
        ));
    }
    findings.extend(publication.and_then(|publication| in_vain(config, publication, captured)));
    findings
}

/// Tables whose changes are decoded, sent and then thrown away.
fn in_vain(config: &Config, publication: &Publication, captured: &[Known<'_>]) -> Option<Finding> {
    // A list of partitions and of their root are two names for the same rows.
    let partitioned = captured.iter().any(|known| known.table.kind != TableKind::Table);
    if publication.all_tables || partitioned {
        return None;
    }
    let wanted: BTreeSet<_> = captured.iter().map(|t| (t.table.schema.as_str(), t.table.name.as_str())).collect();
    let extra: Vec<_> = publication
        .members
        .iter()
        .filter(|(schema, table)| !wanted.contains(&(schema.as_str(), table.as_str())))
        .collect();
    let first = extra.first()?;
    let more = match extra.len() {
        1 => String::new(),
        number => format!(" and {} more", number - 1),
    };
    let quoted: Vec<String> = extra.iter().map(|(schema, table)| quote_table(schema, table)).collect();
    Some(Finding::note(
        format!(
            "publication {} sends {}.{}{more} too, which is not captured: the server works in vain",
            config.publication, first.0, first.1
        ),
        format!("ALTER PUBLICATION {} DROP TABLE {};", quote_ident(&config.publication), quoted.join(", ")),
    ))
}

#[cfg(test)]
mod tests {
    use super::super::{Severity, sample};
    use super::*;

    #[test]
    fn what_is_left_out_and_what_is_sent_in_vain_is_told() {
        let (a, rights) = (sample::table("a"), sample::rights());
        let captured = [Known { table: &a, rights: &rights }];
        let narrow = |table: &str, rows, columns| Narrowed {
            schema: "public".to_owned(),
            table: table.to_owned(),
            rows,
            columns,
        };
        let found = |narrowed: &[Narrowed]| told(&sample::config(), None, narrowed, &captured);
        assert!(found(&[narrow("b", true, true)]).is_empty());
        let both = found(&[narrow("a", true, true)]);
        assert_eq!(both.iter().map(|f| f.severity).collect::<Vec<_>>(), [Severity::Warn, Severity::Warn]);
        assert_eq!(
            both[0].remedy.as_deref(),
            Some(r#"ALTER PUBLICATION "pub" DROP TABLE "public"."a"; ALTER PUBLICATION "pub" ADD TABLE "public"."a";"#)
        );
        let publication = sample::publication(&["a", "b", "c"]);
        let found = told(&sample::config(), Some(&publication), &[], &captured);
        assert_eq!(found[0].severity, Severity::Note);
        assert_eq!(
            found[0].remedy.as_deref(),
            Some(r#"ALTER PUBLICATION "pub" DROP TABLE "public"."b", "public"."c";"#)
        );
    }
}
