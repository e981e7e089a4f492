//! The messages of Postgres' `pgoutput` plugin, protocol version 1, from bytes into words.
//!
//! Pure and without memory: one payload in, one message out. Relations are not cached here, positions not compared,
//! values not interpreted; a cell stays the text the server sent, borrowed from the receive buffer. Any bytes may come:
//! what is no message is a [`DecodeError`], never a panic, and no count is believed before the bytes behind it are
//! there. Row messages allocate nothing, they fill [`Cells`] that the caller reuses.
//!
//! Format: "Logical Replication Message Formats" in the Postgres manual. Version 2 adds the stream messages and puts an
//! xid after the kind of a streamed message; both fit beside [`decode`] without changing it.

mod error;
mod logical;
mod reader;
mod relation;
mod row;
mod transaction;
mod truncate;

use crate::words::{Cell, Change, Lsn, Old, Relation, RelationId, Row, recycle};

pub use error::DecodeError;

use reader::Reader;

/// One message. Times are microseconds since the UNIX epoch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Message<'a> {
    Begin {
        /// Where the commit record of this transaction starts: [`Message::Commit`]'s `commit`.
        final_lsn: Lsn,
        commit_time: i64,
        xid: u32,
    },
    Commit {
        commit: Lsn,
        /// Behind the commit record: the position to confirm.
        end: Lsn,
        commit_time: i64,
    },
    /// The transaction came from another server, where it committed at `lsn`.
    Origin {
        lsn: Lsn,
        name: &'a str,
    },
    Relation(Relation),
    /// A non-built-in type was named; nothing here depends on it.
    Type,
    Insert {
        relation: RelationId,
    },
    Update {
        relation: RelationId,
        old: OldKind,
    },
    /// `old` is never [`OldKind::None`].
    Delete {
        relation: RelationId,
        old: OldKind,
    },
    Truncate {
        relations: Vec<RelationId>,
        cascade: bool,
        restart_identity: bool,
    },
    /// `pg_logical_emit_message`.
    Logical {
        transactional: bool,
        lsn: Lsn,
        prefix: &'a str,
        content: &'a [u8],
    },
}

impl Message<'_> {
    /// The row change this message and the cells it was decoded into make up; none for other messages.
    pub fn change<'c>(&self, cells: &'c Cells<'_>) -> Option<(RelationId, Change<'c>)> {
        match *self {
            Self::Insert { relation } => Some((relation, Change::Insert { new: cells.new_row() })),
            Self::Update { relation, old } => {
                Some((relation, Change::Update { old: cells.old_row(old), new: cells.new_row() }))
            }
            Self::Delete { relation, old } => Some((relation, Change::Delete { old: cells.old_row(old)? })),
            _ => None,
        }
    }
}

/// Which part of the old row a message carried.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OldKind {
    None,
    Key,
    Full,
}

/// The cells of one row message. [`Cells::recycle`] keeps the allocations for the next buffer's messages.
#[derive(Default, Debug)]
pub struct Cells<'a> {
    pub old: Vec<Cell<'a>>,
    pub new: Vec<Cell<'a>>,
}

impl Cells<'_> {
    pub fn recycle<'b>(self) -> Cells<'b> {
        Cells { old: recycle(self.old), new: recycle(self.new) }
    }

    pub fn new_row(&self) -> Row<'_> {
        Row { cells: &self.new }
    }

    pub fn old_row(&self, kind: OldKind) -> Option<Old<'_>> {
        let row = Row { cells: &self.old };
        match kind {
            OldKind::None => None,
            OldKind::Key => Some(Old::Key(row)),
            OldKind::Full => Some(Old::Full(row)),
        }
    }
}

/// The kind byte of a message, without decoding the rest.
pub fn kind(payload: &[u8]) -> Option<u8> {
    payload.first().copied()
}

/// Decodes one whole message. `cells` is emptied first and holds the row, or rows, of Insert, Update and Delete; after
/// an error its content means nothing.
pub fn decode<'a>(payload: &'a [u8], cells: &mut Cells<'a>) -> Result<Message<'a>, DecodeError> {
    cells.old.clear();
    cells.new.clear();
    let mut reader = Reader::new(payload);
    let r = &mut reader;
    let message = match r.u8("kind")? {
        b'I' => row::insert(r, cells)?,
        b'U' => row::update(r, cells)?,
        b'D' => row::delete(r, cells)?,
        b'B' => transaction::begin(r)?,
        b'C' => transaction::commit(r)?,
        b'O' => transaction::origin(r)?,
        b'R' => relation::relation(r)?,
        b'Y' => relation::type_name(r)?,
        b'T' => truncate::truncate(r)?,
        b'M' => logical::logical(r)?,
        kind => return Err(DecodeError::UnknownKind { kind }),
    };
    reader.end()?;
    Ok(message)
}

#[cfg(test)]
mod properties;
