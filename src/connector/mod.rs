//! The life of one connector: the only room where doors and crafts meet.
//!
//! [`run`] lives until it is stopped. `life` is one attempt: it observes, lets `plan` decide, takes the `snapshot`, then
//! `follow`s the stream. `stream` turns frames into records, `emit` renders them, `delivery` carries them out and brings
//! positions back through the `ledger`. Records acknowledged, then offset stored, then slot confirmed: that order is law.

mod blocked;
mod channel;
mod commits;
mod config;
mod delivery;
mod emit;
mod error;
mod follow;
mod heartbeat;
mod identity;
mod ledger;
mod life;
mod messages;
mod metadata;
pub mod meters;
mod neighbour;
mod observe;
mod picture;
mod plan;
mod publication;
mod pulse;
mod reach;
mod rows;
mod slot;
mod snapshot;
mod spans;
mod standstill;
mod status;
mod stream;
mod table;
mod tables;
mod waiting;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

pub use crate::catalog::Identity;
pub use config::{Config, OffsetMismatch, PublicationMode, SnapshotMode, TransactionBoundary};
pub use error::ConnectorError;
pub use identity::IdentityRule;
pub use life::outlook;
pub use messages::MARKER;
pub use meters::Meters;
pub use picture::{Picture, PicturedTable};
pub use plan::{Outlook, Refusal};
pub use reach::reach;
pub use status::{Activity, Status};

use crate::{offsets, sink};
use life::Life;
use spans::Span;
use status::Publisher;

/// Everything a connector is started with.
#[derive(Clone, Debug)]
pub struct Context {
    pub config: Config,
    pub sink: sink::Config,
    pub offsets: offsets::Config,
}

/// The first pause after a failure; doubled each time up to `retriable.restart.connector.wait.ms`.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// The longest pause while the other side is merely away, so that its return is noticed at once.
const LONGEST_KNOCK: Duration = Duration::from_secs(1);
/// An attempt that streamed this long counts as a success: the next failure is the first again.
const SETTLED: Duration = Duration::from_secs(30);

/// Runs a connector until `stop` (drained, stored, confirmed) or until a failure that no retry can mend.
/// Transient failures are retried here, and published as [`Activity::Retrying`].
pub async fn run(
    context: Context,
    paused: watch::Receiver<bool>,
    status: watch::Sender<Status>,
    meters: Arc<Meters>,
    stop: CancellationToken,
) -> Result<(), ConnectorError> {
    meters.introduce(&context.config);
    // Every line that is logged from here on says whose it is.
    let span = tracing::error_span!("connector", connector = context.config.name);
    let told = Span::run(&context.config);
    told.around(live(&context, paused, status, &meters, stop)).instrument(span).await
}

async fn live(
    context: &Context,
    paused: watch::Receiver<bool>,
    status: watch::Sender<Status>,
    meters: &Arc<Meters>,
    stop: CancellationToken,
) -> Result<(), ConnectorError> {
    let ended = tokio::select! {
        biased;
        ended = attempts(context, paused, status, meters, stop) => ended,
        () = observe::observe(&context.config, meters) => Ok(()),
    };
    meters.at_rest();
    ended
}

async fn attempts(
    context: &Context,
    mut paused: watch::Receiver<bool>,
    status: watch::Sender<Status>,
    meters: &Arc<Meters>,
    stop: CancellationToken,
) -> Result<(), ConnectorError> {
    let publisher = Publisher::new(status);
    let (mut attempt, mut backend, mut told) = (0u32, None, String::new());
    loop {
        let began = tokio::time::Instant::now();
        meters.attempts.add(1);
        let (paused, backend) = (&mut paused, &mut backend);
        let mut life = Life { context, paused, publisher: &publisher, stop: &stop, meters, backend };
        let lived = life.live().await;
        meters.at_rest();
        let failure = match lived {
            Ok(()) => {
                publisher.activity(Activity::Stopped);
                return Ok(());
            }
            Err(failure) => failure,
        };
        meters.failed(failure.room());
        let advice = failure.remedy();
        let (why, remedy) = (failure.to_string(), advice.clone().unwrap_or_default());
        attempt = if began.elapsed() > SETTLED { 1 } else { attempt.saturating_add(1) };
        let exhausted = context.config.max_retries.is_some_and(|most| attempt > most);
        if stop.is_cancelled() || !failure.is_transient() || exhausted {
            tracing::error!(remedy = advice, "connector stopped: {failure}");
            publisher.activity(Activity::Failed { why, remedy });
            return Err(failure);
        }
        let longest = context.config.retry_wait.min(if failure.is_outage() { LONGEST_KNOCK } else { Duration::MAX });
        let wait = FIRST_WAIT.saturating_mul(1 << attempt.min(10).saturating_sub(1)).min(longest);
        // An outage of an hour is no reason for a thousand lines.
        if attempt.is_power_of_two() || told != why {
            tracing::warn!(attempt, ?wait, remedy = advice, "will try again: {why}");
            told.clone_from(&why);
        }
        publisher.activity(Activity::Retrying { why, remedy, attempt });
        tokio::select! {
            () = stop.cancelled() => {
                publisher.activity(Activity::Stopped);
                return Ok(());
            }
            () = tokio::time::sleep(wait) => {}
        }
    }
}
