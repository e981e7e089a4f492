//! Worker files with every kind of mistake.

use crate::{ACCEPTED, Folder, Verdict, WRONG, connector, document};

/// Lines of a properties file, and what must be said.
const WRONG_LINES: &[(&str, &[&str])] = &[
    ("offset.flush.interval.ms=soon", &["offset.flush.interval.ms", "Invalid value soon", "Not a number"]),
    ("offset.flush.interval.ms=0", &["offset.flush.interval.ms", "at least 1"]),
    ("offset.flush.interval.ms=-5", &["offset.flush.interval.ms", "at least 1"]),
    ("offset.flush.interval.ms=1.5", &["offset.flush.interval.ms", "Not a number"]),
    ("offset.flush.interval.ms=1s", &["offset.flush.interval.ms", "Not a number"]),
    ("offset.flush.interval.ms=99999999999999999999", &["offset.flush.interval.ms", "Not a number"]),
    ("task.shutdown.graceful.timeout.ms=-1", &["task.shutdown.graceful.timeout.ms", "at least 0"]),
    ("task.shutdown.graceful.timeout.ms=long", &["task.shutdown.graceful.timeout.ms", "Not a number"]),
    ("offset.storage.partitions=0", &["offset.storage.partitions", "at least 1"]),
    ("offset.storage.partitions=99999999999", &["offset.storage.partitions", "at most 2147483647"]),
    ("offset.storage.partitions=many", &["offset.storage.partitions", "Not a number"]),
    ("offset.storage.replication.factor=-2", &["offset.storage.replication.factor", "at least -1"]),
    ("offset.storage.replication.factor=40000", &["offset.storage.replication.factor", "at most 32767"]),
    ("offset.storage.topic=a b", &["offset.storage.topic", "Invalid value a b", "letters, digits"]),
    ("offset.storage.topic=..", &["offset.storage.topic", "letters, digits"]),
    ("config.storage.topic=connect/configs", &["config.storage.topic", "letters, digits"]),
    ("status.storage.topic=caf\u{e9}", &["status.storage.topic", "letters, digits"]),
    ("rest.port=99999999", &["rest.port", "at most 65535"]),
    ("rest.port=http", &["rest.port", "Not a number"]),
    ("rest.port=-1", &["rest.port", "at least 0"]),
    ("rest.advertised.port=70000", &["rest.advertised.port", "at most 65535"]),
    ("listeners=8083", &["listeners", "expected http://HOST:PORT"]),
    ("listeners=ftp://x:1", &["listeners", "expected http://HOST:PORT"]),
    ("listeners=http://x:many", &["listeners", "expected http://HOST:PORT"]),
    ("listeners=http://x", &["listeners", "expected http://HOST:PORT"]),
    ("walcast.sink=nowhere", &["walcast.sink", "kafka, stdout or file:PATH"]),
    ("walcast.sink=file:", &["walcast.sink", "kafka, stdout or file:PATH"]),
    ("walcast.sink=kafka", &["walcast.sink", "needs bootstrap.servers"]),
    ("exactly.once.source.support=yes", &["exactly.once.source.support", "DISABLED, ENABLED, PREPARING"]),
    ("exactly.once.source.support=enabled", &["exactly.once.source.support", "needs Kafka"]),
    (
        "bootstrap.servers=a:1\nexactly.once.source.support=enabled\noffset.storage.file.filename=x",
        &["exactly.once.source.support", "remove offset.storage.file.filename"],
    ),
    ("bootstrap.servers=kafka", &["bootstrap.servers", "Invalid value kafka", "HOST:PORT"]),
    ("bootstrap.servers=kafka:port", &["bootstrap.servers", "HOST:PORT"]),
    ("bootstrap.servers=kafka:0", &["bootstrap.servers", "HOST:PORT"]),
    ("bootstrap.servers=kafka:99999", &["bootstrap.servers", "HOST:PORT"]),
    ("bootstrap.servers=http://kafka:9092", &["bootstrap.servers", "HOST:PORT"]),
    ("bootstrap.servers=a:1;b:2", &["bootstrap.servers", "HOST:PORT"]),
    (
        "connector.client.config.override.policy=Some",
        &["connector.client.config.override.policy", "All, None or Principal"],
    ),
    ("config.providers=vault", &["config.providers", "vault"]),
    ("config.providers=env\nconfig.providers.env.class=no.such.Provider", &["config.providers.env.class"]),
    ("group.id=caf\\u00", &["worker.properties, line 1", "four hexadecimal digits"]),
    ("bootstrap.servers=a:1\nproducer.ssl.truststore.location=/x/trust.jks", &["ssl.truststore", "keytool"]),
    ("bootstrap.servers=a:1\nproducer.linger.ms=soon", &["producer.linger.ms"]),
    ("bootstrap.servers=a:1\nproducer.acks=some", &["producer.acks"]),
    ("bootstrap.servers=a:1\nproducer.compression.type=rar", &["producer.compression.type"]),
    ("bootstrap.servers=a:1\nsecurity.protocol=TLS", &["security.protocol"]),
    ("bootstrap.servers=a:1\nsecurity.protocol=SASL_SSL\nsasl.mechanism=MAGIC", &["sasl.mechanism"]),
    ("bootstrap.servers=a:1\nsasl.jaas.config=tell-nobody", &["sasl.jaas.config"]),
    ("bootstrap.servers=a:1\nproducer.max.request.size=huge", &["producer.max.request.size"]),
];

/// Lines that stop nothing, and what must be said of them.
const SUSPICIOUS: &[(&str, &[&str])] = &[
    (
        "bootstrap.servers=127.0.0.1:1\nproducer.partitioner.class=my.Own",
        &["without a meaning here: partitioner.class"],
    ),
    (
        "bootstrap.servers=127.0.0.1:1\nproducer.interceptor.classes=my.Own",
        &["without a meaning here: interceptor.classes"],
    ),
    ("bootstrap.server=x:1", &["unknown worker setting bootstrap.server", "did you mean bootstrap.servers?"]),
    ("offset.storge.topic=x", &["offset.storge.topic", "did you mean offset.storage.topic?"]),
    ("walcast.sinks=stdout", &["walcast.sinks", "did you mean walcast.sink?"]),
    ("no.such.setting=1", &["unknown worker setting no.such.setting is ignored"]),
    ("plugin.path=/x\nrebalance.timeout.ms=1", &["without a meaning here", "rebalance.timeout.ms"]),
    ("just some words", &["unknown worker setting just is ignored"]),
];

/// Files of other formats.
const FORMATS: &[(&str, &str, &[&str])] = &[
    ("w.json", "{\"rest.port\": ", &["w.json"]),
    ("w.json", "[]", &["w.json"]),
    ("w.json", "{\"group.id\": [[1]]}", &["group.id", "a list may hold only texts and numbers"]),
    ("w.yaml", "rest.port: [1\n", &["w.yaml"]),
    ("w.yaml", "- a\n- b\n", &["w.yaml"]),
    ("w.toml", "rest.port = \n", &["w.toml"]),
    ("w.toml", "= 1", &["w.toml"]),
    ("w.toml", "[rest]\nport = \"many\"", &["rest.port", "Not a number"]),
    ("w.yaml", "rest:\n  port: 70000\n", &["rest.port", "at most 65535"]),
];

#[test]
fn a_worker_file_that_is_wrong_is_refused_by_key() {
    let (folder, mut verdict) = (Folder::new("workers"), Verdict::default());
    let good = document(&connector());
    for (lines, says) in WRONG_LINES {
        let said = folder.check(good.as_bytes(), ("worker.properties", lines.as_bytes()));
        verdict.expect(lines, &said, WRONG, says);
    }
    for (lines, says) in SUSPICIOUS {
        let said = folder.check(good.as_bytes(), ("worker.properties", lines.as_bytes()));
        verdict.expect(lines, &said, ACCEPTED, says);
    }
    for (name, text, says) in FORMATS {
        let said = folder.check(good.as_bytes(), (name, text.as_bytes()));
        verdict.expect(text, &said, WRONG, says);
    }
    let said = folder.check(good.as_bytes(), ("worker.properties", &[0xff, 0xfe, 0x00]));
    verdict.expect("binary", &said, WRONG, &["worker.properties", "not UTF-8"]);
    let said = folder.run(&["check", "connector.json", "--worker", "absent.properties"]);
    verdict.expect("no file", &said, WRONG, &["absent.properties"]);
    verdict.close(60);
}
