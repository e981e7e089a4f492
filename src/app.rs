//! The program: from arguments to an exit code. `main` only reads the arguments.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::connector::Context;
use crate::reposition::{self, Order};
use crate::settings::connector::{offsets_config, resolve, unreachable};
use crate::settings::server::Listen;
use crate::settings::worker::{Advertised, SinkChoice, Worker};
use crate::settings::{Note, Problem, Raw, value};
use crate::sink::kafka::topic::cluster_id;
use crate::supervisor::{
    ActiveTopics, Entries, Launch, Reached, Running, Store, StoreError, Stored, Strings, Supervisor, modified,
    read_file,
};
use crate::telemetry::{Levels, LogFormat, Traces};
use crate::{check, connector, convert, offsets, preview, rest, status, telemetry, verify};

/// Arguments of `walcast run`.
#[derive(Clone, Debug, Default)]
pub struct Options {
    pub files: Vec<PathBuf>,
    /// Folder of connector files.
    pub connectors: Option<PathBuf>,
    pub worker: Option<PathBuf>,
    /// `ADDR:PORT` for REST.
    pub listen: Option<String>,
    /// `human` or `json`.
    pub log_format: Option<String>,
}

/// Nothing was started: the configuration is wrong.
const BAD_CONFIGURATION: u8 = 2;
/// A second signal ended the draining. Nothing is lost.
pub const CUT_SHORT: u8 = 1;
/// The folder that is used when it exists and nothing else was named.
const DEFAULT_FOLDER: &str = "connectors";
/// How long REST waits for Kafka to tell its cluster id.
const CLUSTER_ID_WITHIN: Duration = Duration::from_secs(2);
/// How often the folder of connector files and the certificates are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// How long a database may take to let a new connector in, unless `connection.validation.timeout.ms` says otherwise.
const REACHED_WITHIN: Duration = Duration::from_secs(60);

/// The exit code of a command. Err: what is wrong, to be told by [`complain`].
pub type Ended = Result<u8, Vec<Problem>>;

/// `walcast run`: until SIGTERM or SIGINT (0), a second one while it drains (1), or a wrong configuration (2).
pub async fn run(options: Options) -> Ended {
    Ok(Prepared::new(&options).await?.serve().await)
}

/// `walcast check`: 0 when nothing stands in the way, 1 when something does, 2 for a wrong configuration, 3 for warnings
/// when `strict`.
pub async fn check(file: &Path, worker: Option<&Path>, json: bool, strict: bool) -> Ended {
    let (context, notes) = match one(file, worker) {
        Err(problems) if json => {
            let named = problems.iter().map(|problem| check::misconfigured(&problem.key, &problem.message));
            say(&check::render_json(&named.collect::<Vec<_>>()));
            return Ok(BAD_CONFIGURATION);
        }
        configured => configured?,
    };
    let findings = check::run(&context).await;
    if json {
        say(&check::render_json(&findings));
    } else {
        notes.iter().for_each(|note| say(&format!("note: {note}")));
        say(&check::render(&findings));
    }
    Ok(check::exit_code(&findings, strict))
}

/// `walcast offsets`: 0 when it could be told or done, 1 when it cannot be done, 2 for a wrong configuration.
pub async fn offsets(file: &Path, worker: Option<&Path>, order: Order, apply: bool) -> Ended {
    let (context, _) = one(file, worker)?;
    match reposition::run(&context, order, apply).await {
        Ok(text) => {
            say(text.trim_end());
            Ok(0)
        }
        Err(error) => {
            complain(&failure(error));
            Ok(1)
        }
    }
}

/// `walcast verify`: 0 when nothing differs, 1 when anything does, 2 when it could not be found out.
pub async fn verify(file: &Path, worker: Option<&Path>, patience: Duration) -> Ended {
    let (context, _) = one(file, worker)?;
    let report = verify::run(&context.config, &context.sink, patience).await.map_err(failure)?;
    say(&report.to_string());
    Ok(u8::from(report.differs()))
}

/// `walcast plan`: 0 when it could be told, 1 when a start would be refused, 2 when it could not be found out.
pub async fn plan(file: &Path, worker: Option<&Path>, wish: &preview::Wish, json: bool) -> Ended {
    let (context, _) = one(file, worker)?;
    let report = preview::run(&context, wish).await.map_err(failure)?;
    say(if json { report.to_json() } else { report.to_string() }.trim_end());
    Ok(u8::from(report.is_refused()))
}

/// `walcast convert`: 0 when everything has a counterpart, 3 when something is left out or to be settled, 2 when nothing could
/// be read or written.
pub async fn convert(file: &Path, into: &Path) -> Ended {
    let outcome = convert::run(file, into).await.map_err(failure)?;
    say(outcome.to_string().trim_end());
    Ok(if outcome.is_complete() { 0 } else { 3 })
}

/// `walcast status`: 0 when each connector does what it was told to, 1 when one has failed, 2 when nobody could be asked, 3
/// when one waits or tries again.
pub async fn status(url: &str, access: &status::Access, names: &[String], json: bool) -> Ended {
    let report = status::ask(url, access, names).await.map_err(failure)?;
    say(if json { report.to_json() } else { report.to_string() }.trim_end());
    Ok(status::exit_code(&report))
}

/// No setting in particular is to blame.
fn failure(error: impl std::error::Error) -> Vec<Problem> {
    vec![Problem::new("", error.to_string())]
}

/// The connector of one file.
fn one(file: &Path, worker: Option<&Path>) -> Result<(Context, Vec<Note>), Vec<Problem>> {
    let (worker, _) = load_worker(worker, None, &Traces::none())?;
    let stored = read_file(file).map_err(|e| vec![e.into()])?;
    resolve(&stored.name, &stored.config, &worker)
}

#[allow(clippy::print_stdout)] // the answer of a command goes to stdout
fn say(text: &str) {
    println!("{text}");
}

/// On standard error; answers the exit code.
#[allow(clippy::print_stderr)] // the log may not be up yet, and this is for the person at the terminal
pub fn complain(problems: &[Problem]) -> u8 {
    for problem in problems {
        // Connect's own texts do not always name the key.
        match problem.key.as_str() {
            key if problem.message.contains(key) => eprintln!("walcast: {problem}"),
            key => eprintln!("walcast: {key}: {problem}"),
        }
    }
    BAD_CONFIGURATION
}

/// The log begins here. Its `format` may also be set in the file or the environment.
fn load_worker(path: Option<&Path>, format: Option<&str>, traces: &Traces) -> Result<(Worker, Levels), Vec<Problem>> {
    let (worker, notes) = Worker::load(path, std::env::vars())?;
    let format = log_format(format.or_else(|| value(&worker.raw, "walcast.log.format")))?;
    let level = value(&worker.raw, "walcast.log").or_else(|| value(&worker.raw, "log.level"));
    let levels = telemetry::start(level, format, traces);
    notes.iter().for_each(|note| tracing::warn!("{note}"));
    Ok((worker, levels))
}

fn log_format(text: Option<&str>) -> Result<LogFormat, Vec<Problem>> {
    let Some(text) = text else { return Ok(LogFormat::default()) };
    let unknown = || vec![Problem::new("walcast.log.format", format!("no log format {text}: expected human or json"))];
    LogFormat::parse(text).ok_or_else(unknown)
}

/// Everything that can be wrong has been looked at; nothing runs yet.
struct Prepared {
    worker: Arc<Worker>,
    levels: Levels,
    traces: Traces,
    listeners: Vec<rest::Listener>,
    store: Store,
    stored: Vec<Stored>,
}

impl Prepared {
    async fn new(options: &Options) -> Result<Self, Vec<Problem>> {
        let traces = Traces::from_environment();
        let (worker, levels) = load_worker(options.worker.as_deref(), options.log_format.as_deref(), &traces)?;
        let worker = Arc::new(worker);
        let given = read_all(&options.files)?;
        let store = store(options, &worker);
        let mut entries = load(&store).await?;
        let named: Vec<String> = given.iter().map(|(file, _)| file.name.clone()).collect();
        merge(&mut entries, given);
        let stored: Vec<Stored> = entries.into_iter().map(|(stored, _)| stored).collect();
        // A config topic may hold connectors that were never ours: they show as FAILED, and the others run.
        let ours = |stored: &&Stored| matches!(store, Store::Folder(_)) || named.contains(&stored.name);
        let problems: Vec<Problem> =
            stored.iter().filter(ours).flat_map(|stored| problems_of(stored, &worker)).collect();
        if !problems.is_empty() {
            return Err(problems);
        }
        let listeners = listen(options, &worker).await?;
        Ok(Self { worker, levels, traces, listeners, store, stored })
    }

    async fn serve(self) -> u8 {
        let Self { worker, levels, traces, listeners, store, stored } = self;
        let signals = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()].map(signal);
        let [Ok(mut terminate), Ok(mut interrupt), Ok(mut hangup)] = signals else {
            return complain(&[Problem::new("", "cannot listen for signals")]);
        };
        announce_sink(&worker.sink);
        let (scheme, worker_id) = advertised(&worker, &listeners);
        warn_of_open_doors(&worker, &listeners);
        let addresses: Vec<String> = listeners.iter().map(|l| format!("{}://{}", l.scheme(), address(l))).collect();
        let launch = Box::new(RealLaunch { worker: worker.clone() });
        // A second on top: draining keeps its own time.
        let supervisor =
            Supervisor::new(launch, store, active_topics(&worker), worker.shutdown_timeout + Duration::from_secs(1));
        let shared = rest::Shared {
            supervisor: supervisor.clone(),
            worker_id,
            scheme,
            cluster: cluster(&worker),
            show_values: worker.show_values,
            mask_secrets: worker.server.mask_secrets,
            topic_tracking: worker.server.topic_tracking,
            topic_reset: worker.server.topic_reset,
            levels,
        };
        let tls = listeners.iter().find_map(|listener| listener.tls.clone());
        let stop = CancellationToken::new();
        let server = tokio::spawn(rest::serve(listeners, &worker.server.users, shared, stop.clone()));
        tracing::info!("REST interface on {}", addresses.join(", "));
        supervisor.start(stored).await;
        tokio::select! {
            () = signalled(&mut terminate, &mut interrupt) => {}
            () = follow_files(&supervisor, tls.as_ref(), &mut hangup) => {}
        }
        tracing::info!("stopping: connectors drain first");
        tokio::select! {
            () = supervisor.stop() => {}
            () = signalled(&mut terminate, &mut interrupt) => {
                tracing::warn!("second signal: exiting at once; what was in flight will be sent again");
                return CUT_SHORT;
            }
        }
        stop.cancel();
        // Idle keep-alive connections must not hold the process up.
        let _ = tokio::time::timeout(Duration::from_secs(1), server).await;
        traces.finish().await;
        0
    }
}

async fn signalled(terminate: &mut Signal, interrupt: &mut Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// Applies connector files and certificates that change, soon after they did, or at once on SIGHUP.
async fn follow_files(supervisor: &Arc<Supervisor>, tls: Option<&rest::Secured>, hangup: &mut Signal) {
    let mut look = tokio::time::interval(LOOK_EVERY);
    look.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let closely = tokio::select! {
            _ = look.tick() => false,
            _ = hangup.recv() => true,
        };
        supervisor.look_again(closely).await;
        if let Some(tls) = tls {
            tls.look_again(closely);
        }
    }
}

fn cluster(worker: &Worker) -> rest::ClusterId {
    let kafka = worker.kafka();
    rest::ClusterId::new(move || {
        let kafka = kafka.clone();
        Box::pin(async move { tokio::time::timeout(CLUSTER_ID_WITHIN, cluster_id(&kafka?)).await.ok()?.ok() })
    })
}

/// Kafka may still be on its way up, beside us in a compose file: waited for, and said.
async fn load(store: &Store) -> Result<Entries, Vec<Problem>> {
    let mut wait = Duration::from_millis(500);
    loop {
        let errors = match store.load().await {
            Ok(entries) => return Ok(entries),
            Err(errors) => errors,
        };
        let [StoreError::Topic(error)] = errors.as_slice() else {
            return Err(errors.into_iter().map(Problem::from).collect());
        };
        if !error.is_transient() {
            return Err(errors.into_iter().map(Problem::from).collect());
        }
        let remedy = error.remedy();
        tracing::warn!(?wait, remedy = remedy, "cannot read which connectors shall run, will try again: {error}");
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(Duration::from_secs(10));
    }
}

fn announce_sink(sink: &SinkChoice) {
    match sink {
        SinkChoice::Kafka => {}
        SinkChoice::Stdout => tracing::warn!("no bootstrap.servers: records go to standard output as JSON lines"),
        SinkChoice::File(path) => tracing::warn!("records go to file {} as JSON lines", path.display()),
    }
}

fn read_all(files: &[PathBuf]) -> Result<Entries, Vec<Problem>> {
    let (mut read, mut problems) = (Entries::new(), Vec::new());
    for path in files {
        match read_file(path) {
            Ok(stored) if read.iter().any(|(other, _)| other.name == stored.name) => {
                problems.push(Problem::new("name", format!("two connector files have the name {}", stored.name)));
            }
            Ok(stored) => read.push((stored, modified(path))),
            Err(e) => problems.push(e.into()),
        }
    }
    if problems.is_empty() { Ok(read) } else { Err(problems) }
}

/// Connect's config topic when the worker names one; else a folder: the one that was named, `connectors` when nothing was,
/// or, beside files that were given, one of our own for what REST changes.
fn store(options: &Options, worker: &Worker) -> Store {
    if let (Some(topic), Some(kafka)) = (&worker.config_topic, worker.kafka()) {
        return Store::Topic { kafka, topic: topic.clone() };
    }
    let named = options.connectors.clone().or_else(|| worker.connectors.clone());
    Store::Folder(match named {
        Some(folder) => folder,
        None if options.files.is_empty() => PathBuf::from(DEFAULT_FOLDER),
        None => worker.state_folder(),
    })
}

/// The worker's status topic, where Connect would look for them, or a file of our own.
fn active_topics(worker: &Worker) -> Option<ActiveTopics> {
    if !worker.server.topic_tracking {
        return None;
    }
    let (partitions, replication_factor) = (worker.status_partitions, worker.status_replication_factor);
    Some(match (worker.status_topic.clone(), worker.kafka()) {
        (Some(topic), Some(kafka)) => ActiveTopics::Topic { kafka, topic, partitions, replication_factor },
        _ => ActiveTopics::File(worker.topics_file()),
    })
}

/// The later word on a connector counts: the file that was given, or what the store was told since.
fn merge(entries: &mut Entries, given: Entries) {
    for (file, changed) in given {
        match entries.iter_mut().find(|(stored, _)| stored.name == file.name) {
            None => entries.push((file, changed)),
            Some((stored, written)) if written.is_none() || changed > *written => stored.config = file.config,
            Some((stored, _)) if stored.config != file.config => {
                tracing::warn!(connector = stored.name, "the stored settings are newer than the file and are used");
            }
            Some(_) => {}
        }
    }
}

fn problems_of(stored: &Stored, worker: &Worker) -> Vec<Problem> {
    let found = resolve(&stored.name, &stored.config, worker).err().unwrap_or_default();
    found.into_iter().map(|p| Problem::new(&p.key, format!("connector {}: {}", stored.name, p.message))).collect()
}

/// Opens the listeners: those of the worker, or the one of the command line.
async fn listen(options: &Options, worker: &Worker) -> Result<Vec<rest::Listener>, Vec<Problem>> {
    let file = options.worker.clone();
    let reread: Arc<rest::Reread> =
        Arc::new(move || Worker::load(file.as_deref(), std::env::vars()).ok()?.0.server.tls);
    let listens = match &options.listen {
        None => worker.server.listeners.clone(),
        Some(text) => vec![listen_address(text)?],
    };
    let (mut listeners, mut secured) = (Vec::new(), None);
    for Listen { host, port, https } in listens {
        let socket = TcpListener::bind((host.as_str(), port)).await.map_err(|e| {
            let text = format!("cannot listen on {host}:{port}: {e}; choose another with --listen");
            vec![Problem::new("listeners", text)]
        })?;
        if https && secured.is_none() {
            let read = worker.server.tls.clone().map(|tls| rest::Secured::new(tls, reread.clone())).transpose();
            secured = read.map_err(|e| vec![Problem::new("listeners.https.ssl", e.to_string())])?;
        }
        listeners.push(rest::Listener { socket, tls: secured.clone().filter(|_| https) });
    }
    Ok(listeners)
}

/// Scheme and `HOST:PORT` under which others know this worker: as it is told, or else of a listener, as Connect chooses it.
fn advertised(worker: &Worker, listeners: &[rest::Listener]) -> (&'static str, String) {
    let Advertised { host, port, scheme } = &worker.advertised;
    let wanted = scheme.as_deref().unwrap_or("http");
    let chosen = listeners.iter().find(|listener| listener.scheme() == wanted).or(listeners.first());
    let local = chosen.map(rest::Listener::reached_at).unwrap_or_default();
    let (own_host, own_port) = local.rsplit_once(':').unwrap_or_default();
    let port = port.map_or_else(|| own_port.to_owned(), |port| port.to_string());
    let id = format!("{}:{port}", host.as_deref().unwrap_or(own_host));
    (chosen.map_or("http", rest::Listener::scheme), id)
}

fn address(listener: &rest::Listener) -> String {
    listener.socket.local_addr().map(|address| address.to_string()).unwrap_or_default()
}

fn listen_address(text: &str) -> Result<Listen, Vec<Problem>> {
    let parsed = text
        .rsplit_once(':')
        .and_then(|(host, port)| Some((host.trim_matches(['[', ']']).to_owned(), port.parse().ok()?)));
    let (host, port) =
        parsed.ok_or_else(|| vec![Problem::new("listen", format!("--listen {text}: expected ADDR:PORT"))])?;
    Ok(Listen { host, port, https: false })
}

fn warn_of_open_doors(worker: &Worker, listeners: &[rest::Listener]) {
    let reached = |listener: &rest::Listener| listener.socket.local_addr().is_ok_and(|a| !a.ip().is_loopback());
    if worker.server.users.is_empty() && listeners.iter().any(reached) {
        tracing::warn!(
            "whoever reaches this host may change connectors: set rest.auth.users, or listen on 127.0.0.1 only"
        );
    }
}

/// Resolves settings and runs real connectors.
struct RealLaunch {
    worker: Arc<Worker>,
}

impl Launch for RealLaunch {
    fn check(&self, name: &str, config: &Raw) -> Result<(), Vec<Problem>> {
        resolve(name, config, &self.worker).map(|_| ())
    }

    fn reach<'a>(&'a self, name: &'a str, config: &'a Raw) -> Reached<'a> {
        Box::pin(async move {
            let (context, _) = resolve(name, config, &self.worker)?;
            let patience = value(config, "connection.validation.timeout.ms").and_then(|text| text.trim().parse().ok());
            let patience = patience.map_or(REACHED_WITHIN, Duration::from_millis);
            let reached = connector::reach(&context.config, patience).await;
            reached.map_err(|why| vec![unreachable(config, &why)])
        })
    }

    fn offsets(&self, name: &str) -> offsets::Config {
        offsets_config(name, &self.worker)
    }

    fn launch(&self, name: &str, config: &Raw, strings: Strings) -> Result<Running, Vec<Problem>> {
        let (context, notes) = resolve(name, config, &self.worker)?;
        notes.iter().for_each(|note| tracing::warn!(connector = name, "{note}"));
        let Strings { paused, status, meters, stop } = strings;
        Ok(Box::pin(
            async move { connector::run(context, paused, status, meters, stop).await.map_err(|e| e.to_string()) },
        ))
    }
}
