//! A connector as a JSON document, in a file or as it is POSTed.

use serde_json::Value;

use super::repeated::repeated;
use super::{Problem, Raw, value};

/// A connector file.
#[derive(Clone, PartialEq, Eq)]
pub struct ConnectorFile {
    pub name: String,
    /// Flat, with the name inside.
    pub config: Raw,
    /// RUNNING, PAUSED or STOPPED.
    pub initial_state: Option<String>,
}

/// Secrets are held back.
impl std::fmt::Debug for ConnectorFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let keys: Vec<_> = self.config.iter().map(|(key, _)| key).collect();
        f.debug_struct("ConnectorFile").field("name", &self.name).field("keys", &keys).finish()
    }
}

/// Reads `{"name", "config"}` as it is POSTed, or the flat form. `default_name` serves a flat file without a name.
pub fn parse_file(text: &str, default_name: &str) -> Result<ConnectorFile, Problem> {
    const EXPECTED: &str = "expected a JSON object with \"name\" and \"config\"";
    // Some editors begin a file with a mark.
    let source = text.trim_start_matches('\u{feff}');
    if source.trim().is_empty() {
        return Err(Problem::new("", format!("the file is empty: {EXPECTED}")));
    }
    let document: Value = serde_json::from_str(source).map_err(|e| {
        Problem::new("", format!("malformed JSON at line {}, column {}: {EXPECTED}", e.line(), e.column()))
    })?;
    if let Some(key) = repeated(source) {
        return Err(Problem::new(&key, format!("{key} is given twice, with different values: remove one of them")));
    }
    let Value::Object(document) = document else { return Err(Problem::new("", EXPECTED)) };
    let text = |key: &str| document.get(key).and_then(Value::as_str).map(|s| s.trim().to_owned());
    let (config, name) = match document.get("config") {
        Some(Value::Object(config)) => {
            if let Some(key) = document.keys().find(|key| !["name", "config", "initial_state"].contains(&key.as_str()))
            {
                return Err(Problem::new(key, format!("Unrecognized field \"{key}\" beside \"name\" and \"config\"")));
            }
            for key in ["name", "initial_state"] {
                if document.get(key).is_some_and(|value| !value.is_string()) {
                    return Err(Problem::new(key, format!("\"{key}\" must be a string")));
                }
            }
            (flat(config)?, text("name"))
        }
        Some(_) => return Err(Problem::new("config", "\"config\" must be a JSON object")),
        None => (flat(&document)?, None),
    };
    let inside = value(&config, "name").map(str::to_owned);
    if let (Some(outer), Some(inner)) = (&name, &inside)
        && outer != inner
    {
        let text = format!("Connector name configuration ({inner}) doesn't match connector name in the URL ({outer})");
        return Err(Problem::new("name", text));
    }
    let name = name.or(inside).filter(|name| !name.is_empty()).unwrap_or_else(|| default_name.to_owned());
    Ok(ConnectorFile { config: named(config, &name), name, initial_state: text("initial_state") })
}

/// Numbers and booleans become strings, nulls are left out; anything nested is refused.
pub fn flat(object: &serde_json::Map<String, Value>) -> Result<Raw, Problem> {
    let mut raw = Raw::new();
    for (key, value) in object {
        match value {
            Value::String(text) => raw.push((key.clone(), text.clone())),
            Value::Number(number) => raw.push((key.clone(), number.to_string())),
            Value::Bool(flag) => raw.push((key.clone(), flag.to_string())),
            Value::Null => {}
            Value::Array(_) | Value::Object(_) => {
                return Err(Problem::new(key, format!("{key}: expected a string, a number or a boolean")));
            }
        }
    }
    Ok(raw)
}

/// The configuration with its name inside, at the end where Connect puts it.
pub fn named(mut config: Raw, name: &str) -> Raw {
    if value(&config, "name").is_none() {
        config.push(("name".to_owned(), name.to_owned()));
    }
    config
}
