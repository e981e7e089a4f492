//! Bad input: refused by name before anything starts, nothing half-created, never a secret.

use serde_json::{Value, json};

use crate::rig::{Database, Folder, Walcast, connector, run, sql, unique, worker};

const SECRET: &str = "tell-nobody";

/// Settings that are wrong, and what the refusal must say.
fn wrong_settings() -> Vec<(&'static str, Value, &'static str)> {
    vec![
        ("connector.class", json!(null), "connector.class"),
        ("connector.class", json!("io.debezium.connector.mysql.MySqlConnector"), "MySql"),
        ("connector.class", json!("no.such.Connector"), "Failed to find any class that implements Connector"),
        ("topic.prefix", json!(null), "The 'topic.prefix' value is invalid: A value is required"),
        ("topic.prefix", json!("sp ace"), "sp ace has invalid format"),
        ("database.hostname", json!(null), "The 'database.hostname' value is invalid: A value is required"),
        ("database.hostname", json!("no such/host"), "database.hostname"),
        ("database.user", json!(""), "The 'database.user' value is invalid: A value is required"),
        ("database.dbname", json!(null), "The 'database.dbname' value is invalid: A value is required"),
        ("database.port", json!("many"), "The 'database.port' value is invalid"),
        ("database.port", json!("70000"), "database.port"),
        ("database.sslmode", json!("maybe"), "Value must be one of disable, allow"),
        ("tasks.max", json!("many"), "Invalid value many for configuration tasks.max: Not a number of type INT"),
        ("tasks.max", json!(0), "Value must be at least 1"),
        ("slot.name", json!("UPPER"), "Valid replication slot name must contain only digits"),
        ("max.batch.size", json!("-1"), "A positive, non-zero integer value is expected"),
        ("max.queue.size", json!("10"), "Must be larger than the maximum batch size"),
        ("max.queue.size", json!(" 9000 "), "A positive, non-zero integer value is expected"),
        ("decimal.handling.mode", json!("exact"), "Value must be one of precise, double, string"),
        ("time.precision.mode", json!("weeks"), "Value must be one of adaptive"),
        ("snapshot.mode", json!("never"), "Value must be one of always, initial"),
        ("snapshot.mode", json!("custom"), "not supported"),
        ("table.include.list", json!("("), "A comma-separated list of valid regular expressions is expected"),
        ("column.exclude.list", json!("*"), "A comma-separated list of valid regular expressions is expected"),
        ("skipped.operations", json!("c,x"), "Invalid operation"),
        ("skipped.operations", json!("none,c"), "'none' cannot be specified with other skipped operation types"),
        ("message.key.columns", json!("nocolon"), "has an invalid format"),
        ("tombstones.on.delete", json!("perhaps"), "Either 'true' or 'false' is expected"),
        ("heartbeat.interval.ms", json!("-1"), "An non-negative integer is expected"),
        ("errors.tolerance", json!("some"), "String must be one of: none, all"),
        ("exactly.once.support", json!("required"), "exactly.once.support"),
        ("value.converter", json!("no.such.Converter"), "Class no.such.Converter could not be found"),
        ("transforms", json!("t"), "Missing required configuration \"transforms.t.type\""),
        ("column.mask.with.5.chars", json!("("), "column.mask.with.5.chars"),
        ("producer.override.ssl.truststore.location", json!("/etc/trust.jks"), "producer.override.ssl.truststore"),
        ("unavailable.value.placeholder", json!("hex:zz"), "hexadecimal digits"),
        ("lsn.flush.mode", json!("sometimes"), "lsn.flush.mode"),
    ]
}

fn with(key: &str, value: &Value, name: &str) -> Value {
    let mut config = connector("postgres", name);
    config["database.password"] = json!(SECRET);
    match value {
        Value::Null => drop(config.as_object_mut().expect("settings").remove(key)),
        value => config[key] = value.clone(),
    }
    config
}

#[test]
fn wrong_settings_keep_the_program_from_starting() {
    let folder = Folder::new();
    folder.write("worker.properties", &worker(&unique("refused")));
    for (key, value, expected) in wrong_settings() {
        let document = json!({ "name": "refused", "config": with(key, &value, "refused") });
        folder.write("bad.json", &document.to_string());
        let (code, text) = run(&folder, &["run", "--worker", "worker.properties", "bad.json"]);
        assert_eq!(code, 2, "{key}={value}: {text}");
        assert!(text.contains(expected), "{key}={value}: {text}");
        assert!(!text.contains(SECRET) && !text.contains("panicked"), "{key}={value}: {text}");
    }
    assert_eq!(sql("postgres", "SELECT count(*) FROM pg_replication_slots WHERE slot_name = 's_refused'"), "0");
}

#[test]
fn wrong_settings_are_answered_400_over_rest() {
    let folder = Folder::new();
    folder.write("worker.properties", &worker(&unique("refused")));
    let walcast = Walcast::start(&folder, &["--worker", "worker.properties", "--connectors", "none"]);
    for (key, value, expected) in wrong_settings() {
        let body = json!({ "name": "refused", "config": with(key, &value, "refused") }).to_string();
        let (status, answer) = walcast.call("POST", "/connectors", Some(&body));
        let message = answer["message"].as_str().unwrap_or("");
        assert_eq!((status, answer["error_code"].as_u64()), (400, Some(400)), "{key}={value}: {answer}");
        assert!(message.contains(expected), "{key}={value}: {message}");
        assert!(!message.contains(SECRET), "{key}={value}: {message}");
    }
    for body in [
        "",
        "{",
        "[]",
        "null",
        "1",
        "\"x\"",
        "{\"name\":1,\"config\":{}}",
        "{\"name\":\"x\"}",
        "{\"name\":\"x\",\"config\":{\"a\":[]}}",
        "{\"name\":\"x\",\"config\":{},\"extra\":1}",
        "{\"name\":\"a\",\"config\":{\"name\":\"b\"}}",
        "{\"name\":\"\",\"config\":{}}",
    ] {
        let (status, answer) = walcast.call("POST", "/connectors", Some(body));
        assert_eq!(status, 400, "{body}: {answer}");
    }
    let huge = format!("{{\"name\":\"x\",\"config\":{{\"a\":\"{}\"}}}}", "x".repeat(2 << 20));
    assert!(walcast.try_call("POST", "/connectors", Some(&huge)).is_none_or(|(status, _)| status == 413));
    assert_eq!(walcast.call("GET", "/connectors", None), (200, json!([])));
    assert_eq!(walcast.stop(), 0);
    assert!(!folder.0.join("none").exists(), "nothing half-created");
}

#[test]
fn files_that_are_no_connectors_are_named() {
    let folder = Folder::new();
    folder.write("worker.properties", &worker(&unique("refused")));
    for (name, text) in
        [("cut.json", "{\"name\": \"x\", "), ("list.json", "[]"), ("empty.json", ""), ("text.json", "hello")]
    {
        folder.write(name, text);
        let (code, output) = run(&folder, &["run", "--worker", "worker.properties", name]);
        assert_eq!(code, 2, "{name}: {output}");
        assert!(output.contains(name), "{name}: {output}");
    }
    let (code, output) = run(&folder, &["run", "--worker", "worker.properties", "absent.json"]);
    assert_eq!(code, 2, "{output}");
    assert!(output.contains("absent.json"), "{output}");
    let (code, output) = run(&folder, &["run", "--worker", "absent.properties"]);
    assert!(code == 2 && output.contains("absent.properties"), "{output}");
}

#[test]
fn check_answers_with_the_statement_that_mends() {
    let name = unique("check");
    let database = Database::new(&name);
    let folder = Folder::new();
    let role = unique("plain");
    database.sql(&format!(
        "CREATE TABLE t (id int PRIMARY KEY);
         CREATE ROLE {role} LOGIN PASSWORD 'known';
         CREATE PUBLICATION inserts_only FOR TABLE t WITH (publish = 'insert');"
    ));
    let check = |changes: &[(&str, &str)]| {
        let mut config = connector(&name, &name);
        for (key, value) in changes {
            config[*key] = json!(value);
        }
        folder.write("c.json", &json!({ "name": name, "config": config }).to_string());
        run(&folder, &["check", "c.json"])
    };
    let (code, text) = check(&[]);
    assert_eq!(code, 0, "{text}");
    for (changes, expected) in [
        (vec![("database.password", SECRET)], "password"),
        (vec![("database.user", role.as_str()), ("database.password", "known")], "REPLICATION"),
        (vec![("publication.autocreate.mode", "disabled"), ("publication.name", "nowhere")], "CREATE PUBLICATION"),
        (vec![("publication.autocreate.mode", "disabled"), ("publication.name", "inserts_only")], "publish"),
        (vec![("database.dbname", "no_such_database")], "no_such_database"),
    ] {
        let (code, text) = check(&changes);
        assert_eq!(code, 1, "{changes:?}: {text}");
        assert!(text.contains(expected) && !text.contains(SECRET), "{changes:?}: {text}");
    }
    database.sql(&format!("DROP ROLE {role}"));
}
