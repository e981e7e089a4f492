//! The states of a task that Connect knows, told honestly: RUNNING only while data moves or there is nothing to move.

use crate::connector::Activity;

/// How a trace of Connect's begins; scripts and consoles look for it.
const EXCEPTION: &str = "org.apache.kafka.connect.errors.ConnectException: ";

/// The state, and the trace that says why when something hinders it.
pub(super) fn state(activity: &Activity) -> (&'static str, Option<String>) {
    let state = match activity {
        activity if activity.is_running() => return ("RUNNING", None),
        Activity::Failed { .. } => "FAILED",
        // An attempt has failed, and the next one is on its way.
        Activity::Retrying { .. } => "RESTARTING",
        // Connect's word for a task that nobody works on just now.
        _ => "UNASSIGNED",
    };
    let failed = if state == "FAILED" { EXCEPTION } else { "" };
    let trace = match activity.remedy() {
        "" => format!("{failed}{}", activity.doing()),
        remedy => format!("{failed}{}\n\tremedy: {remedy}", activity.doing()),
    };
    (state, Some(trace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_move_is_not_running_and_says_why() {
        let (why, remedy) = ("Kafka acknowledges nothing".to_owned(), "look".to_owned());
        let waiting = Activity::Waiting { why: why.clone(), remedy };
        assert_eq!(state(&waiting), ("UNASSIGNED", Some("Kafka acknowledges nothing\n\tremedy: look".to_owned())));
        let failed = Activity::Failed { why: "no slot".to_owned(), remedy: "create one".to_owned() };
        let trace = "org.apache.kafka.connect.errors.ConnectException: no slot\n\tremedy: create one";
        assert_eq!(state(&failed), ("FAILED", Some(trace.to_owned())));
        let retrying = Activity::Retrying { why, remedy: String::new(), attempt: 3 };
        assert_eq!(state(&retrying).0, "RESTARTING");
        let starting = Activity::Starting { step: "connecting" };
        assert_eq!(state(&starting), ("UNASSIGNED", Some("connecting".to_owned())));
        let snapshot = Activity::Snapshotting { table: "t".to_owned(), rows: 1, percent: Some(43) };
        assert_eq!((state(&snapshot), state(&Activity::Streaming)), (("RUNNING", None), ("RUNNING", None)));
    }
}
