//! How Java spells floating point numbers.

use std::io::Write;

/// Respells the shortest digits (`1e16`, `0.00012`, `-3.5`) as Java's `Double.toString` does: decimal between 1e-3 and 1e7,
/// otherwise one digit, a point, and `E`.
pub fn spell_as_java(shortest: &str, out: &mut Vec<u8>) {
    let (negative, number) = shortest.strip_prefix('-').map_or((false, shortest), |rest| (true, rest));
    let (mantissa, exponent) = number.split_once('e').unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if negative {
        out.push(b'-');
    }
    // Seventeen digits tell every double; text with more is none of a float's shortest.
    let mut room = [0u8; 32];
    let mut count = 0;
    for (place, digit) in room.iter_mut().zip(whole.bytes().chain(fraction.bytes())) {
        *place = digit;
        count += 1;
    }
    let digits = &room[..count];
    let leading_zeros = digits.iter().take_while(|d| **d == b'0').count();
    let significant = &digits[leading_zeros..];
    let trailing_zeros = significant.iter().rev().take_while(|d| **d == b'0').count();
    let significant = &significant[..significant.len() - trailing_zeros];
    if significant.is_empty() {
        return out.extend_from_slice(b"0.0");
    }
    // The value is 0.d1d2d3... times ten to the power of `point`.
    let shift = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    let point = exponent.parse::<i32>().unwrap_or(0) + shift(whole.len()) - shift(leading_zeros);
    match point {
        -2..=0 => {
            out.extend_from_slice(b"0.");
            out.extend(std::iter::repeat_n(b'0', point.unsigned_abs() as usize));
            out.extend_from_slice(significant);
        }
        1..=7 => {
            let point = point.unsigned_abs() as usize;
            out.extend(significant.iter().copied().chain(std::iter::repeat(b'0')).take(point));
            out.push(b'.');
            let rest = significant.get(point..).filter(|rest| !rest.is_empty()).unwrap_or(b"0");
            out.extend_from_slice(rest);
        }
        _ => {
            out.extend_from_slice(&[significant[0], b'.']);
            out.extend_from_slice(if significant.len() > 1 { &significant[1..] } else { b"0" });
            out.push(b'E');
            let _ = write!(out, "{}", point - 1);
        }
    }
}
