//! The topics that a connector has written to, in Connect's status topic or on disk, and after a restart.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::rig::{Walcast, streaming, unique, wait_for};
use crate::scene::Scene;
use crate::topics;

/// `more` of the worker's settings.
fn scene(more: &str) -> Scene {
    let tables =
        "CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE later (id int PRIMARY KEY); INSERT INTO t VALUES (1);";
    let mut scene = Scene::new("active", tables);
    scene.worker.push_str(more);
    scene.folder.write("connectors/c.json", &scene.document());
    scene
}

/// With a folder of connectors, so that one may be deleted.
fn start(scene: &Scene) -> Walcast {
    scene.write();
    let walcast = Walcast::start(&scene.folder, &["--worker", "w.properties", "--connectors", "connectors"]);
    wait_for("the stream", || streaming(&scene.slot));
    walcast
}

fn shown(scene: &Scene, walcast: &Walcast) -> BTreeSet<String> {
    let (status, answer) = walcast.call("GET", &format!("/connectors/{}/topics", scene.name), None);
    assert_eq!(status, 200);
    serde_json::from_value(answer[&scene.name]["topics"].clone()).expect("a list of topics")
}

/// Full names of the topics of these tables.
fn names(scene: &Scene, tables: &[&str]) -> BTreeSet<String> {
    tables.iter().map(|table| format!("{}.public.{table}", scene.name)).collect()
}

#[test]
fn connects_status_topic_remembers_the_topics() {
    let status = unique("status-topic");
    let scene = scene(&format!("status.storage.topic={status}\n"));
    // As Connect wrote it for tasks of before, of this connector and of another.
    topics::create(&status, &[("cleanup.policy", "compact")]);
    let (name, other) = (&scene.name, "status-topic-x:connector-another");
    let before = format!("{name}.public.before");
    let record = |topic: &str| json!({"topic": {"name": topic, "connector": name, "task": 0, "discoverTimestamp": 1_795_209_206_173_u64}});
    let key = |topic: &str| format!("status-topic-{topic}:connector-{name}");
    topics::produce(&status, Some(&key(&before)), Some(&record(&before).to_string()));
    topics::produce(&status, Some(other), Some("{}"));
    // The last word on each key.
    let written = || {
        let text = |bytes: Option<Vec<u8>>| bytes.map(|bytes| String::from_utf8(bytes).expect("text"));
        let lines = topics::dump(|topic| topic == status).into_iter();
        lines.filter_map(|line| Some((text(line.key)?, text(line.value)))).collect::<std::collections::BTreeMap<_, _>>()
    };
    let kept = |topic: &str| written().get(&key(topic)).cloned().flatten();

    let walcast = start(&scene);
    let mut all = names(&scene, &["before", "t"]);
    wait_for("what Connect knew, and what is new", || shown(&scene, &walcast) == all);
    let topic = format!("{name}.public.t");
    wait_for("the new one to be kept", || kept(&topic).is_some());
    let value: Value = serde_json::from_str(&kept(&topic).expect("kept")).expect("JSON");
    let mut expected = record(&topic);
    expected["topic"]["discoverTimestamp"] = value["topic"]["discoverTimestamp"].clone();
    assert!(value == expected && value["topic"]["discoverTimestamp"].is_u64(), "{value}");
    scene.drained();
    scene.database.sql("SELECT pg_logical_emit_message(true, 'p', 'told')");
    wait_for("the topic of messages", || kept(&format!("{name}.message")).is_some());
    all.insert(format!("{name}.message"));
    scene.drained();
    walcast.kill();

    // Nothing has been written to since.
    let walcast = start(&scene);
    wait_for("what was kept", || shown(&scene, &walcast) == all);
    assert_eq!(topics::count(&status), 4, "written once");
    let reset = format!("/connectors/{name}/topics/reset");
    assert_eq!(walcast.call("PUT", &reset, None).0, 202);
    assert_eq!(shown(&scene, &walcast), BTreeSet::new());
    wait_for("tombstones", || kept(&before).is_none() && kept(&topic).is_none());
    scene.database.sql("INSERT INTO later VALUES (1)");
    wait_for("a topic", || shown(&scene, &walcast) == names(&scene, &["later"]));
    assert_eq!(walcast.call("PUT", &reset, None).0, 202);
    scene.database.sql("INSERT INTO later VALUES (2)");
    wait_for("the same topic again", || shown(&scene, &walcast) == names(&scene, &["later"]));
    assert_eq!(walcast.stop(), 0);
    let later = format!("{name}.public.later");
    assert!(kept(&later).is_some(), "at the latest when it ends");

    let walcast = start(&scene);
    wait_for("what was kept", || shown(&scene, &walcast) == names(&scene, &["later"]));
    assert_eq!(walcast.call("DELETE", &format!("/connectors/{name}"), None).0, 204);
    wait_for("the tombstone", || kept(&later).is_none());
    assert_eq!(written()[other], Some("{}".to_owned()), "of others nothing");
    assert_eq!(walcast.stop(), 0);
}

#[test]
fn without_a_status_topic_a_file_remembers() {
    let scene = scene("walcast.data=state\n");
    let walcast = start(&scene);
    scene.drained();
    wait_for("the topic", || shown(&scene, &walcast) == names(&scene, &["t"]));
    assert_eq!(walcast.stop(), 0);
    let walcast = start(&scene);
    wait_for("what was kept", || shown(&scene, &walcast) == names(&scene, &["t"]));
    assert_eq!(walcast.stop(), 0);

    // Where nothing can be kept, all else goes on.
    std::fs::remove_dir_all(scene.folder.0.join("state")).expect("a folder");
    scene.folder.write("state", "no folder");
    let walcast = start(&scene);
    scene.database.sql("INSERT INTO t VALUES (2)");
    wait_for("the topic", || shown(&scene, &walcast) == names(&scene, &["t"]));
    wait_for("a word on it", || walcast.log().contains("cannot keep which topics connectors write to"));
    assert_eq!(walcast.stop(), 0);
}
