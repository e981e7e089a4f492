//! Databases, folders and processes of one test; everything is gone when it is dropped.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage};

/// How long a test waits for anything.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// Polls until `condition` holds.
pub fn wait_for(what: &str, mut condition: impl FnMut() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !condition() {
        assert!(Instant::now() < end, "waited {} s for: {what}", PATIENCE.as_secs());
        sleep(Duration::from_millis(20));
    }
}

/// The one place that sleeps.
#[allow(clippy::disallowed_methods)]
pub fn sleep(time: Duration) {
    std::thread::sleep(time);
}

fn server(variable: &str) -> String {
    std::env::var(variable)
        .unwrap_or_else(|_| panic!("{variable} is not set: run `make test`, which starts the servers"))
}

/// host, port, user and password of the test Postgres.
pub struct Postgres {
    pub host: String,
    pub port: u16,
    pub user: String,
    pub password: String,
}

pub fn postgres() -> Postgres {
    let url = server("WALCAST_TEST_PG");
    let rest = url.strip_prefix("postgres://").expect("WALCAST_TEST_PG: postgres://user:password@host:port/database");
    let (login, address) = rest.split_once('@').expect("user:password@ in WALCAST_TEST_PG");
    let (user, password) = login.split_once(':').unwrap_or((login, ""));
    let (host, port) = address.split('/').next().unwrap_or("").split_once(':').expect("host:port in WALCAST_TEST_PG");
    Postgres { host: host.into(), port: port.parse().expect("a port"), user: user.into(), password: password.into() }
}

pub fn kafka() -> String {
    server("WALCAST_TEST_KAFKA")
}

/// A program of Postgres' own, which logs in to `database`.
pub fn client(program: &str, database: &str) -> Command {
    let pg = postgres();
    let folder = std::env::var("WALCAST_TEST_PG_BIN").map(PathBuf::from).unwrap_or_default();
    let mut command = Command::new(folder.join(program));
    command
        .args(["-h", &pg.host, "-p", &pg.port.to_string(), "-U", &pg.user, "-d", database])
        .env("PGPASSWORD", &pg.password);
    command
}

/// A process that is gone when this is dropped.
pub struct Ending(pub Child);

impl Drop for Ending {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// psql, stopping at the first error; answers what it prints, unaligned.
pub fn psql(database: &str, arguments: &[&str], input: &str) -> String {
    let mut child = client("psql", database)
        .args(["-X", "-q", "-At", "-v", "ON_ERROR_STOP=1"])
        .args(arguments)
        .env("PGOPTIONS", "-c client_min_messages=warning")
        .env_remove("PGTZ")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("psql runs");
    child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("psql reads");
    let output = child.wait_with_output().expect("psql ends");
    assert!(output.status.success(), "psql {database}: {}\n{input}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

pub fn sql(database: &str, text: &str) -> String {
    psql(database, &[], text)
}

/// One value of one row (empty when there is none), over a connection that stays: for what is asked again and again.
pub fn ask(query: &str) -> String {
    static RUNTIME: LazyLock<Runtime> =
        LazyLock::new(|| Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime"));
    static CLIENT: LazyLock<Client> = LazyLock::new(|| {
        let pg = postgres();
        let mut config = tokio_postgres::Config::new();
        config.host(&pg.host).port(pg.port).user(&pg.user).password(&pg.password).dbname("postgres");
        let (client, connection) = RUNTIME.block_on(config.connect(NoTls)).expect("a connection");
        RUNTIME.spawn(connection);
        client
    });
    let answer = RUNTIME.block_on(CLIENT.simple_query(query)).expect("an answer");
    let row = answer.iter().find_map(|message| match message {
        SimpleQueryMessage::Row(row) => row.get(0),
        _ => None,
    });
    row.unwrap_or_default().to_owned()
}

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// A name no other test and no other run uses.
pub fn unique(name: &str) -> String {
    format!("{name}_{}_{}", std::process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// A database and its slots.
pub struct Database {
    pub name: String,
}

impl Database {
    pub fn new(name: &str) -> Self {
        Self::with(name, "TEMPLATE template0")
    }

    /// `options` of `CREATE DATABASE`.
    pub fn with(name: &str, options: &str) -> Self {
        let name = name.to_owned();
        sql(
            "postgres",
            &format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE); CREATE DATABASE \"{name}\" {options};"),
        );
        Self { name }
    }

    pub fn sql(&self, text: &str) -> String {
        sql(&self.name, text)
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return; // left for a look; the server is thrown away anyway
        }
        let name = &self.name;
        wait_for("no one to use the slots", || {
            ask(&format!("SELECT count(*) FROM pg_replication_slots WHERE database = '{name}' AND active")) == "0"
        });
        sql(
            "postgres",
            &format!("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = '{name}'"),
        );
        sql("postgres", &format!("DROP DATABASE \"{name}\" WITH (FORCE)"));
    }
}

/// A folder of one test.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Self {
        let path = std::env::temp_dir().join(unique("walcast-it"));
        fs::create_dir_all(&path).expect("a temporary folder");
        Self(path)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::create_dir_all(path.parent().expect("inside the folder")).expect("a folder");
        fs::write(&path, text).expect("a file");
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Below those that the kernel gives to outgoing connections, of which one might take it before it is used.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Processes that run side by side begin at different places.
    let start = (std::process::id() % 17_000) as u16;
    let ports = std::iter::repeat_with(|| 15_000 + NEXT.fetch_add(1, Ordering::Relaxed).wrapping_add(start) % 17_000);
    ports.take(17_000).find(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok()).expect("a free port")
}

/// Settings of a connector on `database`, with everything set that every test needs.
pub fn connector(database: &str, prefix: &str) -> Value {
    let pg = postgres();
    json!({
        "connector.class": "io.debezium.connector.postgresql.PostgresConnector",
        "database.hostname": pg.host, "database.port": pg.port.to_string(),
        "database.user": pg.user, "database.password": pg.password, "database.dbname": database,
        "topic.prefix": prefix, "slot.name": format!("s_{prefix}"), "plugin.name": "pgoutput",
        "status.update.interval.ms": "500",
    })
}

/// A worker file for the test Kafka, with topics of its own.
pub fn worker(name: &str) -> String {
    format!(
        "bootstrap.servers={}\ngroup.id={name}\noffset.storage.topic={name}-offsets\noffset.storage.replication.factor=1\noffset.storage.partitions=1\n\
         offset.flush.interval.ms=100\n",
        kafka()
    )
}

/// A running `walcast run`.
pub struct Walcast {
    pub child: Child,
    pub port: u16,
    log: PathBuf,
}

impl Walcast {
    /// Starts it in `folder` and waits for REST.
    pub fn start(folder: &Folder, arguments: &[&str]) -> Self {
        Self::try_start(folder, arguments).unwrap_or_else(|failure| panic!("{failure}"))
    }

    /// The same for one that may refuse: how it ended and what it said.
    pub fn try_start(folder: &Folder, arguments: &[&str]) -> Result<Self, String> {
        let mut walcast = Self::spawn(folder, arguments);
        let mut ended = None;
        wait_for("REST to answer", || {
            ended = walcast.child.try_wait().expect("a child");
            ended.is_some() || walcast.try_call("GET", "/", None).is_some()
        });
        match ended {
            None => Ok(walcast),
            // Somebody took the port between our asking and its listening.
            Some(_) if walcast.log().contains("Address already in use") => Self::try_start(folder, arguments),
            Some(status) => Err(format!("walcast ended with {status}:\n{}", walcast.log())),
        }
    }

    /// Starts it and waits for nothing.
    pub fn spawn(folder: &Folder, arguments: &[&str]) -> Self {
        let port = free_port();
        Self::spawn_on(folder, port, &[arguments, &["--listen", &format!("127.0.0.1:{port}")]].concat())
    }

    /// Where the worker file says that it listens; `port` is not known here.
    pub fn spawn_by_worker(folder: &Folder, arguments: &[&str]) -> Self {
        Self::spawn_on(folder, 0, arguments)
    }

    fn spawn_on(folder: &Folder, port: u16, arguments: &[&str]) -> Self {
        let log = folder.0.join(format!("{}.log", unique("walcast")));
        let file = fs::File::create(&log).expect("a log file");
        let child = Command::new(env!("CARGO_BIN_EXE_walcast"))
            .arg("run")
            .args(arguments)
            .current_dir(&folder.0)
            .env_remove("WALCAST_CASES")
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("the log twice"))
            .stderr(file)
            .spawn()
            .expect("walcast starts");
        Self { child, port, log }
    }

    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// SIGTERM; answers the exit code.
    pub fn stop(mut self) -> i32 {
        self.signal("TERM");
        self.child.wait().expect("walcast ends").code().unwrap_or(-1)
    }

    pub fn kill(mut self) {
        self.child.kill().expect("kill -9");
        self.child.wait().expect("walcast is gone");
    }

    pub fn signal(&self, name: &str) {
        let done = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(done.expect("kill runs").success());
    }

    pub fn try_call(&self, method: &str, path: &str, body: Option<&str>) -> Option<(u16, Value)> {
        http(self.port, method, path, body)
    }

    pub fn call(&self, method: &str, path: &str, body: Option<&str>) -> (u16, Value) {
        self.try_call(method, path, body).unwrap_or_else(|| panic!("{method} {path} got no answer\n{}", self.log()))
    }

    pub fn task(&self, name: &str) -> Value {
        self.call("GET", &format!("/connectors/{name}/status"), None).1["tasks"][0].clone()
    }
}

impl Drop for Walcast {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- log of walcast\n{}", self.log());
        }
    }
}

/// Runs to the end; a program that starts in spite of everything is ended, and its exit code tells.
pub fn run(folder: &Folder, arguments: &[&str]) -> (i32, String) {
    let listen = format!("127.0.0.1:{}", free_port());
    let log = folder.0.join("output.txt");
    let file = std::fs::File::create(&log).expect("a file");
    let mut child = Command::new(env!("CARGO_BIN_EXE_walcast"))
        .args(arguments)
        .args(if arguments[0] == "run" { vec!["--listen", &listen] } else { vec![] })
        .current_dir(&folder.0)
        .stdout(file.try_clone().expect("the file twice"))
        .stderr(file)
        .spawn()
        .expect("walcast runs");
    let end = Instant::now() + Duration::from_secs(20);
    wait_for("walcast to end", || {
        if Instant::now() > end {
            child.kill().expect("kill -9");
        }
        child.try_wait().expect("a child").is_some()
    });
    let code = child.wait().expect("walcast ends").code().unwrap_or(-1);
    (code, read(&log))
}

/// One HTTP call; `None` when nobody answers.
pub fn http(port: u16, method: &str, path: &str, body: Option<&str>) -> Option<(u16, Value)> {
    let (status, body) = http_text(port, method, path, body)?;
    Some((status, serde_json::from_str(&body).unwrap_or(Value::Null)))
}

/// The same for answers that are no JSON.
pub fn http_text(port: u16, method: &str, path: &str, body: Option<&str>) -> Option<(u16, String)> {
    let body = body.unwrap_or("");
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let answer = talk(port, &request)?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split_whitespace().nth(1)?.parse().ok()?;
    Some((status, body.to_owned()))
}

/// Sends this and reads until the other side closes; `None` when nobody answers.
pub fn talk(port: u16, request: &str) -> Option<String> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// Waits until the slot is confirmed past everything written so far: all records are acknowledged and stored.
pub fn drained(database: &str, slot: &str) {
    let target = sql(database, "SELECT pg_current_wal_insert_lsn()");
    wait_for("the slot to be confirmed", || slot_confirmed(slot, &target));
}

pub fn slot_confirmed(slot: &str, target: &str) -> bool {
    let query =
        format!("SELECT confirmed_flush_lsn >= '{target}' FROM pg_replication_slots WHERE slot_name = '{slot}'");
    ask(&query) == "t"
}

pub fn streaming(slot: &str) -> bool {
    ask(&format!(
        "SELECT active FROM pg_replication_slots WHERE slot_name = '{slot}' AND confirmed_flush_lsn IS NOT NULL AND NOT EXISTS (SELECT FROM pg_stat_replication r WHERE r.pid = active_pid AND r.state <> 'streaming')"
    )) == "t"
}

pub fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
