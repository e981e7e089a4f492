//! One sentence about one thing, and what mends it.

use std::fmt::Write as _;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    Ok,
    /// Works, but not as one may expect.
    Warn,
    /// The connector will not start, or will miss changes.
    Error,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    pub severity: Severity,
    /// One sentence.
    pub title: String,
    /// The exact SQL or setting that mends it.
    pub remedy: Option<String>,
}

impl Finding {
    pub(super) fn ok(title: impl Into<String>) -> Self {
        Self { severity: Severity::Ok, title: title.into(), remedy: None }
    }

    pub(super) fn warn(title: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { severity: Severity::Warn, title: title.into(), remedy: Some(remedy.into()) }
    }

    pub(super) fn error(title: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { severity: Severity::Error, title: title.into(), remedy: Some(remedy.into()) }
    }
}

/// 0 unless there is an error; warnings do not stop anyone.
pub fn exit_code(findings: &[Finding]) -> u8 {
    u8::from(findings.iter().any(|finding| finding.severity == Severity::Error))
}

/// For a terminal: one line per finding, remedies indented below, a line that sums up.
pub fn render(findings: &[Finding]) -> String {
    let mut out = String::new();
    for finding in findings {
        let label = match finding.severity {
            Severity::Ok => "ok   ",
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
    fn only_errors_change_the_exit_code() {
        let fine = [Finding::ok("a"), Finding::warn("b", "c")];
        assert_eq!(exit_code(&fine), 0);
        assert_eq!(exit_code(&[fine[0].clone(), Finding::error("d", "e")]), 1);
        assert_eq!(exit_code(&[]), 0);
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
