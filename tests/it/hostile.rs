//! The REST server among callers who mean no good: slow, huge, malformed, foreign, unknown.

use std::collections::VecDeque;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::rig::{Database, Folder, Walcast, connector, drained, streaming, talk, unique, wait_for};

const PASSWORD: &str = "a-secret-of-admin";
const TOKEN: &str = "a-token-of-viewer";
/// The password of the database, as nobody may see it.
const BASIC: &str = "Basic YWRtaW46YS1zZWNyZXQtb2YtYWRtaW4=";
/// How much more memory a flood may cost.
const MEMORY: u64 = 150 << 20;

fn settings(more: &str) -> String {
    format!(
        "walcast.sink=file:records.jsonl\nrest.auth.users=admin,viewer\nrest.auth.admin.password={PASSWORD}\n\
         rest.auth.viewer.token={TOKEN}\nrest.auth.viewer.role=read-only\n{more}"
    )
}

struct Target {
    walcast: Walcast,
    folder: Folder,
}

impl Target {
    fn new() -> Self {
        let folder = Folder::new();
        let worker = folder.write("worker.properties", &settings(""));
        let walcast = Walcast::start(&folder, &["--worker", worker.to_str().expect("a path")]);
        let target = Self { walcast, folder };
        wait_for("the start", || target.send("GET", "/health", &[], "").0 == 200);
        target
    }

    /// Status and body.
    fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> (u16, String) {
        let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !headers.iter().any(|(name, _)| *name == "Host") {
            request.push_str(&format!("Host: 127.0.0.1:{}\r\n", self.walcast.port));
        }
        headers.iter().for_each(|(name, value)| request.push_str(&format!("{name}: {value}\r\n")));
        request.push_str(&format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
        let answer = talk(self.walcast.port, &request).expect("an answer");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).expect("a status");
        (status, body.to_owned())
    }

    fn admin(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        self.send(method, path, &[("Authorization", BASIC)], body)
    }

    /// Resident memory in bytes.
    fn memory(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.walcast.child.id())).expect("Linux");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
        line.trim().trim_end_matches(" kB").trim().parse::<u64>().expect("a number") * 1024
    }

    fn raw(&self, bytes: &[u8]) -> Option<TcpStream> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.walcast.port)).ok()?;
        // An early refusal may close the line while we still write.
        let _ = stream.write_all(bytes);
        stream.set_read_timeout(Some(Duration::from_secs(30))).ok()?;
        Some(stream)
    }
}

#[test]
fn ten_thousand_slow_connections_keep_nobody_out() {
    let target = Target::new();
    let database = Database::new(&unique("hostile"));
    database.sql("CREATE TABLE item (id int PRIMARY KEY)");
    let prefix = unique("hostile");
    let create = json!({ "name": "item", "config": connector(&database.name, &prefix) });
    assert_eq!(target.admin("POST", "/connectors", &create.to_string()).0, 201);
    wait_for("the stream", || streaming(&format!("s_{prefix}")));
    let before = target.memory();
    let mut held: VecDeque<TcpStream> = VecDeque::new();
    for n in 0..10_000 {
        let half: &[u8] = match n % 3 {
            0 => b"",
            1 => b"GET /connectors HTTP/1.1\r\nX-Slow: ",
            _ => b"POST /connectors HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n{",
        };
        match target.raw(half) {
            Some(stream) => held.push_back(stream),
            // Our own limit of open files: those that waited longest were let go long ago.
            None => drop(held.drain(..held.len() / 2)),
        }
        if n % 1000 == 999 {
            let asked = Instant::now();
            assert_eq!(target.admin("GET", "/connectors", "").0, 200);
            assert!(asked.elapsed() < Duration::from_secs(5), "answered after {:?}", asked.elapsed());
            database.sql(&format!("INSERT INTO item VALUES ({n})"));
        }
    }
    let grown = target.memory().saturating_sub(before);
    println!("memory: {} kB before, {} kB more with {} slow connections", before >> 10, grown >> 10, held.len());
    assert!(grown < MEMORY, "{grown} bytes more");
    drained(&database.name, &format!("s_{prefix}"));
    drop(held);
    assert_eq!(target.admin("DELETE", "/connectors/item", "").0, 204);
    assert_eq!(target.walcast.stop(), 0);
}

#[test]
fn silence_is_waited_for_only_so_long() {
    let target = Target::new();
    let host = format!("Host: localhost\r\nAuthorization: {BASIC}\r\n");
    let kept = format!("GET /health HTTP/1.1\r\n{host}\r\n");
    let half_body = format!("POST /connectors HTTP/1.1\r\n{host}Content-Length: 1000\r\n\r\n{{");
    let cases = [
        ("", ""),
        ("GET / HTTP/1.1\r\nX-Slow: ", ""),
        // An answer, and then no other request.
        (kept.as_str(), "200 OK"),
        (half_body.as_str(), "408 Request Timeout"),
    ];
    let began = Instant::now();
    std::thread::scope(|scope| {
        for (sent, expected) in cases {
            let mut line = target.raw(sent.as_bytes()).expect("a line");
            scope.spawn(move || {
                let mut answer = Vec::new();
                // Err: reset, or our own patience of 30 s, which the clock below tells apart.
                let _ = line.read_to_end(&mut answer);
                let answer = String::from_utf8_lossy(&answer);
                assert!(answer.contains(expected), "{sent:?} got {answer:?}");
            });
        }
    });
    assert!(began.elapsed() < Duration::from_secs(25), "ended after {:?}", began.elapsed());
    assert_eq!(target.walcast.stop(), 0);
}

#[test]
fn malformed_and_huge_requests_are_refused_and_nothing_else() {
    let target = Target::new();
    let auth = format!("Authorization: {BASIC}\r\n");
    let head = format!("POST /connectors HTTP/1.1\r\nHost: 127.0.0.1\r\n{auth}Content-Type: application/json\r\n");
    let huge = "x".repeat(3 << 20);
    let cases: [(String, &[u16]); 9] = [
        (format!("{head}Content-Length: 10000000000\r\n\r\n"), &[413]),
        (format!("{head}Transfer-Encoding: chunked\r\n\r\n300000\r\n{huge}\r\n0\r\n\r\n"), &[413]),
        (format!("{head}Transfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n"), &[400, 413]),
        (format!("{head}Content-Length: 5\r\nContent-Length: 6\r\n\r\n{{}}"), &[400]),
        (format!("{head}Content-Length: -1\r\n\r\n"), &[400]),
        (format!("GET / HTTP/1.1\r\nX: {}\r\n\r\n", "x".repeat(1 << 20)), &[400, 431]),
        ("GET / HTTP/1.1\r\n".to_owned() + &"X: y\r\n".repeat(100_000) + "\r\n", &[400, 431]),
        ("\0\u{1}\u{2} nonsense\r\n\r\n".to_owned(), &[400]),
        (format!("GET /{} HTTP/1.1\r\n\r\n", "a".repeat(100_000)), &[400, 414, 431]),
    ];
    for (request, allowed) in cases {
        let mut answer = Vec::new();
        // Err: a line that is reset after the refusal.
        let _ = target.raw(request.as_bytes()).expect("a line").read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let status = answer.split(' ').nth(1).and_then(|code| code.parse::<u16>().ok());
        let start = &request[..request.len().min(60)];
        // Of a line that was reset the refusal may be lost; that nothing was done is what counts.
        assert!(status.is_none_or(|status| allowed.contains(&status)), "{start:?} got {answer:?}");
    }
    let deep = "[".repeat(500_000);
    for body in ["{", "[]", "null", "\"x\"", "{\"name\":1}", "{\"config\":{\"a\":{}}}", "\u{feff}{}", &deep] {
        assert_eq!(target.admin("POST", "/connectors", body).0, 400, "{}", &body[..body.len().min(40)]);
    }
    let nothing = r#"{"error_code":400,"message":"HTTP 400 Bad Request"}"#;
    assert_eq!(target.admin("GET", "/connectors/%ff/status", ""), (400, nothing.to_owned()), "no UTF-8");
    assert_eq!(target.admin("GET", "/connectors", ""), (200, "[]".to_owned()));
    assert_eq!(target.walcast.stop(), 0);
}

#[test]
fn who_is_unknown_foreign_or_only_looks_changes_nothing() {
    let target = Target::new();
    let viewer = format!("Bearer {TOKEN}");
    let create = json!({ "name": "x", "config": { "connector.class": "none" } }).to_string();
    for wrong in ["Basic YWRtaW46", "Basic !!", "Bearer ", "Bearer a-token-of-viewe", "Bearer a-secret-of-admin", "x"] {
        for (method, path) in
            [("GET", "/connectors"), ("POST", "/connectors"), ("GET", "/openapi.json"), ("GET", "/none")]
        {
            let (status, body) = target.send(method, path, &[("Authorization", wrong)], "{}");
            assert_eq!(status, 401, "{method} {path} as {wrong}: {body}");
        }
    }
    assert_eq!(target.send("GET", "/connectors", &[], "").0, 401);
    assert_eq!(target.send("GET", "/health", &[], "").0, 200, "a probe has no password");
    assert_eq!(target.send("GET", "/connectors", &[("Authorization", &viewer)], "").0, 200);
    for (method, path) in [
        ("POST", "/connectors"),
        ("PUT", "/connectors/x/config"),
        ("PUT", "/connectors/x/stop"),
        ("DELETE", "/connectors/x"),
        ("PATCH", "/connectors/x/offsets"),
        ("PUT", "/admin/loggers/root"),
        ("PUT", "/connector-plugins/PostgresConnector/config/validate"),
    ] {
        assert_eq!(target.send(method, path, &[("Authorization", &viewer)], "{}").0, 403, "{method} {path}");
        for foreign in [("Origin", "http://evil.example"), ("Origin", "null"), ("Host", "evil.example")] {
            let status = target.send(method, path, &[("Authorization", BASIC), foreign], &create).0;
            assert_eq!(status, 403, "{method} {path} from {foreign:?}");
        }
    }
    let us = format!("127.0.0.1:{}", target.walcast.port);
    let twice = [("Authorization", BASIC), ("Host", us.as_str()), ("Host", "evil.example")];
    assert_eq!(target.send("DELETE", "/connectors/x", &twice, "").0, 400);
    let nobody = format!("DELETE /connectors/x HTTP/1.1\r\nAuthorization: {BASIC}\r\nConnection: close\r\n\r\n");
    let answer = talk(target.walcast.port, &nobody).expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 400"), "{answer}");
    let log = target.walcast.log();
    assert!(!log.contains(PASSWORD) && !log.contains(TOKEN), "{log}");
    assert_eq!(target.walcast.stop(), 0);
}

#[test]
fn names_lead_nowhere_and_secrets_are_shown_to_nobody() {
    let target = Target::new();
    let database = Database::new(&unique("hostile"));
    let mut config = connector(&database.name, &unique("hostile"));
    let password = config["database.password"].as_str().expect("a password").to_owned();
    config["producer.override.sasl.jaas.config"] = json!("hidden-in-jaas");
    for name in ["../../../escaped", "/etc/escaped", "..", "a/b", "%2e%2e%2fescaped", "con\\escaped"] {
        let body = json!({ "name": name, "config": config, "initial_state": "STOPPED" }).to_string();
        let (status, body) = target.admin("POST", "/connectors", &body);
        assert_eq!(status, 201, "{name}: {body}");
        assert!(!body.contains(&password) && !body.contains("hidden-in-jaas"), "{body}");
    }
    let written: Vec<_> = fs::read_dir(target.folder.0.join("connectors")).expect("the folder").collect();
    assert_eq!(written.len(), 6, "all of them inside of it: {written:?}");
    assert!(!target.folder.0.parent().expect("a parent").join("escaped.json").exists());
    for path in
        ["/connectors/../../etc/passwd", "/connectors/%2e%2e%2f%2e%2e%2fetc%2fpasswd/config", "/%2e%2e/etc/passwd"]
    {
        assert_eq!(target.admin("GET", path, "").0, 404, "{path}");
    }
    let encoded = "..%2F..%2F..%2Fescaped";
    for path in [
        "/connectors?expand=info&expand=status".to_owned(),
        format!("/connectors/{encoded}"),
        format!("/connectors/{encoded}/config"),
        format!("/connectors/{encoded}/tasks"),
    ] {
        let (status, body) = target.admin("GET", &path, "");
        assert_eq!(status, 200, "{path}");
        assert!(!body.contains(&password) && !body.contains("hidden-in-jaas"), "{path}: {body}");
    }
    // Who sends back what was shown changes nothing.
    let (_, shown) = target.admin("GET", &format!("/connectors/{encoded}/config"), "");
    let mut shown: Value = serde_json::from_str(&shown).expect("JSON");
    shown["heartbeat.interval.ms"] = json!("0");
    assert_eq!(target.admin("PUT", &format!("/connectors/{encoded}/config"), &shown.to_string()).0, 200);
    let files = fs::read_dir(target.folder.0.join("connectors")).expect("the folder").flatten();
    let texts: Vec<String> = files.map(|file| fs::read_to_string(file.path()).expect("a file")).collect();
    assert!(texts.iter().all(|text| text.contains(&password) && !text.contains("********")));
    assert!(!target.walcast.log().contains(&password));
    assert_eq!(target.walcast.stop(), 0);
}
