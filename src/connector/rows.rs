//! A session that reads tables.
//!
//! Apart from the catalog's, whose driver would hand each row from one task to another: that is a fifth of the processor
//! time of a snapshot (perf, two million rows of ten columns). Here rows are borrowed from the buffer they are read into.

use crate::catalog::Begin;
use crate::pg::{Address, session};
use crate::wire::{self, Purpose, Session, WireError};

/// Logs in and begins a transaction. As in the catalog's session, the user's own statements come first, and our settings,
/// with which the session began, stand whatever they say.
pub(super) async fn open(address: &Address, statements: &[String], view: &Begin) -> Result<Session, WireError> {
    let mut session = wire::connect(address, Purpose::Rows).await?;
    for statement in statements {
        session.query(statement).await?;
    }
    if !statements.is_empty() {
        session.query(&session::statements(address, session.server_version())).await?;
    }
    session.query(&view.sql()).await?;
    Ok(session)
}
