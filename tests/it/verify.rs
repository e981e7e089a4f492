//! `walcast verify`: silent when nothing differs, also under load, and exact about what does.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;

use crate::rig::{Database, Folder, Walcast, connector, drained, run, streaming, unique, wait_for, worker};
use crate::topics::produce;

const TABLES: &str = "
    CREATE TABLE item (id int PRIMARY KEY, name text, price numeric(10,2), at timestamptz DEFAULT now());
    CREATE TABLE pair (a int, b text, v int, PRIMARY KEY (b, a));
    CREATE TABLE big (id int PRIMARY KEY, n int, body text);
    ALTER TABLE big ALTER body SET STORAGE EXTERNAL;
    CREATE TABLE part (id int PRIMARY KEY, v int) PARTITION BY RANGE (id);
    CREATE TABLE part_1 PARTITION OF part FOR VALUES FROM (0) TO (500);
    CREATE TABLE part_2 PARTITION OF part FOR VALUES FROM (500) TO (100000);
    CREATE TABLE keyless (v int);
    INSERT INTO item SELECT n, 'name ' || n, n / 3.0 FROM generate_series(1, 2000) n;
    INSERT INTO pair SELECT n % 7, 'p' || n, n FROM generate_series(1, 500) n;
    INSERT INTO big SELECT n, 0, repeat(md5(n::text), 200) FROM generate_series(1, 100) n;
    INSERT INTO part SELECT n, 0 FROM generate_series(1, 1000) n;
    INSERT INTO keyless VALUES (1);";

/// Touches everything there is, over and over.
fn work(database: &Database, done: &AtomicBool) {
    let mut round = 0;
    while !done.load(Ordering::SeqCst) {
        round += 1;
        database.sql(&format!(
            "UPDATE item SET price = price + 1 WHERE id % 50 = {round} % 50;
             DELETE FROM item WHERE id % 97 = {round} % 97;
             INSERT INTO item SELECT 10000 + {round} * 10 + n, 'new', n FROM generate_series(1, 10) n;
             UPDATE item SET id = -id WHERE id % 211 = {round} % 211 AND id > 0;
             UPDATE pair SET v = v + 1, a = (a + 1) % 7 WHERE a = {round} % 7;
             UPDATE big SET n = n + 1 WHERE id % 10 = {round} % 10;
             UPDATE part SET id = id + 499 WHERE id = {round} % 400 AND NOT EXISTS (SELECT FROM part WHERE id = {round} % 400 + 499);
             BEGIN; UPDATE part SET v = v + 1; ROLLBACK;
             BEGIN; UPDATE part SET v = v + 1 WHERE id < 50; SAVEPOINT s; DELETE FROM part WHERE id > 900; ROLLBACK TO s; COMMIT;"
        ));
    }
}

#[test]
fn nothing_differs_while_everything_changes() {
    busy(&[]);
}

#[test]
fn nor_when_the_records_are_rows_alone() {
    busy(&[("transforms", "u"), ("transforms.u.type", "io.debezium.transforms.ExtractNewRecordState")]);
}

fn busy(settings: &[(&str, &str)]) {
    let name = unique("verify");
    let (database, folder) = (Database::new(&name), Folder::new());
    database.sql(TABLES);
    let scene = Scene::new(&name, &folder, settings);
    let walcast = scene.start();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| work(&database, &done));
        for round in 0..3 {
            let (code, text) = scene.verify();
            if code != 0 {
                done.store(true, Ordering::SeqCst);
            }
            assert_eq!(code, 0, "round {round}:\n{text}");
            assert!(
                text.contains("public.keyless") && text.contains("not compared: its records have no key"),
                "{text}"
            );
        }
        done.store(true, Ordering::SeqCst);
    });
    assert_eq!(walcast.stop(), 0);
}

#[test]
fn each_difference_is_told_by_its_key() {
    let name = unique("verify");
    let (database, folder) = (Database::new(&name), Folder::new());
    database.sql(TABLES);
    let plain = [("key.converter.schemas.enable", "false"), ("value.converter.schemas.enable", "false")];
    let scene = Scene::new(&name, &folder, &plain);
    let walcast = scene.start();
    drained(&name, &scene.slot);
    let topic = format!("{name}.public.item");
    let envelope = |id: i32, price: &str| {
        format!(
            r#"{{"before":null,"after":{{"id":{id},"price":"{price}"}},"op":"r","source":{{"schema":"public","table":"item","lsn":1}}}}"#
        )
    };
    produce(&topic, Some(r#"{"id":7}"#), None);
    produce(&topic, Some(r#"{"id":8}"#), Some(&envelope(8, "AAAA")));
    produce(&topic, Some(r#"{"id":-1}"#), Some(&envelope(-1, "AQ==")));
    let (code, text) = scene.verify();
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("public.item     2000 rows, 1 missing, 1 extra, 1 different"), "{text}");
    for line in [r#"missing {"id":7}"#, r#"different {"id":8}"#, r#"extra {"id":-1}"#] {
        assert!(text.contains(line), "{line} is missing in:\n{text}");
    }
    assert!(text.contains("DIFFERENT: ") && !text.contains("AAAA"), "{text}");
    database.sql(
        "UPDATE item SET name = name WHERE id IN (7, 8); INSERT INTO item VALUES (-1); DELETE FROM item WHERE id = -1;",
    );
    let (code, text) = scene.verify();
    assert!(code == 0 && text.contains("equal: "), "{text}");
    assert_eq!(walcast.stop(), 0);
    let (code, text) = scene.verify();
    assert!(code == 2 && text.contains("nobody reads the slot"), "{text}");
}

struct Scene<'a> {
    slot: String,
    folder: &'a Folder,
}

impl<'a> Scene<'a> {
    fn new(name: &str, folder: &'a Folder, settings: &[(&str, &str)]) -> Self {
        folder.write("w.properties", &worker(name));
        let mut config = connector(name, name);
        for (key, value) in settings {
            config[*key] = json!(value);
        }
        if settings.iter().any(|(key, _)| key.contains("converter")) {
            config["key.converter"] = json!("org.apache.kafka.connect.json.JsonConverter");
            config["value.converter"] = json!("org.apache.kafka.connect.json.JsonConverter");
        }
        folder.write("c.json", &json!({ "name": name, "config": config }).to_string());
        Self { slot: format!("s_{name}"), folder }
    }

    fn start(&self) -> Walcast {
        let walcast = Walcast::start(self.folder, &["--worker", "w.properties", "c.json"]);
        wait_for("the stream", || streaming(&self.slot));
        walcast
    }

    fn verify(&self) -> (i32, String) {
        run(self.folder, &["verify", "c.json", "--worker", "w.properties", "--timeout", "10"])
    }
}
