//! Whether the other end of the replication connection is still there.
//!
//! A line can be cut without either end being told. The kernel notices when nobody acknowledges bytes, but not when
//! something in between swallows them. A server that is alive answers when asked, unless it decodes a large transaction,
//! which may take minutes. So silence alone means nothing: the server is looked at through the SQL connection, and only
//! if its process waits for us while we wait for it, or is gone, is the line dead.

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout};

use crate::catalog::{Catalog, Process};
use crate::wire::WireError;

use super::error::ConnectorError;

/// Silence after which the server is asked for a sign, each time the pulse beats.
const ASK_AFTER: Duration = Duration::from_secs(2);
/// Silence after which the server is looked at.
const SUSPICIOUS: Duration = Duration::from_secs(8);
/// How long a look may take: the SQL connection may be dead as well.
const LOOK_WITHIN: Duration = Duration::from_secs(5);

type Look = Pin<Box<dyn Future<Output = Result<(), ConnectorError>> + Send>>;

pub(super) struct Pulse {
    catalog: Arc<Catalog>,
    /// The server's process.
    backend: i32,
    heard: Instant,
    look: Option<Look>,
}

impl Pulse {
    pub(super) fn new(catalog: Arc<Catalog>, backend: i32) -> Self {
        Self { catalog, backend, heard: Instant::now(), look: None }
    }

    /// Something came, or nothing could come because nobody read.
    pub(super) fn heard(&mut self) {
        self.heard = Instant::now();
        self.look = None;
    }

    /// How long nothing has been heard.
    pub(super) fn silence(&self) -> Duration {
        self.heard.elapsed()
    }

    /// To be called about once a second. Answers whether the server should be asked for a sign.
    pub(super) fn beat(&mut self) -> bool {
        let silent = self.heard.elapsed();
        if silent >= SUSPICIOUS && self.look.is_none() {
            self.look = Some(Box::pin(look(self.catalog.clone(), self.backend, silent)));
        }
        silent >= ASK_AFTER
    }

    /// Resolves only when the line is found dead. Cancel-safe.
    pub(super) async fn stopped(&mut self) -> ConnectorError {
        loop {
            match &mut self.look {
                None => std::future::pending().await,
                Some(look) => match look.await {
                    Ok(()) => self.look = None,
                    Err(error) => return error,
                },
            }
        }
    }
}

async fn look(catalog: Arc<Catalog>, backend: i32, silent: Duration) -> Result<(), ConnectorError> {
    match timeout(LOOK_WITHIN, catalog.process(backend)).await {
        Ok(Ok(Process::Busy)) => Ok(()),
        Ok(Err(error)) => Err(error.into()),
        Ok(Ok(Process::Gone | Process::WaitsForClient)) | Err(_) => {
            Err(WireError::Silent { seconds: silent.as_secs() }.into())
        }
    }
}
