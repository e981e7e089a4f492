//! Texts of random values.

use crate::random::Random;

const ALPHABET: &str = "abcXYZ019 _-.,;:'\"\\/%$#{}[]()<>&\t\n\u{1}\u{7f}\u{80}äßжす☃\u{2028}\u{feff}\u{ffff}😀🦀";

pub(crate) fn small(random: &mut Random) -> String {
    random.int(-30_000..=30_000).to_string()
}

pub(crate) fn text(random: &mut Random) -> String {
    let length = random.size(0..=40);
    (0..length).map(|_| random.char(ALPHABET)).collect()
}

pub(crate) fn short_text(random: &mut Random) -> String {
    let length = random.size(0..=20);
    (0..length).map(|_| random.char(ALPHABET)).collect()
}

/// A fraction of a power of two: its decimal digits are few and exact.
pub(crate) fn dyadic(random: &mut Random) -> String {
    let (whole, fraction) = (random.int(-99_999..=99_999), *random.pick(&["", ".5", ".25", ".125", ".0625"]));
    format!("{whole}{fraction}")
}

pub(crate) fn decimal(random: &mut Random) -> String {
    let (whole, fraction) = (random.int(-9_999_999..=9_999_999), random.int(0..=99));
    format!("{whole}.{fraction:02}")
}

pub(crate) fn hex(random: &mut Random) -> String {
    let length = random.size(0..=20);
    let digits: String = (0..length).map(|_| format!("{:02x}", random.int(0..=255))).collect();
    format!("\\x{digits}")
}

pub(crate) fn date(random: &mut Random) -> String {
    format!("{:04}-{:02}-{:02}", random.int(1..=9999), random.int(1..=12), random.int(1..=28))
}

pub(crate) fn timestamp(random: &mut Random) -> String {
    let (hour, minute, second) = (random.int(0..=23), random.int(0..=59), random.int(0..=59));
    let fraction = *random.pick(&["", ".1", ".123", ".123456", ".999999", ".000001", ".100"]);
    format!("{} {hour:02}:{minute:02}:{second:02}{fraction}", date(random))
}

pub(crate) fn interval(random: &mut Random) -> String {
    let (years, months, days) = (random.int(-99..=99), random.int(-11..=11), random.int(-400..=400));
    let (seconds, micros) = (random.int(-99_999..=99_999), random.int(0..=999_999));
    format!("{years} years {months} mons {days} days {seconds}.{micros:06} seconds")
}

pub(crate) fn uuid(random: &mut Random) -> String {
    let digits: String = (0..16).map(|_| format!("{:02x}", random.int(0..=255))).collect();
    digits
}
