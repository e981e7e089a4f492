//! A random table: what it is now, and the SQL that makes it.

use crate::column::{Column, Made};
use crate::names::{Names, literal, quoted};
use crate::random::Random;

pub(crate) struct Table {
    pub(crate) schema: &'static str,
    pub(crate) name: String,
    pub(crate) columns: Vec<Column>,
    /// Names of key columns, in key order.
    pub(crate) key: Vec<String>,
    /// A primary key; else a unique index stands in for it.
    pub(crate) primary: bool,
    /// The name of the key's index.
    pub(crate) index: String,
    pub(crate) identity: Identity,
    pub(crate) partitioned: bool,
    /// Names that no column had.
    pub(crate) unused: Names,
}

#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Identity {
    Default,
    Full,
    Nothing,
    /// That of the key.
    Index,
}

impl Identity {
    pub(crate) fn random(random: &mut Random) -> Self {
        *random.pick(&[
            Self::Default,
            Self::Default,
            Self::Default,
            Self::Default,
            Self::Full,
            Self::Full,
            Self::Full,
            Self::Index,
            Self::Nothing,
        ])
    }
}

impl Table {
    pub(crate) fn random(random: &mut Random, names: &mut Names) -> Self {
        let mut unused = Names::new(random);
        let name = names.take(random, "t");
        let parts = *random.pick(&[0, 1, 1, 1, 1, 1, 2, 2, 3]);
        let mut columns: Vec<Column> = (0..parts).map(|_| Column::of_key(random, &mut unused)).collect();
        let mut key: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        random.shuffle(&mut key);
        for _ in 0..random.size(1..=10) {
            columns.push(Column::random(random, &mut unused));
        }
        // The reference is silent about rows that have only generated columns.
        if columns.iter().all(|column| column.made == Made::Generated) {
            columns.push(Column::numbered(random, "number".to_owned()));
        }
        if random.chance(30) {
            random.shuffle(&mut columns);
        }
        let primary = random.chance(85);
        let partitioned = primary && !key.is_empty() && random.chance(10);
        let mut identity = Identity::random(random);
        if identity == Identity::Index && (key.is_empty() || partitioned) {
            identity = Identity::Full;
        }
        Self {
            schema: if random.chance(10) { "Odd Schema" } else { "public" },
            index: format!("key_of_{name}").chars().filter(char::is_ascii_alphanumeric).take(40).collect(),
            name,
            columns,
            key,
            primary,
            identity,
            partitioned,
            unused,
        }
    }

    pub(crate) fn quoted(&self) -> String {
        format!("{}.{}", quoted(self.schema), quoted(&self.name))
    }

    pub(crate) fn is_key(&self, column: &Column) -> bool {
        self.key.contains(&column.name)
    }

    /// Postgres refuses changes of rows that it cannot identify.
    pub(crate) fn can_update(&self) -> bool {
        match self.identity {
            Identity::Full | Identity::Index => true,
            Identity::Default => self.primary && !self.key.is_empty(),
            Identity::Nothing => false,
        }
    }

    pub(crate) fn sql(&self) -> String {
        let mut parts: Vec<String> = self.columns.iter().map(Column::sql).collect();
        let keyed = !self.key.is_empty();
        if keyed && self.primary {
            parts.push(format!("CONSTRAINT {} PRIMARY KEY ({})", self.index, self.key_list()));
        }
        let list =
            if self.partitioned { format!(" PARTITION BY LIST ({})", quoted(&self.key[0])) } else { String::new() };
        let mut sql = format!("CREATE TABLE {} (\n    {}\n){list};\n", self.quoted(), parts.join(",\n    "));
        if keyed && !self.primary {
            sql += &format!("CREATE UNIQUE INDEX {} ON {} ({});\n", self.index, self.quoted(), self.key_list());
        }
        if self.partitioned {
            let [one, rest] = self.partitions();
            let value =
                self.columns.iter().find(|column| self.key[0] == column.name).map_or("", |c| c.of.kind.values[0]);
            let of = self.quoted();
            sql += &format!("CREATE TABLE {one} PARTITION OF {of} FOR VALUES IN ({});\n", literal(value));
            sql += &format!("CREATE TABLE {rest} PARTITION OF {of} DEFAULT;\n");
        }
        sql + &self.identity_sql()
    }

    fn key_list(&self) -> String {
        self.key.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ")
    }

    fn partitions(&self) -> [String; 2] {
        ["one", "rest"].map(|part| format!("{}.{}", quoted(self.schema), quoted(&format!("{}_{part}", self.index))))
    }

    pub(crate) fn identity_sql(&self) -> String {
        let word = match self.identity {
            Identity::Default => "DEFAULT".to_owned(),
            Identity::Full => "FULL".to_owned(),
            Identity::Nothing => "NOTHING".to_owned(),
            Identity::Index => format!("USING INDEX {}", self.index),
        };
        let mut named = vec![self.quoted()];
        if self.partitioned {
            named.extend(self.partitions());
        }
        named.iter().map(|name| format!("ALTER TABLE {name} REPLICA IDENTITY {word};\n")).collect()
    }
}
