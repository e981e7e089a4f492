//! Opening the SQL session: TLS as libpq's `sslmode` says, settings pinned, the driver task started.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::{Client, NoTls};

use super::CatalogError;
use super::cover::Cover;
use crate::pg;
use crate::pg::TlsMode;

/// How long greeting, TLS and login may take once the connection stands; `connect_timeout` covers what comes before.
const LOGIN_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a goodbye may take.
const FAREWELL: Duration = Duration::from_secs(1);

/// The socket's half of a session. Ends with the value that holds it.
#[derive(Debug)]
pub(super) struct Driver(JoinHandle<()>);

impl Driver {
    /// Lets the goodbye out that follows a dropped client.
    pub(super) async fn finish(mut self) {
        // Elapsed or failed: dropping ends it all the same.
        let _ = timeout(FAREWELL, &mut self.0).await;
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// A session that has logged in and nothing more.
pub(super) struct Opened {
    pub(super) client: Client,
    pub(super) driver: Driver,
    /// `server_version_num`; 0 when the server says nothing we understand.
    version: u32,
}

pub(super) async fn open(address: &pg::Address) -> Result<Opened, CatalogError> {
    match address.tls.mode {
        // A unix socket knows no TLS; libpq ignores the mode there too.
        _ if address.host.starts_with('/') => attempt(address, SslMode::Disable).await,
        TlsMode::Disable => attempt(address, SslMode::Disable).await,
        TlsMode::Allow => match attempt(address, SslMode::Disable).await {
            Err(error) if is_refused_entry(&error) => attempt(address, SslMode::Require).await,
            outcome => outcome,
        },
        TlsMode::Prefer => match attempt(address, SslMode::Prefer).await {
            Err(error) if is_refused_entry(&error) || matches!(error, CatalogError::Tls { .. }) => {
                tracing::info!(host = address.host, "going on without TLS, as sslmode=prefer allows: {error}");
                attempt(address, SslMode::Disable).await
            }
            outcome => outcome,
        },
        TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => attempt(address, SslMode::Require).await,
    }
}

/// `pg_hba.conf` has no line for this connection with (or without) TLS.
fn is_refused_entry(error: &CatalogError) -> bool {
    error.sqlstate() == Some("28000")
}

async fn attempt(address: &pg::Address, mode: SslMode) -> Result<Opened, CatalogError> {
    let config = session_config(address, mode);
    let connecting = async {
        if matches!(mode, SslMode::Disable) {
            let (client, connection) = config.connect(NoTls).await?;
            Ok(drive(client, connection))
        } else {
            let (client, connection) = config.connect(Cover(address.tls.clone())).await?;
            Ok(drive(client, connection))
        }
    };
    let limit = address.connect_timeout + LOGIN_TIMEOUT;
    match timeout(limit, connecting).await {
        Ok(Err(CatalogError::Lost { why })) => {
            Err(CatalogError::Unreachable { host: address.host.clone(), port: address.port, why })
        }
        Ok(outcome) => outcome,
        Err(_) => Err(CatalogError::TimedOut { doing: "logging in", seconds: limit.as_secs() }),
    }
}

fn session_config(address: &pg::Address, mode: SslMode) -> tokio_postgres::Config {
    let mut config = tokio_postgres::Config::new();
    config
        .host(&address.host)
        .port(address.port)
        .user(&address.user)
        .dbname(&address.database)
        .application_name(&address.application_name)
        .ssl_mode(mode)
        .keepalives(address.tcp_keepalive)
        .keepalives_idle(pg::KEEPALIVE_IDLE)
        .keepalives_interval(pg::KEEPALIVE_INTERVAL)
        .keepalives_retries(pg::KEEPALIVE_RETRIES)
        .tcp_user_timeout(pg::UNACKNOWLEDGED);
    // Zero is "no limit" to pgjdbc.
    if !address.connect_timeout.is_zero() {
        config.connect_timeout(address.connect_timeout);
    }
    if let Some(password) = &address.password {
        config.password(password.reveal());
    }
    config
}

fn drive<S, T>(client: Client, connection: tokio_postgres::Connection<S, T>) -> Opened
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let version = connection.parameter("server_version").and_then(pg::session::version_number).unwrap_or(0);
    let driver = Driver(tokio::spawn(async move {
        if let Err(error) = connection.await {
            tracing::debug!("SQL session ended: {}", CatalogError::from(error));
        }
    }));
    Opened { client, driver, version }
}

impl Opened {
    /// The user's own statements first, then ours: our settings are the text format of every value and stand whatever
    /// the database, the role or those statements say.
    pub(super) async fn prepare(
        &self,
        address: &pg::Address,
        initial_statements: &[String],
    ) -> Result<(), CatalogError> {
        for statement in initial_statements {
            self.client.batch_execute(statement).await?;
        }
        Ok(self.client.batch_execute(&pg::session::statements(address, self.version)).await?)
    }
}
