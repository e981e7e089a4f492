//! Single message transforms. Those with a direct form are folded into the description of a table; no record is rebuilt.

/// One entry of `transforms`, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Config {
    /// `io.debezium.transforms.ExtractNewRecordState`.
    Unwrap(UnwrapConfig),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnwrapConfig {
    pub deletes: Deletes,
    /// `add.fields` and `add.headers`, in order.
    pub fields: Vec<Added>,
    pub headers: Vec<Added>,
    /// Debezium 2.x puts `__deleted` behind the added fields, 3.x before them.
    pub deleted_last: bool,
    /// `route.by.field`.
    pub route_by_field: Option<String>,
}

/// What becomes of a delete and its tombstone.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deletes {
    /// Both dropped.
    Drop,
    /// Delete: null payload with the value's schema; its tombstone dropped.
    Tombstone,
    /// Delete: the old row with `__deleted`; tombstone dropped.
    Rewrite,
    /// As `Rewrite`, the tombstone kept.
    RewriteWithTombstone,
    /// Delete: a true tombstone; the one that follows dropped.
    DeleteToTombstone,
    /// Debezium 2.x `drop.tombstones=false` with `delete.handling.mode=drop`: delete dropped, tombstone kept.
    DropWithTombstone,
    /// Debezium 2.x `drop.tombstones=false` with `delete.handling.mode=none`: null payload, then the tombstone.
    NullWithTombstone,
}

/// A field of the envelope that is copied into the value or a header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Added {
    /// `source`, `transaction`, or none for "wherever Debezium looks".
    pub from: Option<String>,
    pub field: String,
    /// The name in the output, prefix included.
    pub name: String,
}
