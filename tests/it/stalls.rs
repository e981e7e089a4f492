//! Whatever holds data up is named within seconds, with a cause and what helps, and taken back when it is over.

use std::io::Write;
use std::process::Stdio;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::dialect::Dialect;
use crate::private::Private;
use crate::proxy::{Proxy, Weather};
use crate::rig::{Ending, Walcast, ask, client, postgres, run, sleep, streaming, wait_for};
use crate::scene::{Scene, TABLE};

/// How soon a status must tell the truth.
const SOON: Duration = Duration::from_secs(5);

/// The connection to Postgres goes through the proxy that is returned.
fn behind_a_proxy(scene: &mut Scene) -> Proxy {
    let pg = postgres();
    let proxy = Proxy::start(Dialect::Postgres, 0, (pg.host, pg.port), Arc::default());
    scene.config["database.hostname"] = json!("127.0.0.1");
    scene.config["database.port"] = json!(proxy.port.to_string());
    scene.config["database.sslmode"] = json!("disable");
    proxy
}

struct Running<'a> {
    scene: &'a Scene,
    walcast: Walcast,
}

impl<'a> Running<'a> {
    fn start(scene: &'a Scene) -> Self {
        Self { walcast: scene.start(), scene }
    }

    fn status(&self) -> Value {
        self.walcast.call("GET", &format!("/v1/connectors/{}", self.scene.name), None).1
    }

    fn streams(&self) {
        wait_for("the stream", || streaming(&self.scene.slot) && self.status()["activity"] == "streaming");
    }

    /// From now on, within [`SOON`]: this activity, with these words, and the state and trace that Connect's own call shows.
    fn tells(&self, activity: &str, words: &[&str], state: &str) {
        let began = Instant::now();
        loop {
            let status = self.status();
            let told = format!("{} {}", status["doing"], status["remedy"]);
            if status["activity"] == activity && words.iter().all(|word| told.contains(word)) {
                break;
            }
            assert!(began.elapsed() < SOON, "{activity} with {words:?} was not told in time: {status}");
            sleep(Duration::from_millis(50));
        }
        let task = self.walcast.task(&self.scene.name);
        assert_eq!(task["state"], state, "{task}");
        let trace = task["trace"].as_str().unwrap_or("");
        assert!(state == "RUNNING" || state == "PAUSED" || words.iter().all(|word| trace.contains(word)), "{task}");
        let ready = self.walcast.call("GET", "/readyz", None).0;
        assert_eq!(ready, if state == "RUNNING" || state == "PAUSED" { 200 } else { 503 });
    }

    fn goes_on(&self) {
        wait_for("it to go on", || self.status()["activity"] == "streaming");
        assert_eq!(self.walcast.task(&self.scene.name)["state"], "RUNNING");
        self.scene.database.sql("INSERT INTO t SELECT coalesce(max(id), 0) + 1 FROM t");
        self.scene.drained();
    }

    /// One line in the log, however long it takes.
    fn said_once(&self, words: &str) {
        assert_eq!(self.walcast.log().matches(words).count(), 1, "{}", self.walcast.log());
    }

    fn stop(self) {
        assert_eq!(self.walcast.stop(), 0);
    }
}

#[test]
fn a_stalled_kafka() {
    let ports = std::env::var("WALCAST_TEST_KAFKA_PROXIED").expect("run it by `tests/servers --kafka`");
    let (advertised, broker) = ports.split_once(':').expect("two ports");
    let broker = ("127.0.0.1".to_owned(), broker.parse().expect("a port"));
    let proxy = Proxy::start(Dialect::Kafka, advertised.parse().expect("a port"), broker, Arc::default());
    let mut scene = Scene::new("kafka_stalls", TABLE);
    scene.worker = format!("bootstrap.servers=127.0.0.1:{advertised}\n{}\n", without_brokers(&scene));
    let running = Running::start(&scene);
    running.streams();
    proxy.weather(Weather::Stalled);
    scene.database.sql("INSERT INTO t VALUES (2)");
    running.tells("waiting", &["Kafka (127.0.0.1", "acknowledges nothing", "brokers"], "UNASSIGNED");
    let since = running.status()["since"].clone();
    sleep(Duration::from_secs(2));
    assert_eq!(running.status()["since"], since, "the wait began when it began");
    running.said_once("acknowledges nothing");
    proxy.weather(Weather::Clear);
    running.goes_on();
    running.said_once("moving again");
    running.stop();

    // Between the last row of a snapshot and its acknowledgement.
    let mut last = only_read("kafka_stalls");
    last.worker = format!("bootstrap.servers=127.0.0.1:{advertised}\n{}\n", without_brokers(&last));
    let (running, left) = locked_out(&last, &["held up by"]);
    proxy.weather(Weather::Stalled);
    left.close();
    running.tells("waiting", &["Kafka (127.0.0.1", "acknowledges nothing"], "UNASSIGNED");
    proxy.weather(Weather::Clear);
    wait_for("the snapshot to end", || running.status()["activity"] == "idle");
    assert_eq!(last.ids(), [1]);
    running.stop();
}

/// The worker's other settings.
fn without_brokers(scene: &Scene) -> String {
    scene.worker.lines().filter(|line| !line.starts_with("bootstrap")).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_postgres_that_is_half_open() {
    let mut scene = Scene::new("half_open", TABLE);
    let proxy = behind_a_proxy(&mut scene);
    let running = Running::start(&scene);
    running.streams();
    proxy.weather(Weather::HalfOpen);
    running.tells("waiting", &["does not answer", "replication connection"], "UNASSIGNED");
    proxy.weather(Weather::Clear);
    running.goes_on();
    running.stop();
}

#[test]
fn a_postgres_that_is_away() {
    let mut scene = Scene::new("away", TABLE);
    let proxy = behind_a_proxy(&mut scene);
    let running = Running::start(&scene);
    running.streams();
    proxy.weather(Weather::Refusing);
    proxy.cut();
    running.tells("retrying", &["attempt", "database.hostname"], "RESTARTING");
    proxy.weather(Weather::Clear);
    running.goes_on();
    running.stop();
}

#[test]
fn a_slot_in_use() {
    let scene = Scene::new("slot_in_use", TABLE);
    let first = Running::start(&scene);
    first.streams();
    let second = Running::start(&scene);
    second.tells("waiting", &["replication slot", "is active for PID", "slot.name"], "UNASSIGNED");
    first.stop();
    second.goes_on();
    second.stop();
}

#[test]
fn a_server_that_is_a_standby_until_it_is_promoted() {
    let private = Private::with(&[("wal_level", "logical")], "", &[("standby.signal", "")]);
    if private.sql("SELECT current_setting('server_version_num')::int >= 160000") == "t" {
        return; // Decodes as a standby too.
    }
    let mut scene = Scene::new("standby", TABLE);
    for (key, value) in
        [("hostname", "127.0.0.1"), ("port", &private.port.to_string()), ("user", "postgres"), ("dbname", "postgres")]
    {
        scene.config[format!("database.{key}")] = json!(value);
    }
    let running = Running::start(&scene);
    running.tells("retrying", &["the server is a standby", "pg_promote()"], "RESTARTING");
    private.sql("SELECT pg_promote()");
    let promoted = Instant::now();
    wait_for("the stream", || running.status()["activity"] == "streaming");
    assert!(promoted.elapsed() < SOON, "{:?}", promoted.elapsed());
    running.stop();
}

/// A transaction that somebody has left open, after these statements.
struct Left(Ending);

impl Left {
    fn open(scene: &Scene, statements: &str) -> Self {
        let mut child = client("psql", &scene.name)
            .arg("-Xq")
            .env("PGAPPNAME", "left open")
            .stdin(Stdio::piped())
            .spawn()
            .expect("psql runs");
        let stdin = child.stdin.as_mut().expect("piped");
        writeln!(stdin, "BEGIN; {statements};").expect("psql reads");
        let sessions = format!(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = '{}' AND state = 'idle in transaction' AND backend_xid IS NOT NULL",
            scene.name
        );
        wait_for("the transaction to be open", || ask(&sessions) == "1");
        Self(Ending(child))
    }

    /// Rolled back.
    fn close(mut self) {
        let Ending(psql) = &mut self.0;
        drop(psql.stdin.take());
        psql.wait().expect("psql ends");
    }
}

/// The table is read, and nothing else.
fn only_read(name: &str) -> Scene {
    let mut scene = Scene::new(name, TABLE);
    scene.config["snapshot.mode"] = json!("initial_only");
    scene
}

/// A connector, and whoever has locked the table that it has to read.
fn locked_out<'a>(scene: &'a Scene, words: &[&str]) -> (Running<'a>, Left) {
    let left = Left::open(scene, "LOCK TABLE t IN ACCESS EXCLUSIVE MODE");
    let running = Running::start(scene);
    running.tells("waiting", words, "UNASSIGNED");
    (running, left)
}

#[test]
fn a_transaction_that_keeps_the_slot_from_being_made() {
    let scene = Scene::new("left_open", TABLE);
    let left = Left::open(&scene, "INSERT INTO t VALUES (2)");
    let running = Running::start(&scene);
    let words =
        ["slot cannot be created: held up by PID", "left open", "in a transaction since", "pg_terminate_backend("];
    running.tells("waiting", &words, "UNASSIGNED");
    left.close();
    running.goes_on();
    running.said_once("held up by");
    running.stop();
}

#[test]
fn a_table_that_is_locked_when_the_snapshot_comes_to_it() {
    let scene = only_read("locked");
    let words = ["table public.t cannot be read: held up by PID", "left open", "pg_terminate_backend("];
    let (running, left) = locked_out(&scene, &words);
    left.close();
    wait_for("the snapshot to end", || running.status()["activity"] == "idle");
    assert_eq!(scene.ids(), [1]);
    running.stop();
}

#[test]
fn a_snapshot_that_waits_for_a_lock_can_be_stopped() {
    let scene = only_read("locked_stop");
    let (running, left) = locked_out(&scene, &["held up by"]);
    assert_eq!(running.walcast.call("PUT", &format!("/connectors/{}/stop", scene.name), None).0, 204);
    wait_for("the stop", || running.status()["activity"] == "stopped");
    let log = running.walcast.log();
    assert!(!log.contains("did not stop in time"), "{log}");
    left.close();
    running.stop();
}

#[test]
fn a_publication_that_is_gone() {
    let scene = Scene::new("unpublished", TABLE);
    let running = Running::start(&scene);
    running.streams();
    scene.database.sql("DROP PUBLICATION dbz_publication; INSERT INTO t VALUES (2)");
    running.tells("failed", &["publication", "does not exist", "walcast offsets reset FILE --apply"], "FAILED");
    // As the remedy says.
    scene.database.sql("CREATE PUBLICATION dbz_publication FOR ALL TABLES");
    assert_eq!(running.walcast.call("PUT", &format!("/connectors/{}/stop", scene.name), None).0, 204);
    let (code, text) = run(&scene.folder, &["offsets", "reset", "c.json", "--worker", "w.properties", "--apply"]);
    assert_eq!(code, 0, "{text}");
    assert_eq!(running.walcast.call("PUT", &format!("/connectors/{}/resume", scene.name), None).0, 202);
    running.goes_on();
    assert_eq!(scene.ids(), [1, 1, 2, 3]);
    running.stop();
}

#[test]
fn a_full_disk_beneath_the_records() {
    let mut scene = Scene::new("full_disk", TABLE);
    scene.worker = "walcast.sink=file:/dev/full\n".to_owned();
    let running = Running::start(&scene);
    running.tells("retrying", &["No space left on device", "/dev/full", "check space"], "RESTARTING");
    running.stop();
}

#[test]
fn a_full_disk_beneath_the_offsets() {
    let mut scene = Scene::new("full_offsets", TABLE);
    scene.worker = "walcast.sink=file:records.jsonl\noffset.storage.file.filename=offsets.json\n".to_owned();
    let new = scene.folder.0.join("offsets.json.new");
    std::os::unix::fs::symlink("/dev/full", &new).expect("a link");
    let running = Running::start(&scene);
    running.tells("retrying", &["offsets.json", "No space left on device", "check"], "RESTARTING");
    std::fs::remove_file(new).expect("the link is still there");
    running.goes_on();
    running.stop();
}

#[test]
fn a_pause() {
    let scene = Scene::new("pause", TABLE);
    let running = Running::start(&scene);
    running.streams();
    assert_eq!(running.walcast.call("PUT", &format!("/connectors/{}/pause", scene.name), None).0, 202);
    running.tells("paused", &["paused"], "PAUSED");
    assert_eq!(running.walcast.call("PUT", &format!("/connectors/{}/resume", scene.name), None).0, 202);
    running.goes_on();
    running.stop();
}

#[test]
fn a_snapshot_that_takes_its_time() {
    let rows = "CREATE TABLE t (id int PRIMARY KEY, wide text); \
                INSERT INTO t SELECT n, repeat(md5(n::text), 60) FROM generate_series(1, 20000) n; ANALYZE t;";
    let mut scene = Scene::new("slow_snapshot", rows);
    let proxy = behind_a_proxy(&mut scene);
    let running = Running::start(&scene);
    // Too much for the buffers on the way; from now on each row takes a while.
    wait_for("the snapshot to begin", || running.status()["activity"] == "snapshotting");
    proxy.weather(Weather::Slow(10_000));
    running.tells("snapshotting", &["snapshotting", " %: ", "rows of public.t"], "RUNNING");
    proxy.weather(Weather::Clear);
    running.goes_on();
    running.stop();
}
