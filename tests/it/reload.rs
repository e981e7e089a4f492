//! What changes on disk while walcast runs: connector files, and what config providers read.

use serde_json::json;

use crate::rig::{Database, Folder, Walcast, connector, streaming, unique, wait_for};

#[test]
fn a_changed_file_is_applied_and_a_bad_one_never_stops_the_stream() {
    let (folder, database) = (Folder::new(), Database::new(&unique("reload")));
    database.sql("CREATE TABLE item (id int PRIMARY KEY)");
    let prefix = unique("reload");
    let config = connector(&database.name, &prefix);
    let file = |config: &serde_json::Value| json!({ "name": "item", "config": config }).to_string();
    folder.write("connectors/item.json", &file(&config));
    let walcast = Walcast::start(&folder, &[]);
    let slot = format!("s_{prefix}");
    wait_for("the stream", || streaming(&slot));
    let applied = || walcast.log().matches("applying its file").count();

    folder.write("connectors/item.json", "{\"name\": \"item\", ");
    wait_for("the bad file to be named", || walcast.log().contains("not applied, what runs goes on"));
    let mut wrong = config.clone();
    wrong["snapshot.mode"] = json!("sometimes");
    folder.write("connectors/item.json", &file(&wrong));
    wait_for("the bad settings to be named", || walcast.log().contains("'snapshot.mode' value is invalid"));
    assert!(streaming(&slot) && applied() == 0);

    let mut changed = config.clone();
    changed["heartbeat.interval.ms"] = json!("1000");
    folder.write("connectors/item.json", &file(&changed));
    walcast.signal("HUP");
    wait_for("the change", || applied() == 1);
    wait_for("the stream", || streaming(&slot));
    let (_, shown) = walcast.call("GET", "/connectors/item/config", None);
    assert_eq!(shown["heartbeat.interval.ms"], "1000");

    std::fs::remove_file(folder.0.join("connectors/item.json")).expect("a file");
    wait_for("the connector to go", || walcast.call("GET", "/connectors", None).1 == json!([]));
    assert_eq!(walcast.stop(), 0);
}

#[test]
fn a_restart_reads_what_the_config_provider_has_now() {
    let (folder, database) = (Folder::new(), Database::new(&unique("provider")));
    let secrets = folder.write("secrets.properties", "password=wrong\n");
    let worker = "config.providers=file\nconfig.providers.file.class=org.apache.kafka.common.config.provider.FileConfigProvider\n";
    let worker = folder.write("worker.properties", worker);
    let prefix = unique("provider");
    let mut config = connector(&database.name, &prefix);
    let password = config["database.password"].as_str().expect("a password").to_owned();
    config["database.password"] = json!(format!("${{file:{}:password}}", secrets.display()));
    folder.write("connectors/item.json", &json!({ "name": "item", "config": config }).to_string());
    let walcast = Walcast::start(&folder, &["--worker", worker.to_str().expect("a path")]);
    wait_for("the wrong password to be refused", || walcast.task("item")["state"] == "FAILED");
    folder.write("secrets.properties", &format!("password={password}\n"));
    assert_eq!(walcast.call("POST", "/connectors/item/restart?includeTasks=true", None).0, 202);
    wait_for("the stream", || streaming(&format!("s_{prefix}")));
    assert!(!walcast.log().contains(&password));
    assert_eq!(walcast.stop(), 0);
}
