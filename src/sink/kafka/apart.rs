//! A client whose end nobody waits for: it joins threads, which takes a tenth of a second.

use std::ops::Deref;
use std::sync::Arc;

use tokio::runtime::Handle;

/// Dropped on a thread where that may block, if there is a runtime, unless a call that still uses it is the last to.
pub(super) struct Apart<T: Send + Sync + 'static>(Option<Arc<T>>);

impl<T: Send + Sync> Apart<T> {
    pub(super) fn new(client: T) -> Self {
        Self(Some(Arc::new(client)))
    }

    /// For a call that may outlive whoever waits for it.
    pub(super) fn share(&self) -> Arc<T> {
        Arc::clone(self.arc())
    }

    fn arc(&self) -> &Arc<T> {
        self.0.as_ref().expect("only `drop` takes it")
    }
}

impl<T: Send + Sync> Deref for Apart<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.arc()
    }
}

impl<T: Send + Sync> Drop for Apart<T> {
    fn drop(&mut self) {
        // Taken, so that none is left to be dropped here.
        let client = self.0.take();
        if let Ok(runtime) = Handle::try_current() {
            runtime.spawn_blocking(move || drop(client));
        }
    }
}
