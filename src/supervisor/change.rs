//! Changes as others order them: each runs to its end even if whoever ordered it goes away.
//!
//! A REST client that gives up waiting drops its call in the middle. A restart dropped between its two halves would leave a
//! connector down that should run, so the halves belong to a task of their own.

use std::sync::Arc;

use super::{ChangeError, Supervisor, Target, View};
use crate::settings::Raw;

impl Supervisor {
    pub async fn create(self: &Arc<Self>, name: &str, config: Raw, target: Target) -> Result<View, ChangeError> {
        let (own, name) = (Arc::clone(self), name.to_owned());
        unbroken(async move { own.create_now(&name, config, target).await }).await
    }

    /// Replaces the settings and restarts; answers also whether the connector is new.
    pub async fn update(self: &Arc<Self>, name: &str, config: Raw) -> Result<(View, bool), ChangeError> {
        let (own, name) = (Arc::clone(self), name.to_owned());
        unbroken(async move { own.update_now(&name, config).await }).await
    }

    pub async fn set_target(self: &Arc<Self>, name: &str, target: Target) -> Result<(), ChangeError> {
        let (own, name) = (Arc::clone(self), name.to_owned());
        unbroken(async move { own.set_target_now(&name, target).await }).await
    }

    /// Starts the task anew, if there is one or should be.
    pub async fn restart(self: &Arc<Self>, name: &str, only_failed: bool) -> Result<(), ChangeError> {
        let (own, name) = (Arc::clone(self), name.to_owned());
        unbroken(async move { own.restart_now(&name, only_failed).await }).await
    }

    pub async fn delete(self: &Arc<Self>, name: &str) -> Result<(), ChangeError> {
        let (own, name) = (Arc::clone(self), name.to_owned());
        unbroken(async move { own.delete_now(&name).await }).await
    }
}

pub(super) async fn unbroken<T: Send + 'static>(
    change: impl Future<Output = Result<T, ChangeError>> + Send + 'static,
) -> Result<T, ChangeError> {
    // A join error means a panic, or that the process ends.
    tokio::spawn(change).await.unwrap_or(Err(ChangeError::Broken))
}
