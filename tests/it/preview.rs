//! `walcast plan`: what it says is what a start then does, and nothing is created by saying it.

use serde_json::{Value, json};

use crate::rig::{Database, Folder, Walcast, ask, connector, drained, run, streaming, unique, wait_for, worker};
use crate::topics::{create, dump, topics};

struct Scene {
    name: String,
    database: Database,
    folder: Folder,
}

impl Scene {
    fn new(mode: &str) -> Self {
        let (name, folder) = (unique("plan"), Folder::new());
        let database = Database::new(&name);
        database.sql(
            "CREATE TABLE a (id int PRIMARY KEY, at timestamptz NOT NULL, v text);
             CREATE TABLE b (v text);
             INSERT INTO a SELECT n, '2024-02-03 04:05:06+00', 'v' || n FROM generate_series(1, 5000) n;
             INSERT INTO b VALUES ('x');
             ANALYZE;",
        );
        let mut config = connector(&name, &name);
        config["publication.autocreate.mode"] = json!(mode);
        folder.write("c.json", &json!({ "name": name, "config": config }).to_string());
        folder.write("w.properties", &worker(&name));
        Self { name, database, folder }
    }

    fn plan(&self, more: &[&str]) -> (i32, String) {
        run(&self.folder, &[&["plan", "c.json", "--worker", "w.properties"], more].concat())
    }

    fn slots(&self) -> String {
        ask(&format!("SELECT count(*) FROM pg_replication_slots WHERE database = '{}'", self.name))
    }
}

#[test]
fn a_plan_creates_nothing_and_comes_true() {
    let scene = Scene::new("filtered");
    let (name, database) = (scene.name.as_str(), &scene.database);
    create(&format!("{name}.public.b"), &[]);
    let catalog = "SELECT md5(string_agg(c::text, ',' ORDER BY oid)) FROM pg_class c";
    let before = database.sql(catalog);
    let (code, text) = scene.plan(&["--json", "--samples", "2"]);
    // The log comes first.
    let document = text.find('{').and_then(|at| text.get(at..)).unwrap_or_default();
    let plan: Value = serde_json::from_str(document).unwrap_or_else(|e| panic!("{e}: {text}"));
    assert_eq!((code, &plan["refused"]), (0, &json!(false)), "{text}");

    assert_eq!(plan["slot"]["exists"], false);
    let sql = plan["publication"]["change"].as_str().expect("a statement").to_owned();
    assert_eq!(sql, r#"CREATE PUBLICATION "dbz_publication" FOR TABLE "public"."a", "public"."b""#);
    let (a, b) = (&plan["tables"][0], &plan["tables"][1]);
    assert_eq!((&a["table"], &a["topic"]), (&json!("public.a"), &json!(format!("{name}.public.a"))));
    assert_eq!((&a["topic_exists"], &b["topic_exists"]), (&json!(false), &json!(true)));
    assert_eq!((a["key"][0]["name"].as_str(), b["key"].as_str()), (Some("id"), None));
    assert_eq!(a["columns"][1]["schema"], "io.debezium.time.ZonedTimestamp", "{a}");
    assert_eq!((&a["rows"], &b["columns"][0]["optional"]), (&json!(5000), &json!(true)));
    assert_eq!(plan["snapshot"]["rows"], 5001.0, "{plan}");
    assert!(plan["snapshot"]["rows_per_second"].as_f64().is_some_and(|pace| pace > 100.0), "{plan}");
    assert!(plan["snapshot"]["seconds"].as_f64().is_some_and(|seconds| seconds > 0.0), "{plan}");

    // Nothing was created on either side, nor on disk.
    assert_eq!(database.sql("SELECT count(*) FROM pg_publication"), "0");
    assert_eq!(scene.slots(), "0");
    assert_eq!(database.sql(catalog), before);
    assert_eq!(topics(|topic| topic.starts_with(name)).len(), 1, "the one that was there");
    assert!(!scene.folder.0.join(".walcast").exists());

    // Now for real.
    let walcast = Walcast::start(&scene.folder, &["--worker", "w.properties", "c.json"]);
    let slot = format!("s_{name}");
    wait_for("the stream", || streaming(&slot));
    drained(name, &slot);
    assert_eq!(walcast.stop(), 0);
    assert_eq!(
        database.sql("SELECT string_agg(tablename, ',' ORDER BY 1) FROM pg_publication_tables"),
        "a,b",
        "as the statement says"
    );
    let lines = dump(|topic| topic == format!("{name}.public.a"));
    let row = |text: &[u8]| serde_json::from_slice::<Value>(text).expect("JSON")["payload"]["after"].clone();
    for (sample, line) in plan["samples"].as_array().expect("samples").iter().zip(&lines) {
        let text = |field: &str| sample[field].as_str().expect("a text").as_bytes();
        assert_eq!(text("key"), line.key.as_deref().expect("a key"), "byte for byte");
        assert_eq!(row(text("value")), row(line.value.as_deref().expect("a value")));
    }
    assert_eq!(plan["samples"].as_array().map(Vec::len), Some(2));

    // And once it has run, there is nothing to create and no snapshot.
    let (code, text) = scene.plan(&[]);
    assert_eq!(code, 0, "{text}");
    assert!(text.contains("the stream goes on at") && text.contains("stays as it is"), "{text}");
    assert!(!text.contains("snapshot  "), "{text}");
}

#[test]
fn a_plan_that_would_be_refused_says_so() {
    let scene = Scene::new("disabled");
    let (code, text) = scene.plan(&["--samples", "0"]);
    assert_eq!(code, 1, "{text}");
    assert!(text.contains("REFUSED") && text.contains("dbz_publication") && !text.contains("record of"), "{text}");
    let (code, text) = scene.plan(&["--table", "public.zz"]);
    assert!(code == 2 && text.contains("public.zz is not captured"), "{text}");
    assert_eq!(scene.slots(), "0");
}
