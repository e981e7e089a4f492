//! A seeded random workload with a journal. Each writer owns its keys, so that it knows the order of every key's changes.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use fastrand::Rng;

use crate::journal::{EVERYTHING, Event, TABLES, Transaction};
use crate::rig::sleep;
use crate::session::{Outcome, Session};

pub const WRITERS: usize = 3;

pub const TABLES_SQL: &str = "
    CREATE TABLE plain (id bigint PRIMARY KEY, seq bigint NOT NULL, note text);
    CREATE TABLE pair (a int, b text, seq bigint NOT NULL, note text, PRIMARY KEY (a, b));
    CREATE TABLE whole (id bigint PRIMARY KEY, seq bigint NOT NULL, note text);
    ALTER TABLE whole REPLICA IDENTITY FULL;
    CREATE TABLE big (id bigint PRIMARY KEY, seq bigint NOT NULL, note text, body text);
    ALTER TABLE big ALTER body SET STORAGE EXTERNAL;
    CREATE TABLE keyless (seq bigint NOT NULL, note text);
    CREATE TABLE scrap (id bigint PRIMARY KEY, seq bigint NOT NULL, note text);
    CREATE TABLE settled (token bigint PRIMARY KEY);
    CREATE TABLE probe (id bigint PRIMARY KEY, seq bigint NOT NULL, note text);";

const PLAIN: usize = 0;
const PAIR: usize = 1;
const WHOLE: usize = 2;
const BIG: usize = 3;
const KEYLESS: usize = 4;
const SCRAP: usize = 5;
/// The tables whose rows are updated and deleted.
const KEYED: [usize; 5] = [PLAIN, PAIR, WHOLE, BIG, SCRAP];
/// The writer that truncates, and owns the table alone.
const TRUNCATES: i64 = 0;
const OWN: i64 = 10_000_000;
/// Rows of a writer's first transaction.
const BEGINNING: i64 = 500;

/// Numbers of keys that exist, and those that once did.
#[derive(Clone, Default)]
struct Keys {
    alive: [BTreeSet<i64>; TABLES.len()],
    gone: Vec<(usize, i64)>,
}

pub struct Writer {
    number: i64,
    random: Rng,
    keys: Keys,
    next_key: i64,
    next_seq: i64,
    pub journal: Vec<Transaction>,
}

impl Writer {
    pub fn new(number: usize, seed: u64) -> Self {
        let number = i64::try_from(number).expect("few writers");
        let random = Rng::with_seed(seed.wrapping_mul(31).wrapping_add(u64::try_from(number).expect("not negative")));
        Self { number, random, keys: Keys::default(), next_key: 0, next_seq: 0, journal: Vec::new() }
    }

    /// What there is before anything else: one transaction.
    pub fn begin(&mut self, session: &mut Session) {
        let mut step = Step::of(self);
        step.insert_many(PLAIN, BEGINNING);
        step.insert_many(PAIR, BEGINNING / 5);
        step.insert_many(WHOLE, BEGINNING / 5);
        step.insert_many(BIG, BEGINNING / 5);
        step.commit(session, true);
    }

    pub fn work(&mut self, session: &mut Session, done: &AtomicBool) {
        while !done.load(Ordering::Relaxed) {
            if self.random.u32(..60) == 0 {
                self.change_table(session);
            }
            self.transaction(session);
            sleep(Duration::from_millis(self.random.u64(..25)));
        }
    }

    fn transaction(&mut self, session: &mut Session) {
        let commit = self.random.u32(..12) > 0;
        let large = self.random.u32(..400) == 0;
        let mut step = Step::of(self);
        if large {
            step.insert_many(PLAIN, 20_000);
        }
        for _ in 0..step.writer.random.u32(1..7) {
            if step.writer.random.u32(..10) == 0 {
                // A savepoint that comes to nothing: the journal never hears of it.
                let before = (step.keys.clone(), step.events.len());
                step.script.push_str("SAVEPOINT s;");
                step.statement();
                step.script.push_str("ROLLBACK TO SAVEPOINT s;");
                step.keys = before.0;
                step.events.truncate(before.1);
            } else {
                step.statement();
            }
        }
        step.commit(session, commit);
    }

    /// A column comes or goes, in a transaction of its own.
    fn change_table(&mut self, session: &mut Session) {
        let table = TABLES[KEYED[self.random.usize(..KEYED.len())]];
        let change = if self.random.bool() {
            "ADD COLUMN IF NOT EXISTS extra int DEFAULT 7"
        } else {
            "DROP COLUMN IF EXISTS extra"
        };
        session.transaction(&format!("SET LOCAL lock_timeout = '500ms'; ALTER TABLE {table} {change};"), true);
    }
}

/// A transaction in the making.
struct Step<'a> {
    writer: &'a mut Writer,
    keys: Keys,
    script: String,
    events: Vec<Event>,
}

impl<'a> Step<'a> {
    fn of(writer: &'a mut Writer) -> Self {
        let keys = writer.keys.clone();
        Self { writer, keys, script: String::new(), events: Vec::new() }
    }

    fn commit(self, session: &mut Session, commit: bool) {
        if let Outcome::Committed(xid) = session.transaction(&self.script, commit) {
            self.writer.keys = self.keys;
            self.writer.journal.push(Transaction { xid, events: self.events });
        }
    }

    fn statement(&mut self) {
        let table = KEYED[self.writer.random.usize(..KEYED.len())];
        if table == SCRAP && self.writer.number != TRUNCATES {
            return self.insert_keyless();
        }
        match self.writer.random.u32(..100) {
            0..30 => self.insert(table),
            30..33 => self.insert_many(table, 300),
            33..40 => self.insert_keyless(),
            40..65 => self.update(table, 1),
            65..72 => self.update(table, 40),
            72..82 => self.change_key(table),
            82..96 => self.delete(table, 1),
            96..99 => self.delete(table, 30),
            _ if table == SCRAP => self.truncate(),
            _ => self.update(table, 400),
        }
    }

    fn seq(&mut self) -> i64 {
        self.writer.next_seq += 1;
        self.writer.next_seq * 16 + self.writer.number
    }

    fn id(&self, key: i64) -> i64 {
        self.writer.number * OWN + key
    }

    fn event(&mut self, table: usize, key: i64, op: char, seq: Option<i64>) {
        let key = match table {
            PAIR => format!("{}/k{key}", self.writer.number),
            _ => self.id(key).to_string(),
        };
        self.events.push(Event { table, key, op, seq });
    }

    /// Where the rows with keys from `low` to `high` are.
    fn range(&self, table: usize, low: i64, high: i64) -> String {
        if table == PAIR {
            // By number: the text of the key orders otherwise.
            format!("a = {} AND substr(b, 2)::int BETWEEN {low} AND {high}", self.writer.number)
        } else {
            format!("id BETWEEN {} AND {}", self.id(low), self.id(high))
        }
    }

    fn insert(&mut self, table: usize) {
        // A key that was there before comes back, now and then.
        let again = self.keys.gone.iter().rposition(|(of, key)| *of == table && !self.keys.alive[table].contains(key));
        match again.filter(|_| self.writer.random.bool()) {
            Some(at) => {
                let (_, key) = self.keys.gone.swap_remove(at);
                self.insert_range(table, key, key);
            }
            None => self.insert_many(table, 1),
        }
    }

    fn insert_many(&mut self, table: usize, count: i64) {
        let low = self.writer.next_key;
        self.writer.next_key += count;
        self.insert_range(table, low, low + count - 1);
    }

    fn insert_range(&mut self, table: usize, low: i64, high: i64) {
        let seq = self.seq();
        let (name, number, own) = (TABLES[table], self.writer.number, self.writer.number * OWN);
        let columns = match table {
            PAIR => format!("(a, b, seq, note) SELECT {number}, 'k' || n, {seq}, 'n{seq}'"),
            BIG => format!("(id, seq, note, body) SELECT {own} + n, {seq}, 'n{seq}', rpad('b{seq}.', 3000, 'x')"),
            _ => format!("(id, seq, note) SELECT {own} + n, {seq}, 'n{seq}'"),
        };
        self.script.push_str(&format!("INSERT INTO {name} {columns} FROM generate_series({low}, {high}) n;"));
        for key in low..=high {
            self.keys.alive[table].insert(key);
            self.event(table, key, 'c', Some(seq));
        }
    }

    fn insert_keyless(&mut self) {
        for _ in 0..self.writer.random.u32(1..5) {
            let seq = self.seq();
            self.script.push_str(&format!("INSERT INTO keyless VALUES ({seq}, 'n{seq}');"));
            self.events.push(Event { table: KEYLESS, key: seq.to_string(), op: 'c', seq: Some(seq) });
        }
    }

    /// Up to `span` neighbouring keys, those of them that exist.
    fn some_range(&mut self, table: usize, span: i64) -> Option<(i64, i64, Vec<i64>)> {
        let alive = &self.keys.alive[table];
        let (first, last) = (*alive.first()?, *alive.last()?);
        let low = *alive.range(self.writer.random.i64(first..=last)..).next()?;
        let high = low + span - 1;
        Some((low, high, alive.range(low..=high).copied().collect()))
    }

    fn update(&mut self, table: usize, span: i64) {
        let Some((low, high, keys)) = self.some_range(table, span) else { return self.insert(table) };
        let (seq, range) = (self.seq(), self.range(table, low, high));
        // The big value mostly stays as it is, and is then not sent.
        let body = if table == BIG && self.writer.random.u32(..4) == 0 { new_body(seq) } else { String::new() };
        self.script
            .push_str(&format!("UPDATE {} SET seq = {seq}, note = 'n{seq}'{body} WHERE {range};", TABLES[table]));
        for key in keys {
            self.event(table, key, 'u', Some(seq));
        }
    }

    fn change_key(&mut self, table: usize) {
        let Some((old, _, _)) = self.some_range(table, 1) else { return self.insert(table) };
        let (new, seq, range) = (self.writer.next_key, self.seq(), self.range(table, old, old));
        self.writer.next_key += 1;
        // The record of the new key would lack a big value that stays as it is.
        let body = if table == BIG { new_body(seq) } else { String::new() };
        let key = if table == PAIR { format!("b = 'k{new}'") } else { format!("id = {}", self.id(new)) };
        self.script.push_str(&format!(
            "UPDATE {} SET {key}, seq = {seq}, note = 'n{seq}'{body} WHERE {range};",
            TABLES[table]
        ));
        self.keys.alive[table].remove(&old);
        self.keys.alive[table].insert(new);
        self.keys.gone.push((table, old));
        self.event(table, old, 'd', None);
        self.event(table, new, 'c', Some(seq));
    }

    fn delete(&mut self, table: usize, span: i64) {
        let Some((low, high, keys)) = self.some_range(table, span) else { return self.insert(table) };
        let range = self.range(table, low, high);
        self.script.push_str(&format!("DELETE FROM {} WHERE {range};", TABLES[table]));
        for key in keys {
            self.keys.alive[table].remove(&key);
            self.keys.gone.push((table, key));
            self.event(table, key, 'd', None);
        }
    }

    fn truncate(&mut self) {
        self.script.push_str("TRUNCATE scrap;");
        self.keys.alive[SCRAP].clear();
        self.events.push(Event { table: SCRAP, key: EVERYTHING.to_owned(), op: 't', seq: None });
    }
}

fn new_body(seq: i64) -> String {
    format!(", body = rpad('b{seq}.', 3000, 'x')")
}
