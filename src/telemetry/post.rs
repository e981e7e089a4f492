//! How traces are carried: each batch one POST on a connection of its own, every few seconds.
//!
//! The SDK calls from a thread of its own, which is none of the runtime's; the talking is done on the runtime. Ours and not
//! one of the SDK's clients, because those bring a second TLS stack.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt, Full, Limited};
use hyper::Uri;
use hyper::client::conn::http1;
use hyper::header::{CONNECTION, HOST, HeaderValue};
use hyper_util::rt::TokioIo;
use openssl::error::ErrorStack;
use openssl::ssl::{SslConnector, SslMethod};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::runtime::Handle;
use tokio::time::timeout;
use tokio_openssl::SslStream;

/// A collector answers with next to nothing.
const LARGEST: usize = 1 << 20;

/// Why the last request had no answer, which the exporter does not hand on.
#[derive(Clone, Debug, Default)]
pub(super) struct Trouble(Arc<Mutex<Option<String>>>);

impl Trouble {
    pub(super) fn take(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn set(&self, why: Option<String>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = why;
    }
}

#[derive(Debug)]
pub(super) struct Post {
    runtime: Handle,
    tls: Option<SslConnector>,
    within: Duration,
    trouble: Trouble,
}

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

impl Post {
    /// On the runtime of the caller. `authority`: a PEM file trusted beside what the system trusts.
    pub(super) fn new(secured: bool, authority: Option<&str>, within: Duration) -> Result<Self, ErrorStack> {
        let tls = || {
            let mut builder = SslConnector::builder(SslMethod::tls_client())?;
            authority.map_or(Ok(()), |path| builder.set_ca_file(path))?;
            Ok(builder.build())
        };
        let tls = secured.then(tls).transpose()?;
        Ok(Self { runtime: Handle::current(), tls, within, trouble: Trouble::default() })
    }

    pub(super) fn trouble(&self) -> Trouble {
        self.trouble.clone()
    }
}

impl HttpClient for Post {
    fn send_bytes<'life0, 'async_trait>(
        &'life0 self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'async_trait>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        let (within, tls) = (self.within, self.tls.clone());
        // The clock, too, is the runtime's.
        let exchanged = self.runtime.spawn(async move { timeout(within, exchange(request, tls)).await });
        Box::pin(async move {
            let answer = match exchanged.await {
                Ok(Ok(answer)) => answer,
                Ok(Err(_)) => Err(format!("no answer within {} ms", within.as_millis()).into()),
                Err(stopped) => Err(stopped.into()),
            };
            self.trouble.set(answer.as_ref().err().map(ToString::to_string));
            answer
        })
    }
}

async fn exchange(mut request: Request<Bytes>, tls: Option<SslConnector>) -> Result<Response<Bytes>, HttpError> {
    let to = std::mem::take(request.uri_mut());
    let host = to.host().ok_or("the endpoint names no host")?;
    let port = to.port_u16().unwrap_or(if tls.is_some() { 443 } else { 80 });
    let stream = dial(host.trim_matches(['[', ']']), port, tls).await.map_err(|e| format!("{host}:{port}: {e}"))?;
    *request.uri_mut() = Uri::from(to.path_and_query().cloned().ok_or("the endpoint has no path")?);
    request.headers_mut().insert(HOST, HeaderValue::from_str(&format!("{host}:{port}"))?);
    request.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let answer = async move {
        let (head, body) = sender.send_request(request.map(Full::new)).await?.into_parts();
        let body = Limited::new(body, LARGEST).collect().await?;
        Ok(Response::from_parts(head, body.to_bytes()))
    };
    // How the connection ends is of no interest once there is an answer, and the reason for none otherwise.
    tokio::join!(answer, connection).0
}

async fn dial(host: &str, port: u16, tls: Option<SslConnector>) -> Result<Pin<Box<dyn Duplex>>, HttpError> {
    let tcp = TcpStream::connect((host, port)).await?;
    let Some(tls) = tls else { return Ok(Box::pin(tcp)) };
    let mut stream = SslStream::new(tls.configure()?.into_ssl(host)?, tcp)?;
    Pin::new(&mut stream).connect().await?;
    Ok(Box::pin(stream))
}
