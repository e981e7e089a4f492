//! The first half second of a producer.
//!
//! librdkafka asks for the id of an idempotent producer half a second after the producer was made, and sends nothing
//! before. A start, and so every recovery, would take that much longer. So the records of that time go through a
//! producer that needs no id: one request at a time, acknowledged by all replicas and tried again for ever, which keeps
//! their order and loses none (a request whose answer was lost is repeated, as at-least-once delivery allows). The other
//! takes over when all of them are acknowledged.

use std::sync::Arc;
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::error::RDKafkaErrorCode;
use rdkafka::producer::ThreadedProducer;

use super::super::SinkError;
use super::client;
use super::deliveries::Context;
use super::raw::Dispatch;
use crate::words::{Record, Ticket};

/// From when on the other has its id, if the brokers answer at all.
const UNTIL_THE_ID: Duration = Duration::from_millis(550);

pub(super) struct Starter {
    dispatch: Dispatch,
    producer: Arc<ThreadedProducer<Context>>,
    over: Instant,
    unanswered: usize,
}

impl Starter {
    /// `settings`: those of the idempotent producer, which was made just now.
    pub(super) fn new(settings: &ClientConfig, context: Context) -> Result<Self, SinkError> {
        let over = Instant::now() + UNTIL_THE_ID;
        let mut settings = settings.clone();
        settings
            .set("enable.idempotence", "false")
            .set("max.in.flight.requests.per.connection", "1")
            // Nobody flushes it; and what comes while a request is under way goes by the next anyway.
            .set("linger.ms", "0")
            // The other's would be overwritten.
            .set("statistics.interval.ms", "0");
        let producer: Arc<ThreadedProducer<Context>> = Arc::new(client::create_with(&settings, context)?);
        Ok(Self { dispatch: Dispatch::new(Arc::clone(&producer)), producer, over, unanswered: 0 })
    }

    /// Its time is over: it sends nothing more.
    pub(super) fn is_due(&self) -> bool {
        Instant::now() >= self.over
    }

    /// All that it sent is acknowledged.
    pub(super) fn is_at_rest(&self) -> bool {
        self.unanswered == 0
    }

    pub(super) fn send(&mut self, record: &Record<'_>, ticket: Ticket) -> Result<(), RDKafkaErrorCode> {
        self.dispatch.send(record, ticket)?;
        self.unanswered += 1;
        Ok(())
    }

    /// So many receipts came: as long as there is a starter, all are for its records.
    pub(super) fn heard(&mut self, receipts: usize) {
        self.unanswered = self.unanswered.saturating_sub(receipts);
    }

    pub(super) fn producer(&self) -> &ThreadedProducer<Context> {
        &self.producer
    }
}
