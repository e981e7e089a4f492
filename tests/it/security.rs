//! Every way to reach a broker that asks who one is, and what is said when it will not have us.

use serde_json::json;

use crate::broker::{Broker, PASSWORD};
use crate::rig::{Database, Folder, Walcast, connector, drained, streaming, unique, wait_for};

#[test]
fn walcast_logs_in_to_kafka_in_every_way() {
    let folder = Folder::new();
    let broker = Broker::start(&folder);
    let trust = "ssl.truststore.type=PEM\nssl.truststore.location=ca.pem\n";
    let login = |mechanism: &str, module: &str, options: &str| {
        format!(
            "bootstrap.servers=127.0.0.1:{}\nsecurity.protocol=SASL_SSL\n{trust}sasl.mechanism={mechanism}\n\
             sasl.jaas.config=org.apache.kafka.common.security.{module} required {options};\n",
            broker.login
        )
    };
    let password = format!("username=\"writer\" password=\"{PASSWORD}\"");
    let tls =
        |port: u16, more: &str| format!("bootstrap.servers=127.0.0.1:{port}\nsecurity.protocol=SSL\n{trust}{more}");
    let key = "ssl.keystore.type=PEM\nssl.keystore.location=client.pem\n";
    for (way, settings) in [
        ("tls", tls(broker.tls, "ssl.endpoint.identification.algorithm=https\n")),
        ("mutual", tls(broker.mutual, key)),
        ("plain", login("PLAIN", "plain.PlainLoginModule", &password)),
        ("scram256", login("SCRAM-SHA-256", "scram.ScramLoginModule", &password)),
        ("scram512", login("SCRAM-SHA-512", "scram.ScramLoginModule", &password)),
        (
            "bearer",
            login("OAUTHBEARER", "oauthbearer.OAuthBearerLoginModule", "unsecuredLoginStringClaim_sub=\"writer\""),
        ),
    ] {
        let scene = Scene::new(&folder, way, &(settings + "exactly.once.source.support=enabled\n"));
        let walcast = scene.start();
        wait_for("the stream", || {
            let task = walcast.task(&scene.name);
            assert_ne!(task["state"], "FAILED", "{way}: {}", task["trace"]);
            streaming(&scene.slot)
        });
        scene.database.sql("INSERT INTO t VALUES (2)");
        drained(&scene.name, &scene.slot);
        assert_eq!(walcast.stop(), 0, "{way}");
    }

    for (way, settings, said) in [
        (
            "wrong",
            login("PLAIN", "plain.PlainLoginModule", "username=\"writer\" password=\"not-this-one\""),
            "refuse the login",
        ),
        (
            "unknown",
            login("SCRAM-SHA-512", "scram.ScramLoginModule", "username=\"nobody\" password=\"x\""),
            "refuse the login",
        ),
        (
            "stranger",
            tls(broker.tls, "").replace("ca.pem", "stranger.pem"),
            "check bootstrap.servers, security.protocol",
        ),
        (
            "guest",
            login("PLAIN", "plain.PlainLoginModule", &format!("username=\"guest\" password=\"{PASSWORD}\"")),
            "kafka-acls --add --allow-principal User:<this user> --operation",
        ),
    ] {
        let scene = Scene::new(&folder, way, &settings);
        let walcast = scene.start();
        wait_for(said, || {
            let trace = walcast.task(&scene.name)["trace"].to_string();
            trace.contains(said) || walcast.log().contains(said)
        });
        for secret in [PASSWORD, "not-this-one"] {
            assert!(!walcast.log().contains(secret), "{way}: a secret in the log");
        }
        walcast.stop();
    }
}

struct Scene<'a> {
    name: String,
    slot: String,
    database: Database,
    folder: &'a Folder,
}

impl<'a> Scene<'a> {
    fn new(folder: &'a Folder, way: &str, settings: &str) -> Self {
        let name = unique(way);
        let database = Database::new(&name);
        database.sql("CREATE TABLE t (id int PRIMARY KEY); INSERT INTO t VALUES (1);");
        let worker =
            format!("{settings}group.id={name}\noffset.storage.topic={name}-offsets\noffset.flush.interval.ms=100\n");
        folder.write("w.properties", &worker);
        folder.write("c.json", &json!({ "name": name, "config": connector(&name, &name) }).to_string());
        Self { slot: format!("s_{name}"), name, database, folder }
    }

    fn start(&self) -> Walcast {
        Walcast::start(self.folder, &["--worker", "w.properties", "c.json"])
    }
}
