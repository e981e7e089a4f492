//! A connector in Connect's words.

use serde_json::{Map, Value, json};

use super::honest;
use crate::connector::Activity;
use crate::supervisor::{Target, View, object};

/// The version of Debezium whose place we take; scripts look at it.
pub(super) const VERSION: &str = "3.6.1.Final";
pub(super) const TASK_CLASS: &str = "io.debezium.connector.postgresql.PostgresConnectorTask";

pub(super) fn info(view: &View) -> Value {
    let tasks = match view.task {
        Some(_) => json!([{ "connector": view.name, "task": 0 }]),
        None => json!([]),
    };
    json!({ "name": view.name, "config": object(&view.config), "tasks": tasks, "type": "source" })
}

pub(super) fn tasks(view: &View) -> Value {
    if view.task.is_none() {
        return json!([]);
    }
    let mut config: Map<String, Value> = object(&view.config);
    config.insert("task.class".to_owned(), json!(TASK_CLASS));
    json!([{ "id": { "connector": view.name, "task": 0 }, "config": config }])
}

pub(super) fn status(view: &View, worker_id: &str) -> Value {
    let connector = json!({ "state": view.target.name(), "worker_id": worker_id, "version": VERSION });
    let tasks: Vec<Value> = task(view, worker_id).into_iter().collect();
    json!({ "name": view.name, "connector": connector, "tasks": tasks, "type": "source" })
}

/// Connect's answer to a restart with parameters: what is about to happen.
pub(super) fn restarting(view: &View, worker_id: &str, only_failed: bool) -> Value {
    let state = if only_failed { view.target.name() } else { "RESTARTING" };
    let failed = view.task.as_ref().is_some_and(|status| matches!(status.activity, Activity::Failed { .. }));
    let mut answer = status(view, worker_id);
    answer["connector"]["state"] = json!(state);
    if let Some(task) = answer["tasks"].get_mut(0)
        && (failed || !only_failed)
    {
        task["state"] = json!("RESTARTING");
    }
    answer
}

/// The task, if there is one.
pub(super) fn task(view: &View, worker_id: &str) -> Option<Value> {
    let status = view.task.as_ref()?;
    let (state, trace) = match &status.activity {
        activity @ Activity::Failed { .. } => honest::state(activity),
        _ if view.target == Target::Paused => ("PAUSED", None),
        activity => honest::state(activity),
    };
    let mut task = json!({ "id": 0, "state": state, "worker_id": worker_id, "version": VERSION });
    if let Some(trace) = trace {
        task["trace"] = json!(trace);
    }
    Some(task)
}
