//! What to do at the start: Debezium's snapshot modes as a pure function of what was observed.
//!
//! Where the reference goes on silently with a gap (a slot dropped and made anew, a slot that has moved past the stored
//! offset), the plan refuses and says what mends it.

use crate::offsets::Offset;
use crate::words::Lsn;

use super::{OffsetMismatch, SnapshotMode};

/// What was found before anything was changed.
#[derive(Clone, Debug)]
pub(super) struct Observed<'a> {
    pub(super) mode: SnapshotMode,
    pub(super) mismatch: OffsetMismatch,
    pub(super) offset: Option<&'a Offset>,
    pub(super) slot: Option<SlotState>,
    /// End of the server's WAL.
    pub(super) written: Lsn,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct SlotState {
    pub(super) plugin: String,
    pub(super) database: Option<String>,
    /// The database of this connector.
    pub(super) ours: bool,
    pub(super) confirmed: Option<Lsn>,
    /// Why it can never be read again.
    pub(super) invalidation: Option<String>,
    pub(super) two_phase: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Plan {
    /// Read the tables, then stream unless `stream` is none.
    Snapshot { stream: Option<Follow> },
    /// Stream only; without a slot, make one first.
    Resume { from: Lsn, skip: Option<Skip> },
    /// Nothing was ever stored: stream from where the slot stands.
    FromSlot,
    /// The snapshot was all that was asked for, and it is done.
    Idle,
}

/// A plan as others may know it: what a start would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outlook {
    /// Reads every captured table, and streams then or not.
    Snapshot {
        streams: bool,
    },
    Stream {
        from: Lsn,
    },
    FromSlot,
    Idle,
    Refused(Refusal),
}

impl From<Result<Plan, Refusal>> for Outlook {
    fn from(decided: Result<Plan, Refusal>) -> Self {
        match decided {
            Ok(Plan::Snapshot { stream }) => Self::Snapshot { streams: stream.is_some() },
            Ok(Plan::Resume { from, .. }) => Self::Stream { from },
            Ok(Plan::FromSlot) => Self::FromSlot,
            Ok(Plan::Idle) => Self::Idle,
            Err(refusal) => Self::Refused(refusal),
        }
    }
}

/// Where the stream goes on after a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Follow {
    /// The slot is made for this snapshot and exports it: no row twice, none missing.
    NewSlot,
    /// The same, after the slot that the server has invalidated is dropped.
    ReplacedSlot,
    /// The slot was there before and nothing was delivered from it: the snapshot is read at a point of its own, and the
    /// stream begins there.
    SlotAhead,
    /// An interrupted snapshot may have delivered rows that were deleted since: everything the slot holds is sent again.
    WholeSlot,
}

/// Events that were delivered before: those of transaction `xid` below `upto`, and `upto` itself if `whole`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Skip {
    pub(super) xid: u32,
    pub(super) upto: Lsn,
    /// Written by us: all events of that LSN were delivered. Otherwise the first may stand for several.
    pub(super) whole: bool,
}

/// A start that would lose changes or cannot work.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error(
        "The connector is trying to read change stream starting at {at}, but this is no longer available on the \
         server: replication slot \"{slot}\" does not exist"
    )]
    SlotMissing { slot: String, at: Lsn },
    #[error(
        "replication slot \"{slot}\" stands at {confirmed}, past the stored offset {at}: it was made anew or advanced by \
         someone else, and changes in between would be lost"
    )]
    SlotMoved { slot: String, confirmed: Lsn, at: Lsn },
    #[error("replication slot \"{slot}\" has been invalidated by the server ({why}): what it stood for is gone")]
    SlotLost { slot: String, why: String },
    #[error(
        "the stored offset {at} lies beyond the end of the server's WAL, {written}: this is another server, or one that was \
         set back, and changes made since would be passed over"
    )]
    ServerBehind { at: Lsn, written: Lsn },
    #[error("replication slot \"{slot}\" belongs to plugin {plugin} and database {database}")]
    SlotForeign { slot: String, plugin: String, database: String },
    #[error("replication slot \"{slot}\" was made with two_phase, which walcast does not read")]
    SlotTwoPhase { slot: String },
    #[error(
        "The connector previously stopped while taking a snapshot, but now the connector is configured to never allow \
         snapshots. Reconfigure the connector to use snapshots initially or when needed."
    )]
    SnapshotForbidden,
    #[error("Publication autocreation is disabled, please create one and restart the connector.")]
    PublicationMissing { name: String },
    #[error("No table filters found for filtered publication {name}")]
    NothingToPublish { name: String },
    #[error(
        "publication \"{name}\" is FOR ALL TABLES, but publication.autocreate.mode=filtered wants to set its tables"
    )]
    PublicationForAll { name: String },
    #[error("wal_level is {level}, but logical decoding needs logical")]
    WalLevel { level: String },
}

impl Refusal {
    pub fn remedy(&self) -> String {
        match self {
            Self::SlotMissing { .. } => "set snapshot.mode=when_needed to snapshot again, or delete the connector's \
                                         offsets to start anew"
                .to_owned(),
            Self::SlotMoved { .. } => "set snapshot.mode=when_needed to snapshot again, or \
                                       offset.mismatch.strategy=trust_slot to accept the gap"
                .to_owned(),
            Self::ServerBehind { .. } => {
                "check database.hostname and database.port, or set snapshot.mode=when_needed to \
                                          snapshot again"
                    .to_owned()
            }
            Self::SlotLost { slot, .. } => format!(
                "SELECT pg_drop_replication_slot('{slot}'); then snapshot again (snapshot.mode=when_needed), and raise \
                 max_slot_wal_keep_size"
            ),
            Self::SlotForeign { .. } => "choose another slot.name".to_owned(),
            Self::SlotTwoPhase { slot } => {
                format!("SELECT pg_drop_replication_slot('{slot}'); or choose another slot.name")
            }
            Self::SnapshotForbidden => "set snapshot.mode=initial or when_needed".to_owned(),
            Self::PublicationMissing { name } => {
                format!("CREATE PUBLICATION {name} FOR TABLE ...; or set publication.autocreate.mode=filtered")
            }
            Self::NothingToPublish { .. } => "check schema.include.list and table.include.list".to_owned(),
            Self::PublicationForAll { .. } => {
                "set publication.autocreate.mode=all_tables, or choose another publication.name".to_owned()
            }
            Self::WalLevel { .. } => "ALTER SYSTEM SET wal_level = logical; then restart the server".to_owned(),
        }
    }
}

/// Decides; `slot_name` is for the texts only.
pub(super) fn plan(observed: &Observed<'_>, slot_name: &str) -> Result<Plan, Refusal> {
    let finished = observed.offset.filter(|offset| !offset.snapshot_unfinished());
    let interrupted = observed.offset.is_some() && finished.is_none();
    match (observed.mode, finished) {
        (SnapshotMode::InitialOnly, Some(_)) => Ok(Plan::Idle),
        (SnapshotMode::InitialOnly, None) => Ok(Plan::Snapshot { stream: None }),
        (SnapshotMode::NoData, None) if interrupted => Err(Refusal::SnapshotForbidden),
        (SnapshotMode::NoData, None) => usable(observed.slot.as_ref(), slot_name).map(|_| Plan::FromSlot),
        (SnapshotMode::Always, _) | (SnapshotMode::Initial | SnapshotMode::WhenNeeded, None) => {
            snapshot(observed, slot_name, interrupted)
        }
        (mode, Some(offset)) => match resume(observed, offset, slot_name) {
            Err(Refusal::SlotMissing { .. }) if mode == SnapshotMode::WhenNeeded => {
                Ok(Plan::Snapshot { stream: Some(Follow::NewSlot) })
            }
            Err(Refusal::SlotMoved { .. }) if mode == SnapshotMode::WhenNeeded => {
                Ok(Plan::Snapshot { stream: Some(Follow::SlotAhead) })
            }
            Err(Refusal::ServerBehind { .. }) if mode == SnapshotMode::WhenNeeded => {
                snapshot(observed, slot_name, interrupted)
            }
            Err(Refusal::SlotLost { .. }) if mode == SnapshotMode::WhenNeeded => {
                Ok(Plan::Snapshot { stream: Some(Follow::ReplacedSlot) })
            }
            decided => decided,
        },
    }
}

/// Errs when the slot exists but cannot be read by us.
fn usable<'a>(slot: Option<&'a SlotState>, name: &str) -> Result<Option<&'a SlotState>, Refusal> {
    let Some(state) = slot else { return Ok(None) };
    let slot = || name.to_owned();
    if state.plugin != "pgoutput" || !state.ours {
        let database = state.database.clone().unwrap_or_default();
        return Err(Refusal::SlotForeign { slot: slot(), plugin: state.plugin.clone(), database });
    }
    if state.two_phase {
        return Err(Refusal::SlotTwoPhase { slot: slot() });
    }
    if let Some(why) = &state.invalidation {
        return Err(Refusal::SlotLost { slot: slot(), why: why.clone() });
    }
    Ok(Some(state))
}

fn snapshot(observed: &Observed<'_>, slot_name: &str, interrupted: bool) -> Result<Plan, Refusal> {
    let follow = match usable(observed.slot.as_ref(), slot_name)? {
        None => Follow::NewSlot,
        Some(_) if interrupted => Follow::WholeSlot,
        Some(_) => Follow::SlotAhead,
    };
    Ok(Plan::Snapshot { stream: Some(follow) })
}

fn resume(observed: &Observed<'_>, offset: &Offset, slot_name: &str) -> Result<Plan, Refusal> {
    let from = offset.start();
    let Some(slot) = usable(observed.slot.as_ref(), slot_name)? else {
        return Err(Refusal::SlotMissing { slot: slot_name.to_owned(), at: from });
    };
    if from > observed.written {
        return Err(Refusal::ServerBehind { at: from, written: observed.written });
    }
    // The slot is told only what was stored before, so it never stands past every position of the offset.
    let furthest = [Some(offset.lsn), offset.proc, offset.commit].into_iter().flatten().max().unwrap_or(offset.lsn);
    let ahead = slot.confirmed.filter(|confirmed| *confirmed > furthest);
    match (ahead, observed.mismatch) {
        (Some(confirmed), OffsetMismatch::TrustSlot | OffsetMismatch::TrustGreaterLsn) => {
            Ok(Plan::Resume { from: confirmed, skip: None })
        }
        (Some(confirmed), OffsetMismatch::NoValidation | OffsetMismatch::TrustOffset) => {
            Err(Refusal::SlotMoved { slot: slot_name.to_owned(), confirmed, at: furthest })
        }
        (None, _) => Ok(Plan::Resume { from, skip: skip(offset) }),
    }
}

/// Only a position inside a transaction has something to skip.
fn skip(offset: &Offset) -> Option<Skip> {
    use crate::offsets::MessageType::{Delete, Insert, Message, Truncate, Update};
    // A message outside of transactions has no xid.
    if !matches!(offset.message, Some(Insert | Update | Delete | Truncate | Message)) {
        return None;
    }
    // The server speaks of xids in 32 bits.
    let xid = u32::try_from(offset.xid? & 0xFFFF_FFFF).ok()?;
    Some(Skip { xid, upto: offset.proc.unwrap_or(offset.lsn), whole: offset.ours })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::offsets::{MessageType, Snapshot};

    fn slot(confirmed: u64) -> SlotState {
        SlotState {
            plugin: "pgoutput".to_owned(),
            database: Some("shop".to_owned()),
            ours: true,
            confirmed: Some(Lsn(confirmed)),
            invalidation: None,
            two_phase: false,
        }
    }

    fn streaming(at: u64) -> Offset {
        let lsn = Lsn(at);
        Offset {
            lsn,
            proc: Some(lsn),
            commit: Some(lsn),
            message: Some(MessageType::Commit),
            xid: Some(7),
            ours: true,
            ..Offset::default()
        }
    }

    fn interrupted(at: u64) -> Offset {
        let snapshot = Snapshot { kind: "INITIAL".to_owned(), completed: false, last_record: false };
        Offset { lsn: Lsn(at), snapshot: Some(snapshot), ..Offset::default() }
    }

    fn decide(mode: SnapshotMode, offset: Option<&Offset>, slot: Option<SlotState>) -> Result<Plan, Refusal> {
        plan(&Observed { mode, mismatch: OffsetMismatch::NoValidation, offset, slot, written: Lsn(1000) }, "s")
    }

    #[test]
    fn a_first_start_snapshots_and_follows_with_a_new_slot() {
        let expected = Ok(Plan::Snapshot { stream: Some(Follow::NewSlot) });
        assert_eq!(decide(SnapshotMode::Initial, None, None), expected);
        assert_eq!(decide(SnapshotMode::InitialOnly, None, None), Ok(Plan::Snapshot { stream: None }));
        assert_eq!(decide(SnapshotMode::NoData, None, None), Ok(Plan::FromSlot));
    }

    #[test]
    fn a_finished_start_resumes_where_the_offset_says() {
        let offset = streaming(100);
        let expected = Ok(Plan::Resume { from: Lsn(100), skip: None });
        assert_eq!(decide(SnapshotMode::Initial, Some(&offset), Some(slot(100))), expected);
        assert_eq!(decide(SnapshotMode::InitialOnly, Some(&offset), None), Ok(Plan::Idle));
    }

    #[test]
    fn inside_a_transaction_what_was_delivered_is_skipped() {
        let offset = Offset {
            lsn: Lsn(150),
            proc: Some(Lsn(150)),
            commit: Some(Lsn(100)),
            message: Some(MessageType::Insert),
            xid: Some((1 << 32) + 7),
            ours: true,
            ..Offset::default()
        };
        let skip = Some(Skip { xid: 7, upto: Lsn(150), whole: true });
        assert_eq!(
            decide(SnapshotMode::Initial, Some(&offset), Some(slot(100))),
            Ok(Plan::Resume { from: Lsn(100), skip })
        );
    }

    #[test]
    fn an_interrupted_snapshot_is_repeated_and_the_slot_read_from_its_start() {
        let offset = interrupted(100);
        let plan = decide(SnapshotMode::Initial, Some(&offset), Some(slot(100)));
        assert_eq!(plan, Ok(Plan::Snapshot { stream: Some(Follow::WholeSlot) }));
        assert_eq!(decide(SnapshotMode::NoData, Some(&offset), Some(slot(100))), Err(Refusal::SnapshotForbidden));
    }

    #[test]
    fn a_gap_is_refused_unless_told_otherwise() {
        let offset = streaming(100);
        assert!(matches!(decide(SnapshotMode::Initial, Some(&offset), None), Err(Refusal::SlotMissing { .. })));
        assert!(matches!(
            decide(SnapshotMode::Initial, Some(&offset), Some(slot(101))),
            Err(Refusal::SlotMoved { .. })
        ));
        let needed = decide(SnapshotMode::WhenNeeded, Some(&offset), Some(slot(101)));
        assert_eq!(needed, Ok(Plan::Snapshot { stream: Some(Follow::SlotAhead) }));
        let trusting = Observed {
            mode: SnapshotMode::Initial,
            mismatch: OffsetMismatch::TrustSlot,
            offset: Some(&offset),
            slot: Some(slot(101)),
            written: Lsn(1000),
        };
        assert_eq!(plan(&trusting, "s"), Ok(Plan::Resume { from: Lsn(101), skip: None }));
    }

    #[test]
    fn an_offset_of_another_server_is_never_waited_for() {
        let offset = streaming(1001);
        let refusal = Refusal::ServerBehind { at: Lsn(1001), written: Lsn(1000) };
        assert_eq!(decide(SnapshotMode::Initial, Some(&offset), Some(slot(100))), Err(refusal));
        let needed = decide(SnapshotMode::WhenNeeded, Some(&offset), Some(slot(100)));
        assert_eq!(needed, Ok(Plan::Snapshot { stream: Some(Follow::SlotAhead) }));
    }

    #[test]
    fn an_invalidated_slot_is_replaced_only_when_a_snapshot_may_follow() {
        let lost = || Some(SlotState { invalidation: Some("wal_removed".to_owned()), ..slot(90) });
        let offset = streaming(100);
        assert!(matches!(decide(SnapshotMode::Initial, Some(&offset), lost()), Err(Refusal::SlotLost { .. })));
        let needed = decide(SnapshotMode::WhenNeeded, Some(&offset), lost());
        assert_eq!(needed, Ok(Plan::Snapshot { stream: Some(Follow::ReplacedSlot) }));
    }

    #[test]
    fn slots_that_cannot_be_read_are_refused() {
        let foreign = SlotState { plugin: "wal2json".to_owned(), ..slot(1) };
        assert!(matches!(decide(SnapshotMode::Initial, None, Some(foreign)), Err(Refusal::SlotForeign { .. })));
        let lost = SlotState { invalidation: Some("wal_removed".to_owned()), ..slot(1) };
        assert!(matches!(decide(SnapshotMode::NoData, None, Some(lost)), Err(Refusal::SlotLost { .. })));
        let two_phase = SlotState { two_phase: true, ..slot(1) };
        assert!(matches!(decide(SnapshotMode::Always, None, Some(two_phase)), Err(Refusal::SlotTwoPhase { .. })));
    }
}
