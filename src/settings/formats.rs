//! Files of settings, by their ending: Java properties, TOML, YAML, JSON. Tables flatten to dotted names.
//!
//! The one place that knows the crate `config`, and only its parsers: its merging would lose `key.converter` beside
//! `key.converter.schemas.enable`.

use std::path::Path;

use config::{File, FileFormat, Source, Value, ValueKind};

use super::{Problem, properties};

pub(super) fn read(path: &Path) -> Result<Vec<(String, String)>, Problem> {
    let name = path.display().to_string();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Problem::new(&name, format!("cannot read the settings file {name}: {}", reason(&error))))?;
    let ending = path.extension().and_then(|ending| ending.to_str()).unwrap_or("").to_ascii_lowercase();
    let format = match ending.as_str() {
        "toml" => FileFormat::Toml,
        "yaml" | "yml" => FileFormat::Yaml,
        "json" => FileFormat::Json,
        _ => {
            return properties::parse(&text)
                .map_err(|(line, what)| Problem::new(&name, format!("cannot read {name}, line {line}: {what}")));
        }
    };
    parse(&text, format).map_err(|what| Problem::new(&name, format!("cannot read {name}: {what}")))
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        std::io::ErrorKind::InvalidData => "it is not UTF-8: save it so".to_owned(),
        _ => error.to_string(),
    }
}

fn parse(text: &str, format: FileFormat) -> Result<Vec<(String, String)>, String> {
    let table = File::from_str(text, format).collect().map_err(|error| {
        // Only the first line: those that follow may quote the file, and with it a password.
        error.to_string().lines().next().unwrap_or("malformed").to_owned()
    })?;
    let mut pairs = Vec::new();
    let mut entries: Vec<_> = table.into_iter().collect();
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    for (name, value) in entries {
        flatten(name, value, &mut pairs)?;
    }
    Ok(pairs)
}

fn flatten(name: String, value: Value, pairs: &mut Vec<(String, String)>) -> Result<(), String> {
    match value.kind {
        ValueKind::Table(table) => {
            let mut entries: Vec<_> = table.into_iter().collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            for (inner, value) in entries {
                flatten(format!("{name}.{inner}"), value, pairs)?;
            }
        }
        ValueKind::Array(items) => {
            let items: Vec<String> = items
                .into_iter()
                .map(|item| text(item.kind).ok_or_else(|| format!("{name}: a list may hold only texts and numbers")))
                .collect::<Result<_, _>>()?;
            pairs.push((name, items.join(",")));
        }
        ValueKind::Nil => {}
        other => pairs.extend(text(other).map(|text| (name, text))),
    }
    Ok(())
}

fn text(kind: ValueKind) -> Option<String> {
    match kind {
        ValueKind::Table(_) | ValueKind::Array(_) | ValueKind::Nil => None,
        ValueKind::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_formats_give_the_same_dotted_names() {
        let toml = "group.id = \"1\"\n\"key.converter\" = \"Json\"\n\"key.converter.schemas.enable\" = false\n[walcast]\nsink = \"stdout\"";
        let yaml =
            "group:\n  id: 1\nkey.converter: Json\nkey.converter.schemas.enable: false\nwalcast: { sink: stdout }";
        let json = r#"{"group.id": 1, "key.converter": "Json", "key.converter.schemas.enable": false, "walcast": {"sink": "stdout", "log": null}}"#;
        let expected = [
            ("group.id", "1"),
            ("key.converter", "Json"),
            ("key.converter.schemas.enable", "false"),
            ("walcast.sink", "stdout"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(parse(toml, FileFormat::Toml).unwrap(), expected);
        assert_eq!(parse(yaml, FileFormat::Yaml).unwrap(), expected);
        assert_eq!(parse(json, FileFormat::Json).unwrap(), expected);
    }

    #[test]
    fn lists_become_texts_with_commas() {
        let pairs = parse("bootstrap.servers: [a:1, b:2]", FileFormat::Yaml).unwrap();
        assert_eq!(pairs, [("bootstrap.servers".to_owned(), "a:1,b:2".to_owned())]);
        assert!(parse("a: [[1]]", FileFormat::Yaml).unwrap_err().contains("a: "));
    }

    #[test]
    fn what_is_malformed_is_told_without_quoting_the_file() {
        let cases = [
            ("sasl.password = secret", FileFormat::Toml),
            ("a: b\n  password: \"secret\n", FileFormat::Yaml),
            ("{\"password\": \"secret\" \"x\": 1}", FileFormat::Json),
            ("{\"password\": secret}", FileFormat::Json),
            ("[\"secret\"]", FileFormat::Json),
        ];
        for (text, format) in cases {
            let what = parse(text, format).unwrap_err();
            assert!(!what.contains("secret") && !what.is_empty(), "{what}");
        }
    }
}
