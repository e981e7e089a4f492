//! A connector's own thread, as its walsender has its own process.
//!
//! On threads that are shared it would go on wherever one is free whenever it has waited, and leave its data in the cache of
//! the other processor: a tenth of a snapshot's rate and 7 % of its processor time on two cores. Nor does a busy connector
//! hold up REST here, or another connector.

use std::io;
use std::thread;
use std::time::Duration;

use tokio::runtime;
use tokio_util::sync::CancellationToken;

use super::Running;

/// How long a thread for calls that block waits for another: a start needs several for a moment, and each keeps a tenth of a
/// megabyte.
const KEEP_ALIVE: Duration = Duration::from_secs(1);

/// What runs on it ends by itself, or by force.
pub(super) struct Thread {
    ended: CancellationToken,
    abort: CancellationToken,
}

impl Thread {
    /// Errs when the system has no more threads.
    pub(super) fn spawn(running: Running) -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread().enable_all().thread_keep_alive(KEEP_ALIVE).build()?;
        let (ended, abort) = (CancellationToken::new(), CancellationToken::new());
        // Told of by being dropped, which a panic does too.
        let (told, aborted) = (ended.clone().drop_guard(), abort.clone());
        thread::Builder::new().name("connector".to_owned()).spawn(move || {
            let _told = told;
            runtime.block_on(aborted.run_until_cancelled(running));
            // Clients of brokers that are silent take their time to end.
            runtime.shutdown_background();
        })?;
        Ok(Self { ended, abort })
    }

    pub(super) fn is_finished(&self) -> bool {
        self.ended.is_cancelled()
    }

    pub(super) async fn finished(&self) {
        self.ended.cancelled().await;
    }

    /// At its next await.
    pub(super) fn abort(&self) {
        self.abort.cancel();
    }
}
