//! A position in the write-ahead log.

use std::fmt;
use std::str::FromStr;

/// Byte position in the WAL, as Postgres' `pg_lsn`. Zero is "no position".
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Lsn(pub u64);

impl Lsn {
    pub const ZERO: Self = Self(0);

    pub fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 & 0xFFFF_FFFF)
    }
}

impl fmt::Debug for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not two hexadecimal numbers joined by a slash.
#[derive(Debug, PartialEq, Eq)]
pub struct NotAnLsn;

impl fmt::Display for NotAnLsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a WAL position such as 16/B374D848")
    }
}

impl std::error::Error for NotAnLsn {}

impl FromStr for Lsn {
    type Err = NotAnLsn;

    fn from_str(text: &str) -> Result<Self, NotAnLsn> {
        let (high, low) = text.split_once('/').ok_or(NotAnLsn)?;
        let half = |s: &str| match s.len() {
            1..=8 if !s.starts_with('+') => u32::from_str_radix(s, 16).map(u64::from).map_err(|_| NotAnLsn),
            _ => Err(NotAnLsn),
        };
        Ok(Self((half(high)? << 32) | half(low)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_number_agree() {
        let lsn: Lsn = "16/B374D848".parse().unwrap();
        assert_eq!(lsn, Lsn(0x16_B374_D848));
        assert_eq!(lsn.to_string(), "16/B374D848");
        assert_eq!("0/0".parse(), Ok(Lsn::ZERO));
    }

    #[test]
    fn malformed_text_is_refused() {
        for text in ["", "/", "1", "1/", "/1", "1/2/3", "g/0", "123456789/0", "+1/0"] {
            let parsed = text.parse::<Lsn>();
            assert!(parsed.is_err(), "{text} gave {parsed:?}");
        }
    }
}
