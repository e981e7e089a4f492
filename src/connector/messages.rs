//! Records of logical decoding messages.

use crate::converter::JsonWriter;
use crate::debezium::{Config, Moment, message};
use crate::sink::SinkError;

use super::channel::Channel;
use super::delivery::Delivery;
use super::table::Blueprint;

/// The prefix of messages that `walcast verify` writes to see how far a connector has come. They are nobody else's business.
pub const MARKER: &str = "walcast.verify";

/// Whether a message with this prefix is sent.
pub(super) fn wanted(prefix: &str, config: &Config) -> bool {
    prefix != MARKER && config.message_prefixes.passes(prefix)
}

pub(super) struct Messages(Channel);

impl Messages {
    pub(super) fn new(blueprint: &Blueprint) -> Self {
        let (config, key) = (&blueprint.config, message::key_schema());
        Self(Channel::new(blueprint, config.message_topic(), &key, &message::value_schema(config)))
    }

    pub(super) fn topic(&self) -> &str {
        self.0.topic()
    }

    /// The topic, if anything went there.
    pub(super) fn written(&self) -> Option<&str> {
        self.0.written()
    }

    pub(super) fn send(
        &mut self,
        prefix: &str,
        content: &[u8],
        moment: &Moment<'_>,
        config: &Config,
        to: &mut Delivery,
    ) -> Result<(), SinkError> {
        let push_key = |sink: &mut JsonWriter<'_>| message::push_key(prefix, sink);
        let push_value = |sink: &mut JsonWriter<'_>| message::push_value(prefix, content, moment, config, sink);
        self.0.send(None, push_key, push_value, to)
    }
}
