//! A user's statement: run, or foreseen as far as that shows without running it. Names in it are the user's, while our
//! sessions see nothing but `pg_catalog`.

use tokio_postgres::error::SqlState;

use super::{Catalog, CatalogError};

/// What the user's sessions see, and ours.
const THEIR_NAMES: &str = "SET search_path = \"$user\", public";
const OUR_NAMES: &str = "SET search_path = pg_catalog";

impl Catalog {
    /// Runs it, in one implicit transaction with whatever it consists of.
    pub async fn execute_as_written(&self, statement: &str) -> Result<(), CatalogError> {
        self.execute(&format!("{THEIR_NAMES}; {statement}; {OUR_NAMES}")).await
    }

    /// Parses and plans it, which finds bad syntax, what does not exist and what is not allowed: `Some` is the server's
    /// answer when it were to fail. Commands that cannot be planned, and several in one, are taken for good.
    pub async fn foresee(&self, statement: &str) -> Result<Option<CatalogError>, CatalogError> {
        let statement = statement.trim().trim_end_matches(';');
        if statement.contains(';') {
            return Ok(None);
        }
        self.execute(THEIR_NAMES).await?;
        let foreseen = self.plan(statement).await;
        self.execute(OUR_NAMES).await?;
        match foreseen {
            Ok(()) => Ok(None),
            Err(error) if error.sqlstate().is_none() => Err(error),
            // Somebody holds the table just now.
            Err(error) => Ok(Some(error).filter(|error| !error.is_transient())),
        }
    }

    async fn plan(&self, statement: &str) -> Result<(), CatalogError> {
        // By itself first: EXPLAIN takes options, and one of them runs what follows.
        self.client.prepare(statement).await?;
        match self.rows(&format!("EXPLAIN {statement}"), &[]).await {
            Err(error) if error.sqlstate() == Some(SqlState::SYNTAX_ERROR.code()) => Ok(()),
            planned => planned.map(drop),
        }
    }
}
