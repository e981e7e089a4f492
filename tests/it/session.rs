//! Values do not depend on what an administrator has set for the database or the role, nor on its encoding.

use serde_json::{Value, json};

use crate::rig::{Database, Folder, Walcast, connector, drained, streaming, unique, wait_for, worker};
use crate::topics::dump;

const TABLE: &str = "CREATE TABLE t (id int PRIMARY KEY, d date, ts timestamp, tz timestamptz, ti timetz, i interval, \
                     f float8, r real, b bytea, n numeric, m money, a text[], da date[], tr tstzrange, s text);";
const ROW: &str = "INSERT INTO t SELECT id, '2024-02-03', '2024-02-03 04:05:06.789', '2024-02-03 04:05:06.789+02', \
                   '04:05:06+02', interval '1 year 2 mons -3 days 04:05:06.5', 0.1234567890123456, 0.12345678, \
                   '\\x00ff41', 1234.5, '1234.56', ARRAY['é', 'x'], ARRAY[date '2024-02-03'], \
                   tstzrange('2024-02-03 00:00+00', NULL), 'é ü' FROM generate_series(";

/// Snapshot and stream of the same rows, as they lie in Kafka.
fn rows(database: &Database) -> Vec<Value> {
    database.sql(&format!("SET client_encoding = 'UTF8'; {TABLE} {ROW}1, 2) AS id"));
    let (folder, name) = (Folder::new(), database.name.clone());
    folder.write("worker.properties", &worker(&name));
    folder.write("connector.json", &json!({ "name": name, "config": connector(&name, &name) }).to_string());
    let walcast = Walcast::start(&folder, &["--worker", "worker.properties", "connector.json"]);
    wait_for("the stream", || streaming(&format!("s_{name}")));
    database.sql(&format!("SET client_encoding = 'UTF8'; {ROW}3, 4) AS id"));
    drained(&name, &format!("s_{name}"));
    assert_eq!(walcast.stop(), 0);
    let lines = dump(|topic| topic.starts_with(&format!("{name}.")));
    let value = |bytes: Vec<u8>| serde_json::from_slice::<Value>(&bytes).expect("JSON");
    let mut rows: Vec<Value> = lines
        .into_iter()
        .map(|line| value(line.value.expect("no tombstones")))
        .map(|value| value.get("payload").unwrap_or(&value)["after"].clone())
        .collect();
    rows.sort_by_key(|row| row["id"].as_i64());
    rows
}

#[test]
fn no_setting_and_no_encoding_changes_a_value() {
    let plain = Database::new(&unique("plain"));
    let odd = Database::with(&unique("odd"), "ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    for setting in [
        "DateStyle = 'SQL, DMY'",
        "IntervalStyle = 'iso_8601'",
        "TimeZone = 'Asia/Kolkata'",
        "extra_float_digits = -5",
        "bytea_output = 'escape'",
        "search_path = 'nowhere'",
        "lc_monetary = 'C'",
    ] {
        odd.sql(&format!("ALTER DATABASE \"{}\" SET {setting}", odd.name));
    }
    // The table must be found all the same.
    odd.sql(&format!("ALTER ROLE CURRENT_USER IN DATABASE \"{}\" SET search_path = public", odd.name));
    let (plain, odd) = (rows(&plain), rows(&odd));
    assert_eq!(plain.len(), 4);
    assert_eq!(plain, odd);
}
