//! Stops the servers; `tests/servers --revive` starts them again.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use rdkafka::consumer::Consumer;

use crate::record::consumer;
use crate::rig::{kafka, read, sleep, wait_for};
use crate::session::Session;

fn control(name: &str) -> PathBuf {
    let folder = std::env::var("WALCAST_TEST_CONTROL").expect("run it by `tests/servers --revive`");
    PathBuf::from(folder).join(name)
}

fn process(name: &str) -> String {
    read(&control(&format!("{name}.pid"))).trim().to_owned()
}

fn send(signal: &str, process: &str) {
    let done = Command::new("kill").args([&format!("-{signal}"), process]).status();
    assert!(done.expect("kill runs").success(), "kill -{signal} {process}");
}

/// Ends a server with `signal` and keeps it down for `time`.
pub fn stop(name: &str, signal: &str, time: Duration) {
    let (down, old) = (control(&format!("{name}.down")), process(name));
    fs::write(&down, "").expect("a file");
    send(signal, &old);
    wait_for("the server to end", || !PathBuf::from(format!("/proc/{old}")).exists());
    sleep(time);
    fs::remove_file(&down).expect("a file");
    wait_for("the server to be started again", || process(name) != old);
}

/// When Postgres answers.
pub fn postgres_is_up() -> Instant {
    Session::open("postgres");
    Instant::now()
}

/// When Kafka answers for each of these topics.
pub fn kafka_is_up(topics: &[String]) -> Instant {
    wait_for("Kafka to listen", || std::net::TcpStream::connect(kafka()).is_ok());
    let consumer = consumer();
    wait_for("Kafka to answer", || {
        topics.iter().all(|topic| consumer.fetch_watermarks(topic, 0, Duration::from_millis(500)).is_ok())
    });
    Instant::now()
}
