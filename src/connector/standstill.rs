//! When nothing moves although something should: named within seconds, said once in the log, and taken back.

use std::time::{Duration, SystemTime};

use super::delivery::Delivery;
use super::status::{Activity, Publisher};

/// How often somebody looks.
pub(super) const PERIOD: Duration = Duration::from_secs(1);
/// How long receipts, or the answer of a server that was asked, may take before it is said that they do.
const AFTER: Duration = Duration::from_secs(3);

#[derive(Debug, Default)]
pub(super) struct Standstill {
    /// What was being done when nothing moved any more.
    before: Option<Activity>,
}

impl Standstill {
    pub(super) fn is_standing(&self) -> bool {
        self.before.is_some()
    }

    /// To be called once per [`PERIOD`]. `silence`: how long the server has told nothing while we listened.
    pub(super) fn look(&mut self, delivery: &Delivery, silence: Duration, publisher: &Publisher) {
        let unacknowledged = delivery.unacknowledged().filter(|time| *time >= AFTER);
        let (activity, time) = match unacknowledged {
            Some(time) => (of_sink(delivery), time),
            None if silence >= AFTER => (of_server(), silence),
            None => return self.moves(publisher),
        };
        if self.before.is_none() {
            let since = time.as_secs();
            let (doing, remedy) = (activity.doing(), activity.remedy());
            match unacknowledged {
                Some(_) => tracing::warn!(remedy, "waiting since {since} s: {doing}"),
                // A large transaction does that too.
                None => tracing::info!(remedy, "waiting since {since} s: {doing}"),
            }
        }
        self.before.get_or_insert_with(|| publisher.present());
        publisher.activity_since(activity, SystemTime::now() - time);
    }

    fn moves(&mut self, publisher: &Publisher) {
        if let Some(before) = self.before.take() {
            tracing::info!("moving again");
            publisher.activity(before);
        }
    }
}

fn of_sink(delivery: &Delivery) -> Activity {
    let target = delivery.target();
    let why = match delivery.trouble() {
        Some(trouble) => format!("{target} acknowledges nothing: {trouble}"),
        None => format!("{target} acknowledges nothing"),
    };
    Activity::Waiting { why, remedy: delivery.remedy().to_owned() }
}

fn of_server() -> Activity {
    Activity::Waiting {
        why: "the server does not answer on the replication connection".to_owned(),
        remedy:
            "it is decoding a large transaction, or the line is dead, which will show within seconds and is mended \
                 by a new one"
                .to_owned(),
    }
}
