//! Slots and topics that are not what they were: noticed, said, and mended as far as the settings allow.

use serde_json::json;

use crate::rig::{Database, Folder, Walcast, connector, drained, sql, streaming, unique, wait_for, worker};
use crate::topics::{count, delete};

struct Scene {
    name: String,
    slot: String,
    database: Database,
    folder: Folder,
}

impl Scene {
    fn new(what: &str) -> Self {
        let name = unique(what);
        let (database, folder) = (Database::new(&name), Folder::new());
        database.sql("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1);");
        folder.write("w.properties", &worker(&name));
        Self { slot: format!("s_{name}"), name, database, folder }
    }

    fn start(&self, snapshot_mode: &str) -> Walcast {
        let mut config = connector(&self.name, &self.name);
        config["snapshot.mode"] = json!(snapshot_mode);
        config["retriable.restart.connector.wait.ms"] = json!("200");
        self.folder.write("c.json", &json!({ "name": self.name, "config": config }).to_string());
        Walcast::start(&self.folder, &["--worker", "w.properties", "c.json"])
    }

    fn deliver(&self, walcast: &Walcast) {
        wait_for("the stream", || {
            let task = walcast.task(&self.name);
            assert_ne!(task["state"], "FAILED", "{}", task["trace"]);
            streaming(&self.slot)
        });
        drained(&self.name, &self.slot);
    }

    fn records(&self) -> i64 {
        count(&format!("{}.public.t", self.name))
    }

    /// Starts, and answers what the task failed with.
    fn refusal(&self) -> String {
        let walcast = self.start("initial");
        wait_for("the refusal", || walcast.task(&self.name)["state"] == "FAILED");
        let trace = walcast.task(&self.name)["trace"].to_string();
        assert_eq!(walcast.stop(), 0);
        trace
    }
}

#[test]
fn a_slot_that_is_gone_or_new_is_refused_until_a_snapshot_may_be_taken() {
    let scene = Scene::new("gone");
    let walcast = scene.start("initial");
    scene.deliver(&walcast);
    assert_eq!(walcast.stop(), 0);
    scene.database.sql("INSERT INTO t VALUES (2)");
    sql("postgres", &format!("SELECT pg_drop_replication_slot('{}')", scene.slot));
    let trace = scene.refusal();
    assert!(trace.contains("does not exist") && trace.contains("snapshot.mode=when_needed"), "{trace}");
    scene.database.sql(&format!("SELECT pg_create_logical_replication_slot('{}', 'pgoutput')", scene.slot));
    let trace = scene.refusal();
    assert!(trace.contains("made anew") && trace.contains("snapshot.mode=when_needed"), "{trace}");
    assert_eq!(scene.records(), 1);

    let walcast = scene.start("when_needed");
    scene.deliver(&walcast);
    assert_eq!(scene.records(), 3, "both rows, read again");
    scene.database.sql("INSERT INTO t VALUES (3)");
    drained(&scene.name, &scene.slot);
    assert_eq!(scene.records(), 4);
    assert_eq!(walcast.stop(), 0);
}

#[test]
fn a_topic_deleted_underneath_is_made_again() {
    let scene = Scene::new("deleted");
    let walcast = scene.start("initial");
    scene.deliver(&walcast);
    delete(&[format!("{}.public.t", scene.name)]);
    scene.database.sql("INSERT INTO t VALUES (2)");
    wait_for("the record in the new topic", || scene.records() == 1);
    drained(&scene.name, &scene.slot);
    assert_eq!(walcast.task(&scene.name)["state"], "RUNNING");
    assert_eq!(walcast.stop(), 0);
}
