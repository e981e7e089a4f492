//! A topic of records that are no rows, and so keep one schema: heartbeats, transaction metadata, decoding messages.

use crate::converter::{Buffer, JsonWriter, Shape};
use crate::sink::SinkError;
use crate::words::Record;
use crate::words::data::Schema;

use super::delivery::Delivery;
use super::emit::Outlet;
use super::table::Blueprint;

pub(super) struct Channel {
    topic: String,
    key: Shape,
    value: Shape,
    key_buffer: Buffer,
    value_buffer: Buffer,
    sent: bool,
}

impl Channel {
    pub(super) fn new(blueprint: &Blueprint, topic: String, key: &Schema, value: &Schema) -> Self {
        Self {
            topic,
            key: blueprint.key_converter.shape(key),
            value: blueprint.value_converter.shape(value),
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

    /// Each closure pushes one value. `partition`: none, where the key falls.
    pub(super) fn send(
        &mut self,
        partition: Option<i32>,
        push_key: impl FnOnce(&mut JsonWriter<'_>),
        push_value: impl FnOnce(&mut JsonWriter<'_>),
        to: &mut Delivery,
    ) -> Result<(), SinkError> {
        let mut writer = self.key.open(&mut self.key_buffer);
        push_key(&mut writer);
        writer.finish();
        let mut writer = self.value.open(&mut self.value_buffer);
        push_value(&mut writer);
        writer.finish();
        self.sent = true;
        to.take(&Record {
            topic: &self.topic,
            partition,
            key: self.key_buffer.value(),
            value: self.value_buffer.value(),
            headers: &[],
            timestamp: None,
        })
    }
}
