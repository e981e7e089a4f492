//! Decimal numbers as digits, never as floats.

use std::fmt;

/// Digits borrowed from the server's text, seen at a scale: `12.5` at scale 2 is the unscaled integer 1250.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Decimal<'a> {
    pub negative: bool,
    /// ASCII digits before the point; may be empty.
    pub whole: &'a str,
    /// ASCII digits after the point, at most `scale` of them.
    pub fraction: &'a str,
    pub scale: u32,
}

/// The text is no plain decimal number, or has more digits than its scale allows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotADecimal;

impl fmt::Display for NotADecimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a plain decimal number of the expected scale")
    }
}

impl std::error::Error for NotADecimal {}

impl<'a> Decimal<'a> {
    /// `text` as Postgres prints `numeric`: sign, digits, point, digits; no exponent.
    pub fn parse(text: &'a str, scale: u32) -> Result<Self, NotADecimal> {
        let plain = Self::natural(text)?;
        if plain.scale > scale {
            return Err(NotADecimal);
        }
        Ok(Self { scale, ..plain })
    }

    /// The number at the scale its text has.
    pub fn natural(text: &'a str) -> Result<Self, NotADecimal> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let point = digits.bytes().position(|b| b == b'.');
        let (whole, fraction) = point.map_or((digits, ""), |at| (&digits[..at], &digits[at + 1..]));
        let all_digits = |s: &str| s.bytes().fold(true, |all, b| all & b.is_ascii_digit());
        if (whole.is_empty() && fraction.is_empty()) || !all_digits(whole) || !all_digits(fraction) {
            return Err(NotADecimal);
        }
        let scale = u32::try_from(fraction.len()).map_err(|_| NotADecimal)?;
        Ok(Self { negative, whole, fraction, scale })
    }

    /// Without trailing zeros after the point, as Java's `stripTrailingZeros` at a scale of zero or more.
    pub fn stripped(self) -> Self {
        let fraction = self.fraction.trim_end_matches('0');
        // A fraction is never longer than its scale, which is a u32.
        let scale = u32::try_from(fraction.len()).unwrap_or(self.scale);
        Self { fraction, scale, ..self }
    }

    /// All digits of the unscaled integer, most significant first.
    fn digits(&self) -> impl Iterator<Item = u8> + '_ {
        let padding = (self.scale as usize).saturating_sub(self.fraction.len());
        let text = self.whole.bytes().chain(self.fraction.bytes());
        text.map(|b| b - b'0').chain(std::iter::repeat_n(0, padding))
    }

    /// The unscaled integer of at most 38 digits, big-endian; [`shortest`] takes off what repeats the sign.
    pub fn short_unscaled(&self) -> Option<[u8; 16]> {
        let length = self.whole.len() + (self.scale as usize).max(self.fraction.len());
        let magnitude = || self.digits().fold(0i128, |n, d| n * 10 + i128::from(d));
        (length <= 38).then(|| (if self.negative { -magnitude() } else { magnitude() }).to_be_bytes())
    }

    /// The unscaled integer of at most 18 digits.
    fn small(&self) -> Option<i64> {
        let padding = (self.scale as usize).saturating_sub(self.fraction.len());
        if self.whole.len() + self.fraction.len() + padding > 18 {
            return None;
        }
        let append = |number: i64, digits: &str| digits.bytes().fold(number, |n, b| n * 10 + i64::from(b - b'0'));
        let digits = append(append(0, self.whole), self.fraction);
        let magnitude = (0..padding).fold(digits, |n, _| n * 10);
        Some(if self.negative { -magnitude } else { magnitude })
    }

    /// Appends the unscaled integer as `BigInteger.toByteArray` does: big-endian two's complement, shortest form.
    pub fn unscaled(&self, out: &mut Vec<u8>) {
        if let Some(number) = self.small() {
            return out.extend_from_slice(shortest(&number.to_be_bytes()));
        }
        if let Some(bytes) = self.short_unscaled() {
            return out.extend_from_slice(shortest(&bytes));
        }
        let mut bytes = self.magnitude();
        if self.negative {
            negate(&mut bytes);
        }
        out.extend_from_slice(shortest(&bytes));
    }

    /// The absolute value in big-endian bytes, with a leading zero byte for the sign.
    fn magnitude(&self) -> Vec<u8> {
        // Little-endian limbs, nine decimal digits taken in at a time.
        let mut limbs: Vec<u32> = Vec::new();
        let mut take_in = |factor: u64, addend: u64| {
            let mut carry = addend;
            for limb in &mut limbs {
                let product = u64::from(*limb) * factor + carry;
                *limb = low_half(product);
                carry = product >> 32;
            }
            if carry > 0 {
                limbs.push(low_half(carry));
            }
        };
        let (mut factor, mut group) = (1u64, 0u64);
        for digit in self.digits() {
            (factor, group) = (factor * 10, group * 10 + u64::from(digit));
            if factor == 1_000_000_000 {
                take_in(factor, group);
                (factor, group) = (1, 0);
            }
        }
        take_in(factor, group);
        std::iter::once(0).chain(limbs.iter().rev().flat_map(|limb| limb.to_be_bytes())).collect()
    }
}

fn low_half(n: u64) -> u32 {
    u32::try_from(n & 0xFFFF_FFFF).unwrap_or(u32::MAX)
}

/// Big-endian two's complement without the leading bytes that only repeat the sign.
pub fn shortest(bytes: &[u8]) -> &[u8] {
    let redundant = bytes.windows(2).take_while(|pair| match pair[0] {
        0x00 => pair[1] < 0x80,
        0xFF => pair[1] >= 0x80,
        _ => false,
    });
    &bytes[redundant.count()..]
}

fn negate(bytes: &mut [u8]) {
    let mut carry = true;
    for byte in bytes.iter_mut().rev() {
        (*byte, carry) = (!*byte).overflowing_add(u8::from(carry));
    }
}

/// Plain notation at the decimal's scale: `1.5` at scale 2 is `1.50`.
impl fmt::Display for Decimal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whole = self.whole.trim_start_matches('0');
        let zero = whole.is_empty() && self.fraction.bytes().all(|b| b == b'0');
        let sign = if self.negative && !zero { "-" } else { "" };
        write!(f, "{sign}{}", if whole.is_empty() { "0" } else { whole })?;
        if self.scale > 0 {
            let width = self.scale as usize;
            write!(f, ".{:0<width$}", self.fraction)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn unscaled(text: &str, scale: u32) -> Vec<u8> {
        let mut out = Vec::new();
        Decimal::parse(text, scale).unwrap().unscaled(&mut out);
        out
    }

    #[test]
    fn unscaled_bytes_are_javas() {
        assert_eq!(unscaled("0", 2), [0]);
        assert_eq!(unscaled("-0.00", 2), [0]);
        assert_eq!(unscaled("1.28", 2), [0x00, 0x80]);
        assert_eq!(unscaled("-1.28", 2), [0x80]);
        assert_eq!(unscaled("-1.29", 2), [0xFF, 0x7F]);
        assert_eq!(unscaled("19.99", 2), [0x07, 0xCF]);
        assert_eq!(unscaled("-1234.11", 2), [0xFE, 0x1D, 0xED]);
        assert_eq!(unscaled("3.3", 2), [0x01, 0x4A]);
    }

    #[test]
    fn wide_numbers_agree_with_narrow_ones() {
        // 2^200 and its neighbours, and a 38-digit number written with 40 digits.
        let two_to_200 = "1606938044258990275541962092341162602522202993782792835301376";
        let mut expected = vec![0x01];
        expected.extend([0; 25]);
        assert_eq!(unscaled(two_to_200, 0), expected);
        let mut minus = vec![0xFF];
        minus.extend([0; 25]);
        assert_eq!(unscaled(&format!("-{two_to_200}"), 0), minus);
        for n in [0i128, 1, 127, 128, 255, 256, i128::from(u64::MAX), 10i128.pow(37) + 12345] {
            for n in [n, -n] {
                let sign = if n < 0 { "-" } else { "" };
                let wide = format!("{sign}{:045}", n.unsigned_abs());
                assert_eq!(unscaled(&wide, 0), unscaled(&n.to_string(), 0), "{n}");
            }
        }
    }

    #[test]
    fn text_is_plain_and_padded() {
        let show = |text, scale| Decimal::parse(text, scale).unwrap().to_string();
        assert_eq!(show("1.5", 2), "1.50");
        assert_eq!(show("-0.0", 1), "0.0");
        assert_eq!(show("007", 0), "7");
        assert_eq!(show("-.5", 1), "-0.5");
        assert_eq!(Decimal::natural("1.500").unwrap().stripped().to_string(), "1.5");
        assert_eq!(Decimal::natural("100").unwrap().stripped().to_string(), "100");
    }

    #[test]
    fn what_is_no_plain_number_is_refused() {
        for text in ["", "-", ".", "NaN", "1e5", "1.2.3", "0x1", " 1"] {
            assert_eq!(Decimal::natural(text), Err(NotADecimal), "{text}");
        }
        assert_eq!(Decimal::parse("1.234", 2), Err(NotADecimal));
    }
}
