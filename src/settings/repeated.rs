//! Keys that a JSON document gives twice with different values: parsers keep one of them and say nothing.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// A document as it was written.
#[derive(PartialEq)]
enum Node {
    Object(Vec<(String, Node)>),
    List(Vec<Node>),
    Leaf(Value),
}

/// The first such key, where `text` is JSON.
pub(super) fn repeated(text: &str) -> Option<String> {
    serde_json::from_str::<Node>(text).ok()?.repeated()
}

impl Node {
    fn repeated(self) -> Option<String> {
        match self {
            Self::Leaf(_) => None,
            Self::List(items) => items.into_iter().find_map(Self::repeated),
            Self::Object(pairs) => {
                let twice = pairs.iter().enumerate().find(|(at, (key, value))| {
                    pairs.iter().take(*at).any(|(earlier, other)| earlier == key && other != value)
                });
                twice
                    .map(|(_, (key, _))| key.clone())
                    .or_else(|| pairs.into_iter().find_map(|(_, value)| value.repeated()))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Node::Object(pairs))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_bool<E>(self, v: bool) -> Result<Node, E> {
        Ok(Node::Leaf(v.into()))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Node, E> {
        Ok(Node::Leaf(v.into()))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Node, E> {
        Ok(Node::Leaf(v.into()))
    }

    fn visit_f64<E>(self, v: f64) -> Result<Node, E> {
        Ok(Node::Leaf(v.into()))
    }

    fn visit_str<E>(self, v: &str) -> Result<Node, E> {
        Ok(Node::Leaf(v.into()))
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Leaf(Value::Null))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_given_twice_is_found_unless_both_say_the_same() {
        assert_eq!(repeated(r#"{"a":1,"b":{"c":"x","d":2,"c":"y"}}"#).as_deref(), Some("c"));
        assert_eq!(repeated(r#"{"a":1,"a":"1"}"#).as_deref(), Some("a"));
        assert_eq!(repeated(r#"{"a":null,"b":[true,{"c":1.5}],"a":null}"#), None);
        assert_eq!(repeated("{"), None);
    }
}
