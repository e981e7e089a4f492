//! A server on this machine is spoken to by its unix socket.
//!
//! Over loopback TCP a walsender, which sends every row by itself, spends about half of its time in the network stack;
//! and the walsender is what bounds a slot's rate. So where `database.hostname` names this machine, the way of the
//! socket is tried once the server has let us in by TCP, and taken if it leads to the same server. The folder is the
//! server's own word, or that of the distributions, which only the server's owner can write to: nobody else can put a
//! socket there that waits for a password.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use tokio::time::timeout;

use crate::catalog::Catalog;
use crate::pg::Address;

use super::Config;

/// Where distributions put sockets.
const FOLDER: &str = "/var/run/postgresql";
/// A login by the socket takes milliseconds.
const LOGIN: Duration = Duration::from_secs(1);

/// The same server by its socket, and a session there; `None`: go on by TCP.
pub(super) async fn by_socket(config: &Config, known: &Catalog) -> Option<(Address, Catalog)> {
    let address = &config.address;
    // Who asked for TLS shall see TLS.
    if !config.unix_socket || address.tls.mode.is_binding() || !is_this_machine(&address.host) {
        return None;
    }
    let known = known.whereabouts().await.ok()?;
    let folders = if known.socket_folders.is_empty() { FOLDER } else { &known.socket_folders };
    for folder in folders.split(',').map(|folder| folder.trim().trim_matches('"')) {
        if !folder.starts_with('/') || !Path::new(folder).join(format!(".s.PGSQL.{}", address.port)).exists() {
            continue;
        }
        let near = Address { host: folder.to_owned(), ..address.clone() };
        let Ok(Ok(catalog)) = timeout(LOGIN, Catalog::connect(&near, &config.initial_statements)).await else {
            tracing::debug!(folder, "the server does not let us in by its unix socket: going on by TCP");
            continue;
        };
        if catalog.whereabouts().await.is_ok_and(|found| found.started == known.started) {
            return Some((near, catalog));
        }
    }
    None
}

fn is_this_machine(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_loopback_is_this_machine() {
        for (host, expected) in [
            ("localhost", true),
            ("127.0.0.1", true),
            ("127.1.2.3", true),
            ("::1", true),
            ("db", false),
            ("10.0.0.1", false),
        ] {
            assert_eq!(is_this_machine(host), expected, "{host}");
        }
    }
}
