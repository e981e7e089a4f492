//! A random table: what it is now, and the SQL that makes it.

use crate::kinds::{KINDS, Kind};
use crate::names::{Names, literal, quoted};
use crate::random::Random;

#[derive(Clone)]
pub(crate) struct Type {
    pub(crate) kind: &'static Kind,
    pub(crate) array: bool,
    /// Values must fit into a page of an index.
    in_key: bool,
    /// There may be values that become null, or that the reference fails on where null may not be.
    pub(crate) special: bool,
}

impl Type {
    pub(crate) fn random(random: &mut Random) -> Self {
        let kind = random.pick(KINDS);
        Self { kind, array: kind.element && random.chance(15), in_key: false, special: true }
    }

    pub(crate) fn for_key(random: &mut Random) -> Self {
        loop {
            let kind = random.pick(KINDS);
            if kind.key {
                return Self { kind, array: false, in_key: true, special: false };
            }
        }
    }

    pub(crate) fn sql(&self) -> String {
        format!("{}{}", self.kind.sql, if self.array { "[]" } else { "" })
    }

    /// An SQL expression of a value, not NULL.
    pub(crate) fn value(&self, random: &mut Random) -> String {
        if !self.array {
            return self.scalar(random);
        }
        let length = random.size(0..=3);
        let elements: Vec<String> =
            (0..length).map(|_| if random.chance(20) { "NULL".to_owned() } else { self.scalar(random) }).collect();
        format!("ARRAY[{}]::{}", elements.join(", "), self.sql())
    }

    fn scalar(&self, random: &mut Random) -> String {
        let kind = self.kind;
        if let Some(long) = kind.long.filter(|_| !self.in_key && random.chance(8)) {
            return long.to_owned();
        }
        if let Some(make) = kind.make.filter(|_| random.chance(50)) {
            return literal(&make(random));
        }
        let special = self.special && !kind.special.is_empty() && random.chance(30);
        let known = if special { kind.special } else { kind.values };
        literal(*random.pick(known))
    }

    fn default(&self, random: &mut Random) -> String {
        match random.int(0..=9) {
            0 => "NULL".to_owned(),
            1..=4 if !self.array && !self.kind.defaults.is_empty() => random.pick(self.kind.defaults).to_string(),
            5..=7 if !self.array => format!("{}::{}", literal(*random.pick(self.kind.values)), self.kind.sql),
            _ => self.value_without_query(random),
        }
    }

    /// A default may not hold a query.
    fn value_without_query(&self, random: &mut Random) -> String {
        loop {
            let value = self.value(random);
            if !value.contains("SELECT") {
                return value;
            }
        }
    }
}

#[derive(Clone)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) of: Type,
    pub(crate) not_null: bool,
    pub(crate) default: Option<String>,
}

impl Column {
    pub(crate) fn random(random: &mut Random, names: &mut Names) -> Self {
        let name = names.take(random, "c");
        let mut of = Type::random(random);
        let not_null = random.chance(25);
        of.special = !not_null;
        let default = if random.chance(25) { Some(of.default(random)) } else { None };
        let not_null = not_null && default.as_deref() != Some("NULL");
        Self { name, of, not_null, default }
    }

    pub(crate) fn sql(&self) -> String {
        let mut sql = format!("{} {}", quoted(&self.name), self.of.sql());
        if let Some(default) = &self.default {
            sql += &format!(" DEFAULT {default}");
        }
        if self.not_null {
            sql += " NOT NULL";
        }
        sql
    }
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Identity {
    Default,
    Full,
    Nothing,
}

pub(crate) struct Table {
    pub(crate) name: String,
    pub(crate) columns: Vec<Column>,
    /// Names of key columns, in key order.
    pub(crate) key: Vec<String>,
    pub(crate) identity: Identity,
}

impl Table {
    pub(crate) fn random(random: &mut Random, names: &mut Names) -> Self {
        let mut own = Names::new(random);
        let name = names.take(random, "t");
        let mut columns = Vec::new();
        let parts = *random.pick(&[0, 1, 1, 1, 1, 1, 2, 2, 3]);
        for _ in 0..parts {
            let name = own.take(random, "k");
            columns.push(Column { name, of: Type::for_key(random), not_null: true, default: None });
        }
        let mut key: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        random.shuffle(&mut key);
        for _ in 0..random.size(1..=10) {
            columns.push(Column::random(random, &mut own));
        }
        if random.chance(30) {
            random.shuffle(&mut columns);
        }
        let identity = match random.int(0..=9) {
            0..=4 => Identity::Default,
            9 => Identity::Nothing,
            _ => Identity::Full,
        };
        Self { name, columns, key, identity }
    }

    pub(crate) fn quoted(&self) -> String {
        quoted(&self.name)
    }

    pub(crate) fn is_key(&self, column: &Column) -> bool {
        self.key.contains(&column.name)
    }

    /// Postgres refuses changes of rows that it cannot identify.
    pub(crate) fn can_update(&self) -> bool {
        self.identity == Identity::Full || (self.identity == Identity::Default && !self.key.is_empty())
    }

    pub(crate) fn sql(&self) -> String {
        let mut parts: Vec<String> = self.columns.iter().map(Column::sql).collect();
        if !self.key.is_empty() {
            let key: Vec<String> = self.key.iter().map(|name| quoted(name)).collect();
            parts.push(format!("PRIMARY KEY ({})", key.join(", ")));
        }
        let identity = self.identity_sql();
        format!("CREATE TABLE {} (\n    {}\n);\n{identity}", self.quoted(), parts.join(",\n    "))
    }

    pub(crate) fn identity_sql(&self) -> String {
        let word = match self.identity {
            Identity::Default => "DEFAULT",
            Identity::Full => "FULL",
            Identity::Nothing => "NOTHING",
        };
        format!("ALTER TABLE {} REPLICA IDENTITY {word};\n", self.quoted())
    }
}
