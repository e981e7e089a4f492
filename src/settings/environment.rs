//! Worker settings from the environment: `WALCAST_*`, and the variables of the debezium/connect image.

/// Variables of that image which are not simply `CONNECT_` and a name.
const IMAGE: [(&str, &str); 16] = [
    ("BOOTSTRAP_SERVERS", "bootstrap.servers"),
    ("GROUP_ID", "group.id"),
    ("CONFIG_STORAGE_TOPIC", "config.storage.topic"),
    ("OFFSET_STORAGE_TOPIC", "offset.storage.topic"),
    ("STATUS_STORAGE_TOPIC", "status.storage.topic"),
    ("KEY_CONVERTER", "key.converter"),
    ("VALUE_CONVERTER", "value.converter"),
    ("REST_PORT", "rest.port"),
    ("REST_HOST_NAME", "rest.host.name"),
    // There also the address to listen at, which in a container is every address.
    ("HOST_NAME", "rest.advertised.host.name"),
    ("ADVERTISED_HOST_NAME", "rest.advertised.host.name"),
    ("ADVERTISED_PORT", "rest.advertised.port"),
    ("OFFSET_FLUSH_INTERVAL_MS", "offset.flush.interval.ms"),
    ("OFFSET_FLUSH_TIMEOUT_MS", "offset.flush.timeout.ms"),
    ("SHUTDOWN_TIMEOUT", "task.shutdown.graceful.timeout.ms"),
    ("LOG_LEVEL", "walcast.log"),
];

/// Variables that the image, or the test rig, uses for itself.
const NOT_SETTINGS: [&str; 4] = ["CONNECT_HOME", "CONNECT_PLUGIN_PATH", "CONNECT_LOG4J", "WALCAST_TEST_"];

/// Settings in rising order of strength: the image's own variables, `CONNECT_*`, `WALCAST_*`.
pub(super) fn settings(variables: impl IntoIterator<Item = (String, String)>) -> Vec<(String, String)> {
    let variables: Vec<_> = variables.into_iter().collect();
    let mut settings = Vec::new();
    for (variable, key) in IMAGE {
        settings.extend(lookup(&variables, variable).map(|value| (key.to_owned(), value.to_owned())));
    }
    for prefix in ["CONNECT_", "WALCAST_"] {
        for (name, value) in &variables {
            if NOT_SETTINGS.iter().any(|other| name.starts_with(other)) {
                continue;
            }
            let set = !value.trim().is_empty();
            if let Some(rest) = name.strip_prefix(prefix).filter(|rest| set && !rest.is_empty()) {
                settings.push((key(rest, prefix), value.clone()));
            }
        }
    }
    settings
}

fn lookup<'a>(variables: &'a [(String, String)], name: &str) -> Option<&'a str> {
    variables.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
}

/// `OFFSET_STORAGE_TOPIC` to `offset.storage.topic`. Our own settings keep their prefix.
fn key(rest: &str, prefix: &str) -> String {
    let dotted = rest.to_lowercase().replace('_', ".");
    let ours = ["sink", "compatibility", "connectors", "data", "log"];
    if prefix == "WALCAST_" && ours.contains(&dotted.as_str()) { format!("walcast.{dotted}") } else { dotted }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compose_file_for_the_image_is_understood() {
        let variables = [
            ("BOOTSTRAP_SERVERS", "kafka:9092"),
            ("GROUP_ID", "1"),
            ("CONNECT_KEY_CONVERTER_SCHEMAS_ENABLE", "false"),
            ("CONNECT_BOOTSTRAP_SERVERS", "wins:9092"),
            ("WALCAST_SINK", "stdout"),
            ("PATH", "/bin"),
        ]
        .map(|(k, v)| (k.to_owned(), v.to_owned()));
        let settings = settings(variables);
        let value = |key: &str| settings.iter().rev().find(|(k, _)| k == key).map(|(_, v)| v.as_str());
        assert_eq!(value("bootstrap.servers"), Some("wins:9092"));
        assert_eq!(value("group.id"), Some("1"));
        assert_eq!(value("key.converter.schemas.enable"), Some("false"));
        assert_eq!(value("walcast.sink"), Some("stdout"));
        assert_eq!(settings.len(), 5);
    }
}
