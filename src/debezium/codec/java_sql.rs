//! Dates and times that the reference reads through `java.sql`: everything in arrays, and `date` in a snapshot.
//!
//! Those classes count in the Julian calendar before 1582-10-15, forget eras, and know milliseconds at best. Only `exact`
//! follows them; the text is changed into what they would print, and the column's own codec goes on with it.

use std::borrow::Cow;

use super::temporal::{Date, split_era};
use super::{Codec, Unconvertible};

/// `text` as it comes out of `java.sql.Date`, `Time` or `Timestamp`.
pub(super) fn seen<'t>(text: &'t str, codec: &Codec) -> Result<Cow<'t, str>, Unconvertible> {
    match codec {
        Codec::Date(_) => match text {
            "infinity" => Ok("292278994-08-16".into()),
            "-infinity" => Ok("292269055-12-02".into()),
            _ => date_fields(text),
        },
        Codec::Timestamp(_) if !text.ends_with("infinity") => timestamp(text),
        Codec::TimestampTz { .. } => match text {
            "infinity" => Ok(text.into()),
            "-infinity" => Ok("292269055-12-02 23:00:00+00".into()),
            _ => date_fields(text),
        },
        Codec::Time(_) => Ok(clock(text, 3)),
        Codec::TimeTz => {
            let offset = text.rfind(['+', '-']).unwrap_or(text.len());
            Ok(format!("{}{}", clock(&text[..offset], 0), &text[offset..]).into())
        }
        _ => Ok(text.into()),
    }
}

/// Year, month and day as the calendar of the time shows them, without the era.
fn date_fields(text: &str) -> Result<Cow<'_, str>, Unconvertible> {
    let (text, bc) = split_era(text);
    let end = text.find(' ').unwrap_or(text.len());
    // The year of the era, which is what remains.
    let date = Date::parse(&text[..end], false)?;
    if !bc && date.in_the_gap() {
        return Ok(format!("{}{}", show(date.of_julian()), &text[end..]).into());
    }
    if !date.exists() {
        return Err(Unconvertible("a leap day that a year of the other era does not have"));
    }
    Ok(text.into())
}

/// The instant that the fields name in the calendar of the time.
fn timestamp(text: &str) -> Result<Cow<'_, str>, Unconvertible> {
    let (plain, bc) = split_era(text);
    let (date, time) = plain.split_once(' ').ok_or(Unconvertible("not a timestamp in DateStyle ISO"))?;
    let date = Date::parse(date, bc)?;
    if !date.is_julian() {
        return Ok(text.into());
    }
    let date = date.of_julian();
    Ok(if date.year > 0 {
        format!("{} {time}", show(date)).into()
    } else {
        format!("{} {time} BC", show(Date { year: 1 - date.year, ..date })).into()
    })
}

fn show(date: Date) -> String {
    format!("{:04}-{:02}-{:02}", date.year, date.month, date.day)
}

/// At most `digits` digits of a second; midnight at the end of a day is that of its beginning.
fn clock(text: &str, digits: usize) -> Cow<'_, str> {
    let text = match text.split_once('.') {
        Some((whole, _)) if digits == 0 => whole,
        Some((whole, fraction)) => &text[..whole.len() + 1 + fraction.len().min(digits)],
        None => text,
    };
    match text.strip_prefix("24:") {
        Some(rest) => format!("00:{rest}").into(),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::temporal::{DateUnit, TimeUnit, TimestampUnit};
    use super::*;

    #[test]
    fn java_sees_the_calendar_of_the_time() {
        let date = |text| seen(text, &Codec::Date(DateUnit::Days)).map(Cow::into_owned);
        assert_eq!(date("0044-03-15 BC").unwrap(), "0044-03-15");
        assert_eq!(date("1582-10-10").unwrap(), "1582-10-20");
        assert_eq!(date("1500-03-01").unwrap(), "1500-03-01");
        assert!(date("0005-02-29 BC").is_err());
        let timestamp = |text| seen(text, &Codec::Timestamp(TimestampUnit::Micros)).map(Cow::into_owned);
        assert_eq!(timestamp("0044-03-15 00:00:00 BC").unwrap(), "0044-03-13 00:00:00 BC");
        assert_eq!(timestamp("1500-03-01 00:00:00").unwrap(), "1500-03-11 00:00:00");
        assert_eq!(timestamp("1582-10-15 00:00:00").unwrap(), "1582-10-15 00:00:00");
        assert_eq!(timestamp("infinity").unwrap(), "infinity");
    }

    #[test]
    fn java_forgets_what_is_finer_than_a_millisecond() {
        let seen = |text, codec: Codec| seen(text, &codec).unwrap().into_owned();
        assert_eq!(seen("04:05:06.789012", Codec::Time(TimeUnit::Micros)), "04:05:06.789");
        assert_eq!(seen("24:00:00", Codec::Time(TimeUnit::Micros)), "00:00:00");
        assert_eq!(seen("04:05:06.7+02", Codec::TimeTz), "04:05:06+02");
    }
}
