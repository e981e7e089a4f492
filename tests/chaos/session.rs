//! An SQL connection straight to the server, that outlives the server.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

use crate::rig::{PATIENCE, postgres, sleep};

/// Of the next transaction.
static TOKEN: AtomicU64 = AtomicU64::new(1);

pub struct Session {
    runtime: Runtime,
    client: Client,
    database: String,
}

/// How a transaction ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    Committed(u32),
    RolledBack,
}

impl Session {
    /// Waits for the server if need be.
    pub fn open(database: &str) -> Self {
        let pg = postgres();
        let mut config = tokio_postgres::Config::new();
        config.host(&pg.host).port(pg.port).user(&pg.user).password(&pg.password).dbname(database);
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let end = Instant::now() + PATIENCE;
        loop {
            match runtime.block_on(config.connect(NoTls)) {
                Ok((client, connection)) => {
                    runtime.spawn(connection);
                    return Self { runtime, client, database: database.to_owned() };
                }
                Err(e) => assert!(Instant::now() < end, "{database}: {e}"),
            }
            sleep(Duration::from_millis(20));
        }
    }

    /// The first column of each row.
    pub fn try_run(&self, script: &str) -> Result<Vec<String>, tokio_postgres::Error> {
        Ok(self.rows(script)?.into_iter().filter_map(|row| row.into_iter().next()).collect())
    }

    /// The same over a new connection if this one is gone.
    pub fn run(&mut self, script: &str) -> Vec<String> {
        loop {
            match self.try_run(script) {
                Ok(rows) => return rows,
                Err(e) => {
                    let refused = e.as_db_error().is_some_and(|e| !e.code().code().starts_with("57P"));
                    assert!(!refused, "{script}: {e:?}");
                    *self = Self::open(&self.database);
                }
            }
        }
    }

    pub fn rows(&self, script: &str) -> Result<Vec<Vec<String>>, tokio_postgres::Error> {
        let answer = self.runtime.block_on(self.client.simple_query(script))?;
        let rows = answer.into_iter().filter_map(|message| match message {
            SimpleQueryMessage::Row(row) => {
                Some((0..row.len()).map(|at| row.get(at).unwrap_or_default().to_owned()).collect())
            }
            _ => None,
        });
        Ok(rows.collect())
    }

    /// Runs `script` as one transaction. When the server goes away in the middle it is asked afterwards what became of it.
    pub fn transaction(&mut self, script: &str, commit: bool) -> Outcome {
        let token = TOKEN.fetch_add(1, Ordering::Relaxed);
        let begin = format!("BEGIN; SELECT pg_current_xact_id(); INSERT INTO settled VALUES ({token});");
        let begun = self.try_run(&format!("{begin} {script}"));
        let xid: u64 = match &begun {
            Ok(rows) => rows.first().and_then(|xid| xid.parse().ok()).expect("a transaction id"),
            Err(e) => {
                // Deadlocks and lock timeouts of table changes; everything else a living server says is a mistake here.
                let code = e.as_db_error().map_or("", |e| e.code().code()).to_owned();
                assert!(["", "40P01", "55P03"].contains(&&*code) || code.starts_with("57P"), "{script}: {e:?}");
                if self.try_run("ROLLBACK").is_err() {
                    *self = Self::open(&self.database);
                }
                return Outcome::RolledBack;
            }
        };
        let committed = match self.try_run(if commit { "COMMIT" } else { "ROLLBACK" }) {
            Ok(_) => commit,
            Err(_) => {
                *self = Self::open(&self.database);
                self.settled(xid, token) && commit
            }
        };
        if committed {
            Outcome::Committed(u32::try_from(xid & u64::from(u32::MAX)).expect("32 bits"))
        } else {
            Outcome::RolledBack
        }
    }

    /// Whether the transaction that wrote `token` was committed. Not asked by its id: a server that crashed gives the ids
    /// that were lost with it to others.
    fn settled(&mut self, xid: u64, token: u64) -> bool {
        let low = xid & u64::from(u32::MAX);
        while !self.run(&format!("SELECT pid FROM pg_stat_activity WHERE backend_xid::text = '{low}'")).is_empty() {
            sleep(Duration::from_millis(20));
        }
        !self.run(&format!("SELECT token FROM settled WHERE token = {token}")).is_empty()
    }
}
