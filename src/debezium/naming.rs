//! Names of topics and schemas.

use super::config::{Adjustment, Config};

/// Kafka's limit for a topic name.
const LONGEST_TOPIC: usize = 249;

/// Where the records of a table go, and the field that their keys get to tell tables of one topic apart.
pub(super) struct DataTopic {
    pub(super) topic: String,
    pub(super) key_field: Option<(String, String)>,
}

/// `topic.naming.strategy`.
pub(super) fn data_topic(config: &Config, schema: &str, table: &str) -> DataTopic {
    let naming = &config.naming;
    let parts: &[&str] =
        if naming.with_schema { &[&config.topic_prefix, schema, table] } else { &[&config.topic_prefix, table] };
    let name = parts.join(&config.topic_delimiter);
    let topic = if naming.unicode { spelt_out(&name) } else { sanitised(&name) };
    let Some(regex) = &naming.regex else { return DataTopic { topic, key_field: None } };
    let (pattern, replacement) = &regex.topic;
    let routed = pattern.replaced(&topic, replacement).filter(|routed| !routed.is_empty());
    let key_field = regex.key_field.as_ref().map(|name| {
        let value = regex.key_value.as_ref().and_then(|(pattern, replacement)| pattern.replaced(&topic, replacement));
        (name.clone(), value.unwrap_or_else(|| topic.clone()))
    });
    DataTopic { topic: routed.unwrap_or(topic), key_field }
}

impl Config {
    pub fn transaction_topic(&self) -> String {
        sanitised(&[self.topic_prefix.as_str(), &self.topic_transaction].join(&self.topic_delimiter))
    }

    pub fn heartbeat_topic(&self) -> String {
        let named = self.topic_heartbeat_name.clone();
        named.unwrap_or_else(|| {
            sanitised(&[self.topic_heartbeat_prefix.as_str(), &self.topic_prefix].join(&self.topic_delimiter))
        })
    }

    /// Always with a dot, whatever the delimiter.
    pub fn message_topic(&self) -> String {
        format!("{}.message", self.topic_prefix)
    }
}

/// Every UTF-16 unit that is not legal, and the underscore, is spelt as its number.
fn spelt_out(name: &str) -> String {
    let mut topic = String::with_capacity(name.len());
    for c in name.chars() {
        if c.is_ascii_alphanumeric() || matches!(c, '.' | '-') {
            topic.push(c);
        } else {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| topic.push_str(&unicode(*unit)));
        }
    }
    topic.truncate(LONGEST_TOPIC);
    topic
}

/// Every UTF-16 unit that is not legal in a topic becomes an underscore.
fn sanitised(name: &str) -> String {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let mut topic = String::with_capacity(name.len());
    for c in name.chars() {
        if legal(c) {
            topic.push(c);
        } else {
            (0..c.len_utf16()).for_each(|_| topic.push('_'));
        }
    }
    topic.truncate(LONGEST_TOPIC);
    topic
}

/// `schema.name.adjustment.mode` on a full name, dots being separators.
pub(super) fn schema_name(name: &str, mode: Adjustment) -> String {
    adjusted(name, mode, true)
}

/// `field.name.adjustment.mode`.
pub(super) fn field_name(name: &str, mode: Adjustment) -> String {
    adjusted(name, mode, false)
}

fn adjusted(name: &str, mode: Adjustment, dots: bool) -> String {
    if mode == Adjustment::None {
        return name.to_owned();
    }
    let mut result = String::with_capacity(name.len());
    for (position, c) in name.chars().enumerate() {
        let letter = c.is_ascii_alphabetic() || (c == '_' && mode == Adjustment::Avro);
        let legal_later = letter || c.is_ascii_digit() || (c == '.' && dots);
        let legal = if position == 0 { letter } else { legal_later };
        match mode {
            _ if legal => result.push(c),
            Adjustment::AvroUnicode => {
                c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| result.push_str(&unicode(*unit)));
            }
            // A digit in front is kept behind an underscore.
            _ if position == 0 && legal_later => result.extend(['_', c]),
            _ => (0..c.len_utf16()).for_each(|_| result.push('_')),
        }
    }
    result
}

/// `_u0020`: padded to four digits only when there are two.
fn unicode(unit: u16) -> String {
    if unit <= 0xFF { format!("_u00{unit:02x}") } else { format!("_u{unit:x}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn illegal_units_become_underscores() {
        assert_eq!(sanitised("a.b c.😀é"), "a.b_c.___");
        assert_eq!(sanitised(&"x".repeat(300)).len(), 249);
    }

    #[test]
    fn avro_names_are_adjusted() {
        assert_eq!(schema_name("p.public.my table", Adjustment::Avro), "p.public.my_table");
        assert_eq!(field_name("1st.x", Adjustment::Avro), "_1st_x");
        assert_eq!(field_name("a_b ö", Adjustment::AvroUnicode), "a_u005fb_u0020_u00f6");
        assert_eq!(field_name("к", Adjustment::AvroUnicode), "_u43a");
        assert_eq!(field_name("1st", Adjustment::AvroUnicode), "_u0031st");
    }
}
