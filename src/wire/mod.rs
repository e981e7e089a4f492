//! The connections that carry rows, on `postgres-protocol`: tokio-postgres has no replication mode, and hands each row of a
//! copy from one task to another.
//!
//! A [`Session`] speaks the simple query protocol (replication commands included) until [`Session::start`] consumes it into
//! a [`Stream`], which only knows frames and feedback, or for as long as a [`CopyOut`] borrows it. The payload of a frame is
//! not opened here. Reading is one buffer: bytes are taken as soon as they are there, frames and rows are borrowed from it,
//! and one read may yield many.

mod channel;
mod copy;
mod dial;
mod error;
mod login;
#[cfg(test)]
mod login_tests;
#[cfg(test)]
mod script;
mod session;
mod stream;

pub use copy::{CopyOut, Peeked};
pub use error::WireError;
pub use login::Purpose;
pub use session::{CreatedSlot, NewSlot, Session, Start, System};
pub use stream::{Feedback, Frame, Stream};

use crate::pg::Address;

/// Dials, negotiates TLS and logs in, within `address.connect_timeout`.
pub async fn connect(address: &Address, purpose: Purpose) -> Result<Session, WireError> {
    let limit = address.connect_timeout;
    match tokio::time::timeout(limit, login::open(address, purpose)).await {
        Ok(opened) => opened,
        Err(_) => Err(WireError::Unreachable {
            host: address.host.clone(),
            port: address.port,
            why: format!("no answer within {} s", limit.as_secs()),
        }),
    }
}
