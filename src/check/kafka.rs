//! Whether Kafka lets us in. What it allows on each topic shows only when producing.

use super::Finding;
use crate::sink::SinkError;
use crate::sink::kafka::{Config, topic};

pub(super) async fn reached(config: &Config) -> Finding {
    finding(config, topic::cluster_id(config).await)
}

fn finding(config: &Config, cluster_id: Result<String, SinkError>) -> Finding {
    match cluster_id {
        Ok(id) => Finding::ok(format!("Kafka at {} is cluster {id}", config.bootstrap)),
        Err(error) => {
            let remedy = error.remedy().unwrap_or_else(|| "run the check again".to_owned());
            Finding::error(error.to_string(), remedy)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Severity;
    use super::*;

    #[test]
    fn a_broker_that_cannot_be_reached_stops_the_connector() {
        let config = Config { bootstrap: "kafka.example:9092".to_owned(), ..Config::default() };
        assert_eq!(finding(&config, Ok("abc".to_owned())).severity, Severity::Ok);
        let silent = SinkError::Unreachable { brokers: config.bootstrap.clone(), why: "no answer".to_owned() };
        let found = finding(&config, Err(silent));
        assert_eq!(found.severity, Severity::Error);
        assert!(found.remedy.unwrap().contains("bootstrap.servers"));
    }
}
