//! Getting in: address, TLS and password.

use super::Finding;
use super::provider::Provider;
use crate::catalog::{CatalogError, quote_ident};
use crate::pg::Address;

pub(super) fn opened(address: &Address) -> Finding {
    Finding::ok(format!(
        "logged in to database {} at {}:{} as {}",
        address.database, address.host, address.port, address.user
    ))
}

/// `tls`: its version, none when the session is not encrypted.
pub(super) fn covered(address: &Address, tls: Option<&str>) -> Finding {
    let stays_here =
        address.host.starts_with('/') || ["localhost", "127.0.0.1", "::1"].contains(&address.host.as_str());
    match tls {
        Some(version) if address.tls.mode.verifies() => {
            Finding::ok(format!("the connection is encrypted ({version}) and the server has proved who it is"))
        }
        Some(version) => Finding::note(
            format!("the connection is encrypted ({version}), and the server has not proved who it is"),
            "set database.sslmode=verify-full and database.sslrootcert to the CA of the server",
        ),
        None if stays_here => Finding::ok("the connection is not encrypted and stays on this machine"),
        None => Finding::warn(
            "the connection is not encrypted: rows and the login can be read on the way",
            "set database.sslmode=require, or verify-full with database.sslrootcert",
        ),
    }
}

/// The session ended or a query was refused in the middle of the examination.
pub(super) fn interrupted(error: &CatalogError) -> Finding {
    Finding::error(format!("the examination was cut short: {error}"), "run the check again")
}

pub(super) fn failed(address: &Address, error: &CatalogError) -> Finding {
    match error {
        CatalogError::Unreachable { .. } | CatalogError::TimedOut { .. } => Finding::error(
            match error {
                CatalogError::Unreachable { .. } => error.to_string(),
                _ => format!("{}:{}: {error}", address.host, address.port),
            },
            format!(
                "set database.hostname and database.port to where Postgres listens; {}",
                Provider::of_host(&address.host).door(address.port)
            ),
        ),
        CatalogError::Tls { why } => tls_failed(why),
        CatalogError::TlsSettings { .. } => Finding::error(
            error.to_string(),
            "set database.sslrootcert, database.sslcert, database.sslkey and database.sslpassword to readable files that fit",
        ),
        CatalogError::Login { .. } if address.password.is_none() => Finding::error(
            format!("the server asks for a password of {} and none is configured", address.user),
            "set database.password",
        ),
        CatalogError::Server { sqlstate, message } => refused(address, sqlstate, message),
        _ => Finding::error(error.to_string(), "run the check again; if it stays so, look into the server's log"),
    }
}

fn tls_failed(why: &str) -> Finding {
    if why.contains("does not support TLS") {
        return Finding::error(
            "the server does not speak TLS and database.sslmode requires it",
            "on the server, with server.crt and server.key in place: ALTER SYSTEM SET ssl = on; SELECT pg_reload_conf(); \
             or set database.sslmode=prefer",
        );
    }
    Finding::error(
        format!("TLS with the server failed: {why}"),
        "set database.sslrootcert to the CA that signed the server's certificate, and database.hostname to a name in it \
         (database.sslmode=verify-ca does not compare the name)",
    )
}

fn refused(address: &Address, sqlstate: &str, message: &str) -> Finding {
    let (user, database) = (quote_ident(&address.user), quote_ident(&address.database));
    match sqlstate {
        "28P01" => Finding::error(
            format!("the server refuses the password of role {}", address.user),
            format!("set database.password, or ALTER ROLE {user} WITH PASSWORD '...';"),
        ),
        // A server may speak any language; the name of the file and the quoted role stay.
        "28000" if message.contains("pg_hba.conf") => hba_missing(address, message, "database connections"),
        "28000" => Finding::error(
            format!("the server does not let role {} in: {message}", address.user),
            format!(
                "CREATE ROLE {user} WITH LOGIN REPLICATION PASSWORD '...'; or, if it exists: ALTER ROLE {user} WITH LOGIN;"
            ),
        ),
        "3D000" => Finding::error(
            format!("database {} does not exist", address.database),
            format!("set database.dbname, or CREATE DATABASE {database};"),
        ),
        "42501" => Finding::error(
            format!("role {} may not connect to database {}: {message}", address.user, address.database),
            format!("GRANT CONNECT ON DATABASE {database} TO {user};"),
        ),
        "53300" => Finding::error(
            format!("the server has no connection left for role {}: {message}", address.user),
            format!("ALTER SYSTEM SET max_connections = ...; and a restart, or ALTER ROLE {user} CONNECTION LIMIT -1;"),
        ),
        "57P03" => Finding::error(format!("the server is not ready: {message}"), "wait until it has started"),
        _ => Finding::error(
            format!("the server refuses the session: {message} (SQLSTATE {sqlstate})"),
            "see the server's log",
        ),
    }
}

/// Logical replication is matched by the database's own lines; the word `replication` there means physical replication.
pub(super) fn hba_missing(address: &Address, message: &str, what: &str) -> Finding {
    let database = &address.database;
    // The server names the address it saw us come from, which behind a proxy is not our own.
    let seen = message.split('"').nth(1).filter(|text| text.parse::<std::net::IpAddr>().is_ok());
    let from = match seen {
        Some(ip) if ip.contains(':') => format!("{ip}/128"),
        Some(ip) => format!("{ip}/32"),
        None => "ADDRESS/32".to_owned(),
    };
    let line = if address.host.starts_with('/') {
        format!("local {database} {} scram-sha-256", address.user)
    } else {
        format!("host {database} {} {from} scram-sha-256", address.user)
    };
    Finding::error(
        format!("pg_hba.conf does not allow {what} of role {}: {message}", address.user),
        format!("add to pg_hba.conf: {line}\nthen SELECT pg_reload_conf();"),
    )
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn remedy(sqlstate: &str, message: &str) -> String {
        let error = CatalogError::Server { sqlstate: sqlstate.to_owned(), message: message.to_owned() };
        failed(&sample::config().address, &error).remedy.unwrap()
    }

    #[test]
    fn a_missing_line_of_pg_hba_is_written_out() {
        let message = r#"no pg_hba.conf entry for host "10.1.2.3", user "me", database "db", no encryption"#;
        assert_eq!(
            remedy("28000", message),
            "add to pg_hba.conf: host db me 10.1.2.3/32 scram-sha-256\nthen SELECT pg_reload_conf();"
        );
        let german = "kein pg_hba.conf-Eintrag für Host »10.1.2.3«";
        assert!(remedy("28000", german).starts_with("add to pg_hba.conf: host db me ADDRESS/32"));
    }

    #[test]
    fn refusals_are_told_apart_by_their_codes() {
        assert!(remedy("28P01", "…").contains(r#"ALTER ROLE "me" WITH PASSWORD"#));
        assert!(remedy("3D000", "…").contains(r#"CREATE DATABASE "db";"#));
        assert!(remedy("42501", "…").contains(r#"GRANT CONNECT ON DATABASE "db" TO "me";"#));
        assert!(remedy("28000", "role \"me\" is not permitted to log in").contains("WITH LOGIN"));
    }
}
