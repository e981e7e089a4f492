//! What holds for any bytes: property tests.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// One valid message of each kind, and the row kinds in their variants.
const VALID: &[&[u8]] = &[
    b"B\0\0\0\x16\xb3\x74\xd8\x48\0\x02\x84\x3a\x5c\x3e\x80\x40\0\0\x02\xda",
    b"C\0\0\0\0\0\x01\x95\xd1\x20\0\0\0\0\x01\x95\xd1\x50\0\0\0\0\0\0\0\x01",
    b"O\0\0\0\0\0\0\0\x07pg_16389\0",
    b"R\0\0\x40\x05shop\0orders\0d\0\x02\x01id\0\0\0\0\x17\xff\xff\xff\xff\0total\0\0\0\x06\xa4\0\x08\0\x06",
    b"Y\0\0\x40\x09public\0mood\0",
    b"I\0\0\x40\x05N\0\x03t\0\0\0\x0242nt\0\0\0\0",
    b"U\0\0\x40\x05N\0\x02t\0\0\0\x011u",
    b"U\0\0\x40\x05K\0\x02t\0\0\0\x011nN\0\x02t\0\0\0\x012n",
    b"U\0\0\x40\x05O\0\x02t\0\0\0\x011nN\0\x02t\0\0\0\x012u",
    b"D\0\0\x40\x05K\0\x01t\0\0\0\x011",
    b"D\0\0\x40\x05O\0\x02t\0\0\0\x011n",
    b"T\0\0\0\x02\x03\0\0\x40\x05\0\0\x40\x06",
    b"M\x01\0\0\0\0\x01\x95\xd1\x20audit\0\0\0\0\x03\xff\0a",
];

#[test]
fn every_kind_is_among_the_samples() {
    let kinds: String = VALID.iter().filter_map(|sample| kind(sample)).map(char::from).collect();
    assert!("BCORYIUDTM".chars().all(|kind| kinds.contains(kind)), "{kinds}");
    for sample in VALID {
        assert!(decode(sample, &mut Cells::default()).is_ok(), "{sample:?}");
    }
}

#[test]
fn a_message_cut_anywhere_is_an_error() {
    for sample in VALID {
        for end in 0..sample.len() {
            let cut = decode(&sample[..end], &mut Cells::default());
            assert!(cut.is_err(), "{:?} gave {cut:?}", &sample[..end]);
        }
    }
}

#[test]
fn bytes_behind_a_message_are_an_error() {
    for sample in VALID {
        let longer = [sample, b"\0".as_slice()].concat();
        assert_eq!(decode(&longer, &mut Cells::default()), Err(DecodeError::Trailing { count: 1 }), "{sample:?}");
    }
}

#[test]
fn unknown_kinds_are_named() {
    assert_eq!(decode(b"S\0\0\0\x01\x01", &mut Cells::default()), Err(DecodeError::UnknownKind { kind: b'S' }));
    assert_eq!(decode(b"", &mut Cells::default()), Err(DecodeError::Truncated { what: "kind" }));
    assert_eq!(kind(b""), None);
}

/// A row as bytes, and the cells it must come back as.
fn encoded(cells: &[Option<Option<String>>]) -> Vec<u8> {
    let mut bytes = u16::try_from(cells.len()).unwrap().to_be_bytes().to_vec();
    for cell in cells {
        match cell {
            None => bytes.push(b'u'),
            Some(None) => bytes.push(b'n'),
            Some(Some(text)) => {
                bytes.push(b't');
                bytes.extend(u32::try_from(text.len()).unwrap().to_be_bytes());
                bytes.extend(text.as_bytes());
            }
        }
    }
    bytes
}

fn expected(cells: &[Option<Option<String>>]) -> Vec<Cell<'_>> {
    cells
        .iter()
        .map(|cell| match cell {
            None => Cell::Unchanged,
            Some(None) => Cell::Null,
            Some(Some(text)) => Cell::Text(text),
        })
        .collect()
}

proptest! {
    #[test]
    fn any_bytes_are_survived_within_their_own_size(bytes in vec(any::<u8>(), 0..300)) {
        let mut cells = Cells::default();
        let _ = decode(&bytes, &mut cells);
        prop_assert!(cells.new.len() + cells.old.len() <= bytes.len());
    }

    #[test]
    fn any_mutation_is_survived(
        sample in 0..VALID.len(),
        mutations in vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let mut bytes = VALID[sample].to_vec();
        for (at, byte) in mutations {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let mut cells = Cells::default();
        let decoded = decode(&bytes, &mut cells);
        if let Ok(Message::Truncate { relations, .. }) = decoded {
            prop_assert!(relations.len() <= bytes.len() / 4);
        }
        prop_assert!(cells.new.capacity() + cells.old.capacity() <= 2 * bytes.len() + 8);
    }

    #[test]
    fn rows_come_back_as_they_were_sent(
        old in vec(any::<Option<Option<String>>>(), 0..20),
        new in vec(any::<Option<Option<String>>>(), 0..20),
    ) {
        let bytes = [b"U\0\0\0\x09O".as_slice(), &encoded(&old), b"N", &encoded(&new)].concat();
        let mut cells = Cells::default();
        let update = Message::Update { relation: RelationId(9), old: OldKind::Full };
        prop_assert_eq!(decode(&bytes, &mut cells), Ok(update));
        prop_assert_eq!(&cells.old, &expected(&old));
        prop_assert_eq!(&cells.new, &expected(&new));
    }
}
