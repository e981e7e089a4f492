//! The worker's settings, in Kafka Connect's own names: defaults, a file, the environment; later wins.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::definitions::is_secret;
use super::providers::Providers;
use super::server::Server;
use super::{Note, Problem, Raw, environment, formats, names, value};
use crate::sink;

/// A resolved worker.
#[derive(Clone)]
pub struct Worker {
    /// Everything that was set, in rising order of strength.
    pub raw: Raw,
    pub bootstrap: Option<String>,
    pub group_id: String,
    pub config_topic: Option<String>,
    pub offset_topic: Option<String>,
    pub offset_partitions: i32,
    pub status_topic: Option<String>,
    pub status_partitions: i32,
    /// `status.storage.replication.factor`.
    pub status_replication_factor: i16,
    /// For the topics the worker makes itself.
    pub replication_factor: i16,
    /// `offset.storage.file.filename`.
    pub offset_file: Option<PathBuf>,
    pub offset_flush_interval: Duration,
    /// `exactly.once.source.support=enabled`.
    pub exactly_once: bool,
    pub shutdown_timeout: Duration,
    /// What other workers would call us.
    pub advertised: Advertised,
    pub sink: SinkChoice,
    /// `walcast.connectors`: the folder of connector files.
    pub connectors: Option<PathBuf>,
    /// `walcast.events.values`: records are shown with what rows hold to those who watch them through REST.
    pub show_values: bool,
    pub providers: Providers,
    /// The REST server.
    pub server: Server,
}

/// `rest.advertised.*`; what is not set is that of the listener.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Advertised {
    pub host: Option<String>,
    pub port: Option<u16>,
    /// `http` or `https`: which listener is meant.
    pub scheme: Option<String>,
}

/// `walcast.sink`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SinkChoice {
    Kafka,
    Stdout,
    File(PathBuf),
}

/// Secrets are held back.
impl std::fmt::Debug for Worker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let shown = |(key, value): &(String, String)| {
            (key.clone(), if is_secret(key) { "********".to_owned() } else { value.clone() })
        };
        f.debug_map().entries(self.raw.iter().map(shown)).finish()
    }
}

const POLICY: &str = "connector.client.config.override.policy";

const KNOWN: [&str; 43] = [
    "walcast.events.values",
    "walcast.log.format",
    "bootstrap.servers",
    "group.id",
    "config.storage.topic",
    "config.storage.replication.factor",
    "offset.storage.topic",
    "offset.storage.partitions",
    "offset.storage.replication.factor",
    "offset.storage.file.filename",
    "status.storage.topic",
    "status.storage.partitions",
    "status.storage.replication.factor",
    "offset.flush.interval.ms",
    "offset.flush.timeout.ms",
    "listeners",
    "rest.host.name",
    "rest.port",
    "rest.advertised.host.name",
    "rest.advertised.port",
    "rest.advertised.listener",
    "rest.mask.secrets",
    "rest.auth.users",
    "topic.tracking.enable",
    "topic.tracking.allow.reset",
    "key.converter",
    "value.converter",
    "header.converter",
    "topic.creation.enable",
    "config.providers",
    "task.shutdown.graceful.timeout.ms",
    "exactly.once.source.support",
    "security.protocol",
    "client.id",
    "name",
    "walcast.sink",
    "walcast.compatibility",
    "walcast.connectors",
    "walcast.data",
    "walcast.log",
    "log.level",
    "connector.client.config.override.policy",
    "plugin.path",
];

/// Accepted, and without a meaning here.
const WITHOUT_MEANING: [&str; 17] = [
    "plugin.path",
    "plugin.discovery",
    "internal.",
    "rest.extension.classes",
    "access.control.",
    "heartbeat.interval.ms",
    "session.timeout.ms",
    "rebalance.timeout.ms",
    "worker.",
    "scheduled.rebalance.max.delay.ms",
    "metrics.",
    "metric.",
    "inter.worker.",
    "admin.",
    "consumer.",
    "connect.protocol",
    "task.shutdown",
];

const KNOWN_PREFIXES: [&str; 10] = [
    "key.converter.",
    "value.converter.",
    "header.converter.",
    "producer.",
    "config.providers.",
    "sasl.",
    "ssl.",
    "topic.creation.",
    "listeners.https.ssl.",
    "rest.auth.",
];

impl Worker {
    /// Reads `file` (properties, or TOML, YAML, JSON by its ending) and the environment.
    pub fn load(
        file: Option<&Path>,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<(Self, Vec<Note>), Vec<Problem>> {
        let mut raw = match file {
            Some(path) => formats::read(path).map_err(|problem| vec![problem])?,
            None => Raw::new(),
        };
        raw.extend(environment::settings(variables));
        Self::resolve(raw)
    }

    fn resolve(raw: Raw) -> Result<(Self, Vec<Note>), Vec<Problem>> {
        let notes = notes(&raw);
        let mut problems = Vec::new();
        let providers = Providers::of_worker(&raw).unwrap_or_else(|found| {
            problems.extend(found);
            Providers::default()
        });
        let raw = providers.resolve(&raw).unwrap_or_else(|found| {
            problems.extend(found);
            raw.clone()
        });
        let text = |key: &str| value(&raw, key).map(str::trim).filter(|v| !v.is_empty());
        let mut number = |key: &str, default: i64, least: i64, most: i64| match text(key).map(str::parse::<i64>) {
            None => default,
            Some(Ok(n)) if (least..=most).contains(&n) => n,
            Some(Ok(n)) => {
                let bound = if n < least { format!("at least {least}") } else { format!("at most {most}") };
                problems.push(Problem::new(
                    key,
                    format!("Invalid value {n} for configuration {key}: Value must be {bound}"),
                ));
                default
            }
            Some(Err(_)) => {
                let given = text(key).unwrap_or("");
                problems
                    .push(Problem::new(key, format!("Invalid value {given} for configuration {key}: Not a number")));
                default
            }
        };
        let flush = number("offset.flush.interval.ms", 1000, 1, i64::MAX);
        let shutdown = number("task.shutdown.graceful.timeout.ms", 5000, 0, i64::MAX);
        let partitions = number("offset.storage.partitions", 25, 1, i64::from(i32::MAX));
        let replication = number("offset.storage.replication.factor", 3, -1, i64::from(i16::MAX));
        let status_partitions = number("status.storage.partitions", 5, 1, i64::from(i32::MAX));
        let status_replication = number("status.storage.replication.factor", 3, -1, i64::from(i16::MAX));
        let port = number("rest.port", 8083, 0, i64::from(u16::MAX));
        let advertised_port = number("rest.advertised.port", port, 0, i64::from(u16::MAX));
        let advertised = Advertised {
            host: text("rest.advertised.host.name").map(str::to_owned),
            port: text("rest.advertised.port").map(|_| port_number(advertised_port)),
            scheme: text("rest.advertised.listener").map(str::to_ascii_lowercase),
        };
        problems.extend(text("bootstrap.servers").and_then(names::brokers));
        for key in ["offset.storage.topic", "config.storage.topic", "status.storage.topic"] {
            problems.extend(text(key).and_then(|topic| names::topic(key, topic)));
        }
        let bootstrap = text("bootstrap.servers").map(str::to_owned);
        let sink = sink_choice(text("walcast.sink"), bootstrap.is_some()).unwrap_or_else(|problem| {
            problems.push(problem);
            SinkChoice::Stdout
        });
        let exactly_once =
            exactly_once(text("exactly.once.source.support"), &sink, text("offset.storage.file.filename"))
                .unwrap_or_else(|problem| {
                    problems.push(problem);
                    false
                });
        let server = Server::of_worker(&raw, &mut problems);
        let worker = Self {
            bootstrap,
            show_values: text("walcast.events.values") == Some("true"),
            group_id: text("group.id").unwrap_or("connect-cluster").to_owned(),
            config_topic: text("config.storage.topic").map(str::to_owned),
            offset_topic: text("offset.storage.topic").map(str::to_owned),
            offset_partitions: i32::try_from(partitions).unwrap_or(25),
            status_topic: text("status.storage.topic").map(str::to_owned),
            status_partitions: i32::try_from(status_partitions).unwrap_or(5),
            status_replication_factor: i16::try_from(status_replication).unwrap_or(3),
            replication_factor: i16::try_from(replication).unwrap_or(3),
            offset_file: text("offset.storage.file.filename").map(PathBuf::from),
            offset_flush_interval: Duration::from_millis(flush.unsigned_abs()),
            exactly_once,
            shutdown_timeout: Duration::from_millis(shutdown.unsigned_abs()),
            advertised,
            sink,
            connectors: text("walcast.connectors").map(PathBuf::from),
            providers,
            server,
            raw: raw.clone(),
        };
        if !["All", "None", "Principal"].contains(&worker.override_policy()) {
            problems.push(Problem::new(
                POLICY,
                format!("Invalid value for configuration {POLICY}: expected All, None or Principal"),
            ));
        }
        if problems.is_empty() { Ok((worker, notes)) } else { Err(problems) }
    }

    /// Kafka as the worker's own clients reach it (storage topics); none without `bootstrap.servers`.
    pub fn kafka(&self) -> Option<sink::kafka::Config> {
        let properties = self.security();
        Some(sink::kafka::Config {
            bootstrap: self.bootstrap.clone()?,
            properties,
            topics: sink::kafka::TopicRules::default(),
            transactional_id: None,
        })
    }

    /// `connector.client.config.override.policy` by its short name; `All` unless set.
    pub(super) fn override_policy(&self) -> &str {
        let name = value(&self.raw, POLICY).map_or("", str::trim);
        let name = name.rsplit('.').next().unwrap_or("");
        let name = name.strip_suffix("ConnectorClientConfigOverridePolicy").unwrap_or(name);
        if name.is_empty() { "All" } else { name }
    }

    /// Security settings at the top level serve every client of the worker.
    pub(super) fn security(&self) -> Vec<(String, String)> {
        let serves = |key: &str| key == "security.protocol" || key.starts_with("sasl.") || key.starts_with("ssl.");
        self.raw.iter().filter(|(key, _)| serves(key)).cloned().collect()
    }

    /// `producer.*`, without the prefix.
    pub(super) fn producer(&self) -> Vec<(String, String)> {
        let named = |(key, value): &(String, String)| Some((key.strip_prefix("producer.")?.to_owned(), value.clone()));
        self.raw.iter().filter_map(named).collect()
    }

    /// Folder for what REST is told beside connector files that were given by name.
    pub fn state_folder(&self) -> PathBuf {
        self.data().join("connectors")
    }

    /// File for the topics of each connector, where there is no status topic.
    pub fn topics_file(&self) -> PathBuf {
        self.data().join("topics.json")
    }

    /// Folder for what is kept on disk.
    pub(super) fn data(&self) -> PathBuf {
        value(&self.raw, "walcast.data")
            .filter(|v| !v.trim().is_empty())
            .map_or_else(|| PathBuf::from(".walcast"), PathBuf::from)
    }
}

pub(super) fn flag(text: Option<&str>, key: &str) -> Result<Option<bool>, Problem> {
    match text {
        None => Ok(None),
        Some(text) if text.eq_ignore_ascii_case("true") => Ok(Some(true)),
        Some(text) if text.eq_ignore_ascii_case("false") => Ok(Some(false)),
        Some(other) => {
            let text = "Expected value to be either true or false";
            Err(Problem::new(key, format!("Invalid value {other} for configuration {key}: {text}")))
        }
    }
}

fn port_number(port: i64) -> u16 {
    u16::try_from(port).unwrap_or(8083)
}

fn sink_choice(text: Option<&str>, kafka: bool) -> Result<SinkChoice, Problem> {
    match text {
        None if kafka => Ok(SinkChoice::Kafka),
        None | Some("stdout") => Ok(SinkChoice::Stdout),
        Some("kafka") if kafka => Ok(SinkChoice::Kafka),
        Some("kafka") => Err(Problem::new("walcast.sink", "walcast.sink=kafka needs bootstrap.servers")),
        Some(other) => match other.strip_prefix("file:").filter(|path| !path.is_empty()) {
            Some(path) => Ok(SinkChoice::File(PathBuf::from(path))),
            None => Err(Problem::new("walcast.sink", "walcast.sink: expected kafka, stdout or file:PATH")),
        },
    }
}

/// `preparing` is a step on the way of a Connect cluster, and means nothing for a worker that is alone.
fn exactly_once(text: Option<&str>, sink: &SinkChoice, offset_file: Option<&str>) -> Result<bool, Problem> {
    const KEY: &str = "exactly.once.source.support";
    match text.unwrap_or("disabled").to_lowercase().as_str() {
        "disabled" | "preparing" => Ok(false),
        "enabled" if *sink != SinkChoice::Kafka => {
            Err(Problem::new(KEY, format!("{KEY}=enabled needs Kafka as the sink")))
        }
        "enabled" if offset_file.is_some() => {
            let why = "=enabled keeps offsets in a topic: remove offset.storage.file.filename";
            Err(Problem::new(KEY, format!("{KEY}{why}")))
        }
        "enabled" => Ok(true),
        other => Err(Problem::new(
            KEY,
            format!(
                "Invalid value {other} for configuration {KEY}: String must be one of (case insensitive): DISABLED, \
                 ENABLED, PREPARING"
            ),
        )),
    }
}

fn notes(raw: &Raw) -> Vec<Note> {
    let mut notes = Vec::new();
    let mut idle: Vec<&str> = Vec::new();
    for (key, _) in raw {
        let has = |list: &[&str]| list.iter().any(|prefix| key.starts_with(prefix));
        if KNOWN.contains(&key.as_str()) || has(&KNOWN_PREFIXES) {
            continue;
        }
        if has(&WITHOUT_MEANING) {
            idle.push(key);
            continue;
        }
        let scored = KNOWN.iter().map(|known| (strsim::damerau_levenshtein(key, known), *known));
        let nearest = scored.min().filter(|(distance, _)| *distance <= 1 + key.len() / 5);
        let hint = nearest.map(|(_, known)| format!("; did you mean {known}?")).unwrap_or_default();
        notes.push(Note(format!("unknown worker setting {key} is ignored{hint}")));
    }
    if !idle.is_empty() {
        idle.dedup();
        notes.push(Note(format!("worker settings without a meaning here: {}", idle.join(", "))));
    }
    notes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn resolve(pairs: &[(&str, &str)]) -> Result<(Worker, Vec<Note>), Vec<Problem>> {
        Worker::resolve(pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect())
    }

    #[test]
    fn without_kafka_records_go_to_stdout_and_rest_stays_local() {
        let (worker, notes) = resolve(&[]).unwrap();
        assert_eq!((worker.sink, worker.server.listeners[0].host.as_str()), (SinkChoice::Stdout, "127.0.0.1"));
        assert_eq!(worker.offset_flush_interval, Duration::from_secs(1));
        assert!(notes.is_empty());
    }

    #[test]
    fn misspelt_settings_are_noted_with_the_nearest_name() {
        let (_, notes) = resolve(&[("bootstrap.server", "x:1")]).unwrap();
        assert_eq!(notes[0].0, "unknown worker setting bootstrap.server is ignored; did you mean bootstrap.servers?");
    }

    #[test]
    fn bad_values_name_their_key() {
        for (key, value) in [
            ("offset.flush.interval.ms", "soon"),
            ("offset.flush.interval.ms", "0"),
            ("task.shutdown.graceful.timeout.ms", "-1"),
            ("rest.port", "99999999"),
            ("rest.advertised.port", "65536"),
            ("offset.storage.partitions", "99999999999"),
            ("offset.storage.replication.factor", "40000"),
            ("walcast.sink", "kafka"),
            ("walcast.sink", "nowhere"),
            ("config.providers", "vault"),
            ("exactly.once.source.support", "yes"),
            ("exactly.once.source.support", "enabled"),
        ] {
            let problems = resolve(&[(key, value)]).unwrap_err();
            assert!(problems[0].key.starts_with(key), "{key}={value}: {problems:?}");
        }
    }

    #[test]
    fn secrets_do_not_show_in_debug_output() {
        let (worker, _) = resolve(&[("producer.ssl.key.password", "hidden"), ("sasl.jaas.config", "hidden")]).unwrap();
        assert!(!format!("{worker:?}").contains("hidden"));
    }
}
