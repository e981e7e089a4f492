//! A Connect worker with the real Debezium, as a process of this test.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::rig::{http, wait_for};

pub struct Connect {
    child: Child,
    port: u16,
    log: PathBuf,
}

impl Connect {
    pub fn start(folder: &Path, port: u16) -> Self {
        let libs = std::env::var("WALCAST_TEST_DEBEZIUM").expect("WALCAST_TEST_DEBEZIUM: run `make test-handover`");
        let log = folder.join("connect.log");
        let file = File::options().create(true).append(true).open(&log).expect("a log file");
        let child = Command::new("java")
            .args(["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"])
            .arg(format!("-Dlog4j2.configurationFile={}/tests/kafka/log4j2.properties", env!("CARGO_MANIFEST_DIR")))
            .args(["-cp", &format!("{libs}/*"), "org.apache.kafka.connect.cli.ConnectDistributed", "worker.properties"])
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(file.try_clone().expect("the log twice"))
            .stderr(file)
            .spawn()
            .expect("java runs");
        let connect = Self { child, port, log };
        wait_for("Connect to answer", || matches!(connect.call("GET", "/connectors", None), Some((200, _))));
        connect
    }

    pub fn call(&self, method: &str, path: &str, body: Option<&str>) -> Option<(u16, Value)> {
        http(self.port, method, path, body)
    }

    /// What the task of the only connector is.
    pub fn state(&self, name: &str) -> String {
        let answer = self.call("GET", &format!("/connectors/{name}/status"), None);
        answer.map(|(_, status)| status["tasks"][0]["state"].as_str().unwrap_or("").to_owned()).unwrap_or_default()
    }

    pub fn stop(mut self) {
        let done = Command::new("kill").arg(self.child.id().to_string()).status();
        assert!(done.expect("kill runs").success());
        self.child.wait().expect("Connect ends");
    }

    pub fn kill(mut self) {
        self.child.kill().expect("kill -9");
        self.child.wait().expect("Connect is gone");
    }
}

impl Drop for Connect {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            let log = std::fs::read_to_string(&self.log).unwrap_or_default();
            let tail: Vec<&str> = log.lines().rev().filter(|line| !line.contains("INFO")).take(40).collect();
            eprintln!("--- end of Connect's log, last line first\n{}", tail.join("\n"));
        }
    }
}
