//! What our role may do, asked of the catalog rather than tried.

use tokio_postgres::types::Type;

use super::{Catalog, CatalogError, Identity};
use crate::words::RelationId;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Role {
    pub name: String,
    /// Or a member of Amazon's `rds_superuser`.
    pub superuser: bool,
    /// May open replication connections: by attribute, as superuser, or as a member of Amazon's `rds_replication`.
    pub replication: bool,
    /// May create publications in this database.
    pub creates_in_database: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TableRights {
    pub id: RelationId,
    pub schema_usage: bool,
    /// Columns we may not SELECT, in table order.
    pub unreadable: Vec<String>,
    /// We may add it to a publication.
    pub owned: bool,
    pub owner: String,
    /// Row security would hide rows from us.
    pub row_security: bool,
    /// Logged in the WAL; an unlogged table cannot be published.
    pub logged: bool,
    /// Updates and deletes can name the old row.
    pub has_identity: bool,
    /// What the WAL says of old rows.
    pub identity: Identity,
}

/// Another session, as far as we may see it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    pub user: Option<String>,
    pub application: Option<String>,
    pub client: Option<String>,
    /// Start of the session, such as `2025-01-31 12:00:00 UTC`.
    pub since: Option<String>,
}

impl Catalog {
    /// The role of this session.
    pub async fn role(&self) -> Result<Role, CatalogError> {
        let row = self.one(include_str!("../../sql/catalog/role.sql"), &[]).await?;
        Ok(Role {
            name: row.try_get(0)?,
            superuser: row.try_get(1)?,
            replication: row.try_get(2)?,
            creates_in_database: row.try_get(3)?,
        })
    }

    /// Ordered by oid; tables that are gone are left out.
    pub async fn table_rights(&self, relations: &[RelationId]) -> Result<Vec<TableRights>, CatalogError> {
        let oids: Vec<u32> = relations.iter().map(|relation| relation.0).collect();
        let rows = self.rows(include_str!("../../sql/catalog/table_rights.sql"), &[(&oids, Type::OID_ARRAY)]).await?;
        let rights = |row: &tokio_postgres::Row| {
            Ok(TableRights {
                id: RelationId(row.try_get(0)?),
                schema_usage: row.try_get(1)?,
                unreadable: row.try_get(2)?,
                owned: row.try_get(3)?,
                owner: row.try_get(4)?,
                row_security: row.try_get(5)?,
                logged: row.try_get(6)?,
                has_identity: row.try_get(7)?,
                identity: Identity::of(row.try_get(8)?, row.try_get(9)?),
            })
        };
        rows.iter().map(rights).collect()
    }

    /// The session of a server process, none when it has ended. Other roles' sessions show little without `pg_monitor`.
    pub async fn session(&self, pid: i32) -> Result<Option<Session>, CatalogError> {
        let rows = self.rows(include_str!("../../sql/catalog/session.sql"), &[(&pid, Type::INT4)]).await?;
        let session = |row: &tokio_postgres::Row| {
            Ok(Session {
                user: row.try_get(0)?,
                application: row.try_get(1)?,
                client: row.try_get(2)?,
                since: row.try_get(3)?,
            })
        };
        rows.first().map(session).transpose()
    }

    /// Names of slots that nobody reads, sorted.
    pub async fn idle_slots(&self) -> Result<Vec<String>, CatalogError> {
        let rows = self.rows(include_str!("../../sql/catalog/idle_slots.sql"), &[]).await?;
        rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
    }
}
