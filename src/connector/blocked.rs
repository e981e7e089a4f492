//! Who holds up a command of ours. One that waits for a lock, or for transactions to end, tells nothing of itself, so
//! another session is opened to ask; only then, since it hardly ever happens.

use std::convert::Infallible;
use std::time::Duration;

use tokio::time::sleep;

use crate::catalog::{Catalog, CatalogError};
use crate::pg::Address;

use super::status::{Activity, Publisher};

/// Between two looks, and before the first.
const PERIOD: Duration = Duration::from_secs(1);

/// A command that the server's process `backend` works on.
pub(super) struct Command<'a> {
    pub(super) backend: i32,
    pub(super) address: &'a Address,
    /// What does not get done meanwhile: `table t cannot be read`.
    pub(super) consequence: String,
    /// How things stand while nobody is in the way.
    pub(super) otherwise: Activity,
}

impl Command<'_> {
    /// Waits for `work`, and says who is in its way as long as somebody is.
    pub(super) async fn watched<T>(self, work: impl Future<Output = T>, publisher: &Publisher) -> T {
        tokio::select! {
            biased;
            done = work => done,
            never = self.look(publisher) => match never {},
        }
    }

    async fn look(&self, publisher: &Publisher) -> Infallible {
        let (mut session, mut told) = (None, false);
        loop {
            sleep(PERIOD).await;
            session = match self.look_once(session.take(), publisher, &mut told).await {
                Ok(catalog) => Some(catalog),
                Err(error) => {
                    tracing::debug!("cannot see who is in the way: {error}");
                    None
                }
            };
        }
    }

    async fn look_once(
        &self,
        session: Option<Catalog>,
        publisher: &Publisher,
        told: &mut bool,
    ) -> Result<Catalog, CatalogError> {
        let catalog = match session.filter(|catalog| !catalog.is_closed()) {
            Some(catalog) => catalog,
            None => Catalog::connect(self.address, &[]).await?,
        };
        let blockers = catalog.blockers(self.backend).await?;
        let Some(first) = blockers.first() else {
            publisher.activity(self.otherwise.clone());
            return Ok(catalog);
        };
        let all: Vec<String> = blockers.iter().map(ToString::to_string).collect();
        let (why, remedy) = (format!("{}: held up by {}", self.consequence, all.join("; by ")), first.remedy());
        if !std::mem::replace(told, true) {
            tracing::warn!(remedy, "waiting: {why}");
        }
        publisher.activity(Activity::Waiting { why, remedy });
        Ok(catalog)
    }
}
