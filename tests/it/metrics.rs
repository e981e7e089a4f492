//! What a connector tells of itself, through the pages that tell it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::rig::{
    Database, Folder, PATIENCE, Walcast, connector, drained, http_text, streaming, unique, wait_for, worker,
};

struct Scene {
    name: String,
    database: Database,
    walcast: Walcast,
    _folder: Folder,
}

impl Scene {
    /// A table of three rows, read, and a stream.
    fn new(what: &str) -> Self {
        let name = unique(what);
        let (database, folder) = (Database::new(&name), Folder::new());
        database.sql("CREATE TABLE t (id int PRIMARY KEY, secret text); INSERT INTO t SELECT n, 'hidden' FROM generate_series(1, 3) n;");
        folder.write("w.properties", &worker(&name));
        folder.write("c.json", &json!({ "name": name, "config": connector(&name, &name) }).to_string());
        let walcast = Walcast::start(&folder, &["--worker", "w.properties", "c.json"]);
        wait_for("the stream", || streaming(&format!("s_{name}")));
        Self { name, database, walcast, _folder: folder }
    }

    fn drained(&self) {
        drained(&self.name, &format!("s_{}", self.name));
    }

    fn page(&self) -> String {
        let (status, text) = http_text(self.walcast.port, "GET", "/metrics", None).expect("an answer");
        assert_eq!(status, 200);
        text
    }

    fn own(&self, what: &str) -> Value {
        let (status, body) = self.walcast.call("GET", &format!("/v1/connectors/{}{what}", self.name), None);
        assert_eq!(status, 200, "{body}");
        body
    }
}

/// Samples by name and labels, as they stand in the text.
fn samples(page: &str) -> BTreeMap<&str, f64> {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit_once(' ').expect("a sample")).map(|(n, v)| (n, v.parse().expect("a number"))).collect()
}

#[test]
fn metrics_count_what_happened() {
    let scene = Scene::new("metrics");
    scene.database.sql(
        "INSERT INTO t VALUES (4, 'hidden'), (5, 'hidden'); UPDATE t SET secret = 'other' WHERE id = 1; DELETE FROM t WHERE id = 2",
    );
    scene.drained();
    let name = &scene.name;
    let own = |metric: &str, labels: &str| format!("{metric}{{connector=\"{name}\"{labels}}}");
    let of_table =
        |operation: &str| own("walcast_events_total", &format!(",table=\"public.t\",operation=\"{operation}\""));
    let debezium = |attribute: &str, context: &str| {
        format!("debezium_metrics_{attribute}{{plugin=\"postgres\",name=\"{name}\",context=\"{context}\"}}")
    };
    let expected = [
        (of_table("read"), 3.0),
        (of_table("create"), 2.0),
        (of_table("update"), 1.0),
        (of_table("delete"), 1.0),
        (own("walcast_in_flight_records", ""), 0.0),
        (own("walcast_lag_seconds", ""), 0.0),
        (own("walcast_transactions_total", ""), 3.0),
        (own("walcast_commit_to_acknowledgement_seconds_count", ""), 3.0),
        (own("walcast_connector_running", ""), 1.0),
        (own("walcast_connector_restarts_total", ""), 0.0),
        (own("walcast_snapshot_rows", ""), 3.0),
        (own("walcast_slot_exists", &format!(",slot=\"s_{name}\"")), 1.0),
        (own("walcast_slot_active", &format!(",slot=\"s_{name}\"")), 1.0),
        (own("walcast_slot_wal_status", &format!(",slot=\"s_{name}\",status=\"reserved\"")), 1.0),
        (debezium("TotalNumberOfEventsSeen", "streaming"), 4.0),
        (debezium("TotalNumberOfEventsSeen", "snapshot"), 3.0),
        (debezium("TotalNumberOfDeleteEventsSeen", "streaming"), 1.0),
        (debezium("NumberOfCommittedTransactions", "streaming"), 3.0),
        (debezium("Connected", "streaming"), 1.0),
        (debezium("SnapshotCompleted", "snapshot"), 1.0),
        (debezium("RemainingTableCount", "snapshot"), 0.0),
    ];
    // The slot is looked at every few seconds, and librdkafka tells of itself as often.
    wait_for("the figures", || {
        let page = scene.page();
        let samples = samples(&page);
        let wrong = |(key, value): &&(String, f64)| samples.get(key.as_str()) != Some(value);
        expected.iter().find(wrong).is_none() && page.contains("kafka_producer_messages_total")
    });
    let page = scene.page();
    let samples = samples(&page);
    let at = |key: String| *samples.get(key.as_str()).unwrap_or_else(|| panic!("no {key} in\n{page}"));
    assert!(at(own("kafka_producer_messages_total", "")) >= 8.0, "records, a tombstone, offsets");
    assert!(at(own("walcast_event_bytes_total", ",table=\"public.t\"")) > 500.0);
    assert!(at(own("walcast_stage_seconds_total", ",stage=\"wire\"")) > 0.0);
    assert!(at(own("walcast_commit_to_acknowledgement_seconds_sum", "")) < 3.0 * PATIENCE.as_secs_f64());
    assert!(at(debezium("MilliSecondsBehindSource", "streaming")) >= 0.0);
    assert!(!page.contains("hidden"), "no value of a row");
    parse(&page);

    let lag = scene.own("/lag");
    assert_eq!((&lag["seconds"], &lag["in_flight"]["records"]), (&json!(0.0), &json!(0)), "{lag}");
    assert_eq!(scene.own("/slot")["wal_status"], "reserved");
    let tables = scene.own("/tables");
    assert_eq!((&tables[0]["table"], &tables[0]["events"]["read"]), (&json!("public.t"), &json!(3)), "{tables}");
    scene.database.sql("ALTER TABLE t ADD COLUMN more int; INSERT INTO t VALUES (6, '', 1)");
    scene.drained();
    let history = scene.own("/schema-history");
    let names = |chapter: &Value| -> Vec<String> {
        let columns = chapter["columns"].as_array().expect("columns");
        columns.iter().map(|column| column["name"].as_str().expect("a name").to_owned()).collect()
    };
    let chapters = history.as_array().expect("chapters");
    assert_eq!(names(&chapters[0]), ["id", "secret"]);
    assert_eq!(names(chapters.last().expect("one")), ["id", "secret", "more"]);
    assert_eq!(scene.walcast.call("GET", "/v1/connectors/nobody/lag", None).0, 404);
    assert_eq!(scene.walcast.stop(), 0);
}

#[test]
fn the_dashboard_is_what_grafana_reads() {
    let text = include_str!("../../deploy/monitoring/grafana/dashboards/walcast.json");
    let dashboard: Value = serde_json::from_str(text).expect("JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let asks = |panel: &Value| panel["type"] == "row" || panel["targets"][0]["expr"].is_string();
    assert!(panels.len() > 15 && panels.iter().all(asks));
    let ids: std::collections::BTreeSet<_> = panels.iter().map(|panel| panel["id"].as_i64()).collect();
    assert_eq!(ids.len(), panels.len());
}

/// What Prometheus' own parser for Python makes of the page.
fn parse(page: &str) {
    let root = env!("CARGO_MANIFEST_DIR");
    let mut child = Command::new(format!("{root}/tests/metrics/parse"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("tests/metrics/parse runs");
    child.stdin.take().expect("piped").write_all(page.as_bytes()).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "the official parser refuses the page:\n{page}");
    let families = String::from_utf8_lossy(&output.stdout);
    for family in
        ["walcast_events counter", "walcast_commit_to_acknowledgement_seconds histogram", "walcast_lag_seconds gauge"]
    {
        assert!(families.lines().any(|line| line == family), "{family} is missing in\n{families}");
    }
}

#[test]
fn those_who_watch_see_records_go_by_and_no_value_of_a_row() {
    let scene = Scene::new("tail");
    let mut line = TcpStream::connect(("127.0.0.1", scene.walcast.port)).expect("a connection");
    line.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    write!(line, "GET /v1/connectors/{}/events HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", scene.name).expect("sent");
    let mut lines = BufReader::new(line).lines().map(|line| line.expect("a line"));
    let head: Vec<_> = lines.by_ref().take_while(|line| !line.is_empty()).collect();
    assert!(head.iter().any(|line| line.contains("text/event-stream")), "{head:?}");
    scene.database.sql("INSERT INTO t VALUES (7, 'hidden')");
    let data = lines.find_map(|line| line.strip_prefix("data:").map(str::to_owned)).expect("an event");
    let record: Value = serde_json::from_str(&data).expect("JSON");
    assert_eq!(record["topic"], format!("{}.public.t", scene.name));
    assert_eq!(
        (&record["value"]["op"], &record["value"]["after"]),
        (&json!("c"), &json!({ "id": "***", "secret": "***" }))
    );
    assert_eq!(record["key"], json!({ "id": "***" }));
    assert!(!data.contains("hidden"));
    drop(lines);
    assert_eq!(scene.walcast.stop(), 0);
}

#[test]
fn probes_tell_alive_from_ready() {
    let scene = Scene::new("probes");
    let ask = |path: &str| scene.walcast.call("GET", path, None);
    assert_eq!(ask("/livez").0, 200);
    assert_eq!(ask("/readyz").0, 200);
    assert_eq!(scene.own("")["activity"], "streaming");
    assert_eq!(scene.walcast.call("PUT", &format!("/connectors/{}/pause", scene.name), None).0, 202);
    wait_for("the pause", || scene.own("")["activity"] == "paused");
    assert_eq!(ask("/readyz").0, 200, "it shall not run");
    assert_eq!(scene.walcast.call("PUT", &format!("/connectors/{}/stop", scene.name), None).0, 204);
    assert_eq!(scene.own("")["activity"], "stopped");
    assert_eq!((ask("/readyz").0, ask("/livez").0), (200, 200));
    assert_eq!(scene.walcast.stop(), 0);
}
