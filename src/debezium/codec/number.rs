//! Integers, floats, numerics and money.

use std::str::FromStr;

use super::{MoneyForm, Unconvertible};
use crate::words::data::{Decimal, ValueSink, shortest};

pub(super) fn int(text: &str) -> Result<i64, Unconvertible> {
    text.parse().map_err(|_| Unconvertible("not an integer"))
}

/// `NaN`, `Infinity` and `-Infinity` are spelt alike in Postgres and Rust.
pub(super) fn float<F: FromStr>(text: &str) -> Result<F, Unconvertible> {
    text.parse().map_err(|_| Unconvertible("not a floating point number"))
}

const SPECIAL: Unconvertible = Unconvertible(
    "a special value (NaN/Infinity) for Decimal type, which decimal.handling.mode=precise does not handle",
);

pub(super) fn is_special(text: &str) -> bool {
    matches!(text, "NaN" | "Infinity" | "-Infinity")
}

pub(super) fn precise(text: &str, scale: u32) -> Result<Decimal<'_>, Unconvertible> {
    if is_special(text) {
        return Err(SPECIAL);
    }
    Decimal::parse(text, scale).map_err(|_| Unconvertible("not a decimal number of the column's scale"))
}

/// `VariableScaleDecimal`: trailing zeros stripped, never a negative scale.
pub(super) fn push_variable<S: ValueSink>(text: &str, sink: &mut S) -> Result<(), Unconvertible> {
    if is_special(text) {
        return Err(SPECIAL);
    }
    let decimal = Decimal::natural(text).map_err(|_| Unconvertible("not a decimal number"))?.stripped();
    sink.begin_struct();
    sink.int(decimal.scale.into());
    match decimal.short_unscaled() {
        Some(bytes) => sink.bytes(shortest(&bytes)),
        None => {
            let mut unscaled = Vec::new();
            decimal.unscaled(&mut unscaled);
            sink.bytes(&unscaled);
        }
    }
    sink.end();
    Ok(())
}

pub(super) fn push_text<S: ValueSink>(text: &str, scale: Option<u32>, sink: &mut S) -> Result<(), Unconvertible> {
    match (text, scale) {
        ("NaN", _) => sink.str("NAN"),
        ("Infinity", _) => sink.str("POSITIVE_INFINITY"),
        ("-Infinity", _) => sink.str("NEGATIVE_INFINITY"),
        (_, None) => sink.str(text),
        (_, Some(scale)) => match precise(text, scale)? {
            // As the server prints it.
            decimal if decimal.fraction.len() == scale as usize && !decimal.whole.is_empty() => sink.str(text),
            decimal => sink.str(&decimal.to_string()),
        },
    }
    Ok(())
}

/// `$1,234.56`, `-$1.00`, `($1.00)`: everything but digits, point and sign is decoration.
pub(super) fn push_money<S: ValueSink>(
    text: &str,
    scale: u32,
    form: MoneyForm,
    sink: &mut S,
) -> Result<(), Unconvertible> {
    let negative = text.contains(['-', '(']);
    let mut plain = String::from(if negative { "-" } else { "" });
    plain.extend(text.chars().filter(|c| c.is_ascii_digit() || *c == '.'));
    let rounded = round_half_up(&plain, scale).ok_or(Unconvertible("not an amount of money"))?;
    match form {
        MoneyForm::Precise => sink.decimal(precise(&rounded, scale)?),
        MoneyForm::Double => sink.float64(float(&rounded)?),
        MoneyForm::Text => sink.str(&precise(&rounded, scale)?.to_string()),
    }
    Ok(())
}

/// At most `scale` digits after the point, halves away from zero.
fn round_half_up(text: &str, scale: u32) -> Option<String> {
    let decimal = Decimal::natural(text).ok()?;
    let kept = scale as usize;
    if decimal.fraction.len() <= kept {
        return Some(text.to_owned());
    }
    let up = decimal.fraction.as_bytes()[kept] >= b'5';
    let mut digits: Vec<u8> = [b"0", decimal.whole.as_bytes(), &decimal.fraction.as_bytes()[..kept]].concat();
    if up {
        let nines = digits.iter().rev().take_while(|d| **d == b'9').count();
        let at = digits.len() - 1 - nines;
        digits[at] += 1;
        digits[at + 1..].fill(b'0');
    }
    let digits = String::from_utf8(digits).ok()?;
    let (whole, fraction) = digits.split_at(digits.len() - kept);
    let sign = if decimal.negative { "-" } else { "" };
    Some(if kept > 0 { format!("{sign}{whole}.{fraction}") } else { format!("{sign}{whole}") })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_rounded_away_from_zero() {
        assert_eq!(round_half_up("1.25", 1).as_deref(), Some("01.3"));
        assert_eq!(round_half_up("-9.95", 1).as_deref(), Some("-10.0"));
        assert_eq!(round_half_up("9.49", 0).as_deref(), Some("09"));
        assert_eq!(round_half_up("1.2", 3).as_deref(), Some("1.2"));
        assert_eq!(round_half_up("", 3), None);
    }
}
