//! `walcast check` on broken set-ups: each answered with the right remedy, and in time.

use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::broker::{Broker, PASSWORD, certificate, pem};
use crate::private::Private;
use crate::rig::{Database, Ending, Folder, ask, client, connector, free_port, kafka, unique, wait_for, worker};
use crate::topics::{count, create, create_at, topics};

/// What a person waits for an answer without wondering.
const IN_TIME: Duration = Duration::from_secs(5);

/// A connector that is right but for `changes`, and what the doctor must find.
struct Case<'a> {
    changes: Vec<(&'a str, &'a str)>,
    severity: &'a str,
    title: &'a str,
    remedy: &'a str,
}

fn error<'a>(changes: &[(&'a str, &'a str)], title: &'a str, remedy: &'a str) -> Case<'a> {
    Case { changes: changes.to_vec(), severity: "error", title, remedy }
}

fn warning<'a>(changes: &[(&'a str, &'a str)], title: &'a str, remedy: &'a str) -> Case<'a> {
    Case { severity: "warning", ..error(changes, title, remedy) }
}

fn note<'a>(changes: &[(&'a str, &'a str)], title: &'a str, remedy: &'a str) -> Case<'a> {
    Case { severity: "note", ..error(changes, title, remedy) }
}

struct Scene {
    folder: Folder,
    config: Value,
}

impl Scene {
    fn new(config: Value, worker: &str) -> Self {
        let folder = Folder::new();
        folder.write("w.properties", worker);
        Self { folder, config }
    }

    /// Exit code, and the document with `--json`; in time.
    fn check(&self, changes: &[(&str, &str)]) -> (i32, Value) {
        let mut config = self.config.clone();
        for (key, value) in changes {
            config[*key] = json!(value);
        }
        self.folder.write("c.json", &json!({ "name": "checked", "config": config }).to_string());
        let began = Instant::now();
        let output = Command::new(env!("CARGO_BIN_EXE_walcast"))
            .args(["check", "c.json", "--worker", "w.properties", "--json", "--strict"])
            .current_dir(&self.folder.0)
            .output()
            .expect("walcast runs");
        let (text, errors) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(began.elapsed() < IN_TIME, "{changes:?} took {:?}: {text}", began.elapsed());
        assert!(!errors.contains("panicked") && !text.contains(PASSWORD), "{changes:?}: {text}{errors}");
        let document = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{changes:?}: {e}: {text}{errors}"));
        (output.status.code().expect("an exit code"), document)
    }

    /// As `diagnose`, once the brokers count what they were told just now.
    fn comes_to(&self, case: Case<'_>) {
        wait_for("the brokers to know", || {
            let (_, document) = self.check(&case.changes);
            let findings = document["findings"].as_array().expect("findings");
            findings.iter().any(|finding| finding["title"].as_str().is_some_and(|title| title.contains(case.title)))
        });
        self.diagnose(&[case]);
    }

    fn diagnose(&self, cases: &[Case<'_>]) {
        for Case { changes, severity, title, remedy } in cases {
            let (code, document) = self.check(changes);
            let text = |finding: &Value, field: &str| finding[field].as_str().unwrap_or("").to_owned();
            let findings = document["findings"].as_array().expect("findings");
            let said = findings.iter().find(|f| text(f, "severity") == *severity && text(f, "title").contains(title));
            let said = said.unwrap_or_else(|| panic!("{changes:?}: no {severity} says {title:?}: {document:#}"));
            assert!(text(said, "remedy").contains(remedy), "{changes:?}: {said:#}");
            let worst = findings.iter().map(|finding| text(finding, "severity"));
            let expected = match worst
                .max_by_key(|severity| ["ok", "note", "warning", "error"].iter().position(|s| s == severity))
            {
                Some(severity) if severity == "error" => 1,
                Some(severity) if severity == "warning" => 3,
                _ => 0,
            };
            assert_eq!(code, expected, "{changes:?}: {document:#}");
            assert_eq!(document["ready"], code != 1, "{changes:?}");
        }
    }
}

/// Holds the slot as a consumer does.
struct Holder(#[allow(dead_code)] Ending); // held for its end

impl Holder {
    fn new(database: &str, slot: &str, publication: &str) -> Self {
        let child = client("pg_recvlogical", database)
            .args(["--slot", slot, "--start", "-f", "-"])
            .args(["-o", "proto_version=1", "-o", &format!("publication_names={publication}")])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("pg_recvlogical runs");
        wait_for("the slot to be held", || {
            ask(&format!("SELECT active FROM pg_replication_slots WHERE slot_name = '{slot}'")) == "t"
        });
        Self(Ending(child))
    }
}

#[test]
fn a_set_up_that_is_right_is_ready_and_stays_as_it_was() {
    let name = unique("sound");
    let database = Database::new(&name);
    database.sql("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'x');");
    create(&format!("{name}.public.t"), &[]);
    let scene = Scene::new(connector(&name, &name), &worker(&name));
    let (code, document) = scene.check(&[("publication.autocreate.mode", "filtered")]);
    assert_eq!((code, &document["ready"]), (0, &json!(true)), "{document:#}");
    assert_eq!(database.sql("SELECT count(*) FROM pg_publication"), "0");
    assert_eq!(ask(&format!("SELECT count(*) FROM pg_replication_slots WHERE database = '{name}'")), "0");
    assert_eq!(topics(|topic| topic.starts_with(&name)).len(), 1, "no topic was created");
    assert_eq!(count(&format!("{name}.public.t")), 0, "nothing was written");
}

#[test]
fn settings_that_nothing_can_be_examined_with_are_findings_too() {
    let scene = Scene::new(json!({ "connector.class": "io.debezium.connector.postgresql.PostgresConnector" }), "");
    let (code, document) = scene.check(&[("slot.name", "Not-A-Slot")]);
    assert_eq!((code, &document["ready"]), (2, &json!(false)), "{document:#}");
    let findings = document["findings"].as_array().expect("findings");
    for key in ["slot.name", "topic.prefix", "database.dbname"] {
        let named = |f: &&Value| f["area"] == "settings" && f["remedy"].as_str().is_some_and(|text| text.contains(key));
        assert!(findings.iter().any(|f| named(&f)), "{key}: {document:#}");
    }
}

#[test]
fn what_is_wrong_in_the_database_is_answered_with_its_remedy() {
    let (name, other) = (unique("doctor"), unique("other"));
    let (database, elsewhere) = (Database::new(&name), Database::new(&other));
    let [plain, shut, reader] = ["plain", "shut", "reader"].map(unique);
    database.sql(&format!(
        "CREATE TABLE a (id int PRIMARY KEY);
         CREATE TABLE b (v text);
         CREATE UNLOGGED TABLE u (id int PRIMARY KEY);
         CREATE TABLE hidden (id int PRIMARY KEY);
         ALTER TABLE hidden ENABLE ROW LEVEL SECURITY;
         CREATE SCHEMA closed;
         CREATE TABLE closed.c (id int PRIMARY KEY);
         CREATE ROLE {plain} LOGIN PASSWORD 'known';
         CREATE ROLE {shut} PASSWORD 'known' REPLICATION;
         CREATE ROLE {reader} LOGIN PASSWORD 'known' REPLICATION;
         GRANT SELECT ON hidden TO {reader};
         CREATE PUBLICATION inserts_only FOR TABLE a WITH (publish = 'insert');
         CREATE PUBLICATION only_a FOR TABLE a;
         CREATE PUBLICATION everything FOR ALL TABLES;
         CREATE PUBLICATION narrow FOR TABLE a (id) WHERE (id > 5), b;
         CREATE PUBLICATION rooted FOR ALL TABLES WITH (publish_via_partition_root = false);
         SELECT pg_create_physical_replication_slot('p_{name}');
         SELECT pg_create_logical_replication_slot('h_{name}', 'pgoutput');
         SELECT pg_create_logical_replication_slot('t_{name}', 'pgoutput', false, true);"
    ));
    elsewhere.sql(&format!("SELECT pg_create_logical_replication_slot('o_{name}', 'pgoutput')"));
    let holder = Holder::new(&name, &format!("h_{name}"), "everything");
    let closed = free_port().to_string();
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let mute = silent.local_addr().expect("an address").port().to_string();
    let [physical, held, two_phase, foreign] = ["p", "h", "t", "o"].map(|letter| format!("{letter}_{name}"));
    let drop_two_phase = format!("SELECT pg_drop_replication_slot('{two_phase}')");
    let grant = format!("GRANT CONNECT ON DATABASE \"{other}\" TO \"{reader}\"");
    elsewhere.sql(&format!("REVOKE CONNECT ON DATABASE \"{other}\" FROM PUBLIC"));
    let known = |user| [("database.user", user), ("database.password", "known")];
    let as_reader = |more: &[(&'static str, &'static str)]| [&known(reader.as_str())[..], more].concat();
    let (a, b) = (("table.include.list", "public.a"), ("table.include.list", "public.b"));
    let mode = |mode| ("publication.autocreate.mode", mode);
    let beat = ("heartbeat.interval.ms", "1000");
    let beating = |query: &'static str| [beat, ("heartbeat.action.query", query)];

    let scene = Scene::new(connector(&name, &name), "walcast.sink=stdout\n");
    scene.diagnose(&[
        // Getting there.
        error(&[("database.port", &closed)], "cannot reach", "listen_addresses"),
        error(&[("database.port", &mute)], "no answer from the server", "database.hostname"),
        error(&[("database.hostname", "192.0.2.1")], "192.0.2.1", "firewall"),
        error(&[("database.hostname", "no-such-host.invalid")], "cannot reach", "database.hostname"),
        // Getting in.
        error(&[("database.password", "wrong")], "refuses the password", "ALTER ROLE \"postgres\" WITH PASSWORD"),
        error(&[("database.password", "")], "asks for a password", "set database.password"),
        error(&[("database.dbname", "nowhere")], "nowhere does not exist", "CREATE DATABASE \"nowhere\";"),
        error(&known(&shut), "does not let role", "WITH LOGIN"),
        error(
            &as_reader(&[])[..2].iter().copied().chain([("database.dbname", other.as_str())]).collect::<Vec<_>>(),
            "may not connect",
            &grant,
        ),
        error(&[("database.sslmode", "require")], "does not speak TLS", "ALTER SYSTEM SET ssl = on"),
        error(
            &[("database.sslmode", "verify-full"), ("database.sslrootcert", "/no/such/file")],
            "/no/such/file",
            "database.sslrootcert",
        ),
        // Rights.
        error(&known(&plain), "has no REPLICATION privilege", "WITH REPLICATION;"),
        error(&as_reader(&[a]), "may not read public.a", "GRANT SELECT ON \"public\".\"a\" TO"),
        error(
            &as_reader(&[("table.include.list", "closed.c")]),
            "no USAGE on schema closed",
            "GRANT USAGE ON SCHEMA \"closed\"",
        ),
        error(&as_reader(&[("table.include.list", "public.hidden")]), "row security", "BYPASSRLS"),
        // Tables.
        error(
            &[("table.include.list", "public.zz"), mode("filtered")],
            "no table of the database matches",
            "table.include.list",
        ),
        warning(&[("table.include.list", "public.zz")], "no table of the database matches", "table.include.list"),
        warning(
            &[b, mode("filtered")],
            "without primary key or replica identity",
            "ALTER TABLE \"public\".\"b\" REPLICA IDENTITY FULL;",
        ),
        note(&[b, mode("filtered")], "have no key", "message.key.columns=public.b:column"),
        warning(
            &[("table.include.list", "public.u")],
            "public.u is unlogged",
            "ALTER TABLE \"public\".\"u\" SET LOGGED;",
        ),
        // Statements and keys of the user's.
        error(&beating("INSERT INTO nothing VALUES (1)"), "\"nothing\" does not exist", "create the table"),
        warning(&beating("INSERT INTO a (name) VALUES (1);"), "will fail: column \"name\"", "heartbeat.action.query"),
        warning(&beating("INSRT INTO a VALUES (1)"), "will fail: syntax error", "heartbeat.action.query"),
        warning(
            &as_reader(&[beat, ("heartbeat.action.query", "DELETE FROM a")]),
            "will fail: permission denied for table a",
            &format!("TO \"{reader}\";"),
        ),
        note(&[("heartbeat.action.query", "CALL it()")], "is never run", "heartbeat.interval.ms"),
        warning(&[("message.key.columns", "public.a:no")], "no matches no column of public.a", "correct the column"),
        // The publication.
        error(
            &[a, mode("disabled"), ("publication.name", "nowhere")],
            "publication nowhere does not exist",
            "CREATE PUBLICATION \"nowhere\" FOR TABLE \"public\".\"a\";",
        ),
        error(
            &[a, mode("disabled"), ("publication.name", "inserts_only")],
            "does not publish update, delete",
            "SET (publish =",
        ),
        error(
            &[mode("disabled"), ("table.include.list", "public.a,public.b"), ("publication.name", "only_a")],
            "does not hold public.b",
            "ALTER PUBLICATION \"only_a\" ADD TABLE \"public\".\"b\";",
        ),
        error(
            &[a, mode("filtered"), ("publication.name", "everything")],
            "is for all tables",
            "DROP PUBLICATION \"everything\";",
        ),
        error(
            &as_reader(&[("publication.name", "new")]),
            "only a superuser may create one for all tables",
            "publication.autocreate.mode=filtered",
        ),
        error(
            &as_reader(&[a, ("publication.name", "new"), ("publication.autocreate.mode", "filtered")]),
            "only the owner may publish public.a",
            "as a superuser: CREATE PUBLICATION \"new\"",
        ),
        warning(
            &[("publication.name", "rooted"), ("publish.via.partition.root", "true")],
            "partitions under their own names",
            "publish_via_partition_root = true",
        ),
        warning(
            &[a, mode("disabled"), ("publication.name", "narrow")],
            "has a row filter on public.a",
            "DROP TABLE \"public\".\"a\"; ALTER PUBLICATION",
        ),
        warning(
            &[a, mode("disabled"), ("publication.name", "narrow")],
            "has a column list for public.a",
            "ADD TABLE \"public\".\"a\"",
        ),
        note(
            &[a, mode("disabled"), ("publication.name", "narrow")],
            "sends public.b too",
            "ALTER PUBLICATION \"narrow\" DROP TABLE \"public\".\"b\";",
        ),
        // The slot.
        error(&[("slot.name", &physical)], "is a physical slot", "slot.name"),
        error(&[("slot.name", &foreign)], "belongs to database", "slot.name"),
        error(&[("slot.name", &held)], "in use by process", "pg_terminate_backend"),
        error(&[("slot.name", &two_phase)], "two_phase", &drop_two_phase),
        note(&[], "max_slot_wal_keep_size is -1", "ALTER SYSTEM SET max_slot_wal_keep_size"),
    ]);
    drop(holder);
    for role in [plain, shut, reader] {
        database.sql(&format!("DROP OWNED BY {role}"));
        elsewhere.sql(&format!("DROP OWNED BY {role}; DROP ROLE {role}"));
    }
    elsewhere.sql(&format!("SELECT pg_drop_replication_slot('o_{name}')"));
    database.sql(&format!("SELECT pg_drop_replication_slot('p_{name}')"));
}

#[test]
fn what_is_wrong_with_the_server_is_answered_with_its_remedy() {
    let (own, marked) = ("host all known,unsent 127.0.0.1/32 trust", "host replication,all all 127.0.0.1/32 trust");
    let bare = Private::start(&[("wal_level", "replica"), ("ssl", "off")], own);
    bare.sql("CREATE TABLE t (id int PRIMARY KEY); CREATE ROLE stranger LOGIN REPLICATION; CREATE ROLE known LOGIN REPLICATION");
    let at = |private: &Private, user: &str| {
        let mut config = connector("postgres", "private");
        let port = private.port.to_string();
        for (key, value) in [("database.hostname", "127.0.0.1"), ("database.port", &port), ("database.user", user)] {
            config[key] = json!(value);
        }
        config
    };
    Scene::new(at(&bare, "stranger"), "").diagnose(&[error(
        &[],
        "pg_hba.conf does not allow",
        "add to pg_hba.conf: host postgres stranger 127.0.0.1/32 scram-sha-256",
    )]);
    let logical = "ALTER SYSTEM SET wal_level = 'logical'; then restart";
    Scene::new(at(&bare, "postgres"), "").diagnose(&[error(&[], "wal_level is replica", logical)]);
    // What a provider puts into its databases.
    for (role, remedy) in [
        ("rds_superuser", "rds.logical_replication = 1"),
        ("cloudsqlsuperuser", "cloudsql.logical_decoding=on"),
        ("azure_pg_admin", "az postgres flexible-server parameter set"),
        ("supabase_admin", "dashboard"),
        ("neon_superuser", "Neon console"),
    ] {
        bare.sql(&format!("CREATE ROLE {role}"));
        Scene::new(at(&bare, "postgres"), "").diagnose(&[error(&[], "wal_level is replica", remedy)]);
        bare.sql(&format!("DROP ROLE {role}"));
    }
    bare.sql(
        "CREATE ROLE rds_superuser; CREATE FUNCTION aurora_version() RETURNS text LANGUAGE sql AS 'SELECT ''16''';",
    );
    Scene::new(at(&bare, "postgres"), "").diagnose(&[error(&[], "wal_level is replica", "cluster's parameter group")]);
    drop(bare);

    let full = Private::start(
        &[
            ("wal_level", "logical"),
            ("max_replication_slots", "1"),
            ("max_wal_senders", "0"),
            ("max_slot_wal_keep_size", "1MB"),
            ("min_wal_size", "32MB"),
            ("max_wal_size", "64MB"),
        ],
        marked,
    );
    full.sql("CREATE TABLE t (id int PRIMARY KEY)");
    full.sql("SELECT pg_create_logical_replication_slot('idle', 'pgoutput')");
    Scene::new(at(&full, "postgres"), "").diagnose(&[
        error(&[], "all 1 replication slots are taken", "SELECT pg_drop_replication_slot('idle');"),
        error(&[], "all 0 WAL senders are busy", "ALTER SYSTEM SET max_wal_senders = 10"),
        warning(&[], "max_slot_wal_keep_size is", "max_slot_wal_keep_size = '100GB'"),
    ]);
    // More WAL than the slot may hold, and a checkpoint that notices.
    for _ in 0..3 {
        full.sql("CREATE TABLE s AS SELECT generate_series(1, 10000); DROP TABLE s; SELECT pg_switch_wal()");
    }
    full.sql("CHECKPOINT");
    wait_for("the slot to be lost", || full.sql("SELECT wal_status FROM pg_replication_slots") == "lost");
    Scene::new(at(&full, "postgres"), "").diagnose(&[error(
        &[("slot.name", "idle")],
        "slot idle is lost",
        "snapshot.mode=when_needed",
    )]);
}

#[test]
fn what_is_wrong_with_kafka_is_answered_with_its_remedy() {
    let name = unique("brokers");
    let database = Database::new(&name);
    database.sql(
        "CREATE TABLE a (id int PRIMARY KEY, v text); CREATE TABLE b (v text);
         ALTER TABLE a ALTER v SET STORAGE EXTERNAL;
         INSERT INTO a VALUES (1, repeat('x', 3000000)); ANALYZE;",
    );
    let config = {
        let mut config = connector(&name, &name);
        config["table.include.list"] = json!("public.a");
        config["publication.autocreate.mode"] = json!("filtered");
        config
    };
    let with = |lines: &str| Scene::new(config.clone(), &format!("offset.storage.topic={name}-offsets\n{lines}"));
    let here = format!("bootstrap.servers={}\n", kafka());

    let (closed, silent) = (free_port(), TcpListener::bind("127.0.0.1:0").expect("a port"));
    let mute = silent.local_addr().expect("an address").port();
    with(&format!("bootstrap.servers=127.0.0.1:{closed}\n")).diagnose(&[error(
        &[],
        "cannot reach the Kafka brokers",
        "bootstrap.servers",
    )]);
    with(&format!("bootstrap.servers=127.0.0.1:{mute}\n")).diagnose(&[error(
        &[],
        "cannot reach the Kafka brokers",
        "bootstrap.servers",
    )]);

    let scene = with(&here);
    scene.diagnose(&[
        error(&[], "max.request.size is 1048576", "producer.override.max.request.size=6"),
        note(&[("table.include.list", "public.b")], "will be created by the brokers", "topic.creation.default"),
        error(
            &[("topic.creation.default.partitions", "1"), ("topic.creation.default.replication.factor", "3")],
            "cannot be created as topic.creation.* says",
            "replication factor",
        ),
    ]);
    create(&format!("{name}.public.a"), &[("max.message.bytes", "2000")]);
    create(&format!("{name}.public.b"), &[("cleanup.policy", "compact")]);
    create(&format!("{name}-offsets"), &[("cleanup.policy", "delete")]);
    scene.diagnose(&[
        error(&[], "max.message.bytes is 2000", "--add-config max.message.bytes="),
        error(
            &[("table.include.list", "public.b")],
            "is compacted, which takes no records without key",
            "message.key.columns",
        ),
        error(&[], "has cleanup.policy=delete", "--add-config cleanup.policy=compact"),
    ]);

    let folder = Folder::new();
    let broker = Broker::with(&folder, &[("auto.create.topics.enable", "false")]);
    let trust = format!("ssl.truststore.type=PEM\nssl.truststore.location={}\n", folder.0.join("ca.pem").display());
    let tls = format!("bootstrap.servers=127.0.0.1:{}\nsecurity.protocol=SSL\n", broker.tls);
    let login = |user: &str, password: &str| {
        format!(
            "bootstrap.servers=127.0.0.1:{}\nsecurity.protocol=SASL_SSL\n{trust}sasl.mechanism=PLAIN\nsasl.jaas.config=\
             org.apache.kafka.common.security.plain.PlainLoginModule required username=\"{user}\" password=\"{password}\";\n",
            broker.login
        )
    };
    with(&format!("{tls}{}", trust.replace("ca.pem", "stranger.pem"))).diagnose(&[error(
        &[],
        "cannot reach the Kafka brokers",
        "security.protocol",
    )]);
    with(&format!("bootstrap.servers=127.0.0.1:{}\n", broker.tls)).diagnose(&[error(
        &[],
        "cannot reach the Kafka brokers",
        "security.protocol",
    )]);
    with(&login("writer", "not-the-password")).diagnose(&[error(&[], "refuse the login", "sasl.jaas.config")]);
    with(&login("writer", PASSWORD)).diagnose(&[error(&[], "the brokers create none", "kafka-topics --create")]);
    let guest = with(&login("guest", PASSWORD));
    let (topic, acl) = (format!("topic {name}.public.a"), format!("--operation WRITE --topic {name}.public.a"));
    guest.diagnose(&[error(&[], &topic, &acl)]);
    broker.let_see("guest", &format!("{name}.public.a"));
    guest.comes_to(error(&[], "may not create any", "--operation CREATE"));
    create_at(&format!("127.0.0.1:{}", broker.inner), &format!("{name}.public.a"), &[]);
    guest.comes_to(error(&[], &format!("Kafka denies WRITE on {topic}"), &acl));
    with(&login("writer", PASSWORD)).diagnose(&[error(&[], "max.request.size is 1048576", "max.request.size=6")]);
}

#[test]
fn a_server_that_is_not_who_it_should_be_is_told_from_one_that_has_not_proved_it() {
    let authority = certificate("doctor CA", None);
    let (key, own) = pem(&certificate("127.0.0.1", Some((&authority.0, &authority.1))));
    let private =
        Private::with(&[("wal_level", "logical"), ("ssl", "on")], "", &[("server.key", &key), ("server.crt", &own)]);
    let folder = Folder::new();
    let trusted = folder.write("ca.pem", &pem(&authority).1).display().to_string();
    let stranger = folder.write("stranger.pem", &pem(&certificate("somebody else", None)).1).display().to_string();
    let mut config = connector("postgres", "covered");
    config["database.hostname"] = json!("127.0.0.1");
    config["database.port"] = json!(private.port.to_string());
    config["database.user"] = json!("postgres");
    let scene = Scene::new(config, "");
    let ca = |mode: &'static str, file| [("database.sslmode", mode), ("database.sslrootcert", file)];
    scene.diagnose(&[
        note(&[("database.sslmode", "require")], "has not proved who it is", "database.sslmode=verify-full"),
        error(&ca("verify-full", &stranger), "TLS with the server failed", "set database.sslrootcert to the CA"),
        Case { severity: "ok", ..error(&ca("verify-full", &trusted), "the server has proved who it is", "") },
    ]);
}
