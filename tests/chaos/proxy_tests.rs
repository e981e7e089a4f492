//! The proxy does what its weather says, and the watch stops exactly the message it waits for.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::dialect::{Dialect, Side};
use crate::points::{Pass, Point};
use crate::proxy::{Proxy, Weather};
use crate::watch::Watch;

/// A request of Kafka's form, with a topic among its bytes.
fn produce(correlation: u8, topic: &str) -> Vec<u8> {
    let mut body = vec![0, 0, 0, 9, 0, 0, 0, correlation];
    body.extend_from_slice(topic.as_bytes());
    let mut frame = u32::try_from(body.len()).expect("short").to_be_bytes().to_vec();
    frame.extend_from_slice(&body);
    frame
}

/// A server that sends everything back, behind a proxy.
fn echo() -> (Proxy, Arc<Watch>, TcpStream) {
    let server = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = server.local_addr().expect("an address").port();
    thread::spawn(move || {
        for stream in server.incoming().flatten() {
            thread::spawn(move || std::io::copy(&mut &stream, &mut &stream));
        }
    });
    let watch = Arc::new(Watch::default());
    let proxy = Proxy::start(Dialect::Kafka, 0, ("127.0.0.1".to_owned(), port), watch.clone());
    let client = TcpStream::connect(("127.0.0.1", proxy.port)).expect("the proxy");
    client.set_read_timeout(Some(Duration::from_millis(300))).expect("a socket");
    (proxy, watch, client)
}

/// Sends a frame; whether it came back as it was.
fn returns(mut client: &TcpStream, frame: &[u8]) -> bool {
    let mut back = vec![0; frame.len()];
    client.write_all(frame).is_ok() && client.read_exact(&mut back).is_ok() && back == frame
}

#[test]
fn a_clear_line_forwards_everything() {
    let (_proxy, _watch, client) = echo();
    assert!(returns(&client, &produce(1, "x.public.t")));
}

#[test]
fn a_stalled_line_goes_on_where_it_stopped() {
    let (proxy, _watch, mut client) = echo();
    let frame = produce(1, "x.public.t");
    proxy.weather(Weather::Stalled);
    assert!(!returns(&client, &frame));
    proxy.weather(Weather::Clear);
    client.set_read_timeout(None).expect("a socket");
    let mut back = vec![0; frame.len()];
    client.read_exact(&mut back).expect("what was stalled");
    assert_eq!(back, frame);
}

#[test]
fn a_half_open_line_stays_silent() {
    let (proxy, _watch, client) = echo();
    proxy.weather(Weather::HalfOpen);
    assert!(!returns(&client, &produce(1, "x.public.t")));
    proxy.weather(Weather::Clear);
    assert!(!returns(&client, &produce(2, "x.public.t")));
}

#[test]
fn a_line_is_cut_after_so_many_bytes_and_a_new_one_is_whole() {
    let (proxy, _watch, client) = echo();
    let frame = produce(1, "x.public.t");
    proxy.weather(Weather::CutAfter(Side::Server, 6));
    let mut came = Vec::new();
    (&client).write_all(&frame).expect("sent");
    let _ = (&client).read_to_end(&mut came);
    assert_eq!(came, &frame[..6]);
    let again = TcpStream::connect(("127.0.0.1", proxy.port)).expect("the proxy");
    assert!(returns(&again, &frame));
}

static OFFSET_SENT: Point = Point {
    name: "test",
    matches: |sight, _| sight == crate::dialect::Sight::Request(crate::dialect::Api::ProduceOffset),
    pass: Pass::Hold,
    transactional: false,
    early: false,
    upto: 1,
};

#[test]
fn the_watch_stops_at_the_message_it_waits_for() {
    let (_proxy, watch, client) = echo();
    let reached = watch.arm(&OFFSET_SENT, 2);
    assert!(returns(&client, &produce(1, "x-offsets")));
    assert!(returns(&client, &produce(2, "x.public.t")));
    assert!(reached.try_recv().is_err());
    assert!(!returns(&client, &produce(3, "x-offsets")));
    assert!(reached.try_recv().is_ok());
}
