//! The laws of the house: which room may know which, and which foreign crate enters where.
//!
//! Read from the sources, line by line, so that a law is broken at the moment someone writes the `use`, not when the
//! third room leans on it. `src/lib.rs` draws the floors; this table is what holds them.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// One room: its name, the rooms it may know, the foreign crates that enter by it.
struct Room(&'static str, &'static [&'static str], &'static [&'static str]);

/// `thiserror` and `tracing` are at home everywhere above the words; `std` always. Tests may use what they like.
const EVERYWHERE: &[&str] = &["std", "core", "alloc", "crate", "self", "super", "walcast"];
const ABOVE_THE_WORDS: &[&str] = &["thiserror", "tracing"];

const HOUSE: &[Room] = &[
    // 1: words
    Room("words", &[], &[]),
    // 2: craft, pure and synchronous
    Room("pgoutput", &["words"], &[]),
    Room("debezium", &["words"], &["fancy_regex", "num_bigint"]),
    Room("transform", &["words"], &[]),
    Room("converter", &["words"], &["base64", "itoa", "ryu"]),
    // 3: doors
    Room("pg", &["words"], &["openssl", "postgres_openssl", "tokio", "tokio_openssl"]),
    Room(
        "wire",
        &["words", "pg"],
        &["base64", "bytes", "fallible_iterator", "openssl", "postgres_protocol", "socket2", "tokio", "tokio_openssl"],
    ),
    Room("catalog", &["words", "pg"], &["bytes", "futures_core", "tokio", "tokio_postgres"]),
    // Java patterns have one room, with a backtracking limit; topic rules are such patterns.
    Room("sink", &["words", "debezium::pattern"], &["base64", "rdkafka", "serde", "serde_json", "tokio"]),
    Room("offsets", &["words", "sink"], &["serde_json", "tokio"]),
    // 4: life
    Room(
        "connector",
        &["words", "pgoutput", "debezium", "transform", "converter", "pg", "wire", "catalog", "sink", "offsets"],
        &["tokio", "tokio_util", "uuid"],
    ),
    // 5: household
    Room(
        "settings",
        &["words", "debezium", "transform", "converter", "pg", "sink", "offsets", "connector"],
        &["config", "serde_json", "strsim", "uuid"],
    ),
    Room("check", &["words", "debezium", "pg", "wire", "catalog", "sink", "connector"], &["tokio"]),
    Room("supervisor", &["sink", "offsets", "connector", "settings"], &["serde_json", "tokio", "tokio_util", "uuid"]),
    Room("rest", &["connector", "settings", "supervisor"], &["axum", "serde_json", "tokio", "tokio_util"]),
    Room("telemetry", &[], &["tracing_subscriber"]),
    Room(
        "app",
        &["check", "connector", "settings", "supervisor", "rest", "sink", "telemetry"],
        &["serde_json", "tokio", "tokio_util"],
    ),
    // the roof
    Room("lib", &[], &[]),
    Room("main", &["app"], &["clap", "tokio"]),
];

#[test]
fn stairs_go_down_only() {
    let mut broken = Vec::new();
    for (room, file, line, text) in lines() {
        let Room(_, may_know, _) = law_of(&room);
        for path in paths_after(&text, &["crate::", "walcast::"]) {
            let known = may_know.iter().any(|door| path == *door || path.starts_with(&format!("{door}::")));
            let own = path.split("::").next() == Some(&room);
            if !known && !own && !path.is_empty() {
                broken.push(format!("{}:{line}: {room} may not know {path}", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn foreign_crates_enter_by_their_door() {
    let foreign = dependencies();
    let mut broken = Vec::new();
    for (room, file, line, text) in lines() {
        let Room(_, _, doors) = law_of(&room);
        for name in foreign.iter().filter(|name| mentions(&text, name)) {
            let open = doors.contains(&name.as_str())
                || (room != "words" && ABOVE_THE_WORDS.contains(&name.as_str()))
                || EVERYWHERE.contains(&name.as_str());
            if !open {
                broken.push(format!("{}:{line}: {name} has no door in {room}", file.display()));
            }
        }
    }
    assert!(broken.is_empty(), "\n{}", broken.join("\n"));
}

#[test]
fn every_dependency_says_why_it_is_there() {
    let silent: Vec<String> = section("[dependencies]")
        .into_iter()
        .filter(|line| {
            !line.contains('#') && !["serde ", "thiserror ", "tokio "].iter().any(|name| line.starts_with(name))
        })
        .collect();
    assert!(silent.is_empty(), "no reason given:\n{}", silent.join("\n"));
}

#[test]
fn the_laws_see_what_breaks_them() {
    assert_eq!(paths_after("use crate::{pg::Tls, words};", &["crate::"]), ["pg::Tls", "words"]);
    assert_eq!(paths_after("let x = crate::wire::open(y);", &["crate::"]), ["wire::open"]);
    assert!(paths_after("pub(crate) fn f()", &["crate::"]).is_empty());
    assert!(mentions("use rdkafka::config::X;", "rdkafka") && mentions("bytes::Bytes::new()", "bytes"));
    assert!(!mentions("let n = self.bytes;", "bytes") && !mentions("my_bytes::x()", "bytes"));
    assert!(!mentions("std::config::x()", "config") && !mentions("use super::config::Config;", "config"));
}

fn law_of(room: &str) -> &'static Room {
    HOUSE.iter().find(|law| law.0 == room).unwrap_or_else(|| panic!("src/{room} is a room without a law: write one"))
}

/// Every line of code: (room, file, number, text). Comments, strings and what is compiled for tests alone are not.
fn lines() -> Vec<(String, PathBuf, usize, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    for file in sources(&root) {
        let inside = file.strip_prefix(&root).expect("below src").to_owned();
        let first = inside.components().next().expect("a name").as_os_str().to_string_lossy().into_owned();
        let room = first.trim_end_matches(".rs").to_owned();
        let text = fs::read_to_string(&file).expect("a readable source");
        for (number, code) in statements(&text) {
            all.push((room.clone(), inside.clone(), number, code));
        }
    }
    assert!(all.len() > 1000, "src was not read");
    all
}

/// Lines of code with their numbers; a `use` over several lines is one. Ends where the tests begin.
fn statements(text: &str) -> Vec<(usize, String)> {
    let (mut all, mut open) = (Vec::new(), String::new());
    let mut lines = (1..).zip(text.lines()).peekable();
    while let Some((number, line)) = lines.next() {
        if line.trim() == "#[cfg(test)]" {
            match lines.next() {
                Some((_, next)) if next.contains('{') && next.starts_with("mod ") => break,
                _ => continue,
            }
        }
        let code = without_strings(line);
        let begins = code.trim_start().trim_start_matches("pub ").starts_with("use ");
        if open.is_empty() && !begins {
            all.push((number, code));
            continue;
        }
        open.push_str(code.trim());
        if code.contains(';') {
            all.push((number, std::mem::take(&mut open)));
        }
    }
    all
}

/// All sources but the files that `#[cfg(test)] mod name;` declares.
fn sources(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut for_tests) = (Vec::new(), BTreeSet::new());
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|end| end == "rs") {
            let text = fs::read_to_string(&path).expect("a readable source");
            for declared in text.split("#[cfg(test)]").skip(1).filter_map(|rest| rest.trim_start().strip_prefix("mod "))
            {
                let name: String = declared.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                if declared[name.len()..].starts_with(';') {
                    for_tests.insert(folder.join(format!("{name}.rs")));
                }
            }
            found.push(path);
        }
    }
    found.retain(|path| !for_tests.contains(path) && !path.to_string_lossy().ends_with("_tests.rs"));
    found.sort();
    found
}

fn without_strings(line: &str) -> String {
    let mut out = String::new();
    let (mut inside, mut escaped) = (false, false);
    for (at, c) in line.char_indices() {
        if !inside && line[at..].starts_with("//") {
            break;
        }
        match c {
            '"' if !escaped && !line[..at].ends_with('\'') => inside = !inside,
            _ if inside => {}
            _ => out.push(c),
        }
        escaped = inside && c == '\\' && !escaped;
    }
    out
}

/// The paths that follow one of the prefixes; a `{a::B, c}` gives each of them.
fn paths_after(text: &str, prefixes: &[&str]) -> Vec<String> {
    let mut paths = Vec::new();
    for prefix in prefixes {
        for (at, _) in text.match_indices(prefix) {
            if text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') {
                continue;
            }
            let rest = &text[at + prefix.len()..];
            match rest.strip_prefix('{') {
                Some(group) => paths.extend(top_level(group).iter().map(|part| path(part))),
                None => paths.push(path(rest)),
            }
        }
    }
    paths
}

fn path(text: &str) -> String {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
    text[..end].trim_end_matches(':').to_owned()
}

/// The comma-separated parts of a group up to its closing brace.
fn top_level(group: &str) -> Vec<String> {
    let (mut depth, mut parts) = (0, vec![String::new()]);
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => break,
            '}' => depth -= 1,
            ',' if depth == 0 => parts.push(String::new()),
            _ if depth == 0 && !c.is_whitespace() => parts.last_mut().expect("one at least").push(c),
            _ => {}
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

/// `name::` as the first step of a path. `config` is a room's own module as well: only `use config::` is the crate.
fn mentions(text: &str, name: &str) -> bool {
    text.match_indices(&format!("{name}::")).any(|(at, _)| {
        let before = &text[..at];
        let first_step = !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
        first_step && (name != "config" || before.trim() == "use")
    })
}

fn dependencies() -> BTreeSet<String> {
    let names: BTreeSet<String> = section("[dependencies]")
        .iter()
        .filter_map(|line| line.split_once('=').map(|(name, _)| name.trim().replace('-', "_")))
        .collect();
    assert!(names.contains("tokio") && names.contains("rdkafka"), "Cargo.toml was not understood");
    names
}

fn section(title: &str) -> Vec<String> {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).expect("Cargo.toml");
    let lines = manifest.lines().skip_while(|line| line.trim() != title).skip(1);
    lines
        .take_while(|line| !line.starts_with('['))
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
        .map(str::to_owned)
        .collect()
}
