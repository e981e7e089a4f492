//! Whether a database can be logged in to: asked before a connector is taken on, as Debezium does.

use std::time::Duration;

use tokio::time::timeout;

use super::Config;
use crate::catalog::{Catalog, CatalogError};

/// Logs in and leaves. Err: why not, in the words of Debezium's driver where it has some.
pub async fn reach(config: &Config, patience: Duration) -> Result<(), String> {
    match timeout(patience, Catalog::connect(&config.address, &[])).await {
        Ok(Ok(catalog)) => {
            catalog.close().await;
            Ok(())
        }
        Ok(Err(error)) => Err(words(&error)),
        Err(_) => Err(format!("no answer from the server within {} s", patience.as_secs())),
    }
}

fn words(error: &CatalogError) -> String {
    match error {
        CatalogError::Unreachable { host, port, why } if why.to_lowercase().contains("refused") => format!(
            "Connection to {host}:{port} refused. Check that the hostname and port are correct and that the postmaster \
             is accepting TCP/IP connections."
        ),
        // Whatever a server says to a login ends the session.
        CatalogError::Server { message, .. } => format!("FATAL: {message}"),
        other => other.to_string(),
    }
}
