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
