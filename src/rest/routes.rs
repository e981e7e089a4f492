//! The calls.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use axum::routing::{get, post, put};
use serde_json::{Map, Value, json};

use super::respond::{bare_error, change_error, created, empty, error, json as answer, ok};
use super::{Shared, body, guard, state};
use crate::settings::connector::flat;
use crate::supervisor::{ChangeError, Target, View};

type Worker = State<Arc<Shared>>;

/// Larger than any connector file; whatever is larger is answered 413.
const LARGEST_BODY: usize = 1 << 20;

pub(super) fn router(shared: Arc<Shared>, local: Option<SocketAddr>) -> Router {
    Router::new()
        .route("/", get(root))
        .route("/health", get(health))
        .route("/connectors", get(list).post(create))
        .route("/connectors/", get(list).post(create))
        .route("/connectors/{name}", get(info).delete(delete))
        .route("/connectors/{name}/", get(info).delete(delete))
        .route("/connectors/{name}/config", get(config).put(put_config).patch(patch_config))
        .route("/connectors/{name}/status", get(status))
        .route("/connectors/{name}/tasks", get(tasks))
        .route("/connectors/{name}/tasks/{task}/status", get(task_status))
        .route("/connectors/{name}/tasks/{task}/restart", post(restart_task))
        .route("/connectors/{name}/restart", post(restart))
        .route("/connectors/{name}/pause", put(pause))
        .route("/connectors/{name}/resume", put(resume))
        .route("/connectors/{name}/stop", put(stop))
        .route("/connector-plugins", get(plugins))
        .route("/connector-plugins/", get(plugins))
        .merge(super::own::router())
        .fallback(async || bare_error(StatusCode::NOT_FOUND))
        .method_not_allowed_fallback(async || bare_error(StatusCode::METHOD_NOT_ALLOWED))
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(from_fn_with_state(Arc::new(local), guard::same_origin))
        .with_state(shared)
}

/// The version of Connect whose interface this is.
async fn root(State(shared): Worker) -> Response {
    ok(&json!({ "version": "4.3.1", "commit": "26b251a451ce941d", "kafka_cluster_id": shared.cluster_id }))
}

async fn health() -> Response {
    let message = "Worker has completed startup and is ready to handle requests.";
    ok(&json!({ "status": "healthy", "message": message }))
}

async fn list(State(shared): Worker, RawQuery(query): RawQuery) -> Response {
    let expand: Vec<String> = parameters(query.as_deref()).filter(|(key, _)| key == "expand").map(|(_, v)| v).collect();
    let names = shared.supervisor.names();
    if expand.is_empty() {
        return ok(&json!(names));
    }
    let mut all = Map::new();
    for view in names.iter().filter_map(|name| shared.supervisor.view(name)) {
        let mut one = Map::new();
        for what in &expand {
            match what.as_str() {
                "status" => one.insert("status".to_owned(), state::status(&view, &shared.worker_id)),
                "info" => one.insert("info".to_owned(), state::info(&view)),
                _ => None,
            };
        }
        all.insert(view.name.clone(), Value::Object(one));
    }
    ok(&Value::Object(all))
}

async fn create(State(shared): Worker, headers: HeaderMap, bytes: Bytes) -> Response {
    let request = match body::create(&headers, &bytes) {
        Ok(request) => request,
        Err(refused) => return *refused,
    };
    match shared.supervisor.create(&request.name, request.config, request.target).await {
        Ok(view) => created(&location(&shared, &view.name), &fresh(&view)),
        Err(e) => change_error(&e),
    }
}

/// A connector just made has no tasks yet, in Connect's answer.
fn fresh(view: &View) -> Value {
    state::info(&View { task: None, ..view.clone() })
}

fn location(shared: &Shared, name: &str) -> String {
    let mut path = String::new();
    for byte in name.bytes() {
        match byte {
            // What a path segment may hold as it is, in Java's eyes.
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => path.push(char::from(byte)),
            _ if b"-_.~!$&'()*+,;=:@".contains(&byte) => path.push(char::from(byte)),
            _ => path.push_str(&format!("%{byte:02X}")),
        }
    }
    format!("http://{}/connectors/{path}", shared.worker_id)
}

fn not_found(name: &str) -> Response {
    change_error(&ChangeError::Unknown(name.to_owned()))
}

/// The text of calls that restart.
fn unknown(name: &str) -> Response {
    error(StatusCode::NOT_FOUND, format!("Unknown connector: {name}"))
}

async fn info(State(shared): Worker, Path(name): Path<String>) -> Response {
    shared.supervisor.view(name.trim()).map_or_else(|| not_found(&name), |view| ok(&state::info(&view)))
}

async fn config(State(shared): Worker, Path(name): Path<String>) -> Response {
    let view = shared.supervisor.view(name.trim());
    view.map_or_else(|| not_found(&name), |view| ok(&Value::Object(crate::supervisor::object(&view.config))))
}

async fn put_config(State(shared): Worker, Path(name): Path<String>, headers: HeaderMap, bytes: Bytes) -> Response {
    let name = name.trim();
    let config = match body::object(&headers, &bytes) {
        Ok(object) => flat(&object).map_err(|problem| Box::new(error(StatusCode::BAD_REQUEST, problem.message))),
        Err(refused) => Err(refused),
    };
    let config = match config.and_then(|config| body::with_name(config, name)) {
        Ok(config) => config,
        Err(refused) => return *refused,
    };
    match shared.supervisor.update(name, config).await {
        Ok((view, true)) => created(&location(&shared, name), &fresh(&view)),
        Ok((view, false)) => ok(&state::info(&view)),
        Err(e) => change_error(&e),
    }
}

/// Merges; null removes a key.
async fn patch_config(State(shared): Worker, Path(name): Path<String>, headers: HeaderMap, bytes: Bytes) -> Response {
    let name = name.trim();
    let patch = match body::object(&headers, &bytes) {
        Ok(patch) => patch,
        Err(refused) => return *refused,
    };
    let Some(view) = shared.supervisor.view(name) else { return not_found(name) };
    let mut merged = crate::supervisor::object(&view.config);
    for (key, value) in patch {
        match value {
            Value::Null => merged.remove(&key),
            value => merged.insert(key, value),
        };
    }
    let config = match flat(&merged) {
        Ok(config) => config,
        Err(problem) => return error(StatusCode::BAD_REQUEST, problem.message),
    };
    match shared.supervisor.update(name, config).await {
        Ok((view, _)) => ok(&state::info(&view)),
        Err(e) => change_error(&e),
    }
}

async fn status(State(shared): Worker, Path(name): Path<String>) -> Response {
    match shared.supervisor.view(name.trim()) {
        Some(view) => ok(&state::status(&view, &shared.worker_id)),
        None => error(StatusCode::NOT_FOUND, format!("No status found for connector {name}")),
    }
}

async fn tasks(State(shared): Worker, Path(name): Path<String>) -> Response {
    shared.supervisor.view(name.trim()).map_or_else(|| not_found(&name), |view| ok(&state::tasks(&view)))
}

async fn task_status(State(shared): Worker, Path((name, task)): Path<(String, String)>) -> Response {
    if task.parse::<u32>().is_err() {
        return error(StatusCode::NOT_FOUND, "HTTP 404 Not Found");
    }
    let view = shared.supervisor.view(name.trim()).filter(|_| task == "0");
    match view.and_then(|view| state::task(&view, &shared.worker_id)) {
        Some(status) => ok(&status),
        None => error(StatusCode::NOT_FOUND, format!("No status found for task {name}-{task}")),
    }
}

async fn restart_task(State(shared): Worker, Path((name, task)): Path<(String, String)>) -> Response {
    if task.parse::<u32>().is_err() {
        return error(StatusCode::NOT_FOUND, "HTTP 404 Not Found");
    }
    let Some(view) = shared.supervisor.view(name.trim()) else { return unknown(&name) };
    if view.task.is_none() || task != "0" {
        return error(StatusCode::NOT_FOUND, format!("Unknown task: {name}-{task}"));
    }
    match shared.supervisor.restart(name.trim(), false).await {
        Ok(()) => empty(StatusCode::NO_CONTENT),
        Err(e) => change_error(&e),
    }
}

/// With a parameter that says so, tasks too: the answer then tells what is about to happen.
async fn restart(State(shared): Worker, Path(name): Path<String>, RawQuery(query): RawQuery) -> Response {
    let name = name.trim();
    let flag = |wanted: &str| {
        parameters(query.as_deref()).any(|(key, value)| key == wanted && value.eq_ignore_ascii_case("true"))
    };
    let (include_tasks, only_failed) = (flag("includeTasks"), flag("onlyFailed"));
    let Some(view) = shared.supervisor.view(name) else {
        return unknown(name);
    };
    let before = state::restarting(&view, &shared.worker_id, only_failed);
    match shared.supervisor.restart(name, only_failed).await {
        Ok(()) if include_tasks || only_failed => answer(StatusCode::ACCEPTED, &before),
        Ok(()) => empty(StatusCode::NO_CONTENT),
        Err(e) => change_error(&e),
    }
}

async fn target(shared: &Shared, name: &str, target: Target, success: StatusCode) -> Response {
    match shared.supervisor.set_target(name.trim(), target).await {
        Ok(()) => empty(success),
        Err(ChangeError::Unknown(_)) => error(StatusCode::NOT_FOUND, format!("Unknown connector {name}")),
        Err(e) => change_error(&e),
    }
}

async fn pause(State(shared): Worker, Path(name): Path<String>) -> Response {
    target(&shared, &name, Target::Paused, StatusCode::ACCEPTED).await
}

async fn resume(State(shared): Worker, Path(name): Path<String>) -> Response {
    target(&shared, &name, Target::Running, StatusCode::ACCEPTED).await
}

async fn stop(State(shared): Worker, Path(name): Path<String>) -> Response {
    target(&shared, &name, Target::Stopped, StatusCode::NO_CONTENT).await
}

async fn delete(State(shared): Worker, Path(name): Path<String>) -> Response {
    match shared.supervisor.delete(name.trim()).await {
        Ok(()) => empty(StatusCode::NO_CONTENT),
        Err(e) => change_error(&e),
    }
}

/// What exists here, under the names that connector files use.
async fn plugins(uri: Uri) -> Response {
    let connectors_only = !parameters(uri.query()).any(|(key, value)| key == "connectorsOnly" && value == "false");
    let plugin = |class: &str, kind: &str, version: &str| json!({ "class": class, "type": kind, "version": version });
    let mut all = vec![plugin("io.debezium.connector.postgresql.PostgresConnector", "source", state::VERSION)];
    if !connectors_only {
        all.extend([
            plugin("org.apache.kafka.connect.json.JsonConverter", "converter", "4.3.1"),
            plugin("org.apache.kafka.connect.storage.SimpleHeaderConverter", "header_converter", "4.3.1"),
            plugin("io.debezium.transforms.ExtractNewRecordState", "transformation", state::VERSION),
        ]);
    }
    ok(&json!(all))
}

/// Parameters of a query; those used here hold nothing that needs decoding.
fn parameters(query: Option<&str>) -> impl Iterator<Item = (String, String)> {
    let pairs = query.unwrap_or("").split('&').filter(|pair| !pair.is_empty());
    let owned: Vec<_> = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, ""))).collect();
    owned.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect::<Vec<_>>().into_iter()
}
