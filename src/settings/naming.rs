//! `topic.naming.strategy` and its settings.

use super::patterns;
use super::reader::Reader;
use crate::debezium::pattern::Pattern;
use crate::debezium::{RegexNaming, TopicNaming};

const STRATEGY: &str = "topic.naming.strategy";

pub(super) fn topic_naming(reader: &mut Reader<'_>) -> TopicNaming {
    let strategy = reader.text(STRATEGY).map_or("", str::trim);
    let name = strategy.strip_prefix("io.debezium.schema.").unwrap_or(strategy);
    let (with_schema, kind) = match name.strip_suffix("TopicNamingStrategy") {
        None if strategy.is_empty() => (true, ""),
        Some(name) if name.starts_with("Schema") => (true, &name["Schema".len()..]),
        Some(name) if name.starts_with("Default") => (false, &name["Default".len()..]),
        _ => (true, "?"),
    };
    let (unicode, regex) = match kind {
        "" => (false, None),
        "Unicode" => (true, None),
        "Regex" => (false, regex_naming(reader)),
        _ => {
            reader.invalid(
                STRATEGY,
                "must be one of SchemaTopicNamingStrategy, SchemaRegexTopicNamingStrategy, \
                 SchemaUnicodeTopicNamingStrategy, DefaultTopicNamingStrategy, DefaultRegexTopicNamingStrategy and \
                 DefaultUnicodeTopicNamingStrategy of io.debezium.schema",
            );
            (false, None)
        }
    };
    TopicNaming { with_schema, unicode, regex }
}

fn regex_naming(reader: &mut Reader<'_>) -> Option<RegexNaming> {
    let topic = substitution(reader, "topic.regex", "topic.replacement");
    let key_value = reader
        .text("topic.key.field.regex")
        .is_some()
        .then(|| substitution(reader, "topic.key.field.regex", "topic.key.field.replacement"));
    let enforced = reader.bool("topic.key.enforce.uniqueness", true);
    let key_field = enforced.then(|| reader.owned("topic.key.field.name", "__dbz__physicalTableIdentifier"));
    Some(RegexNaming { topic: topic?, key_field, key_value: key_value.flatten() })
}

/// A pattern, in which case counts, and what takes the place of a name that it matches.
fn substitution(reader: &mut Reader<'_>, regex: &str, replacement: &str) -> Option<(Pattern, String)> {
    let (Some(java), Some(text)) = (reader.text(regex), reader.text(replacement)) else {
        for key in [regex, replacement] {
            if reader.text(key).is_none() {
                reader.invalid(key, format!("A value is required by {STRATEGY}"));
            }
        }
        return None;
    };
    match patterns::one(java).and_then(|_| Pattern::case_sensitive(java)) {
        Ok(pattern) => Some((pattern, text.to_owned())),
        Err(complaint) => {
            reader.invalid(regex, complaint);
            None
        }
    }
}
