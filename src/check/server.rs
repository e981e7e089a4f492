//! The server itself: version, settings, and room for one more slot and sender.

use std::time::Duration;

use super::Finding;
use super::provider::Provider;
use crate::catalog::{Server, Slot, quote_literal};

/// `server_version_num` of the oldest server we know.
pub(super) const OLDEST: u32 = 130_000;
/// Standbys decode since then.
const STANDBY_DECODES: u32 = 160_000;
/// What nobody notices in a time of day.
const CLOCKS_MAY_DIFFER: Duration = Duration::from_secs(1);

pub(super) fn suitable(server: &Server, provider: Provider) -> Vec<Finding> {
    let version = format!("Postgres {}.{}", server.version / 10_000, server.version % 10_000);
    if server.version < OLDEST {
        return vec![Finding::error(format!("{version} is too old"), "upgrade the server to Postgres 13 or newer")];
    }
    let runs_it = provider.name().map(|name| format!(", run by {name}")).unwrap_or_default();
    let mut findings = vec![Finding::ok(format!("the server is {version}{runs_it}"))];
    findings.push(match server.wal_level.as_str() {
        "logical" => Finding::ok("wal_level is logical"),
        level => Finding::error(
            format!("wal_level is {level}, which does not log what a stream of changes needs"),
            provider.logical_wal(),
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
pub(super) fn room(server: &Server, slot: Option<&Slot>, idle_slots: &[String], provider: Provider) -> Vec<Finding> {
    let mut findings = Vec::new();
    if slot.is_none() && server.used_slots >= server.max_slots {
        let raise = provider.set("max_replication_slots", &doubled(server.max_slots), true);
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
            provider.set("max_wal_senders", &doubled(server.max_wal_senders), true),
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
fn doubled(limit: u32) -> String {
    limit.saturating_mul(2).max(10).to_string()
}

/// `behind_us`: microseconds from the server's clock to ours; `asking`: how long the answer took to come.
pub(super) fn clocks(behind_us: i64, asking: Duration) -> Option<Finding> {
    let apart = Duration::from_micros(behind_us.unsigned_abs()).saturating_sub(asking);
    let direction = if behind_us > 0 { "behind" } else { "ahead of" };
    (apart > CLOCKS_MAY_DIFFER).then(|| {
        Finding::warn(
            format!(
                "the server's clock is {:.1} s {direction} ours: ts_ms in records, and lag, will be wrong by that much",
                apart.as_secs_f64()
            ),
            "let both machines follow the same time (chronyc tracking, timedatectl)",
        )
    })
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
            backend: 1,
        }
    }

    fn worst(findings: &[Finding]) -> Severity {
        findings.iter().map(|finding| finding.severity).max().unwrap()
    }

    #[test]
    fn a_server_too_old_is_refused() {
        assert_eq!(worst(&suitable(&server(), Provider::Plain)), Severity::Ok);
        assert_eq!(worst(&suitable(&Server { version: 120_022, ..server() }, Provider::Plain)), Severity::Error);
    }

    #[test]
    fn a_standby_decodes_since_sixteen() {
        let standby = Server { in_recovery: true, ..server() };
        assert_eq!(worst(&suitable(&standby, Provider::Plain)), Severity::Error);
        assert_eq!(worst(&suitable(&Server { version: 160_004, ..standby }, Provider::Plain)), Severity::Warn);
    }

    #[test]
    fn a_full_house_names_the_slots_that_could_go() {
        let full = Server { used_slots: 10, ..server() };
        let findings = room(&full, None, &["it's old".to_owned()], Provider::Plain);
        let remedy = findings[0].remedy.as_deref().unwrap();
        assert!(remedy.starts_with("ALTER SYSTEM SET max_replication_slots = 20;"), "{remedy}");
        assert!(remedy.contains("SELECT pg_drop_replication_slot('it''s old');"), "{remedy}");
    }

    #[test]
    fn clocks_that_are_apart_are_told_unless_the_answer_was_slow() {
        let quick = Duration::from_millis(10);
        assert_eq!(clocks(900_000, quick), None);
        assert_eq!(clocks(-3_000_000, Duration::from_secs(3)), None);
        assert!(clocks(5_000_000, quick).unwrap().title.contains("5.0 s behind ours"));
        assert!(clocks(-5_000_000, quick).unwrap().title.contains("5.0 s ahead of ours"));
    }

    #[test]
    fn a_managed_server_is_named_and_mended_its_own_way() {
        let found = suitable(&Server { wal_level: "replica".to_owned(), ..server() }, Provider::Aurora);
        assert!(found[0].title.ends_with("run by Amazon Aurora"));
        assert!(found[1].remedy.as_deref().unwrap().contains("rds.logical_replication"));
    }
}
