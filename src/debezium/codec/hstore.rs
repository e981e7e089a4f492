//! `hstore`: `"a"=>"1", "b"=>NULL`, in the order of a Java `HashMap`.

use super::Unconvertible;
use crate::debezium::java::hash_order;
use crate::words::data::ValueSink;

const BROKEN: Unconvertible = Unconvertible("not an hstore");

type Entries = Vec<(String, Option<String>)>;

pub(super) fn push_map<S: ValueSink>(text: &str, sink: &mut S) -> Result<(), Unconvertible> {
    let entries = parse(text)?;
    sink.begin_map(entries.len());
    for (key, value) in &entries {
        sink.str(key);
        match value {
            Some(value) => sink.str(value),
            None => sink.null(),
        }
    }
    sink.end();
    Ok(())
}

pub(super) fn push_json<S: ValueSink>(text: &str, sink: &mut S) -> Result<(), Unconvertible> {
    let mut json = String::from("{");
    for (position, (key, value)) in parse(text)?.iter().enumerate() {
        if position > 0 {
            json.push(',');
        }
        quote(key, &mut json);
        json.push(':');
        match value {
            Some(value) => quote(value, &mut json),
            None => json.push_str("null"),
        }
    }
    json.push('}');
    sink.str(&json);
    Ok(())
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{8}' => out.push_str("\\b"),
            '\u{c}' => out.push_str("\\f"),
            c if c < ' ' => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
}

fn parse(text: &str) -> Result<Entries, Unconvertible> {
    let mut entries = Entries::new();
    let mut rest = text;
    while !rest.is_empty() {
        if !entries.is_empty() {
            rest = rest.strip_prefix(", ").ok_or(BROKEN)?;
        }
        let (key, after) = quoted(rest)?;
        let after = after.strip_prefix("=>").ok_or(BROKEN)?;
        let value;
        (value, rest) = match after.strip_prefix("NULL") {
            Some(after) => (None, after),
            None => quoted(after).map(|(value, after)| (Some(value), after))?,
        };
        entries.push((key, value));
    }
    hash_order(&mut entries, |(key, _)| key);
    Ok(entries)
}

/// A quoted text and what follows it.
fn quoted(text: &str) -> Result<(String, &str), Unconvertible> {
    let body = text.strip_prefix('"').ok_or(BROKEN)?;
    let mut value = String::new();
    let mut chars = body.char_indices();
    while let Some((position, c)) = chars.next() {
        match c {
            '"' => return Ok((value, &body[position + 1..])),
            '\\' => value.push(chars.next().ok_or(BROKEN)?.1),
            c => value.push(c),
        }
    }
    Err(BROKEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_are_unquoted_and_ordered() {
        let entries = parse(r#""a"=>"1", "bb"=>NULL, "c d"=>"x\"y\\z""#).unwrap();
        let expected = [("bb", None), ("a", Some("1")), ("c d", Some("x\"y\\z"))];
        assert_eq!(entries, expected.map(|(k, v)| (k.to_owned(), v.map(str::to_owned))));
        assert_eq!(parse("").unwrap(), []);
    }

    #[test]
    fn broken_text_is_refused() {
        for text in ["a", "\"a\"", "\"a\"=>", "\"a\"=>\"b", "\"a\"=>\"b\",", "\"a\"=>\"b\" \"c\"=>\"d\""] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
