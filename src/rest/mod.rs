//! Kafka Connect's REST interface, as recorded from Connect 4.3.1.
//!
//! Methods, paths, status codes, bodies and texts are Connect's; where a real Connect answers 500 to bad input, this answers
//! 400 with the cause. Nothing here waits for the stream: states are read from what connectors publish.

mod body;
mod guard;
mod honest;
mod own;
mod respond;
mod routes;
mod state;
mod tail;

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::supervisor::Supervisor;

/// What every call knows.
pub struct Shared {
    pub supervisor: Arc<Supervisor>,
    /// `host:port` under which this worker is known.
    pub worker_id: String,
    pub cluster_id: Option<String>,
    /// `walcast.events.values`: whether the tail of records shows what rows hold.
    pub show_values: bool,
}

/// Serves until `stop`; the caller stops the connectors first, so that draining is visible here.
pub async fn serve(listener: TcpListener, shared: Shared, stop: CancellationToken) -> std::io::Result<()> {
    let local: Option<SocketAddr> = listener.local_addr().ok();
    let app = routes::router(Arc::new(shared), local);
    axum::serve(listener, app).with_graceful_shutdown(async move { stop.cancelled().await }).await
}
