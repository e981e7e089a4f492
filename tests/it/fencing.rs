//! Two instances of one connector. Under exactly-once delivery the later one takes over, and the earlier one says so; at
//! least once, the later one waits for the slot, names who holds it, and goes on where the other stopped.

use serde_json::json;

use crate::rig::{ask, streaming, wait_for};
use crate::scene::{Scene, TABLE};

#[test]
fn a_second_instance_takes_over_and_the_first_says_so() {
    let mut scene = Scene::new("fence", TABLE);
    scene.worker += "exactly.once.source.support=enabled\n";
    scene.config["exactly.once.support"] = json!("required");
    scene.config["retriable.restart.connector.wait.ms"] = json!("200");
    let first = scene.stream();
    scene.database.sql("INSERT INTO t VALUES (2)");
    scene.drained();

    let second = scene.start();
    scene.database.sql("INSERT INTO t VALUES (3)");
    wait_for("the first to be fenced", || first.task(&scene.name)["state"] == "FAILED");
    let trace = first.task(&scene.name)["trace"].to_string();
    assert!(trace.contains("another producer with the same transactional id"), "{trace}");
    scene.drained();
    assert_eq!(second.task(&scene.name)["state"], "RUNNING");
    assert_eq!((first.stop(), second.stop()), (0, 0));

    assert_eq!(scene.ids(), [1, 2, 3]);
}

#[test]
fn a_second_instance_waits_for_the_slot_and_goes_on_where_the_first_stopped() {
    let scene = Scene::new("wait", TABLE);
    let first = scene.stream();
    let second = scene.start();
    let holder = ask(&format!("SELECT active_pid FROM pg_replication_slots WHERE slot_name = '{}'", scene.slot));
    wait_for("the second to name who holds the slot", || {
        second.log().contains(&format!("is active for PID {holder} ("))
    });
    scene.database.sql("INSERT INTO t VALUES (2)");
    scene.drained();
    assert_eq!(first.stop(), 0);
    wait_for("the second to stream", || streaming(&scene.slot));
    scene.database.sql("INSERT INTO t VALUES (3)");
    scene.drained();
    assert_eq!(second.stop(), 0);
    assert_eq!(scene.ids(), [1, 2, 3]);
}
