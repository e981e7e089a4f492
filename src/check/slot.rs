//! The replication slot: there, ours, free and alive.

use super::Finding;
use super::provider::Provider;
use crate::catalog::{Session, Slot, Surroundings, quote_literal};
use crate::connector::Config;

pub(super) fn usable(config: &Config, slot: Option<&Slot>, holder: Option<&Session>) -> Vec<Finding> {
    let name = &config.slot;
    let Some(slot) = slot else {
        return vec![Finding::ok(format!("replication slot {name} does not exist yet and will be created"))];
    };
    let drop = format!("SELECT pg_drop_replication_slot({});", quote_literal(name));
    let other_name = "set slot.name to a name of this connector's own";
    if slot.slot_type != "logical" {
        return vec![Finding::error(format!("slot {name} is a {} slot", slot.slot_type), other_name)];
    }
    if slot.plugin.as_deref() != Some("pgoutput") {
        let plugin = slot.plugin.as_deref().unwrap_or("no plugin");
        return vec![Finding::error(
            format!("slot {name} belongs to {plugin}, not to pgoutput"),
            format!("{other_name}, or, if nothing else reads it: {drop}"),
        )];
    }
    if slot.database.as_deref() != Some(&config.address.database) {
        let database = slot.database.as_deref().unwrap_or("none");
        return vec![Finding::error(
            format!("slot {name} belongs to database {database}, not to {}", config.address.database),
            other_name,
        )];
    }
    if slot.temporary {
        return vec![Finding::error(format!("slot {name} is temporary and belongs to another session"), other_name)];
    }
    if let Some(reason) = &slot.invalidation {
        return vec![Finding::error(
            format!("slot {name} is lost ({reason}): changes since {} are gone", position(slot)),
            format!(
                "{drop} then set snapshot.mode=when_needed, so that the tables are read again\n\
                 to keep WAL for longer outages: ALTER SYSTEM SET max_slot_wal_keep_size = '...'; SELECT pg_reload_conf();"
            ),
        )];
    }
    if slot.two_phase {
        return vec![Finding::error(
            format!("slot {name} was made with two_phase, whose prepared transactions this connector does not read"),
            format!("{drop} and let the connector create it"),
        )];
    }
    let mut findings = vec![match slot.active_pid {
        Some(pid) => Finding::error(
            format!("slot {name} is in use by {}", described(pid, holder)),
            format!("stop that connector, or SELECT pg_terminate_backend({pid}); or {other_name}"),
        ),
        None => Finding::ok(format!("replication slot {name} is free and stands at {}", position(slot))),
    }];
    if slot.wal_status.as_deref() == Some("unreserved") {
        findings.push(Finding::warn(
            format!("slot {name} will be lost at the next checkpoint: it holds more WAL than allowed"),
            "start the connector now, or ALTER SYSTEM SET max_slot_wal_keep_size = -1; SELECT pg_reload_conf();",
        ));
    }
    findings
}

/// What happens to the slot while nobody reads it.
pub(super) fn retained(surroundings: &Surroundings, provider: Provider) -> Finding {
    let name = "max_slot_wal_keep_size";
    let gigabytes = |bytes: u64| format!("{:.1} GB", bytes as f64 / f64::from(1 << 30));
    match surroundings.slot_may_hold {
        None => Finding::note(
            format!("{name} is -1: while the connector is away, WAL grows until the server's disk is full"),
            format!(
                "to lose the slot before the disk: {}\nwith less than what is free there",
                provider.set(name, "100GB", false)
            ),
        ),
        Some(limit) if limit < surroundings.between_checkpoints => Finding::warn(
            format!(
                "{name} is {}, less than max_wal_size ({}): a busy hour without the connector loses the slot",
                gigabytes(limit),
                gigabytes(surroundings.between_checkpoints)
            ),
            provider.set(name, "100GB", false),
        ),
        Some(limit) => {
            Finding::ok(format!("a slot that nobody reads is lost after {} of WAL ({name})", gigabytes(limit)))
        }
    }
}

fn position(slot: &Slot) -> String {
    slot.confirmed_flush.or(slot.restart_lsn).map_or_else(|| "an unknown position".to_owned(), |lsn| lsn.to_string())
}

fn described(pid: i32, holder: Option<&Session>) -> String {
    let mut text = format!("process {pid}");
    let Some(holder) = holder else { return text };
    let facts = [
        ("application", &holder.application),
        ("role", &holder.user),
        ("from", &holder.client),
        ("since", &holder.since),
    ];
    for (label, value) in facts {
        if let Some(value) = value {
            text += &format!(", {label} {value}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::super::{Severity, sample};
    use super::*;

    fn slot() -> Slot {
        Slot {
            plugin: Some("pgoutput".to_owned()),
            slot_type: "logical".to_owned(),
            database: Some("db".to_owned()),
            temporary: false,
            active_pid: None,
            restart_lsn: None,
            confirmed_flush: None,
            catalog_xmin: None,
            wal_status: Some("reserved".to_owned()),
            invalidation: None,
            two_phase: false,
            failover: false,
            safe_wal_size: None,
        }
    }

    #[test]
    fn only_a_slot_of_ours_that_is_free_and_alive_is_usable() {
        let severity = |slot: &Slot| usable(&sample::config(), Some(slot), None)[0].severity;
        assert_eq!(severity(&slot()), Severity::Ok);
        for unusable in [
            Slot { slot_type: "physical".to_owned(), plugin: None, database: None, ..slot() },
            Slot { plugin: Some("wal2json".to_owned()), ..slot() },
            Slot { database: Some("other".to_owned()), ..slot() },
            Slot { temporary: true, ..slot() },
            Slot { invalidation: Some("wal_removed".to_owned()), ..slot() },
            Slot { two_phase: true, ..slot() },
            Slot { active_pid: Some(7), ..slot() },
        ] {
            assert_eq!(severity(&unusable), Severity::Error, "{unusable:?}");
        }
    }

    #[test]
    fn a_limit_of_wal_is_told_and_too_small_a_one_warned_of() {
        let found = |limit| {
            let surroundings =
                Surroundings { marks: Vec::new(), tls: None, slot_may_hold: limit, between_checkpoints: 1 << 30 };
            retained(&surroundings, Provider::Plain).severity
        };
        assert_eq!(
            [found(None), found(Some(1 << 20)), found(Some(1 << 40))],
            [Severity::Note, Severity::Warn, Severity::Ok]
        );
    }

    #[test]
    fn the_holder_of_a_slot_is_named() {
        let holder = Session {
            user: Some("etl".to_owned()),
            application: Some("Debezium Streaming".to_owned()),
            client: None,
            since: Some("2025-01-31 12:00:00 UTC".to_owned()),
        };
        let busy = Slot { active_pid: Some(7), ..slot() };
        let found = usable(&sample::config(), Some(&busy), Some(&holder));
        assert_eq!(
            found[0].title,
            "slot slot is in use by process 7, application Debezium Streaming, role etl, since 2025-01-31 12:00:00 UTC"
        );
    }
}
