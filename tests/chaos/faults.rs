//! What can go wrong at any moment, by name. Each fault is over when `strike` returns.

use std::time::{Duration, Instant};

use fastrand::Rng;

use crate::dialect::Side;
use crate::proxy::{Proxy, Weather};
use crate::rig::{Walcast, sleep};
use crate::servers;
use crate::session::Session;

/// From when on a recovery is timed, and under which bar.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// walcast was killed: from its start.
    Kill,
    /// A server went away: from when it answers again.
    Server,
    /// The line was bad, or walcast was frozen: from when it is well again.
    Line,
}

/// What a fault may act on.
pub struct Scene<'a> {
    pub walcast: &'a Walcast,
    pub postgres: &'a Proxy,
    pub kafka: &'a Proxy,
    pub slot: &'a str,
    /// Topics that must have their leaders back.
    pub topics: &'a [String],
    pub random: &'a mut Rng,
}

pub struct Fault {
    pub name: &'static str,
    pub kind: Kind,
    /// Answers when everything was well again.
    pub strike: fn(&mut Scene<'_>) -> Instant,
}

const fn line(name: &'static str, strike: fn(&mut Scene<'_>) -> Instant) -> Fault {
    Fault { name, kind: Kind::Line, strike }
}

const fn server(name: &'static str, strike: fn(&mut Scene<'_>) -> Instant) -> Fault {
    Fault { name, kind: Kind::Server, strike }
}

#[rustfmt::skip]
pub static FAULTS: &[Fault] = &[
    line("freeze", freeze),
    line("Postgres: cut after k bytes", |scene| cut(scene.postgres, scene.random)),
    line("Kafka: cut after k bytes", |scene| cut(scene.kafka, scene.random)),
    line("Postgres: all cut, refused for a while", |scene| refuse(scene.postgres, scene.random)),
    line("Kafka: all cut, refused for a while", |scene| refuse(scene.kafka, scene.random)),
    line("Postgres: stall", |scene| during(scene.postgres, Weather::Stalled, scene.random)),
    line("Kafka: stall", |scene| during(scene.kafka, Weather::Stalled, scene.random)),
    line("Postgres: slow", |scene| during(scene.postgres, Weather::Slow(200_000), scene.random)),
    line("Kafka: slow", |scene| during(scene.kafka, Weather::Slow(200_000), scene.random)),
    line("Postgres: half-open", |scene| during(scene.postgres, Weather::HalfOpen, scene.random)),
    line("Kafka: half-open", |scene| during(scene.kafka, Weather::HalfOpen, scene.random)),
    line("walsender terminated", terminate),
    server("Postgres: fast restart", |scene| { restart_postgres("INT", scene.random); servers::postgres_is_up() }),
    server("Postgres: immediate restart", |scene| { restart_postgres("QUIT", scene.random); servers::postgres_is_up() }),
    server("Kafka: kill -9 and restart", |scene| { restart_kafka(scene.random); servers::kafka_is_up(scene.topics) }),
    server("both servers restarted", |scene| {
        restart_kafka(scene.random);
        restart_postgres("QUIT", scene.random);
        servers::postgres_is_up();
        servers::kafka_is_up(scene.topics)
    }),
];

fn freeze(scene: &mut Scene<'_>) -> Instant {
    scene.walcast.signal("STOP");
    sleep(Duration::from_millis(scene.random.u64(300..4000)));
    scene.walcast.signal("CONT");
    Instant::now()
}

fn cut(proxy: &Proxy, random: &mut Rng) -> Instant {
    let side = if random.bool() { Side::Client } else { Side::Server };
    // Few bytes go towards Postgres, many come from it; the reverse holds for Kafka.
    proxy.weather(Weather::CutAfter(side, random.u64(1..2000)));
    sleep(Duration::from_millis(1500));
    proxy.weather(Weather::Clear);
    Instant::now()
}

fn refuse(proxy: &Proxy, random: &mut Rng) -> Instant {
    proxy.weather(Weather::Refusing);
    proxy.cut();
    sleep(Duration::from_millis(random.u64(100..3000)));
    proxy.weather(Weather::Clear);
    Instant::now()
}

fn during(proxy: &Proxy, weather: Weather, random: &mut Rng) -> Instant {
    proxy.weather(weather);
    sleep(Duration::from_millis(random.u64(500..4000)));
    proxy.weather(Weather::Clear);
    Instant::now()
}

fn terminate(scene: &mut Scene<'_>) -> Instant {
    let slot = scene.slot;
    Session::open("postgres").run(&format!(
        "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '{slot}' AND active"
    ));
    Instant::now()
}

fn restart_postgres(signal: &str, random: &mut Rng) {
    servers::stop("postgres", signal, Duration::from_millis(random.u64(0..2000)));
}

fn restart_kafka(random: &mut Rng) {
    servers::stop("kafka", "KILL", Duration::from_millis(random.u64(0..2000)));
}
