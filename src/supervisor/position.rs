//! Stored positions through the supervisor: nobody may start a connector while they are changed.

use std::sync::Arc;

use super::change::unbroken;
use super::{ChangeError, Supervisor, Target};
use crate::offsets::{self, Alteration, Position};

impl Supervisor {
    pub async fn positions(&self, name: &str) -> Result<Vec<Position>, ChangeError> {
        self.found(name)?;
        Ok(offsets::positions(&self.launch.offsets(name), name).await?)
    }

    /// Stores all of them. Only of a connector that is stopped.
    pub async fn alter_positions(
        self: &Arc<Self>,
        name: &str,
        alterations: Vec<Alteration>,
    ) -> Result<(), ChangeError> {
        let (own, name) = (Arc::clone(self), name.to_owned());
        unbroken(async move {
            let _change = own.changes.lock().await;
            own.must_be_stopped(&name)?;
            Ok(offsets::alter(&own.launch.offsets(&name), &name, &alterations).await?)
        })
        .await
    }

    /// Forgets all of them. Only of a connector that is stopped.
    pub async fn forget_positions(self: &Arc<Self>, name: &str) -> Result<(), ChangeError> {
        let (own, name) = (Arc::clone(self), name.to_owned());
        unbroken(async move {
            let _change = own.changes.lock().await;
            own.must_be_stopped(&name)?;
            Ok(offsets::forget(&own.launch.offsets(&name), &name).await?)
        })
        .await
    }

    fn must_be_stopped(&self, name: &str) -> Result<(), ChangeError> {
        let view = self.found(name)?;
        match (view.target, view.task) {
            (Target::Stopped, None) => Ok(()),
            _ => Err(ChangeError::NotStopped(name.to_owned())),
        }
    }
}
