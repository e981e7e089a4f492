//! The log as programs read it: one object per line, whose it is about, what helps, and nothing twice.

use serde_json::{Value, json};

use crate::rig::{Folder, Walcast, postgres, streaming, wait_for};
use crate::scene::Scene;
use crate::topics::count;

#[test]
fn each_line_is_an_object_that_names_its_connector_and_holds_no_secret() {
    let setup = "CREATE TABLE t (id int PRIMARY KEY, secret text); INSERT INTO t VALUES (1, 'hidden-in-a-row')";
    let mut scene = Scene::new("logs", setup);
    scene.config["heartbeat.interval.ms"] = json!("50");
    scene.config["heartbeat.action.query"] = json!("INSERT INTO t VALUES (1, 'hidden-in-a-row')");
    scene.write();
    let walcast = Walcast::start(&scene.folder, &["--worker", "w.properties", "--log-format", "json", "c.json"]);
    wait_for("the stream", || streaming(&scene.slot));
    scene.database.sql("INSERT INTO t VALUES (2, 'hidden-in-a-row')");
    scene.drained();
    wait_for("some heartbeats", || count(&format!("__debezium-heartbeat.{}", scene.name)) > 5);
    let log = walcast.log();
    assert_eq!(walcast.stop(), 0);

    let lines: Vec<Value> =
        log.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{line}"))).collect();
    let about = |words: &str| -> Vec<&Value> {
        lines.iter().filter(|line| line["message"].as_str().is_some_and(|text| text.contains(words))).collect()
    };
    assert!(lines.iter().all(|line| line["timestamp"].is_string() && line["level"].is_string()));
    let begun = about("streaming");
    assert_eq!((&begun[0]["span"]["connector"], &begun[0]["slot"]), (&json!(scene.name), &json!(scene.slot)));
    let failed = about("heartbeat.action.query failed");
    assert_eq!(failed.len(), 1, "once, however often it fails");
    assert_eq!((&failed[0]["level"], failed[0]["remedy"].is_string()), (&json!("WARN"), true));
    assert!(!log.contains("hidden-in-a-row") && !log.contains(&postgres().password));
}

#[test]
fn a_format_that_does_not_exist_is_refused() {
    let folder = Folder::new();
    let (code, said) = crate::rig::run(&folder, &["run", "--log-format", "xml"]);
    assert_eq!(code, 2);
    assert!(said.contains("xml") && said.contains("human or json"), "{said}");
}
