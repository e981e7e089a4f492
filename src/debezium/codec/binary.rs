//! `bytea`, bit strings, and the bytes of what has no mapping.

use super::Unconvertible;
use crate::debezium::config::BinaryMode;
use crate::words::data::ValueSink;

/// `\x0102` in the server's hex output.
pub(super) fn push_bytea<S: ValueSink>(text: &str, mode: BinaryMode, sink: &mut S) -> Result<(), Unconvertible> {
    let hex = text.strip_prefix("\\x").ok_or(Unconvertible("not in bytea_output=hex"))?;
    match mode {
        BinaryMode::Hex => sink.str(hex),
        _ => {
            let mut room = Room::default();
            let bytes = room.of(hex.len() / 2);
            unhex_into(hex, bytes)?;
            push_encoded(bytes, mode, sink);
        }
    }
    Ok(())
}

/// Bytes as `binary.handling.mode` shows them.
pub(in crate::debezium) fn push_encoded<S: ValueSink>(bytes: &[u8], mode: BinaryMode, sink: &mut S) {
    match mode {
        BinaryMode::Bytes => sink.bytes(bytes),
        BinaryMode::Base64 => sink.str(&base64(bytes, STANDARD)),
        BinaryMode::Base64UrlSafe => sink.str(&base64(bytes, URL_SAFE)),
        BinaryMode::Hex => sink.str(&bytes.iter().map(|b| format!("{b:02x}")).collect::<String>()),
    }
}

pub(super) fn unhex(hex: &str) -> Result<Vec<u8>, Unconvertible> {
    let mut bytes = vec![0; hex.len() / 2];
    unhex_into(hex, &mut bytes)?;
    Ok(bytes)
}

/// `bytes` is half as long as `hex`.
fn unhex_into(hex: &str, bytes: &mut [u8]) -> Result<(), Unconvertible> {
    const BROKEN: Unconvertible = Unconvertible("not a hex string");
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok()).ok_or(BROKEN);
    if !hex.len().is_multiple_of(2) {
        return Err(BROKEN);
    }
    for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Ok(())
}

/// Room for bytes: on the stack when they are few, which they mostly are.
struct Room {
    few: [u8; 256],
    many: Vec<u8>,
}

impl Default for Room {
    fn default() -> Self {
        Self { few: [0; 256], many: Vec::new() }
    }
}

impl Room {
    /// So many zeros.
    fn of(&mut self, length: usize) -> &mut [u8] {
        if length <= self.few.len() {
            return &mut self.few[..length];
        }
        self.many.resize(length, 0);
        &mut self.many
    }
}

const STANDARD: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const URL_SAFE: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// Padded base64 as text: this room knows no foreign crate, and the alphabet is all there is to it.
fn base64(bytes: &[u8], alphabet: &[u8; 64]) -> String {
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().fold(0u32, |w, b| w << 8 | u32::from(*b)) << (8 * (3 - chunk.len()));
        for position in 0..4 {
            let sextet = word >> (18 - 6 * position) & 0x3F;
            text.push(if position <= chunk.len() { char::from(alphabet[sextet as usize]) } else { '=' });
        }
    }
    text
}

/// Little-endian bytes as `BitSet.toByteArray`: as many as the highest set bit needs.
pub(super) fn push_bits<S: ValueSink>(text: &str, sink: &mut S) -> Result<(), Unconvertible> {
    let mut room = Room::default();
    let bytes = room.of(text.len().div_ceil(8));
    for (position, bit) in text.bytes().rev().enumerate() {
        match bit {
            b'0' => {}
            b'1' => bytes[position / 8] |= 1 << (position % 8),
            _ => return Err(Unconvertible("not a bit string")),
        }
    }
    let length = bytes.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
    sink.bytes(&bytes[..length]);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::data::{TreeSink, Value};

    #[test]
    fn bits_are_little_endian_and_short() {
        let bits = |text: &str| {
            let mut tree = TreeSink::default();
            push_bits(text, &mut tree).map(|()| tree.value())
        };
        let bytes = |bytes: &[u8]| Ok(Some(Value::Bytes(bytes.to_vec())));
        assert_eq!(bits("00"), bytes(b""));
        assert_eq!(bits("11"), bytes(&[3]));
        assert_eq!(bits("1000000"), bytes(&[0x40]));
        assert_eq!(bits("1000000000000001"), bytes(&[0x01, 0x80]));
        assert_eq!(bits(&"1".repeat(3000)), bytes(&[0xFF; 375]));
        assert!(bits("102").is_err());
    }

    #[test]
    fn base64_pads_and_has_two_alphabets() {
        assert_eq!(base64(b"\x01\x02\x03", STANDARD), "AQID");
        assert_eq!(base64(b"\xff\xfe", STANDARD), "//4=");
        assert_eq!(base64(b"\xff", URL_SAFE), "_w==");
        assert_eq!(base64(b"", STANDARD), "");
    }

    #[test]
    fn hex_is_checked() {
        assert_eq!(unhex("00ff").unwrap(), [0, 255]);
        assert!(unhex("0").is_err() && unhex("zz").is_err());
    }
}
