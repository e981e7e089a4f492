//! Spelling of scalars: Jackson's strings, Java's floats, `BigDecimal.toString`.

use std::fmt::LowerExp;
use std::io::Write;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::Spelling;
use crate::words::data::{Decimal, spell_as_java};

pub(super) fn int(v: i64, out: &mut Vec<u8>) {
    out.extend_from_slice(itoa::Buffer::new().format(v).as_bytes());
}

pub(super) fn base64(v: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    if v.len() <= SHORT {
        short_base64(v, out)
    } else {
        long_base64(v, out)
    }
    out.push(b'"');
}

/// As long as most decimals are: too short for what the library does to be quick with long ones.
const SHORT: usize = 9;
const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn short_base64(v: &[u8], out: &mut Vec<u8>) {
    for chunk in v.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        let mut text = [b'='; 4];
        for (place, shift) in text.iter_mut().zip([18, 12, 6, 0]).take(chunk.len() + 1) {
            *place = BASE64[(bits >> shift & 63) as usize];
        }
        out.extend_from_slice(&text);
    }
}

fn long_base64(v: &[u8], out: &mut Vec<u8>) {
    let start = out.len();
    out.resize(start + v.len().div_ceil(3) * 4, 0);
    // The room is exact, so encoding cannot fail; truncating keeps the text right if that ever changed.
    let written = STANDARD.encode_slice(v, &mut out[start..]).unwrap_or(0);
    out.truncate(start + written);
}

pub(super) fn string(v: &str, spelling: Spelling, out: &mut Vec<u8>) {
    if spelling == Spelling::Java {
        return out.extend_from_slice(v.as_bytes());
    }
    out.push(b'"');
    match spelling {
        Spelling::Header => header_escaped(v, out),
        Spelling::Java => {}
        Spelling::Base64 | Spelling::Numeric => jackson_escaped(v, out),
    }
    out.push(b'"');
}

/// `ByteBuffer.toString`, which shows no content; neither does the reference.
pub(super) fn byte_buffer(v: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"java.nio.HeapByteBuffer[pos=0 lim=");
    int(i64::try_from(v.len()).unwrap_or(i64::MAX), out);
    out.extend_from_slice(b" cap=");
    int(i64::try_from(v.len()).unwrap_or(i64::MAX), out);
    out.push(b']');
}

/// A string that ends in half a character, which Jackson escapes and plain UTF-8 cannot have.
pub(super) fn string_and_half(v: &str, half: u16, spelling: Spelling, out: &mut Vec<u8>) {
    string(v, spelling, out);
    if spelling == Spelling::Java {
        return out.push(b'?');
    }
    out.pop();
    match spelling {
        Spelling::Header | Spelling::Java => out.push(b'?'),
        Spelling::Base64 | Spelling::Numeric => unicode_escape(half, out),
    }
    out.push(b'"');
}

/// Bytes Jackson's UTF-8 generator does not copy: controls, quote, backslash, and lead bytes of characters beyond U+FFFF.
const SPECIAL: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = byte < 0x20 || byte == b'"' as usize || byte == b'\\' as usize || byte >= 0xF0;
        byte += 1;
    }
    table
};

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// How many bytes from the start may be copied as they are, found eight at a time.
fn plain(bytes: &[u8]) -> usize {
    let (words, rest) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let special = special(u64::from_le_bytes(*word));
        if special != 0 {
            return 8 * index + special.trailing_zeros() as usize / 8;
        }
    }
    let done = 8 * words.len();
    done + rest.iter().position(|b| SPECIAL[usize::from(*b)]).unwrap_or(rest.len())
}

/// The high bit of the lowest byte that is special, and of some above it.
fn special(word: u64) -> u64 {
    const ONES: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * ONES;
    let zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let control = word.wrapping_sub(0x20 * ONES) & !word;
    let quote = zero(word ^ (0x22 * ONES));
    let backslash = zero(word ^ (0x5C * ONES));
    let beyond = word & word << 1 & word << 2 & word << 3;
    (control | quote | backslash | beyond) & HIGH
}

fn jackson_escaped(v: &str, out: &mut Vec<u8>) {
    let mut rest = v;
    loop {
        let (copied, special) = rest.split_at(plain(rest.as_bytes()));
        out.extend_from_slice(copied.as_bytes());
        let mut chars = special.chars();
        match chars.next() {
            Some('"') => out.extend_from_slice(b"\\\""),
            Some('\\') => out.extend_from_slice(b"\\\\"),
            Some('\n') => out.extend_from_slice(b"\\n"),
            Some('\r') => out.extend_from_slice(b"\\r"),
            Some('\t') => out.extend_from_slice(b"\\t"),
            Some('\u{8}') => out.extend_from_slice(b"\\b"),
            Some('\u{c}') => out.extend_from_slice(b"\\f"),
            Some(c) => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| unicode_escape(*unit, out)),
            None => return,
        }
        rest = chars.as_str();
    }
}

fn unicode_escape(unit: u16, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\\u");
    for shift in [12, 8, 4, 0] {
        out.push(HEX[usize::from(unit >> shift & 0xF)]);
    }
}

fn header_escaped(v: &str, out: &mut Vec<u8>) {
    for byte in v.bytes() {
        if byte == b'"' || byte == b'\\' {
            out.push(b'\\');
        }
        out.push(byte);
    }
}

pub(super) fn float64(v: f64, spelling: Spelling, out: &mut Vec<u8>) {
    if !v.is_finite() {
        return not_finite(v.is_nan(), v.is_sign_negative(), spelling, out);
    }
    if v != 0.0 && v.abs() < 1e-322 {
        return two_digits(v, out);
    }
    spell_as_java(ryu::Buffer::new().format_finite(v), out);
}

pub(super) fn float32(v: f32, spelling: Spelling, out: &mut Vec<u8>) {
    if !v.is_finite() {
        return not_finite(v.is_nan(), v.is_sign_negative(), spelling, out);
    }
    if v != 0.0 && v.abs() < 2e-44 {
        return two_digits(v, out);
    }
    spell_as_java(ryu::Buffer::new().format_finite(v), out);
}

/// So small that one digit would do; Java prints two.
fn two_digits(v: impl LowerExp, out: &mut Vec<u8>) {
    let mut room = [0; 16];
    let mut rest = &mut room[..];
    let _ = write!(rest, "{v:.1e}");
    let length = 16 - rest.len();
    spell_as_java(std::str::from_utf8(&room[..length]).unwrap_or("0"), out);
}

fn not_finite(nan: bool, negative: bool, spelling: Spelling, out: &mut Vec<u8>) {
    let name = match (nan, negative) {
        (true, _) => "NaN",
        (false, true) => "-Infinity",
        (false, false) => "Infinity",
    };
    match spelling {
        Spelling::Header | Spelling::Java => out.extend_from_slice(name.as_bytes()),
        Spelling::Base64 | Spelling::Numeric => string(name, spelling, out),
    }
}

/// `BigDecimal.toString`: scientific only when the number is smaller than 1e-6.
pub(super) fn big_decimal(v: Decimal<'_>, out: &mut Vec<u8>) {
    let plain = v.to_string();
    let (sign, number) = plain.strip_prefix('-').map_or(("", plain.as_str()), |rest| ("-", rest));
    let digits: String = number.chars().filter(|c| *c != '.').collect();
    let digits = digits.trim_start_matches('0');
    let digits = if digits.is_empty() { "0" } else { digits };
    let adjusted = i64::try_from(digits.len()).unwrap_or(i64::MAX) - 1 - i64::from(v.scale);
    if adjusted >= -6 {
        return out.extend_from_slice(plain.as_bytes());
    }
    let (first, rest) = digits.split_at(1);
    let point = if rest.is_empty() { "" } else { "." };
    out.extend_from_slice(format!("{sign}{first}{point}{rest}E{adjusted}").as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(write: impl FnOnce(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn floats_are_spelt_as_in_java() {
        let cases = [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (123456.789, "123456.789"),
            (9999999.0, "9999999.0"),
            (1e7, "1.0E7"),
            (12345678.0, "1.2345678E7"),
            (0.001, "0.001"),
            (0.00099, "9.9E-4"),
            (0.0123, "0.0123"),
            (-1.5e-4, "-1.5E-4"),
            (2e23, "2.0E23"),
            (1e16, "1.0E16"),
            (4.9e-324, "4.9E-324"),
            (9.9e-324, "9.9E-324"),
            (f64::MAX, "1.7976931348623157E308"),
            (f64::NAN, "\"NaN\""),
            (f64::NEG_INFINITY, "\"-Infinity\""),
        ];
        for (value, expected) in cases {
            assert_eq!(text(|out| float64(value, Spelling::Base64, out)), expected);
        }
        for (value, expected) in
            [(3.25f32, "3.25"), (1.4e-45, "1.4E-45"), (1.1e10, "1.1E10"), (16777216.0, "1.6777216E7")]
        {
            assert_eq!(text(|out| float32(value, Spelling::Base64, out)), expected);
        }
        assert_eq!(text(|out| float64(f64::NAN, Spelling::Header, out)), "NaN");
    }

    #[test]
    fn strings_are_escaped_as_jackson_does() {
        let escaped = text(|out| string("a\"\\/\u{8}\u{c}\n\r\t\u{1}\u{1f}\u{7f}é\u{2028}😀z", Spelling::Base64, out));
        assert_eq!(escaped, "\"a\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001F\u{7f}é\u{2028}\\uD83D\\uDE00z\"");
        assert_eq!(text(|out| string("a\"\\\n😀", Spelling::Header, out)), "\"a\\\"\\\\\n😀\"");
    }

    #[test]
    fn numeric_decimals_turn_scientific_below_a_millionth() {
        let show = |text_, scale| text(|out| big_decimal(Decimal::parse(text_, scale).unwrap(), out));
        assert_eq!(show("0", 10), "0E-10");
        assert_eq!(show("0.0000000001", 10), "1E-10");
        assert_eq!(show("-0.00000012", 8), "-1.2E-7");
        assert_eq!(show("0.000001", 6), "0.000001");
        assert_eq!(show("12.5", 2), "12.50");
    }

    #[test]
    fn base64_is_padded() {
        assert_eq!(text(|out| base64(b"\x01\x02\x03", out)), "\"AQID\"");
        assert_eq!(text(|out| base64(b"", out)), "\"\"");
        assert_eq!(text(|out| base64(b"\x00", out)), "\"AA==\"");
        let bytes: Vec<u8> = (0..=255u8).map(|n| n.wrapping_mul(37)).collect();
        for length in 0..30 {
            for v in bytes.windows(length.max(1)).map(|window| &window[..length]) {
                assert_eq!(text(|out| base64(v, out)), format!("\"{}\"", STANDARD.encode(v)));
            }
        }
    }

    #[test]
    fn a_special_byte_is_found_wherever_it_stands() {
        let expected = |bytes: &[u8]| bytes.iter().position(|b| SPECIAL[usize::from(*b)]).unwrap_or(bytes.len());
        for length in 0..40 {
            for at in 0..=length {
                for byte in 0..=255 {
                    // Its neighbours are such as borrow and carry would spoil.
                    for other in [b'!', 0x7F, 0x80, 0xEF] {
                        let mut bytes = vec![other; length];
                        bytes.splice(at..at, [byte]);
                        assert_eq!(plain(&bytes), expected(&bytes), "{bytes:?}");
                    }
                }
            }
        }
    }
}
