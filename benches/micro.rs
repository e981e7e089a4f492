//! The parts of the way from a frame to a record, and back from a receipt to a position, timed one by one. Figures only.
//!
//! A filter picks by name: `make micro ONLY=escape`.

#![allow(dead_code)]

mod corpus;
#[path = "../src/connector/ledger.rs"]
mod ledger;
// The ledger names it as it does inside of the library.
use walcast::words;

use std::hint::black_box;
use std::time::Duration;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use walcast::converter::Buffer;
use walcast::pgoutput::{Cells, decode};
use walcast::words::data::{Kind as DataKind, Schema, ValueSink};

use corpus::{Corpus, Encoder, KINDS, Kind, converter};
use ledger::{Ledger, Limit};
use words::Ticket;

criterion_group! {
    name = micro;
    config = short();
    targets = decoding, encoding, types, escaping, settling
}
criterion_main!(micro);

/// About a second for each figure, so that all of them fit into two minutes.
fn short() -> Criterion {
    Criterion::default()
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(700))
        .sample_size(20)
        .without_plots()
}

/// A frame into cells.
fn decoding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decode");
    for (name, corpus) in [
        ("insert 10 columns", Corpus::inserts_of_ten()),
        ("update full 10 columns", Corpus::full_updates_of_ten()),
        ("insert 60 columns", Corpus::inserts_of_sixty()),
    ] {
        group.throughput(Throughput::Elements(corpus.frames.len() as u64));
        group.bench_function(name, |bencher| {
            let mut cells = Cells::default();
            bencher.iter(|| {
                for frame in &corpus.frames {
                    let mut taken = std::mem::take(&mut cells).recycle();
                    black_box(decode(frame, &mut taken)).expect("a frame of the corpus");
                    cells = black_box(taken).recycle();
                }
            });
        });
    }
}

/// Cells into the value of a record.
fn encoding(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("encode");
    for (name, schemas, corpus) in [
        ("10 columns schemas off", false, Corpus::inserts_of_ten()),
        ("10 columns schemas on", true, Corpus::inserts_of_ten()),
        ("update full 10 columns", false, Corpus::full_updates_of_ten()),
        ("60 columns schemas off", false, Corpus::inserts_of_sixty()),
        ("60 columns schemas on", true, Corpus::inserts_of_sixty()),
        ("jsonb", false, Corpus::documents()),
    ] {
        let rows = corpus.decoded();
        let mut encoder = Encoder::new(&corpus.columns, &converter(schemas));
        group.throughput(Throughput::Elements(rows.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| rows.iter().for_each(|row| _ = black_box(encoder.value(row))));
        });
    }
    let corpus = Corpus::inserts_of_ten();
    let rows = corpus.decoded();
    let mut encoder = Encoder::new(&corpus.columns, &converter(false));
    group.throughput(Throughput::Elements(rows.len() as u64));
    group.bench_function("key only", |bencher| {
        bencher.iter(|| rows.iter().for_each(|row| _ = black_box(encoder.key(row))));
    });
}

/// One text of each type through its codec, as the only column of a row.
fn types(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("type");
    for kind in KINDS {
        let corpus = Corpus::of_texts(kind);
        let rows = corpus.decoded();
        let mut encoder = Encoder::new(&corpus.columns, &converter(false));
        group.throughput(Throughput::Elements(rows.len() as u64));
        group.bench_function(label(kind), |bencher| {
            bencher.iter(|| rows.iter().for_each(|row| _ = black_box(encoder.row(row))));
        });
    }
}

/// The name, and the modifier if there is one.
fn label(&(name, typmod, _): &Kind) -> String {
    if typmod < 0 { name.to_owned() } else { format!("{name} typmod {typmod}") }
}

/// A text into a JSON string.
fn escaping(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("escape");
    let shape = converter(false).shape(&Schema::new(DataKind::String));
    let mut buffer = Buffer::default();
    for (name, text) in [
        ("plain 16 B", "a short text,16B".to_owned()),
        ("plain 1 kB", "sixteen bytes of".repeat(64)),
        ("two-byte letters 1 kB", "überhöhtß".repeat(64)),
        ("emoji 1 kB", "four \u{1F980}".repeat(113)),
        ("a quote in eight, 1 kB", "seven b\"".repeat(128)),
        ("controls 1 kB", "\n\t\u{1}x".repeat(256)),
    ] {
        group.throughput(Throughput::Bytes(text.len() as u64));
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                let mut writer = shape.open(&mut buffer);
                writer.str(black_box(&text));
                writer.finish();
                black_box(buffer.bytes().len())
            });
        });
    }
}

/// Records in flight, a position after each hundred of them.
fn settling(criterion: &mut Criterion) {
    const RECORDS: usize = 10_000;
    let in_order: Vec<usize> = (0..RECORDS).collect();
    let mut by_batch = in_order.clone();
    // Batches of a few partitions come back in any order, each in its own.
    let mut batches: Vec<&mut [usize]> = by_batch.chunks_mut(100).collect();
    fastrand::Rng::with_seed(7).shuffle(&mut batches);
    let by_batch: Vec<usize> = batches.into_iter().flat_map(|batch| batch.to_vec()).collect();
    let backwards: Vec<usize> = (0..RECORDS).rev().collect();
    let mut group = criterion.benchmark_group("ledger");
    group.throughput(Throughput::Elements(RECORDS as u64));
    for (name, order) in [("in order", in_order), ("batches out of order", by_batch), ("backwards", backwards)] {
        group.bench_function(name, |bencher| {
            let mut ledger = Ledger::new(Limit { records: RECORDS, bytes: usize::MAX });
            bencher.iter(|| {
                let first = ledger.next();
                for record in 0..RECORDS {
                    ledger.admit(black_box(300));
                    if record % 100 == 99 {
                        ledger.mark(record);
                    }
                }
                for ticket in &order {
                    ledger.settle(Ticket(first + ticket));
                }
                black_box(ledger.ready())
            });
        });
    }
}
