//! What is written, once for all contenders: each reads it from a copy of the slot that was there before.

use std::collections::BTreeMap;

use crate::rig::{Database, sql, unique};

/// A table, and what happens to it.
pub struct Workload {
    pub name: &'static str,
    pub title: &'static str,
    table: fn() -> String,
    write: fn(i64) -> String,
    /// Transactions or rows, in the words of `write`.
    size: i64,
    /// The content is there before, and read by a snapshot.
    pub snapshot: bool,
}

/// What lies ready in a database.
pub struct Prepared {
    pub database: Database,
    /// Row changes.
    pub changes: i64,
    /// Bytes of WAL.
    pub wal: i64,
    /// A position from which nothing was written yet.
    pub from: String,
    /// A position behind everything.
    pub to: String,
    /// The table as it is: id and `b` of each row.
    pub rows: BTreeMap<i64, i64>,
    /// Records in the topic: one for each change, and a tombstone for each deletion.
    pub records: i64,
}

const TEN: &str = "CREATE TABLE t (id bigint PRIMARY KEY, a int, b int, c text, d text, e numeric(10,2), f timestamptz, g boolean, h uuid, i text)";
const ROW: &str =
    "n, n, n % 1000, 'name ' || n, repeat('x', 60), n / 100.0, now(), n % 2 = 0, gen_random_uuid(), 'note'";

fn ten() -> String {
    TEN.to_owned()
}

pub const WORKLOADS: &[Workload] = &[
    Workload {
        name: "one",
        title: "one transaction of 1,000,000 rows",
        table: ten,
        write: |rows| format!("INSERT INTO t SELECT {ROW} FROM generate_series(1, {rows}) n"),
        size: 1_000_000,
        snapshot: false,
    },
    Workload {
        name: "thousands",
        title: "1,000 transactions of 1,000 rows",
        table: ten,
        write: |transactions| {
            format!(
                "DO $$ BEGIN FOR x IN 0..{transactions} - 1 LOOP
                 INSERT INTO t SELECT {ROW} FROM generate_series(x * 1000 + 1, x * 1000 + 1000) n; COMMIT; END LOOP; END $$"
            )
        },
        size: 1000,
        snapshot: false,
    },
    Workload {
        name: "single",
        title: "200,000 transactions of one row: 6 of 10 insert, 3 update, 1 deletes",
        table: ten,
        write: |transactions| {
            format!(
                "SET synchronous_commit = off;
                 DO $$ DECLARE n bigint := 0; BEGIN FOR x IN 0..{transactions} - 1 LOOP
                 IF x % 10 IN (3, 6, 8) THEN UPDATE t SET b = b + 1, c = 'changed ' || x WHERE id = n - 1;
                 ELSIF x % 10 = 9 THEN DELETE FROM t WHERE id = n - 2;
                 ELSE n := n + 1; INSERT INTO t SELECT {ROW}; END IF;
                 COMMIT; END LOOP; END $$"
            )
        },
        size: 200_000,
        snapshot: false,
    },
    Workload {
        name: "wide",
        title: "200,000 rows of 60 columns and 2 kB, in transactions of 500",
        table: || {
            let columns: Vec<String> = (1..=57)
                .map(|n| {
                    format!("c{n} {}", ["int", "text", "timestamptz", "numeric(12,2)", "boolean", "varchar(80)"][n % 6])
                })
                .collect();
            format!("CREATE TABLE t (id bigint PRIMARY KEY, b int, d text, {})", columns.join(", "))
        },
        write: |transactions| {
            let values: Vec<String> = (1..=57)
                .map(|c| match c % 6 {
                    0 => format!("n + {c}"),
                    2 => "now()".to_owned(),
                    3 => "n / 100.0".to_owned(),
                    4 => "n % 3 = 0".to_owned(),
                    _ => format!("'column {c} of row ' || n || repeat('.', 50)"),
                })
                .collect();
            format!(
                "DO $$ BEGIN FOR x IN 0..{transactions} - 1 LOOP INSERT INTO t SELECT n, n % 1000, repeat('x', 60), {}
                 FROM generate_series(x * 500 + 1, x * 500 + 500) n; COMMIT; END LOOP; END $$",
                values.join(", ")
            )
        },
        size: 400,
        snapshot: false,
    },
    Workload {
        name: "snapshot",
        title: "snapshot of 2,000,000 rows",
        table: ten,
        write: |rows| format!("INSERT INTO t SELECT {ROW} FROM generate_series(1, {rows}) n"),
        size: 2_000_000,
        snapshot: true,
    },
    Workload {
        name: "huge",
        title: "one transaction of 5,000,000 rows",
        table: ten,
        write: |rows| format!("INSERT INTO t SELECT {ROW} FROM generate_series(1, {rows}) n"),
        size: 5_000_000,
        snapshot: false,
    },
];

impl Workload {
    /// A table to be written to while it is read.
    pub fn empty() -> Self {
        Self { name: "empty", title: "", table: ten, write: |_| String::new(), size: 0, snapshot: false }
    }

    pub fn prepare(&self) -> Prepared {
        let database = Database::new(&unique("versus"));
        database.sql(&format!("{}; CREATE PUBLICATION p FOR TABLE t", (self.table)()));
        database.sql(&format!("SELECT pg_create_logical_replication_slot('{}', 'pgoutput')", base(&database)));
        let from = sql(
            &database.name,
            &format!("SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = '{}'", base(&database)),
        );
        database.sql(&(self.write)(self.size));
        let to = database.sql("SELECT pg_current_wal_flush_lsn()");
        // Nothing of the server's own housekeeping shall fall into a run.
        database.sql("VACUUM ANALYZE t");
        database.sql("CHECKPOINT");
        let wal = database.sql(&format!("SELECT pg_wal_lsn_diff('{to}', '{from}')::bigint")).parse().expect("bytes");
        let pairs = database.sql("SELECT id, b FROM t");
        let rows: BTreeMap<i64, i64> = pairs
            .lines()
            .filter_map(|line| line.split_once('|'))
            .map(|(id, b)| (id.parse().expect("an id"), b.parse().expect("a number")))
            .collect();
        let there = i64::try_from(rows.len()).expect("a count");
        let (changes, records) = match self.name {
            "single" => (self.size, self.size / 10 * 11),
            _ => (there, there),
        };
        Prepared { database, changes, wal, from, to, rows, records }
    }
}

fn base(database: &Database) -> String {
    format!("{}_base", database.name)
}

impl Prepared {
    /// A slot from which all of it can be read.
    pub fn slot(&self) -> String {
        let slot = unique("slot");
        self.database.sql(&format!("SELECT pg_copy_logical_replication_slot('{}', '{slot}')", base(&self.database)));
        slot
    }

    pub fn drop_slot(&self, slot: &str) {
        crate::rig::wait_for("the slot to be free", || {
            crate::rig::ask(&format!("SELECT count(*) FROM pg_replication_slots WHERE slot_name = '{slot}' AND active"))
                == "0"
        });
        self.database.sql(&format!(
            "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = '{slot}'"
        ));
    }
}
