//! Names that Kafka's own clients and brokers check: told before anything is asked for by them.

use super::Problem;

/// Kafka's limit.
const LONGEST_TOPIC: usize = 249;

/// What is wrong with the name of a topic that is ours to choose.
pub(super) fn topic(key: &str, name: &str) -> Option<Problem> {
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let fits = name.len() <= LONGEST_TOPIC && name.chars().all(legal) && !matches!(name, "" | "." | "..");
    (!fits).then(|| {
        let what = "at most 249 of the ASCII letters, digits, '.', '_' and '-' are expected";
        Problem::new(key, format!("Invalid value {name} for configuration {key}: {what}"))
    })
}

/// What is wrong with `bootstrap.servers`: `HOST:PORT`, each perhaps behind a protocol, parted by commas.
pub(super) fn brokers(list: &str) -> Option<Problem> {
    const KEY: &str = "bootstrap.servers";
    let fits = |server: &str| {
        let (protocol, address) = server.split_once("://").unwrap_or(("", server));
        let Some((host, port)) = address.rsplit_once(':') else { return false };
        let host = host.trim_matches(['[', ']']);
        let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_' | ':' | '%');
        let web = protocol.eq_ignore_ascii_case("http") || protocol.eq_ignore_ascii_case("https");
        !web && !host.is_empty() && host.chars().all(legal) && port.parse::<u16>().is_ok_and(|port| port > 0)
    };
    let wrong = list.split(',').map(str::trim).find(|server| !fits(server))?;
    let what = "HOST:PORT is expected, several parted by commas";
    Some(Problem::new(KEY, format!("Invalid value {wrong} for configuration {KEY}: {what}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_have_a_host_and_a_port() {
        for right in ["kafka:9092", "a:1, b-2.example:65535", "[::1]:9092", "SASL_SSL://k:9093"] {
            assert_eq!(brokers(right), None, "{right}");
        }
        for wrong in ["kafka", ":9092", "kafka:", "kafka:0", "kafka:70000", "a:1,", "http://a:1", "a b:1", "a:1;b:1"] {
            assert_eq!(brokers(wrong).map(|p| p.key).as_deref(), Some("bootstrap.servers"), "{wrong}");
        }
    }

    #[test]
    fn a_topic_has_a_name_that_kafka_takes() {
        assert_eq!(topic("k", "connect-offsets.v1_2"), None);
        for wrong in ["a b", "é", "..", "a/b", &"x".repeat(250)] {
            assert!(topic("k", wrong).is_some(), "{wrong}");
        }
    }
}
