//! What several files of this room promise together: refusals in the words of the real ones, each by its key and without
//! a secret; settings of former versions; what came through a config provider.

use super::connector::resolve;
use super::worker::Worker;
use super::{Note, Problem, Raw, invalid_message};
use crate::connector::Context;
use crate::debezium::DecimalMode;
use crate::sink;
use crate::transform::{self, Deletes};

fn load(pairs: &[(&str, &str)]) -> Result<(Worker, Vec<Note>), Vec<Problem>> {
    let variable = |name: &str| format!("WALCAST_{}", name.to_ascii_uppercase().replace('.', "_"));
    Worker::load(None, pairs.iter().map(|&(name, value)| (variable(name), value.to_owned())))
}

fn worker(pairs: &[(&str, &str)]) -> Worker {
    load(pairs).unwrap().0
}

/// The smallest good connector with these settings over it; a `-` takes a key away.
fn config(over: &[(&str, &str)]) -> Raw {
    let mut config: Raw = [
        ("connector.class", "io.debezium.connector.postgresql.PostgresConnector"),
        ("database.hostname", "db"),
        ("database.user", "debezium"),
        ("database.password", "pa ss"),
        ("database.dbname", "shop"),
        ("topic.prefix", "shop"),
        ("plugin.name", "pgoutput"),
    ]
    .map(|(key, text)| (key.to_owned(), text.to_owned()))
    .to_vec();
    for &(key, text) in over {
        config.retain(|(known, _)| known != key.trim_start_matches('-'));
        if !key.starts_with('-') {
            config.push((key.to_owned(), text.to_owned()));
        }
    }
    config
}

fn resolved(over: &[(&str, &str)]) -> (Context, String) {
    let (context, notes) = resolve("shop-connector", &config(over), &worker(&[])).unwrap();
    let notes: Vec<_> = notes.into_iter().map(|note| note.0).collect();
    (context, notes.join("\n"))
}

fn refused(over: &[(&str, &str)]) -> Vec<Problem> {
    resolve("shop-connector", &config(over), &worker(&[])).map(|_| Vec::new()).unwrap_or_else(|problems| problems)
}

const UNWRAP: [(&str, &str); 2] =
    [("transforms", "u"), ("transforms.u.type", "io.debezium.transforms.ExtractNewRecordState")];

/// Key, value, key of the problem (the same unless told), part of what is said.
const CASES: &[(&str, &str, &str, &str)] = &[
    ("tasks.max", "many", "", "Invalid value many for configuration tasks.max: Not a number of type INT"),
    ("tasks.max", "0", "", "Value must be at least 1"),
    ("tasks.max.enforce", "x", "", "Expected value to be either true or false"),
    (
        "errors.tolerance",
        "some",
        "",
        "Invalid value some for configuration errors.tolerance: String must be one of: none, all",
    ),
    ("errors.retry.timeout", "x", "", "Not a number of type LONG"),
    ("config.action.reload", "x", "", "String must be one of: none, restart"),
    ("exactly.once.support", "required", "", "This worker does not have exactly-once source support enabled."),
    ("transaction.boundary", "connector", "", "does not support connector-defined transaction boundaries"),
    ("exactly.once.support", "x", "", "String must be one of (case insensitive): REQUIRED, REQUESTED"),
    ("transaction.boundary", "x", "", "INTERVAL, POLL, CONNECTOR"),
    ("transaction.boundary.interval.ms", "-1", "", "Value must be at least 0"),
    (
        "key.converter",
        "no.such.C",
        "",
        "Invalid value no.such.C for configuration key.converter: Class no.such.C could not be found.",
    ),
    ("value.converter", "", "", "Class  could not be found."),
    ("value.converter", "org.apache.kafka.connect.converters.ByteArrayConverter", "", "is not supported"),
    ("key.converter", "io.confluent.connect.avro.AvroConverter", "", "is not supported"),
    ("header.converter", "org.apache.kafka.connect.converters.LongConverter", "", "is not supported"),
    ("header.converter", "no.such", "", "could not be found"),
    (
        "transforms",
        "a",
        "transforms.a.type",
        "Missing required configuration \"transforms.a.type\" which has no default value.",
    ),
    ("predicates", "p", "", "is not supported"),
    ("topic.creation.default.partitions", "x", "", "expected a number"),
    ("topic.creation.groups", "g", "topic.creation.default.replication.factor", "a value is required"),
    ("offsets.storage.topic", "mine", "", "is not supported"),
    (
        "topic.prefix",
        "sp ace",
        "",
        "sp ace has invalid format (only the underscore, hyphen, dot and alphanumeric characters are allowed)",
    ),
    ("topic.prefix", "", "", "A value is required"),
    ("-topic.prefix", "", "topic.prefix", "The 'topic.prefix' value is invalid: A value is required"),
    ("-database.hostname", "", "database.hostname", "A value is required"),
    ("database.hostname", "a b", "", "a b has invalid format"),
    ("database.hostname", " ", "", "A value is required"),
    ("-database.user", "", "database.user", "A value is required"),
    ("database.dbname", " ", "", "A value is required"),
    ("database.port", "abc", "", "An integer is expected"),
    ("database.port", " 10 ", "", "An integer is expected"),
    ("database.port", "0", "", "A port between 1 and 65535 is expected"),
    ("database.port", "70000", "", "A port between 1 and 65535 is expected"),
    (
        "database.sslmode",
        "verify_ca",
        "",
        "Value must be one of disable, allow, prefer, require, verify-ca, verify-full",
    ),
    ("database.sslfactory", "x.Y", "", "is not supported"),
    ("database.tcpKeepAlive", "on", "", "Either 'true' or 'false' is expected"),
    ("database.query.timeout.ms", "x", "", "An integer is expected"),
    ("plugin.name", "test_decoding", "", "Value must be one of decoderbufs, pgoutput"),
    (
        "slot.name",
        "UPPER",
        "",
        "Valid replication slot name must contain only digits, lowercase characters and underscores with length <= 63",
    ),
    ("slot.name", "", "", "Valid replication slot name"),
    ("slot.drop.on.stop", "maybe", "", "Either 'true' or 'false' is expected"),
    ("slot.max.retries", "x", "", "An integer is expected"),
    ("slot.retry.delay.ms", "x", "", "A long value is expected"),
    ("slot.stream.params", "x", "", "expecting"),
    ("publication.autocreate.mode", "some", "", "Value must be one of no_tables, filtered, disabled, all_tables"),
    ("replica.identity.autoset.values", "public.a:SOME", "", "public.a:SOME has an invalid format"),
    ("status.update.interval.ms", "0", "", "A positive, non-zero integer value is expected"),
    ("skipped.operations", "none,t", "", "'none' cannot be specified with other skipped operation types"),
    ("skipped.operations", "C", "", "Invalid operation"),
    ("skipped.operations", "c,,u", "", "Invalid operation"),
    ("max.batch.size", "-1", "", "A positive, non-zero integer value is expected"),
    ("max.queue.size", "2048", "", "Must be larger than the maximum batch size"),
    ("max.queue.size.in.bytes", "-1", "", "A non-negative long value is expected"),
    ("heartbeat.interval.ms", "-1", "", "An non-negative integer is expected"),
    ("errors.max.retries", "x", "", "An integer is expected"),
    ("retriable.restart.connector.wait.ms", "0", "", "A positive, non-zero long value is expected"),
    (
        "snapshot.mode",
        "never",
        "",
        "Value must be one of always, initial_only, configuration_based, when_needed, initial, custom, no_data",
    ),
    ("snapshot.mode", "custom", "", "snapshot.mode=custom is not supported"),
    ("snapshot.mode", "Configuration_Based", "", "is not supported"),
    ("snapshot.locking.mode", "custom", "", "is not supported"),
    ("snapshot.query.mode", "custom", "", "is not supported"),
    ("snapshot.include.collection.list", "public.a", "", "is not supported"),
    ("snapshot.select.statement.overrides", "public.a", "", "is not supported"),
    ("decimal.handling.mode", "exact", "", "Value must be one of precise, double, string"),
    ("time.precision.mode", "structured", "", "Value must be one of adaptive,"),
    ("binary.handling.mode", "x", "", "Value must be one of bytes, base64, hex, base64-url-safe"),
    ("money.fraction.digits", "x", "", "An non-negative integer is expected"),
    ("field.name.adjustment.mode", "x", "", "Value must be one of none, avro_unicode, avro"),
    ("offset.mismatch.strategy", "x", "", "Value must be one of"),
    ("unavailable.value.placeholder", "hex:zz", "", "hexadecimal digits"),
    ("unavailable.value.placeholder", "hex:abc", "", "hexadecimal digits"),
    (
        "table.include.list",
        "(",
        "",
        "A comma-separated list of valid regular expressions is expected, but Unclosed group near index 1\n(",
    ),
    ("schema.exclude.list", "[", "", "Unclosed character class near index 0"),
    ("column.include.list", "*", "", "Dangling meta character '*'"),
    ("message.prefix.exclude.list", "a)", "", "Unmatched closing ')'"),
    ("message.key.columns", "abc", "", "abc has an invalid format (expecting '^\\s*([^:]+):([^:,]+(,[^:,]+)*)\\s*$')"),
    ("message.key.columns", "", "", "Must not be empty"),
    ("message.key.columns", "a:b;c", "", "c has an invalid format"),
    ("message.key.columns", "(:d", "", "Unclosed group"),
    ("column.mask.with.five.chars", "public.a.b", "", "expected column.truncate.to.<length>.chars"),
    ("column.truncate.to.5.chars", "(", "", "Unclosed group near index 1"),
    (
        "column.mask.hash.SHA-256.salt.hush",
        "public.a.b",
        "column.mask.hash.",
        "expected column.truncate.to.<length>.chars",
    ),
    ("column.propagate.source.type", "(", "", "Unclosed group near index 1"),
    ("topic.naming.strategy", "com.example.Names", "", "must be one of SchemaTopicNamingStrategy"),
    (
        "topic.naming.strategy",
        "io.debezium.schema.SchemaRegexTopicNamingStrategy",
        "topic.regex",
        "A value is required",
    ),
    ("converters", "geo", "", "is not supported"),
    ("post.processors", "reselect", "", "is not supported"),
    ("guardrail.collections.max", "3", "", "is not supported"),
    ("openlineage.integration.enabled", "true", "", "is not supported"),
    (
        "custom.metric.tags",
        "x",
        "",
        "A equivalent-separated map of valid key/value pairs is expected, for example: k1=v1,k2=v2",
    ),
    ("table.ignore.builtin", "false", "", "is not supported"),
    ("walcast.compatibility", "roughly", "", "Value must be one of exact, correct"),
];

#[test]
fn every_bad_setting_is_refused_by_name_without_telling_secrets() {
    for &(key, value, problem_key, said) in CASES {
        let over = [(key, value), ("database.password", "pa ss"), ("database.sslpassword", "hush")];
        let problems = refused(&over);
        let problem_key = if problem_key.is_empty() { key } else { problem_key };
        let found = problems.iter().find(|problem| problem.key == problem_key && problem.message.contains(said));
        let found = found.unwrap_or_else(|| panic!("{key}={value}: {problems:?}"));
        assert!(found.message.contains(problem_key), "{found:?}");
        let text = invalid_message(&problems);
        assert!(!text.contains("pa ss") && !text.contains("hush"), "{text}");
    }
    assert!(CASES.len() >= 60);
}

#[test]
fn a_transform_is_refused_by_option() {
    let key = |option: &str| format!("transforms.u.{option}");
    for (option, value, said) in [
        (
            "delete.tombstone.handling.mode",
            "foo",
            "Invalid value foo for configuration delete.tombstone.handling.mode: Value must be one of drop, tombstone, rewrite-with-tombstone, rewrite, delete-to-tombstone",
        ),
        ("drop.tombstones", "perhaps", "Expected value to be either true or false"),
        ("delete.handling.mode", "keep", "Value must be one of drop, none, rewrite"),
        ("drop.fields.header.name", "h", "this option is not supported"),
        (
            "drop.fields.from.key",
            "maybe",
            "Invalid value maybe for configuration transforms.u.drop.fields.from.key: Expected value to be either true or false",
        ),
        ("add.fields", "source.", "Unexpected field name: source."),
        ("add.headers", "a.b.c", "Unexpected field name: a.b.c"),
        ("predicate", "p", "a predicate is not supported"),
        (
            "negate",
            "maybe",
            "Invalid value maybe for configuration transforms.u.negate: Expected value to be either true or false",
        ),
        ("type", "org.apache.kafka.connect.transforms.RegexRouter", "RegexRouter is not supported"),
        ("type", "io.debezium.transforms.outbox.EventRouter", "EventRouter is not supported"),
        (
            "type",
            "no.such.T",
            "Invalid value no.such.T for configuration transforms.u.type: Class no.such.T could not be found.",
        ),
    ] {
        let key = key(option);
        let problems = refused(&[UNWRAP[0], UNWRAP[1], (&key, value)]);
        assert!(problems.iter().any(|p| p.key == key && p.message.contains(said)), "{option}: {problems:?}");
    }
    let negated = refused(&[UNWRAP[0], UNWRAP[1], ("transforms.u.negate", "true")]);
    let said = "Config 'transforms.u.negate' was provided but there is no config 'transforms.u.predicate' defining a predicate to be negated.";
    assert_eq!((negated[0].key.as_str(), negated[0].message.as_str()), ("transforms.u.type", said));
    let twice = refused(&[("transforms", "u,u"), UNWRAP[1]]);
    assert_eq!(twice[0].message, "Invalid value [u, u] for configuration transforms: Duplicate alias provided.");
}

#[test]
fn a_converter_is_refused_by_option() {
    for (option, value, said) in [
        (
            "schemas.enable",
            "maybe",
            "Invalid value maybe for configuration schemas.enable: Expected value to be either true or false",
        ),
        (
            "decimal.format",
            "x",
            "Invalid value x for configuration decimal.format: String must be one of (case insensitive): NUMERIC, BASE64",
        ),
        ("schemas.cache.size", "x", "Invalid value x for configuration schemas.cache.size: Not a number of type INT"),
        ("replace.null.with.default", "x", "Expected value to be either true or false"),
        ("schema.content", "{}", "is not supported"),
    ] {
        let key = format!("value.converter.{option}");
        let problems = refused(&[("value.converter", "JsonConverter"), (&key, value)]);
        assert_eq!((problems.len(), problems[0].key.as_str()), (1, key.as_str()));
        assert!(problems[0].message.contains(said), "{problems:?}");
    }
}

#[test]
fn both_lists_at_once_are_refused_on_the_second() {
    for what in ["table", "schema", "column", "message.prefix"] {
        let (include, exclude) = (format!("{what}.include.list"), format!("{what}.exclude.list"));
        let problems = refused(&[(&include, "a"), (&exclude, "b")]);
        let said = format!("The '{exclude}' value is invalid: \"{include}\" is already specified");
        assert!(problems.contains(&Problem::new(&exclude, said)), "{problems:?}");
    }
}

#[test]
fn only_the_class_is_told_of_when_it_is_wrong() {
    let problems = refused(&[("connector.class", "no.such.Connector"), ("tasks.max", "x")]);
    let text = invalid_message(&problems);
    let begins = "Failed to find any class that implements Connector and which name matches no.such.Connector, available \
                  connectors are: PluginDesc{klass=class io.debezium.connector.postgresql.PostgresConnector, \
                  name='io.debezium.connector.postgresql.PostgresConnector', version='";
    assert!(text.starts_with(begins), "{text}");
    let mysql = refused(&[("connector.class", "io.debezium.connector.mysql.MySqlConnector")]);
    assert!(mysql[0].message.ends_with("walcast reads PostgreSQL only, not MySql"));
    let none = refused(&[("-connector.class", "")]);
    assert!(none[0].message.contains("contains no connector type") && !none[0].message.contains("pa ss"));
}

/// The texts of 302 (Connect's own settings) and 013, 014 (Debezium's) in one list, in Connect's order.
#[test]
fn a_list_of_errors_reads_like_connects() {
    let problems = refused(&[
        ("max.batch.size", "-1"),
        ("slot.name", "UPPER"),
        ("errors.tolerance", "some"),
        ("-topic.prefix", ""),
        ("tasks.max", "0"),
        ("value.converter", "no.such.Converter"),
    ]);
    let expected = "Connector configuration is invalid and contains the following 6 error(s):\n\
        Invalid value 0 for configuration tasks.max: Value must be at least 1\n\
        Invalid value no.such.Converter for configuration value.converter: Class no.such.Converter could not be found.\n\
        Invalid value some for configuration errors.tolerance: String must be one of: none, all\n\
        The 'topic.prefix' value is invalid: A value is required\n\
        The 'slot.name' value is invalid: Valid replication slot name must contain only digits, lowercase characters and underscores with length <= 63\n\
        The 'max.batch.size' value is invalid: A positive, non-zero integer value is expected\n\
        You can also find the above list of errors at the endpoint `/connector-plugins/{connectorType}/config/validate`";
    assert_eq!(invalid_message(&problems), expected);
}

#[test]
fn a_blank_name_is_refused() {
    let problems = resolve("  ", &config(&[]), &worker(&[])).map(|_| ()).unwrap_err();
    assert_eq!(problems, [Problem::new("name", "Invalid value  for configuration name: String may not be empty")]);
}

#[test]
fn what_the_worker_forbids_or_the_sink_cannot_translate_is_named_by_its_key() {
    let refused = |worker_over: (&str, &str), over: (&str, &str)| {
        let worker = worker(&[("bootstrap.servers", "k:1"), worker_over]);
        let problems = resolve("n", &config(&[over]), &worker).map(|_| ()).unwrap_err();
        assert!(problems.iter().all(|problem| !problem.message.contains("hush")), "{problems:?}");
        (problems[0].key.clone(), problems[0].message.clone())
    };
    let policy = "connector.client.config.override.policy";
    let over = "producer.override.linger.ms";
    let (key, message) = refused((policy, "None"), (over, "5"));
    let said = "The 'None' policy does not allow 'linger.ms' to be overridden in the connector configuration.";
    assert_eq!((key.as_str(), message.as_str()), (over, said));
    assert_eq!(refused((policy, "Principal"), (over, "5")).0, over);
    let servers = "producer.override.bootstrap.servers";
    assert_eq!(refused((policy, "All"), (servers, "other:9092")).0, servers);
    let jaas = "producer.override.sasl.jaas.config";
    assert_eq!(refused((policy, "All"), (jaas, "hush")).0, jaas);
    let jks = ("producer.ssl.truststore.location", "/etc/kafka.jks");
    assert_eq!(refused(jks, ("tasks.max", "1")).0, jks.0);
}

#[test]
fn what_is_said_arrives_and_what_has_no_effect_is_told() {
    let (context, notes) = resolved(&[
        ("slot.name", "s_1"),
        ("decimal.handling.mode", " Double "),
        ("skipped.operations", "c, u"),
        ("provide.transaction.metadata", "TRUE"),
        ("unavailable.value.placeholder", "hex:DEADbeef"),
        ("message.key.columns", "public.a:id,at;public.b.*:code;"),
        ("poll.interval.ms", "100"),
        ("snapshot.fetch.size", "7"),
        ("tabel.include.list", "a"),
        ("table.whitelist", "a"),
    ]);
    let config = context.config;
    assert_eq!((config.slot.as_str(), config.debezium.decimal), ("s_1", DecimalMode::Double));
    assert_eq!(config.debezium.unavailable_value, [0xde, 0xad, 0xbe, 0xef]);
    assert!(config.debezium.transaction_metadata && config.skipped_operations_given);
    assert_eq!((config.debezium.key_rules.len(), config.debezium.key_rules[0].columns.len()), (2, 2));
    assert!(notes.contains("settings without effect here: poll.interval.ms, snapshot.fetch.size"), "{notes}");
    assert!(notes.contains("did you mean table.include.list?") && notes.contains("called table.include.list now"));
}

#[test]
fn a_connector_of_debezium_1_finds_its_way() {
    let (context, notes) =
        resolved(&[("-topic.prefix", ""), ("database.server.name", "dukaan"), ("plugin.name", "wal2json")]);
    assert_eq!(context.config.debezium.topic_prefix, "dukaan");
    assert!(notes.contains("serves as topic.prefix") && notes.contains("plugin.name=wal2json"), "{notes}");
    let (context, notes) = resolved(&[("database.server.name", "old"), ("-plugin.name", "")]);
    assert_eq!(context.config.debezium.topic_prefix, "shop");
    assert!(notes.contains("is ignored; topic.prefix is set") && notes.contains("plugin.name is not set"), "{notes}");
}

#[test]
fn settings_of_the_old_unwrap_count_in_correct_only() {
    let (drop, mode) = ("transforms.u.drop.tombstones", "transforms.u.delete.handling.mode");
    for (over, expected) in [
        (vec![], Deletes::Tombstone),
        (vec![(drop, "false")], Deletes::DropWithTombstone),
        (vec![(drop, "true")], Deletes::Drop),
        (vec![(mode, "none")], Deletes::Tombstone),
        (vec![(mode, "none"), (drop, "false")], Deletes::NullWithTombstone),
        (vec![(mode, "rewrite")], Deletes::Rewrite),
        (vec![(mode, "rewrite"), (drop, "false")], Deletes::RewriteWithTombstone),
        (vec![(mode, "rewrite"), ("transforms.u.delete.tombstone.handling.mode", "DROP")], Deletes::Drop),
        (vec![(drop, "false"), ("walcast.compatibility", "exact")], Deletes::Tombstone),
    ] {
        let all: Vec<_> = UNWRAP.into_iter().chain(over.clone()).collect();
        let transform::Config::Unwrap(unwrap) = resolved(&all).0.config.transforms.remove(0);
        assert_eq!(unwrap.deletes, expected, "{over:?}");
    }
}

#[test]
fn an_empty_prefix_of_added_fields_is_one() {
    let over = [("transforms.u.add.fields", "op, source.db : base"), ("transforms.u.add.fields.prefix", "")];
    let all: Vec<_> = UNWRAP.into_iter().chain(over).collect();
    let transform::Config::Unwrap(unwrap) = resolved(&all).0.config.transforms.remove(0);
    let names: Vec<_> = unwrap.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["op", "base"]);
}

#[test]
fn what_came_through_a_provider_is_not_told() {
    let worker = worker(&[("config.providers", "env"), ("config.providers.env.class", "EnvVarConfigProvider")]);
    let reference = "${env:CARGO_PKG_NAME}";
    let context = resolve("n", &config(&[("database.user", reference)]), &worker).unwrap().0;
    assert_eq!(context.config.address.user, "walcast");
    for key in ["tasks.max", "database.port", "key.converter", "table.include.list", "message.key.columns", "slot.name"]
    {
        // No number, no class, no pattern once a parenthesis stands before it.
        let text = format!("({reference}");
        let problems = resolve("n", &config(&[(key, &text)]), &worker).map(|_| ()).unwrap_err();
        assert!(problems.iter().all(|problem| problem.key == key), "{problems:?}");
        let told = invalid_message(&problems).replace("by this version of walcast", "");
        assert!(told.contains(key) && !told.contains("walcast"), "{told}");
    }
    let old = config(&[("-topic.prefix", ""), ("database.server.name", "( ${env:CARGO_PKG_NAME}")]);
    let problems = resolve("n", &old, &worker).map(|_| ()).unwrap_err();
    assert!(!invalid_message(&problems).contains("walcast"), "{problems:?}");
}

#[test]
fn an_override_wins_over_the_workers_producer() {
    let worker = worker(&[("bootstrap.servers", "k:1"), ("producer.acks", "1"), ("security.protocol", "PLAINTEXT")]);
    let context = resolve("n", &config(&[("producer.override.acks", "all")]), &worker).unwrap().0;
    let sink::Config::Kafka(kafka) = context.sink else { panic!("not Kafka") };
    let properties: Vec<_> = kafka.properties.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(properties, [("security.protocol", "PLAINTEXT"), ("acks", "1"), ("acks", "all")]);
}
