//! The tables of `docs/compatibility.md`, written from the recorded cases and kept true by this test.

#![allow(unreachable_pub)]

// The same reading of a case as in `tests/it`, which uses more of it.
#[allow(dead_code)]
#[path = "../it/case.rs"]
mod case;
mod columns;
mod page;

use std::path::Path;
use std::{env, fs};

use case::Case;

/// Above this line of the page people write, below it the test does.
const MARK: &str = "<!-- From here on written by `make compatibility` from tests/cases. -->\n";

/// UPDATE=1 writes the page instead.
#[test]
fn the_page_says_what_the_cases_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/compatibility.md");
    let text = fs::read_to_string(&path).expect("docs/compatibility.md");
    let (prose, tables) = text.split_once(MARK).expect("the mark in docs/compatibility.md");
    let wanted = page::tables(&Case::all());
    if env::var_os("UPDATE").is_some() {
        fs::write(&path, format!("{prose}{MARK}{wanted}")).expect("docs/compatibility.md");
        return;
    }
    let differs = tables.lines().zip(wanted.lines()).find(|(page, cases)| page != cases);
    assert!(
        tables == wanted,
        "docs/compatibility.md is behind the cases, run `make compatibility`; first: {differs:?}"
    );
}
