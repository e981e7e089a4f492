//! What happens to the tables meanwhile. One writer, so that positions in the WAL come in the order of commits; every
//! change carries a number of its own and is written down beside, in the same transaction.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::rig::Database;

pub const ROWS: u32 = 5_000;
/// Rows of a table that nobody changes: its snapshot takes long enough to be interrupted.
pub const STILL: u32 = 40_000;

pub fn tables(database: &Database) {
    database.sql(&format!(
        "CREATE SEQUENCE change;
         CREATE TABLE journal (change bigint PRIMARY KEY, id int, op char);
         CREATE TABLE t (id int PRIMARY KEY, v bigint NOT NULL DEFAULT nextval('change'), note text);
         INSERT INTO t SELECT n, nextval('change'), repeat('n', 80) FROM generate_series(1, {ROWS}) n;
         CREATE FUNCTION numbered() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             NEW.v := nextval('change');
             RETURN NEW;
         END $$;
         CREATE FUNCTION written() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             IF TG_OP = 'DELETE' THEN
                 INSERT INTO journal VALUES (nextval('change'), OLD.id, 'd');
             ELSE
                 INSERT INTO journal VALUES (NEW.v, NEW.id, lower(left(TG_OP, 1)));
             END IF;
             RETURN NULL;
         END $$;
         CREATE TABLE still (id int PRIMARY KEY, note text);
         INSERT INTO still SELECT n, repeat('s', 200) FROM generate_series(1, {STILL}) n;
         CREATE TRIGGER numbered BEFORE INSERT OR UPDATE ON t FOR EACH ROW EXECUTE FUNCTION numbered();
         CREATE TRIGGER written AFTER INSERT OR UPDATE OR DELETE ON t FOR EACH ROW EXECUTE FUNCTION written();"
    ));
}

pub fn run(database: &Database, mut random: fastrand::Rng, done: &AtomicBool) {
    while !done.load(Ordering::SeqCst) {
        let mut script = String::new();
        for _ in 0..random.u32(5..40) {
            let id = random.u32(1..=ROWS);
            script.push_str("BEGIN;");
            for near in 0..random.u32(1..6) {
                let id = 1 + (id + near * 37) % ROWS;
                script.push_str(&match random.u32(0..10) {
                    0 => format!("DELETE FROM t WHERE id = {id};"),
                    1 => format!("INSERT INTO t (id, note) VALUES ({id}, 'again') ON CONFLICT DO NOTHING;"),
                    2 => format!("UPDATE t SET id = id + 100000 WHERE id = {id} AND NOT EXISTS (SELECT FROM t WHERE id = {id} + 100000);"),
                    _ => format!("UPDATE t SET note = 'at ' || {id} WHERE id = {id};"),
                });
            }
            script.push_str(if random.u32(0..12) == 0 { "ROLLBACK;" } else { "COMMIT;" });
        }
        if random.u32(0..40) == 0 {
            // Long enough for a kill to come in the middle of its delivery.
            for _ in 0..6 {
                script.push_str("UPDATE t SET note = 'all';");
            }
            script = format!(
                "BEGIN;{}COMMIT;",
                script.replace("BEGIN;", "").replace("COMMIT;", "").replace("ROLLBACK;", "")
            );
        }
        database.sql(&script);
        // A pace that Debezium can keep.
        crate::pause(std::time::Duration::from_millis(50));
    }
}
