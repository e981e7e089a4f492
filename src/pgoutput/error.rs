//! Why bytes are no pgoutput message.

use thiserror::Error;

/// Carries kinds and counts, never content: a cell is a row value.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Error)]
pub enum DecodeError {
    #[error("pgoutput message ends before its {what}")]
    Truncated { what: &'static str },
    #[error("{count} bytes are left over behind a pgoutput message")]
    Trailing { count: usize },
    #[error("unknown pgoutput message kind 0x{kind:02x}")]
    UnknownKind { kind: u8 },
    #[error("unknown {what} 0x{found:02x} in a pgoutput message")]
    Unexpected { what: &'static str, found: u8 },
    #[error("a {what} is not UTF-8; the database's encoding must convert to UTF-8")]
    NotUtf8 { what: &'static str },
}
