//! Where records go: Kafka, JSON lines, or memory (for tests). A sink takes a record together with a ticket, and later
//! gives the ticket back in a receipt that says whether the record is safe. It hears of no LSN and keeps no order of
//! its own beyond that of its target: which receipt allows what to be stored or confirmed is the ledger's business.
//!
//! `send`, `receipts` and `nudge` never wait, so that they can be called from the synchronous middle of the stream.
//! Everything that may block (creating a client, writing to a pipe) runs behind `blocking` or on the sink's own thread.
//!
//! A transactional sink shows nothing of what it took until `commit`; the connector sends its offset through the same
//! sink, so that records and offset become visible together or not at all.

mod error;
mod inbox;
pub mod jsonl;
pub mod kafka;
pub mod memory;
mod statistics;

use std::fmt;
use std::time::{Duration, SystemTime};

use crate::words::{Record, Ticket};

pub use error::{Limit, SinkError};
pub use statistics::{Broker, RoundTrip, Statistics};

#[derive(Clone, Debug)]
pub enum Config {
    Kafka(kafka::Config),
    Jsonl(jsonl::Config),
    Memory(memory::Script),
}

/// The answer to one `send`.
#[derive(Clone, PartialEq, Debug)]
pub struct Receipt {
    pub ticket: Ticket,
    /// `Ok`: the record is as safe as the target was asked to make it.
    pub result: Result<(), SinkError>,
}

/// What hinders a sink just now, for the status; it works on by itself.
#[derive(Clone, PartialEq, Debug)]
pub struct Trouble {
    pub what: String,
    pub since: SystemTime,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.what)
    }
}

/// An open sink. Tickets belong to one instance: receipts still under way when it is closed are lost with it.
pub enum Sink {
    Kafka(Box<kafka::Kafka>),
    Jsonl(jsonl::Jsonl),
    Memory(memory::Memory),
}

impl Sink {
    /// `client_id` names the connection to Kafka, unless the settings do.
    pub async fn open(config: &Config, client_id: &str) -> Result<Self, SinkError> {
        match config {
            Config::Kafka(config) => {
                kafka::Kafka::open(config, client_id).await.map(|kafka| Self::Kafka(Box::new(kafka)))
            }
            Config::Jsonl(config) => jsonl::Jsonl::open(config).await.map(Self::Jsonl),
            Config::Memory(script) => memory::Memory::open(script).map(Self::Memory),
        }
    }

    /// Takes the record (its bytes are copied) or errs, and then no receipt will come.
    /// [`SinkError::Full`]: try again after `changed`.
    pub fn send(&mut self, record: &Record<'_>, ticket: Ticket) -> Result<(), SinkError> {
        match self {
            Self::Kafka(sink) => sink.send(record, ticket),
            Self::Jsonl(sink) => sink.send(record, ticket),
            Self::Memory(sink) => sink.send(record, ticket),
        }
    }

    /// Whether records stay invisible until [`Self::commit`].
    pub fn is_transactional(&self) -> bool {
        match self {
            Self::Kafka(sink) => sink.is_transactional(),
            Self::Memory(sink) => sink.is_transactional(),
            Self::Jsonl(_) => false,
        }
    }

    /// Makes visible what was sent since the last commit, all of it or nothing. To be called when something was sent and
    /// every receipt of it has come; the receipt of `ticket` tells the outcome, and until then `send` answers `Full`.
    pub fn commit(&mut self, ticket: Ticket) {
        match self {
            Self::Kafka(sink) => sink.commit(ticket),
            Self::Memory(sink) => sink.commit(ticket),
            Self::Jsonl(_) => {}
        }
    }

    /// Appends the receipts that have arrived.
    pub fn receipts(&mut self, into: &mut Vec<Receipt>) {
        match self {
            Self::Kafka(sink) => sink.receipts(into),
            Self::Jsonl(sink) => sink.receipts(into),
            Self::Memory(sink) => sink.receipts(into),
        }
    }

    /// Resolves when there may be new receipts, at once if some are waiting. Cancel-safe.
    pub async fn changed(&self) {
        match self {
            Self::Kafka(sink) => sink.changed().await,
            Self::Jsonl(sink) => sink.changed().await,
            Self::Memory(sink) => sink.changed().await,
        }
    }

    /// There is nothing more to send just now: what is held back for a fuller batch need not wait long.
    pub fn rest(&mut self) {
        if let Self::Kafka(sink) = self {
            sink.rest();
        }
    }

    /// Pushes out what is held back for a fuller batch; receipts come as usual.
    pub fn nudge(&mut self) {
        match self {
            Self::Kafka(sink) => sink.nudge(),
            Self::Jsonl(sink) => sink.nudge(),
            Self::Memory(_) => {}
        }
    }

    /// Whether `create_topic` has to be awaited before the first record of this topic.
    pub fn needs_topic(&self, topic: &str) -> bool {
        match self {
            Self::Kafka(sink) => sink.needs_topic(topic),
            Self::Jsonl(_) | Self::Memory(_) => false,
        }
    }

    /// Makes the topic by the `topic.creation.*` rules unless it exists; nothing to do when there are none.
    pub async fn create_topic(&self, topic: &str) -> Result<(), SinkError> {
        match self {
            Self::Kafka(sink) => sink.create_topic(topic).await,
            Self::Jsonl(_) | Self::Memory(_) => Ok(()),
        }
    }

    /// Where records go, for people.
    pub fn target(&self) -> String {
        match self {
            Self::Kafka(sink) => sink.target(),
            Self::Jsonl(sink) => sink.target(),
            Self::Memory(_) => "memory".to_owned(),
        }
    }

    /// What helps when it takes nothing: one sentence for the operator.
    pub fn remedy(&self) -> &'static str {
        match self {
            Self::Kafka(_) => {
                "see that the brokers answer, have room, the topics, and enough replicas in sync; delivery goes on by itself"
            }
            Self::Jsonl(_) => "see that the reader reads and the disk has room",
            Self::Memory(_) => "",
        }
    }

    /// What hinders delivery just now, if anything is known to.
    pub fn trouble(&self) -> Option<Trouble> {
        match self {
            Self::Kafka(sink) => sink.trouble(),
            Self::Jsonl(_) | Self::Memory(_) => None,
        }
    }

    /// What the producer last told of itself, if it tells anything.
    pub fn statistics(&self) -> Option<Statistics> {
        match self {
            Self::Kafka(sink) => sink.statistics(),
            Self::Jsonl(_) | Self::Memory(_) => None,
        }
    }

    /// Delivers what was sent, as far as that is possible in this time, and lets go of the target. What was not
    /// committed is aborted.
    pub async fn close(self, within: Duration) {
        match self {
            Self::Kafka(sink) => sink.close(within).await,
            Self::Jsonl(sink) => sink.close(within).await,
            Self::Memory(_) => {}
        }
    }
}

/// The one door for blocking calls of this room.
async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, SinkError> + Send + 'static,
) -> Result<T, SinkError> {
    // A join error means that the runtime is shutting down or that the call panicked; neither leaves a sink.
    tokio::task::spawn_blocking(call).await.unwrap_or(Err(SinkError::Closed))
}
