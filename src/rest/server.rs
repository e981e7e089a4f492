//! The listening side: TLS, how many may connect, and how slow they may be.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use openssl::ssl::Ssl;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_openssl::SslStream;
use tokio_util::sync::CancellationToken;

use super::tls::Secured;
use super::visitors::{Visitor, Visitors};

/// Connections at a time; each takes some 20 kB while nothing is said.
const MOST: usize = 512;
/// For the head of a request, and for silence between two.
const HEAD_WITHIN: Duration = Duration::from_secs(15);
const HANDSHAKE_WITHIN: Duration = Duration::from_secs(10);
/// The largest head.
const HEAD: usize = 64 << 10;
/// When the process has no file descriptor left: others give theirs back meanwhile.
const BREATH: Duration = Duration::from_millis(100);

/// A socket that listens, with TLS or without.
pub struct Listener {
    pub socket: TcpListener,
    pub tls: Option<Secured>,
}

impl Listener {
    /// `HOST:PORT` for others. Who listens on every address is at the one that this machine speaks from, which is what Connect
    /// tells where no host is named.
    pub fn reached_at(&self) -> String {
        let Ok(local) = self.socket.local_addr() else { return String::new() };
        let ip = if local.ip().is_unspecified() { spoken_from(local.ip()) } else { local.ip() };
        SocketAddr::new(ip, local.port()).to_string()
    }

    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }
}

/// The address that the routing table chooses for what goes out. Nothing is sent: these addresses are for documentation.
fn spoken_from(every: IpAddr) -> IpAddr {
    let through = |own: IpAddr, out: IpAddr| {
        let socket = UdpSocket::bind((own, 0)).ok()?;
        socket.connect((out, 9)).ok()?;
        Some(socket.local_addr().ok()?.ip())
    };
    let v4 = || through(Ipv4Addr::UNSPECIFIED.into(), Ipv4Addr::new(192, 0, 2, 1).into());
    let v6 = || through(Ipv6Addr::UNSPECIFIED.into(), Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1).into());
    // A socket of all IPv6 addresses takes IPv4 too.
    let found = if every.is_ipv6() { v4().or_else(v6) } else { v4() };
    found.unwrap_or(if every.is_ipv6() { Ipv6Addr::LOCALHOST.into() } else { Ipv4Addr::LOCALHOST.into() })
}

/// Serves until `stop`, and then ends the connections.
pub(super) async fn serve(listeners: Vec<(Listener, Router)>, stop: CancellationToken) {
    let visitors = Visitors::new(MOST);
    let mut doors = JoinSet::new();
    for (listener, router) in listeners {
        doors.spawn(door(listener, router, visitors.clone(), stop.clone()));
    }
    while doors.join_next().await.is_some() {}
}

async fn door(listener: Listener, router: Router, visitors: Visitors, stop: CancellationToken) {
    let mut open = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = open.join_next(), if !open.is_empty() => {}
            accepted = listener.socket.accept() => match accepted {
                Ok((socket, _)) => {
                    if let Some(visitor) = visitors.enter() {
                        open.spawn(attend(socket, listener.tls.clone(), router.clone(), visitor, stop.clone()));
                    }
                }
                Err(error) => {
                    tracing::debug!("cannot accept a connection: {error}");
                    sleep(BREATH).await;
                }
            },
        }
    }
    while open.join_next().await.is_some() {}
}

async fn attend(socket: TcpStream, tls: Option<Secured>, router: Router, visitor: Visitor, stop: CancellationToken) {
    let visitor = Arc::new(visitor);
    // Answers are small and shall not wait for more.
    let _ = socket.set_nodelay(true);
    let talk = async {
        match tls {
            None => converse(socket, router, visitor.clone(), stop).await,
            Some(tls) => match timeout(HANDSHAKE_WITHIN, shake_hands(&tls, socket)).await {
                Ok(Ok(stream)) => converse(stream, router, visitor.clone(), stop).await,
                Ok(Err(error)) => tracing::debug!("TLS handshake failed: {error}"),
                Err(_) => {}
            },
        }
    };
    tokio::select! {
        () = visitor.asked_to_leave() => {}
        () = talk => {}
    }
}

async fn shake_hands(tls: &Secured, socket: TcpStream) -> Result<SslStream<TcpStream>, openssl::ssl::Error> {
    let mut stream = SslStream::new(Ssl::new(tls.acceptor().context())?, socket)?;
    Pin::new(&mut stream).accept().await?;
    Ok(stream)
}

async fn converse<S>(stream: S, router: Router, visitor: Arc<Visitor>, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
        request.extensions_mut().insert(visitor.clone());
        router.call(request)
    });
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(HEAD_WITHIN).max_buf_size(HEAD);
    let mut connection = std::pin::pin!(http.serve_connection(TokioIo::new(stream), service));
    tokio::select! {
        // Err: the other side broke off, or spoke no HTTP.
        _ = connection.as_mut() => return,
        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_listener_tells_an_address_that_others_can_use() {
        for (listens, exactly) in [("127.0.0.1:0", Some("127.0.0.1")), ("0.0.0.0:0", None), ("[::]:0", None)] {
            let Ok(socket) = TcpListener::bind(listens).await else { continue };
            let port = socket.local_addr().unwrap().port();
            let told: SocketAddr = Listener { socket, tls: None }.reached_at().parse().unwrap();
            assert_eq!(told.port(), port);
            assert!(!told.ip().is_unspecified(), "{listens}: {told}");
            assert!(exactly.is_none_or(|ip| told.ip().to_string() == ip), "{listens}: {told}");
        }
    }
}
