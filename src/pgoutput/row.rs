//! Insert, Update and Delete: the hot path. Nothing is allocated once [`Cells`] has grown to the widest table.

use super::{Cells, DecodeError, Message, OldKind, Reader};
use crate::words::{Cell, RelationId};

pub(super) fn insert<'a>(r: &mut Reader<'a>, cells: &mut Cells<'a>) -> Result<Message<'a>, DecodeError> {
    let relation = RelationId(r.u32("relation id")?);
    match r.u8("tuple kind")? {
        b'N' => tuple(r, &mut cells.new)?,
        found => return Err(DecodeError::Unexpected { what: "tuple kind", found }),
    }
    Ok(Message::Insert { relation })
}

pub(super) fn update<'a>(r: &mut Reader<'a>, cells: &mut Cells<'a>) -> Result<Message<'a>, DecodeError> {
    let relation = RelationId(r.u32("relation id")?);
    let mut old = OldKind::None;
    let mut kind = r.u8("tuple kind")?;
    if let Some(sent) = old_kind(kind) {
        old = sent;
        tuple(r, &mut cells.old)?;
        kind = r.u8("tuple kind")?;
    }
    if kind != b'N' {
        return Err(DecodeError::Unexpected { what: "tuple kind", found: kind });
    }
    tuple(r, &mut cells.new)?;
    Ok(Message::Update { relation, old })
}

pub(super) fn delete<'a>(r: &mut Reader<'a>, cells: &mut Cells<'a>) -> Result<Message<'a>, DecodeError> {
    let relation = RelationId(r.u32("relation id")?);
    let found = r.u8("tuple kind")?;
    let old = old_kind(found).ok_or(DecodeError::Unexpected { what: "tuple kind", found })?;
    tuple(r, &mut cells.old)?;
    Ok(Message::Delete { relation, old })
}

fn old_kind(tuple_kind: u8) -> Option<OldKind> {
    match tuple_kind {
        b'K' => Some(OldKind::Key),
        b'O' => Some(OldKind::Full),
        _ => None,
    }
}

fn tuple<'a>(r: &mut Reader<'a>, cells: &mut Vec<Cell<'a>>) -> Result<(), DecodeError> {
    let count = r.u16("cell count")?;
    cells.reserve(r.plausible(u32::from(count), 1, "cells")?);
    for _ in 0..count {
        cells.push(match r.u8("cell kind")? {
            b't' => {
                let len = r.u32("cell length")?;
                Cell::Text(r.text(len, "cell")?)
            }
            b'n' => Cell::Null,
            b'u' => Cell::Unchanged,
            // `b`, binary, too: it is never asked for.
            found => return Err(DecodeError::Unexpected { what: "cell kind", found }),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pgoutput::decode;
    use crate::words::{Change, Old, Row};

    const TABLE: RelationId = RelationId(16389);

    #[test]
    fn insert_fills_the_new_row() {
        let mut cells = Cells::default();
        let message = decode(b"I\0\0\x40\x05N\0\x03t\0\0\0\x0242nt\0\0\0\0", &mut cells).unwrap();
        assert_eq!(message, Message::Insert { relation: TABLE });
        assert_eq!(cells.new, [Cell::Text("42"), Cell::Null, Cell::Text("")]);
        let change = Change::Insert { new: Row { cells: &cells.new } };
        assert_eq!(message.change(&cells), Some((TABLE, change)));
    }

    #[test]
    fn update_may_come_without_an_old_row() {
        let mut cells = Cells::default();
        let message = decode(b"U\0\0\x40\x05N\0\x02t\0\0\0\x011u", &mut cells).unwrap();
        assert_eq!(message, Message::Update { relation: TABLE, old: OldKind::None });
        let change = Change::Update { old: None, new: Row { cells: &[Cell::Text("1"), Cell::Unchanged] } };
        assert_eq!(message.change(&cells), Some((TABLE, change)));
    }

    #[test]
    fn update_tells_an_old_key_from_an_old_row() {
        for (byte, kind) in [(b'K', OldKind::Key), (b'O', OldKind::Full)] {
            let bytes = [b"U\0\0\x40\x05".as_slice(), &[byte], b"\0\x02t\0\0\0\x011nN\0\x02t\0\0\0\x012n"].concat();
            let mut cells = Cells::default();
            let message = decode(&bytes, &mut cells).unwrap();
            assert_eq!(message, Message::Update { relation: TABLE, old: kind });
            assert_eq!(cells.old, [Cell::Text("1"), Cell::Null]);
            assert_eq!(cells.new, [Cell::Text("2"), Cell::Null]);
        }
    }

    #[test]
    fn delete_has_an_old_row_and_only_that() {
        let mut cells = Cells::default();
        let message = decode(b"D\0\0\x40\x05K\0\x01t\0\0\0\x011", &mut cells).unwrap();
        assert_eq!(message, Message::Delete { relation: TABLE, old: OldKind::Key });
        let change = Change::Delete { old: Old::Key(Row { cells: &[Cell::Text("1")] }) };
        assert_eq!(message.change(&cells), Some((TABLE, change)));

        let message = decode(b"D\0\0\x40\x05O\0\x01n", &mut cells).unwrap();
        assert_eq!(message, Message::Delete { relation: TABLE, old: OldKind::Full });
        assert!(cells.new.is_empty());

        let refused = Err(DecodeError::Unexpected { what: "tuple kind", found: b'N' });
        assert_eq!(decode(b"D\0\0\x40\x05N\0\x01n", &mut cells), refused);
    }

    #[test]
    fn text_is_utf8_or_an_error_without_the_text() {
        let mut cells = Cells::default();
        decode("I\0\0\0\x01N\0\x01t\0\0\0\x05naïf".as_bytes(), &mut cells).unwrap();
        assert_eq!(cells.new, [Cell::Text("naïf")]);
        let error = decode(b"I\0\0\0\x01N\0\x01t\0\0\0\x02a\xff", &mut Cells::default());
        assert_eq!(error, Err(DecodeError::NotUtf8 { what: "cell" }));
    }

    #[test]
    fn binary_cells_are_refused() {
        let refused = Err(DecodeError::Unexpected { what: "cell kind", found: b'b' });
        assert_eq!(decode(b"I\0\0\0\x01N\0\x01b\0\0\0\x01\x01", &mut Cells::default()), refused);
    }

    #[test]
    fn declared_sizes_beyond_the_bytes_take_no_memory() {
        let mut cells = Cells::default();
        let count = decode(b"I\0\0\0\x01N\xff\xffn", &mut cells);
        assert_eq!(count, Err(DecodeError::Truncated { what: "cells" }));
        let length = decode(b"I\0\0\0\x01N\0\x01t\xff\xff\xff\xff", &mut cells);
        assert_eq!(length, Err(DecodeError::Truncated { what: "cell" }));
        assert!(cells.new.capacity() < 16, "{}", cells.new.capacity());
    }

    #[test]
    fn cells_keep_their_memory_from_message_to_message() {
        let mut cells = Cells::default();
        decode(b"U\0\0\0\x01K\0\x05nnnnnN\0\x05nnnnn", &mut cells).unwrap();
        let (old, new) = (cells.old.as_ptr(), cells.new.as_ptr());
        let mut cells: Cells<'_> = cells.recycle();
        decode(b"U\0\0\0\x01K\0\x05nnnnnN\0\x05nnnnn", &mut cells).unwrap();
        assert_eq!((cells.old.as_ptr(), cells.new.as_ptr()), (old, new));
    }
}
