//! The settings that decide what a record looks like.

use super::pattern::{Pattern, PatternList};
use super::rules::ColumnRules;

/// Filled by `settings`; defaults are Debezium's.
#[derive(Clone, Debug)]
pub struct Config {
    pub compatibility: Compatibility,
    /// `source.version`: what we say of ourselves.
    pub version: String,
    pub topic_prefix: String,
    pub topic_delimiter: String,
    pub naming: TopicNaming,
    /// `topic.transaction`: suffix of the transaction topic.
    pub topic_transaction: String,
    /// `topic.heartbeat.prefix`.
    pub topic_heartbeat_prefix: String,
    /// `topic.heartbeat.name`: the whole name, if set.
    pub topic_heartbeat_name: Option<String>,
    /// `database.dbname`.
    pub database: String,
    pub decimal: DecimalMode,
    pub time: TimeMode,
    pub interval: IntervalMode,
    pub binary: BinaryMode,
    pub hstore: HstoreMode,
    pub money_fraction_digits: u32,
    pub include_unknown_datatypes: bool,
    /// `unavailable.value.placeholder`, `hex:` already decoded.
    pub unavailable_value: Vec<u8>,
    pub schema_name_adjustment: Adjustment,
    pub field_name_adjustment: Adjustment,
    pub include_schema_comments: bool,
    pub filters: Filters,
    /// `message.key.columns`.
    pub key_rules: Vec<KeyRule>,
    pub rules: ColumnRules,
    pub tombstones_on_delete: bool,
    pub skipped: Operations,
    pub skip_messages_without_change: bool,
    pub transaction_metadata: bool,
    pub extended_headers: bool,
    /// `event.converting.failure.handling.mode`.
    pub conversion_failure: FailureMode,
    /// `event.processing.failure.handling.mode`.
    pub processing_failure: FailureMode,
    /// `message.prefix.include.list` / `.exclude.list`; messages pass when neither is set.
    pub message_prefixes: Include,
}

impl Config {
    /// Debezium's defaults for a topic prefix and a database.
    pub fn new(topic_prefix: &str, database: &str) -> Self {
        Self {
            compatibility: Compatibility::Correct,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            topic_prefix: topic_prefix.to_owned(),
            topic_delimiter: ".".to_owned(),
            naming: TopicNaming::default(),
            topic_transaction: "transaction".to_owned(),
            topic_heartbeat_prefix: "__debezium-heartbeat".to_owned(),
            topic_heartbeat_name: None,
            database: database.to_owned(),
            decimal: DecimalMode::Precise,
            time: TimeMode::Adaptive,
            interval: IntervalMode::Numeric,
            binary: BinaryMode::Bytes,
            hstore: HstoreMode::Json,
            money_fraction_digits: 2,
            include_unknown_datatypes: false,
            unavailable_value: b"__debezium_unavailable_value".to_vec(),
            schema_name_adjustment: Adjustment::None,
            field_name_adjustment: Adjustment::None,
            include_schema_comments: false,
            filters: Filters::default(),
            key_rules: Vec::new(),
            rules: ColumnRules::default(),
            tombstones_on_delete: true,
            skipped: Operations::only(Operation::Truncate),
            skip_messages_without_change: false,
            transaction_metadata: false,
            extended_headers: true,
            conversion_failure: FailureMode::Warn,
            processing_failure: FailureMode::Fail,
            message_prefixes: Include::default(),
        }
    }

    /// `message.key.columns`: the columns of all rules that match the table, rule by rule, each once; `None` if there are
    /// none.
    pub fn chosen_key<'a>(
        &self,
        schema: &str,
        table: &str,
        columns: impl Iterator<Item = &'a str> + Clone,
    ) -> Option<Vec<&'a str>> {
        let identifier = format!("{schema}.{table}");
        let rules = self.key_rules.iter().filter(|rule| rule.table.matches(&identifier));
        let mut key = Vec::new();
        for pattern in rules.flat_map(|rule| &rule.columns) {
            for column in columns.clone().filter(|column| pattern.matches(column)) {
                // The reference fails on a column that is chosen twice.
                if !key.contains(&column) {
                    key.push(column);
                }
            }
        }
        (!key.is_empty()).then_some(key)
    }
}

/// `topic.naming.strategy`.
#[derive(Clone, Debug)]
pub struct TopicNaming {
    /// `<prefix>.<schema>.<table>`, or without the schema.
    pub with_schema: bool,
    /// What a topic cannot hold is spelt out (`_u0020`), not replaced.
    pub unicode: bool,
    pub regex: Option<RegexNaming>,
}

impl Default for TopicNaming {
    fn default() -> Self {
        Self { with_schema: true, unicode: false, regex: None }
    }
}

/// The settings of the strategies that send several tables to one topic.
#[derive(Clone, Debug)]
pub struct RegexNaming {
    /// `topic.regex` and `topic.replacement`.
    pub topic: (Pattern, String),
    /// `topic.key.field.name`, unless `topic.key.enforce.uniqueness` is false: tells the tables apart.
    pub key_field: Option<String>,
    /// `topic.key.field.regex` and `topic.key.field.replacement`.
    pub key_value: Option<(Pattern, String)>,
}

/// `walcast.compatibility`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Compatibility {
    /// The reference's bytes, also where it is wrong.
    Exact,
    /// The row's value where the reference falsifies or drops it (`docs/compatibility.md`).
    #[default]
    Correct,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DecimalMode {
    Precise,
    Double,
    String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TimeMode {
    Adaptive,
    AdaptiveTimeMicroseconds,
    Connect,
    Isostring,
    Microseconds,
    Nanoseconds,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum IntervalMode {
    Numeric,
    String,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BinaryMode {
    Bytes,
    Base64,
    Base64UrlSafe,
    Hex,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HstoreMode {
    Json,
    Map,
}

/// `schema.name.adjustment.mode` and `field.name.adjustment.mode`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Adjustment {
    None,
    Avro,
    AvroUnicode,
}

/// What to do with a value or an event that cannot be converted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FailureMode {
    Fail,
    Warn,
    Skip,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    Create,
    Update,
    Delete,
    Truncate,
}

/// A set of operations: `skipped.operations`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Operations(u8);

impl Operations {
    pub const fn none() -> Self {
        Self(0)
    }

    pub const fn only(operation: Operation) -> Self {
        Self::none().with(operation)
    }

    pub const fn with(self, operation: Operation) -> Self {
        Self(self.0 | Self::bit(operation))
    }

    pub const fn contains(self, operation: Operation) -> bool {
        self.0 & Self::bit(operation) != 0
    }

    const fn bit(operation: Operation) -> u8 {
        match operation {
            Operation::Create => 1,
            Operation::Update => 2,
            Operation::Delete => 4,
            Operation::Truncate => 8,
        }
    }
}

/// An include or an exclude list; the settings refuse both at once.
#[derive(Clone, Debug, Default)]
pub enum Include {
    #[default]
    Everything,
    Only(PatternList),
    AllBut(PatternList),
}

impl Include {
    pub fn passes(&self, identifier: &str) -> bool {
        match self {
            Self::Everything => true,
            Self::Only(list) => list.matches(identifier),
            Self::AllBut(list) => !list.matches(identifier),
        }
    }
}

/// Which schemas, tables and columns are captured.
#[derive(Clone, Debug, Default)]
pub struct Filters {
    pub schemas: Include,
    /// Matched against `schema.table`.
    pub tables: Include,
    /// Matched against `schema.table.column`.
    pub columns: Include,
    /// `signal.data.collection`: captured whatever the lists say.
    pub signal_table: Option<String>,
}

impl Filters {
    pub fn captures(&self, schema: &str, table: &str) -> bool {
        let name = format!("{schema}.{table}");
        if self.signal_table.as_ref() == Some(&name) {
            return true;
        }
        let builtin = matches!(schema, "pg_catalog" | "information_schema")
            || schema.starts_with("pg_temp")
            || table == "spatial_ref_sys";
        !builtin && self.schemas.passes(schema) && self.tables.passes(&name)
    }

    pub fn captures_column(&self, schema: &str, table: &str, column: &str) -> bool {
        matches!(self.columns, Include::Everything) || self.columns.passes(&format!("{schema}.{table}.{column}"))
    }
}

/// One entry of `message.key.columns`.
#[derive(Clone, Debug)]
pub struct KeyRule {
    /// Matched against `schema.table`.
    pub table: Pattern,
    /// Patterns for column names, in key order.
    pub columns: Vec<Pattern>,
}
