//! What a Relation message says of a table.

/// The table's OID.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct RelationId(pub u32);

/// Which columns of an old row the server logs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ReplicaIdentity {
    /// The primary key, if there is one.
    Default,
    Nothing,
    Full,
    /// The columns of one unique index.
    Index,
}

/// A table as it was at one position of the WAL.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Relation {
    pub id: RelationId,
    pub schema: String,
    pub name: String,
    pub identity: ReplicaIdentity,
    pub columns: Vec<RelationColumn>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RelationColumn {
    pub name: String,
    pub type_oid: u32,
    /// `atttypmod`; -1 when the type has none.
    pub typmod: i32,
    /// Part of the replica identity.
    pub identity: bool,
}
