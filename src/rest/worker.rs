//! The worker itself.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde_json::json;

use super::respond::{json as answer, ok};
use super::{Worker, openapi};

/// The version of Connect whose interface this is.
#[utoipa::path(get, path = "/", tag = "worker", responses((status = 200, description = "Versions", body = openapi::Root)))]
pub(super) async fn root(State(shared): Worker) -> Response {
    ok(&json!({ "version": "4.3.1", "commit": "26b251a451ce941d", "kafka_cluster_id": shared.cluster.get().await }))
}

#[utoipa::path(get, path = "/health", tag = "worker",
    responses((status = 200, description = "Ready"), (status = 503, description = "Still starting")))]
pub(super) async fn health(State(shared): Worker) -> Response {
    if shared.supervisor.is_started() {
        let message = "Worker has completed startup and is ready to handle requests.";
        return ok(&json!({ "status": "healthy", "message": message }));
    }
    let message = "Worker is still starting up.";
    answer(StatusCode::SERVICE_UNAVAILABLE, &json!({ "status": "starting", "message": message }))
}
