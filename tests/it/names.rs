//! Which topics belong to a case.

use fancy_regex::{Regex, escape};
use serde_json::Value;

use crate::case::Case;

impl Case {
    pub fn prefix(&self) -> &str {
        self.setting("topic.prefix", &self.name)
    }

    pub fn delimiter(&self) -> &str {
        self.setting("topic.delimiter", ".")
    }

    pub fn owns(&self, topic: &str) -> bool {
        let below = topic.strip_prefix(self.prefix()).and_then(|rest| rest.strip_prefix(self.delimiter()));
        topic == self.prefix()
            || below.is_some()
            || topic == self.heartbeat_topic()
            || self.document.extra_topics.iter().any(|glob| matches(glob, topic))
    }

    /// How many records are in it depends on time.
    pub fn is_volatile(&self, topic: &str) -> bool {
        topic == self.heartbeat_topic() || self.document.volatile_topics.iter().any(|glob| matches(glob, topic))
    }

    fn heartbeat_topic(&self) -> String {
        format!("{}.{}", self.setting("topic.heartbeat.prefix", "__debezium-heartbeat"), self.prefix())
    }

    fn setting<'a>(&'a self, key: &str, default: &'a str) -> &'a str {
        self.document.config.get(key).and_then(Value::as_str).unwrap_or(default)
    }
}

fn matches(glob: &str, topic: &str) -> bool {
    let pattern = format!("^{}$", escape(glob).replace(r"\*", ".*"));
    Regex::new(&pattern).expect("a glob").is_match(topic).expect("a short text")
}
