//! A connector in Connect's words.

use serde_json::{Value, json};

use super::access::Role;
use super::{Shared, honest, mask};
use crate::connector::Activity;
use crate::supervisor::{ChangeError, Target, View};

/// The version of Debezium whose place we take; scripts look at it.
pub(super) const VERSION: &str = "3.6.1.Final";
pub(super) const TASK_CLASS: &str = "io.debezium.connector.postgresql.PostgresConnectorTask";

impl Shared {
    /// Spaces around a name are nobody's.
    pub(super) fn view(&self, name: &str) -> Result<View, ChangeError> {
        self.supervisor.view(name.trim()).ok_or_else(|| ChangeError::Unknown(name.to_owned()))
    }

    pub(super) fn info(&self, view: &View, role: Role) -> Value {
        let tasks = match view.task {
            Some(_) => json!([{ "connector": view.name, "task": 0 }]),
            None => json!([]),
        };
        json!({ "name": view.name, "config": self.config(view, role), "tasks": tasks, "type": "source" })
    }

    /// Right after a change, when Connect has made no task yet.
    pub(super) fn fresh(&self, view: &View) -> Value {
        self.info(&View { task: None, ..view.clone() }, Role::Admin)
    }

    /// Secrets are for those who may change them.
    pub(super) fn config(&self, view: &View, role: Role) -> Value {
        Value::Object(mask::shown(&view.config, self.mask_secrets || role == Role::ReadOnly))
    }

    pub(super) fn tasks(&self, view: &View, role: Role) -> Value {
        if view.task.is_none() {
            return json!([]);
        }
        let mut config = self.config(view, role);
        config["task.class"] = json!(TASK_CLASS);
        json!([{ "id": { "connector": view.name, "task": 0 }, "config": config }])
    }

    pub(super) fn status(&self, view: &View) -> Value {
        let connector = json!({ "state": view.target.name(), "worker_id": self.worker_id, "version": VERSION });
        let tasks: Vec<Value> = self.task(view).into_iter().collect();
        json!({ "name": view.name, "connector": connector, "tasks": tasks, "type": "source" })
    }

    /// Connect's answer to a restart with parameters: what is about to happen.
    pub(super) fn restarting(&self, view: &View, only_failed: bool) -> Value {
        let state = if only_failed { view.target.name() } else { "RESTARTING" };
        let failed = view.task.as_ref().is_some_and(|status| matches!(status.activity, Activity::Failed { .. }));
        let mut answer = self.status(view);
        answer["connector"]["state"] = json!(state);
        if let Some(task) = answer["tasks"].get_mut(0)
            && (failed || !only_failed)
        {
            task["state"] = json!("RESTARTING");
        }
        answer
    }

    /// The task, if there is one.
    pub(super) fn task(&self, view: &View) -> Option<Value> {
        let status = view.task.as_ref()?;
        let (state, trace) = match &status.activity {
            activity @ Activity::Failed { .. } => honest::state(activity),
            _ if view.target == Target::Paused => ("PAUSED", None),
            activity => honest::state(activity),
        };
        let mut task = json!({ "id": 0, "state": state, "worker_id": self.worker_id, "version": VERSION });
        if let Some(trace) = trace {
            task["trace"] = json!(trace);
        }
        Some(task)
    }
}
