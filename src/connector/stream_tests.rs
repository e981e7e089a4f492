//! The stream, driven by bytes as the server sends them, into a scripted sink.

use crate::connector::delivery::Boundary;
use crate::connector::ledger::Limit;
use crate::connector::plan::Skip;
use crate::connector::table::Blueprint;
use crate::connector::tables::{Learned, Tables};
use crate::converter;
use crate::debezium::{self, Types};
use crate::offsets::{self, MessageType, Offset, Opening};
use crate::sink::{self, Sink, memory::Script};
use crate::words::Lsn;
use crate::words::table::{PgType, PgTypeKind};

use super::*;

const BOUNDARY: Boundary = Boundary { at_rest: true, after: std::time::Duration::from_secs(60) };

/// `shop.item (id int4 primary key, name text)` under the default identity.
const RELATION: u32 = 42;

struct Message(Vec<u8>);

impl Message {
    fn new(kind: u8) -> Self {
        Self(vec![kind])
    }

    fn put(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn text(self, text: &str) -> Self {
        self.put(text.as_bytes()).put(&[0])
    }

    fn tuple(mut self, kind: u8, cells: &[Option<&str>]) -> Self {
        self = self.put(&[kind]).put(&u16::try_from(cells.len()).unwrap().to_be_bytes());
        for cell in cells {
            self = match cell {
                None => self.put(b"n"),
                Some(text) => {
                    self.put(b"t").put(&u32::try_from(text.len()).unwrap().to_be_bytes()).put(text.as_bytes())
                }
            };
        }
        self
    }
}

fn relation() -> Vec<u8> {
    Message::new(b'R')
        .put(&RELATION.to_be_bytes())
        .text("shop")
        .text("item")
        .put(b"d")
        .put(&2u16.to_be_bytes())
        .put(&[1])
        .text("id")
        .put(&23u32.to_be_bytes())
        .put(&(-1i32).to_be_bytes())
        .put(&[0])
        .text("name")
        .put(&25u32.to_be_bytes())
        .put(&(-1i32).to_be_bytes())
        .0
}

fn begin(xid: u32) -> Vec<u8> {
    Message::new(b'B').put(&[0; 16]).put(&xid.to_be_bytes()).0
}

fn commit(end: u64) -> Vec<u8> {
    Message::new(b'C').put(&[0]).put(&[0; 8]).put(&end.to_be_bytes()).put(&[0; 8]).0
}

fn insert(id: &str, name: &str) -> Vec<u8> {
    Message::new(b'I').put(&RELATION.to_be_bytes()).tuple(b'N', &[Some(id), Some(name)]).0
}

fn rename(old_id: &str, id: &str, name: &str) -> Vec<u8> {
    let message = Message::new(b'U').put(&RELATION.to_be_bytes()).tuple(b'K', &[Some(old_id), None]);
    message.tuple(b'N', &[Some(id), Some(name)]).0
}

fn delete(id: &str) -> Vec<u8> {
    Message::new(b'D').put(&RELATION.to_be_bytes()).tuple(b'K', &[Some(id), None]).0
}

fn logical(transactional: bool, lsn: u64, content: &str) -> Vec<u8> {
    let length = u32::try_from(content.len()).unwrap().to_be_bytes();
    let message = Message::new(b'M').put(&[u8::from(transactional)]).put(&lsn.to_be_bytes()).text("p");
    message.put(&length).put(content.as_bytes()).0
}

struct Rig {
    stream: Stream,
    script: Script,
    folder: std::path::PathBuf,
}

impl Drop for Rig {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

async fn rig(skip: Option<Skip>) -> Rig {
    let script = Script::new();
    let folder = std::env::temp_dir().join(format!("walcast-{}", uuid::Uuid::new_v4()));
    std::fs::create_dir(&folder).unwrap();
    let sink = Sink::open(&sink::Config::Memory(script.clone()), "test").await.unwrap();
    let offsets = offsets::Config::File(folder.join("offsets.json"));
    let (store, _) = Opening::prepare(&offsets, "c", "p").await.unwrap().read().await.unwrap();
    let bare = converter::Config::Json(converter::JsonConfig { schemas: false, ..Default::default() });
    let blueprint = Blueprint {
        config: debezium::Config::new("p", "db"),
        key_converter: bare.clone(),
        value_converter: bare,
        header_converter: converter::HeaderConfig::Simple,
        unwrap: None,
        meters: Arc::default(),
    };
    let base = |oid, name: &str| PgType {
        oid,
        schema: "pg_catalog".to_owned(),
        name: name.to_owned(),
        delimiter: ',',
        kind: PgTypeKind::Base,
    };
    let types = Types::new([base(23, "int4"), base(25, "text")]);
    let delivery = Delivery::new(sink, store, Limit { records: 1000, bytes: 1 << 20 }, BOUNDARY, Arc::default());
    let mut stream = Stream::new(Tables::new(blueprint, types), delivery, "run", Lsn(100), skip);
    let Ok(Taken::Errand(relation)) = stream.take(Lsn::ZERO, &relation()) else {
        panic!("a new relation needs an errand")
    };
    stream.tables.learn(Learned::without_catalog(relation));
    Rig { stream, script, folder }
}

impl Rig {
    fn take(&mut self, lsn: u64, payload: &[u8]) {
        assert!(matches!(self.stream.take(Lsn(lsn), payload), Ok(Taken::Done)));
    }

    /// Keys, and operations (`-` for a tombstone), of what was sent.
    fn sent(&self) -> Vec<(String, String)> {
        let text = |bytes: Option<Vec<u8>>| String::from_utf8(bytes.unwrap_or_default()).unwrap();
        self.script
            .records()
            .into_iter()
            .map(|record| {
                let value = text(record.value);
                let op = value.split_once("\"op\":\"").map_or("-", |(_, rest)| &rest[..1]).to_owned();
                (text(record.key), op)
            })
            .collect()
    }

    async fn stored(&mut self) -> Option<Offset> {
        self.stream.delivery.drain().await.unwrap()
    }
}

fn pair(key: u32, op: &str) -> (String, String) {
    (format!("{{\"id\":{key}}}"), op.to_owned())
}

#[tokio::test]
async fn a_key_change_is_delete_tombstone_and_create() {
    let mut rig = rig(None).await;
    rig.take(110, &begin(7));
    rig.take(110, &rename("1", "2", "x"));
    rig.take(120, &commit(130));
    assert_eq!(rig.sent(), [pair(1, "d"), pair(1, "-"), pair(2, "c")]);
    let records = rig.script.records();
    assert_eq!(records[0].headers[0], ("__debezium.newkey".to_owned(), Some(b"{\"id\":2}".to_vec())));
    assert_eq!(records[1].headers, records[0].headers);
    assert_eq!(records[2].headers[0], ("__debezium.oldkey".to_owned(), Some(b"{\"id\":1}".to_vec())));
}

#[tokio::test]
async fn a_finished_transaction_stores_its_end() {
    let mut rig = rig(None).await;
    rig.take(110, &begin(7));
    rig.take(110, &insert("1", "a"));
    rig.take(115, &delete("1"));
    rig.take(120, &commit(130));
    let offset = rig.stored().await.unwrap();
    assert_eq!((offset.lsn, offset.proc, offset.commit), (Lsn(130), Some(Lsn(130)), Some(Lsn(130))));
    assert_eq!(
        (offset.message, offset.xid, offset.confirmable()),
        (Some(MessageType::Commit), Some(7), Some(Lsn(130)))
    );
}

#[tokio::test]
async fn a_keepalive_counts_only_between_transactions() {
    let mut rig = rig(None).await;
    rig.stream.keepalive(Lsn(105)).unwrap();
    assert_eq!(rig.stored().await.and_then(|offset| offset.confirmable()), Some(Lsn(105)));
    rig.take(110, &begin(7));
    rig.stream.keepalive(Lsn(140)).unwrap();
    assert_eq!(rig.stored().await, None);
}

#[tokio::test]
async fn nothing_is_stored_before_its_records_are_acknowledged() {
    let mut rig = rig(None).await;
    rig.script.hold();
    rig.take(110, &begin(7));
    rig.take(110, &insert("1", "a"));
    rig.take(120, &commit(130));
    rig.stream.keepalive(Lsn(200)).unwrap();
    rig.stream.delivery.settle().unwrap();
    rig.stream.delivery.store().unwrap();
    assert!(!rig.stream.delivery.is_drained());
    rig.script.release();
    assert_eq!(rig.stored().await.map(|offset| offset.lsn), Some(Lsn(200)));
}

#[tokio::test]
async fn a_slice_ends_where_the_lsn_changes_and_confirms_only_the_last_commit() {
    let mut rig = rig(None).await;
    rig.take(110, &begin(7));
    rig.take(110, &insert("1", "a"));
    rig.take(110, &insert("2", "b"));
    rig.stream.mark_slice().unwrap();
    let offset = rig.stored().await.unwrap();
    assert_eq!((offset.lsn, offset.commit, offset.message), (Lsn(110), Some(Lsn(100)), Some(MessageType::Insert)));
    assert_eq!((offset.start(), offset.confirmable()), (Lsn(100), Some(Lsn(100))));
}

#[tokio::test]
async fn what_our_own_offset_covers_is_not_sent_again() {
    let mut rig = rig(Some(Skip { xid: 7, upto: Lsn(115), whole: true })).await;
    rig.take(110, &begin(7));
    for (lsn, id) in [(110, "1"), (115, "2"), (115, "3"), (118, "4")] {
        rig.take(lsn, &insert(id, "x"));
    }
    rig.take(120, &commit(130));
    rig.take(140, &begin(8));
    rig.take(112, &insert("5", "an older LSN in a later transaction"));
    rig.take(150, &commit(160));
    assert_eq!(rig.sent(), [pair(4, "c"), pair(5, "c")]);
}

#[tokio::test]
async fn a_foreign_offset_covers_its_event_only_when_that_stands_alone() {
    let skip = Skip { xid: 7, upto: Lsn(115), whole: false };
    let mut alone = rig(Some(skip)).await;
    alone.take(110, &begin(7));
    for (lsn, id) in [(110, "1"), (115, "2"), (118, "3")] {
        alone.take(lsn, &insert(id, "x"));
    }
    alone.take(120, &commit(130));
    assert_eq!(alone.sent(), [pair(3, "c")]);

    let mut group = rig(Some(skip)).await;
    group.take(110, &begin(7));
    for (lsn, id) in [(110, "1"), (115, "2"), (115, "3"), (118, "4")] {
        group.take(lsn, &insert(id, "x"));
    }
    group.take(120, &commit(130));
    assert_eq!(group.sent(), [pair(2, "c"), pair(3, "c"), pair(4, "c")]);
}

#[tokio::test]
async fn a_message_outside_of_transactions_is_committed_where_it_stands() {
    let mut first = rig(None).await;
    first.take(110, &logical(false, 110, "x"));
    let offset = first.stored().await.unwrap();
    assert_eq!(offset.message, Some(MessageType::Message));
    assert_eq!((offset.start(), offset.confirmable(), offset.xid), (Lsn(110), Some(Lsn(110)), None));
    let mut again = rig(None).await;
    again.stream.resume(&offset);
    again.take(110, &logical(false, 110, "x"));
    again.take(120, &logical(false, 120, "y"));
    again.take(130, &begin(7));
    again.take(130, &logical(true, 130, "z"));
    again.take(140, &commit(150));
    let sent: Vec<_> = again.script.records().into_iter().map(|record| record.value.unwrap()).collect();
    let content = |value: &Vec<u8>| String::from_utf8_lossy(value).split_once("\"content\":").unwrap().1.to_owned();
    assert_eq!(sent.iter().map(content).collect::<Vec<_>>(), ["\"eQ==\"}}", "\"eg==\"}}"]);
}

#[tokio::test]
async fn a_row_of_an_unknown_relation_is_an_error() {
    let mut rig = rig(None).await;
    rig.take(110, &begin(7));
    let stray = Message::new(b'I').put(&7u32.to_be_bytes()).tuple(b'N', &[None]).0;
    assert!(matches!(rig.stream.take(Lsn(110), &stray), Err(ConnectorError::UnknownRelation(7))));
}

#[tokio::test]
async fn a_full_sink_keeps_the_rest_of_an_event_and_stops_reading() {
    let mut rig = rig(None).await;
    rig.script.hold();
    rig.script.set_room(1);
    rig.take(110, &begin(7));
    rig.take(110, &rename("1", "2", "x"));
    assert!(!rig.stream.delivery.has_room());
    assert_eq!(rig.sent().len(), 1);
    rig.script.set_room(usize::MAX);
    rig.script.release();
    rig.take(120, &commit(130));
    rig.stored().await.unwrap();
    assert_eq!(rig.sent(), [pair(1, "d"), pair(1, "-"), pair(2, "c")]);
}
