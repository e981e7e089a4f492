//! What librdkafka's thread tells of deliveries and of the state of the brokers.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use rdkafka::Message;
use rdkafka::client::ClientContext;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::DeliveryResult;
use rdkafka::producer::ProducerContext;
use tracing::debug;

use super::super::inbox::Inbox;
use super::super::{SinkError, Statistics, Trouble};
use super::statistics;

/// A broker that stays away is reported again and again; silence for this long means that it is no longer tried.
const FORGET_AFTER: Duration = Duration::from_secs(60);

/// How long a client waits for the first answer of a broker.
const FIRST_ANSWER: Duration = Duration::from_secs(10);

/// The same when all brokers were tried and failed. A name may have several addresses, of which some work.
const ALL_DOWN_FOR: Duration = Duration::from_secs(2);

/// One delivery report, kept small as there is one for each record.
pub(super) struct Delivery {
    pub(super) ticket: usize,
    pub(super) failure: Option<Box<Failure>>,
}

pub(super) enum Failure {
    Record {
        code: RDKafkaErrorCode,
        topic: String,
        /// Bytes of key and value.
        size: usize,
    },
    Commit(SinkError),
}

/// Shared by the sink and librdkafka's thread.
#[derive(Default)]
pub(super) struct Deliveries {
    pub(super) inbox: Inbox<Delivery>,
    outage: Mutex<Option<Outage>>,
    statistics: Mutex<Option<Statistics>>,
    /// Whether there is an outage, to be asked for each record without a lock.
    troubled: AtomicBool,
}

#[derive(Clone)]
struct Outage {
    trouble: Trouble,
    heard: Instant,
    login_failed: bool,
    all_down: bool,
}

impl Deliveries {
    pub(super) fn trouble(&self) -> Option<Trouble> {
        let outage = self.outage();
        outage.as_ref().filter(|outage| outage.heard.elapsed() < FORGET_AFTER).map(|outage| outage.trouble.clone())
    }

    pub(super) fn statistics(&self) -> Option<Statistics> {
        self.told().clone()
    }

    fn told(&self) -> MutexGuard<'_, Option<Statistics>> {
        self.statistics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why a client that has waited this long for its first answer should give up, if it should.
    pub(super) fn give_up(&self, waited: Duration, brokers: &str) -> Option<SinkError> {
        let outage = self.outage().clone();
        let (login_failed, all_down) = outage.as_ref().map_or((false, false), |o| (o.login_failed, o.all_down));
        if !(login_failed || all_down && waited >= ALL_DOWN_FOR || waited >= FIRST_ANSWER) {
            return None;
        }
        let brokers = brokers.to_owned();
        let why = outage.map_or_else(|| format!("no answer within {} s", waited.as_secs()), |o| o.trouble.what);
        Some(if login_failed { SinkError::Login { brokers, why } } else { SinkError::Unreachable { brokers, why } })
    }

    pub(super) fn forget_trouble(&self) {
        if self.troubled.swap(false, Ordering::Relaxed) {
            *self.outage() = None;
        }
    }

    fn note(&self, code: RDKafkaErrorCode, reason: &str) {
        let mut outage = self.outage();
        let all_down = code == RDKafkaErrorCode::AllBrokersDown;
        let login_failed = matches!(
            code,
            RDKafkaErrorCode::Authentication
                | RDKafkaErrorCode::SaslAuthenticationFailed
                | RDKafkaErrorCode::UnsupportedSASLMechanism
        );
        let before = outage.take();
        let since = before.as_ref().map_or_else(SystemTime::now, |before| before.trouble.since);
        let what = match &before {
            // "1/1 brokers are down" says less than the reason heard just before.
            Some(before) if all_down => before.trouble.what.clone(),
            _ => reason.to_owned(),
        };
        *outage = Some(Outage {
            trouble: Trouble { what, since },
            heard: Instant::now(),
            login_failed: login_failed || before.as_ref().is_some_and(|before| before.login_failed),
            all_down: all_down || before.is_some_and(|before| before.all_down),
        });
        self.troubled.store(true, Ordering::Relaxed);
    }

    fn outage(&self) -> MutexGuard<'_, Option<Outage>> {
        self.outage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// For producers and consumers alike: both tell of the brokers, the former of deliveries too.
#[derive(Default)]
pub(super) struct Context(pub(super) Arc<Deliveries>);

impl ClientContext for Context {
    fn error(&self, error: KafkaError, reason: &str) {
        // A consumer's way to say that it has read everything.
        if error.rdkafka_error_code() == Some(RDKafkaErrorCode::PartitionEOF) {
            return;
        }
        debug!(%error, reason, "Kafka client reports");
        if let Some(code) = error.rdkafka_error_code() {
            self.0.note(code, reason);
        }
    }

    fn stats(&self, statistics: rdkafka::Statistics) {
        *self.0.told() = Some(statistics::told(&statistics));
    }
}

impl ConsumerContext for Context {}

impl ProducerContext for Context {
    type DeliveryOpaque = usize;

    fn delivery(&self, result: &DeliveryResult<'_>, ticket: usize) {
        let failure = match result {
            Ok(_) => {
                if self.0.troubled.load(Ordering::Relaxed) {
                    self.0.forget_trouble();
                }
                None
            }
            Err((error, message)) => Some(Box::new(Failure::Record {
                code: error.rdkafka_error_code().unwrap_or(RDKafkaErrorCode::Unknown),
                topic: message.topic().to_owned(),
                size: message.key_len() + message.payload_len(),
            })),
        };
        self.0.inbox.push(Delivery { ticket, failure });
    }
}
