//! Every setting of a connector that Connect 4.3.1 and Debezium 3.6.1 know, with its type.

/// How a value is checked before anything looks at its meaning.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Text,
    /// Never shown.
    Secret,
    Bool,
    Int,
    PositiveInt,
    NonNegativeInt,
    Long,
    PositiveLong,
    NonNegativeLong,
    /// A comma-separated list of Java patterns.
    Patterns,
    /// One of these, in any case.
    Choice(&'static [&'static str]),
}

use Kind::{
    Bool, Choice, Int, Long, NonNegativeInt, NonNegativeLong, Patterns, PositiveInt, PositiveLong, Secret, Text,
};

const FAILURES: Kind = Choice(&["skip", "warn", "fail", "ignore"]);
const ADJUSTMENTS: Kind = Choice(&["none", "avro", "avro_unicode"]);

#[rustfmt::skip]
const KNOWN: &[(&str, Kind)] = &[
    ("name", Text), ("connector.class", Text), ("connector.plugin.version", Text), ("tasks.max.enforce", Bool),
    ("tasks.max", Text), // Connect's own texts: see `connector`
    ("key.converter", Text), ("key.converter.plugin.version", Text), ("value.converter", Text),
    ("value.converter.plugin.version", Text), ("header.converter", Text), ("header.converter.plugin.version", Text),
    ("transforms", Text), ("predicates", Text), ("config.action.reload", Text), ("errors.retry.timeout", Long),
    ("errors.retry.delay.max.ms", Long), ("errors.tolerance", Text), ("errors.log.enable", Bool),
    ("errors.log.include.messages", Bool), ("topic.creation.groups", Text), ("exactly.once.support", Text),
    ("transaction.boundary", Text), ("transaction.boundary.interval.ms", Long), ("offsets.storage.topic", Text),
    ("topic.prefix", Text), ("database.hostname", Text), ("database.port", PositiveInt), ("database.user", Text),
    ("database.password", Secret), ("database.dbname", Text), ("database.query.timeout.ms", NonNegativeInt),
    ("plugin.name", Text), ("slot.name", Text), ("publication.name", Text),
    ("publication.autocreate.mode", Choice(&["disabled", "all_tables", "filtered", "no_tables"])),
    ("replica.identity.autoset.values", Text), ("slot.drop.on.stop", Bool), ("slot.failover", Bool),
    ("slot.stream.params", Text), ("database.initial.statements", Text),
    ("database.sslmode", Choice(&["disable", "allow", "prefer", "require", "verify-ca", "verify-full"])),
    ("database.sslcert", Text), ("database.sslpassword", Secret), ("database.sslrootcert", Text),
    ("database.sslkey", Text), ("slot.max.retries", NonNegativeInt), ("slot.retry.delay.ms", NonNegativeLong),
    ("database.sslfactory", Text), ("status.update.interval.ms", PositiveInt), ("lsn.flush.timeout.ms", PositiveLong),
    ("lsn.flush.timeout.action", Choice(&["fail", "warn", "ignore"])), ("database.tcpKeepAlive", Bool),
    ("xmin.fetch.interval.ms", NonNegativeLong), ("skipped.operations", Text),
    ("lsn.flush.mode", Choice(&["manual", "connector", "connector_and_driver"])), ("flush.lsn.source", Bool),
    ("event.processing.failure.handling.mode", FAILURES), ("event.converting.failure.handling.mode", FAILURES),
    ("max.batch.size", PositiveInt), ("max.queue.size", PositiveInt), ("poll.interval.ms", PositiveLong),
    ("poll.dispatch.interval.ms", NonNegativeLong), ("max.queue.size.in.bytes", NonNegativeLong),
    ("queue.provider.type", Text), ("provide.transaction.metadata", Bool), ("snapshot.delay.ms", NonNegativeLong),
    ("streaming.delay.ms", NonNegativeLong), ("snapshot.include.collection.list", Patterns),
    ("snapshot.fetch.size", NonNegativeInt), ("snapshot.max.threads", PositiveInt),
    ("snapshot.max.threads.multiplier", PositiveInt), ("legacy.snapshot.max.threads", Bool),
    ("snapshot.mode.custom.name", Text), ("snapshot.mode.configuration.based.snapshot.data", Bool),
    ("snapshot.mode.configuration.based.snapshot.schema", Bool),
    ("snapshot.mode.configuration.based.start.stream", Bool),
    ("snapshot.mode.configuration.based.snapshot.on.schema.error", Bool),
    ("snapshot.mode.configuration.based.snapshot.on.data.error", Bool),
    ("retriable.restart.connector.wait.ms", PositiveLong), ("query.fetch.size", NonNegativeInt),
    ("errors.max.retries", Int), ("incremental.snapshot.watermarking.strategy", Choice(&["insert_insert", "insert_delete"])),
    ("incremental.snapshot.allow.schema.changes", Bool), ("offset.mismatch.strategy",
        Choice(&["no_validation", "trust_offset", "trust_slot", "trust_greater_lsn"])),
    ("connection.validation.timeout.ms", PositiveLong), ("executor.shutdown.timeout.ms", PositiveLong),
    ("extended.headers.enabled", Bool), ("guardrail.collections.max", NonNegativeInt),
    ("guardrail.collections.limit.action", Choice(&["warn", "fail"])), ("custom.sanitize.pattern", Text),
    ("statistics.metrics.enabled", Bool), ("decimal.handling.mode", Choice(&["precise", "double", "string"])),
    ("time.precision.mode", Choice(&["adaptive", "adaptive_time_microseconds", "connect", "isostring", "microseconds", "nanoseconds"])),
    ("snapshot.lock.timeout.ms", PositiveLong), ("memory.management.schemas.class", Text),
    ("memory.management.tables.class", Text),
    ("snapshot.mode", Choice(&["always", "initial", "initial_only", "no_data", "when_needed", "configuration_based", "custom"])),
    ("snapshot.isolation.mode", Choice(&["serializable", "repeatable_read", "read_committed", "read_uncommitted"])),
    ("snapshot.query.mode", Choice(&["select_all", "custom"])), ("snapshot.query.mode.custom.name", Text),
    ("snapshot.locking.mode.custom.name", Text), ("snapshot.locking.mode", Choice(&["shared", "none", "custom"])),
    ("hstore.handling.mode", Choice(&["json", "map"])),
    ("binary.handling.mode", Choice(&["bytes", "base64", "base64-url-safe", "hex"])),
    ("schema.name.adjustment.mode", ADJUSTMENTS), ("field.name.adjustment.mode", ADJUSTMENTS),
    ("interval.handling.mode", Choice(&["numeric", "string"])),
    ("schema.refresh.mode", Choice(&["columns_diff", "columns_diff_exclude_unchanged_toast"])),
    ("incremental.snapshot.chunk.size", PositiveInt), ("unavailable.value.placeholder", Text),
    ("message.prefix.include.list", Patterns), ("message.prefix.exclude.list", Patterns),
    ("publish.via.partition.root", Bool), ("converters", Text), ("post.processors", Text),
    ("tombstones.on.delete", Bool), ("heartbeat.interval.ms", NonNegativeInt), ("heartbeat.topics.prefix", Text),
    ("topic.heartbeat.prefix", Text), ("topic.heartbeat.name", Text), ("topic.transaction", Text),
    ("topic.delimiter", Text), ("topic.cache.size", PositiveInt), ("signal.data.collection", Text),
    ("signal.poll.interval.ms", PositiveLong), ("signal.enabled.channels", Text), ("signal.kafka.topic", Text),
    ("signal.kafka.bootstrap.servers", Text), ("signal.kafka.groupId", Text), ("signal.kafka.poll.timeout.ms", NonNegativeInt),
    ("signal.file", Text), ("topic.naming.strategy", Text), ("notification.enabled.channels", Text),
    ("notification.sink.topic.name", Text), ("transaction.metadata.factory", Text), ("custom.metric.tags", Text),
    ("column.include.list", Patterns), ("column.exclude.list", Patterns), ("table.include.list", Patterns),
    ("table.exclude.list", Patterns), ("table.ignore.builtin", Bool), ("schema.include.list", Patterns),
    ("schema.exclude.list", Patterns), ("message.key.columns", Text), ("snapshot.select.statement.overrides", Text),
    ("include.schema.comments", Bool), ("include.schema.changes", Bool), ("column.propagate.source.type", Patterns),
    ("datatype.propagate.source.type", Patterns), ("money.fraction.digits", NonNegativeInt), ("read.only", Bool),
    ("snapshot.tables.order.by.row.count", Choice(&["disabled", "ascending", "descending"])),
    ("heartbeat.action.query", Text), ("include.unknown.datatypes", Bool), ("sourceinfo.struct.maker", Text),
    ("skip.messages.without.change", Bool), ("walcast.compatibility", Choice(&["exact", "correct"])),
    ("database.server.name", Text),
];

/// Families of settings whose names are open.
const PREFIXES: [&str; 17] = [
    "internal.",
    "openlineage.",
    "transforms.",
    "predicates.",
    "topic.creation.",
    "producer.override.",
    "consumer.override.",
    "admin.override.",
    "key.converter.",
    "value.converter.",
    "header.converter.",
    "column.mask.",
    "column.truncate.",
    "signal.",
    "snapshot.select.statement.overrides.",
    "driver.",
    "database.",
];

pub(super) fn kind(key: &str) -> Option<Kind> {
    KNOWN.iter().find(|(name, _)| *name == key).map(|(_, kind)| *kind)
}

pub(super) fn is_known(key: &str) -> bool {
    kind(key).is_some() || PREFIXES.iter().any(|prefix| key.starts_with(prefix))
}

/// Settings of older versions and what they are called now.
const RENAMED: [(&str, &str); 9] = [
    ("table.whitelist", "table.include.list"),
    ("table.blacklist", "table.exclude.list"),
    ("schema.whitelist", "schema.include.list"),
    ("schema.blacklist", "schema.exclude.list"),
    ("column.whitelist", "column.include.list"),
    ("column.blacklist", "column.exclude.list"),
    ("heartbeat.topics.prefix", "topic.heartbeat.prefix"),
    ("toasted.value.placeholder", "unavailable.value.placeholder"),
    ("slot.drop_on_stop", "slot.drop.on.stop"),
];

/// What an unknown key was probably meant to be.
pub(super) fn nearest(key: &str) -> Option<&'static str> {
    if let Some((_, now)) = RENAMED.iter().find(|(old, _)| *old == key) {
        return Some(now);
    }
    let scored = KNOWN.iter().map(|(name, _)| (strsim::damerau_levenshtein(key, name), *name));
    scored.min().filter(|(distance, _)| *distance <= 1 + key.len() / 5).map(|(_, name)| name)
}

pub(super) fn was_renamed(key: &str) -> bool {
    RENAMED.iter().any(|(old, _)| *old == key)
}

/// Debezium's own idea of which keys hold secrets.
pub(super) fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    ["secret", "password", "sasl.jaas.config", "basic.auth.user.info"].iter().any(|end| key.ends_with(end))
        || key.contains("registry.auth.client-secret")
}
