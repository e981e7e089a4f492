//! Row messages of `pgoutput`, put together from texts.

/// The id that every table of the corpus has.
const RELATION: u32 = 1;

pub(super) fn insert(row: &[String]) -> Vec<u8> {
    let mut frame = head(b'I');
    tuple(b'N', row, &mut frame);
    frame
}

/// With the whole row before.
pub(super) fn update(old: &[String], new: &[String]) -> Vec<u8> {
    let mut frame = head(b'U');
    tuple(b'O', old, &mut frame);
    tuple(b'N', new, &mut frame);
    frame
}

fn head(kind: u8) -> Vec<u8> {
    let mut frame = vec![kind];
    frame.extend(RELATION.to_be_bytes());
    frame
}

fn tuple(kind: u8, row: &[String], frame: &mut Vec<u8>) {
    frame.push(kind);
    frame.extend(u16::try_from(row.len()).expect("few columns").to_be_bytes());
    for text in row {
        frame.push(b't');
        frame.extend(u32::try_from(text.len()).expect("short texts").to_be_bytes());
        frame.extend(text.as_bytes());
    }
}
