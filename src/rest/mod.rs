//! Kafka Connect's REST interface, as recorded from Connect 4.3.1 (`tests/rest`).
//!
//! Methods, paths, status codes, bodies and texts are Connect's; where a real Connect answers 500 to bad input, this answers
//! 400 with the cause. Nothing here waits for the stream: states are read from what connectors publish.

mod body;
mod connectors;
mod guard;
mod intake;
mod life;
mod loggers;
mod mask;
mod negotiate;
mod offsets;
mod openapi;
mod plugins;
mod query;
mod respond;
mod routes;
mod state;
mod validation;
mod worker;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::State;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::supervisor::Supervisor;
use crate::telemetry::Levels;

/// What every call knows.
pub struct Shared {
    pub supervisor: Arc<Supervisor>,
    /// `host:port` under which this worker is known.
    pub worker_id: String,
    pub cluster_id: Option<String>,
    /// `rest.mask.secrets`.
    pub mask_secrets: bool,
    pub levels: Levels,
}

type Worker = State<Arc<Shared>>;

/// Serves until `stop`; the caller stops the connectors first, so that draining is visible here.
pub async fn serve(listener: TcpListener, shared: Shared, stop: CancellationToken) -> std::io::Result<()> {
    let local: Option<SocketAddr> = listener.local_addr().ok();
    let app = routes::router(Arc::new(shared), local);
    axum::serve(listener, app).with_graceful_shutdown(async move { stop.cancelled().await }).await
}

impl Shared {
    /// Where a connector is found from outside.
    fn location(&self, name: &str) -> String {
        let mut path = String::new();
        for byte in name.bytes() {
            match byte {
                // What a path may hold as it is, in Java's eyes; a slash separates, there and here.
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => path.push(char::from(byte)),
                _ if b"-_.~!$&'()*+,;=:@/".contains(&byte) => path.push(char::from(byte)),
                _ => path.push_str(&format!("%{byte:02X}")),
            }
        }
        format!("http://{}/connectors/{path}", self.worker_id)
    }
}
