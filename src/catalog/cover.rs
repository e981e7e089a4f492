//! `pg::tls` in the form that tokio-postgres takes.

use std::error::Error;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_postgres::tls::{ChannelBinding, MakeTlsConnect, TlsConnect, TlsStream};

use crate::pg::Tls;
use crate::pg::tls::{self, Covered, Ssl, TlsError};

pub(super) struct Cover(pub(super) Tls);

/// Where TLS is a must its settings are looked at first. Else only when the server agrees to it: OpenSSL takes two megabytes
/// as soon as it is used.
pub(super) struct Offer {
    tls: Tls,
    host: String,
    ready: Option<Ssl>,
}

pub(super) struct Line<S>(Covered<S>);

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> MakeTlsConnect<S> for Cover {
    type Stream = Line<S>;
    type TlsConnect = Offer;
    type Error = TlsError;

    fn make_tls_connect(&mut self, host: &str) -> Result<Offer, TlsError> {
        let tls = self.0.clone();
        let ready = tls.mode.is_binding().then(|| tls::session(&tls, host)).transpose()?;
        Ok(Offer { tls, host: host.to_owned(), ready })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> TlsConnect<S> for Offer {
    type Stream = Line<S>;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Line<S>, Self::Error>> + Send>>;

    fn connect(self, stream: S) -> Self::Future {
        Box::pin(async move {
            let session = match self.ready {
                Some(session) => session,
                None => tls::session(&self.tls, &self.host)?,
            };
            Ok(Line(tls::handshake(session, stream).await?))
        })
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> TlsStream for Line<S> {
    fn channel_binding(&self) -> ChannelBinding {
        tls::server_end_point(&self.0).map_or_else(ChannelBinding::none, ChannelBinding::tls_server_end_point)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Line<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Line<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
