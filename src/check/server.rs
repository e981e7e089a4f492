//! The server itself: version, settings, and room for one more slot and sender.

use super::Finding;
use crate::catalog::{Server, Slot, quote_literal};

/// `server_version_num` of the oldest server we know.
pub(super) const OLDEST: u32 = 130_000;
/// Standbys decode since then.
const STANDBY_DECODES: u32 = 160_000;

pub(super) fn suitable(server: &Server) -> Vec<Finding> {
    let version = format!("Postgres {}.{}", server.version / 10_000, server.version % 10_000);
    if server.version < OLDEST {
        return vec![Finding::error(format!("{version} is too old"), "upgrade the server to Postgres 13 or newer")];
    }
    let mut findings = vec![Finding::ok(format!("the server is {version}"))];
    findings.push(match server.wal_level.as_str() {
        "logical" => Finding::ok("wal_level is logical"),
        level => Finding::error(
            format!("wal_level is {level}, which does not log what a stream of changes needs"),
            "ALTER SYSTEM SET wal_level = 'logical'; then restart the server (Amazon RDS: rds.logical_replication = 1)",
        ),
    });
    if server.in_recovery && server.version < STANDBY_DECODES {
        findings.push(Finding::error(
            format!("the server is a standby, and standbys of {version} cannot decode changes"),
            "set database.hostname to the primary, or upgrade to Postgres 16",
        ));
    } else if server.in_recovery {
        findings.push(Finding::warn(
            "the server is a standby: its publication must be created on the primary, and creating a slot waits for the primary",
            "on the primary: CREATE PUBLICATION ...; and, while the slot is being created, SELECT pg_log_standby_snapshot();",
        ));
    }
    findings
}

/// `slot`: ours, if it exists already; it then takes no further room.
pub(super) fn room(server: &Server, slot: Option<&Slot>, idle_slots: &[String]) -> Vec<Finding> {
    let mut findings = Vec::new();
    if slot.is_none() && server.used_slots >= server.max_slots {
        let raise =
            format!("ALTER SYSTEM SET max_replication_slots = {}; then restart the server", doubled(server.max_slots));
        let drop = match idle_slots {
            [] => String::new(),
            idle => {
                let calls: Vec<String> = idle
                    .iter()
                    .map(|name| format!("SELECT pg_drop_replication_slot({});", quote_literal(name)))
                    .collect();
                format!("\nor drop one that is no longer needed: {}", calls.join(" "))
            }
        };
        findings.push(Finding::error(
            format!("all {} replication slots are taken (max_replication_slots)", server.max_slots),
            raise + &drop,
        ));
    }
    let streaming = slot.is_some_and(|slot| slot.active_pid.is_some());
    if !streaming && server.used_wal_senders >= server.max_wal_senders {
        findings.push(Finding::error(
            format!("all {} WAL senders are busy (max_wal_senders)", server.max_wal_senders),
            format!("ALTER SYSTEM SET max_wal_senders = {}; then restart the server", doubled(server.max_wal_senders)),
        ));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(format!(
            "{} of {} replication slots and {} of {} WAL senders are in use",
            server.used_slots, server.max_slots, server.used_wal_senders, server.max_wal_senders
        )));
    }
    findings
}

/// Room enough for long, whatever it was; ten is the servers' own default.
fn doubled(limit: u32) -> u32 {
    limit.saturating_mul(2).max(10)
}

#[cfg(test)]
mod tests {
    use super::super::Severity;
    use super::*;

    fn server() -> Server {
        Server {
            version: 150_018,
            wal_level: "logical".to_owned(),
            in_recovery: false,
            max_slots: 10,
            used_slots: 0,
            max_wal_senders: 10,
            used_wal_senders: 0,
            clock_micros: 0,
            encoding: "UTF8".to_owned(),
        }
    }

    fn worst(findings: &[Finding]) -> Severity {
        findings.iter().map(|finding| finding.severity).max().unwrap()
    }

    #[test]
    fn a_server_too_old_is_refused() {
        assert_eq!(worst(&suitable(&server())), Severity::Ok);
        assert_eq!(worst(&suitable(&Server { version: 120_022, ..server() })), Severity::Error);
    }

    #[test]
    fn a_standby_decodes_since_sixteen() {
        let standby = Server { in_recovery: true, ..server() };
        assert_eq!(worst(&suitable(&standby)), Severity::Error);
        assert_eq!(worst(&suitable(&Server { version: 160_004, ..standby })), Severity::Warn);
    }

    #[test]
    fn a_full_house_names_the_slots_that_could_go() {
        let full = Server { used_slots: 10, ..server() };
        let findings = room(&full, None, &["it's old".to_owned()]);
        let remedy = findings[0].remedy.as_deref().unwrap();
        assert!(remedy.starts_with("ALTER SYSTEM SET max_replication_slots = 20;"), "{remedy}");
        assert!(remedy.contains("SELECT pg_drop_replication_slot('it''s old');"), "{remedy}");
    }
}
