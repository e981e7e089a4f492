//! How connectors are, and starting and stopping them.

use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;

use super::respond::{Answer, Refused, empty, error, json as answer, ok};
use super::{Shared, Worker, openapi, query};
use crate::supervisor::{ChangeError, Target};

#[utoipa::path(get, path = "/connectors/{name}/status", tag = "life", params(("name" = String, Path)),
    responses((status = 200, description = "State of the connector and of its task", body = openapi::Status),
        (status = 404, description = "Unknown", body = openapi::Failure)))]
pub(super) async fn status(State(shared): Worker, Path(name): Path<String>) -> Response {
    match shared.supervisor.view(name.trim()) {
        Some(view) => ok(&shared.status(&view)),
        None => error(StatusCode::NOT_FOUND, format!("No status found for connector {name}")),
    }
}

#[utoipa::path(get, path = "/connectors/{name}/tasks/{task}/status", tag = "life",
    params(("name" = String, Path), ("task" = u32, Path)),
    responses((status = 200, description = "State of the task", body = openapi::TaskState),
        (status = 404, description = "Unknown", body = openapi::Failure)))]
pub(super) async fn task_status(State(shared): Worker, Path((name, task)): Path<(String, String)>) -> Response {
    if task.parse::<u32>().is_err() {
        return error(StatusCode::NOT_FOUND, "HTTP 404 Not Found");
    }
    let view = shared.supervisor.view(name.trim()).filter(|_| task == "0");
    match view.and_then(|view| shared.task(&view)) {
        Some(status) => ok(&status),
        None => error(StatusCode::NOT_FOUND, format!("No status found for task {name}-{task}")),
    }
}

#[utoipa::path(post, path = "/connectors/{name}/tasks/{task}/restart", tag = "life",
    params(("name" = String, Path), ("task" = u32, Path)),
    responses((status = 204, description = "Restarted"), (status = 404, description = "Unknown", body = openapi::Failure)))]
pub(super) async fn restart_task(State(shared): Worker, Path((name, task)): Path<(String, String)>) -> Answer {
    if task.parse::<u32>().is_err() {
        return Err(error(StatusCode::NOT_FOUND, "HTTP 404 Not Found").into());
    }
    let view = shared.supervisor.view(name.trim()).ok_or_else(|| unknown(&name))?;
    if view.task.is_none() || task != "0" {
        return Err(error(StatusCode::NOT_FOUND, format!("Unknown task: {name}-{task}")).into());
    }
    shared.supervisor.restart(name.trim(), false).await?;
    Ok(empty(StatusCode::NO_CONTENT))
}

/// With a parameter that says so, tasks too: the answer then tells what is about to happen.
#[utoipa::path(post, path = "/connectors/{name}/restart", tag = "life",
    params(("name" = String, Path), ("includeTasks" = Option<bool>, Query), ("onlyFailed" = Option<bool>, Query)),
    responses((status = 204, description = "Restarted"),
        (status = 202, description = "With one of the parameters: what is restarted", body = openapi::Status),
        (status = 404, description = "Unknown", body = openapi::Failure)))]
pub(super) async fn restart(State(shared): Worker, Path(name): Path<String>, RawQuery(raw): RawQuery) -> Answer {
    let name = name.trim();
    let flag = |wanted: &str| query::all(raw.as_deref(), wanted).any(|value| value.eq_ignore_ascii_case("true"));
    let (include_tasks, only_failed) = (flag("includeTasks"), flag("onlyFailed"));
    let view = shared.supervisor.view(name).ok_or_else(|| unknown(name))?;
    let before = shared.restarting(&view, only_failed);
    shared.supervisor.restart(name, only_failed).await?;
    let told = include_tasks || only_failed;
    Ok(if told { answer(StatusCode::ACCEPTED, &before) } else { empty(StatusCode::NO_CONTENT) })
}

#[utoipa::path(put, path = "/connectors/{name}/pause", tag = "life", params(("name" = String, Path)),
    responses((status = 202, description = "Reads no more, keeps its slot and its connections"),
        (status = 404, description = "Unknown", body = openapi::Failure)))]
pub(super) async fn pause(State(shared): Worker, Path(name): Path<String>) -> Answer {
    target(&shared, &name, Target::Paused, StatusCode::ACCEPTED).await
}

#[utoipa::path(put, path = "/connectors/{name}/resume", tag = "life", params(("name" = String, Path)),
    responses((status = 202, description = "Runs"), (status = 404, description = "Unknown", body = openapi::Failure)))]
pub(super) async fn resume(State(shared): Worker, Path(name): Path<String>) -> Answer {
    target(&shared, &name, Target::Running, StatusCode::ACCEPTED).await
}

#[utoipa::path(put, path = "/connectors/{name}/stop", tag = "life", params(("name" = String, Path)),
    responses((status = 204, description = "Drained and ended; its position may be changed now"),
        (status = 404, description = "Unknown", body = openapi::Failure)))]
pub(super) async fn stop(State(shared): Worker, Path(name): Path<String>) -> Answer {
    target(&shared, &name, Target::Stopped, StatusCode::NO_CONTENT).await
}

async fn target(shared: &Shared, name: &str, target: Target, success: StatusCode) -> Answer {
    match shared.supervisor.set_target(name.trim(), target).await {
        Ok(()) => Ok(empty(success)),
        Err(ChangeError::Unknown(_)) => Err(error(StatusCode::NOT_FOUND, format!("Unknown connector {name}")).into()),
        Err(e) => Err(e.into()),
    }
}

/// The text of calls that restart.
fn unknown(name: &str) -> Refused {
    error(StatusCode::NOT_FOUND, format!("Unknown connector: {name}")).into()
}
