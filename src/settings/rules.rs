//! Settings whose names carry values: `column.truncate.to.<length>.chars`, `column.mask.*`.

use super::patterns;
use super::reader::Reader;
use crate::debezium::{Algorithm, ColumnRules, Compatibility, HashRule};

const HASH: &str = "column.mask.hash.";

/// What a key of these families says.
enum Named<'a> {
    Truncate(usize),
    Mask(usize),
    Hash { algorithm: &'a str, salt: &'a str, serialised: bool },
}

pub(super) fn column_rules(reader: &mut Reader<'_>, mode: Compatibility) -> ColumnRules {
    let mut rules = ColumnRules {
        propagate_columns: reader.patterns("column.propagate.source.type").unwrap_or_default(),
        propagate_types: reader.patterns("datatype.propagate.source.type").unwrap_or_default(),
        ..ColumnRules::default()
    };
    let families = ["column.truncate.", "column.mask."];
    let keys: Vec<_> = reader.keys().filter(|key| families.iter().any(|family| key.starts_with(family))).collect();
    for key in keys {
        let Some(named) = parse(key) else {
            // The reference ignores such a key, and the column stays readable. A key of a hash holds its salt.
            reader.invalid(
                if key.starts_with(HASH) { HASH } else { key },
                "expected column.truncate.to.<length>.chars, column.mask.with.<length>.chars, \
                 column.mask.hash.<algorithm>.with.salt.<salt> or column.mask.hash.v2.<algorithm>.with.salt.<salt>",
            );
            continue;
        };
        let columns = match patterns::list(reader.given(key).unwrap_or_default()) {
            Ok(columns) => columns,
            Err(complaint) => {
                let text = "A comma-separated list of valid regular expressions is expected, but";
                reader.invalid(key, format!("{text} {complaint}"));
                continue;
            }
        };
        match named {
            Named::Truncate(length) => rules.truncate.push((columns, length)),
            Named::Mask(length) => rules.mask.push((columns, length)),
            // The reference does not know a key without salt: the column stays open.
            Named::Hash { salt: "", .. } if mode == Compatibility::Exact => {
                reader.note("column.mask.hash without a salt hides nothing under walcast.compatibility=exact");
            }
            Named::Hash { algorithm, salt, serialised } => match Algorithm::named(algorithm) {
                Some(algorithm) => {
                    rules.hash.push(HashRule { columns, algorithm, salt: salt.to_owned(), serialised });
                }
                // Without the rest of the key, which is the salt.
                None => reader.invalid(
                    &format!("{HASH}{algorithm}"),
                    "the algorithm must be MD5, SHA-1, SHA-224, SHA-256, SHA-384, SHA-512, SHA-512/224, SHA-512/256 or \
                     one of SHA3-224, SHA3-256, SHA3-384 and SHA3-512",
                ),
            },
        }
    }
    rules
}

fn parse(key: &str) -> Option<Named<'_>> {
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse().ok()).flatten();
    let length = |prefix: &str| key.strip_prefix(prefix)?.strip_suffix(".chars").and_then(number);
    if let Some(length) = length("column.truncate.to.") {
        return Some(Named::Truncate(length));
    }
    if let Some(length) = length("column.mask.with.") {
        return Some(Named::Mask(length));
    }
    let hash = key.strip_prefix(HASH)?;
    let (hash, serialised) = hash.strip_prefix("v2.").map_or((hash, true), |hash| (hash, false));
    let (algorithm, rest) = hash.split_once('.')?;
    let salt = rest.strip_prefix("with.salt.")?;
    Some(Named::Hash { algorithm, salt, serialised })
}
