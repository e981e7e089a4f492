//! Two instances of one connector. Under exactly-once delivery the later one takes over, and the earlier one says so; at
//! least once, the later one waits for the slot, names who holds it, and goes on where the other stopped.

use serde_json::{Value, json};

use crate::rig::{Database, Folder, Walcast, ask, connector, drained, streaming, unique, wait_for, worker};
use crate::topics::dump;

#[test]
fn a_second_instance_takes_over_and_the_first_says_so() {
    let name = unique("fence");
    let (database, folder) = (Database::new(&name), Folder::new());
    database.sql("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1);");
    folder.write("worker.properties", &(worker(&name) + "exactly.once.source.support=enabled\n"));
    let mut config = connector(&name, &name);
    config["exactly.once.support"] = json!("required");
    config["retriable.restart.connector.wait.ms"] = json!("200");
    folder.write("connector.json", &json!({ "name": name, "config": config }).to_string());
    let slot = format!("s_{name}");
    let arguments = ["--worker", "worker.properties", "connector.json"];
    let first = Walcast::start(&folder, &arguments);
    wait_for("the first to stream", || streaming(&slot));
    database.sql("INSERT INTO t VALUES (2)");
    drained(&name, &slot);

    let second = Walcast::start(&folder, &arguments);
    database.sql("INSERT INTO t VALUES (3)");
    wait_for("the first to be fenced", || first.task(&name)["state"] == "FAILED");
    let trace = first.task(&name)["trace"].to_string();
    assert!(trace.contains("another producer with the same transactional id"), "{trace}");
    drained(&name, &slot);
    assert_eq!(second.task(&name)["state"], "RUNNING");
    assert_eq!((first.stop(), second.stop()), (0, 0));

    assert_eq!(ids(&name), [1, 2, 3]);
}

#[test]
fn a_second_instance_waits_for_the_slot_and_goes_on_where_the_first_stopped() {
    let name = unique("wait");
    let (database, folder) = (Database::new(&name), Folder::new());
    database.sql("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1);");
    folder.write("worker.properties", &worker(&name));
    folder.write("connector.json", &json!({ "name": name, "config": connector(&name, &name) }).to_string());
    let slot = format!("s_{name}");
    let arguments = ["--worker", "worker.properties", "connector.json"];
    let first = Walcast::start(&folder, &arguments);
    wait_for("the first to stream", || streaming(&slot));
    let second = Walcast::start(&folder, &arguments);
    let holder = ask(&format!("SELECT active_pid FROM pg_replication_slots WHERE slot_name = '{slot}'"));
    wait_for("the second to name who holds the slot", || {
        second.log().contains(&format!("is active for PID {holder} ("))
    });
    database.sql("INSERT INTO t VALUES (2)");
    drained(&name, &slot);
    assert_eq!(first.stop(), 0);
    wait_for("the second to stream", || streaming(&slot));
    database.sql("INSERT INTO t VALUES (3)");
    drained(&name, &slot);
    assert_eq!(second.stop(), 0);
    assert_eq!(ids(&name), [1, 2, 3]);
}

fn ids(name: &str) -> Vec<i64> {
    dump(|topic| topic == format!("{name}.public.t"))
        .iter()
        .map(|line| serde_json::from_slice::<Value>(line.key.as_deref().expect("a key")).expect("JSON"))
        .map(|key| key["payload"]["id"].as_i64().expect("an id"))
        .collect()
}
