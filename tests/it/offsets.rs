//! `walcast offsets`: what it says, and that a start then does it.

use serde_json::json;

use crate::rig::run;
use crate::scene::{Scene, TABLE};

fn scene(worker_settings: &str) -> Scene {
    let mut scene = Scene::new("offsets", TABLE);
    scene.worker += worker_settings;
    scene.write();
    scene
}

/// Delivers what there is and stops.
fn deliver(scene: &Scene) {
    let walcast = scene.stream();
    scene.drained();
    assert_eq!(walcast.stop(), 0);
}

fn offsets(scene: &Scene, arguments: &[&str]) -> (i32, String) {
    let (action, options) = arguments.split_first().expect("an action");
    let fixed = ["offsets", action, "c.json", "--worker", "w.properties"];
    run(&scene.folder, &[fixed.as_slice(), options].concat())
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
    let scene = scene(worker_settings);
    let (code, text) = offsets(&scene, &["show"]);
    assert!(code == 0 && text.contains("stored      nothing") && text.contains("does not exist"), "{text}");
    assert!(text.contains("next start  reads every captured table again, then streams"), "{text}");

    let walcast = scene.stream();
    let (code, text) = offsets(&scene, &["set", "--lsn", "0/0", "--apply"]);
    assert!(code == 1, "{text}");
    let (code, text) = offsets(&scene, &["reset", "--apply"]);
    assert!(code == 1 && text.contains("the connector runs: its slot is in use by PID"), "{text}");
    scene.drained();
    assert_eq!(walcast.stop(), 0);

    // A gap, on purpose.
    scene.database.sql("INSERT INTO t VALUES (2)");
    let to = scene.database.sql("SELECT pg_current_wal_insert_lsn()");
    scene.database.sql("INSERT INTO t VALUES (3)");
    let (code, text) = offsets(&scene, &["set", "--lsn", &to]);
    assert!(code == 0 && text.contains("this would skip") && text.contains("nothing was changed"), "{text}");
    let (code, text) = offsets(&scene, &["set", "--lsn", &to, "--apply"]);
    assert!(code == 0 && text.contains("done"), "{text}");
    let (_, text) = offsets(&scene, &["show"]);
    assert!(text.contains(&format!("streaming: everything up to {to} is delivered")), "{text}");
    deliver(&scene);
    assert_eq!(scene.ids(), [1, 3]);

    let (code, text) = offsets(&scene, &["set", "--lsn", &to, "--apply"]);
    assert!(code == 1 && text.contains("the server has given up what comes before"), "{text}");
    let (code, text) = offsets(&scene, &["set", "--lsn", "FFFF/0", "--apply"]);
    assert!(code == 1 && text.contains("beyond the end of the server's WAL"), "{text}");

    let (code, text) = offsets(&scene, &["reset", "--apply"]);
    assert!(code == 0 && text.contains("reads every captured table again"), "{text}");
    deliver(&scene);
    assert_eq!(scene.ids(), [1, 3, 1, 2, 3]);
}

#[test]
fn a_position_that_cannot_be_read_is_shown_and_mended() {
    let scene = scene("offset.storage.file.filename=offsets.dat\n");
    deliver(&scene);
    let key = format!("[\"{0}\",{{\"server\":\"{0}\"}}]", scene.name);
    scene.folder.write("offsets.dat", &json!({ key: { "lsn": "somewhere" } }).to_string());
    let (code, text) = offsets(&scene, &["show"]);
    assert!(code == 0 && text.contains("UNREADABLE") && text.contains(r#"{"lsn":"somewhere"}"#), "{text}");
    assert!(text.contains("next start  is REFUSED") && text.contains("wal_status reserved"), "{text}");

    let to = scene.database.sql("SELECT pg_current_wal_lsn()");
    let (code, text) = offsets(&scene, &["set", "--lsn", &to, "--apply"]);
    assert!(code == 0 && text.contains("done"), "{text}");
    scene.database.sql("INSERT INTO t VALUES (2)");
    deliver(&scene);
    assert_eq!(scene.ids(), [1, 2]);
}
