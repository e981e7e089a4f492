//! The text format of `COPY ... TO STDOUT`: rows into cells.
//!
//! Pure. A cell borrows from the line when it holds no backslash, else from the caller's scratch buffer. The server writes
//! a raw tab only between cells; within a cell it is escaped. See "File Formats, Text Format" on Postgres' COPY page; the
//! octal and hexadecimal escapes described there are read by COPY FROM and never written.

use crate::words::Cell;

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CopyTextError {
    #[error("a row of the snapshot is not UTF-8; check the server's encoding")]
    NotUtf8,
    #[error("a row of the snapshot ends inside an escape sequence")]
    CutEscape,
}

/// The cells of one row (without its newline), in place of whatever `cells` held. A row of no columns and a row of one
/// empty text look the same; the caller knows how many columns it asked for.
pub fn decode_row<'a>(
    line: &'a [u8],
    scratch: &'a mut Vec<u8>,
    cells: &mut Vec<Cell<'a>>,
) -> Result<(), CopyTextError> {
    cells.clear();
    let text = std::str::from_utf8(line).map_err(|_| CopyTextError::NotUtf8)?;
    // What is unescaped is never longer than the line.
    if scratch.len() < line.len() {
        scratch.resize(line.len(), 0);
    }
    let mut field = Field { scratch, text, begin: 0, escaped: false };
    let (words, rest) = line.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        field.read(*word, index * 8, cells)?;
    }
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    field.read(last, words.len() * 8, cells)?;
    cells.push(field.cell(line.len())?);
    Ok(())
}

/// The highest bit of each byte of `word` that is `byte`.
fn places(word: u64, byte: u8) -> u64 {
    const LOW: u64 = u64::from_ne_bytes([0x7F; 8]);
    let zeros = word ^ u64::from_ne_bytes([byte; 8]);
    // No sum carries into the next byte, so this is exact.
    !(((zeros & LOW) + LOW) | zeros | LOW)
}

/// The one that is being read.
struct Field<'a> {
    /// Room for texts without escapes.
    scratch: &'a mut [u8],
    text: &'a str,
    begin: usize,
    /// It holds a backslash.
    escaped: bool,
}

impl<'a> Field<'a> {
    /// Takes eight bytes of the line, which begin at `begin`, at once: fields are too short for anything that has to be set up.
    fn read(&mut self, bytes: [u8; 8], begin: usize, cells: &mut Vec<Cell<'a>>) -> Result<(), CopyTextError> {
        let word = u64::from_le_bytes(bytes);
        let tabs = places(word, b'\t');
        let mut marks = tabs | places(word, b'\\');
        while marks != 0 {
            let mark = marks & marks.wrapping_neg();
            if tabs & mark == 0 {
                self.escaped = true;
            } else {
                cells.push(self.cell(begin + mark.trailing_zeros() as usize / 8)?);
            }
            marks ^= mark;
        }
        Ok(())
    }

    /// What lies between its beginning and `end`; the next one begins behind the tab.
    fn cell(&mut self, end: usize) -> Result<Cell<'a>, CopyTextError> {
        // Both are places of ASCII characters.
        let field = self.text.get(self.begin..end).unwrap_or_default();
        self.begin = end + 1;
        match std::mem::take(&mut self.escaped) {
            false => Ok(Cell::Text(field)),
            true if field == r"\N" => Ok(Cell::Null),
            true => self.unescape(field.as_bytes()).map(Cell::Text),
        }
    }

    fn unescape(&mut self, field: &[u8]) -> Result<&'a str, CopyTextError> {
        let (room, left) = std::mem::take(&mut self.scratch).split_at_mut(field.len());
        self.scratch = left;
        let (mut rest, mut length) = (field, 0);
        let mut push = |bytes: &[u8]| {
            room[length..length + bytes.len()].copy_from_slice(bytes);
            length += bytes.len();
        };
        while let Some(at) = rest.iter().position(|byte| *byte == b'\\') {
            let (plain, escape) = rest.split_at(at);
            push(plain);
            let (&escaped, after) = escape[1..].split_first().ok_or(CopyTextError::CutEscape)?;
            push(&[match escaped {
                b'b' => 8,
                b'f' => 12,
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                b'v' => 11,
                other => other,
            }]);
            rest = after;
        }
        push(rest);
        std::str::from_utf8(&room[..length]).map_err(|_| CopyTextError::NotUtf8)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(line: &[u8]) -> Result<Vec<Option<String>>, CopyTextError> {
        let (mut scratch, mut cells) = (Vec::new(), Vec::new());
        decode_row(line, &mut scratch, &mut cells)?;
        Ok(texts(&cells))
    }

    fn texts(cells: &[Cell<'_>]) -> Vec<Option<String>> {
        cells.iter().map(|cell| if let Cell::Text(text) = cell { Some((*text).to_owned()) } else { None }).collect()
    }

    /// As `CopyAttributeOutText` writes it.
    fn encode(row: &[Option<String>]) -> Vec<u8> {
        let field = |value: &Option<String>| match value {
            None => r"\N".to_owned(),
            Some(text) => text
                .chars()
                .map(|c| match c {
                    '\u{8}' => r"\b".to_owned(),
                    '\u{c}' => r"\f".to_owned(),
                    '\n' => r"\n".to_owned(),
                    '\r' => r"\r".to_owned(),
                    '\t' => r"\t".to_owned(),
                    '\u{b}' => r"\v".to_owned(),
                    '\\' => r"\\".to_owned(),
                    other => other.to_string(),
                })
                .collect(),
        };
        row.iter().map(field).collect::<Vec<_>>().join("\t").into_bytes()
    }

    fn row() -> impl Strategy<Value = Vec<Option<String>>> {
        let text = prop_oneof![
            "[a-zN\\\\\t\n\r\u{8}\u{c}\u{b}é😀]{0,8}",
            Just("\\N".to_owned()),
            Just("\\.".to_owned()),
            Just(String::new())
        ];
        prop::collection::vec(prop::option::of(text), 1..6)
    }

    #[test]
    fn a_row_without_escapes_is_borrowed_from_the_line() {
        let line = b"1\tabc\t".as_slice();
        let (mut scratch, mut cells) = (Vec::new(), Vec::new());
        decode_row(line, &mut scratch, &mut cells).unwrap();
        assert_eq!(cells, [Cell::Text("1"), Cell::Text("abc"), Cell::Text("")]);
        let Cell::Text(text) = cells[1] else { panic!("{cells:?}") };
        assert!(line.as_ptr_range().contains(&text.as_ptr()));
    }

    #[test]
    fn null_and_the_text_that_looks_like_it_differ() {
        assert_eq!(decode(br"\N"), Ok(vec![None]));
        assert_eq!(decode(br"\\N"), Ok(vec![Some(r"\N".to_owned())]));
    }

    #[test]
    fn every_escape_is_read() {
        assert_eq!(decode(br"\b\f\n\r\t\v\\x"), Ok(vec![Some("\u{8}\u{c}\n\r\t\u{b}\\x".to_owned())]));
    }

    #[test]
    fn broken_rows_are_errors() {
        assert_eq!(decode(b"abc\\"), Err(CopyTextError::CutEscape));
        assert_eq!(decode(b"a\\\tb"), Err(CopyTextError::CutEscape));
        assert_eq!(decode(b"\xFF"), Err(CopyTextError::NotUtf8));
    }

    proptest! {
        #[test]
        fn rows_survive(rows in prop::collection::vec(row(), 0..4)) {
            // One scratch buffer for all of them.
            let mut scratch = Vec::new();
            for row in rows {
                let (line, mut cells) = (encode(&row), Vec::new());
                decode_row(&line, &mut scratch, &mut cells).unwrap();
                prop_assert_eq!(texts(&cells), row);
            }
        }

        #[test]
        fn no_bytes_make_it_panic(line in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = decode(&line);
        }
    }
}
