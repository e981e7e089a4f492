//! The words every room speaks: positions, relations, changes, records and Connect data.
//!
//! Plain values, `std` only, no I/O. Anything here may be named anywhere; nothing here may name another room.

pub mod change;
pub mod data;
pub mod lsn;
pub mod record;
pub mod relation;
pub mod table;

pub use change::{Cell, Change, Old, Row, recycle};
pub use lsn::Lsn;
pub use record::{Header, Record, Ticket};
pub use relation::{Relation, RelationColumn, RelationId, ReplicaIdentity};
