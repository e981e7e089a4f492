//! `walcast offsets`: what it says, and that a start then does it.

use serde_json::{Value, json};

use crate::rig::{Database, Folder, Walcast, connector, drained, run, streaming, unique, wait_for, worker};
use crate::topics::dump;

struct Scene {
    name: String,
    slot: String,
    database: Database,
    folder: Folder,
}

impl Scene {
    fn new(worker_settings: &str) -> Self {
        let name = unique("offsets");
        let (database, folder) = (Database::new(&name), Folder::new());
        database.sql("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1);");
        folder.write("w.properties", &(worker(&name) + worker_settings));
        folder.write("c.json", &json!({ "name": name, "config": connector(&name, &name) }).to_string());
        Self { slot: format!("s_{name}"), name, database, folder }
    }

    fn start(&self) -> Walcast {
        let walcast = Walcast::start(&self.folder, &["--worker", "w.properties", "c.json"]);
        wait_for("the stream", || streaming(&self.slot));
        walcast
    }

    /// Delivers what there is and stops.
    fn deliver(&self) {
        let walcast = self.start();
        drained(&self.name, &self.slot);
        assert_eq!(walcast.stop(), 0);
    }

    fn offsets(&self, arguments: &[&str]) -> (i32, String) {
        let (action, options) = arguments.split_first().expect("an action");
        let fixed = ["offsets", action, "c.json", "--worker", "w.properties"];
        run(&self.folder, &[fixed.as_slice(), options].concat())
    }

    fn ids(&self) -> Vec<i64> {
        dump(|topic| topic == format!("{}.public.t", self.name))
            .iter()
            .map(|line| serde_json::from_slice::<Value>(line.key.as_deref().expect("a key")).expect("JSON"))
            .map(|key| key["payload"]["id"].as_i64().expect("an id"))
            .collect()
    }
}

#[test]
fn a_position_is_shown_moved_and_forgotten() {
    moved("");
}

#[test]
fn the_same_in_a_file() {
    // Only the place of the offsets differs; records still go to Kafka.
    moved("offset.storage.file.filename=offsets.dat\n");
}

fn moved(worker_settings: &str) {
    let scene = Scene::new(worker_settings);
    let (code, text) = scene.offsets(&["show"]);
    assert!(code == 0 && text.contains("stored      nothing") && text.contains("does not exist"), "{text}");
    assert!(text.contains("next start  reads every captured table again, then streams"), "{text}");

    let walcast = scene.start();
    let (code, text) = scene.offsets(&["set", "--lsn", "0/0", "--apply"]);
    assert!(code == 1, "{text}");
    let (code, text) = scene.offsets(&["reset", "--apply"]);
    assert!(code == 1 && text.contains("the connector runs: its slot is in use by PID"), "{text}");
    drained(&scene.name, &scene.slot);
    assert_eq!(walcast.stop(), 0);

    // A gap, on purpose.
    scene.database.sql("INSERT INTO t VALUES (2)");
    let to = scene.database.sql("SELECT pg_current_wal_insert_lsn()");
    scene.database.sql("INSERT INTO t VALUES (3)");
    let (code, text) = scene.offsets(&["set", "--lsn", &to]);
    assert!(code == 0 && text.contains("this would skip") && text.contains("nothing was changed"), "{text}");
    let (code, text) = scene.offsets(&["set", "--lsn", &to, "--apply"]);
    assert!(code == 0 && text.contains("done"), "{text}");
    let (_, text) = scene.offsets(&["show"]);
    assert!(text.contains(&format!("streaming: everything up to {to} is delivered")), "{text}");
    scene.deliver();
    assert_eq!(scene.ids(), [1, 3]);

    let (code, text) = scene.offsets(&["set", "--lsn", &to, "--apply"]);
    assert!(code == 1 && text.contains("the server has given up what comes before"), "{text}");
    let (code, text) = scene.offsets(&["set", "--lsn", "FFFF/0", "--apply"]);
    assert!(code == 1 && text.contains("beyond the end of the server's WAL"), "{text}");

    let (code, text) = scene.offsets(&["reset", "--apply"]);
    assert!(code == 0 && text.contains("reads every captured table again"), "{text}");
    scene.deliver();
    assert_eq!(scene.ids(), [1, 3, 1, 2, 3]);
}

#[test]
fn a_position_that_cannot_be_read_is_shown_and_mended() {
    let scene = Scene::new("offset.storage.file.filename=offsets.dat\n");
    scene.deliver();
    let key = format!("[\"{0}\",{{\"server\":\"{0}\"}}]", scene.name);
    scene.folder.write("offsets.dat", &json!({ key: { "lsn": "somewhere" } }).to_string());
    let (code, text) = scene.offsets(&["show"]);
    assert!(code == 0 && text.contains("UNREADABLE") && text.contains(r#"{"lsn":"somewhere"}"#), "{text}");
    assert!(text.contains("next start  is REFUSED") && text.contains("wal_status reserved"), "{text}");

    let to = scene.database.sql("SELECT pg_current_wal_lsn()");
    let (code, text) = scene.offsets(&["set", "--lsn", &to, "--apply"]);
    assert!(code == 0 && text.contains("done"), "{text}");
    scene.database.sql("INSERT INTO t VALUES (2)");
    scene.deliver();
    assert_eq!(scene.ids(), [1, 2]);
}
