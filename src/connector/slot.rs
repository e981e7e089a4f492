//! Waiting for the slot while another connection reads it.
//!
//! Only one connection may read a slot. After a cut in the network the server may go on believing in a connection of ours
//! that is dead; that one, known by the process id the server gave it, is ended. Any other holder is named and waited for:
//! another instance of this connector on its way out, or a mistake of somebody's.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::catalog::{Catalog, CatalogError};

use super::status::{Activity, Publisher};

const FIRST_LOOK: Duration = Duration::from_millis(50);
const LATER_LOOKS: Duration = Duration::from_millis(500);

/// Returns when nobody reads the slot (or there is none), or when `stop` is cancelled. `own`: the process that served our
/// last replication connection.
pub(super) async fn wait_until_free(
    catalog: &Catalog,
    name: &str,
    own: Option<i32>,
    publisher: &Publisher,
    stop: &CancellationToken,
) -> Result<(), CatalogError> {
    let (mut wait, mut told) = (FIRST_LOOK, None);
    while let Some(holder) = catalog.slot_holder(name).await? {
        if own == Some(holder.pid) {
            tracing::warn!(slot = name, pid = holder.pid, "ending the lost connection that still holds the slot");
            catalog.terminate(holder.pid).await?;
        } else if told != Some(holder.pid) && wait == LATER_LOOKS {
            told = Some(holder.pid);
            let (why, remedy) = (
                format!("replication slot \"{name}\" is active for {holder}"),
                "stop the other reader, or choose another slot.name".to_owned(),
            );
            tracing::warn!(remedy, "waiting: {why}");
            publisher.activity(Activity::Waiting { why, remedy });
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(wait) => wait = (wait * 2).min(LATER_LOOKS),
        }
    }
    Ok(())
}
