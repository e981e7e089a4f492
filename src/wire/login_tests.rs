//! Every way in, against the scripted server.

use openssl::hash::MessageDigest;
use postgres_protocol::authentication::md5_hash;
use tokio::io::DuplexStream;
use tokio::task::JoinHandle;

use super::channel::Channel;
use super::dial::{Cover, Line, cover};
use super::login::login;
use super::script::{self, PASSWORD, Server};
use super::{Purpose, Session, WireError};
use crate::pg::{Address, Secret, session};

fn line() -> (Line, Server<DuplexStream>) {
    let (ours, server) = tokio::io::duplex(1 << 16);
    (Line { channel: Channel::new(ours), tls: false, binding: None }, Server::new(server))
}

async fn finish(login: JoinHandle<Result<Session, WireError>>) -> Result<Session, WireError> {
    login.await.unwrap()
}

fn start(address: Address, line: Line) -> JoinHandle<Result<Session, WireError>> {
    tokio::spawn(async move { login(&address, Purpose::Replication, line).await })
}

/// A login that has sent its startup message.
async fn knock(address: Address) -> (Server<DuplexStream>, JoinHandle<Result<Session, WireError>>) {
    let (line, mut server) = line();
    let login = start(address, line);
    server.startup().await;
    (server, login)
}

#[tokio::test]
async fn the_startup_message_pins_the_session_and_later_settings_follow() {
    let (line, mut server) = line();
    let login = start(script::address(), line);
    let sent = server.startup().await;
    let value = |name: &str| sent.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str());
    assert_eq!(value("replication"), Some("database"));
    assert_eq!((value("user"), value("database")), (Some("wal"), Some("shop")));
    assert_eq!(value("application_name"), Some("walcast"));
    for (name, pinned) in session::parameters(&script::address()) {
        assert_eq!(value(name), Some(*pinned), "{name}");
    }
    server.welcome("17.2 (Debian)").await;
    for setting in ["idle_session_timeout", "transaction_timeout"] {
        assert_eq!(server.expect(b'Q').await, format!("SET {setting} = '0'\0").as_bytes());
        server.send(b'C', b"SET\0").await;
        server.prompt().await;
    }
    assert_eq!(finish(login).await.unwrap().server_version(), 170_002);
}

#[tokio::test]
async fn a_password_goes_in_clear_or_hashed_as_the_server_asks() {
    let (mut server, login) = knock(script::address()).await;
    server.authentication(3, b"").await;
    assert_eq!(server.expect(b'p').await, format!("{PASSWORD}\0").as_bytes());
    server.welcome("13.1").await;
    assert!(finish(login).await.is_ok());

    let (mut server, login) = knock(script::address()).await;
    server.authentication(5, b"\x2a\x3d\x8f\xe0").await;
    let hash = md5_hash(b"wal", PASSWORD.as_bytes(), [0x2a, 0x3d, 0x8f, 0xe0]);
    assert_eq!(server.expect(b'p').await, format!("{hash}\0").as_bytes());
    server.welcome("13.1").await;
    assert!(finish(login).await.is_ok());
}

#[tokio::test]
async fn scram_convinces_the_server() {
    let (mut server, login) = knock(script::address()).await;
    assert_eq!(server.scram(&["SCRAM-SHA-256"], b"").await, ("SCRAM-SHA-256".to_owned(), true));
    server.welcome("13.1").await;
    assert!(finish(login).await.is_ok());
}

#[tokio::test]
async fn over_tls_scram_is_bound_to_the_certificate_where_the_server_can() {
    for (offered, chosen) in [
        (["SCRAM-SHA-256-PLUS", "SCRAM-SHA-256"].as_slice(), "SCRAM-SHA-256-PLUS"),
        (["SCRAM-SHA-256"].as_slice(), "SCRAM-SHA-256"),
    ] {
        let (ours, theirs) = tokio::io::duplex(1 << 16);
        let accepting = tokio::spawn(script::accept_tls(theirs));
        let mut address = script::address();
        address.tls.mode = crate::pg::TlsMode::Require;
        let line = cover(ours, &address, Cover::Demand).await.unwrap();
        let (io, certificate) = accepting.await.unwrap().unwrap();
        let mut server = Server::new(io);
        let login = start(address, line);
        server.startup().await;
        let binding = certificate.digest(MessageDigest::sha256()).unwrap();
        assert_eq!(server.scram(offered, &binding).await, (chosen.to_owned(), true));
        server.welcome("13.1").await;
        assert!(finish(login).await.is_ok());
    }
}

#[tokio::test]
async fn a_wrong_password_is_the_servers_error_without_its_detail() {
    let address = Address { password: Some(Secret::new("crayon")), ..script::address() };
    let (mut server, login) = knock(address).await;
    assert!(!server.scram(&["SCRAM-SHA-256"], b"").await.1);
    server.error("28P01").await;
    let error = finish(login).await.err().unwrap();
    assert_eq!(error.sqlstate(), Some("28P01"));
    assert!(!error.is_transient());
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("4111") && !shown.contains("crayon"), "{shown}");
}

#[tokio::test]
async fn a_server_that_does_not_prove_itself_is_not_trusted() {
    // Lets us in without knowing the password: before the first step, and before the last.
    for steps in [0, 1] {
        let (mut server, login) = knock(script::address()).await;
        server.authentication(10, b"SCRAM-SHA-256\0\0").await;
        let initial = String::from_utf8(server.expect(b'p').await).unwrap();
        if steps == 1 {
            let nonce = initial.split_once("r=").unwrap().1;
            server.authentication(11, format!("r={nonce}x,s=c2FsdA==,i=1").as_bytes()).await;
            server.expect(b'p').await;
        }
        server.authentication(0, b"").await;
        assert!(matches!(finish(login).await, Err(WireError::Scram { .. })), "{steps}");
    }
}

#[tokio::test]
async fn a_forged_scram_answer_is_refused() {
    for (first, last) in [
        ("r=another-nonce,s=c2FsdA==,i=1", None),
        ("r={nonce}x,s=c2FsdA==,i=100000000", None),
        ("r={nonce}x,s=?,i=1", None),
        ("garbage", None),
        ("r={nonce}x,s=c2FsdA==,i=1", Some("v=AAAA")),
    ] {
        let (mut server, login) = knock(script::address()).await;
        server.authentication(10, b"SCRAM-SHA-256\0\0").await;
        let initial = String::from_utf8(server.expect(b'p').await).unwrap();
        let first = first.replace("{nonce}", initial.split_once("r=").unwrap().1);
        server.authentication(11, first.as_bytes()).await;
        if let Some(last) = last {
            server.expect(b'p').await;
            server.authentication(12, last.as_bytes()).await;
        }
        assert!(matches!(finish(login).await, Err(WireError::Scram { .. })), "{first}");
    }
}

#[tokio::test]
async fn what_is_not_supported_is_named() {
    let cases = [(7, "GSSAPI"), (9, "SSPI"), (2, "Kerberos"), (6, "SCM")];
    for (code, name) in cases {
        let (mut server, login) = knock(script::address()).await;
        server.authentication(code, b"").await;
        let error = finish(login).await.err().unwrap().to_string();
        assert!(error.contains(name), "{error}");
    }
    let (mut server, login) = knock(script::address()).await;
    server.authentication(10, b"OAUTHBEARER\0\0").await;
    assert!(matches!(finish(login).await, Err(WireError::Authentication { .. })));
}

#[tokio::test]
async fn a_missing_password_is_noticed_only_when_it_is_asked_for() {
    let without = || Address { password: None, ..script::address() };
    for (code, body) in [(3, b"".as_slice()), (5, b"salt"), (10, b"SCRAM-SHA-256\0\0")] {
        let (mut server, login) = knock(without()).await;
        server.authentication(code, body).await;
        assert!(matches!(finish(login).await, Err(WireError::PasswordMissing)), "{code}");
    }
    let (mut server, login) = knock(without()).await;
    server.welcome("13.1").await;
    assert!(finish(login).await.is_ok());
}

#[tokio::test]
async fn what_is_no_login_is_refused() {
    for (tag, body) in [(b'Z', b"I".as_slice()), (b'd', b"w"), (b'R', b"\0\0\0\x63"), (b'!', b"")] {
        let (mut server, login) = knock(script::address()).await;
        server.send(tag, body).await;
        let error = finish(login).await.err().unwrap();
        assert!(matches!(error, WireError::Protocol(_)), "{error}");
    }
}

#[tokio::test]
async fn a_fatal_error_is_reported_even_when_the_server_hangs_up_behind_it() {
    let (mut server, login) = knock(script::address()).await;
    server.welcome("13.1").await;
    let mut session = finish(login).await.unwrap();
    let asking = tokio::spawn(async move { session.query("IDENTIFY_SYSTEM").await });
    server.expect(b'Q').await;
    server.error("57P01").await;
    drop(server);
    assert_eq!(asking.await.unwrap().unwrap_err().sqlstate(), Some("57P01"));
}

#[tokio::test]
async fn a_session_becomes_a_stream_or_says_why_not() {
    let (mut server, login) = knock(script::address()).await;
    server.welcome("15.1").await;
    server.expect(b'Q').await;
    server.prompt().await;
    let session = finish(login).await.unwrap();
    let asked = super::Start {
        slot: "s",
        from: crate::words::Lsn(0x10),
        publication: "p",
        messages: false,
        extra: &[("origin".to_owned(), "none".to_owned())],
    };
    let serving = tokio::spawn(async move {
        let sql = String::from_utf8(server.expect(b'Q').await).unwrap();
        server.send(b'N', b"SNOTICE\0\0").await;
        server.send(b'W', b"\0\0\0").await;
        server.send(b'd', b"k\0\0\0\0\0\0\0\x20\0\0\0\0\0\0\0\0\0").await;
        (server, sql)
    });
    let mut stream = session.start(&asked).await.unwrap();
    let (server, sql) = serving.await.unwrap();
    assert!(sql.ends_with("\"origin\" 'none')\0"), "{sql}");
    while stream.peek().unwrap().is_none() {
        stream.fill().await.unwrap();
    }
    drop(server);
}
