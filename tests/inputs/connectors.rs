//! Connectors with one wrong setting each.

use serde_json::Value;

use crate::{ACCEPTED, Folder, Verdict, WRONG, connector, document};

const INT: &str = "An integer is expected";
const POSITIVE: &str = "A positive, non-zero integer value is expected";
const FLAG: &str = "Either 'true' or 'false' is expected";
const ONE_OF: &str = "Value must be one of";
const PATTERNS: &str = "A comma-separated list of valid regular expressions is expected";
const NEEDED: &str = "A value is required";
const UNSUPPORTED: &str = "is not supported by this version of walcast; remove it";
const NAME: &str = "only the underscore, hyphen, dot and alphanumeric characters are allowed";

/// Key, value (`-`: without the key), what must be said beside the key.
const WRONG_VALUES: &[(&str, &str, &str)] = &[
    // What must be there.
    ("connector.class", "-", "set connector.class"),
    ("connector.class", "", "set connector.class"),
    ("database.hostname", "-", NEEDED),
    ("database.hostname", " ", NEEDED),
    ("database.user", "-", NEEDED),
    ("database.dbname", "", NEEDED),
    ("topic.prefix", "-", NEEDED),
    ("topic.prefix", "", NEEDED),
    // Classes.
    ("connector.class", "PostgresConector", "Failed to find any class"),
    ("connector.class", "io.debezium.connector.mysql.MySqlConnector", "walcast reads PostgreSQL only, not MySql"),
    ("connector.class", "io.debezium.connector.mongodb.MongoDbConnector", "not MongoDb"),
    ("key.converter", "JsonConvertor", "could not be found"),
    ("value.converter", "io.confluent.connect.avro.AvroConverter", UNSUPPORTED),
    ("value.converter", "", "could not be found"),
    ("header.converter", "no.such", "could not be found"),
    ("topic.naming.strategy", "com.example.Names", "must be one of SchemaTopicNamingStrategy"),
    // Numbers.
    ("database.port", "abc", INT),
    ("database.port", "5432 ", INT),
    ("database.port", "0", "A port between 1 and 65535"),
    ("database.port", "65536", "A port between 1 and 65535"),
    ("database.port", "-1", "A port between 1 and 65535"),
    ("database.port", "99999999999", INT),
    ("database.port", "0x1538", INT),
    ("database.port", "5432.0", INT),
    ("tasks.max", "many", "Not a number of type INT"),
    ("tasks.max", "0", "Value must be at least 1"),
    ("tasks.max", "999999999999", "Not a number of type INT"),
    ("max.batch.size", "-1", POSITIVE),
    ("max.batch.size", "0", POSITIVE),
    ("max.batch.size", "99999999999999999999999", INT),
    ("max.queue.size", "1e4", INT),
    ("max.queue.size", "-5", POSITIVE),
    ("max.queue.size.in.bytes", "-1", "A non-negative long value is expected"),
    ("max.queue.size.in.bytes", "10MB", "A long value is expected"),
    ("poll.interval.ms", "x", "A long value is expected"),
    ("heartbeat.interval.ms", "-1", "An non-negative integer is expected"),
    ("heartbeat.interval.ms", "10s", INT),
    ("status.update.interval.ms", "0", POSITIVE),
    ("slot.max.retries", "x", INT),
    ("slot.retry.delay.ms", "x", "A long value is expected"),
    ("snapshot.fetch.size", "x", INT),
    ("snapshot.max.threads", "two", INT),
    ("snapshot.delay.ms", "x", "A long value is expected"),
    ("database.query.timeout.ms", "x", INT),
    ("errors.max.retries", "x", INT),
    ("errors.retry.timeout", "x", "Not a number of type LONG"),
    ("retriable.restart.connector.wait.ms", "0", "A positive, non-zero long value is expected"),
    ("money.fraction.digits", "x", "An non-negative integer is expected"),
    ("xmin.fetch.interval.ms", "-1", "expected"),
    ("transaction.boundary.interval.ms", "-1", "Value must be at least 0"),
    // Flags.
    ("tombstones.on.delete", "perhaps", FLAG),
    ("tombstones.on.delete", "1", FLAG),
    ("tombstones.on.delete", "yes", FLAG),
    ("slot.drop.on.stop", "maybe", FLAG),
    ("database.tcpKeepAlive", "on", FLAG),
    ("provide.transaction.metadata", "x", FLAG),
    ("include.unknown.datatypes", "x", FLAG),
    ("include.schema.comments", "x", FLAG),
    ("skip.messages.without.change", "x", FLAG),
    ("extended.headers.enabled", "x", FLAG),
    ("publish.via.partition.root", "x", FLAG),
    ("slot.failover", "x", FLAG),
    ("tasks.max.enforce", "x", "Expected value to be either true or false"),
    // Fixed choices.
    ("database.sslmode", "verify_ca", ONE_OF),
    ("database.sslmode", "true", ONE_OF),
    ("plugin.name", "test_decoding", ONE_OF),
    ("snapshot.mode", "never", ONE_OF),
    ("snapshot.mode", "initial-only", ONE_OF),
    ("snapshot.isolation.mode", "x", ONE_OF),
    ("snapshot.locking.mode", "x", ONE_OF),
    ("publication.autocreate.mode", "some", ONE_OF),
    ("decimal.handling.mode", "exact", ONE_OF),
    ("time.precision.mode", "weeks", ONE_OF),
    ("interval.handling.mode", "x", ONE_OF),
    ("binary.handling.mode", "utf8", ONE_OF),
    ("hstore.handling.mode", "x", ONE_OF),
    ("schema.name.adjustment.mode", "x", ONE_OF),
    ("field.name.adjustment.mode", "x", ONE_OF),
    ("event.processing.failure.handling.mode", "x", ONE_OF),
    ("event.converting.failure.handling.mode", "x", ONE_OF),
    ("offset.mismatch.strategy", "x", ONE_OF),
    ("lsn.flush.mode", "sometimes", ONE_OF),
    ("walcast.compatibility", "roughly", "Value must be one of exact, correct"),
    ("errors.tolerance", "ALL", "String must be one of: none, all"),
    ("config.action.reload", "x", "String must be one of: none, restart"),
    ("exactly.once.support", "x", "REQUIRED, REQUESTED"),
    ("transaction.boundary", "x", "INTERVAL, POLL, CONNECTOR"),
    // Names.
    ("topic.prefix", "sp ace", NAME),
    ("topic.prefix", "sh/op", NAME),
    ("topic.prefix", "café", NAME),
    ("database.hostname", "a b", NAME),
    ("database.hostname", "http://db", NAME),
    ("database.hostname", "db;drop", NAME),
    ("slot.name", "UPPER", "only digits, lowercase characters and underscores"),
    ("slot.name", "my-slot", "only digits, lowercase characters and underscores"),
    ("slot.name", "", "only digits, lowercase characters and underscores"),
    ("slot.name", "x234567890123456789012345678901234567890123456789012345678901234", "length <= 63"),
    // Patterns and lists.
    ("table.include.list", "(", PATTERNS),
    ("table.exclude.list", "public.a,[", PATTERNS),
    ("schema.include.list", "*", PATTERNS),
    ("schema.exclude.list", "[", PATTERNS),
    ("column.include.list", "*", PATTERNS),
    ("column.exclude.list", "[z-a]", PATTERNS),
    ("message.prefix.include.list", "a)", PATTERNS),
    ("column.propagate.source.type", "(", PATTERNS),
    ("datatype.propagate.source.type", "(", PATTERNS),
    ("column.truncate.to.5.chars", "(", PATTERNS),
    ("column.mask.with.5.chars", "(", PATTERNS),
    ("column.truncate.to.five.chars", "public.a.b", "expected column.truncate.to.<length>.chars"),
    ("column.mask.with.-1.chars", "public.a.b", "expected column.truncate.to.<length>.chars"),
    ("message.key.columns", "nocolon", "has an invalid format"),
    ("message.key.columns", "", "Must not be empty"),
    ("message.key.columns", "a:b;c", "has an invalid format"),
    ("skipped.operations", "c,x", "Invalid operation"),
    ("skipped.operations", "none,t", "cannot be specified with other"),
    ("skipped.operations", "C", "Invalid operation"),
    ("replica.identity.autoset.values", "public.a:SOME", "has an invalid format"),
    ("slot.stream.params", "x", "expecting"),
    ("custom.metric.tags", "x", "for example: k1=v1,k2=v2"),
    ("unavailable.value.placeholder", "hex:zz", "hexadecimal digits"),
    ("topic.creation.default.partitions", "x", "expected a number"),
    // What this version does not do.
    ("snapshot.mode", "custom", UNSUPPORTED),
    ("snapshot.mode", "configuration_based", UNSUPPORTED),
    ("snapshot.query.mode", "custom", UNSUPPORTED),
    ("predicates", "p", UNSUPPORTED),
    ("converters", "geo", UNSUPPORTED),
    ("post.processors", "reselect", UNSUPPORTED),
    ("offsets.storage.topic", "mine", UNSUPPORTED),
    ("database.sslfactory", "x.Y", UNSUPPORTED),
    ("snapshot.select.statement.overrides", "public.a", UNSUPPORTED),
    ("openlineage.integration.enabled", "true", UNSUPPORTED),
    ("exactly.once.support", "required", "Set exactly.once.source.support=enabled on the worker"),
    ("transaction.boundary", "connector", "different transaction boundary"),
];

type Settings = &'static [(&'static str, &'static str)];

/// Settings that contradict each other or need another one, and what must be said.
const WRONG_PAIRS: &[(Settings, &[&str])] = &[
    (&[("table.include.list", "a"), ("table.exclude.list", "b")], &["table.exclude.list", "table.include.list"]),
    (&[("schema.include.list", "a"), ("schema.exclude.list", "b")], &["schema.exclude.list", "schema.include.list"]),
    (&[("column.include.list", "a"), ("column.exclude.list", "b")], &["column.exclude.list", "column.include.list"]),
    (
        &[("message.prefix.include.list", "a"), ("message.prefix.exclude.list", "b")],
        &["message.prefix.exclude.list", "message.prefix.include.list"],
    ),
    (
        &[("max.queue.size", "100"), ("max.batch.size", "100")],
        &["max.queue.size", "larger than the maximum batch size"],
    ),
    (&[("transforms", "t")], &["transforms.t.type", "Missing required configuration"]),
    (&[("transforms", "t"), ("transforms.t.type", "no.such.Transform")], &["transforms.t.type", "no.such.Transform"]),
    (&[("transforms", "t,t"), ("transforms.t.type", "io.debezium.transforms.ExtractNewRecordState")], &["transforms"]),
    (
        &[("topic.naming.strategy", "io.debezium.schema.SchemaRegexTopicNamingStrategy")],
        &["topic.regex", "A value is required"],
    ),
    (
        &[("topic.creation.default.partitions", "1")],
        &["topic.creation.default.replication.factor", "a value is required"],
    ),
    (
        &[("topic.creation.default.replication.factor", "1")],
        &["topic.creation.default.partitions", "a value is required"],
    ),
    (&[("topic.creation.groups", "g")], &["topic.creation.default"]),
    (
        &[("value.converter", "io.debezium.converters.BinaryDataConverter")],
        &["value.converter.delegate.converter.type", "set value.converter.delegate.converter.type"],
    ),
    (
        &[
            ("value.converter", "org.apache.kafka.connect.json.JsonConverter"),
            ("value.converter.schemas.enable", "maybe"),
        ],
        &["schemas.enable", "either true or false"],
    ),
    (
        &[
            ("value.converter", "org.apache.kafka.connect.json.JsonConverter"),
            ("value.converter.decimal.format", "TEXT"),
        ],
        &["decimal.format", "NUMERIC, BASE64"],
    ),
    (
        &[("-database.hostname", ""), ("database.hostnme", "db")],
        &["database.hostname", "did you mean it by database.hostnme?"],
    ),
    (&[("-topic.prefix", ""), ("topic.prefx", "shop")], &["topic.prefix", "did you mean it by topic.prefx?"]),
    (&[("-database.dbname", ""), ("database.name", "shop")], &["database.dbname", "did you mean it by database.name?"]),
    (&[("column.mask.hash.SHA-9.with.salt.tell-nobody", "a.b.c")], &["column.mask.hash.SHA-9", "SHA-256"]),
    (&[("column.mask.hash.SHA-256.salt.tell-nobody", "a.b.c")], &["column.mask.hash.", "with.salt.<salt>"]),
];

/// What is told and stops nothing.
const SUSPICIOUS: &[(&str, &str, &[&str])] = &[
    ("slot.nam", "x", &["unknown setting slot.nam is ignored; did you mean slot.name?"]),
    ("table.include.lists", "a", &["table.include.lists", "did you mean table.include.list?"]),
    ("table.whitelist", "a", &["table.whitelist is no longer a setting", "table.include.list now"]),
    ("snapshot.modes", "initial", &["did you mean snapshot.mode?"]),
    ("no.such.setting.at.all", "1", &["unknown setting no.such.setting.at.all is ignored"]),
    ("database.server.name", "old", &["database.server.name is a setting of Debezium 1.x"]),
    ("plugin.name", "wal2json", &["pgoutput is used instead"]),
    ("signal.data.collection", "public.signals", &["signal.data.collection", "not acted on"]),
    ("snapshot.max.threads", "4", &["snapshot.max.threads"]),
    ("Slot.Name", "x", &["unknown setting Slot.Name is ignored; did you mean slot.name?"]),
];

#[test]
fn a_connector_with_a_wrong_setting_is_refused_by_key_with_what_is_expected() {
    let (folder, mut verdict) = (Folder::new("connectors"), Verdict::default());
    let worker = ("worker.properties", &b"walcast.sink=stdout\n"[..]);
    let check = |changes: &[(&str, &str)]| {
        let mut config = connector();
        for (key, value) in changes {
            match key.strip_prefix('-') {
                Some(key) => drop(config.remove(key)),
                None if *value == "-" => drop(config.remove(*key)),
                None => drop(config.insert((*key).to_owned(), Value::from(*value))),
            }
        }
        folder.check(document(&config).as_bytes(), worker)
    };
    for (key, value, says) in WRONG_VALUES {
        verdict.expect(&format!("{key}={value}"), &check(&[(key, value)]), WRONG, &[key, says]);
    }
    for (pair, says) in WRONG_PAIRS {
        verdict.expect(&format!("{pair:?}"), &check(pair), WRONG, says);
    }
    for (key, value, says) in SUSPICIOUS {
        verdict.expect(&format!("{key}={value}"), &check(&[(key, value)]), ACCEPTED, says);
    }
    verdict.close(150);
}
