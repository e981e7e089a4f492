//! One GET after the other, each on a connection of its own.

use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, CONNECTION, HOST};
use hyper::{Request, Uri};
use hyper_util::rt::TokioIo;
use openssl::error::ErrorStack;
use openssl::ssl::{SslConnector, SslFiletype, SslMethod};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_openssl::SslStream;

/// A worker that runs answers in milliseconds.
const ANSWER: Duration = Duration::from_secs(5);
/// Far more than a thousand connectors have to say.
const LARGEST: usize = 16 << 20;

/// What a guarded worker asks for.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// A file that holds the `Authorization` header: `Bearer ...`, or `Basic ...`.
    pub authorization: Option<PathBuf>,
    /// PEM file of the authority that signed the worker's certificate, if it is not one that the system trusts.
    pub authority: Option<PathBuf>,
    /// PEM file of our own certificate and its key.
    pub identity: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum AskError {
    #[error("{url}: expected http://HOST:PORT or https://HOST:PORT")]
    Url { url: String },
    #[error("cannot read {}: {why}", path.display())]
    File { path: PathBuf, why: String },
    #[error("nobody answers at {url}: {why}; is walcast running, and does it listen there? (--url)")]
    Unreachable { url: String, why: String },
    #[error("no TLS with {url}: {why}; --cacert FILE names the authority of its certificate, --cert FILE our own")]
    Tls { url: String, why: String },
    #[error("{url} answers {status}{}", if [401, 403].contains(status) { ": give --authorization FILE" } else { "" })]
    Refused { url: String, status: u16 },
    #[error("{url} answers with something that is not Connect's REST interface")]
    Unexpected { url: String },
    #[error("there is no connector {name} at {url}")]
    Unknown { name: String, url: String },
}

pub(super) struct Client {
    url: String,
    host: String,
    port: u16,
    tls: Option<SslConnector>,
    authorization: Option<String>,
}

trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

impl Client {
    pub(super) fn new(url: &str, access: &Access) -> Result<Self, AskError> {
        let wrong = || AskError::Url { url: url.to_owned() };
        let parsed: Uri = url.parse().map_err(|_| wrong())?;
        let host = parsed.host().ok_or_else(wrong)?.trim_matches(['[', ']']).to_owned();
        let (standard, covered) = match parsed.scheme_str() {
            Some("http") => (80, false),
            Some("https") => (443, true),
            _ => return Err(wrong()),
        };
        let read = |path: &PathBuf| {
            let failed = |e: std::io::Error| AskError::File { path: path.clone(), why: e.to_string() };
            std::fs::read_to_string(path).map(|text| text.trim().to_owned()).map_err(failed)
        };
        Ok(Self {
            url: url.trim_end_matches('/').to_owned(),
            host,
            port: parsed.port_u16().unwrap_or(standard),
            tls: covered.then(|| connector(access)).transpose()?,
            authorization: access.authorization.as_ref().map(read).transpose()?,
        })
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value, AskError> {
        match timeout(ANSWER, self.exchange(path)).await {
            Ok(answer) => answer,
            Err(_) => Err(self.unreachable(format!("no answer within {} s", ANSWER.as_secs()))),
        }
    }

    async fn exchange(&self, path: &str) -> Result<Value, AskError> {
        let stream = self.dial().await?;
        let (mut sender, connection) =
            http1::handshake(TokioIo::new(stream)).await.map_err(|e| self.unreachable(e.to_string()))?;
        let mut request =
            Request::get(path).header(HOST, format!("{}:{}", self.host, self.port)).header(CONNECTION, "close");
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        let request = request.body(Empty::<Bytes>::new()).map_err(|_| AskError::Url { url: self.url.clone() })?;
        let exchange = async move {
            let response = sender.send_request(request).await.map_err(|e| self.unreachable(e.to_string()))?;
            let status = response.status().as_u16();
            if status != 200 {
                return Err(AskError::Refused { url: self.url.clone(), status });
            }
            let unexpected = || AskError::Unexpected { url: self.url.clone() };
            let body = Limited::new(response.into_body(), LARGEST).collect().await.map_err(|_| unexpected())?;
            serde_json::from_slice(&body.to_bytes()).map_err(|_| unexpected())
        };
        // How the connection ends is of no interest once there is an answer, and the reason for none otherwise.
        tokio::join!(exchange, connection).0
    }

    async fn dial(&self) -> Result<Pin<Box<dyn Duplex>>, AskError> {
        let tcp = TcpStream::connect((self.host.as_str(), self.port)).await;
        let tcp = tcp.map_err(|e| self.unreachable(e.to_string()))?;
        let Some(tls) = &self.tls else { return Ok(Box::pin(tcp)) };
        let ssl = tls.configure().and_then(|c| c.into_ssl(&self.host)).map_err(|e| self.unreachable(e.to_string()))?;
        let mut stream = SslStream::new(ssl, tcp).map_err(|e| self.unreachable(e.to_string()))?;
        let untrusted = |e: openssl::ssl::Error| AskError::Tls { url: self.url.clone(), why: e.to_string() };
        Pin::new(&mut stream).connect().await.map_err(untrusted)?;
        Ok(Box::pin(stream))
    }

    fn unreachable(&self, why: String) -> AskError {
        AskError::Unreachable { url: self.url.clone(), why }
    }
}

fn connector(access: &Access) -> Result<SslConnector, AskError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |e: ErrorStack| AskError::File { path, why: e.to_string() }
    };
    let mut builder = SslConnector::builder(SslMethod::tls()).map_err(failed(Path::new("")))?;
    if let Some(path) = &access.authority {
        builder.set_ca_file(path).map_err(failed(path))?;
    }
    if let Some(path) = &access.identity {
        builder.set_private_key_file(path, SslFiletype::PEM).map_err(failed(path))?;
        builder.set_certificate_chain_file(path).map_err(failed(path))?;
    }
    Ok(builder.build())
}

/// A name as one segment of a path.
pub(super) fn segment(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    name.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02X}") }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_a_scheme_and_a_host() {
        let client = |url: &str| Client::new(url, &Access::default());
        assert_eq!(client("http://[::1]:8083/").map(|c| (c.host, c.port)).unwrap(), ("::1".to_owned(), 8083));
        assert_eq!(client("https://worker").map(|c| (c.port, c.tls.is_some())).unwrap(), (443, true));
        for wrong in ["", "localhost:8083", "ftp://x:1", "http://"] {
            assert!(matches!(client(wrong), Err(AskError::Url { .. })), "{wrong}");
        }
    }

    #[test]
    fn a_name_stays_one_segment() {
        assert_eq!(segment("../a b/ä"), "..%2Fa%20b%2F%C3%A4");
    }
}
