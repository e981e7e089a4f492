//! One connector's settings: the JSON that is POSTed to Connect, checked with Connect's and Debezium's texts, resolved into
//! what the connector room wants.

use std::path::PathBuf;
use std::time::Duration;

use super::converters::{converter, header_converter};
use super::definitions::{is_known, is_secret, nearest, was_renamed};
use super::delivery::{exactly_once, overrides, sink_config, transaction_boundary};
use super::reader::Reader;
use super::records::debezium_config;
use super::regexes::{identities, statements, stream_params};
use super::transforms::transforms;
use super::worker::Worker;
use super::{Note, Problem, Raw, value};

pub use super::delivery::offsets_config;
pub use super::document::{ConnectorFile, flat, named, parse_file};
use crate::connector::{Config, Context, OffsetMismatch, PublicationMode, SnapshotMode};
use crate::debezium::Compatibility;
use crate::pg;

/// The one connector there is.
pub const CLASS: &str = "io.debezium.connector.postgresql.PostgresConnector";
const CLASSES: [&str; 3] = [CLASS, "PostgresConnector", "Postgres"];
/// Connectors of Debezium for other databases: named, so that the refusal can say what is the matter.
const OTHER_DATABASES: [&str; 9] =
    ["MySql", "MariaDb", "SqlServer", "Oracle", "MongoDb", "Db2", "Vitess", "Spanner", "Informix"];

/// Checks everything, and answers what the connector is started with.
pub fn resolve(name: &str, raw: &Raw, worker: &Worker) -> Result<(Context, Vec<Note>), Vec<Problem>> {
    class(raw).map_err(|problem| vec![problem])?;
    let written = raw;
    let raw = &worker.providers.resolve(raw)?;
    let mut reader = Reader::new(raw);
    unknown_keys(&mut reader);
    connects_own(&mut reader, name);
    refuse_unsupported(&mut reader);
    let compatibility = compatibility(&reader, worker);
    let config = connector_config(&mut reader, name, compatibility, worker);
    overrides(&mut reader, worker);
    exactly_once(&mut reader, worker);
    let sink = sink_config(&mut reader, name, raw, worker);
    let offsets = offsets_config(name, worker);
    let (mut problems, notes) = reader.finish();
    hush(&mut problems, written, raw);
    guess(&mut problems, raw);
    match (config, sink) {
        (Some(config), Some(sink)) if problems.is_empty() => Ok((Context { config, sink, offsets }, notes)),
        _ => Err(problems),
    }
}

/// What came through a config provider is quoted by no text: whoever may POST a connector could read variables that way.
fn hush(problems: &mut [Problem], written: &Raw, resolved: &Raw) {
    const OLD_PREFIX: &str = "database.server.name";
    let provided = |key: &str| value(written, key) != value(resolved, key);
    for problem in problems {
        let borrowed = problem.key == "topic.prefix" && provided(OLD_PREFIX);
        if borrowed || provided(&problem.key) || is_secret(&problem.key) && value(resolved, &problem.key).is_some() {
            *problem =
                Problem::invalid(&problem.key.clone(), "the value, which is a secret and not shown, is not accepted");
        }
    }
}

/// A required key that is missing may be there under a name that is nearly its own.
fn guess(problems: &mut [Problem], raw: &Raw) {
    for problem in problems.iter_mut().filter(|problem| value(raw, &problem.key).is_none()) {
        let misspelt = |(key, _): &&(String, String)| !is_known(key) && nearest(key) == Some(problem.key.as_str());
        if let Some((key, _)) = raw.iter().find(misspelt) {
            problem.message.push_str(&format!("; did you mean it by {key}?"));
        }
    }
}

/// What Debezium says of a database that cannot be logged in to. Names that a config provider brought in are not told.
pub fn unreachable(written: &Raw, why: &str) -> Problem {
    let provided = written.iter().any(|(key, value)| key.starts_with("database.") && value.contains("${"));
    let why = if provided { "cannot log in to the database with what the config provider has" } else { why };
    Problem::new("database.hostname", format!("Error while validating connector config: {why}"))
}

/// Whether `connector.class` names the one connector there is.
pub fn class(raw: &Raw) -> Result<(), Problem> {
    const KEY: &str = "connector.class";
    let Some(class) = value(raw, KEY).map(str::trim).filter(|class| !class.is_empty()) else {
        // Connect prints the whole configuration here, passwords included.
        return Err(Problem::new(KEY, "Connector config contains no connector type: set connector.class"));
    };
    if CLASSES.contains(&class) {
        return Ok(());
    }
    let other = OTHER_DATABASES.iter().find(|database| class.contains(**database));
    let hint = other.map(|database| format!("; walcast reads PostgreSQL only, not {database}")).unwrap_or_default();
    let version = env!("CARGO_PKG_VERSION");
    Err(Problem::new(
        KEY,
        format!(
            "Failed to find any class that implements Connector and which name matches {class}, available connectors \
             are: PluginDesc{{klass=class {CLASS}, name='{CLASS}', version='{version}', encodedVersion={version}, \
             type=source, typeName='source', location='classpath'}}{hint}"
        ),
    ))
}

fn unknown_keys(reader: &mut Reader<'_>) {
    let keys: Vec<_> = reader.keys().filter(|key| !is_known(key)).collect();
    for key in keys {
        match nearest(key) {
            Some(now) if was_renamed(key) => {
                reader.note(format!("{key} is no longer a setting and is ignored; it is called {now} now"))
            }
            Some(meant) => reader.note(format!("unknown setting {key} is ignored; did you mean {meant}?")),
            None => reader.note(format!("unknown setting {key} is ignored")),
        }
    }
}

/// What Connect itself checks, in its own words.
fn connects_own(reader: &mut Reader<'_>, name: &str) {
    let invalid = |key: &str, value: &str, why: &str| {
        Problem::new(key, format!("Invalid value {value} for configuration {key}: {why}"))
    };
    if name.trim().is_empty() {
        reader.problem(invalid("name", "", "String may not be empty"));
    }
    if name.chars().any(char::is_control) {
        reader.problem(Problem::new(
            "name",
            "Invalid value for configuration name: String may not contain control sequences",
        ));
    }
}

/// Settings that would change records or their order and that nothing here does yet: refused rather than ignored.
fn refuse_unsupported(reader: &mut Reader<'_>) {
    for (key, refused) in [
        ("snapshot.mode", &["configuration_based", "custom"][..]),
        ("snapshot.query.mode", &["custom"]),
        ("snapshot.locking.mode", &["custom"]),
        ("table.ignore.builtin", &["false"]),
    ] {
        let chosen = reader.choice(key, "");
        if refused.contains(&chosen.as_str()) {
            reader.problem(Problem::unsupported(key, format!("{key}={chosen}")));
        }
    }
    for key in ["signal.data.collection", "notification.enabled.channels", "signal.kafka.topic"] {
        if reader.text(key).is_some() {
            reader.note(format!("{key}: signals and notifications are not acted on by this version"));
        }
    }
    if reader.number("snapshot.max.threads", 1i32) > 1 {
        reader.note("snapshot.max.threads: this version reads a snapshot through one connection");
    }
    if reader.choice("snapshot.tables.order.by.row.count", "disabled") != "disabled" {
        reader.note(
            "snapshot.tables.order.by.row.count has no effect in this version; tables are read in order of their names",
        );
    }
}

fn compatibility(reader: &Reader<'_>, worker: &Worker) -> Compatibility {
    let of_worker = value(&worker.raw, "walcast.compatibility").unwrap_or("correct").to_lowercase();
    match reader.choice("walcast.compatibility", &of_worker).as_str() {
        "exact" => Compatibility::Exact,
        _ => Compatibility::Correct,
    }
}

fn connector_config(reader: &mut Reader<'_>, name: &str, mode: Compatibility, worker: &Worker) -> Option<Config> {
    let debezium = debezium_config(reader, mode);
    let address = address(reader, mode);
    plugin(reader);
    let slot = slot_name(reader);
    let max_queue_size = queue_size(reader);
    let heartbeat = reader.millis("heartbeat.interval.ms", 0);
    let retries: i64 = reader.number("errors.max.retries", -1);
    let given = reader.text("skipped.operations").is_some();
    let [key, value] = ["key", "value"]
        .map(|side| converter(side, reader.raw(), &worker.raw))
        .map(|found| found.map_err(|problems| problems.into_iter().for_each(|problem| reader.problem(problem))).ok());
    let headers = header_converter(reader.raw(), &worker.raw);
    let headers = headers.map_err(|problems| problems.into_iter().for_each(|problem| reader.problem(problem))).ok();
    let transforms = transforms(reader, mode);
    Some(Config {
        name: name.to_owned(),
        address,
        slot,
        unix_socket: reader.bool("walcast.unix.socket", true),
        slot_drop_on_stop: reader.bool("slot.drop.on.stop", false),
        slot_confirmed: match reader.choice("lsn.flush.mode", "").as_str() {
            "" => reader.bool("flush.lsn.source", true),
            mode => mode != "manual",
        },
        slot_failover: reader.bool("slot.failover", false),
        slot_stream_params: stream_params(reader),
        offset_mismatch: match reader.choice("offset.mismatch.strategy", "").as_str() {
            "trust_offset" => OffsetMismatch::TrustOffset,
            "trust_slot" => OffsetMismatch::TrustSlot,
            "trust_greater_lsn" => OffsetMismatch::TrustGreaterLsn,
            _ => OffsetMismatch::NoValidation,
        },
        publication: reader.owned("publication.name", "dbz_publication"),
        publication_mode: match reader.choice("publication.autocreate.mode", "").as_str() {
            "disabled" => PublicationMode::Disabled,
            "filtered" => PublicationMode::Filtered,
            "no_tables" => PublicationMode::NoTables,
            _ => PublicationMode::AllTables,
        },
        publish_via_partition_root: reader.bool("publish.via.partition.root", false),
        skipped_operations_given: given,
        identities: identities(reader),
        xmin_interval: Some(reader.millis("xmin.fetch.interval.ms", 0)).filter(|interval| !interval.is_zero()),
        snapshot_mode: match reader.choice("snapshot.mode", "").as_str() {
            "always" => SnapshotMode::Always,
            "initial_only" => SnapshotMode::InitialOnly,
            "no_data" => SnapshotMode::NoData,
            "when_needed" => SnapshotMode::WhenNeeded,
            _ => SnapshotMode::Initial,
        },
        status_interval: reader.millis("status.update.interval.ms", 10_000),
        heartbeat_interval: (!heartbeat.is_zero()).then_some(heartbeat),
        heartbeat_action_query: reader.text("heartbeat.action.query").map(str::to_owned),
        max_queue_size,
        max_queue_bytes: reader.number("max.queue.size.in.bytes", 0),
        max_retries: u32::try_from(retries).ok(),
        retry_wait: reader.millis("retriable.restart.connector.wait.ms", 10_000),
        initial_statements: statements(reader.text("database.initial.statements").unwrap_or("")),
        offset_flush_interval: worker.offset_flush_interval,
        transaction_boundary: transaction_boundary(reader, worker),
        shutdown_timeout: worker.shutdown_timeout,
        debezium,
        key_converter: key?,
        value_converter: value?,
        header_converter: headers?,
        transforms,
    })
}

fn plugin(reader: &mut Reader<'_>) {
    match reader.choice("plugin.name", "").as_str() {
        "pgoutput" => {}
        "" => reader.note("plugin.name is not set; pgoutput is used"),
        plugin if plugin == "decoderbufs" || plugin.starts_with("wal2json") => {
            reader.note(format!("plugin.name={plugin}: pgoutput is used instead, which every server has"));
        }
        _ => reader.invalid("plugin.name", "Value must be one of decoderbufs, pgoutput"),
    }
}

fn slot_name(reader: &mut Reader<'_>) -> String {
    let slot = reader.given("slot.name").unwrap_or("debezium").to_owned();
    let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if slot.is_empty() || slot.len() > 63 || !slot.chars().all(legal) {
        let rule = "Valid replication slot name must contain only digits, lowercase characters and underscores with \
                    length <= 63";
        reader.invalid("slot.name", rule);
    }
    slot
}

fn queue_size(reader: &mut Reader<'_>) -> usize {
    let (batch, queue) = (reader.number("max.batch.size", 2048i32), reader.number("max.queue.size", 8192i32));
    if queue <= 0 {
        reader.invalid("max.queue.size", "A positive queue size is required");
    }
    if queue <= batch {
        reader.invalid("max.queue.size", "Must be larger than the maximum batch size");
    }
    usize::try_from(queue).unwrap_or_default()
}

fn address(reader: &mut Reader<'_>, mode: Compatibility) -> pg::Address {
    let host = reader.owned("database.hostname", "").trim().to_owned();
    let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | ':');
    if !host.is_empty() && !host.starts_with('/') && !host.chars().all(legal) {
        let given = host.clone();
        reader.invalid(
            "database.hostname",
            format!(
                "{given} has invalid format (only the underscore, hyphen, dot and alphanumeric characters are allowed)"
            ),
        );
    }
    let port: i32 = reader.number("database.port", 5432);
    if !(1..=65535).contains(&port) {
        reader.invalid("database.port", "A port between 1 and 65535 is expected");
    }
    let path = |reader: &Reader<'_>, key: &str| reader.text(key).map(|path| PathBuf::from(path.trim()));
    pg::Address {
        host,
        port: u16::try_from(port).unwrap_or(5432),
        user: reader.owned("database.user", ""),
        password: reader.text("database.password").map(pg::Secret::new),
        database: reader.owned("database.dbname", ""),
        tls: pg::Tls {
            mode: match reader.choice("database.sslmode", "prefer").as_str() {
                "disable" => pg::TlsMode::Disable,
                "allow" => pg::TlsMode::Allow,
                "require" => pg::TlsMode::Require,
                "verify-ca" => pg::TlsMode::VerifyCa,
                "verify-full" => pg::TlsMode::VerifyFull,
                _ => pg::TlsMode::Prefer,
            },
            certificate: path(reader, "database.sslcert"),
            key: path(reader, "database.sslkey"),
            key_password: reader.text("database.sslpassword").map(pg::Secret::new),
            root_certificate: path(reader, "database.sslrootcert"),
        },
        application_name: "walcast".to_owned(),
        server_float_digits: mode == Compatibility::Exact,
        tcp_keepalive: reader.bool("database.tcpKeepAlive", true),
        connect_timeout: Duration::from_secs(10),
    }
}

/// A copy fit for a log: values of secret keys, and everything that came through a provider, held back.
pub fn masked(raw: &Raw) -> Raw {
    let mask = |(key, value): &(String, String)| {
        (key.clone(), if is_secret(key) { "********".to_owned() } else { value.clone() })
    };
    raw.iter().map(mask).collect()
}
