//! Intervals in IntervalStyle `postgres`: `1 year 2 mons -3 days +04:05:06.78`.

use std::fmt;

use super::Unconvertible;

/// The six components, each with its own sign.
#[derive(Clone, Copy, Default, PartialEq, Debug)]
pub(super) struct Interval {
    years: i64,
    months: i64,
    days: i64,
    hours: i64,
    minutes: i64,
    seconds: i64,
    micros: i64,
}

const BROKEN: Unconvertible = Unconvertible("not an interval in IntervalStyle postgres");

pub(super) fn parse(text: &str) -> Result<Interval, Unconvertible> {
    let mut interval = Interval::default();
    let mut words = text.split_ascii_whitespace();
    while let Some(word) = words.next() {
        if word.contains(':') {
            interval.clock(word)?;
            continue;
        }
        let amount: i64 = word.parse().map_err(|_| BROKEN)?;
        match words.next().ok_or(BROKEN)? {
            "year" | "years" => interval.years = amount,
            "mon" | "mons" => interval.months = amount,
            "day" | "days" => interval.days = amount,
            _ => return Err(BROKEN),
        }
    }
    Ok(interval)
}

impl Interval {
    fn clock(&mut self, text: &str) -> Result<(), Unconvertible> {
        let (sign, text) = match text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, text.strip_prefix('+').unwrap_or(text)),
        };
        let mut parts = text.split(':');
        let mut part = || parts.next().ok_or(BROKEN);
        let number = |s: &str| s.parse::<i64>().map_err(|_| BROKEN);
        self.hours = sign * number(part()?)?;
        self.minutes = sign * number(part()?)?;
        let seconds = part()?;
        let (whole, fraction) = seconds.split_once('.').unwrap_or((seconds, ""));
        self.seconds = sign * number(whole)?;
        if fraction.len() > 6 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
            return Err(BROKEN);
        }
        self.micros = sign * number(&format!("{fraction:0<6}"))?;
        Ok(())
    }

    /// Microseconds with months of 365.25 / 12 days, in the reference's double arithmetic; saturates.
    pub(super) fn micros(self) -> i64 {
        const DAYS_PER_MONTH: f64 = 365.25 / 12.0;
        #[allow(clippy::cast_precision_loss)]
        let float = |n: i64| n as f64;
        let days = float(self.years * 12 + self.months) * DAYS_PER_MONTH + float(self.days);
        // The driver hands seconds over as a double, fraction included.
        let clock_seconds = float(self.seconds) + float(self.micros) / 1e6;
        let seconds = ((days * 24.0 + float(self.hours)) * 60.0 + float(self.minutes)) * 60.0 + clock_seconds;
        #[allow(clippy::cast_possible_truncation)] // saturates, as Java's cast does
        let micros = (seconds * 1e6) as i64;
        micros
    }
}

/// ISO 8601 with every component, each with its own sign.
impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "P{}Y{}M{}DT{}H{}M", self.years, self.months, self.days, self.hours, self.minutes)?;
        let negative = self.seconds < 0 || self.micros < 0;
        write!(f, "{}{}", if negative { "-" } else { "" }, self.seconds.abs())?;
        if self.micros != 0 {
            let fraction = format!("{:06}", self.micros.abs());
            write!(f, ".{}", fraction.trim_end_matches('0'))?;
        }
        f.write_str("S")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn components_keep_their_signs() {
        let show = |text| parse(text).unwrap().to_string();
        assert_eq!(show("1 year 2 mons 3 days 04:05:06.78"), "P1Y2M3DT4H5M6.78S");
        assert_eq!(show("-1 years -2 mons -3 days -04:05:06.78"), "P-1Y-2M-3DT-4H-5M-6.78S");
        assert_eq!(show("-00:00:00.000001"), "P0Y0M0DT0H0M-0.000001S");
        assert_eq!(show("00:00:00"), "P0Y0M0DT0H0M0S");
        assert_eq!(parse("1 year 2 mons 3 days 04:05:06.78").unwrap().micros(), 37_091_106_780_000);
        assert_eq!(parse("-1 years +1 mons -1 days +00:00:00.1").unwrap().micros(), -29_014_199_900_000);
        let rounded = "17 years 11 mons -124 days -09:01:50.553845";
        assert_eq!(parse(rounded).unwrap().micros(), 554_660_889_446_154);
    }

    #[test]
    fn other_text_is_refused() {
        for text in ["P1Y", "1", "1 fortnight", "1:2", "a:b:c", "1:2:3.1234567"] {
            assert_eq!(parse(text), Err(BROKEN), "{text}");
        }
    }
}
