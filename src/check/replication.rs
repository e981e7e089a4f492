//! The second connection, which carries the stream: may our role open it, and does it get through?
//!
//! Being let in by SQL does not prove it: poolers refuse replication, and TLS and login are negotiated anew.

use std::time::Duration;

use tokio::time::timeout;

use super::provider::{Provider, past_the_pooler};
use super::{Finding, connection};
use crate::catalog::{Role, Server};
use crate::pg::Address;
use crate::wire::{self, WireError};

/// A server that has just answered by SQL takes no longer to open one more connection.
const WITHIN: Duration = Duration::from_secs(2);

/// None while every WAL sender is busy: the server's findings say so, and there is none left to try.
pub(super) async fn open(address: &Address, role: &Role, server: &Server, provider: Provider) -> Option<Finding> {
    if !role.replication {
        return Some(not_granted(role, provider));
    }
    if server.used_wal_senders >= server.max_wal_senders {
        return None;
    }
    Some(match timeout(WITHIN, try_open(address)).await {
        Ok(Ok(())) => Finding::ok(format!("role {} may replicate and a replication connection opens", role.name)),
        Ok(Err(error)) => failed(address, &error),
        Err(_) => blocked(address, &format!("no answer within {} s", WITHIN.as_secs())),
    })
}

async fn try_open(address: &Address) -> Result<(), WireError> {
    let mut session = wire::connect(address, wire::Purpose::Replication).await?;
    session.identify_system().await?;
    session.close().await;
    Ok(())
}

fn not_granted(role: &Role, provider: Provider) -> Finding {
    let title = format!("role {} has no REPLICATION privilege", role.name);
    Finding::error(title, provider.let_replicate(&role.name))
}

fn failed(address: &Address, error: &WireError) -> Finding {
    match error {
        WireError::Server { sqlstate, message, .. } if sqlstate == "28000" && message.contains("pg_hba.conf") => {
            connection::hba_missing(address, message, "replication connections")
        }
        WireError::Server { sqlstate, .. } if sqlstate == "53300" => Finding::error(
            format!("the server has no room for a replication connection: {error}"),
            "ALTER SYSTEM SET max_wal_senders = ...; then restart the server",
        ),
        _ => blocked(address, &error.to_string()),
    }
}

fn blocked(address: &Address, why: &str) -> Finding {
    let direct = || {
        "set database.hostname and database.port to the server itself: connection poolers do not pass replication"
            .to_owned()
    };
    Finding::error(
        format!("database connections work but a replication connection does not: {why}"),
        past_the_pooler(address).unwrap_or_else(direct),
    )
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn refused(sqlstate: &str, message: &str) -> String {
        let error = WireError::Server {
            severity: "FATAL".to_owned(),
            sqlstate: sqlstate.to_owned(),
            message: message.to_owned(),
            hint: None,
        };
        failed(&sample::config().address, &error).remedy.unwrap()
    }

    #[test]
    fn replication_is_granted_the_way_the_server_knows() {
        let remedy = |provider| not_granted(&sample::role(), provider).remedy.unwrap();
        assert_eq!(remedy(Provider::Plain), r#"ALTER ROLE "me" WITH REPLICATION;"#);
        assert_eq!(remedy(Provider::Rds), r#"GRANT rds_replication TO "me";"#);
    }

    #[test]
    fn a_pooler_in_between_is_suspected_when_only_replication_fails() {
        assert!(refused("08P01", "unsupported startup parameter: replication").contains("poolers"));
        assert!(
            refused("53300", "number of requested standby connections exceeds max_wal_senders").contains("wal_send")
        );
        let hba = r#"no pg_hba.conf entry for host "::1", user "me", database "db", no encryption"#;
        assert!(refused("28000", hba).starts_with("add to pg_hba.conf: host db me ::1/128"));
    }
}
