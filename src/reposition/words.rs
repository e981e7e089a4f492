//! The texts.

use std::cmp::Ordering;
use std::fmt::{Display, Write};

use crate::connector::{Config, Outlook};
use crate::offsets::{MessageType, Offset, OffsetError, Stored};
use crate::words::Lsn;

use super::Facts;

pub(super) struct Telling<'a> {
    pub(super) config: &'a Config,
    pub(super) facts: &'a Facts,
}

impl Telling<'_> {
    /// `next`: or why the start cannot even read where it is to go on.
    pub(super) fn show(&self, stored: Option<&Stored>, next: Result<&Outlook, &&OffsetError>) -> String {
        let mut text = String::new();
        let _ = writeln!(text, "connector   {}", self.config.name);
        let _ = writeln!(text, "stored      {}", position(stored));
        if let Some(stored) = stored {
            let _ = writeln!(text, "            {}", stored.json);
        }
        let _ = writeln!(text, "slot        {}", self.slot());
        let _ = writeln!(text, "server      WAL ends at {}", self.facts.written);
        let next = match next {
            Ok(outlook) => self.next(outlook),
            Err(error) => refused(error, error.remedy().as_deref().unwrap_or_default()),
        };
        let _ = writeln!(text, "next start  {next}");
        text
    }

    pub(super) fn set(&self, stored: Option<&Stored>, to: Lsn, after: &Outlook) -> String {
        let confirmed = self.facts.slot.as_ref().and_then(|slot| slot.confirmed_flush);
        let mut text = String::new();
        let _ = writeln!(text, "stored      {}", position(stored));
        let _ = writeln!(
            text,
            "effect      {}",
            effect(stored.and_then(|stored| stored.offset.as_ref().ok()), confirmed, to)
        );
        let _ = writeln!(text, "next start  {}", self.next(after));
        text
    }

    pub(super) fn reset(&self, stored: Option<&Stored>, after: &Outlook) -> String {
        let mut text = String::new();
        let _ = writeln!(text, "stored      {}", position(stored));
        let _ = writeln!(text, "effect      this would forget the position");
        let _ = writeln!(text, "next start  {}", self.next(after));
        text
    }

    fn slot(&self) -> String {
        let name = &self.config.slot;
        let Some(slot) = &self.facts.slot else { return format!("{name}: does not exist") };
        let used =
            self.facts.holder.as_ref().map_or_else(|| "not in use".to_owned(), |holder| format!("in use by {holder}"));
        let confirmed = slot.confirmed_flush.map_or_else(|| "nothing".to_owned(), |lsn| lsn.to_string());
        let mut text = format!("{name}: {used}; confirmed {confirmed}");
        if let Some(kept) = slot.restart_lsn {
            let _ = write!(text, "; holds {} of WAL, from {kept}", amount(self.facts.written.0.saturating_sub(kept.0)));
        }
        if let Some(status) = &slot.wal_status {
            let _ = write!(text, "; wal_status {status}");
        }
        if let Some(why) = &slot.invalidation {
            let _ = write!(text, "; INVALIDATED ({why})");
        }
        text
    }

    fn next(&self, outlook: &Outlook) -> String {
        match outlook {
            Outlook::Snapshot { streams: true } => "reads every captured table again, then streams".to_owned(),
            Outlook::Snapshot { streams: false } => "reads every captured table again, and rests".to_owned(),
            Outlook::FromSlot => "streams from where the slot stands; no table is read".to_owned(),
            Outlook::Idle => "does nothing: the snapshot was all that was asked for".to_owned(),
            Outlook::Stream { from } => {
                let rest = self.facts.written.0.saturating_sub(from.0);
                format!("goes on at {from}; {} of WAL to read", amount(rest))
            }
            Outlook::Refused(refusal) => refused(refusal, &refusal.remedy()),
        }
    }
}

fn refused(why: &dyn Display, remedy: &str) -> String {
    format!("is REFUSED: {why}\n            remedy: {remedy}")
}

/// What going on at `to` changes. None: nothing is stored, or nothing that can be understood.
fn effect(stored: Option<&Offset>, confirmed: Option<Lsn>, to: Lsn) -> String {
    let skips = |from: Lsn| {
        let amount = amount(to.0.saturating_sub(from.0));
        format!("this would skip {amount} of WAL: what committed between {from} and {to} is never sent")
    };
    let Some(offset) = stored else {
        let begins = format!("this would begin at {to}; no table is read");
        return confirmed.filter(|from| *from < to).map_or(begins.clone(), |from| format!("{begins}; {}", skips(from)));
    };
    if offset.snapshot_unfinished() {
        return format!("this would give up the snapshot: rows that were not read yet are never sent; begins at {to}");
    }
    let now = offset.start();
    let moved = match to.cmp(&now) {
        Ordering::Greater => skips(now),
        Ordering::Less => {
            let amount = amount(now.0.saturating_sub(to.0));
            format!("this would send {amount} of WAL again: what committed between {to} and {now} comes twice")
        }
        Ordering::Equal => "this would go on where it stands".to_owned(),
    };
    match open_transaction(offset) {
        // A transaction is sent whole wherever in it one asks to begin; what to leave out is forgotten here.
        Some((xid, _, reached)) if to <= reached => {
            format!("{moved}; transaction {xid} is sent whole, its changes up to {reached} a second time")
        }
        Some((xid, ..)) => format!("{moved}; transaction {xid} is sent whole again if it commits after {to}"),
        None => moved,
    }
}

/// Transaction, kind and LSN of the last change delivered in it.
fn open_transaction(offset: &Offset) -> Option<(i64, MessageType, Lsn)> {
    let message = offset.message.filter(|message| !matches!(message, MessageType::Begin | MessageType::Commit))?;
    Some((offset.xid?, message, offset.proc.unwrap_or(offset.lsn)))
}

/// A stored position in plain words.
fn position(stored: Option<&Stored>) -> String {
    match stored.map(|stored| &stored.offset) {
        None => "nothing".to_owned(),
        Some(Err(error)) => format!("UNREADABLE: {error}"),
        Some(Ok(offset)) => in_words(offset),
    }
}

fn in_words(offset: &Offset) -> String {
    match (&offset.snapshot, offset.message, offset.xid) {
        (Some(snapshot), ..) if snapshot.completed => format!("snapshot finished, as of {}", offset.lsn),
        (Some(_), ..) => format!("snapshot interrupted, as of {}", offset.lsn),
        (None, Some(MessageType::Commit | MessageType::Begin) | None, _) => {
            format!("streaming: everything up to {} is delivered", offset.start())
        }
        (None, Some(message), Some(xid)) => format!(
            "inside transaction {xid}: its changes up to {} ({}) are delivered, and everything that committed before {}",
            offset.proc.unwrap_or(offset.lsn),
            message.name(),
            offset.start()
        ),
        (None, Some(_), None) => format!("streaming: everything up to the message at {} is delivered", offset.lsn),
    }
}

/// Bytes for people: `0 bytes`, `1.5 kB`, `3.2 GB`.
#[allow(clippy::cast_precision_loss)] // two digits are shown
fn amount(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["kB", "MB", "GB", "TB", "PB"];
    if bytes < 1000 {
        return format!("{bytes} bytes");
    }
    let (mut value, mut unit) = (bytes as f64 / 1000.0, 0);
    while value >= 999.95 && unit + 1 < UNITS.len() {
        value /= 1000.0;
        unit += 1;
    }
    format!("{value:.1} {}", UNITS.get(unit).copied().unwrap_or(""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offsets::Snapshot;

    #[test]
    fn amounts_are_for_people() {
        for (bytes, text) in
            [(0, "0 bytes"), (999, "999 bytes"), (1500, "1.5 kB"), (999_960, "1.0 MB"), (3_200_000_000, "3.2 GB")]
        {
            assert_eq!(amount(bytes), text);
        }
    }

    #[test]
    fn every_state_has_words() {
        let at = |message, xid| Offset {
            lsn: Lsn(16),
            proc: Some(Lsn(16)),
            commit: Some(Lsn(15)),
            message,
            xid,
            ..Offset::default()
        };
        let snapshot = |completed| Offset {
            snapshot: Some(Snapshot { kind: "INITIAL".to_owned(), completed, last_record: completed }),
            ..at(None, None)
        };
        for (offset, words) in [
            (at(Some(MessageType::Commit), Some(7)), "streaming: everything up to 0/10 is delivered"),
            (
                at(Some(MessageType::Insert), Some(7)),
                "inside transaction 7: its changes up to 0/10 (INSERT) are delivered",
            ),
            (at(Some(MessageType::Message), None), "up to the message at 0/10"),
            (snapshot(true), "snapshot finished, as of 0/10"),
            (snapshot(false), "snapshot interrupted, as of 0/10"),
        ] {
            assert!(in_words(&offset).contains(words), "{}", in_words(&offset));
        }
        assert_eq!(position(None), "nothing");
        assert_eq!(position(Some(&Stored::new(b"{}"))), "UNREADABLE: stored offset has no usable lsn");
    }

    /// As Connect 4.3.1 with Debezium 3.6.1 stored them.
    #[test]
    fn what_is_skipped_and_what_comes_twice_is_said() {
        let debezium = |json: &str| Offset::decode(json.as_bytes()).unwrap();
        let inside = debezium(
            r#"{"lsn_proc":5729312736,"messageType":"UPDATE","lsn_commit":5729312480,"lsn":5729312736,"txId":82744,"ts_usec":1795209225908188}"#,
        );
        let unfinished = debezium(
            r#"{"last_snapshot_record":false,"lsn":5724906616,"txId":82729,"ts_usec":1795209205354420,"snapshot":"INITIAL","snapshot_completed":false}"#,
        );
        let committed = Offset { message: Some(MessageType::Commit), ..inside.clone() };
        let (start, reached) = (5_729_312_480, 5_729_312_736);
        for (stored, to, parts) in [
            (Some(&inside), start, ["go on where it stands", "transaction 82744 is sent whole, its changes up to"]),
            (Some(&inside), start + 2000, ["skip 2.0 kB", "transaction 82744 is sent whole again if it commits after"]),
            (Some(&committed), reached - 1500, ["send 1.5 kB of WAL again", "comes twice"]),
            (Some(&unfinished), reached, ["give up the snapshot", "never sent"]),
            (None, 3000, ["begin at 0/BB8; no table is read", "skip 2.0 kB"]),
        ] {
            let text = effect(stored, Some(Lsn(1000)), Lsn(to));
            assert!(parts.iter().all(|part| text.contains(part)), "{text}");
        }
        assert_eq!(effect(Some(&committed), None, Lsn(reached)), "this would go on where it stands");
    }
}
