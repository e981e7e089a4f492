//! Texts as the server prints them, drawn from a seed.

use fastrand::Rng;

use super::Kind;

/// A text of the column's type.
pub(super) fn draw(&(name, typmod, _): &Kind, rng: &mut Rng) -> String {
    match name {
        "bool" => if rng.bool() { "t" } else { "f" }.to_owned(),
        "int4" => rng.i32(-100_000..10_000_000).to_string(),
        "int8" => rng.i64(0..10_000_000_000).to_string(),
        "numeric" => numeric(typmod, rng),
        "timestamp" => moment(rng),
        "timestamptz" => moment(rng) + "+00",
        "uuid" => uuid(rng),
        "text" => words(1..5, rng),
        "varchar" => words(6..12, rng),
        "jsonb" => document(rng),
        other => unreachable!("no texts for {other}"),
    }
}

/// Within the precision, with all digits of the scale.
fn numeric(typmod: i32, rng: &mut Rng) -> String {
    let scale = usize::try_from((typmod - 4) & 0xFFFF).expect("a scale");
    let fraction = rng.u32(0..10u32.pow(u32::try_from(scale).expect("a scale")));
    format!("{}.{fraction:0scale$}", rng.i32(-1000..1_000_000))
}

/// Microseconds without trailing zeros, and none at all in one of eight.
fn moment(rng: &mut Rng) -> String {
    let (month, day) = (rng.u8(1..=12), rng.u8(1..=28));
    let (hour, minute, second) = (rng.u8(0..24), rng.u8(0..60), rng.u8(0..60));
    let whole = format!("{}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}", rng.u16(1990..2030));
    if rng.u8(0..8) == 0 {
        whole
    } else {
        format!("{whole}.{:06}", rng.u32(1..1_000_000)).trim_end_matches('0').to_owned()
    }
}

fn uuid(rng: &mut Rng) -> String {
    let digits = format!("{:032x}", rng.u128(..));
    [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]].join("-")
}

const WORDS: [&str; 16] = [
    "order",
    "customer",
    "open",
    "Straße",
    "a",
    "shipped",
    "of",
    "the",
    "warehouse",
    "№ 7",
    "naïve",
    "street",
    "to",
    "invoice",
    "paid",
    "in",
];

fn words(count: std::ops::Range<usize>, rng: &mut Rng) -> String {
    let words: Vec<&str> = (0..rng.usize(count)).map(|_| WORDS[rng.usize(..WORDS.len())]).collect();
    words.join(" ")
}

/// As `jsonb` prints itself.
fn document(rng: &mut Rng) -> String {
    let item = |rng: &mut Rng| {
        format!(
            "{{\"sku\": \"{}\", \"name\": \"{}\", \"price\": {}.5, \"tags\": [\"{}\", null]}}",
            rng.u32(..),
            words(2..5, rng),
            rng.u16(..),
            words(1..2, rng)
        )
    };
    let items: Vec<String> = (0..12).map(|_| item(rng)).collect();
    format!("{{\"id\": {}, \"items\": [{}], \"note\": \"{}\"}}", rng.u32(..), items.join(", "), words(5..9, rng))
}
