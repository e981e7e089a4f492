//! Kafka Connect's REST interface, as recorded from Connect 4.3.1 (`tests/rest`).
//!
//! Methods, paths, status codes, bodies and texts are Connect's; where a real Connect answers 500 to bad input, this answers
//! 400 with the cause. Nothing here waits for the stream: states are read from what connectors publish.

mod access;
mod body;
mod cluster;
mod connectors;
mod guard;
mod honest;
mod intake;
mod life;
mod loggers;
mod mask;
mod negotiate;
mod offsets;
mod openapi;
mod own;
mod plugins;
mod query;
mod respond;
mod routes;
mod server;
#[cfg(feature = "opentelemetry")]
mod spans;
mod state;
mod tail;
mod tls;
mod validation;
mod visitors;
mod worker;

use std::sync::Arc;

use axum::extract::State;
use tokio_util::sync::CancellationToken;

use crate::settings::server::User;
use crate::supervisor::Supervisor;
use crate::telemetry::Levels;

pub use cluster::ClusterId;
pub use server::Listener;
pub use tls::{Reread, Secured, TlsError};

use access::Access;

/// What every call knows.
pub struct Shared {
    pub supervisor: Arc<Supervisor>,
    /// `host:port` under which this worker is known.
    pub worker_id: String,
    /// `http` or `https`.
    pub scheme: &'static str,
    pub cluster: ClusterId,
    /// `walcast.events.values`: whether the tail of records shows what rows hold.
    pub show_values: bool,
    /// `rest.mask.secrets`.
    pub mask_secrets: bool,
    /// `topic.tracking.enable`, `topic.tracking.allow.reset`.
    pub topic_tracking: bool,
    pub topic_reset: bool,
    pub levels: Levels,
}

type Worker = State<Arc<Shared>>;

/// Serves until `stop`; the caller stops the connectors first, so that draining is visible here.
pub fn serve(
    listeners: Vec<Listener>,
    users: &[User],
    shared: Shared,
    stop: CancellationToken,
) -> impl Future<Output = ()> + Send + 'static {
    let (shared, access) = (Arc::new(shared), Arc::new(Access::new(users)));
    let routed = listeners.into_iter().map(|listener| {
        let local = listener.socket.local_addr().ok();
        let router = routes::router(shared.clone(), access.clone(), local);
        (listener, router)
    });
    server::serve(routed.collect(), stop)
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
        format!("{}://{}/connectors/{path}", self.scheme, self.worker_id)
    }
}
