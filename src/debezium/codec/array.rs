//! Array literals: `{1,NULL,"a \"quoted\" one"}`.

use super::{Codec, Unconvertible};
use crate::words::data::ValueSink;

const BROKEN: Unconvertible = Unconvertible("not a one-dimensional array literal");

pub(super) fn push<S: ValueSink>(
    text: &str,
    element: &Codec,
    no_nulls: bool,
    sink: &mut S,
) -> Result<(), Unconvertible> {
    let mut items = Items::of(text)?;
    sink.begin_array(0);
    while let Some(item) = items.next()? {
        match item {
            Item::Null if no_nulls => return Err(Unconvertible("a null element where elements are required")),
            Item::Null => sink.null(),
            Item::Bare(text) => element.push(text, sink)?,
            Item::Quoted(text) => element.push(&text, sink)?,
        }
    }
    sink.end();
    Ok(())
}

enum Item<'a> {
    Null,
    Bare(&'a str),
    Quoted(String),
}

/// The text between the braces, item by item.
struct Items<'a> {
    rest: &'a str,
    first: bool,
}

impl<'a> Items<'a> {
    fn of(text: &'a str) -> Result<Self, Unconvertible> {
        // A lower bound other than one is printed as `[2:3]={...}` and ignored, as the reference does.
        let body = if text.starts_with('[') { text.split_once('=').map_or("", |(_, body)| body) } else { text };
        let rest = body.strip_prefix('{').and_then(|b| b.strip_suffix('}')).ok_or(BROKEN)?;
        Ok(Self { rest, first: true })
    }

    fn next(&mut self) -> Result<Option<Item<'a>>, Unconvertible> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        if !self.first {
            self.rest = self.rest.strip_prefix(',').ok_or(BROKEN)?;
        }
        self.first = false;
        match self.rest.strip_prefix('"') {
            Some(quoted) => self.quoted(quoted).map(Some),
            None => {
                let end = self.rest.find(',').unwrap_or(self.rest.len());
                let (item, rest) = self.rest.split_at(end);
                self.rest = rest;
                if item.contains(['{', '}', '"']) {
                    return Err(BROKEN);
                }
                Ok(Some(if item == "NULL" { Item::Null } else { Item::Bare(item) }))
            }
        }
    }

    fn quoted(&mut self, text: &'a str) -> Result<Item<'a>, Unconvertible> {
        let mut item = String::new();
        let mut chars = text.char_indices();
        while let Some((position, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = &text[position + 1..];
                    return Ok(Item::Quoted(item));
                }
                '\\' => item.push(chars.next().ok_or(BROKEN)?.1),
                _ => item.push(c),
            }
        }
        Err(BROKEN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn items(text: &str) -> Result<Vec<Option<String>>, Unconvertible> {
        let mut found = Vec::new();
        let mut items = Items::of(text)?;
        while let Some(item) = items.next()? {
            found.push(match item {
                Item::Null => None,
                Item::Bare(text) => Some(text.to_owned()),
                Item::Quoted(text) => Some(text),
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
        assert_eq!(items("[2:3]={7,8}").unwrap(), [Some("7".into()), Some("8".into())]);
    }

    #[test]
    fn broken_and_nested_literals_are_refused() {
        for text in ["", "1,2", "{", "{\"a}", "{{1},{2}}", "{\"a\"b}"] {
            assert!(items(text).is_err(), "{text}");
        }
    }
}
