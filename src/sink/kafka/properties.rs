//! Property names of the Java client in the words of librdkafka.
//!
//! What both spell alike passes; what has another name or value is translated; what only means something to a JVM is
//! ignored, and `ignored` names it; what the user relies on and cannot be had is refused with the way out. Only names
//! listed here reach librdkafka: some of its own (plugins, commands to run) must not be open to whoever may post a
//! connector.

use std::fmt;

use super::jaas::Login;
use super::stores::{self, Store};

/// A property that means something and cannot be honoured. Never holds the value of a secret.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Untranslatable {
    pub name: String,
    pub why: String,
}

impl fmt::Display for Untranslatable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.why)
    }
}

/// Same name and meaning on both sides, or a name of librdkafka's alone.
const SAME: &[&str] = &[
    "acks",
    "client.dns.lookup",
    "client.id",
    "client.rack",
    "compression.level",
    "compression.type",
    "connections.max.idle.ms",
    "enable.idempotence",
    "linger.ms",
    "max.in.flight.requests.per.connection",
    "reconnect.backoff.max.ms",
    "reconnect.backoff.ms",
    "request.timeout.ms",
    "retry.backoff.max.ms",
    "retry.backoff.ms",
    "sasl.kerberos.service.name",
    "sasl.oauthbearer.client.credentials.client.id",
    "sasl.oauthbearer.client.credentials.client.secret",
    "sasl.oauthbearer.client.id",
    "sasl.oauthbearer.client.secret",
    "sasl.oauthbearer.config",
    "sasl.oauthbearer.extensions",
    "sasl.oauthbearer.method",
    "sasl.oauthbearer.scope",
    "sasl.oauthbearer.token.endpoint.url",
    "sasl.password",
    "sasl.username",
    "socket.connection.setup.timeout.ms",
    "ssl.key.password",
    "batch.num.messages",
    "broker.address.family",
    "broker.address.ttl",
    "debug",
    "enable.sasl.oauthbearer.unsecure.jwt",
    "enable.ssl.certificate.verification",
    "message.max.bytes",
    "message.timeout.ms",
    "metadata.recovery.rebootstrap.trigger.ms",
    "metadata.recovery.strategy",
    "queue.buffering.max.kbytes",
    "queue.buffering.max.messages",
    "socket.keepalive.enable",
    "socket.nagle.disable",
    "socket.receive.buffer.bytes",
    "socket.send.buffer.bytes",
    "socket.timeout.ms",
    "ssl.ca.location",
    "ssl.ca.pem",
    "ssl.certificate.location",
    "ssl.certificate.pem",
    "ssl.crl.location",
    "ssl.curves.list",
    "ssl.key.location",
    "ssl.key.pem",
    "ssl.sigalgs.list",
    "sticky.partitioning.linger.ms",
    "topic.metadata.refresh.interval.ms",
    "transaction.timeout.ms",
];

/// The producer settings of a Java client as settings of librdkafka's; later properties win. The error lists all that
/// cannot be translated.
pub fn translate(java: &[(String, String)]) -> Result<Vec<(String, String)>, Vec<Untranslatable>> {
    let mut translation = Translation { java: last_of_each(java), out: Vec::new(), refused: Vec::new() };
    for (name, value) in translation.java.clone() {
        translation.single(name, value);
    }
    translation.login();
    translation.trust_store();
    translation.key_store();
    if translation.refused.is_empty() { Ok(translation.out) } else { Err(translation.refused) }
}

/// Names that are accepted without effect, to be told once.
pub fn ignored(java: &[(String, String)]) -> Vec<String> {
    last_of_each(java).iter().filter(|(name, _)| !is_known(name)).map(|(name, _)| (*name).to_owned()).collect()
}

/// The name by which the user knows a property of librdkafka's.
pub(super) fn java_name(native: &str) -> &str {
    match native {
        "message.max.bytes" => "max.request.size",
        "message.send.max.retries" => "retries",
        "message.timeout.ms" => "delivery.timeout.ms",
        "queue.buffering.max.kbytes" => "buffer.memory",
        "socket.receive.buffer.bytes" => "receive.buffer.bytes",
        "socket.send.buffer.bytes" => "send.buffer.bytes",
        "topic.metadata.refresh.interval.ms" => "metadata.max.age.ms",
        same => same,
    }
}

/// Whether the value must not be shown.
pub fn is_secret(name: &str) -> bool {
    ["password", "secret", "jaas", "key", "pem", "oauthbearer.config", "assertion"]
        .iter()
        .any(|part| name.contains(part))
}

fn last_of_each(java: &[(String, String)]) -> Vec<(&str, &str)> {
    let mut last: Vec<(&str, &str)> = Vec::new();
    for (name, value) in java {
        match last.iter_mut().find(|(seen, _)| seen == name) {
            Some(entry) => entry.1 = value.trim(),
            None => last.push((name, value.trim())),
        }
    }
    last
}

/// Has an effect: passes, is translated, or is part of a group that is.
fn is_known(name: &str) -> bool {
    const TRANSLATED: [&str; 14] = [
        "batch.size",
        "buffer.memory",
        "delivery.timeout.ms",
        "max.request.size",
        "metadata.max.age.ms",
        "receive.buffer.bytes",
        "retries",
        "sasl.jaas.config",
        "sasl.mechanism",
        "security.protocol",
        "send.buffer.bytes",
        "socket.connection.setup.timeout.max.ms",
        "ssl.endpoint.identification.algorithm",
        "bootstrap.servers",
    ];
    SAME.contains(&name)
        || TRANSLATED.contains(&name)
        || name.starts_with("ssl.truststore.")
        || name.starts_with("ssl.keystore.")
}

struct Translation<'a> {
    java: Vec<(&'a str, &'a str)>,
    out: Vec<(String, String)>,
    refused: Vec<Untranslatable>,
}

impl<'a> Translation<'a> {
    fn single(&mut self, name: &str, value: &str) {
        match name {
            "batch.size" => self.set(name, if value == "0" { "1" } else { value }),
            "buffer.memory" => match value.parse::<u64>() {
                // Room for one record of the largest size at least, or it would wait for ever.
                Ok(bytes) => {
                    let record = self.get("max.request.size").and_then(|size| size.parse().ok()).unwrap_or(1_048_576);
                    let kbytes = bytes.max(record).div_ceil(1024).min(2_147_483_647);
                    self.set("queue.buffering.max.kbytes", &kbytes.to_string());
                }
                Err(_) => self.refuse(name, "expected a number of bytes"),
            },
            "delivery.timeout.ms" => self.set("message.timeout.ms", value),
            "max.request.size" => match value.parse::<u64>() {
                Ok(bytes) => self.set("message.max.bytes", &bytes.min(1_000_000_000).to_string()),
                Err(_) => self.refuse(name, "expected a number of bytes"),
            },
            "metadata.max.age.ms" => self.set("topic.metadata.refresh.interval.ms", value),
            "receive.buffer.bytes" => self.set("socket.receive.buffer.bytes", if value == "-1" { "0" } else { value }),
            "send.buffer.bytes" => self.set("socket.send.buffer.bytes", if value == "-1" { "0" } else { value }),
            "retries" => self.set("message.send.max.retries", value),
            "compression.type" | "acks" => self.set(name, &value.to_ascii_lowercase()),
            "security.protocol" => self.set(name, &value.to_ascii_lowercase()),
            "sasl.mechanism" => self.mechanism(value),
            "ssl.endpoint.identification.algorithm" => {
                let algorithm = if value.is_empty() { "none".to_owned() } else { value.to_ascii_lowercase() };
                self.set(name, &algorithm);
            }
            "client.dns.lookup" if value == "default" => {}
            // An empty secret or name is no setting.
            name if SAME.contains(&name) && !value.is_empty() => self.set(name, value),
            _ => {}
        }
    }

    fn mechanism(&mut self, value: &str) {
        match value.to_ascii_uppercase().as_str() {
            known @ ("PLAIN" | "SCRAM-SHA-256" | "SCRAM-SHA-512" | "OAUTHBEARER") => self.set("sasl.mechanism", known),
            // Java's default, and so often spelled out where no SASL is used.
            "GSSAPI" if !self.uses_sasl() => {}
            other => {
                let why = format!(
                    "{other} is not part of this build; use PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER"
                );
                self.refuse("sasl.mechanism", &why);
            }
        }
    }

    fn login(&mut self) {
        let Some(jaas) = self.get("sasl.jaas.config").filter(|text| !text.is_empty()) else { return };
        let login = match Login::parse(jaas) {
            Ok(login) => login,
            Err(why) => return self.refuse("sasl.jaas.config", why),
        };
        let names: &[(&str, &str)] = match login.module.as_str() {
            "PlainLoginModule" | "ScramLoginModule" => &[("username", "sasl.username"), ("password", "sasl.password")],
            "OAuthBearerLoginModule" => &[
                ("clientId", "sasl.oauthbearer.client.id"),
                ("clientSecret", "sasl.oauthbearer.client.secret"),
                ("scope", "sasl.oauthbearer.scope"),
            ],
            other => {
                let why = format!(
                    "{other} is not known here; use PlainLoginModule, ScramLoginModule or OAuthBearerLoginModule"
                );
                return self.refuse("sasl.jaas.config", &why);
            }
        };
        for (option, name) in names {
            if let Some(value) = login.option(option) {
                self.set(name, value);
            }
        }
        if login.module == "OAuthBearerLoginModule" {
            self.bearer(&login);
        } else if login.option("username").is_none() || login.option("password").is_none() {
            self.refuse("sasl.jaas.config", "username and password are needed");
        }
    }

    fn bearer(&mut self, login: &Login) {
        if let Some(subject) = login.option("unsecuredLoginStringClaim_sub") {
            self.set("enable.sasl.oauthbearer.unsecure.jwt", "true");
            self.set("sasl.oauthbearer.config", &format!("principal={subject}"));
        } else if self.get("sasl.oauthbearer.token.endpoint.url").is_some() {
            self.set("sasl.oauthbearer.method", "oidc");
        } else {
            self.refuse("sasl.oauthbearer.token.endpoint.url", "a value is required to log in with OAUTHBEARER");
        }
    }

    fn trust_store(&mut self) {
        const LOCATION: &str = "ssl.truststore.location";
        let (certificates, location) = (self.given("ssl.truststore.certificates"), self.given(LOCATION));
        if certificates.is_none() && location.is_none() {
            return;
        }
        match stores::kind(LOCATION, self.given("ssl.truststore.type"), location) {
            Err(refused) => self.refused.push(refused),
            Ok(_) => match (certificates, location) {
                (Some(certificates), _) => self.set("ssl.ca.pem", &stores::pem(certificates)),
                (None, Some(location)) => self.set("ssl.ca.location", location),
                (None, None) => {}
            },
        }
    }

    fn key_store(&mut self) {
        const LOCATION: &str = "ssl.keystore.location";
        let (chain, key) = (self.given("ssl.keystore.certificate.chain"), self.given("ssl.keystore.key"));
        let location = self.given(LOCATION);
        if chain.is_none() && key.is_none() && location.is_none() {
            return;
        }
        match (stores::kind(LOCATION, self.given("ssl.keystore.type"), location), location) {
            (Err(refused), _) => self.refused.push(refused),
            (Ok(Store::Pem), Some(location)) => {
                // One file with key and certificates.
                self.set("ssl.certificate.location", location);
                self.set("ssl.key.location", location);
            }
            (Ok(Store::Pkcs12), Some(location)) => {
                self.set("ssl.keystore.location", location);
                if let Some(password) = self.given("ssl.keystore.password") {
                    self.set("ssl.keystore.password", password);
                }
            }
            (Ok(_), None) => match (chain, key) {
                (Some(chain), Some(key)) => {
                    self.set("ssl.certificate.pem", &stores::pem(chain));
                    self.set("ssl.key.pem", &stores::pem(key));
                }
                (None, _) => self.refuse("ssl.keystore.certificate.chain", "is needed together with ssl.keystore.key"),
                (_, None) => self.refuse("ssl.keystore.key", "is needed together with ssl.keystore.certificate.chain"),
            },
        }
    }

    fn uses_sasl(&self) -> bool {
        self.get("security.protocol").is_some_and(|protocol| protocol.to_ascii_lowercase().starts_with("sasl"))
    }

    fn given(&self, name: &str) -> Option<&'a str> {
        self.get(name).filter(|value| !value.is_empty())
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        self.java.iter().find(|(given, _)| *given == name).map(|(_, value)| *value)
    }

    fn set(&mut self, name: &str, value: &str) {
        self.out.push((name.to_owned(), value.to_owned()));
    }

    fn refuse(&mut self, name: &str, why: &str) {
        self.refused.push(Untranslatable { name: name.to_owned(), why: why.to_owned() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(properties: &[(&str, &str)]) -> Vec<(String, String)> {
        properties.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    fn translated(properties: &[(&str, &str)]) -> Vec<(String, String)> {
        let mut out = translate(&owned(properties)).unwrap();
        out.sort();
        out
    }

    fn refused(properties: &[(&str, &str)]) -> Untranslatable {
        translate(&owned(properties)).unwrap_err().remove(0)
    }

    #[test]
    fn java_names_become_ours_and_later_ones_win() {
        let java = [
            ("linger.ms", "5"),
            ("linger.ms", " 100"),
            ("max.request.size", "5000000"),
            ("buffer.memory", "1000"),
            ("delivery.timeout.ms", "120000"),
            ("retries", "7"),
            ("send.buffer.bytes", "-1"),
            ("compression.type", "ZSTD"),
            ("key.serializer", "x"),
        ];
        assert_eq!(
            translated(&java),
            owned(&[
                ("compression.type", "zstd"),
                ("linger.ms", "100"),
                ("message.max.bytes", "5000000"),
                ("message.send.max.retries", "7"),
                ("message.timeout.ms", "120000"),
                ("queue.buffering.max.kbytes", "4883"),
                ("socket.send.buffer.bytes", "0"),
            ])
        );
    }

    #[test]
    fn what_has_no_effect_is_named() {
        let java = [
            ("value.serializer", "x"),
            ("ssl.protocol", "TLSv1.3"),
            ("max.block.ms", "1"),
            ("acks", "all"),
            ("typo.ms", "1"),
        ];
        assert_eq!(ignored(&owned(&java)), ["value.serializer", "ssl.protocol", "max.block.ms", "typo.ms"]);
        assert_eq!(translated(&java), owned(&[("acks", "all")]));
    }

    #[test]
    fn names_that_load_or_run_something_do_not_pass() {
        let java = [
            ("plugin.library.paths", "/tmp/evil.so"),
            ("ssl.engine.location", "/tmp/evil.so"),
            ("ssl.providers", "evil"),
            ("sasl.kerberos.kinit.cmd", "rm"),
            ("transactional.id", "mine"),
            ("partitioner", "random"),
        ];
        assert_eq!(translated(&java), []);
        assert_eq!(ignored(&owned(&java)).len(), java.len());
    }

    #[test]
    fn a_login_becomes_user_and_password() {
        let jaas = "org.apache.kafka.common.security.scram.ScramLoginModule required username=\"u\" password=\"p w\";";
        let java = [("security.protocol", "SASL_SSL"), ("sasl.mechanism", "scram-sha-512"), ("sasl.jaas.config", jaas)];
        assert_eq!(
            translated(&java),
            owned(&[
                ("sasl.mechanism", "SCRAM-SHA-512"),
                ("sasl.password", "p w"),
                ("sasl.username", "u"),
                ("security.protocol", "sasl_ssl"),
            ])
        );
        let oauth = "o.a.k.OAuthBearerLoginModule required clientId=\"c\" clientSecret=\"s\" scope=\"x\";";
        let java = [("sasl.jaas.config", oauth), ("sasl.oauthbearer.token.endpoint.url", "https://idp/token")];
        assert!(translated(&java).contains(&("sasl.oauthbearer.method".to_owned(), "oidc".to_owned())));
    }

    #[test]
    fn refusals_name_the_property_and_the_way_out_and_no_secret() {
        let jaas = |module: &str| format!("a.b.{module} required password=\"s3cret\";");
        for (name, refusal) in [
            ("sasl.jaas.config", refused(&[("sasl.jaas.config", &jaas("Krb5LoginModule"))])),
            ("sasl.jaas.config", refused(&[("sasl.jaas.config", &jaas("PlainLoginModule"))])),
            ("sasl.jaas.config", refused(&[("sasl.jaas.config", "s3cret")])),
            ("sasl.mechanism", refused(&[("security.protocol", "SASL_SSL"), ("sasl.mechanism", "AWS_MSK_IAM")])),
            (
                "ssl.truststore.location",
                refused(&[("ssl.truststore.location", "/t.jks"), ("ssl.truststore.password", "s3cret")]),
            ),
            ("ssl.keystore.location", refused(&[("ssl.keystore.location", "/k"), ("ssl.keystore.type", "BCFKS")])),
            (
                "ssl.keystore.key",
                refused(&[("ssl.keystore.type", "PEM"), ("ssl.keystore.certificate.chain", "s3cret")]),
            ),
        ] {
            assert_eq!(refusal.name, name);
            assert!(!refusal.to_string().contains("s3cret"), "{refusal}");
        }
    }

    #[test]
    fn pem_and_pkcs12_stores_pass() {
        let files = [
            ("ssl.truststore.type", "PEM"),
            ("ssl.truststore.location", "/ca.pem"),
            ("ssl.keystore.type", "PKCS12"),
            ("ssl.keystore.location", "/k.p12"),
            ("ssl.keystore.password", "p"),
            ("ssl.endpoint.identification.algorithm", ""),
        ];
        assert_eq!(
            translated(&files),
            owned(&[
                ("ssl.ca.location", "/ca.pem"),
                ("ssl.endpoint.identification.algorithm", "none"),
                ("ssl.keystore.location", "/k.p12"),
                ("ssl.keystore.password", "p"),
            ])
        );
        let inline =
            [("ssl.truststore.type", "PEM"), ("ssl.truststore.certificates", "-----BEGIN X----- QQ -----END X-----")];
        assert_eq!(translated(&inline), owned(&[("ssl.ca.pem", "-----BEGIN X-----\nQQ\n-----END X-----\n")]));
    }

    #[test]
    fn every_name_that_passes_is_known_to_the_client() {
        let unknown: Vec<_> = SAME.iter().filter(|name| is_unknown(name)).collect();
        assert!(unknown.is_empty(), "{unknown:?}");
        assert!(is_unknown("no.such.name"));
    }

    fn is_unknown(name: &str) -> bool {
        use rdkafka::error::KafkaError::ClientConfig;
        use rdkafka::types::RDKafkaConfRes::RD_KAFKA_CONF_UNKNOWN;
        let answer = rdkafka::ClientConfig::new().set(name, "1").create_native_config();
        matches!(answer, Err(ClientConfig(RD_KAFKA_CONF_UNKNOWN, ..)))
    }
}
