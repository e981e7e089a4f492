//! Reading one file and writing two, and what is still to be settled before they run.

use std::fmt;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::{Converted, LeftOut, convert};
use crate::settings::connector::{named, resolve};
use crate::settings::worker::Worker;
use crate::settings::{Problem, read_file, to_properties};
use crate::supervisor::{Store, StoreError, Target};

#[derive(Debug, thiserror::Error)]
pub enum ConvertError {
    #[error("{0}")]
    Unreadable(Problem),
    #[error("{} holds no setting of Debezium Server (debezium.source.*, debezium.sink.*)", path.display())]
    Foreign { path: PathBuf },
    #[error("{} exists already: choose another folder with --into", path.display())]
    Exists { path: PathBuf },
    #[error("cannot write {}: {why}", path.display())]
    Unwritable { path: PathBuf, why: String },
    #[error(transparent)]
    Connector(#[from] StoreError),
}

/// What was written, and what was not.
pub struct Outcome {
    connector: PathBuf,
    worker: PathBuf,
    left_out: Vec<LeftOut>,
    /// Why a start would be refused as it is.
    problems: Vec<Problem>,
}

impl Outcome {
    pub fn is_complete(&self) -> bool {
        self.left_out.is_empty() && self.problems.is_empty()
    }
}

/// Writes `worker.properties` and `connectors/NAME.json` into a folder, where neither may exist.
pub async fn run(file: &Path, into: &Path) -> Result<Outcome, ConvertError> {
    let written = read_file(file).map_err(ConvertError::Unreadable)?;
    let ours = |key: &str| key.to_lowercase().replace('_', ".").contains("debezium.");
    if !written.iter().any(|(key, _)| ours(key)) {
        return Err(ConvertError::Foreign { path: file.to_owned() });
    }
    let Converted { name, connector, worker, left_out } = convert(&written);
    let (folder, worker_file) = (into.join("connectors"), into.join("worker.properties"));
    let connector_file = folder.join(format!("{name}.json"));
    if let Some(path) = [&worker_file, &connector_file].into_iter().find(|path| path.exists()) {
        return Err(ConvertError::Exists { path: path.clone() });
    }
    let unwritable = |why: std::io::Error| ConvertError::Unwritable { path: worker_file.clone(), why: why.to_string() };
    std::fs::create_dir_all(into).map_err(unwritable)?;
    // Its owner's only: it may hold passwords. So may the connector's, which the store sees to.
    let opened = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&worker_file);
    opened.and_then(|mut file| file.write_all(to_properties(&worker).as_bytes())).map_err(unwritable)?;
    let connector = named(connector, &name);
    Store::Folder(folder).put(&name, &connector, Target::Running).await?;
    let problems = match Worker::load(Some(&worker_file), []) {
        Ok((worker, _)) => resolve(&name, &connector, &worker).err().unwrap_or_default(),
        Err(problems) => problems,
    };
    Ok(Outcome { connector: connector_file, worker: worker_file, left_out, problems })
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (connector, worker) = (self.connector.display(), self.worker.display());
        writeln!(f, "wrote {connector} and {worker}")?;
        if !self.left_out.is_empty() {
            writeln!(f, "\nleft out:")?;
        }
        for LeftOut { key, why } in &self.left_out {
            writeln!(f, "  {key}: {why}")?;
        }
        if !self.problems.is_empty() {
            writeln!(f, "\nto be settled before it runs:")?;
        }
        for problem in &self.problems {
            writeln!(f, "  {problem}")?;
        }
        writeln!(f, "\nnext: stop the old server, then walcast check {connector} --worker {worker}")
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn folder() -> PathBuf {
        std::env::temp_dir().join(format!("walcast-convert-{}-{:?}", std::process::id(), std::thread::current().id()))
    }

    #[tokio::test]
    async fn what_is_written_can_be_started_and_is_not_overwritten() {
        let folder = folder();
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("application.properties");
        std::fs::write(
            &file,
            "debezium.sink.type=kafka\ndebezium.sink.kafka.producer.bootstrap.servers=b:9092\n\
             debezium.source.connector.class=io.debezium.connector.postgresql.PostgresConnector\n\
             debezium.source.database.hostname=db\ndebezium.source.database.user=me\n\
             debezium.source.database.password=p\\u00e4 ss\ndebezium.source.database.dbname=shop\n\
             debezium.source.topic.prefix=shop\ndebezium.source.plugin.name=pgoutput\n\
             debezium.source.offset.storage.topic=offsets\n",
        )
        .unwrap();
        let outcome = run(&file, &folder).await.unwrap();
        assert!(outcome.is_complete(), "{outcome}");
        let text = std::fs::read_to_string(&outcome.connector).unwrap();
        assert!(text.contains(r#""database.password": "pä ss""#) && text.contains(r#""name": "kafka""#), "{text}");
        for path in [&outcome.connector, &outcome.worker] {
            assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
        }
        assert!(matches!(run(&file, &folder).await, Err(ConvertError::Exists { .. })));
        std::fs::write(&file, "a=b\n").unwrap();
        assert!(matches!(run(&file, &folder).await, Err(ConvertError::Foreign { .. })));
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[tokio::test]
    async fn what_would_be_refused_at_the_start_is_told() {
        let folder = folder();
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("application.yaml");
        std::fs::write(&file, "debezium:\n  sink:\n    type: kafka\n  source:\n    snapshot.mode: custom\n").unwrap();
        let outcome = run(&file, &folder).await.unwrap();
        let text = outcome.to_string();
        assert!(!outcome.is_complete());
        for part in ["snapshot.mode", "'database.hostname' value is invalid: A value is required"] {
            assert!(text.contains(part), "{text}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
