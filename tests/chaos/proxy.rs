//! A TCP proxy between walcast and a server: bad weather on the line, and a watch that sees every message go by.
//!
//! Two threads per connection, one per direction. Messages are forwarded whole, so that a watch can stop exactly one.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::dialect::{Dialect, Side, Talk};
use crate::rig::sleep;
use crate::watch::Watch;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weather {
    Clear,
    /// Nothing is read and nothing forwarded; it all goes on when the weather clears.
    Stalled,
    /// Everything is read and nothing forwarded. Connections that lived through it stay so, and are never closed.
    HalfOpen,
    /// Bytes per second, each way of each connection.
    Slow(u64),
    /// All connections are cut after so many bytes from this side; then the weather is clear.
    CutAfter(Side, u64),
    /// New connections are closed at once.
    Refusing,
}

pub struct Proxy {
    pub port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    dialect: Dialect,
    /// Where the server listens.
    server: (String, u16),
    weather: Mutex<Weather>,
    changed: Condvar,
    lines: Mutex<Vec<TcpStream>>,
    watch: Arc<Watch>,
}

impl Proxy {
    /// `port`: 0 for any.
    pub fn start(dialect: Dialect, port: u16, server: (String, u16), watch: Arc<Watch>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("a port for the proxy");
        let port = listener.local_addr().expect("an address").port();
        let shared = Arc::new(Shared {
            dialect,
            server,
            weather: Mutex::new(Weather::Clear),
            changed: Condvar::new(),
            lines: Mutex::default(),
            watch,
        });
        let accepting = shared.clone();
        thread::spawn(move || {
            for client in listener.incoming().flatten() {
                accepting.accept(client);
            }
        });
        Self { port, shared }
    }

    pub fn weather(&self, weather: Weather) {
        *self.shared.weather() = weather;
        self.shared.changed.notify_all();
    }

    pub fn cut(&self) {
        self.shared.cut();
    }
}

impl Shared {
    fn weather(&self) -> MutexGuard<'_, Weather> {
        self.weather.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lines(&self) -> MutexGuard<'_, Vec<TcpStream>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn cut(&self) {
        for line in self.lines().drain(..) {
            let _ = line.shutdown(Shutdown::Both);
        }
    }

    fn accept(self: &Arc<Self>, client: TcpStream) {
        if *self.weather() == Weather::Refusing {
            return;
        }
        // A server that is down closes; so do we.
        let Ok(server) = TcpStream::connect(&self.server) else { return };
        let talk = Arc::new(Mutex::new(Talk::new(self.dialect)));
        for socket in [&client, &server] {
            let _ = socket.set_nodelay(true);
            self.lines().push(socket.try_clone().expect("a socket twice"));
        }
        let ways = [(Side::Client, &client, &server), (Side::Server, &server, &client)];
        for (side, from, to) in ways {
            let (shared, talk) = (self.clone(), talk.clone());
            let (from, to) = (from.try_clone().expect("a socket twice"), to.try_clone().expect("a socket twice"));
            thread::spawn(move || {
                if shared.pump(side, &from, &to, &talk).is_none() {
                    let _ = from.shutdown(Shutdown::Both);
                    let _ = to.shutdown(Shutdown::Both);
                }
            });
        }
    }

    /// Until an end closes or the line is cut: `None`.
    fn pump(&self, side: Side, mut from: &TcpStream, to: &TcpStream, talk: &Mutex<Talk>) -> Option<()> {
        let (mut held, mut chunk) = (Vec::new(), vec![0; 64 << 10]);
        loop {
            let weather = self.wait_while_stalled();
            let read = from.read(&mut chunk).ok().filter(|read| *read > 0)?;
            if weather == Weather::HalfOpen || *self.weather() == Weather::HalfOpen {
                return self.swallow(from, &mut chunk);
            }
            held.extend_from_slice(chunk.get(..read)?);
            let mut done = 0;
            loop {
                let mut said = talk.lock().ok()?;
                let Some(length) = said.frame(side, held.get(done..)?) else { break };
                let frame = held.get(done..done + length)?;
                let sight = said.sight(side, frame);
                drop(said);
                if !self.watch.may_pass(sight) {
                    return Some(()); // Held for good: whoever was to hear it is about to be killed.
                }
                self.forward(side, frame, to)?;
                done += frame.len();
            }
            held.drain(..done);
        }
    }

    fn forward(&self, side: Side, frame: &[u8], mut to: &TcpStream) -> Option<()> {
        let weather = self.wait_while_stalled();
        match weather {
            Weather::Slow(rate) => {
                let piece = usize::try_from(rate / 20).ok()?.max(1);
                for piece in frame.chunks(piece) {
                    if matches!(*self.weather(), Weather::Slow(_)) {
                        sleep(Duration::from_millis(50));
                    }
                    to.write_all(piece).ok()?;
                }
                Some(())
            }
            Weather::CutAfter(of, left) if of == side => {
                let size = u64::try_from(frame.len()).ok()?;
                let sent = usize::try_from(left.min(size)).ok()?;
                *self.weather() = if size >= left { Weather::Clear } else { Weather::CutAfter(of, left - size) };
                to.write_all(frame.get(..sent)?).ok()?;
                if size >= left {
                    self.cut();
                    return None;
                }
                Some(())
            }
            _ => to.write_all(frame).ok(),
        }
    }

    fn wait_while_stalled(&self) -> Weather {
        let mut weather = self.weather();
        while *weather == Weather::Stalled {
            weather = self.changed.wait(weather).unwrap_or_else(PoisonError::into_inner);
        }
        *weather
    }

    /// Reads on and forwards nothing; the other side never hears of an end.
    fn swallow(&self, mut from: &TcpStream, chunk: &mut [u8]) -> Option<()> {
        while from.read(chunk).is_ok_and(|read| read > 0) {}
        Some(())
    }
}
