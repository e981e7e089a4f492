//! What processes cost: processor time and peak memory, from /proc.

use std::fs;
use std::process::Command;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::rig::{ask, sleep};

/// How often a process is looked at; one that has ended is known by its last look.
const EVERY: Duration = Duration::from_millis(10);

/// Processor seconds, and kilobytes at most.
#[derive(Clone, Copy, Default)]
pub struct Cost {
    pub cpu: f64,
    pub peak_kb: u64,
}

/// Processor seconds of a running process.
pub fn cpu(pid: u32) -> Option<f64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let ticks: Vec<f64> = stat.rsplit(") ").next()?.split_whitespace().skip(11).take(2).flat_map(str::parse).collect();
    // Linux reports hundredths of a second whatever its own tick is.
    Some(ticks.iter().sum::<f64>() / 100.0)
}

/// A field of /proc/PID/status in kB.
pub fn memory(pid: u32, field: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    status.lines().find_map(|line| line.strip_prefix(field))?.split_whitespace().next()?.parse().ok()
}

/// Bytes a process has written to any file.
pub fn written(pid: u32) -> Option<u64> {
    let io = fs::read_to_string(format!("/proc/{pid}/io")).ok()?;
    io.lines().find_map(|line| line.strip_prefix("wchar: "))?.parse().ok()
}

/// The broker that the bench runs beside.
pub fn broker() -> u32 {
    let folder = std::env::var("WALCAST_TEST_CONTROL").expect("WALCAST_TEST_CONTROL: run `make bench`");
    let pid = fs::read_to_string(format!("{folder}/kafka.pid")).expect("a broker of our own");
    pid.trim().parse().expect("a process id")
}

/// Watches the server process behind a slot until it is told to stop.
pub struct Walsender {
    done: Arc<AtomicBool>,
    seen: Arc<Mutex<Cost>>,
    thread: Option<JoinHandle<()>>,
}

impl Walsender {
    pub fn watch(slot: &str) -> Self {
        Self::of(format!("SELECT active_pid FROM pg_replication_slots WHERE slot_name = '{slot}'"))
    }

    /// The server process that `query` names, as soon as it names one.
    pub fn of(query: String) -> Self {
        let (done, seen) = (Arc::new(AtomicBool::new(false)), Arc::new(Mutex::new(Cost::default())));
        let (over, cost) = (Arc::clone(&done), Arc::clone(&seen));
        let thread = std::thread::spawn(move || {
            let mut pid = None;
            while !over.load(Ordering::Relaxed) {
                pid = pid.or_else(|| ask(&query).parse().ok());
                if let Some(cpu) = pid.and_then(cpu) {
                    cost.lock().unwrap_or_else(PoisonError::into_inner).cpu = cpu;
                }
                sleep(EVERY);
            }
        });
        Self { done, seen, thread: Some(thread) }
    }

    pub fn cost(mut self) -> Cost {
        self.done.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Lets the disk take what was written before: a commit would wait for that.
pub fn settle() {
    assert!(Command::new("sync").status().is_ok_and(|status| status.success()), "sync");
}
