//! Two instances of one connector under exactly-once delivery: the later one takes over, and the earlier one says so.

use serde_json::{Value, json};

use crate::rig::{Database, Folder, Walcast, connector, drained, streaming, unique, wait_for, worker};
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
    let said = |walcast: &Walcast, what: &str| {
        let task = walcast.task(&name);
        task["trace"].as_str().is_some_and(|trace| trace.contains(what)) || walcast.log().contains(what)
    };
    wait_for("the second to find the slot in use", || said(&second, "is active for PID"));
    database.sql("INSERT INTO t VALUES (3)");
    wait_for("the first to be fenced", || first.task(&name)["state"] == "FAILED");
    assert!(said(&first, "another producer with the same transactional id"), "{}", first.log());
    drained(&name, &slot);
    assert_eq!(second.task(&name)["state"], "RUNNING");
    assert_eq!((first.stop(), second.stop()), (0, 0));

    let ids: Vec<i64> = dump(|topic| topic == format!("{name}.public.t"))
        .iter()
        .map(|line| serde_json::from_slice::<Value>(line.key.as_deref().expect("a key")).expect("JSON"))
        .map(|key| key["payload"]["id"].as_i64().expect("an id"))
        .collect();
    assert_eq!(ids, [1, 2, 3]);
}
