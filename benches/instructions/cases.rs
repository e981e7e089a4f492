//! What is counted.

use std::hint::black_box;

use walcast::pgoutput::{Cells, decode};

use crate::corpus::{Corpus, Decoded, Encoder, converter};

/// One turn through the rows of a corpus.
pub(crate) struct Work {
    pub(crate) rows: usize,
    pub(crate) turn: Box<dyn FnMut()>,
}

type SetUp = fn() -> Work;

/// By the names of the baseline.
pub(crate) const CASES: [(&str, SetUp); 11] = [
    ("decode insert 10 columns", || decoding(Corpus::inserts_of_ten())),
    ("decode update full 10 columns", || decoding(Corpus::full_updates_of_ten())),
    ("decode insert 60 columns", || decoding(Corpus::inserts_of_sixty())),
    ("encode key only", || encoding(Corpus::inserts_of_ten(), false, Encoder::key)),
    ("encode 10 columns schemas off", || encoding(Corpus::inserts_of_ten(), false, Encoder::value)),
    ("encode 10 columns schemas on", || encoding(Corpus::inserts_of_ten(), true, Encoder::value)),
    ("encode update full 10 columns", || encoding(Corpus::full_updates_of_ten(), false, Encoder::value)),
    ("encode 60 columns schemas off", || encoding(Corpus::inserts_of_sixty(), false, Encoder::value)),
    ("encode 60 columns schemas on", || encoding(Corpus::inserts_of_sixty(), true, Encoder::value)),
    ("encode jsonb", || encoding(Corpus::documents(), false, Encoder::row)),
    ("encode every type", || encoding(Corpus::every_type(), false, Encoder::row)),
];

fn decoding(corpus: Corpus) -> Work {
    let mut cells = Cells::default();
    Work {
        rows: corpus.frames.len(),
        turn: Box::new(move || {
            for frame in &corpus.frames {
                let mut taken = std::mem::take(&mut cells).recycle();
                black_box(decode(black_box(frame), &mut taken)).expect("a frame of the corpus");
                black_box(&taken);
                cells = taken.recycle();
            }
        }),
    }
}

fn encoding(corpus: Corpus, schemas: bool, encode: for<'a> fn(&'a mut Encoder, &Decoded<'_>) -> &'a [u8]) -> Work {
    // The rows borrow from their frames, and this process counts nothing else.
    let corpus: &'static Corpus = Box::leak(Box::new(corpus));
    let rows = corpus.decoded();
    let mut encoder = Encoder::new(&corpus.columns, &converter(schemas));
    Work {
        rows: rows.len(),
        turn: Box::new(move || {
            for row in &rows {
                black_box(encode(&mut encoder, black_box(row)));
            }
        }),
    }
}
