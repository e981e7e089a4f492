//! Records of logical decoding messages.

use crate::converter::{Buffer, Shape};
use crate::debezium::{Config, Moment, message};
use crate::sink::SinkError;
use crate::words::Record;

use super::delivery::Delivery;
use super::emit::Outlet;
use super::table::Blueprint;

/// The prefix of messages that `walcast verify` writes to see how far a connector has come. They are nobody else's business.
pub const MARKER: &str = "walcast.verify";

/// Whether a message with this prefix is sent.
pub(super) fn wanted(prefix: &str, config: &Config) -> bool {
    prefix != MARKER && config.message_prefixes.passes(prefix)
}

pub(super) struct Messages {
    topic: String,
    key: Shape,
    value: Shape,
    key_buffer: Buffer,
    value_buffer: Buffer,
    sent: bool,
}

impl Messages {
    pub(super) fn new(blueprint: &Blueprint) -> Self {
        Self {
            topic: blueprint.config.message_topic(),
            key: blueprint.key_converter.shape(&message::key_schema()),
            value: blueprint.value_converter.shape(&message::value_schema(&blueprint.config)),
            key_buffer: Buffer::default(),
            value_buffer: Buffer::default(),
            sent: false,
        }
    }

    pub(super) fn topic(&self) -> &str {
        &self.topic
    }

    /// The topic, if anything went there.
    pub(super) fn written(&self) -> Option<&str> {
        self.sent.then_some(&*self.topic)
    }

    pub(super) fn send(
        &mut self,
        prefix: &str,
        content: &[u8],
        moment: &Moment<'_>,
        config: &Config,
        to: &mut Delivery,
    ) -> Result<(), SinkError> {
        let mut writer = self.key.open(&mut self.key_buffer);
        message::push_key(prefix, &mut writer);
        writer.finish();
        let mut writer = self.value.open(&mut self.value_buffer);
        message::push_value(prefix, content, moment, config, &mut writer);
        writer.finish();
        self.sent = true;
        to.take(&Record {
            topic: &self.topic,
            partition: None,
            key: self.key_buffer.value(),
            value: self.value_buffer.value(),
            headers: &[],
            timestamp: None,
        })
    }
}
