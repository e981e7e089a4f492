//! The fixed corpus of the micro benches: tables, and frames of their rows as the server sends them.
//!
//! Every text is drawn from a seed, so that each run and each machine measures the same bytes.

mod encoder;
mod frames;
#[path = "../../tests/direct/table.rs"]
mod table;
mod texts;

use walcast::pgoutput::{Cells, Message, decode};

pub(crate) use encoder::{Encoder, converter};
pub(crate) use table::{KINDS, Kind};

/// A table and rows of it, one frame each.
pub(crate) struct Corpus {
    pub(crate) columns: Vec<Kind>,
    pub(crate) frames: Vec<Vec<u8>>,
}

/// A frame's message and its cells, as the encoder gets them.
pub(crate) type Decoded<'a> = (Message<'a>, Cells<'a>);

/// Rows of one corpus.
const ROWS: usize = 256;

const fn of(name: &'static str) -> Kind {
    (name, -1, &[])
}

/// The modifier of `numeric(precision,scale)`.
const fn numeric(precision: i32, scale: i32) -> Kind {
    ("numeric", (precision << 16) + scale + 4, &[])
}

/// The table of `benches/million.rs`, about 220 bytes a row.
fn ten_columns() -> Vec<Kind> {
    vec![
        of("int8"),
        of("int4"),
        of("int4"),
        of("text"),
        of("varchar"),
        numeric(10, 2),
        of("timestamptz"),
        of("bool"),
        of("uuid"),
        of("text"),
    ]
}

/// About 2 kB a row, of what wide tables are made of.
fn sixty_columns() -> Vec<Kind> {
    let six = [of("text"), of("int8"), numeric(18, 4), of("timestamp"), of("varchar"), of("int4")];
    std::iter::once(of("int8")).chain(six.into_iter().cycle()).take(60).collect()
}

impl Corpus {
    pub(crate) fn inserts_of_ten() -> Self {
        Self::of_rows(ten_columns(), |row| frames::insert(&row))
    }

    pub(crate) fn inserts_of_sixty() -> Self {
        Self::of_rows(sixty_columns(), |row| frames::insert(&row))
    }

    /// `REPLICA IDENTITY FULL`: the old row comes along. Only the text at the end differs.
    pub(crate) fn full_updates_of_ten() -> Self {
        Self::of_rows(ten_columns(), |row| {
            let mut new = row.clone();
            if let Some(note) = new.last_mut() {
                note.push_str(" again");
            }
            frames::update(&row, &new)
        })
    }

    /// A key and a document of about 1 kB, which is full of quotes.
    pub(crate) fn documents() -> Self {
        Self::of_rows(vec![of("int8"), of("jsonb")], |row| frames::insert(&row))
    }

    /// Every type that has a codec, beside a key; the texts are those of `KINDS`.
    pub(crate) fn every_type() -> Self {
        let columns: Vec<Kind> = std::iter::once(of("int8")).chain(KINDS.iter().copied()).collect();
        let row = |turn: usize| {
            let key = turn.to_string();
            let texts = KINDS.iter().map(|(_, _, texts)| texts[turn % texts.len()].to_owned());
            frames::insert(&std::iter::once(key).chain(texts).collect::<Vec<_>>())
        };
        Self { frames: (0..ROWS).map(row).collect(), columns }
    }

    /// The texts of one type, each the only column of its row.
    pub(crate) fn of_texts(kind: &Kind) -> Self {
        let frames = kind.2.iter().map(|text| frames::insert(&[(*text).to_owned()]));
        Self { columns: vec![*kind], frames: frames.collect() }
    }

    fn of_rows(columns: Vec<Kind>, frame: impl Fn(Vec<String>) -> Vec<u8>) -> Self {
        let mut seed = fastrand::Rng::with_seed(7);
        let mut row = || columns.iter().map(|kind| texts::draw(kind, &mut seed)).collect();
        let frames = (0..ROWS).map(|_| frame(row())).collect();
        Self { columns, frames }
    }

    pub(crate) fn decoded(&self) -> Vec<Decoded<'_>> {
        let decoded = self.frames.iter().map(|frame| {
            let mut cells = Cells::default();
            let message = decode(frame, &mut cells).expect("a frame of the corpus");
            (message, cells)
        });
        decoded.collect()
    }
}
