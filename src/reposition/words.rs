//! The texts.

use std::fmt::Write;

use crate::connector::{Config, Outlook};
use crate::offsets::{MessageType, Offset};
use crate::words::Lsn;

use super::Facts;

pub(super) struct Telling<'a> {
    pub(super) config: &'a Config,
    pub(super) facts: &'a Facts,
}

impl Telling<'_> {
    pub(super) fn show(&self, stored: Option<&Offset>, next: &Outlook) -> String {
        let mut text = String::new();
        let raw = stored.map(|offset| String::from_utf8_lossy(&offset.encode()).into_owned());
        let _ = writeln!(text, "connector   {}", self.config.name);
        let _ = writeln!(text, "stored      {}", position(stored));
        if let Some(raw) = raw {
            let _ = writeln!(text, "            {raw}");
        }
        let _ = writeln!(text, "slot        {}", self.slot());
        let _ = writeln!(text, "server      WAL ends at {}", self.facts.written);
        let _ = writeln!(text, "next start  {}", self.next(next));
        text
    }

    pub(super) fn set(&self, stored: Option<&Offset>, to: Lsn, after: &Outlook) -> String {
        let mut text = String::new();
        let _ = writeln!(text, "stored      {}", position(stored));
        let now = stored.map(Offset::start).or_else(|| self.facts.slot.as_ref().and_then(|slot| slot.confirmed_flush));
        let effect = match now {
            None => format!("this would begin at {to}; no table is read"),
            Some(now) if to > now => format!(
                "this would skip {} of WAL: what committed between {now} and {to} is never sent",
                amount(to.0 - now.0)
            ),
            Some(now) if to < now => format!(
                "this would send {} of WAL again: what committed between {to} and {now} comes twice",
                amount(now.0 - to.0)
            ),
            Some(_) => "this would change nothing".to_owned(),
        };
        let _ = writeln!(text, "effect      {effect}");
        let _ = writeln!(text, "next start  {}", self.next(after));
        text
    }

    pub(super) fn reset(&self, stored: Option<&Offset>, after: &Outlook) -> String {
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
            let _ = write!(text, "; holds {} of WAL", amount(self.facts.written.0.saturating_sub(kept.0)));
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
            Outlook::Refused(refusal) => format!("is REFUSED: {refusal}\n            remedy: {}", refusal.remedy()),
        }
    }
}

/// A stored position in plain words.
fn position(stored: Option<&Offset>) -> String {
    let Some(offset) = stored else { return "nothing".to_owned() };
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
            assert!(position(Some(&offset)).contains(words), "{}", position(Some(&offset)));
        }
        assert_eq!(position(None), "nothing");
    }
}
