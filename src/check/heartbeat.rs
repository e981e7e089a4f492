//! The statement that comes with heartbeats.

use super::Finding;
use crate::catalog::{CatalogError, Role, quote_ident};
use crate::connector::Config;

/// `foreseen`: why the server would refuse it.
pub(super) fn action(config: &Config, role: &Role, foreseen: Option<&CatalogError>) -> Vec<Finding> {
    let mut findings = Vec::new();
    if config.heartbeat_interval.is_none() {
        let title = "heartbeat.action.query is never run: there are no heartbeats";
        findings.push(Finding::note(title, "set heartbeat.interval.ms=10000"));
    }
    if let Some(why) = foreseen {
        let title = format!("heartbeat.action.query will fail: {why}");
        findings.push(match why.sqlstate() {
            Some(INSUFFICIENT_PRIVILEGE) => {
                Finding::warn(title, format!("GRANT what it needs TO {};", quote_ident(&role.name)))
            }
            // Ends the connector, as the reference does.
            Some(UNDEFINED_TABLE) => Finding::error(title, "create the table, or correct heartbeat.action.query"),
            _ => Finding::warn(title, "correct heartbeat.action.query"),
        });
    }
    findings
}

const INSUFFICIENT_PRIVILEGE: &str = "42501";
const UNDEFINED_TABLE: &str = "42P01";

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::super::{Severity, sample};
    use super::*;

    #[test]
    fn a_missing_table_is_worse_than_a_missing_right() {
        let config = Config { heartbeat_interval: Some(Duration::from_secs(1)), ..sample::config() };
        let told = |sqlstate: &str| {
            let error = CatalogError::Server { sqlstate: sqlstate.to_owned(), message: "no".to_owned() };
            action(&config, &sample::role(), Some(&error)).iter().map(|finding| finding.severity).collect::<Vec<_>>()
        };
        assert_eq!(told(UNDEFINED_TABLE), [Severity::Error]);
        assert_eq!(told(INSUFFICIENT_PRIVILEGE), [Severity::Warn]);
        assert_eq!(action(&config, &sample::role(), None), []);
        assert_eq!(action(&sample::config(), &sample::role(), None).len(), 1);
    }
}
