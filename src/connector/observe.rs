//! A slow look at the slot, from outside the stream and through a session of its own: it goes on while the stream is cut,
//! paused, or holds a snapshot.

use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval_at, timeout};

use crate::catalog::{Catalog, CatalogError};

use super::Config;
use super::meters::Meters;

/// The first look comes after the start, which wants the processor for itself.
const FIRST: Duration = Duration::from_secs(1);
const PERIOD: Duration = Duration::from_secs(5);
/// A look that takes longer is given up, with its session.
const WITHIN: Duration = Duration::from_secs(10);

/// Never ends. What fails is tried again and said by nobody: the stream has the same trouble and says so.
pub(super) async fn observe(config: &Config, meters: &Meters) {
    let mut ticks = interval_at(Instant::now() + FIRST, PERIOD);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut session = None;
    loop {
        ticks.tick().await;
        session = match timeout(WITHIN, look(session.take(), config, meters)).await {
            Ok(Ok(catalog)) => Some(catalog),
            Ok(Err(error)) => {
                tracing::debug!("cannot look at the slot: {error}");
                None
            }
            Err(_) => None,
        };
    }
}

async fn look(session: Option<Catalog>, config: &Config, meters: &Meters) -> Result<Catalog, CatalogError> {
    let catalog = match session.filter(|catalog| !catalog.is_closed()) {
        Some(catalog) => catalog,
        None => Catalog::connect(&config.address, &[]).await?,
    };
    meters.look(catalog.vitals(&config.slot).await?);
    Ok(catalog)
}
