//! Slots and topics that are not what they were: noticed, said, and mended as far as the settings allow.

use serde_json::json;

use crate::rig::{sql, streaming, wait_for};
use crate::scene::{Scene, TABLE};
use crate::topics::{count, delete};

fn scene(what: &str) -> Scene {
    let mut scene = Scene::new(what, TABLE);
    scene.config["retriable.restart.connector.wait.ms"] = json!("200");
    scene
}

fn records(scene: &Scene) -> i64 {
    count(&format!("{}.public.t", scene.name))
}

/// Starts, and answers what the task failed with.
fn refusal(scene: &Scene) -> String {
    let walcast = scene.start();
    wait_for("the refusal", || walcast.task(&scene.name)["state"] == "FAILED");
    let trace = walcast.task(&scene.name)["trace"].to_string();
    assert_eq!(walcast.stop(), 0);
    trace
}

#[test]
fn a_slot_that_is_gone_or_new_is_refused_until_a_snapshot_may_be_taken() {
    let mut scene = scene("gone");
    let walcast = scene.stream();
    scene.drained();
    assert_eq!(walcast.stop(), 0);
    scene.database.sql("INSERT INTO t VALUES (2)");
    sql("postgres", &format!("SELECT pg_drop_replication_slot('{}')", scene.slot));
    let trace = refusal(&scene);
    assert!(trace.contains("does not exist") && trace.contains("snapshot.mode=when_needed"), "{trace}");
    scene.database.sql(&format!("SELECT pg_create_logical_replication_slot('{}', 'pgoutput')", scene.slot));
    let trace = refusal(&scene);
    assert!(trace.contains("made anew") && trace.contains("snapshot.mode=when_needed"), "{trace}");
    assert_eq!(records(&scene), 1);

    scene.config["snapshot.mode"] = json!("when_needed");
    let walcast = scene.stream();
    scene.drained();
    assert_eq!(records(&scene), 3, "both rows, read again");
    scene.database.sql("INSERT INTO t VALUES (3)");
    scene.drained();
    assert_eq!(records(&scene), 4);
    assert_eq!(walcast.stop(), 0);
}

#[test]
fn a_slot_dropped_while_it_is_read_is_noticed_whatever_it_meets() {
    let mut scene = scene("dropped");
    scene.config["snapshot.mode"] = json!("when_needed");
    let walcast = scene.stream();
    for round in 2..6 {
        scene.drained();
        // Its reader is ended and comes back at once: the drop is somewhere between its looking and its reading.
        scene.database.sql(&format!(
            "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '{slot}';
             DO $$ BEGIN
                 FOR n IN 1..1000 LOOP
                     BEGIN
                         PERFORM pg_drop_replication_slot('{slot}');
                         EXIT;
                     EXCEPTION WHEN object_in_use THEN
                         PERFORM pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '{slot}';
                     END;
                 END LOOP;
             END $$;
             INSERT INTO t VALUES ({round})",
            slot = scene.slot
        ));
        wait_for("the row, read again", || {
            assert_ne!(walcast.task(&scene.name)["state"], "FAILED", "{}", walcast.task(&scene.name));
            scene.ids().contains(&round)
        });
        wait_for("the stream", || streaming(&scene.slot));
    }
    assert_eq!(walcast.stop(), 0);
}

#[test]
fn a_topic_deleted_underneath_is_made_again() {
    let scene = scene("deleted");
    let walcast = scene.stream();
    scene.drained();
    delete(&[format!("{}.public.t", scene.name)]);
    scene.database.sql("INSERT INTO t VALUES (2)");
    wait_for("the record in the new topic", || records(&scene) == 1);
    scene.drained();
    assert_eq!(walcast.task(&scene.name)["state"], "RUNNING");
    assert_eq!(walcast.stop(), 0);
}
