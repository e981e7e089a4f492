//! What a producer tells of itself now and then.

/// Totals count from the producer's start, which each attempt of a connector makes anew.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Statistics {
    /// Handed to brokers and acknowledged or on the way.
    pub messages: u64,
    pub message_bytes: u64,
    /// Waiting in the producer.
    pub queued_messages: u64,
    pub queued_bytes: u64,
    pub brokers: Vec<Broker>,
}

/// One connection of the producer.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Broker {
    /// `host:port/id`, or `bootstrap` for an address that no broker has claimed yet.
    pub name: String,
    pub up: bool,
    pub requests: u64,
    pub errors: u64,
    pub retries: u64,
    pub timeouts: u64,
    /// Of the last interval; absent when nothing was asked.
    pub round_trip: Option<RoundTrip>,
}

/// In seconds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct RoundTrip {
    pub average: f64,
    pub p99: f64,
}
