//! One round: a database of its own, writers, walcast between two proxies, one thing that goes wrong, and the verdict.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::thread;
use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::check::{Mode, Verdict, check};
use crate::dialect::Dialect;
use crate::faults::{Fault, Kind, Scene};
use crate::journal::{Journal, TABLES};
use crate::points::Point;
use crate::probe::Probe;
use crate::proxy::{Proxy, Weather};
use crate::record::read;
use crate::rig::{Folder, PATIENCE, Walcast, http, postgres, sleep, unique};
use crate::scenery::{Ports, configure, make_topics, peak, rows, wait_until_gone};
use crate::session::Session;
use crate::watch::Watch;
use crate::workload::{TABLES_SQL, WRITERS, Writer};

/// A half-open line may take librdkafka a minute to notice.
const RECOVERY: Duration = Duration::from_secs(90);

#[derive(Clone, Copy)]
pub enum Trouble {
    Point(&'static Point),
    /// kill -9 at a random moment.
    Kill,
    Fault(&'static Fault),
}

impl Trouble {
    pub fn name(&self) -> &'static str {
        match self {
            Self::Point(point) => point.name,
            Self::Kill => "any moment",
            Self::Fault(fault) => fault.name,
        }
    }

    pub fn kind(&self) -> Kind {
        match self {
            Self::Point(_) | Self::Kill => Kind::Kill,
            Self::Fault(fault) => fault.kind,
        }
    }
}

/// What a round came to.
#[derive(Debug)]
pub struct Outcome {
    pub verdict: Verdict,
    pub recovery: Duration,
    /// Peak resident memory of walcast, in KiB.
    pub memory: u64,
}

/// The two lines and who watches them.
pub struct Lines {
    postgres: Proxy,
    kafka: Proxy,
    watch: Arc<Watch>,
}

impl Lines {
    pub fn open() -> Self {
        let ports = std::env::var("WALCAST_TEST_KAFKA_PROXIED").expect("run it by `tests/servers --kafka --revive`");
        let (advertised, broker) = ports.split_once(':').expect("two ports");
        let (advertised, broker) = (advertised.parse().expect("a port"), broker.parse().expect("a port"));
        let (watch, pg) = (Arc::new(Watch::default()), postgres());
        Self {
            postgres: Proxy::start(Dialect::Postgres, 0, (pg.host, pg.port), watch.clone()),
            kafka: Proxy::start(Dialect::Kafka, advertised, ("127.0.0.1".to_owned(), broker), watch.clone()),
            watch,
        }
    }
}

pub fn round(lines: &Lines, trouble: Trouble, mode: Mode, seed: u64) -> Result<Outcome, String> {
    let mut random = Rng::with_seed(seed);
    let name = unique("chaos");
    let mut admin = Session::open("postgres");
    admin.run(&format!("CREATE DATABASE {name} TEMPLATE template0"));
    let mut session = Session::open(&name);
    session.run(TABLES_SQL);
    let mut writers: Vec<Writer> = (0..WRITERS).map(|number| Writer::new(number, seed)).collect();
    for writer in &mut writers {
        writer.begin(&mut session);
    }
    let folder = configure(Ports { postgres: lines.postgres.port, kafka: lines.kafka.port }, &name, mode);
    let topics: Vec<String> = TABLES.iter().map(|table| format!("{name}.public.{table}")).collect();
    make_topics(&topics);
    let (probe, done) = (Probe::default(), AtomicBool::new(false));
    let stage = Stage { lines, name: &name, folder: &folder, topics: &topics, probe: &probe };
    let (played, journal) = thread::scope(|scope| {
        let working: Vec<_> = writers
            .into_iter()
            .map(|mut writer| {
                let (name, done) = (&name, &done);
                scope.spawn(move || {
                    writer.work(&mut Session::open(name), done);
                    writer.journal
                })
            })
            .collect();
        let probing = scope.spawn(|| probe.write(&name, &done));
        scope.spawn(|| probe.read(&topics[TABLES.len() - 1], &done));
        let played = stage.play(trouble, &mut random);
        done.store(true, Ordering::Relaxed);
        lines.postgres.weather(Weather::Clear);
        lines.kafka.weather(Weather::Clear);
        let mut writers: Vec<_> = working.into_iter().map(|writer| writer.join().expect("a writer")).collect();
        writers.push(probing.join().expect("the probe"));
        (played, Journal { writers })
    });
    let judged = played.and_then(|played| {
        let Played { walcast, recovery, memory } = played;
        stage.drained(&walcast, &mut session)?;
        let memory = memory.max(peak(walcast.child.id()));
        let log = walcast.log();
        let code = walcast.stop();
        let rows = rows(&session);
        let mut verdict = check(&journal, &read(&name)?, &rows, mode);
        if code != 0 {
            verdict.wrong.push(format!("walcast ended with {code}:\n{log}"));
        }
        Ok(Outcome { verdict, recovery, memory })
    });
    lines.watch.release();
    lines.postgres.cut();
    lines.kafka.cut();
    if judged.as_ref().map_or(true, |outcome| !outcome.verdict.wrong.is_empty()) {
        eprintln!("logs: {}", folder.0.display());
        std::mem::forget(folder);
        return judged;
    }
    drop(session);
    wait_until_gone(&mut admin, &name);
    judged
}

struct Stage<'a> {
    lines: &'a Lines,
    name: &'a str,
    folder: &'a Folder,
    topics: &'a [String],
    probe: &'a Probe,
}

struct Played {
    walcast: Walcast,
    recovery: Duration,
    memory: u64,
}

impl Stage<'_> {
    fn start(&self) -> Walcast {
        Walcast::spawn(self.folder, &["--worker", "worker.properties", "connector.json"])
    }

    fn play(&self, trouble: Trouble, random: &mut Rng) -> Result<Played, String> {
        match trouble {
            Trouble::Point(point) => {
                let (lines, nth) = (self.lines, random.u32(1..=point.upto));
                let early = point.early.then(|| lines.watch.arm(point, nth));
                let walcast = self.start();
                let reached = match early {
                    Some(reached) => reached,
                    None => {
                        self.streams(&walcast, random)?;
                        lines.watch.arm(point, nth)
                    }
                };
                match reached.recv_timeout(PATIENCE) {
                    Ok(()) => self.kill(walcast),
                    Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {
                        Err(format!("message {nth} of `{}` never came\n{}", point.name, walcast.log()))
                    }
                }
            }
            Trouble::Kill => {
                let walcast = self.start();
                // Some of them fall into the snapshot.
                sleep(Duration::from_millis(random.u64(50..4000)));
                if random.u32(..4) == 0 {
                    // In the middle of a graceful stop.
                    walcast.signal("TERM");
                    sleep(Duration::from_millis(random.u64(..60)));
                }
                self.kill(walcast)
            }
            Trouble::Fault(fault) => {
                let walcast = self.start();
                self.streams(&walcast, random)?;
                let slot = format!("s_{}", self.name);
                let (postgres, kafka) = (&self.lines.postgres, &self.lines.kafka);
                let mut scene = Scene { walcast: &walcast, postgres, kafka, slot: &slot, topics: self.topics, random };
                let since = (fault.strike)(&mut scene);
                let recovery = self.recovered(&walcast, since)?;
                Ok(Played { walcast, recovery, memory: 0 })
            }
        }
    }

    fn kill(&self, walcast: Walcast) -> Result<Played, String> {
        let memory = peak(walcast.child.id());
        walcast.kill();
        self.lines.postgres.cut();
        self.lines.kafka.cut();
        self.lines.watch.release();
        let since = Instant::now();
        let walcast = self.start();
        let recovery = self.recovered(&walcast, since)?;
        Ok(Played { walcast, recovery, memory })
    }

    /// Waits until the stream has brought something, and a little longer.
    fn streams(&self, walcast: &Walcast, random: &mut Rng) -> Result<(), String> {
        self.recovered(walcast, Instant::now())?;
        sleep(Duration::from_millis(random.u64(..1500)));
        Ok(())
    }

    fn recovered(&self, walcast: &Walcast, since: Instant) -> Result<Duration, String> {
        let mut found = None;
        self.until("no new record arrived", walcast, || {
            found = self.probe.recovery(since);
            found.is_some()
        })?;
        found.ok_or_else(|| "unreachable: waited for it".to_owned())
    }

    /// Waits until the slot is confirmed past everything.
    fn drained(&self, walcast: &Walcast, session: &mut Session) -> Result<(), String> {
        let end = session.run("SELECT pg_current_wal_insert_lsn()").concat();
        let slot = format!("s_{}", self.name);
        let question =
            format!("SELECT confirmed_flush_lsn >= '{end}' FROM pg_replication_slots WHERE slot_name = '{slot}'");
        self.until("the slot was not confirmed", walcast, || session.run(&question).concat() == "t")
    }

    fn until(&self, failure: &str, walcast: &Walcast, mut condition: impl FnMut() -> bool) -> Result<(), String> {
        let (end, mut asked) = (Instant::now() + RECOVERY, Instant::now());
        while !condition() {
            if asked.elapsed() > Duration::from_secs(1) {
                asked = Instant::now();
                let status = http(walcast.port, "GET", &format!("/connectors/{}/status", self.name), None);
                if status.is_some_and(|(_, status)| status["tasks"][0]["state"] == "FAILED") {
                    return Err(format!("the task FAILED; {failure}\n{}", walcast.log()));
                }
            }
            if Instant::now() > end {
                return Err(format!("{failure} in {} s\n{}", RECOVERY.as_secs(), walcast.log()));
            }
            sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}
