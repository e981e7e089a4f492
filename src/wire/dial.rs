//! From an address to bytes: TCP or unix socket, clear or TLS.

use std::io;
use std::net::SocketAddr;

use postgres_protocol::message::frontend;
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream, UnixStream, lookup_host};

use super::WireError;
use super::channel::{Channel, Duplex};
use crate::pg::tls::{self, HandshakeError};
use crate::pg::{self, Address, TlsMode};

/// An open line, and the channel binding of its certificate if it is TLS.
pub(super) struct Line {
    pub(super) channel: Channel,
    pub(super) tls: bool,
    pub(super) binding: Option<Vec<u8>>,
}

/// Whether to ask for TLS on this try.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Cover {
    Clear,
    Offer,
    Demand,
}

/// The tries that the address allows, in order; the next is made only when the server turns the first away. A unix
/// socket is never covered, whatever the mode says (as with libpq): nobody listens in between.
pub(super) fn covers(address: &Address) -> &'static [Cover] {
    if is_socket_folder(&address.host) {
        return &[Cover::Clear];
    }
    match address.tls.mode {
        TlsMode::Disable => &[Cover::Clear],
        TlsMode::Allow => &[Cover::Clear, Cover::Demand],
        TlsMode::Prefer => &[Cover::Offer, Cover::Clear],
        TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => &[Cover::Demand],
    }
}

pub(super) async fn dial(address: &Address, wanted: Cover) -> Result<Line, WireError> {
    let unreachable = |why: io::Error| WireError::Unreachable {
        host: address.host.clone(),
        port: address.port,
        why: why.to_string(),
    };
    if is_socket_folder(&address.host) {
        let path = format!("{}/.s.PGSQL.{}", address.host.trim_end_matches('/'), address.port);
        return Ok(clear(UnixStream::connect(path).await.map_err(unreachable)?));
    }
    cover(tcp(address).await.map_err(unreachable)?, address, wanted).await
}

/// Puts TLS over a connected line, as far as wanted and offered.
pub(super) async fn cover(mut io: impl Duplex + 'static, address: &Address, wanted: Cover) -> Result<Line, WireError> {
    if wanted == Cover::Clear {
        return Ok(clear(io));
    }
    let mut request = bytes::BytesMut::new();
    frontend::ssl_request(&mut request);
    io.write_all(&request).await?;
    // Exactly one byte: anything more before the handshake would be an attacker's.
    match io.read_u8().await? {
        b'S' => {}
        b'N' if wanted == Cover::Offer => {
            tracing::warn!(
                host = address.host,
                "the server offers no TLS: connecting in clear (database.sslmode=prefer)"
            );
            return Ok(clear(io));
        }
        b'N' => return Err(WireError::TlsRefused),
        // The start of an error message, not to be believed before TLS: a server too busy to start a process sends it.
        b'E' => return Err(io::Error::other("the server could not answer the request for TLS").into()),
        other => return Err(WireError::Protocol(format!("answer {other:#x} to the TLS request"))),
    }
    // Only now: to read the system's certificates, where they are asked for, takes a tenth of a second.
    let session = tls::session(&address.tls, &address.host)?;
    let host = || address.host.clone();
    let stream = tls::handshake(session, io).await.map_err(|e| match e {
        HandshakeError::Untrusted { why } => WireError::Untrusted { host: host(), why },
        HandshakeError::Failed { why } => WireError::TlsFailed { host: host(), why },
    })?;
    let binding = tls::server_end_point(&stream);
    Ok(Line { channel: Channel::new(stream), tls: true, binding })
}

fn clear(io: impl Duplex + 'static) -> Line {
    Line { channel: Channel::new(io), tls: false, binding: None }
}

fn is_socket_folder(host: &str) -> bool {
    host.starts_with('/')
}

/// Tries each address the name resolves to.
async fn tcp(address: &Address) -> io::Result<TcpStream> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name resolves to no address");
    for target in lookup_host((address.host.as_str(), address.port)).await? {
        match knock(target, address.tcp_keepalive).await {
            Ok(stream) => return Ok(stream),
            Err(e) => last = e,
        }
    }
    Err(last)
}

async fn knock(target: SocketAddr, keepalive: bool) -> io::Result<TcpStream> {
    let socket = if target.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    if keepalive {
        let patience = TcpKeepalive::new()
            .with_time(pg::KEEPALIVE_IDLE)
            .with_interval(pg::KEEPALIVE_INTERVAL)
            .with_retries(pg::KEEPALIVE_RETRIES);
        SockRef::from(&socket).set_tcp_keepalive(&patience)?;
    }
    socket.set_nodelay(true)?;
    let stream = socket.connect(target).await?;
    #[cfg(target_os = "linux")]
    SockRef::from(&stream).set_tcp_user_timeout(Some(pg::UNACKNOWLEDGED))?;
    Ok(stream)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pg::Tls;
    use crate::wire::script;

    fn address(mode: TlsMode, host: &str) -> Address {
        Address { host: host.to_owned(), tls: Tls { mode, ..Tls::default() }, ..script::address() }
    }

    #[test]
    fn modes_try_what_libpq_tries() {
        let covers = |mode| covers(&address(mode, "db"));
        assert_eq!(covers(TlsMode::Disable), [Cover::Clear]);
        assert_eq!(covers(TlsMode::Allow), [Cover::Clear, Cover::Demand]);
        assert_eq!(covers(TlsMode::Prefer), [Cover::Offer, Cover::Clear]);
        for mode in [TlsMode::Require, TlsMode::VerifyCa, TlsMode::VerifyFull] {
            assert_eq!(covers(mode), [Cover::Demand], "{mode:?} must never fall back to clear");
        }
    }

    #[test]
    fn a_unix_socket_is_not_covered() {
        assert_eq!(covers(&address(TlsMode::Prefer, "/run/postgresql")), [Cover::Clear]);
    }

    #[tokio::test]
    async fn a_server_without_tls_is_taken_in_clear_only_if_that_was_allowed() {
        for (wanted, accepted) in [(Cover::Offer, true), (Cover::Demand, false)] {
            let (ours, mut server) = tokio::io::duplex(1024);
            let answering = tokio::spawn(async move {
                let mut request = [0; 8];
                server.read_exact(&mut request).await.unwrap();
                assert_eq!(request, *b"\0\0\0\x08\x04\xd2\x16\x2f");
                server.write_all(b"N").await.unwrap();
                server
            });
            let line = cover(ours, &address(TlsMode::Prefer, "db"), wanted).await;
            assert_eq!(line.as_ref().is_ok_and(|line| !line.tls), accepted);
            assert_eq!(matches!(line, Err(WireError::TlsRefused)), !accepted);
            answering.await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_certificate_nobody_vouches_for_is_refused_with_the_reason() {
        for (mode, accepted) in [(TlsMode::Require, true), (TlsMode::VerifyCa, false), (TlsMode::VerifyFull, false)] {
            let (ours, server) = tokio::io::duplex(1 << 16);
            let server = tokio::spawn(script::accept_tls(server));
            let line = cover(ours, &address(mode, "db"), Cover::Demand).await;
            match line {
                Ok(line) => assert!(accepted && line.tls && line.binding.is_some(), "{mode:?}"),
                Err(e) => {
                    assert!(!accepted && matches!(e, WireError::Untrusted { .. }), "{mode:?}: {e}");
                    assert!(e.to_string().contains("self-signed"), "{e}");
                }
            }
            let _ = server.await.unwrap();
        }
    }
}
