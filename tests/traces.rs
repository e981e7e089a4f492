//! Traces (feature `opentelemetry`), through the program and to a collector in this process. The database is not there.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

const SECRET: &str = "tell-nobody";
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a collector does with what it gets.
#[derive(Clone, Copy)]
enum Manner {
    Takes,
    Refuses,
    NeverAnswers,
}

/// A collector that hands on each request: its head, and its body.
struct Collector {
    address: SocketAddr,
    requests: Receiver<(String, Vec<u8>)>,
}

impl Collector {
    fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("its address");
        let (hand_on, requests) = channel();
        thread::spawn(move || {
            let mut unanswered = Vec::new();
            for stream in listener.incoming() {
                let mut stream = stream.expect("a connection");
                let request = read(&mut stream);
                let status = match manner {
                    Manner::Takes => "200 OK",
                    Manner::Refuses => "400 Bad Request",
                    Manner::NeverAnswers => "",
                };
                if status.is_empty() {
                    unanswered.push(stream);
                } else {
                    write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n").expect("an answer");
                }
                if hand_on.send(request).is_err() {
                    break;
                }
            }
        });
        Self { address, requests }
    }

    /// Heads and bodies, until the bodies hold all of these.
    fn until(&self, all: &[&[u8]]) -> (String, Vec<u8>) {
        let (mut heads, mut bodies) = (String::new(), Vec::new());
        let deadline = Instant::now() + PATIENCE;
        while let Some(missing) = all.iter().find(|wanted| !contains(&bodies, wanted)) {
            let left = deadline.saturating_duration_since(Instant::now());
            let (head, body) = self
                .requests
                .recv_timeout(left)
                .unwrap_or_else(|_| panic!("the collector was never sent {}", String::from_utf8_lossy(missing)));
            heads.push_str(&head);
            bodies.extend(body);
        }
        (heads, bodies)
    }
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    bytes.windows(wanted.len()).any(|window| window == wanted)
}

fn read(stream: &mut TcpStream) -> (String, Vec<u8>) {
    let mut reader = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert_ne!(reader.read_line(&mut head).expect("a head"), 0, "{head}");
    }
    let length = head.to_lowercase().lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
    let mut body = vec![0; length.expect("a length")];
    reader.read_exact(&mut body).expect("a body");
    (head, body)
}

/// A running walcast, with one connector whose database is not there.
struct Walcast {
    child: Child,
    stderr: BufReader<ChildStderr>,
    log: String,
    rest: String,
    folder: PathBuf,
}

impl Walcast {
    fn start(name: &str, collector: &Collector) -> Self {
        let folder = std::env::temp_dir().join(format!("walcast-traces-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&folder).expect("a temporary folder");
        let connector = format!(
            r#"{{"name": "shop", "config": {{
                "connector.class": "io.debezium.connector.postgresql.PostgresConnector", "plugin.name": "pgoutput",
                "database.hostname": "127.0.0.1", "database.port": "1", "database.user": "me", "database.dbname": "shop",
                "database.password": "{SECRET}", "topic.prefix": "shop"}}}}"#
        );
        std::fs::write(folder.join("shop.json"), connector).expect("a file");
        let mut walcast = Command::new(env!("CARGO_BIN_EXE_walcast"));
        walcast.args(["run", "shop.json", "--listen", "127.0.0.1:0"]).current_dir(&folder).env_clear();
        walcast.env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{}", collector.address));
        walcast.env("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=blue").env("OTEL_BSP_SCHEDULE_DELAY", "50");
        let mut child = walcast.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("walcast runs");
        let stderr = BufReader::new(child.stderr.take().expect("its log"));
        let mut walcast = Self { child, stderr, log: String::new(), rest: String::new(), folder };
        while walcast.rest.is_empty() {
            let begin = walcast.log.len();
            assert_ne!(walcast.stderr.read_line(&mut walcast.log).expect("its log"), 0, "{}", walcast.log);
            let told = walcast.log[begin..].split_once("REST interface on http://");
            walcast.rest = told.map(|(_, address)| address.trim().to_owned()).unwrap_or_default();
        }
        walcast
    }

    fn get(&self, path: &str, header: &str) {
        let mut stream = TcpStream::connect(&self.rest).expect("REST");
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\n{header}\r\n\r\n", self.rest)
            .expect("REST");
        stream.read_to_end(&mut Vec::new()).expect("an answer");
    }

    /// Asks it to end.
    fn terminate(&self) {
        let kill = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        assert!(kill.expect("kill").success());
    }

    /// Everything it said, once it has ended as it should.
    fn ended(mut self) -> String {
        self.stderr.read_to_string(&mut self.log).expect("its log");
        assert_eq!(self.child.wait().expect("an end").code(), Some(0), "{}", self.log);
        std::mem::take(&mut self.log)
    }
}

impl Drop for Walcast {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

#[test]
fn work_and_requests_reach_the_collector() {
    const TRACE: &[u8] = b"\x0a\xf7\x65\x19\x16\xcd\x43\xdd\x84\x48\xeb\x21\x1c\x80\x31\x9c";
    const CALLER: &[u8] = b"\xb7\xad\x6b\x71\x69\x20\x33\x31";
    let collector = Collector::start(Manner::Takes);
    let walcast = Walcast::start("takes", &collector);
    let caller = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    walcast.get(&format!("/connectors/shop/status?expand={SECRET}"), caller);
    let (heads, mut bodies) =
        collector.until(&[b"connecting", b"database: ", b"GET /connectors/{name}/status", TRACE, CALLER]);
    assert!(heads.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{heads}");
    assert!(heads.contains("x-tenant: blue\r\n"), "{heads}");
    walcast.terminate();
    // The run itself ends only now: a span of this name, which is its field 5.
    bodies.extend(collector.until(&[b"\x2a\x09connector"]).1);
    let log = walcast.ended();
    for told in ["service.name", "walcast.slot", "db.namespace", "server.address"] {
        assert!(contains(&bodies, told.as_bytes()), "{told}");
    }
    assert!(!contains(&bodies, SECRET.as_bytes()), "neither settings nor queries");
    assert!(log.contains("connector{connector=\"shop\"}"), "{log}");
    for told in ["connecting{", "request{", "otel", "walcast.slot"] {
        assert!(!log.contains(told), "the log is as it was, without {told}: {log}");
    }
}

#[test]
fn a_collector_that_refuses_is_told_of_once() {
    let collector = Collector::start(Manner::Refuses);
    let walcast = Walcast::start("refuses", &collector);
    for _ in 0..3 {
        walcast.get("/", "accept: */*");
        collector.until(&[b"GET /"]);
    }
    walcast.terminate();
    let log = walcast.ended();
    assert_eq!(log.matches("traces are dropped").count(), 1, "{log}");
    assert!(log.contains("status code: 400"), "{log}");
}

#[test]
fn a_collector_that_never_answers_delays_the_end_by_seconds_at_most() {
    let collector = Collector::start(Manner::NeverAnswers);
    let walcast = Walcast::start("never-answers", &collector);
    collector.until(&[b"connecting"]);
    walcast.get("/", "accept: */*");
    walcast.terminate();
    let began = Instant::now();
    walcast.ended();
    assert!(began.elapsed() < Duration::from_secs(8), "{:?}", began.elapsed());
}
