//! The id of the Kafka cluster: asked for by the first who wants to know it, and again as long as nobody answers. No start
//! waits for it.

use futures_core::future::BoxFuture;
use tokio::sync::OnceCell;

pub struct ClusterId {
    known: OnceCell<String>,
    ask: Box<dyn Fn() -> BoxFuture<'static, Option<String>> + Send + Sync>,
}

impl ClusterId {
    pub fn new(ask: impl Fn() -> BoxFuture<'static, Option<String>> + Send + Sync + 'static) -> Self {
        Self { known: OnceCell::new(), ask: Box::new(ask) }
    }

    pub(super) async fn get(&self) -> Option<&str> {
        let asked = async || (self.ask)().await.ok_or(());
        self.known.get_or_try_init(asked).await.ok().map(String::as_str)
    }
}
