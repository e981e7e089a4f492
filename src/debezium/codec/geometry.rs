//! `point` and PostGIS, as structs around well-known binary; pgvector's vectors.

use super::binary::unhex;
use super::{Unconvertible, number};
use crate::words::data::{ValueSink, spell_as_java};

const NO_POINT: Unconvertible = Unconvertible("not a point");
const NO_WKB: Unconvertible = Unconvertible("not extended well-known binary");
const NO_VECTOR: Unconvertible = Unconvertible("not a vector");

/// `(1,2)` as x, y, little-endian WKB, no SRID.
pub(super) fn push_point<S: ValueSink>(text: &str, sink: &mut S) -> Result<(), Unconvertible> {
    let body = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')).ok_or(NO_POINT)?;
    let (x, y) = body.split_once(',').ok_or(NO_POINT)?;
    let (x, y): (f64, f64) = (number::float(x)?, number::float(y)?);
    let mut wkb = [0u8; 21];
    wkb[0] = 1;
    wkb[1] = 1;
    wkb[5..13].copy_from_slice(&bits(x));
    wkb[13..21].copy_from_slice(&bits(y));
    sink.begin_struct();
    sink.float64(x);
    sink.float64(y);
    sink.bytes(&wkb);
    sink.null();
    sink.end();
    Ok(())
}

/// Java has one NaN.
fn bits(v: f64) -> [u8; 8] {
    if v.is_nan() { 0x7ff8_0000_0000_0000u64.to_le_bytes() } else { v.to_le_bytes() }
}

/// A geometric value with its numbers as Java spells them: the reference's driver parses and prints such values.
pub(super) fn in_java(text: &str) -> Result<String, Unconvertible> {
    let of_number = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    let (mut java, mut rest) = (Vec::with_capacity(text.len() * 2), text);
    while !rest.is_empty() {
        let number = &rest[..rest.find(|c| !of_number(c)).unwrap_or(rest.len())];
        if number.is_empty() {
            let end = rest.find(of_number).unwrap_or(rest.len());
            java.extend_from_slice(&rest.as_bytes()[..end]);
            rest = &rest[end..];
            continue;
        }
        let value: f64 = number::float(number)?;
        if value.is_finite() {
            spell_as_java(&format!("{value:e}"), &mut java);
        } else {
            java.extend_from_slice(number.as_bytes());
        }
        rest = &rest[number.len()..];
    }
    String::from_utf8(java).map_err(|_| NO_POINT)
}

/// The server's hexadecimal EWKB, kept whole; the SRID is read out of it.
pub(super) fn push_geometry<S: ValueSink>(text: &str, sink: &mut S) -> Result<(), Unconvertible> {
    const HAS_SRID: u32 = 0x2000_0000;
    let ewkb = unhex(text)?;
    let word = |at: usize| -> Result<u32, Unconvertible> {
        let bytes: [u8; 4] = ewkb.get(at..at + 4).and_then(|b| b.try_into().ok()).ok_or(NO_WKB)?;
        Ok(if ewkb[0] == 1 { u32::from_le_bytes(bytes) } else { u32::from_be_bytes(bytes) })
    };
    let srid = if word(1)? & HAS_SRID != 0 { Some(word(5)?) } else { None };
    sink.begin_struct();
    sink.bytes(&ewkb);
    match srid {
        Some(srid) => sink.int(srid.into()),
        None => sink.null(),
    }
    sink.end();
    Ok(())
}

/// `[1,2.5]`, as doubles or as floats.
pub(super) fn push_vector<S: ValueSink>(text: &str, single: bool, sink: &mut S) -> Result<(), Unconvertible> {
    let body = text.strip_prefix('[').and_then(|t| t.strip_suffix(']')).ok_or(NO_VECTOR)?;
    sink.begin_array(0);
    for item in body.split(',').filter(|item| !item.is_empty()) {
        if single {
            sink.float32(number::float(item.trim())?);
        } else {
            sink.float64(number::float(item.trim())?);
        }
    }
    sink.end();
    Ok(())
}

/// `{1:1.5,3:2}/5`.
pub(super) fn push_sparse<S: ValueSink>(text: &str, sink: &mut S) -> Result<(), Unconvertible> {
    let (body, dimensions) = text.rsplit_once('/').ok_or(NO_VECTOR)?;
    let body = body.strip_prefix('{').and_then(|t| t.strip_suffix('}')).ok_or(NO_VECTOR)?;
    sink.begin_struct();
    sink.int(number::int(dimensions)?);
    sink.begin_map(0);
    for entry in body.split(',').filter(|entry| !entry.is_empty()) {
        let (index, value) = entry.split_once(':').ok_or(NO_VECTOR)?;
        sink.int(number::int(index)?);
        sink.float64(number::float(value)?);
    }
    sink.end();
    sink.end();
    Ok(())
}
