//! `walcast status` beside a running worker.

use serde_json::{Value, json};

use crate::rig::{Database, Folder, Walcast, connector, free_port, run, streaming, unique, wait_for};

fn status(folder: &Folder, port: u16, more: &[&str]) -> (i32, String) {
    let url = format!("http://127.0.0.1:{port}");
    run(folder, &[&["status", "--url", &url], more].concat())
}

#[test]
fn the_exit_code_tells_how_the_connectors_are() {
    let (name, folder) = (unique("status"), Folder::new());
    let database = Database::new(&name);
    database.sql("CREATE TABLE t (id int PRIMARY KEY)");
    let mut bad = connector(&name, "bad");
    bad["slot.name"] = json!(format!("bad_{name}"));
    bad["publication.name"] = json!("nowhere");
    bad["publication.autocreate.mode"] = json!("disabled");
    folder.write("c/good.json", &json!({ "name": "good one", "config": connector(&name, &name) }).to_string());
    folder.write("c/bad.json", &json!({ "name": "bad", "config": bad }).to_string());
    folder.write("w.properties", "walcast.sink=file:records.jsonl\n");
    let walcast = Walcast::start(&folder, &["--worker", "w.properties", "--connectors", "c"]);
    wait_for("the stream", || streaming(&format!("s_{name}")));
    wait_for("the refusal", || walcast.task("bad")["state"] == "FAILED");

    let (code, text) = status(&folder, walcast.port, &[]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("nowhere") && text.contains("remedy: ") && text.contains("good one"), "{text}");
    wait_for("the good one to be told as fine", || status(&folder, walcast.port, &["good one"]).0 == 0);
    let (code, text) = status(&folder, walcast.port, &["--json"]);
    let document: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    assert_eq!((code, &document["healthy"]), (1, &json!(false)), "{text}");
    let of = |name: &str| {
        document["connectors"].as_array().and_then(|all| all.iter().find(|one| one["name"] == name)).cloned()
    };
    assert_eq!(of("bad").expect("the bad one")["state"], "failed", "{text}");
    assert_eq!(of("good one").expect("the good one")["fine"], true, "{text}");

    assert_eq!(walcast.call("DELETE", "/connectors/bad", None).0, 204);
    assert_eq!(walcast.call("PUT", "/connectors/good%20one/pause", None).0, 202);
    wait_for("the pause", || status(&folder, walcast.port, &[]).1.contains("paused"));
    assert_eq!(status(&folder, walcast.port, &[]).0, 0, "paused as somebody wanted");
    let (code, text) = status(&folder, walcast.port, &["absent"]);
    assert!(code == 2 && text.contains("no connector absent"), "{text}");
    assert_eq!(walcast.stop(), 0);
    let (code, text) = status(&folder, free_port(), &[]);
    assert!(code == 2 && text.contains("nobody answers"), "{text}");
}
