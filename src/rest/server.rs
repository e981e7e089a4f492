//! The listening side: TLS, how many may connect, and how slow they may be.

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
    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }
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
