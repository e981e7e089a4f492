//! One stored position and its JSON, as `io.debezium.connector.postgresql.PostgresOffsetContext` writes and reads it.
//!
//! | stored when | lsn | lsn_proc | lsn_commit | messageType | slot confirmed to |
//! |---|---|---|---|---|---|
//! | slice inside a transaction | E | E | C | op of E | C |
//! | transaction complete | end | end | end | COMMIT | end |
//! | non-transactional message at M | M | M | M | MESSAGE | M |
//! | keepalive K | K | K | C | COMMIT | K |
//! | snapshot | consistent point | absent | absent | absent | nothing |
//!
//! C is the end of the last completed transaction, E the last row event delivered inside the open one.

use serde_json::{Map, Value};

use super::OffsetError;
use super::key::quote;
use crate::words::Lsn;

#[derive(Clone, Debug, PartialEq, Default)]
pub struct Offset {
    pub lsn: Lsn,
    /// `lsn_proc`
    pub proc: Option<Lsn>,
    /// `lsn_commit`
    pub commit: Option<Lsn>,
    pub message: Option<MessageType>,
    /// `txId`
    pub xid: Option<i64>,
    pub ts_usec: Option<i64>,
    pub snapshot: Option<Snapshot>,
    /// Transaction metadata of the transaction we are in.
    pub transaction: Option<TransactionOrders>,
    /// Written by walcast (`walcast_v` is there): its promises about slices hold.
    pub ours: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageType {
    Begin,
    Commit,
    Insert,
    Update,
    Delete,
    Truncate,
    Message,
}

/// The snapshot this position belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// `INITIAL`, `BLOCKING`
    pub kind: String,
    pub completed: bool,
    pub last_record: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct TransactionOrders {
    pub id: String,
    /// Events so far by `schema.table`.
    pub orders: Vec<(String, i64)>,
}

const ORDER: &str = "transaction_data_collection_order_";
/// A key that Debezium makes from a Java object's identity by mistake.
const NO_TABLE: &str = "$LogicalDecodingMessageId@";

impl Offset {
    /// A flat object without nulls, keys in the order of the recordings.
    pub fn encode(&self) -> Vec<u8> {
        let mut object = Object::new();
        if let Some(snapshot) = &self.snapshot {
            object.bool("last_snapshot_record", snapshot.last_record);
        }
        if let Some(transaction) = &self.transaction {
            object.text("transaction_id", &transaction.id);
        }
        object.number("lsn_proc", self.proc.map(|lsn| lsn.0));
        for (table, order) in self.transaction.iter().flat_map(|transaction| &transaction.orders) {
            object.number(&format!("{ORDER}{table}"), Some(*order));
        }
        if let Some(message) = self.message {
            object.text("messageType", message.name());
        }
        object.number("lsn_commit", self.commit.map(|lsn| lsn.0));
        object.number("lsn", Some(self.lsn.0));
        object.number("txId", self.xid);
        object.number("ts_usec", self.ts_usec);
        if let Some(snapshot) = &self.snapshot {
            object.text("snapshot", &snapshot.kind);
            object.bool("snapshot_completed", snapshot.completed);
        }
        if self.ours {
            object.number("walcast_v", Some(1));
        }
        object.close()
    }

    /// Reads what Debezium 2 and 3 and walcast write. Nulls are absent; unknown keys are passed over.
    pub fn decode(json: &[u8]) -> Result<Self, OffsetError> {
        let fields: Map<String, Value> =
            serde_json::from_slice(json).map_err(|error| OffsetError::NotAnOffset { why: error.to_string() })?;
        // Connect discards such an offset, and Debezium would begin anew.
        if fields.values().any(|value| value.is_array() || value.is_object()) {
            return Err(OffsetError::NotAnOffset { why: "it holds a nested value".to_owned() });
        }
        Ok(Self {
            lsn: lsn(&fields, "lsn")?.ok_or(OffsetError::Field { field: "lsn" })?,
            proc: lsn(&fields, "lsn_proc")?,
            commit: lsn(&fields, "lsn_commit")?,
            message: fields.get("messageType").and_then(Value::as_str).and_then(MessageType::named),
            xid: number(&fields, "txId")?,
            ts_usec: number(&fields, "ts_usec")?,
            snapshot: snapshot(&fields),
            transaction: transaction(&fields),
            ours: fields.get("walcast_v").is_some_and(|version| !version.is_null()),
        })
    }

    /// Where reading starts.
    pub fn start(&self) -> Lsn {
        let position = match self.message {
            Some(MessageType::Commit) => self.proc.or(self.commit),
            _ => self.commit.or(self.proc),
        };
        position.unwrap_or(self.lsn)
    }

    /// What the slot may be told once this is stored: everything before it is safe. Nothing during a snapshot.
    pub fn confirmable(&self) -> Option<Lsn> {
        match (&self.snapshot, self.message) {
            (Some(_), _) => None,
            (None, Some(MessageType::Commit)) => self.proc.or(self.commit),
            (None, _) => self.commit.or(self.proc),
        }
    }

    pub fn snapshot_unfinished(&self) -> bool {
        self.snapshot.as_ref().is_some_and(|snapshot| !snapshot.completed)
    }
}

impl MessageType {
    const ALL: [Self; 7] =
        [Self::Begin, Self::Commit, Self::Insert, Self::Update, Self::Delete, Self::Truncate, Self::Message];

    pub fn name(self) -> &'static str {
        match self {
            Self::Begin => "BEGIN",
            Self::Commit => "COMMIT",
            Self::Insert => "INSERT",
            Self::Update => "UPDATE",
            Self::Delete => "DELETE",
            Self::Truncate => "TRUNCATE",
            Self::Message => "MESSAGE",
        }
    }

    /// Other names count as absent: then nothing is skipped, which repeats at worst.
    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|message| message.name() == name)
    }
}

fn lsn(fields: &Map<String, Value>, field: &'static str) -> Result<Option<Lsn>, OffsetError> {
    let number = number(fields, field)?;
    number.map(|n| u64::try_from(n).map(Lsn).map_err(|_| OffsetError::Field { field })).transpose()
}

fn number(fields: &Map<String, Value>, field: &'static str) -> Result<Option<i64>, OffsetError> {
    match fields.get(field) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => value.as_i64().map(Some).ok_or(OffsetError::Field { field }),
    }
}

fn snapshot(fields: &Map<String, Value>) -> Option<Snapshot> {
    let kind = match fields.get("snapshot")? {
        // Debezium before 3.0.
        Value::Bool(true) => "INITIAL",
        Value::String(kind) if kind.eq_ignore_ascii_case("true") => "INITIAL",
        Value::String(kind) if !kind.eq_ignore_ascii_case("false") => kind,
        _ => return None,
    };
    let flag = |name: &str| fields.get(name).and_then(Value::as_bool);
    let last_record = flag("last_snapshot_record").unwrap_or(false);
    let completed = flag("snapshot_completed").unwrap_or(last_record);
    Some(Snapshot { kind: kind.to_owned(), completed, last_record })
}

fn transaction(fields: &Map<String, Value>) -> Option<TransactionOrders> {
    let id = match fields.get("transaction_id")? {
        Value::String(id) => id.clone(),
        Value::Number(id) => id.to_string(),
        _ => return None,
    };
    let order = |(name, value): (&String, &Value)| {
        let table = name.strip_prefix(ORDER).filter(|table| !table.contains(NO_TABLE))?;
        Some((table.to_owned(), value.as_i64()?))
    };
    Some(TransactionOrders { id, orders: fields.iter().filter_map(order).collect() })
}

/// A JSON object in the making.
struct Object(Vec<u8>);

impl Object {
    fn new() -> Self {
        Self(b"{".to_vec())
    }

    fn name(&mut self, name: &str) {
        if self.0.len() > 1 {
            self.0.push(b',');
        }
        quote(name, &mut self.0);
        self.0.push(b':');
    }

    fn text(&mut self, name: &str, value: &str) {
        self.name(name);
        quote(value, &mut self.0);
    }

    fn bool(&mut self, name: &str, value: bool) {
        self.name(name);
        self.0.extend_from_slice(if value { b"true" } else { b"false" });
    }

    fn number(&mut self, name: &str, value: Option<impl ToString>) {
        if let Some(value) = value {
            self.name(name);
            self.0.extend_from_slice(value.to_string().as_bytes());
        }
    }

    fn close(mut self) -> Vec<u8> {
        self.0.push(b'}');
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As Connect 4.3.1 with Debezium 3.6.1 stored them, one line each.
    const RECORDED: [&str; 6] = [
        r#"{"last_snapshot_record":false,"lsn":5724906616,"txId":82729,"ts_usec":1795209205354420,"snapshot":"INITIAL","snapshot_completed":false}"#,
        r#"{"last_snapshot_record":true,"lsn":5724906616,"txId":82729,"ts_usec":1795209205354420,"snapshot":"INITIAL","snapshot_completed":true}"#,
        r#"{"lsn_proc":5729305752,"messageType":"INSERT","lsn":5729305752,"txId":82743,"ts_usec":1795209222902472}"#,
        r#"{"lsn_proc":5729312736,"messageType":"UPDATE","lsn_commit":5729312480,"lsn":5729312736,"txId":82744,"ts_usec":1795209225908188}"#,
        r#"{"lsn_proc":5733766424,"messageType":"MESSAGE","lsn_commit":5733766424,"lsn":5733767296,"txId":82755,"ts_usec":1795209231432848}"#,
        r#"{"transaction_id":"82756","lsn_proc":5733774488,"transaction_data_collection_order_public.item":2,"messageType":"COMMIT","lsn_commit":5733774488,"lsn":5733774488,"txId":82756,"ts_usec":1795209250233195}"#,
    ];

    fn decode(json: &str) -> Offset {
        Offset::decode(json.as_bytes()).unwrap()
    }

    #[test]
    fn recorded_offsets_are_written_again_byte_for_byte() {
        for json in RECORDED {
            assert_eq!(String::from_utf8(decode(json).encode()).unwrap(), json);
        }
    }

    #[test]
    fn reading_starts_and_the_slot_is_confirmed_by_the_table() {
        let facts = |json| (decode(json).start().0, decode(json).confirmable().map(|lsn| lsn.0));
        assert_eq!(facts(RECORDED[0]), (5_724_906_616, None));
        assert_eq!(facts(RECORDED[2]), (5_729_305_752, Some(5_729_305_752)));
        assert_eq!(facts(RECORDED[3]), (5_729_312_480, Some(5_729_312_480)));
        assert_eq!(facts(RECORDED[4]), (5_733_766_424, Some(5_733_766_424)));
        assert_eq!(facts(RECORDED[5]), (5_733_774_488, Some(5_733_774_488)));
        let keepalive = r#"{"lsn_proc":900,"messageType":"COMMIT","lsn_commit":500,"lsn":900,"walcast_v":1}"#;
        assert_eq!(facts(keepalive), (900, Some(900)));
    }

    #[test]
    fn only_an_interrupted_snapshot_is_unfinished() {
        let unfinished: Vec<_> = RECORDED.iter().map(|json| decode(json).snapshot_unfinished()).collect();
        assert_eq!(unfinished, [true, false, false, false, false, false]);
    }

    #[test]
    fn offsets_of_debezium_2_are_understood() {
        let during = decode(r#"{"last_snapshot_record":false,"lsn":7,"txId":1,"ts_usec":2,"snapshot":true}"#);
        assert!(during.snapshot_unfinished());
        assert_eq!(during.snapshot.unwrap().kind, "INITIAL");
        assert!(!decode(r#"{"last_snapshot_record":true,"lsn":7,"snapshot":true}"#).snapshot_unfinished());
        let streaming = decode(
            r#"{"transaction_id":null,"lsn_proc":9,"messageType":"INSERT","lsn_commit":8,"lsn":9,"txId":771,"ts_usec":3,"lsn_events_processed":1,"xmin":5}"#,
        );
        assert_eq!((streaming.transaction.as_ref(), streaming.start()), (None, Lsn(8)));
        assert!(decode(r#"{"lsn":7,"snapshot":false,"snapshot_completed":null}"#).snapshot.is_none());
    }

    #[test]
    fn what_a_java_identity_left_behind_is_passed_over() {
        let json = format!(
            r#"{{"transaction_id":"5","{ORDER}io.debezium.connector.postgresql.LogicalDecodingMessageMonitor{NO_TABLE}a00ddcf":1,"{ORDER}public.\"a\"":3,"lsn":7,"messageType":"NOOP"}}"#
        );
        let offset = decode(&json);
        assert_eq!(offset.transaction.unwrap().orders, [("public.\"a\"".to_owned(), 3)]);
        assert_eq!(offset.message, None);
    }

    #[test]
    fn our_mark_survives() {
        let ours = Offset { lsn: Lsn(1), ours: true, ..Offset::default() };
        assert_eq!(ours.encode(), br#"{"lsn":1,"walcast_v":1}"#);
        assert_eq!(Offset::decode(&ours.encode()).unwrap(), ours);
    }

    #[test]
    fn anything_else_is_refused_with_the_field() {
        for (json, part) in [
            ("", "not a flat JSON object"),
            ("[]", "not a flat JSON object"),
            ("{}", "lsn"),
            (r#"{"lsn":null}"#, "lsn"),
            (r#"{"lsn":-1}"#, "lsn"),
            (r#"{"lsn":1.5}"#, "lsn"),
            (r#"{"lsn":1,"lsn_proc":"2"}"#, "lsn_proc"),
            (r#"{"lsn":1,"nested":{}}"#, "nested"),
        ] {
            let error = Offset::decode(json.as_bytes()).unwrap_err().to_string();
            assert!(error.contains(part), "{json}: {error}");
        }
    }
}
