//! Heartbeats: a record to a topic of their own, after a statement of the user's if there is one.

use std::time::Duration;

use tokio::time::timeout;

use crate::catalog::{Catalog, CatalogError};
use crate::converter::{Buffer, Shape};
use crate::debezium::heartbeat;
use crate::sink::SinkError;
use crate::words::Record;

use super::Config;
use super::delivery::Delivery;
use super::emit::Outlet;
use super::stream::now_ns;
use super::table::Blueprint;

pub(super) struct Heartbeat {
    topic: String,
    query: Option<String>,
    key: Buffer,
    value: Buffer,
    value_shape: Shape,
    /// What was last said of the query.
    told: Option<String>,
}

/// The table or the connection is gone for good: the reference ends the task.
const FATAL: [&str; 2] = ["57P01", "42P01"];

/// The stream stands still meanwhile.
const ACT_WITHIN: Duration = Duration::from_secs(10);

impl Heartbeat {
    pub(super) fn new(config: &Config, blueprint: &Blueprint) -> Self {
        let mut key = Buffer::default();
        let shape = blueprint.key_converter.shape(&heartbeat::key_schema());
        let mut writer = shape.open(&mut key);
        heartbeat::push_key(&blueprint.config.topic_prefix, &mut writer);
        writer.finish();
        Self {
            topic: blueprint.config.heartbeat_topic(),
            query: config.heartbeat_action_query.clone(),
            key,
            value: Buffer::default(),
            value_shape: blueprint.value_converter.shape(&heartbeat::value_schema()),
            told: None,
        }
    }

    pub(super) fn topic(&self) -> &str {
        &self.topic
    }

    /// Runs `heartbeat.action.query`.
    pub(super) async fn act(&mut self, catalog: &Catalog) -> Result<(), CatalogError> {
        let Some(query) = &self.query else { return Ok(()) };
        // Names in the user's statement are the user's: our sessions see nothing but pg_catalog.
        let sql = format!("SET search_path = \"$user\", public; {query}; SET search_path = pg_catalog");
        let Ok(acted) = timeout(ACT_WITHIN, catalog.execute(&sql)).await else {
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
        let mut writer = self.value_shape.open(&mut self.value);
        heartbeat::push_value(now_ns().div_euclid(1_000_000), &mut writer);
        writer.finish();
        to.take(&Record {
            topic: &self.topic,
            partition: Some(0),
            key: self.key.value(),
            value: self.value.value(),
            headers: &[],
            timestamp: None,
        })
    }
}
