//! Who may know whom: the laws of the house (`src/lib.rs`), kept by reading the source.

#![allow(clippy::print_stdout)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// A room, the rooms it may name, and the foreign crates that may be named inside it.
type Law = (&'static str, &'static [&'static str], &'static [&'static str]);

#[rustfmt::skip]
const LAWS: &[Law] = &[
    ("words", &[], &[]),
    ("pgoutput", &["words"], &["thiserror", "proptest"]),
    ("debezium", &["words"], &["digest", "fancy_regex", "md5", "sha1", "sha2", "sha3", "thiserror"]),
    ("transform", &["words"], &[]),
    ("converter", &["words"], &["base64", "itoa", "ryu"]),
    ("pg", &[], &["openssl", "thiserror", "tokio", "tokio_openssl", "tracing", "uuid"]),
    ("wire", &["words", "pg"], &["bytes", "fallible_iterator", "openssl", "postgres_protocol", "socket2", "thiserror", "tokio", "tokio_openssl", "tracing", "uuid", "base64", "proptest"]),
    ("catalog", &["words", "pg"], &["proptest", "thiserror", "tokio", "tokio_postgres", "tracing"]),
    ("sink", &["words", "debezium"], &["base64", "proptest", "rdkafka", "serde", "serde_json", "thiserror", "tokio", "tracing", "uuid"]),
    ("offsets", &["words", "sink"], &["proptest", "serde_json", "thiserror", "tokio", "tracing", "uuid"]),
    ("connector", &["words", "pg", "pgoutput", "debezium", "transform", "converter", "wire", "catalog", "sink", "offsets"], &["proptest", "thiserror", "tokio", "tokio_util", "tracing", "uuid"]),
    ("settings", &["connector", "converter", "debezium", "offsets", "pg", "sink", "transform"], &["config", "proptest", "serde", "serde_json", "strsim", "uuid"]),
    ("check", &["words", "catalog", "connector", "debezium", "offsets", "pg", "sink", "wire"], &["serde_json", "tokio"]),
    ("supervisor", &["connector", "offsets", "settings", "sink"], &["serde_json", "thiserror", "tokio", "tokio_util", "tracing", "uuid"]),
    ("rest", &["connector", "settings", "supervisor", "telemetry"], &["axum", "futures_core", "humantime", "hyper", "hyper_util", "openssl", "serde_json", "thiserror", "tokio", "tokio_openssl", "tokio_util", "tracing", "utoipa", "utoipa_axum"]),
    // Traces go out by the client in `telemetry::post`, and by nothing else.
    ("telemetry", &["connector", "sink"], &["http_body_util", "hyper", "hyper_util", "openssl", "opentelemetry", "opentelemetry_http", "opentelemetry_otlp", "opentelemetry_sdk", "prometheus", "tokio", "tokio_openssl", "tracing", "tracing_opentelemetry", "tracing_subscriber"]),
    ("reposition", &["words", "catalog", "connector", "offsets"], &[]),
    ("verify", &["words", "catalog", "connector", "debezium", "sink", "transform"], &["openssl", "serde_json", "tokio", "tracing", "uuid"]),
    ("preview", &["words", "catalog", "connector", "offsets", "sink"], &["serde_json", "thiserror"]),
    ("convert", &["settings", "supervisor"], &["thiserror"]),
    // Speaks to a worker from outside, and so knows none of its rooms.
    ("status", &[], &["http_body_util", "hyper", "hyper_util", "openssl", "serde_json", "thiserror", "tokio", "tokio_openssl"]),
    ("app", &["check", "connector", "convert", "offsets", "preview", "reposition", "rest", "settings", "sink", "status", "supervisor", "telemetry", "verify"], &["tokio", "tokio_util", "tracing"]),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("src") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|e| e == "rs") {
            found.push(path);
        }
    }
}

/// Source without comments, so that prose may name what it likes.
fn code(path: &Path) -> String {
    let text = fs::read_to_string(path).expect("a source file");
    text.lines().map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n")
}

/// Names that follow `prefix` wherever it stands at the beginning of a path.
fn named_after<'a>(code: &'a str, prefix: &str) -> Vec<&'a str> {
    let word = |c: char| c.is_alphanumeric() || c == '_';
    let starts = code.match_indices(prefix).filter(|(at, _)| !code[..*at].ends_with(|c: char| word(c) || c == ':'));
    starts.map(|(at, _)| code[at + prefix.len()..].split(|c| !word(c)).next().unwrap_or("")).collect()
}

fn rooms() -> BTreeMap<String, Vec<(PathBuf, String)>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    sources(&root, &mut files);
    let mut rooms: BTreeMap<String, Vec<(PathBuf, String)>> = BTreeMap::new();
    for file in files {
        let inside = file.strip_prefix(&root).expect("inside src").to_owned();
        let first = inside.components().next().expect("a name").as_os_str().to_string_lossy().into_owned();
        let room = first.trim_end_matches(".rs").to_owned();
        if !["lib", "main"].contains(&room.as_str()) {
            rooms.entry(room).or_default().push((inside, code(&file)));
        }
    }
    rooms
}

#[test]
fn rooms_name_only_rooms_below_them() {
    let mut broken = Vec::new();
    for (room, files) in rooms() {
        let Some((_, may, _)) = LAWS.iter().find(|(name, ..)| *name == room) else {
            broken.push(format!("room {room} has no law"));
            continue;
        };
        for (file, code) in files {
            let grouped = named_after(&code, "use crate::{").len();
            for other in named_after(&code, "crate::").into_iter().filter(|other| !other.is_empty()) {
                if other != room && !may.contains(&other) {
                    broken.push(format!("{}: {room} may not know {other}", file.display()));
                }
            }
            // `use crate::{a, b}` names several at once.
            for list in code.split("use crate::{").skip(1).take(grouped) {
                let list = list.split(';').next().unwrap_or("");
                for (other, ..) in LAWS.iter().filter(|(name, ..)| *name != room && !may.contains(name)) {
                    let names = list.split(|c: char| !(c.is_alphanumeric() || c == '_'));
                    if names.clone().any(|name| name == *other) && list.contains(&format!("{other}::")) {
                        broken.push(format!("{}: {room} may not know {other}", file.display()));
                    }
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn foreign_crates_come_in_by_their_doors() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).expect("Cargo.toml");
    let section = manifest.split("[dependencies]").nth(1).and_then(|s| s.split("\n[").next()).expect("dependencies");
    let foreign: Vec<String> = section
        .lines()
        .filter_map(|line| line.split_once('=').map(|(name, _)| name.trim().replace('-', "_")))
        .filter(|name| !name.is_empty() && !name.starts_with('#'))
        .collect();
    let mut broken = Vec::new();
    for (room, files) in rooms() {
        let Some((_, _, may)) = LAWS.iter().find(|(name, ..)| *name == room) else { continue };
        for (file, code) in files {
            for name in foreign.iter().filter(|name| !may.contains(&name.as_str())) {
                let used = format!("{name}::");
                let word = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
                // A crate stands at the beginning of a path; a room or a local of the same name does not count.
                let named = code
                    .match_indices(&used)
                    .any(|(at, _)| !code[..at].ends_with(word) && code[..at].ends_with("use "));
                let own_module = code.contains(&format!("mod {name};"));
                if named && name != &room && !own_module {
                    broken.push(format!("{}: {room} is no door for {name}", file.display()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}
