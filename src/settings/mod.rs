//! What the user said, checked and resolved into the `Config` of each room.
//!
//! Two files speak: the worker's (Kafka Connect's own names; file, then environment) and the connector's (the JSON that one
//! POSTs to Connect). Texts of refusals are Connect's and Debezium's, because scripts match them. Nothing here connects to
//! anything, and no text ever holds a secret's value.

mod checks;
pub mod connector;
mod converters;
mod definitions;
mod delivery;
mod document;
mod environment;
mod formats;
mod names;
mod naming;
mod patterns;
mod properties;
pub mod providers;
mod reader;
mod records;
mod regexes;
mod repeated;
mod rules;
pub mod server;
#[cfg(test)]
mod tests;
mod transforms;
pub mod worker;

use std::fmt;
use std::path::Path;

/// The options of the transform `ExtractNewRecordState`, as Debezium 3.6.1 tells them: a JSON array of definitions.
pub const UNWRAP_OPTIONS: &str = include_str!("unwrap.json");

pub use definitions::{Definition, definition, definitions, is_secret};

/// A flat configuration in the order it was written.
pub type Raw = Vec<(String, String)>;

/// A setting that keeps a connector or the worker from starting.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    pub key: String,
    /// Complete as it stands: names the key and what is expected.
    pub message: String,
}

impl Problem {
    pub fn new(key: &str, message: impl Into<String>) -> Self {
        Self { key: key.to_owned(), message: message.into() }
    }

    /// Debezium's form.
    fn invalid(key: &str, problem: impl fmt::Display) -> Self {
        Self::new(key, format!("The '{key}' value is invalid: {problem}"))
    }

    fn unsupported(key: &str, what: impl fmt::Display) -> Self {
        Self::new(key, format!("{key}: {what} is not supported by this version of walcast; remove it"))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

/// Something worth saying that stops nothing.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Note(pub String);

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The text with which Connect answers 400.
pub fn invalid_message(problems: &[Problem]) -> String {
    // Without a class there is nothing to validate against, and Connect says only that.
    if let Some(class) = problems.iter().find(|problem| problem.key == "connector.class") {
        return class.message.clone();
    }
    let mut text =
        format!("Connector configuration is invalid and contains the following {} error(s):", problems.len());
    for problem in problems {
        text.push('\n');
        text.push_str(&problem.message);
    }
    text.push_str(
        "\nYou can also find the above list of errors at the endpoint \
         `/connector-plugins/{connectorType}/config/validate`",
    );
    text
}

/// Reads a file of settings by its ending: TOML, YAML, JSON, or else Java properties.
pub fn read_file(path: &Path) -> Result<Raw, Problem> {
    formats::read(path)
}

/// Settings as the text of a Java properties file.
pub fn to_properties(raw: &Raw) -> String {
    properties::written(raw)
}

/// The value of `key`; the last one if it was given twice.
pub fn value<'a>(raw: &'a [(String, String)], key: &str) -> Option<&'a str> {
    raw.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
}
