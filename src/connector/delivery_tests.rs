//! Delivery into a transactional sink: what becomes visible, and with which offset.

use crate::sink::memory::{Kept, Script};
use crate::words::Lsn;
use crate::{offsets, sink};

use super::*;

const LIMIT: Limit = Limit { records: 100, bytes: 1 << 20 };
const AT_REST: Boundary = Boundary { at_rest: true, after: Duration::from_secs(3600) };

async fn delivery(script: &Script, boundary: Boundary) -> Delivery {
    let sink = Sink::open(&sink::Config::Memory(script.clone()), "test").await.unwrap();
    Delivery::new(sink, Store::of_topic("offsets"), LIMIT, boundary, Arc::default())
}

fn send(delivery: &mut Delivery, number: u64) {
    let value = number.to_string();
    let record =
        Record { topic: "t", partition: None, key: None, value: Some(value.as_bytes()), headers: &[], timestamp: None };
    delivery.take(&record).unwrap();
}

fn at(lsn: u64) -> Offset {
    Offset { lsn: Lsn(lsn), ours: true, ..Offset::default() }
}

/// The numbers sent, and for an offset its LSN below zero.
fn told(records: &[Kept]) -> Vec<i64> {
    let number = |record: &Kept| {
        let value = record.value.as_deref().unwrap();
        match record.topic.as_str() {
            "offsets" => -i64::try_from(offsets::Offset::decode(value).unwrap().lsn.0).unwrap(),
            _ => str::from_utf8(value).unwrap().parse().unwrap(),
        }
    };
    records.iter().map(number).collect()
}

#[tokio::test]
async fn records_and_their_offset_become_visible_together() {
    let script = Script::transactional();
    let mut delivery = delivery(&script, AT_REST).await;
    send(&mut delivery, 1);
    delivery.mark(at(1)).unwrap();
    send(&mut delivery, 2);
    delivery.rest().unwrap();
    assert_eq!(told(&script.records()), [1, 2], "no position covers the second record yet");
    delivery.mark(at(2)).unwrap();
    delivery.rest().unwrap();
    assert_eq!(delivery.settle().unwrap(), None);
    assert_eq!(delivery.settle().unwrap(), Some(at(2)), "told only when it is committed");
    assert_eq!(told(&script.committed()), [1, 2, -2]);
}

#[tokio::test]
async fn what_comes_while_a_transaction_ends_goes_into_the_next() {
    let script = Script::transactional();
    let mut delivery = delivery(&script, AT_REST).await;
    script.hold();
    send(&mut delivery, 1);
    delivery.mark(at(1)).unwrap();
    delivery.rest().unwrap();
    send(&mut delivery, 2);
    delivery.mark(at(2)).unwrap();
    assert!(delivery.has_room());
    delivery.rest().unwrap();
    delivery.settle().unwrap();
    assert_eq!(told(&script.records()), [1, -1]);
    script.acknowledge(1);
    assert_eq!(delivery.settle().unwrap(), None, "the offset's own receipt is missing");
    script.acknowledge(1);
    assert_eq!(delivery.settle().unwrap(), None, "the commit's receipt is missing");
    script.release();
    assert_eq!(delivery.settle().unwrap(), Some(at(1)));
    assert_eq!(told(&script.committed()), [1, -1]);
    delivery.rest().unwrap();
    delivery.settle().unwrap();
    assert_eq!(delivery.settle().unwrap(), Some(at(2)));
    assert_eq!(told(&script.committed()), [1, -1, 2, -2]);
}

#[test]
fn a_large_transaction_lasts_ten_times_as_long_as_the_last_commit_took() {
    let boundary = Boundary { at_rest: true, after: Duration::from_millis(500) };
    for (took, lasts) in [(0, 200), (30, 300), (3_000, 500), (1, 200)] {
        assert_eq!(boundary.worthwhile(Duration::from_millis(took)), Duration::from_millis(lasts), "{took} ms");
    }
}

#[tokio::test]
async fn a_position_without_records_is_committed_by_the_tick_alone() {
    let script = Script::transactional();
    let mut delivery = delivery(&script, AT_REST).await;
    delivery.mark(at(7)).unwrap();
    delivery.rest().unwrap();
    assert!(script.records().is_empty());
    delivery.tick().unwrap();
    delivery.settle().unwrap();
    assert_eq!(delivery.settle().unwrap(), Some(at(7)));
    delivery.tick().unwrap();
    assert_eq!(told(&script.records()), [-7], "no empty transaction");
}

#[tokio::test]
async fn an_interval_is_waited_for_unless_it_is_over() {
    let script = Script::transactional();
    let mut delivery = delivery(&script, Boundary { at_rest: false, after: Duration::from_secs(3600) }).await;
    send(&mut delivery, 1);
    delivery.mark(at(1)).unwrap();
    delivery.rest().unwrap();
    delivery.tick().unwrap();
    assert_eq!(told(&script.records()), [1]);
    delivery.set_boundary(Boundary { at_rest: false, after: Duration::ZERO });
    send(&mut delivery, 2);
    delivery.mark(at(2)).unwrap();
    assert_eq!(told(&script.records()), [1, 2, -2]);
}

#[tokio::test]
async fn a_heartbeat_is_covered_by_the_position_before_it() {
    let script = Script::transactional();
    let mut delivery = delivery(&script, AT_REST).await;
    delivery.mark(at(5)).unwrap();
    delivery.drain().await.unwrap();
    send(&mut delivery, 1);
    delivery.mark_again().unwrap();
    assert_eq!(delivery.drain().await.unwrap(), Some(at(5)));
    assert_eq!(told(&script.committed()), [-5, 1, -5]);
}

#[tokio::test]
async fn what_no_position_covers_is_never_committed() {
    let script = Script::transactional();
    let mut delivery = delivery(&script, AT_REST).await;
    send(&mut delivery, 1);
    delivery.mark(at(1)).unwrap();
    delivery.drain().await.unwrap();
    send(&mut delivery, 2);
    assert_eq!(delivery.drain().await.unwrap(), None);
    drop(delivery);
    assert_eq!(told(&script.committed()), [1, -1]);
}

#[tokio::test]
async fn a_failed_receipt_fails_the_transaction() {
    let script = Script::transactional();
    let mut delivery = delivery(&script, AT_REST).await;
    script.fail_next(SinkError::Closed);
    send(&mut delivery, 1);
    delivery.mark(at(1)).unwrap();
    delivery.rest().unwrap();
    assert!(delivery.settle().is_err());
    assert!(script.committed().is_empty());
}
