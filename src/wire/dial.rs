//! From an address to bytes: TCP or unix socket, clear or TLS.

use std::pin::Pin;

use postgres_protocol::message::frontend;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream, UnixStream, lookup_host};
use tokio_openssl::SslStream;

use super::WireError;
use super::channel::Channel;
use crate::pg::{Address, TlsMode, tls};

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

/// The tries that a mode allows, in order; the next is made only when the server turns the first away.
pub(super) fn covers(mode: TlsMode) -> &'static [Cover] {
    match mode {
        TlsMode::Disable => &[Cover::Clear],
        TlsMode::Allow => &[Cover::Clear, Cover::Demand],
        TlsMode::Prefer => &[Cover::Offer, Cover::Clear],
        TlsMode::Require | TlsMode::VerifyCa | TlsMode::VerifyFull => &[Cover::Demand],
    }
}

pub(super) async fn dial(address: &Address, cover: Cover) -> Result<Line, WireError> {
    let unreachable = |why: std::io::Error| WireError::Unreachable {
        host: address.host.clone(),
        port: address.port,
        why: why.to_string(),
    };
    if address.host.starts_with('/') {
        let path = format!("{}/.s.PGSQL.{}", address.host.trim_end_matches('/'), address.port);
        let socket = UnixStream::connect(path).await.map_err(unreachable)?;
        return Ok(Line { channel: Channel::new(socket), tls: false, binding: None });
    }
    let mut socket = tcp(address).await.map_err(unreachable)?;
    if cover == Cover::Clear {
        return Ok(Line { channel: Channel::new(socket), tls: false, binding: None });
    }
    let mut request = bytes::BytesMut::new();
    frontend::ssl_request(&mut request);
    socket.write_all(&request).await?;
    // Exactly one byte: anything more before the handshake would be an attacker's.
    match socket.read_u8().await? {
        b'S' => {}
        b'N' if cover == Cover::Offer => {
            tracing::warn!(
                host = address.host,
                "the server offers no TLS: connecting in clear (database.sslmode=prefer)"
            );
            return Ok(Line { channel: Channel::new(socket), tls: false, binding: None });
        }
        b'N' => return Err(WireError::TlsRefused),
        other => return Err(WireError::Protocol(format!("answer {other:#x} to the TLS request"))),
    }
    let failed = |why: String| WireError::TlsFailed { host: address.host.clone(), why };
    let session = tls::session(&address.tls, &address.host)?;
    let mut stream = SslStream::new(session, socket).map_err(|e| failed(e.to_string()))?;
    Pin::new(&mut stream).connect().await.map_err(|e| failed(e.to_string()))?;
    let binding = tls::server_end_point(stream.ssl());
    Ok(Line { channel: Channel::new(stream), tls: true, binding })
}

/// Tries each address the name resolves to.
async fn tcp(address: &Address) -> std::io::Result<TcpStream> {
    let mut last = std::io::Error::new(std::io::ErrorKind::NotFound, "the name resolves to no address");
    for target in lookup_host((address.host.as_str(), address.port)).await? {
        let socket = if target.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_keepalive(address.tcp_keepalive)?;
        socket.set_nodelay(true)?;
        match socket.connect(target).await {
            Ok(stream) => return Ok(stream),
            Err(e) => last = e,
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modes_try_what_libpq_tries() {
        assert_eq!(covers(TlsMode::Disable), [Cover::Clear]);
        assert_eq!(covers(TlsMode::Allow), [Cover::Clear, Cover::Demand]);
        assert_eq!(covers(TlsMode::Prefer), [Cover::Offer, Cover::Clear]);
        for mode in [TlsMode::Require, TlsMode::VerifyCa, TlsMode::VerifyFull] {
            assert_eq!(covers(mode), [Cover::Demand], "{mode:?} must never fall back to clear");
        }
    }
}
