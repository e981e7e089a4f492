//! Whether Kafka lets us in, and the topic that positions are kept in.

use std::time::Duration;

use tokio::time::timeout;

use super::Finding;
use crate::offsets;
use crate::sink::SinkError;
use crate::sink::kafka::probe::Probe;
use crate::sink::kafka::{Config, topic};

pub(super) async fn reached(config: &Config, within: Duration) -> Finding {
    let silent = || SinkError::Unreachable {
        brokers: config.bootstrap.clone(),
        why: format!("no answer within {} s", within.as_secs_f32()),
    };
    let answer = timeout(within, topic::cluster_id(config)).await;
    finding(config, answer.unwrap_or_else(|_| Err(silent()))).about("kafka")
}

/// None where positions are kept in a file.
pub(super) async fn offsets_kept(config: &offsets::Config) -> Option<Finding> {
    let offsets::Config::Topic { kafka, topic, .. } = config else { return None };
    Some(match stored(kafka, topic).await {
        Ok(title) => Finding::ok(title),
        Err(error) => refused(&error),
    })
}

async fn stored(kafka: &Config, topic: &str) -> Result<String, SinkError> {
    let probe = Probe::open(kafka).await?;
    if !probe.exists(topic).await? {
        probe.could_create(topic).await?;
        return Ok(format!("topic {topic} for positions does not exist yet and will be created"));
    }
    if !probe.closed(&[topic]).await?.is_empty() {
        return Err(SinkError::Denied { operation: "WRITE", resource: format!("topic {topic}") });
    }
    if probe.limits(&[topic]).await.get(topic).is_some_and(|limits| !limits.compacted) {
        return Err(SinkError::NotCompacted { topic: topic.to_owned(), policy: "delete".to_owned() });
    }
    probe.close().await;
    Ok(format!("positions are kept in topic {topic}, which is compacted"))
}

fn refused(error: &SinkError) -> Finding {
    Finding::error(error.to_string(), error.remedy().unwrap_or_else(|| "run the check again".to_owned()))
}

fn finding(config: &Config, cluster_id: Result<String, SinkError>) -> Finding {
    match cluster_id {
        Ok(id) => Finding::ok(format!("Kafka at {} is cluster {id}", config.bootstrap)),
        Err(error) => refused(&error),
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
