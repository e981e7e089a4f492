//! What most tests begin with: a database, a connector on it, and a folder to start walcast in.

use serde_json::{Value, json};

use crate::rig::{Database, Folder, Walcast, connector, drained, streaming, unique, wait_for, worker};
use crate::topics::dump;

/// One table, one row.
pub const TABLE: &str = "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1);";

pub struct Scene {
    pub name: String,
    pub slot: String,
    pub database: Database,
    pub folder: Folder,
    /// Settings of the connector and of the worker, in effect from the next start.
    pub config: Value,
    pub worker: String,
}

impl Scene {
    pub fn new(what: &str, setup: &str) -> Self {
        let name = unique(what);
        let (database, folder) = (Database::new(&name), Folder::new());
        database.sql(setup);
        let (config, worker) = (connector(&name, &name), worker(&name));
        Self { slot: format!("s_{name}"), database, folder, config, worker, name }
    }

    /// As it is POSTed.
    pub fn document(&self) -> String {
        json!({ "name": self.name, "config": self.config }).to_string()
    }

    /// `w.properties` and `c.json`.
    pub fn write(&self) {
        self.folder.write("w.properties", &self.worker);
        self.folder.write("c.json", &self.document());
    }

    pub fn start(&self) -> Walcast {
        self.write();
        Walcast::start(&self.folder, &["--worker", "w.properties", "c.json"])
    }

    /// Starts and waits for the stream.
    pub fn stream(&self) -> Walcast {
        let walcast = self.start();
        wait_for("the stream", || {
            let task = walcast.task(&self.name);
            assert_ne!(task["state"], "FAILED", "{}", task["trace"]);
            streaming(&self.slot)
        });
        walcast
    }

    /// Waits until everything is delivered and confirmed.
    pub fn drained(&self) {
        drained(&self.name, &self.slot);
    }

    /// Of the table `t`, as they lie in Kafka.
    pub fn ids(&self) -> Vec<i64> {
        dump(|topic| topic == format!("{}.public.t", self.name))
            .iter()
            .map(|line| serde_json::from_slice::<Value>(line.key.as_deref().expect("a key")).expect("JSON"))
            .map(|key| key["payload"]["id"].as_i64().expect("an id"))
            .collect()
    }
}
