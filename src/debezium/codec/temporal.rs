//! Dates and times in DateStyle ISO and TimeZone UTC, as numbers since the epoch or as ISO text.

use std::fmt::{self, Write};

use super::Unconvertible;
use crate::debezium::text::Text;
use crate::words::data::ValueSink;

/// The longest: `+294276-12-31T23:59:59.999999Z`.
/// Room for the longest of them: writing into one cannot fail.
type Iso = Text<40>;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::debezium) enum DateUnit {
    Days,
    Iso,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::debezium) enum TimeUnit {
    Millis,
    Micros,
    Nanos,
    Iso,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(in crate::debezium) enum TimestampUnit {
    Millis,
    Micros,
    Nanos,
    Iso,
}

const MICROS_PER_SECOND: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SECOND;

/// pgjdbc's stand-ins for infinity, and what the reference's arithmetic makes of them.
const INFINITE_DAYS: [i64; 2] = [-2_147_472_692, -2_147_472_691];
const INFINITE_MICROS: [i64; 2] = [9_223_372_036_825_200_000, -9_223_372_036_832_400_000];
const INFINITE_DATE: [&str; 2] = ["-5877611-06-21Z", "-5877611-06-22Z"];
const INFINITE_TIMESTAMP: [&str; 2] = ["+294247-01-10T04:00:25.2Z", "-290308-12-21T19:59:27.6Z"];

const NO_DATE: Unconvertible = Unconvertible("not a date in DateStyle ISO");
const NO_TIME: Unconvertible = Unconvertible("not a time of day");
const NO_OFFSET: Unconvertible = Unconvertible("not a time zone offset");

/// 0 for `infinity`, 1 for `-infinity`.
fn infinity(text: &str) -> Option<usize> {
    match text {
        "infinity" => Some(0),
        "-infinity" => Some(1),
        _ => None,
    }
}

/// A calendar date in the proleptic Gregorian calendar; year 0 is 1 BC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Date {
    pub(super) year: i64,
    pub(super) month: u32,
    pub(super) day: u32,
}

impl Date {
    /// `2024-02-29`, era already taken off.
    pub(super) fn parse(text: &str, bc: bool) -> Result<Self, Unconvertible> {
        if let (&[y3, y2, y1, y0, b'-', m1, m0, b'-', d1, d0], false) = (text.as_bytes(), bc) {
            return Self::of_digits([y3, y2, y1, y0], [m1, m0], [d1, d0]);
        }
        Self::parse_any(text, bc)
    }

    /// The usual: four digits of year, two of month, two of day.
    fn of_digits(year: [u8; 4], month: [u8; 2], day: [u8; 2]) -> Result<Self, Unconvertible> {
        let digits = year.iter().chain(&month).chain(&day);
        if !digits.fold(true, |all, digit| all & digit.is_ascii_digit()) {
            return Err(NO_DATE);
        }
        let number = |digits: &[u8]| digits.iter().fold(0, |number, digit| number * 10 + u32::from(digit - b'0'));
        let (year, month, day) = (number(&year), number(&month), number(&day));
        if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return Err(NO_DATE);
        }
        Ok(Self { year: year.into(), month, day })
    }

    fn parse_any(text: &str, bc: bool) -> Result<Self, Unconvertible> {
        let mut parts = text.splitn(3, '-');
        let mut part = || parts.next().filter(|p| p.bytes().all(|b| b.is_ascii_digit())).ok_or(NO_DATE);
        let year: i64 = part()?.parse().map_err(|_| NO_DATE)?;
        let month = part()?.parse().map_err(|_| NO_DATE)?;
        let day = part()?.parse().map_err(|_| NO_DATE)?;
        if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
            return Err(NO_DATE);
        }
        Ok(Self { year: if bc { 1 - year } else { year }, month, day })
    }

    /// Days since 1970-01-01 (Howard Hinnant's days_from_civil).
    fn days(self) -> i64 {
        let year = if self.month <= 2 { self.year - 1 } else { self.year };
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let month = i64::from((self.month + 9) % 12);
        let day_of_year = (153 * month + 2) / 5 + i64::from(self.day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        era * 146_097 + day_of_era - 719_468
    }

    /// The inverse of [`Self::days`].
    fn of_days(days: i64) -> Self {
        let days = days + 719_468;
        let era = days.div_euclid(146_097);
        let day_of_era = days.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month = (5 * day_of_year + 2) / 153;
        let small = |n: i64| u32::try_from(n).unwrap_or(1);
        let (day, month) = (small(day_of_year - (153 * month + 2) / 5 + 1), small((month + 2) % 12 + 1));
        Self { year: era * 400 + year_of_era + i64::from(month <= 2), month, day }
    }

    /// Whether the month has this day.
    pub(super) fn exists(self) -> bool {
        Self::of_days(self.days()) == self
    }

    /// Before the Gregorian calendar began.
    pub(super) fn is_julian(self) -> bool {
        (self.year, self.month, self.day) < (1582, 10, 15)
    }

    /// Among the ten days that the change of calendars left out.
    pub(super) fn in_the_gap(self) -> bool {
        self.is_julian() && (self.year, self.month, self.day) > (1582, 10, 4)
    }

    /// The date that the same numbers mean in the Julian calendar.
    pub(super) fn of_julian(self) -> Self {
        let late = i64::from(self.month <= 2);
        let (year, month) = (self.year + 4800 - late, i64::from(self.month) + 12 * late - 3);
        let day_number = i64::from(self.day) + (153 * month + 2) / 5 + 365 * year + year.div_euclid(4) - 32_083;
        Self::of_days(day_number - 2_440_588)
    }

    /// Java's ISO year: at least four digits, a sign when negative or beyond 9999.
    fn write(self, out: &mut Iso) -> fmt::Result {
        match self.year {
            ..0 => out.write_char('-')?,
            0..=9999 => {}
            _ => out.write_char('+')?,
        }
        out.push_number(self.year.unsigned_abs(), 4)?;
        for part in [self.month, self.day] {
            out.write_char('-')?;
            out.push_number(part.into(), 2)?;
        }
        Ok(())
    }
}

/// Year, month and day of a day since 1970-01-01.
pub(in crate::debezium) fn civil(days: i64) -> (i64, u32, u32) {
    let date = Date::of_days(days);
    (date.year, date.month, date.day)
}

/// Microseconds since midnight; `24:00:00` is a whole day.
fn time_of_day(text: &str) -> Result<i64, Unconvertible> {
    let (&[h1, h0, b':', m1, m0, b':', s1, s0], rest) = text.as_bytes().split_first_chunk().ok_or(NO_TIME)? else {
        return Err(NO_TIME);
    };
    let fraction = match rest {
        [] => rest,
        [b'.', fraction @ ..] => fraction,
        _ => return Err(NO_TIME),
    };
    let two = |high: u8, low: u8| match (high.is_ascii_digit(), low.is_ascii_digit()) {
        (true, true) => Ok(i64::from(high - b'0') * 10 + i64::from(low - b'0')),
        _ => Err(NO_TIME),
    };
    let (hours, minutes, seconds) = (two(h1, h0)?, two(m1, m0)?, two(s1, s0)?);
    if fraction.len() > 6 || hours > 24 || minutes > 59 || seconds > 60 {
        return Err(NO_TIME);
    }
    let mut digits = [b'0'; 6];
    digits[..fraction.len()].copy_from_slice(fraction);
    if !digits.iter().fold(true, |all, digit| all & digit.is_ascii_digit()) {
        return Err(NO_TIME);
    }
    let micros = digits.iter().fold(0, |micros, digit| micros * 10 + i64::from(digit - b'0'));
    Ok(((hours * 60 + minutes) * 60 + seconds) * MICROS_PER_SECOND + micros)
}

fn write_clock(micros: i64, out: &mut Iso) -> fmt::Result {
    let seconds = micros.unsigned_abs() / MICROS_PER_SECOND.unsigned_abs();
    out.push_number(seconds / 3600, 2)?;
    for part in [seconds / 60 % 60, seconds % 60] {
        out.write_char(':')?;
        out.push_number(part, 2)?;
    }
    Ok(())
}

/// Point and six digits.
fn fraction(micros: i64) -> Text<8> {
    let mut digits = Text::default();
    let _ = digits.write_char('.');
    let _ = digits.push_number((micros % MICROS_PER_SECOND).unsigned_abs(), 6);
    digits
}

/// The fraction without trailing zeros, nothing when it is zero.
fn write_trimmed_fraction(micros: i64, out: &mut Iso) -> fmt::Result {
    if micros % MICROS_PER_SECOND == 0 { Ok(()) } else { out.write_str(fraction(micros).trim_end_matches('0')) }
}

pub(super) fn split_era(text: &str) -> (&str, bool) {
    text.strip_suffix(" BC").map_or((text, false), |rest| (rest, true))
}

pub(super) fn push_date<S: ValueSink>(text: &str, unit: DateUnit, sink: &mut S) -> Result<(), Unconvertible> {
    if let Some(which) = infinity(text) {
        match unit {
            DateUnit::Days => sink.int(INFINITE_DAYS[which]),
            DateUnit::Iso => sink.str(INFINITE_DATE[which]),
        }
        return Ok(());
    }
    let (text, bc) = split_era(text);
    let date = Date::parse(text, bc)?;
    match unit {
        DateUnit::Days => sink.int(narrowed(date.days())),
        DateUnit::Iso => {
            let mut iso = Iso::default();
            let _ = date.write(&mut iso);
            let _ = iso.write_char('Z');
            sink.str(&iso);
        }
    }
    Ok(())
}

/// To the 32 bits of a date, silently, as the reference does: only what Java makes of infinity is that far away.
fn narrowed(days: i64) -> i64 {
    const SPAN: i64 = 1 << 32;
    (days - i64::from(i32::MIN)).rem_euclid(SPAN) + i64::from(i32::MIN)
}

pub(super) fn push_time<S: ValueSink>(text: &str, unit: TimeUnit, sink: &mut S) -> Result<(), Unconvertible> {
    let micros = time_of_day(text)?;
    match unit {
        TimeUnit::Millis => sink.int(micros / 1000),
        TimeUnit::Micros => sink.int(micros),
        TimeUnit::Nanos => sink.int(micros * 1000),
        TimeUnit::Iso => {
            let mut iso = Iso::default();
            let _ = write_clock(micros % MICROS_PER_DAY, &mut iso);
            let _ = write_trimmed_fraction(micros, &mut iso);
            let _ = iso.write_char('Z');
            sink.str(&iso);
        }
    }
    Ok(())
}

/// `04:05:06.789+02`: shifted to UTC, fraction trimmed.
pub(super) fn push_timetz<S: ValueSink>(text: &str, sink: &mut S) -> Result<(), Unconvertible> {
    let at = text.rfind(['+', '-']).ok_or(NO_OFFSET)?;
    let (clock, offset) = text.split_at(at);
    let micros = time_of_day(clock)?;
    let offset = offset_seconds(offset)?;
    let mut iso = Iso::default();
    let utc = (micros - offset * MICROS_PER_SECOND).rem_euclid(MICROS_PER_DAY);
    let _ = write_clock(utc, &mut iso);
    let _ = write_trimmed_fraction(utc, &mut iso);
    let _ = iso.write_char('Z');
    sink.str(&iso);
    Ok(())
}

/// `+02`, `-03:30`, `+00:00:01`.
fn offset_seconds(text: &str) -> Result<i64, Unconvertible> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').ok_or(NO_OFFSET)?),
    };
    let mut seconds = 0;
    for (part, unit) in digits.split(':').zip([3600, 60, 1]) {
        seconds += part.parse::<i64>().map_err(|_| NO_OFFSET)? * unit;
    }
    Ok(if negative { -seconds } else { seconds })
}

/// Date and microseconds of the day of `2024-02-29 12:34:56.789`.
fn date_and_time(text: &str, bc: bool) -> Result<(Date, i64), Unconvertible> {
    let (date, time) = match (text.get(..10), text.get(10..)) {
        (Some(date), Some(rest)) if rest.starts_with(' ') => (date, &rest[1..]),
        _ => text.split_once(' ').ok_or(NO_DATE)?,
    };
    Ok((Date::parse(date, bc)?, time_of_day(time)?))
}

pub(super) fn push_timestamp<S: ValueSink>(text: &str, unit: TimestampUnit, sink: &mut S) -> Result<(), Unconvertible> {
    if let Some(which) = infinity(text) {
        match unit {
            TimestampUnit::Millis => sink.int(INFINITE_MICROS[which] / 1000),
            TimestampUnit::Micros => sink.int(INFINITE_MICROS[which]),
            TimestampUnit::Nanos => sink.int([i64::MAX, i64::MIN][which]),
            TimestampUnit::Iso => sink.str(INFINITE_TIMESTAMP[which]),
        }
        return Ok(());
    }
    let (text, bc) = split_era(text);
    let (date, time) = date_and_time(text, bc)?;
    match unit {
        TimestampUnit::Millis => sink.int(date.days() * 86_400_000 + time.div_euclid(1000)),
        TimestampUnit::Micros => sink.int(micros_since_epoch(date.days(), time)),
        TimestampUnit::Nanos => {
            const RANGE: Unconvertible = Unconvertible("outside of the range of nanoseconds, 1677 to 2262");
            let seconds = date.days() * 86_400 + time / MICROS_PER_SECOND;
            let whole = seconds.checked_mul(1_000_000_000).ok_or(RANGE)?;
            sink.int(whole.checked_add(time % MICROS_PER_SECOND * 1000).ok_or(RANGE)?);
        }
        TimestampUnit::Iso => {
            let mut iso = Iso::default();
            let _ = date.write(&mut iso);
            let _ = iso.write_char('T');
            let _ = write_clock(time, &mut iso);
            let _ = write_trimmed_fraction(time, &mut iso);
            let _ = iso.write_char('Z');
            sink.str(&iso);
        }
    }
    Ok(())
}

/// At the far end of the range the reference's whole seconds saturate and its fraction wraps.
fn micros_since_epoch(days: i64, time: i64) -> i64 {
    let seconds = days * 86_400 + time / MICROS_PER_SECOND;
    seconds.saturating_mul(MICROS_PER_SECOND).wrapping_add(time % MICROS_PER_SECOND)
}

/// `2020-04-01 11:51:02.1+00`: exactly `precision` digits of fraction, or those there are if it is 0.
pub(super) fn push_timestamptz<S: ValueSink>(text: &str, precision: usize, sink: &mut S) -> Result<(), Unconvertible> {
    if infinity(text).is_some() {
        sink.str(text);
        return Ok(());
    }
    let (text, bc) = split_era(text);
    let text = text.strip_suffix("+00").ok_or(Unconvertible("not a timestamp in TimeZone UTC"))?;
    let (date, time) = date_and_time(text, bc)?;
    let mut iso = Iso::default();
    let _ = date.write(&mut iso);
    let _ = iso.write_char('T');
    let _ = write_clock(time, &mut iso);
    if precision > 0 {
        let digits = fraction(time);
        let _ = iso.write_str(digits.get(..=precision).unwrap_or(&digits));
    } else {
        // Rows have no fraction then; the literal of a default may have one.
        let _ = write_trimmed_fraction(time, &mut iso);
    }
    let _ = iso.write_char('Z');
    sink.str(&iso);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::data::Value;

    fn days(text: &str) -> i64 {
        let (text, bc) = split_era(text);
        Date::parse(text, bc).unwrap().days()
    }

    #[test]
    fn days_count_from_1970_in_both_directions() {
        assert_eq!(days("1970-01-01"), 0);
        assert_eq!(days("2026-01-01"), 20_454);
        assert_eq!(days("1969-12-31"), -1);
        assert_eq!(days("2000-02-29"), 11_016);
        assert_eq!(days("0044-03-15 BC"), -735_160);
        assert_eq!(
            days("4713-12-31 BC") * MICROS_PER_DAY + time_of_day("23:59:59.999999").unwrap(),
            -210_831_897_600_000_001
        );
    }

    #[test]
    fn seconds_saturate_where_microseconds_end() {
        let micros = |date, clock| micros_since_epoch(days(date), time_of_day(clock).unwrap());
        assert_eq!(micros("1969-12-31", "23:59:59.999999"), -1);
        assert_eq!(micros("294276-12-31", "23:59:59"), i64::MAX);
        assert_eq!(micros("294276-12-31", "23:59:59.999999"), i64::MIN + 999_998);
    }

    #[test]
    fn a_whole_second_timestamptz_shows_the_fraction_of_a_default() {
        let show = |text: &str| {
            let mut capture = crate::words::data::TreeSink::default();
            push_timestamptz(text, 0, &mut capture).unwrap();
            capture.value()
        };
        assert_eq!(show("3805-08-08 05:08:00+00"), Some(Value::String("3805-08-08T05:08:00Z".into())));
        assert_eq!(show("3805-08-08 05:08:00.000100+00"), Some(Value::String("3805-08-08T05:08:00.0001Z".into())));
    }

    #[test]
    fn clocks_are_exact() {
        assert_eq!(time_of_day("04:05:05.123456"), Ok(14_705_123_456));
        assert_eq!(time_of_day("24:00:00"), Ok(MICROS_PER_DAY));
        assert_eq!(time_of_day("00:00:00.5"), Ok(500_000));
        for text in ["", "4:05:06", "04:05", "25:00:00", "04:60:00", "04:05:06.1234567", "04:05:06.x"] {
            assert_eq!(time_of_day(text), Err(NO_TIME), "{text}");
        }
    }

    #[test]
    fn offsets_may_have_minutes_and_seconds() {
        assert_eq!(offset_seconds("+02"), Ok(7200));
        assert_eq!(offset_seconds("-03:30"), Ok(-12_600));
        assert_eq!(offset_seconds("-00:00:01"), Ok(-1));
        assert!(offset_seconds("02").is_err());
    }
}
