//! The text format of `COPY ... TO STDOUT`: chunks into rows, rows into cells.
//!
//! Pure. A cell borrows from the line when it holds no backslash, else from the caller's scratch buffer. The server writes
//! a raw newline only at the end of a row and a raw tab only between cells; within a cell both are escaped. See "File
//! Formats, Text Format" on Postgres' COPY page; the octal and hexadecimal escapes described there are read by COPY FROM
//! and never written.

use bytes::Bytes;

use crate::words::Cell;

#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum CopyTextError {
    #[error("a row of the snapshot is not UTF-8; check the server's encoding")]
    NotUtf8,
    #[error("a row of the snapshot ends inside an escape sequence")]
    CutEscape,
    #[error("the snapshot's data ended inside a row")]
    CutRow,
}

/// The cells of one row (without its newline), in place of whatever `cells` held. A row of no columns and a row of one
/// empty text look the same; the caller knows how many columns it asked for.
pub fn decode_row<'a>(line: &'a [u8], scratch: &'a mut String, cells: &mut Vec<Cell<'a>>) -> Result<(), CopyTextError> {
    cells.clear();
    let line = std::str::from_utf8(line).map_err(|_| CopyTextError::NotUtf8)?;
    if !line.contains('\\') {
        cells.extend(line.split('\t').map(Cell::Text));
        return Ok(());
    }
    // First every unescaped text into the scratch buffer, then cells that borrow from it: it must not move in between.
    scratch.clear();
    for field in line.split('\t').filter(|field| is_escaped(field)) {
        unescape(field, scratch)?;
    }
    let mut unescaped: &'a str = scratch;
    for field in line.split('\t') {
        cells.push(match field {
            r"\N" => Cell::Null,
            _ if is_escaped(field) => {
                let (text, rest) = unescaped.split_at_checked(unescaped_len(field)).ok_or(CopyTextError::CutEscape)?;
                unescaped = rest;
                Cell::Text(text)
            }
            _ => Cell::Text(field),
        });
    }
    Ok(())
}

fn is_escaped(field: &str) -> bool {
    field.contains('\\') && field != r"\N"
}

fn unescape(field: &str, out: &mut String) -> Result<(), CopyTextError> {
    let mut rest = field;
    while let Some(at) = rest.find('\\') {
        let (plain, escape) = rest.split_at(at);
        out.push_str(plain);
        let mut chars = escape.chars();
        let escaped = chars.nth(1).ok_or(CopyTextError::CutEscape)?;
        out.push(match escaped {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            other => other,
        });
        rest = chars.as_str();
    }
    out.push_str(rest);
    Ok(())
}

/// Each escape sequence is one backslash longer than what it stands for.
fn unescaped_len(field: &str) -> usize {
    let mut bytes = field.bytes();
    let mut len = 0;
    while let Some(byte) = bytes.next() {
        len += 1;
        if byte == b'\\' {
            bytes.next();
        }
    }
    len
}

/// Cuts chunks into rows; a row that continues in the next chunk waits here.
#[derive(Debug, Default)]
pub struct RowSplitter {
    chunk: Bytes,
    /// Where the next row of `chunk` begins.
    at: usize,
    /// The beginning of a row whose end has not arrived, or the row handed out last.
    partial: Vec<u8>,
    /// `partial` was handed out and is to be forgotten.
    spent: bool,
}

impl RowSplitter {
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next chunk; rows of the previous one that were not asked for are kept.
    pub fn push(&mut self, chunk: Bytes) {
        self.forget_spent();
        let kept = self.chunk.get(self.at..).unwrap_or_default();
        let rows_kept = kept.contains(&b'\n');
        self.partial.extend_from_slice(kept);
        self.chunk = chunk;
        self.at = 0;
        // Whole rows that were not asked for: go on from there, as if it had been one chunk.
        if rows_kept {
            self.partial.extend_from_slice(&self.chunk);
            self.chunk = Bytes::from(std::mem::take(&mut self.partial));
        }
    }

    /// The next whole row without its newline.
    pub fn next_row(&mut self) -> Option<&[u8]> {
        self.forget_spent();
        let rest = self.chunk.get(self.at..)?;
        let length = rest.iter().position(|byte| *byte == b'\n')?;
        let row = rest.get(..length)?;
        self.at += length + 1;
        if self.partial.is_empty() {
            return Some(row);
        }
        self.partial.extend_from_slice(row);
        self.spent = true;
        Some(&self.partial)
    }

    /// To be called after the last chunk and its rows.
    pub fn finish(&self) -> Result<(), CopyTextError> {
        let whole = (self.partial.is_empty() || self.spent) && self.at == self.chunk.len();
        if whole { Ok(()) } else { Err(CopyTextError::CutRow) }
    }

    fn forget_spent(&mut self) {
        if std::mem::take(&mut self.spent) {
            self.partial.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decode(line: &[u8]) -> Result<Vec<Option<String>>, CopyTextError> {
        let (mut scratch, mut cells) = (String::new(), Vec::new());
        decode_row(line, &mut scratch, &mut cells)?;
        Ok(cells.iter().map(|cell| if let Cell::Text(text) = cell { Some((*text).to_owned()) } else { None }).collect())
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

    fn rows() -> impl Strategy<Value = Vec<Vec<Option<String>>>> {
        let text = prop_oneof![
            "[a-zN\\\\\t\n\r\u{8}\u{c}\u{b}é😀]{0,8}",
            Just("\\N".to_owned()),
            Just("\\.".to_owned()),
            Just(String::new())
        ];
        prop::collection::vec(prop::collection::vec(prop::option::of(text), 1..6), 0..8)
    }

    #[test]
    fn a_row_without_escapes_is_borrowed_from_the_line() {
        let line = b"1\tabc\t".as_slice();
        let (mut scratch, mut cells) = (String::new(), Vec::new());
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

    #[test]
    fn data_that_ends_inside_a_row_is_an_error() {
        let mut splitter = RowSplitter::new();
        splitter.push(Bytes::from_static(b"a\nb"));
        assert_eq!(splitter.next_row(), Some(b"a".as_slice()));
        assert_eq!(splitter.next_row(), None);
        assert_eq!(splitter.finish(), Err(CopyTextError::CutRow));
        splitter.push(Bytes::from_static(b"c\n"));
        assert_eq!(splitter.next_row(), Some(b"bc".as_slice()));
        assert_eq!(splitter.finish(), Ok(()));
    }

    proptest! {
        #[test]
        fn rows_survive_any_cut_into_chunks(rows in rows(), cuts in prop::collection::vec(0usize..200, 0..12), lazy: bool) {
            let data: Vec<u8> = rows.iter().flat_map(|row| [encode(row), vec![b'\n']].concat()).collect();
            let mut bounds: Vec<usize> = cuts.into_iter().map(|cut| cut.min(data.len())).collect();
            bounds.extend([0, data.len()]);
            bounds.sort_unstable();
            let mut splitter = RowSplitter::new();
            let mut seen = Vec::new();
            for pair in bounds.windows(2) {
                splitter.push(Bytes::copy_from_slice(&data[pair[0]..pair[1]]));
                while let Some(row) = splitter.next_row() {
                    seen.push(decode(row).unwrap());
                    if lazy { break; }
                }
            }
            while let Some(row) = splitter.next_row() {
                seen.push(decode(row).unwrap());
            }
            prop_assert_eq!(splitter.finish(), Ok(()));
            prop_assert_eq!(seen, rows);
        }

        #[test]
        fn no_bytes_make_it_panic(line in prop::collection::vec(any::<u8>(), 0..40)) {
            let _ = decode(&line);
        }
    }
}
