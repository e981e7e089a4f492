//! What was told of each connector, for people and for programs.

use std::fmt;

use serde_json::{Value, json};

/// A connector.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    pub(super) name: String,
    /// One word, in lower case.
    pub(super) state: String,
    pub(super) condition: Condition,
    /// What is being done, or what hinders it.
    pub(super) doing: String,
    pub(super) remedy: Option<String>,
    /// Something goes wrong, and the connector still runs.
    pub(super) trouble: Option<String>,
    /// How far behind, in words.
    pub(super) lag: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Condition {
    /// It does what it was told to: streams, or is paused or stopped because somebody wanted that.
    Fine,
    /// It waits, or tries again.
    Hindered,
    Failed,
}

impl Entry {
    /// From `/v1/connectors`.
    pub(super) fn of_walcast(told: &Value) -> Self {
        let state = text(told, "activity").unwrap_or_default();
        let wanted = text(told, "target").unwrap_or_default();
        let runs = told.get("running").and_then(Value::as_bool).unwrap_or(false);
        let condition = match state.as_str() {
            "failed" => Condition::Failed,
            _ if runs || wanted != "RUNNING" => Condition::Fine,
            _ => Condition::Hindered,
        };
        Self {
            name: text(told, "name").unwrap_or_default(),
            condition,
            doing: text(told, "doing").unwrap_or_else(|| state.clone()),
            remedy: text(told, "remedy"),
            trouble: text(told, "trouble"),
            lag: None,
            state,
        }
    }

    /// From `status` of `/connectors?expand=status`: the connector's state, and its only task's.
    pub(super) fn of_connect(name: &str, status: &Value) -> Self {
        let state_of = |of: Option<&Value>| of.and_then(|of| text(of, "state")).unwrap_or_default().to_lowercase();
        let (connector, task) = (state_of(status.get("connector")), status.pointer("/tasks/0"));
        let state = match task {
            Some(_) if connector == "running" => state_of(task),
            _ => connector,
        };
        let condition = match state.as_str() {
            "failed" => Condition::Failed,
            "running" if task.is_some() => Condition::Fine,
            "paused" | "stopped" => Condition::Fine,
            _ => Condition::Hindered,
        };
        let trace = task.and_then(|task| text(task, "trace")).or_else(|| text(status.get("connector")?, "trace"));
        let (doing, remedy) =
            match trace.as_deref().map(|trace| trace.split_once("\n\tremedy: ").unwrap_or((trace, ""))) {
                // The first line of Java's stack is what happened.
                Some((why, remedy)) => (why.lines().next().unwrap_or("").to_owned(), remedy.to_owned()),
                None => (state.clone(), String::new()),
            };
        let remedy = Some(remedy).filter(|remedy| !remedy.is_empty());
        Self { name: name.to_owned(), state, condition, doing, remedy, trouble: None, lag: None }
    }
}

fn text(of: &Value, key: &str) -> Option<String> {
    of.get(key).and_then(Value::as_str).map(str::to_owned)
}

/// From `/v1/connectors/NAME/lag`.
pub(super) fn lag(told: &Value) -> Option<String> {
    let bytes = told.get("bytes").and_then(Value::as_u64).map(size);
    let seconds = told.get("seconds").and_then(Value::as_f64).map(|seconds| format!("{seconds:.1} s"));
    match (seconds, bytes) {
        (None, None) => None,
        (seconds, bytes) => Some([seconds, bytes].into_iter().flatten().collect::<Vec<_>>().join(", ")),
    }
}

fn size(bytes: u64) -> String {
    const UNITS: [(u64, &str); 3] = [(1 << 30, "GB"), (1 << 20, "MB"), (1 << 10, "kB")];
    match UNITS.iter().find(|(unit, _)| bytes >= *unit) {
        // Tenths of a unit, which is all that a person reads.
        Some((unit, name)) => format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes} B"),
    }
}

/// How the connectors of a worker are.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Report {
    pub(super) url: String,
    pub(super) entries: Vec<Entry>,
}

/// 0 when each does what it was told to, 1 when one has failed, 3 when one waits or tries again.
pub fn exit_code(report: &Report) -> u8 {
    match report.worst() {
        Condition::Fine => 0,
        Condition::Failed => 1,
        Condition::Hindered => 3,
    }
}

impl Report {
    fn worst(&self) -> Condition {
        self.entries.iter().map(|entry| entry.condition).max().unwrap_or(Condition::Fine)
    }

    /// `{"url", "healthy", "connectors": [{"name", "state", "fine", "doing", "remedy", "trouble", "lag"}]}`
    pub fn to_json(&self) -> String {
        let entry = |entry: &Entry| {
            json!({
                "name": entry.name, "state": entry.state, "fine": entry.condition == Condition::Fine, "doing": entry.doing,
                "remedy": entry.remedy, "trouble": entry.trouble, "lag": entry.lag,
            })
        };
        let connectors: Vec<Value> = self.entries.iter().map(entry).collect();
        format!(
            "{:#}",
            json!({ "url": self.url, "healthy": self.worst() == Condition::Fine, "connectors": connectors })
        )
    }
}

/// A table, what hinders below each line.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.entries.is_empty() {
            return writeln!(f, "no connectors at {}", self.url);
        }
        let longest = |of: fn(&Entry) -> &str, head: usize| {
            self.entries.iter().map(|entry| of(entry).chars().count()).max().unwrap_or(0).max(head)
        };
        let (name, state) = (longest(|e| &e.name, 9), longest(|e| &e.state, 5));
        let lag = longest(|e| e.lag.as_deref().unwrap_or(""), 3);
        writeln!(f, "{:name$}  {:state$}  {:lag$}  DOING", "CONNECTOR", "STATE", "LAG")?;
        for entry in &self.entries {
            let behind = entry.lag.as_deref().unwrap_or("-");
            writeln!(f, "{:name$}  {:state$}  {behind:lag$}  {}", entry.name, entry.state, entry.doing)?;
            for (label, more) in [("trouble", &entry.trouble), ("remedy", &entry.remedy)] {
                for line in more.iter().flat_map(|text| text.lines()) {
                    writeln!(f, "{:name$}  {label}: {}", "", line.trim())?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(entries: Vec<Entry>) -> Report {
        Report { url: "http://x:1".to_owned(), entries }
    }

    #[test]
    fn a_connector_is_hindered_only_if_it_should_run() {
        let told = |activity: &str, target: &str, running: bool| {
            Entry::of_walcast(&json!({ "name": "a", "activity": activity, "target": target, "running": running }))
                .condition
        };
        assert_eq!(told("streaming", "RUNNING", true), Condition::Fine);
        assert_eq!(told("waiting", "RUNNING", false), Condition::Hindered);
        assert_eq!(told("paused", "PAUSED", false), Condition::Fine);
        assert_eq!(told("failed", "RUNNING", false), Condition::Failed);
    }

    #[test]
    fn connects_own_words_are_understood() {
        let status = json!({
            "connector": { "state": "RUNNING" },
            "tasks": [{ "id": 0, "state": "FAILED", "trace": "it broke\n\tremedy: mend it" }],
        });
        let entry = Entry::of_connect("a", &status);
        assert_eq!(
            (entry.condition, entry.doing.as_str(), entry.remedy.as_deref()),
            (Condition::Failed, "it broke", Some("mend it"))
        );
        let unassigned = json!({ "connector": { "state": "RUNNING" }, "tasks": [] });
        assert_eq!(Entry::of_connect("a", &unassigned).condition, Condition::Hindered);
        let stopped = json!({ "connector": { "state": "STOPPED" }, "tasks": [] });
        assert_eq!(Entry::of_connect("a", &stopped).condition, Condition::Fine);
    }

    #[test]
    fn the_worst_decides_and_its_remedy_stands_below() {
        let fine = Entry {
            name: "shop".to_owned(),
            state: "streaming".to_owned(),
            condition: Condition::Fine,
            doing: "streaming".to_owned(),
            remedy: None,
            trouble: None,
            lag: lag(&json!({ "seconds": 0.25, "bytes": 1_572_864 })),
        };
        let waiting = Entry {
            state: "waiting".to_owned(),
            condition: Condition::Hindered,
            doing: "slot busy".to_owned(),
            remedy: Some("stop the other".to_owned()),
            lag: None,
            ..fine.clone()
        };
        let failed = Entry { condition: Condition::Failed, ..waiting.clone() };
        assert_eq!(exit_code(&report(Vec::new())), 0);
        assert_eq!(exit_code(&report(vec![fine.clone(), waiting.clone()])), 3);
        assert_eq!(exit_code(&report(vec![failed, waiting.clone()])), 1);
        assert_eq!(
            report(vec![fine, waiting]).to_string(),
            "CONNECTOR  STATE      LAG            DOING\n\
             shop       streaming  0.2 s, 1.5 MB  streaming\n\
             shop       waiting    -              slot busy\n           remedy: stop the other\n"
        );
    }
}
