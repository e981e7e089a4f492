//! Heartbeats: a record to a topic of their own, after a statement of the user's if there is one.

use std::time::Duration;

use tokio::time::timeout;

use crate::catalog::{Catalog, CatalogError};
use crate::converter::JsonWriter;
use crate::debezium::heartbeat;
use crate::sink::SinkError;

use super::Config;
use super::channel::Channel;
use super::delivery::Delivery;
use super::stream::now_ns;
use super::table::Blueprint;

pub(super) struct Heartbeat {
    channel: Channel,
    topic_prefix: String,
    query: Option<String>,
    /// What was last said of the query.
    told: Option<String>,
}

/// The table or the connection is gone for good: the reference ends the task.
const FATAL: [&str; 2] = ["57P01", "42P01"];

/// The stream stands still meanwhile.
const ACT_WITHIN: Duration = Duration::from_secs(10);

impl Heartbeat {
    pub(super) fn new(config: &Config, blueprint: &Blueprint) -> Self {
        let (key, value) = (heartbeat::key_schema(), heartbeat::value_schema());
        Self {
            channel: Channel::new(blueprint, blueprint.config.heartbeat_topic(), &key, &value),
            topic_prefix: blueprint.config.topic_prefix.clone(),
            query: config.heartbeat_action_query.clone(),
            told: None,
        }
    }

    pub(super) fn topic(&self) -> &str {
        self.channel.topic()
    }

    /// Runs `heartbeat.action.query`.
    pub(super) async fn act(&mut self, catalog: &Catalog) -> Result<(), CatalogError> {
        let Some(query) = &self.query else { return Ok(()) };
        let Ok(acted) = timeout(ACT_WITHIN, catalog.execute_as_written(query)).await else {
            return Err(CatalogError::TimedOut {
                doing: "running heartbeat.action.query",
                seconds: ACT_WITHIN.as_secs(),
            });
        };
        match acted {
            Err(e) if e.is_transient() || e.sqlstate().is_some_and(|code| FATAL.contains(&code)) => Err(e),
            Err(e) => {
                let why = e.to_string();
                // The next beat comes soon, and most likely with the same words.
                if self.told.as_ref() != Some(&why) {
                    let remedy = "correct heartbeat.action.query, or grant what it needs";
                    tracing::warn!(remedy, "heartbeat.action.query failed: {why}");
                    self.told = Some(why);
                }
                Ok(())
            }
            Ok(()) => {
                self.told = None;
                Ok(())
            }
        }
    }

    pub(super) fn beat(&mut self, to: &mut Delivery) -> Result<(), SinkError> {
        let push_key = |sink: &mut JsonWriter<'_>| heartbeat::push_key(&self.topic_prefix, sink);
        let push_value = |sink: &mut JsonWriter<'_>| heartbeat::push_value(now_ns().div_euclid(1_000_000), sink);
        self.channel.send(Some(0), push_key, push_value, to)
    }
}
