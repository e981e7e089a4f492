//! Starting, stopping, resting: what operators see.

use serde_json::json;

use crate::rig::{Database, Walcast, ask, sql, streaming, unique, wait_for};
use crate::scene::Scene;
use crate::topics::{count, dump};

fn records(scene: &Scene) -> usize {
    let prefix = format!("{}.", scene.name);
    dump(|topic| topic.starts_with(&prefix)).len()
}

#[test]
fn a_slot_that_is_nobodys_business_is_left_where_it_is() {
    let mut scene = Scene::new("manual", "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (0)");
    scene.config["lsn.flush.mode"] = json!("manual");
    let confirmed =
        || ask(&format!("SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = '{}'", scene.slot));
    let walcast = scene.stream();
    let stood = confirmed();
    scene.database.sql("INSERT INTO t VALUES (1)");
    wait_for("the record", || records(&scene) == 2);
    assert_eq!(walcast.stop(), 0);
    assert_eq!(confirmed(), stood);
    let walcast = scene.stream();
    scene.database.sql("INSERT INTO t VALUES (2)");
    wait_for("the next record", || records(&scene) >= 3);
    assert_eq!(walcast.stop(), 0);
    assert_eq!((confirmed(), records(&scene)), (stood, 3), "the stored offset alone says where to go on");
}

#[test]
fn a_graceful_restart_repeats_nothing_and_loses_nothing() {
    let scene = Scene::new("graceful", "CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (0)");
    let mut rows = 1;
    for round in 1..=4 {
        let walcast = scene.stream();
        // Stopped while it is busy: what was taken is delivered and confirmed, the rest comes after the restart.
        scene.database.sql(&format!("INSERT INTO t SELECT {round} * 10000 + n FROM generate_series(1, 3000) n"));
        scene.database.sql(&format!("INSERT INTO t VALUES ({round})"));
        rows += 3001;
        assert_eq!(walcast.stop(), 0);
    }
    let walcast = scene.stream();
    scene.drained();
    walcast.stop();
    assert_eq!(records(&scene), rows);
}

#[test]
fn an_idle_database_holds_no_wal() {
    let scene = Scene::new("idle", "CREATE TABLE t (id int PRIMARY KEY)");
    let other = Database::new(&unique("busy"));
    other.sql("CREATE TABLE noise (n int)");
    let walcast = scene.stream();
    for _ in 0..3 {
        other.sql("INSERT INTO noise SELECT generate_series(1, 10000)");
        scene.drained();
    }
    let confirmed = || {
        sql(
            "postgres",
            &format!("SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = '{}'", scene.slot),
        )
    };
    let before = confirmed();
    assert_eq!(walcast.stop(), 0);
    // The stored offset went along: a restart accepts the slot and asks for nothing older.
    let walcast = scene.stream();
    scene.database.sql("INSERT INTO t VALUES (1)");
    scene.drained();
    walcast.stop();
    assert_eq!(records(&scene), 1);
    assert_ne!(before, confirmed());
}

#[test]
fn a_big_transaction_arrives_whole() {
    let scene = Scene::new("big", "CREATE TABLE t (id int PRIMARY KEY, note text)");
    let walcast = scene.stream();
    scene.database.sql("INSERT INTO t SELECT n, repeat('x', 100) FROM generate_series(1, 200000) n");
    scene.drained();
    walcast.stop();
    assert_eq!(count(&format!("{}.public.t", scene.name)), 200_000);
}

#[test]
fn connectors_made_by_rest_survive_a_restart_in_their_state() {
    let scene = Scene::new("rest", "CREATE TABLE t (id int PRIMARY KEY)");
    let name = &scene.name;
    scene.write();
    let start = || Walcast::start(&scene.folder, &["--worker", "w.properties", "--connectors", "made"]);
    let body = scene.document();
    let walcast = start();
    assert_eq!(walcast.call("GET", "/connectors", None), (200, json!([])));
    let (status, info) = walcast.call("POST", "/connectors", Some(&body));
    assert_eq!((status, &info["name"], &info["type"]), (201, &json!(name), &json!("source")));
    assert_eq!(walcast.call("POST", "/connectors", Some(&body)).0, 409);
    wait_for("the stream", || streaming(&scene.slot));
    assert_eq!(walcast.call("PUT", &format!("/connectors/{name}/pause"), None).0, 202);
    assert_eq!(walcast.task(name)["state"], "PAUSED");
    assert_eq!(walcast.stop(), 0);

    let walcast = start();
    wait_for("PAUSED to be remembered", || {
        walcast.call("GET", &format!("/connectors/{name}/status"), None).1["connector"]["state"] == "PAUSED"
    });
    assert_eq!(walcast.call("PUT", &format!("/connectors/{name}/resume"), None).0, 202);
    wait_for("the stream", || streaming(&scene.slot));
    scene.database.sql("INSERT INTO t VALUES (1)");
    scene.drained();
    assert_eq!(records(&scene), 1);
    assert_eq!(walcast.call("POST", &format!("/connectors/{name}/restart"), None).0, 204);
    wait_for("the stream", || streaming(&scene.slot));
    assert_eq!(walcast.call("PUT", &format!("/connectors/{name}/stop"), None).0, 204);
    assert_eq!(walcast.call("GET", &format!("/connectors/{name}/tasks"), None), (200, json!([])));
    assert_eq!(walcast.call("DELETE", &format!("/connectors/{name}"), None).0, 204);
    assert_eq!(walcast.call("GET", &format!("/connectors/{name}"), None).0, 404);
    assert_eq!(walcast.stop(), 0);
    assert_eq!(std::fs::read_dir(scene.folder.0.join("made")).map_or(0, Iterator::count), 0, "its file is gone");
}

#[test]
fn a_lost_connection_is_made_again_and_nothing_is_lost() {
    let scene = Scene::new("cut", "CREATE TABLE t (id int PRIMARY KEY)");
    let walcast = scene.stream();
    for round in 0..3 {
        scene.database.sql(&format!("INSERT INTO t SELECT {round} * 1000 + n FROM generate_series(1, 500) n"));
        sql(
            "postgres",
            &format!(
                "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '{}'",
                scene.slot
            ),
        );
    }
    wait_for("the stream", || streaming(&scene.slot));
    scene.drained();
    assert_eq!(walcast.task(&scene.name)["state"], "RUNNING");
    walcast.stop();
    let prefix = format!("{}.", scene.name);
    let keys: std::collections::BTreeSet<_> =
        dump(|topic| topic.starts_with(&prefix)).into_iter().map(|line| line.key).collect();
    assert_eq!(keys.len(), 1500);
}
