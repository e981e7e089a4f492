//! Array literals: `{1,NULL,"a \"quoted\" one",{2,3}}`.

use std::borrow::Cow;

use super::{Codec, Elements, Unconvertible};
use crate::words::data::ValueSink;

const BROKEN: Unconvertible = Unconvertible("not an array literal");

pub(super) fn push<S: ValueSink>(
    text: &str,
    element: &Codec,
    rules: Elements,
    sink: &mut S,
) -> Result<(), Unconvertible> {
    // A lower bound other than one is printed as `[2:3]={...}` and ignored, as the reference does.
    let body = if text.starts_with('[') { text.split_once('=').map_or("", |(_, body)| body) } else { text };
    push_body(body, element, rules, sink)
}

fn push_body<S: ValueSink>(text: &str, element: &Codec, rules: Elements, sink: &mut S) -> Result<(), Unconvertible> {
    let mut items = Items::of(text, rules.delimiter)?;
    sink.begin_array(0);
    while let Some(item) = items.next()? {
        match item {
            Item::Null if rules.no_nulls => return Err(Unconvertible("a null element where elements are required")),
            Item::Null => sink.null(),
            Item::Bare(text) => push_element(text, element, rules, sink)?,
            Item::Quoted(text) => push_element(&text, element, rules, sink)?,
            Item::Array(text) if rules.nested => push_body(text, element, rules, sink)?,
            Item::Array(text) => match element {
                // The reference shows the name of a Java object; the inner array's own text loses nothing.
                Codec::Text | Codec::Unknown(_) | Codec::Geometric(_) => element.push(text, sink)?,
                _ => sink.null(),
            },
        }
    }
    sink.end();
    Ok(())
}

/// Calls `see` with every item that is not null, inner arrays' too, as far as the literal can be read.
pub(in crate::debezium) fn for_each_item(text: &str, mut see: impl FnMut(&str)) {
    let body = if text.starts_with('[') { text.split_once('=').map_or("", |(_, body)| body) } else { text };
    let mut waiting = vec![body];
    while let Some(mut items) = waiting.pop().and_then(|body| Items::of(body, ',').ok()) {
        while let Ok(Some(item)) = items.next() {
            match item {
                Item::Null => {}
                Item::Bare(text) => see(text),
                Item::Quoted(text) => see(&text),
                Item::Array(text) => waiting.push(text),
            }
        }
    }
}

fn push_element<S: ValueSink>(text: &str, element: &Codec, rules: Elements, sink: &mut S) -> Result<(), Unconvertible> {
    let before = sink.mark();
    match element.push(text, sink) {
        Err(_) if rules.forgiving => {
            sink.rewind(before);
            sink.null();
            Ok(())
        }
        pushed => pushed,
    }
}

enum Item<'a> {
    Null,
    Bare(&'a str),
    Quoted(Cow<'a, str>),
    /// With its braces.
    Array(&'a str),
}

/// The text between the braces, item by item.
struct Items<'a> {
    rest: &'a str,
    delimiter: char,
    first: bool,
}

impl<'a> Items<'a> {
    fn of(text: &'a str, delimiter: char) -> Result<Self, Unconvertible> {
        let rest = text.strip_prefix('{').and_then(|b| b.strip_suffix('}')).ok_or(BROKEN)?;
        Ok(Self { rest, delimiter, first: true })
    }

    fn next(&mut self) -> Result<Option<Item<'a>>, Unconvertible> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        if !self.first {
            self.rest = self.rest.strip_prefix(self.delimiter).ok_or(BROKEN)?;
        }
        self.first = false;
        if let Some(quoted) = self.rest.strip_prefix('"') {
            return self.quoted(quoted).map(Some);
        }
        if self.rest.starts_with('{') {
            let (item, rest) = self.rest.split_at(length_of_array(self.rest)?);
            self.rest = rest;
            return Ok(Some(Item::Array(item)));
        }
        let end = self.rest.find(self.delimiter).unwrap_or(self.rest.len());
        let (item, rest) = self.rest.split_at(end);
        self.rest = rest;
        if item.contains(['{', '}', '"']) {
            return Err(BROKEN);
        }
        Ok(Some(if item == "NULL" { Item::Null } else { Item::Bare(item) }))
    }

    fn quoted(&mut self, text: &'a str) -> Result<Item<'a>, Unconvertible> {
        let end = text.find(['"', '\\']).ok_or(BROKEN)?;
        if text.as_bytes()[end] == b'"' {
            self.rest = &text[end + 1..];
            return Ok(Item::Quoted(Cow::Borrowed(&text[..end])));
        }
        let mut item = text[..end].to_owned();
        let mut chars = text[end..].char_indices();
        while let Some((position, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = &text[end + position + 1..];
                    return Ok(Item::Quoted(Cow::Owned(item)));
                }
                '\\' => item.push(chars.next().ok_or(BROKEN)?.1),
                _ => item.push(c),
            }
        }
        Err(BROKEN)
    }
}

/// Up to the brace that closes the first one.
fn length_of_array(text: &str) -> Result<usize, Unconvertible> {
    let (mut depth, mut quoted) = (0usize, false);
    let mut bytes = text.bytes().enumerate();
    while let Some((position, byte)) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'"' => quoted = !quoted,
            b'{' if !quoted => depth += 1,
            b'}' if !quoted => {
                depth -= 1;
                if depth == 0 {
                    return Ok(position + 1);
                }
            }
            _ => {}
        }
    }
    Err(BROKEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(text: &str) -> Result<Vec<Option<String>>, Unconvertible> {
        let mut found = Vec::new();
        let mut items = Items::of(text, ',')?;
        while let Some(item) = items.next()? {
            found.push(match item {
                Item::Null => None,
                Item::Bare(text) => Some(text.to_owned()),
                Item::Quoted(text) => Some(text.into_owned()),
                Item::Array(text) => Some(text.to_owned()),
            });
        }
        Ok(found)
    }

    #[test]
    fn literals_are_taken_apart() {
        assert_eq!(items("{}").unwrap(), []);
        assert_eq!(items("{1,NULL,3}").unwrap(), [Some("1".into()), None, Some("3".into())]);
        assert_eq!(
            items(r#"{"a,b","NULL","q\"\\x",""}"#).unwrap(),
            [Some("a,b".into()), Some("NULL".into()), Some("q\"\\x".into()), Some(String::new())]
        );
        assert_eq!(items(r#"{{1,"}"},{2}}"#).unwrap(), [Some(r#"{1,"}"}"#.into()), Some("{2}".into())]);
    }

    #[test]
    fn broken_literals_are_refused() {
        for text in ["", "1,2", "{", "{\"a}", "{{1}", "{\"a\"b}"] {
            assert!(items(text).is_err(), "{text}");
        }
    }
}
