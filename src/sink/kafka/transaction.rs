//! The transaction of an exactly-once producer: begun with its first record, committed on a thread of its own, because
//! librdkafka's call waits for the brokers.
//!
//! Idle, open, committing, idle again: while it commits nothing is taken. There is no empty transaction.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rdkafka::config::ClientConfig;
use rdkafka::error::KafkaError;
use rdkafka::producer::{Producer, ThreadedProducer};

use super::super::SinkError;
use super::client;
use super::deliveries::{Context, Deliveries, Delivery, Failure};
use super::raw;
use crate::words::Ticket;

type Client = ThreadedProducer<Context>;

/// How long one call waits for the brokers before it looks whether it is still wanted.
const STEP: Duration = Duration::from_secs(1);
/// How long `fence` waits altogether: a coordinator may first have to end what a predecessor left open.
const FENCE_WITHIN: Duration = Duration::from_secs(10);
/// The brokers say that a transaction is committed before they have marked its end in each partition. The next one is
/// refused until then, and librdkafka asks again after 20 ms, so it is faster not to ask at once.
const MARKED_WITHIN: Duration = Duration::from_millis(3);

pub(super) struct Transaction {
    id: String,
    timeout: Duration,
    state: State,
    /// When the open transaction, or else the last one, was begun.
    begun: Instant,
    /// Nobody waits for the commit any more.
    abandoned: Arc<AtomicBool>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Idle,
    Open,
    Committing(Ticket),
}

impl Transaction {
    pub(super) fn new(id: &str, settings: &ClientConfig) -> Self {
        let timeout = settings.get("transaction.timeout.ms").and_then(|ms| ms.parse().ok());
        Self {
            id: id.to_owned(),
            timeout: Duration::from_millis(timeout.unwrap_or(60_000)),
            state: State::Idle,
            begun: Instant::now(),
            abandoned: Arc::default(),
        }
    }

    /// Makes sure that a transaction is open.
    pub(super) fn join(&mut self, producer: &Client, brokers: &str) -> Result<(), SinkError> {
        match self.state {
            State::Open => return Ok(()),
            State::Committing(_) => return Err(SinkError::Full),
            State::Idle => {}
        }
        self.begun = Instant::now();
        producer.begin_transaction().map_err(|error| client::explain_transaction(&error, &self.id, brokers))?;
        self.state = State::Open;
        Ok(())
    }

    /// The outcome comes as the delivery of `ticket`, after an outage of any length.
    pub(super) fn commit(&mut self, producer: &Arc<Client>, to: &Arc<Deliveries>, ticket: Ticket, brokers: &str) {
        self.state = State::Committing(ticket);
        let (producer, to, abandoned) = (Arc::clone(producer), Arc::clone(to), Arc::clone(&self.abandoned));
        let (id, brokers) = (self.id.clone(), brokers.to_owned());
        tokio::task::spawn_blocking(move || {
            let outcome = persist(&abandoned, || {
                // The wrapper polls for 100 ms if a receipt is still in the hands of the thread that told us of it.
                raw::flush(&producer, STEP);
                producer.commit_transaction(STEP)
            });
            #[expect(clippy::disallowed_methods, reason = "not on a thread of the runtime")]
            std::thread::sleep(MARKED_WITHIN);
            let failure = outcome.err().map(|error| client::explain_transaction(&error, &id, &brokers));
            to.inbox
                .push(Delivery { ticket: ticket.0, failure: failure.map(|error| Box::new(Failure::Commit(error))) });
        });
    }

    /// Takes notice of a receipt: the commit's own ends the transaction.
    pub(super) fn heard(&mut self, ticket: Ticket) {
        if self.state == State::Committing(ticket) {
            self.state = State::Idle;
        }
    }

    /// Whether the brokers may have given it up by themselves. Their clock ran from the first record on, ours from a
    /// little before.
    pub(super) fn may_have_expired(&self) -> bool {
        self.begun.elapsed() >= self.timeout.mul_f32(0.9)
    }

    /// Aborts what is open, so that committed readers need not wait for its time to run out.
    pub(super) fn abandon(self, producer: &Client, within: Duration) {
        self.abandoned.store(true, Ordering::Relaxed);
        if self.state == State::Open {
            let _ = producer.abort_transaction(within);
        }
    }
}

/// Takes over the transactional id: from now on its former holder can write nothing, and what it left open is aborted.
pub(super) fn fence(producer: &Client, id: &str, brokers: &str) -> Result<(), SinkError> {
    producer.init_transactions(FENCE_WITHIN).map_err(|error| client::explain_transaction(&error, id, brokers))
}

/// Calls again as long as the brokers may still do it.
fn persist(abandoned: &AtomicBool, mut call: impl FnMut() -> Result<(), KafkaError>) -> Result<(), KafkaError> {
    loop {
        match call() {
            Err(KafkaError::Transaction(cause)) if cause.is_retriable() && !abandoned.load(Ordering::Relaxed) => {}
            outcome => return outcome,
        }
    }
}
