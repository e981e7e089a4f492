//! The database's types, by OID: domains are followed to their base, arrays to their element.

use std::collections::HashMap;

use crate::words::table::{PgType, PgTypeKind};

/// What `pg_type` says; filled from the catalog, grows when a Relation names a type that is not here yet.
#[derive(Clone, Debug, Default)]
pub struct Types {
    by_oid: HashMap<u32, PgType>,
}

/// A type with its modifier after domains have been followed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Resolved<'a> {
    pub(super) base: &'a PgType,
    pub(super) typmod: i32,
    /// The declared type was a domain.
    pub(super) domain: bool,
}

/// Domains over domains deeper than this are not followed; the server has no such limit but no such schema exists.
const DOMAIN_DEPTH: usize = 32;

impl Types {
    pub fn new(types: impl IntoIterator<Item = PgType>) -> Self {
        let mut all = Self::default();
        all.extend(types);
        all
    }

    pub fn extend(&mut self, types: impl IntoIterator<Item = PgType>) {
        self.by_oid.extend(types.into_iter().map(|t| (t.oid, t)));
    }

    pub fn knows(&self, oid: u32) -> bool {
        self.by_oid.contains_key(&oid)
    }

    pub(super) fn declared(&self, oid: u32) -> Option<&PgType> {
        self.by_oid.get(&oid)
    }

    /// The type that a bare name means in a table's schema, if `oid` is shown by its bare name: the types of `public` are.
    pub(super) fn namesake(&self, oid: u32, schema: &str) -> u32 {
        let Some(found) = self.by_oid.get(&oid).filter(|found| found.schema == "public" && schema != "public") else {
            return oid;
        };
        let same = self.by_oid.values().find(|other| other.schema == schema && other.name == found.name);
        same.map_or(oid, |other| other.oid)
    }

    pub(super) fn resolve(&self, oid: u32, typmod: i32) -> Option<Resolved<'_>> {
        let (mut oid, mut typmod, mut domain) = (oid, typmod, false);
        for _ in 0..DOMAIN_DEPTH {
            let found = self.by_oid.get(&oid)?;
            let PgTypeKind::Domain { base, typmod: inner } = found.kind else {
                return Some(Resolved { base: found, typmod, domain });
            };
            // The innermost modifier that is set wins: a domain itself cannot be given one.
            (oid, typmod, domain) = (base, if inner >= 0 { inner } else { typmod }, true);
        }
        None
    }
}
