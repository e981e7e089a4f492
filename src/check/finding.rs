//! One sentence about one thing, and what mends it.

use std::fmt::Write as _;

use serde_json::{Value, json};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    Ok,
    /// Worth knowing, and right as it is for many.
    Note,
    /// Works, but not as one may expect.
    Warn,
    /// The connector will not start, or will miss changes.
    Error,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    pub severity: Severity,
    /// What it is about: `settings`, `connection`, `server`, `tables`, `replication`, `slot`, `publication`, `kafka`, `topics`.
    pub area: &'static str,
    /// One sentence.
    pub title: String,
    /// The exact SQL or setting that mends it.
    pub remedy: Option<String>,
}

impl Finding {
    pub(super) fn ok(title: impl Into<String>) -> Self {
        Self { severity: Severity::Ok, area: "", title: title.into(), remedy: None }
    }

    pub(super) fn note(title: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { severity: Severity::Note, remedy: Some(remedy.into()), ..Self::ok(title) }
    }

    pub(super) fn warn(title: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { severity: Severity::Warn, remedy: Some(remedy.into()), ..Self::ok(title) }
    }

    pub(super) fn error(title: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { severity: Severity::Error, remedy: Some(remedy.into()), ..Self::ok(title) }
    }

    pub(super) fn about(self, area: &'static str) -> Self {
        Self { area, ..self }
    }
}

/// A setting that nothing can be examined with; `key` is empty when none in particular is to blame.
pub fn misconfigured(key: &str, message: &str) -> Finding {
    let remedy = match key {
        "" => "mend the file".to_owned(),
        key => format!("mend {key} in the connector file or the worker file"),
    };
    Finding::error(message, remedy).about("settings")
}

/// 1 when there is an error. Warnings stop no connector: 0, or 3 when the caller is `strict`.
pub fn exit_code(findings: &[Finding], strict: bool) -> u8 {
    match findings.iter().map(|finding| finding.severity).max() {
        Some(Severity::Error) => 1,
        Some(Severity::Warn) if strict => 3,
        _ => 0,
    }
}

/// For programs: `{"ready", "errors", "warnings", "findings": [{"severity", "area", "title", "remedy"}]}`, where `severity`
/// is `ok`, `note`, `warning` or `error`, and `remedy` is null where there is none.
pub fn render_json(findings: &[Finding]) -> String {
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let entry = |finding: &Finding| {
        let severity = match finding.severity {
            Severity::Ok => "ok",
            Severity::Note => "note",
            Severity::Warn => "warning",
            Severity::Error => "error",
        };
        json!({ "severity": severity, "area": finding.area, "title": finding.title, "remedy": finding.remedy })
    };
    let document = json!({
        "ready": count(Severity::Error) == 0,
        "errors": count(Severity::Error),
        "warnings": count(Severity::Warn),
        "findings": findings.iter().map(entry).collect::<Vec<Value>>(),
    });
    format!("{document:#}")
}

/// For a terminal: one line per finding, remedies indented below, a line that sums up.
pub fn render(findings: &[Finding]) -> String {
    let mut out = String::new();
    for finding in findings {
        let label = match finding.severity {
            Severity::Ok => "ok   ",
            Severity::Note => "note ",
            Severity::Warn => "warn ",
            Severity::Error => "ERROR",
        };
        // Writing into a String cannot fail.
        let _ = writeln!(out, "{label}  {}", finding.title);
        for line in finding.remedy.iter().flat_map(|remedy| remedy.lines()) {
            let _ = writeln!(out, "         {line}");
        }
    }
    let count = |severity| findings.iter().filter(|finding| finding.severity == severity).count();
    let _ = match (count(Severity::Error), count(Severity::Warn)) {
        (0, 0) => writeln!(out, "\nready: nothing stands in the way"),
        (0, warnings) => writeln!(out, "\nready, with {}", counted(warnings, "warning")),
        (errors, warnings) => {
            writeln!(out, "\nnot ready: {}, {}", counted(errors, "error"), counted(warnings, "warning"))
        }
    };
    out
}

fn counted(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_finding_decides_the_exit_code() {
        let note = Finding::note("a", "b");
        let fine = [Finding::ok("a"), note.clone(), Finding::warn("b", "c")];
        assert_eq!((exit_code(&fine, false), exit_code(&fine, true)), (0, 3));
        let broken = [fine[2].clone(), Finding::error("d", "e"), note.clone()];
        assert_eq!((exit_code(&broken, false), exit_code(&broken, true)), (1, 1));
        assert_eq!((exit_code(&[note], true), exit_code(&[], true)), (0, 0));
    }

    #[test]
    fn programs_get_severity_area_and_remedy() {
        let text = render_json(&[Finding::ok("in").about("connection"), Finding::error("a", "b").about("slot")]);
        let expected = json!({
            "ready": false, "errors": 1, "warnings": 0,
            "findings": [
                { "severity": "ok", "area": "connection", "title": "in", "remedy": null },
                { "severity": "error", "area": "slot", "title": "a", "remedy": "b" },
            ],
        });
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), expected);
    }

    #[test]
    fn a_remedy_stands_below_its_finding() {
        let text = render(&[Finding::ok("logged in"), Finding::error("wal_level is replica", "ALTER ...;\nrestart")]);
        assert_eq!(
            text,
            "ok     logged in\nERROR  wal_level is replica\n         ALTER ...;\n         restart\n\nnot ready: 1 error, 0 warnings\n"
        );
    }
}
