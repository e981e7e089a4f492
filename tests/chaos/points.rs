//! The moments at which a kill could hurt, by the message that walcast sends or hears just then.

use crate::dialect::{Api, Sight};

/// What becomes of the message itself. Nothing after it gets through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pass {
    Hold,
    Forward,
}

pub struct Point {
    pub name: &'static str,
    /// The second argument: the stream has begun.
    pub matches: fn(Sight, bool) -> bool,
    pub pass: Pass,
    /// Happens only with exactly-once delivery.
    pub transactional: bool,
    /// Happens before the stream: armed before the start.
    pub early: bool,
    /// The nth such message, up to this, is the one.
    pub upto: u32,
}

const fn point(name: &'static str, matches: fn(Sight, bool) -> bool, pass: Pass) -> Point {
    Point { name, matches, pass, transactional: false, early: false, upto: 12 }
}

const fn early(name: &'static str, matches: fn(Sight, bool) -> bool, pass: Pass, upto: u32) -> Point {
    Point { early: true, upto, ..point(name, matches, pass) }
}

const fn transactional(name: &'static str, matches: fn(Sight, bool) -> bool, pass: Pass) -> Point {
    Point { transactional: true, ..point(name, matches, pass) }
}

use Pass::{Forward, Hold};

#[rustfmt::skip]
pub static POINTS: &[Point] = &[
    early("before the producer is known", |s, _| s == Sight::Request(Api::InitProducerId), Hold, 1),
    early("after the producer is known", |s, _| s == Sight::Response(Api::InitProducerId), Forward, 1),
    early("slot creation sent", |s, _| s == Sight::CreateSlot, Forward, 1),
    early("slot creation answered", |s, _| s == Sight::SlotCreated, Forward, 1),
    early("snapshot chunk", |s, _| s == Sight::SnapshotRow, Forward, 1500),
    early("snapshot record before send", |s, _| s == Sight::Request(Api::ProduceChange), Hold, 3),
    early("snapshot record after send", |s, _| s == Sight::Response(Api::ProduceChange), Hold, 3),
    early("offset of the snapshot before store", |s, _| s == Sight::Request(Api::ProduceOffset), Hold, 2),
    early("offset of the snapshot after store", |s, _| s == Sight::Response(Api::ProduceOffset), Hold, 2),
    early("stream requested", |s, _| s == Sight::StartReplication, Forward, 1),
    early("first record after the snapshot, before send", |s, streaming| streaming && s == Sight::Request(Api::ProduceChange), Hold, 1),
    early("first record after the snapshot, acknowledged", |s, streaming| streaming && s == Sight::Response(Api::ProduceChange), Forward, 1),
    point("record before send", |s, _| s == Sight::Request(Api::ProduceChange), Hold),
    point("record after send", |s, _| s == Sight::Response(Api::ProduceChange), Hold),
    point("record acknowledged", |s, _| s == Sight::Response(Api::ProduceChange), Forward),
    Point { upto: 2, ..point("offset before store", |s, _| s == Sight::Request(Api::ProduceOffset), Hold) },
    Point { upto: 2, ..point("offset after store", |s, _| s == Sight::Response(Api::ProduceOffset), Hold) },
    Point { upto: 2, ..point("offset stored", |s, _| s == Sight::Response(Api::ProduceOffset), Forward) },
    Point { upto: 2, ..point("slot before confirm", |s, _| s == Sight::Confirm, Hold) },
    Point { upto: 2, ..point("slot after confirm", |s, _| s == Sight::Confirm, Forward) },
    transactional("partition before it joins the transaction", |s, _| s == Sight::Request(Api::AddPartitionsToTxn), Hold),
    transactional("partition after it joins the transaction", |s, _| s == Sight::Response(Api::AddPartitionsToTxn), Hold),
    transactional("transaction before commit", |s, _| s == Sight::Request(Api::EndTxn), Hold),
    transactional("transaction after commit", |s, _| s == Sight::Response(Api::EndTxn), Hold),
    transactional("transaction committed", |s, _| s == Sight::Response(Api::EndTxn), Forward),
];
