//! What a record says of a row: its table, its key, and the row, of which only hashes are kept.

use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::{Map, Value};

use crate::words::Lsn;

/// The name and the value of a field, hashed. A value of [`UNAVAILABLE`] is one that the record does not hold.
pub(super) type Row = Vec<(u64, u64)>;
pub(super) const UNAVAILABLE: u64 = 0;

/// What a record does to the state of its table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Effect {
    Put(Row),
    Delete,
    /// A null value.
    Tombstone,
    /// Every row of the table.
    Truncate,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Said {
    /// `schema.table`, if the record tells.
    pub(super) collection: Option<String>,
    /// As canonical JSON; empty when there is none.
    pub(super) key: String,
    pub(super) effect: Effect,
    /// Zero if the record does not tell.
    pub(super) lsn: Lsn,
    /// The transaction that was streamed; none for rows of a snapshot, and if the record does not tell.
    pub(super) xid: Option<u32>,
}

/// How this connector's records are to be read.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    /// A schema lies beside the payload of keys, of values.
    schemas: (bool, bool),
    unwrapped: bool,
    /// Fields that the transform added: they say nothing of the row.
    added: Vec<String>,
    /// Hashes of what stands for a value that is not known.
    placeholders: Vec<u64>,
}

impl Reading {
    /// `added`: of records that are rows.
    pub(super) fn new(schemas: (bool, bool), added: Option<Vec<String>>, unavailable: &[u8]) -> Self {
        let text = String::from_utf8_lossy(unavailable).into_owned();
        let hex: String = unavailable.iter().map(|byte| format!("{byte:02x}")).collect();
        let base64 = openssl::base64::encode_block(unavailable);
        let url_safe = base64.replace('+', "-").replace('/', "_");
        let scalars = [text, hex, base64, url_safe].map(Value::String);
        let arrays = scalars.clone().map(|value| Value::Array(vec![value]));
        let map = scalars
            .first()
            .and_then(Value::as_str)
            .map(|text| Value::Object(Map::from_iter([(text.to_owned(), Value::String(text.to_owned()))])));
        let placeholders = scalars.iter().chain(&arrays).chain(&map).map(hash_of).collect();
        Self { schemas, unwrapped: added.is_some(), added: added.unwrap_or_default(), placeholders }
    }

    /// `None`: not a record of a row.
    pub(super) fn read(&self, key: Option<&[u8]>, value: Option<&[u8]>) -> Option<Said> {
        let key = match key {
            None => String::new(),
            Some(bytes) => payload(bytes, self.schemas.0)?.to_string(),
        };
        let silent = |key, effect| Said { collection: None, key, effect, lsn: Lsn::ZERO, xid: None };
        let Some(value) = value else { return Some(silent(key, Effect::Tombstone)) };
        match payload(value, self.schemas.1)? {
            Value::Null => Some(silent(key, Effect::Tombstone)),
            Value::Object(row) if self.unwrapped => Some(silent(key, self.row_alone(&row))),
            Value::Object(envelope) => self.enveloped(key, &envelope),
            _ => None,
        }
    }

    fn enveloped(&self, key: String, envelope: &Map<String, Value>) -> Option<Said> {
        let source = envelope.get("source")?;
        let text = |name: &str| source.get(name).and_then(Value::as_str);
        let number = |name: &str| source.get(name).and_then(Value::as_i64);
        let op = envelope.get("op").and_then(Value::as_str)?;
        let effect = match (op, envelope.get("after")) {
            ("c" | "u" | "r", Some(Value::Object(row))) => Effect::Put(self.row(row)),
            ("d", _) => Effect::Delete,
            ("t", _) => Effect::Truncate,
            _ => return None,
        };
        let xid = number("txId").filter(|_| op != "r").and_then(|xid| u32::try_from(xid & 0xFFFF_FFFF).ok());
        Some(Said {
            collection: Some(format!("{}.{}", text("schema")?, text("table")?)),
            key,
            effect,
            lsn: Lsn(number("lsn").and_then(|lsn| u64::try_from(lsn).ok()).unwrap_or_default()),
            xid,
        })
    }

    fn row_alone(&self, row: &Map<String, Value>) -> Effect {
        let gone = row.get("__deleted").and_then(Value::as_str) == Some("true");
        if gone { Effect::Delete } else { Effect::Put(self.row(row)) }
    }

    fn row(&self, row: &Map<String, Value>) -> Row {
        let told = |name: &str| !(self.unwrapped && (name == "__deleted" || self.added.iter().any(|a| a == name)));
        let field = |(name, value): (&String, &Value)| {
            let value = hash_of(value);
            (hash_of(name), if self.placeholders.contains(&value) { UNAVAILABLE } else { value })
        };
        row.iter().filter(|(name, _)| told(name)).map(field).collect()
    }
}

fn payload(json: &[u8], schema_beside: bool) -> Option<Value> {
    let mut value: Value = serde_json::from_slice(json).ok()?;
    if schema_beside { Some(value.get_mut("payload")?.take()) } else { Some(value) }
}

/// Never [`UNAVAILABLE`].
fn hash_of<T: ToString + ?Sized>(value: &T) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.to_string().hash(&mut hasher);
    hasher.finish().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reading() -> Reading {
        Reading::new((false, false), None, b"__debezium_unavailable_value")
    }

    fn said(value: &str) -> Option<Said> {
        reading().read(Some(br#"{"id":1}"#), Some(value.as_bytes()))
    }

    #[test]
    fn an_envelope_tells_table_place_and_row() {
        let value = r#"{"before":null,"after":{"id":1,"t":"x"},"op":"u",
            "source":{"schema":"s","table":"t","txId":4294967303,"lsn":9}}"#;
        let said = said(value).unwrap();
        assert_eq!((said.collection.as_deref(), said.key.as_str()), (Some("s.t"), r#"{"id":1}"#));
        assert_eq!((said.xid, said.lsn), (Some(7), Lsn(9)));
        let Effect::Put(row) = said.effect else { panic!("{said:?}") };
        assert_eq!(row, [(hash_of("id"), hash_of("1")), (hash_of("t"), hash_of("\"x\""))]);
    }

    #[test]
    fn schemas_beside_the_payload_change_nothing() {
        let bare = r#"{"after":{"id":1},"op":"c","source":{"schema":"s","table":"t","txId":1,"lsn":1}}"#;
        let with = format!(r#"{{"schema":{{"type":"struct"}},"payload":{bare}}}"#);
        let reading = Reading { schemas: (true, true), ..reading() };
        let key = br#"{"schema":{"type":"struct"},"payload":{"id":1}}"#;
        assert_eq!(reading.read(Some(key), Some(with.as_bytes())), said(bare));
        let null = reading.read(Some(key), Some(br#"{"schema":{},"payload":null}"#));
        assert_eq!(null.unwrap().effect, Effect::Tombstone);
    }

    #[test]
    fn a_value_that_is_not_known_is_none() {
        for unknown in [
            r#""__debezium_unavailable_value""#,
            r#"["__debezium_unavailable_value"]"#,
            r#""X19kZWJleml1bV91bmF2YWlsYWJsZV92YWx1ZQ==""#,
        ] {
            let value = format!(
                r#"{{"after":{{"t":{unknown}}},"op":"u","source":{{"schema":"s","table":"t","txId":1,"lsn":1}}}}"#
            );
            let Effect::Put(row) = said(&value).unwrap().effect else { panic!() };
            assert_eq!(row, [(hash_of("t"), UNAVAILABLE)], "{unknown}");
        }
    }

    #[test]
    fn a_row_alone_is_read_without_what_was_added() {
        let reading = Reading::new((false, false), Some(vec!["__op".to_owned()]), b"?");
        let read = |value: &[u8]| reading.read(Some(b"1"), Some(value)).unwrap().effect;
        let Effect::Put(row) = read(br#"{"id":1,"__op":"u","__deleted":"false"}"#) else { panic!() };
        assert_eq!(row.len(), 1);
        assert_eq!(read(br#"{"id":1,"__op":"d","__deleted":"true"}"#), Effect::Delete);
    }

    #[test]
    fn what_is_no_change_of_a_row_is_passed_over() {
        for other in ["[]", "7", r#"{"status":"BEGIN"}"#, r#"{"op":"m","source":{}}"#, "not JSON"] {
            assert_eq!(said(other), None, "{other}");
        }
    }
}
