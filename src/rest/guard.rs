//! Keeps web pages out: a browser that was lured here must not change connectors.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, Method, StatusCode, Version, header};
use axum::middleware::Next;
use axum::response::Response;

use super::respond::error;

/// A call is for one host. Those that change something are refused when they come from another origin, or, on loopback, for
/// another host name.
pub(super) async fn same_origin(
    State(local): State<Arc<Option<SocketAddr>>>,
    request: Request,
    next: Next,
) -> Response {
    let hosts = request.headers().get_all(header::HOST).iter().count();
    // HTTP/1.0 knows no such header, HTTP/2 has it in the address.
    if hosts > 1 || (hosts == 0 && request.version() == Version::HTTP_11) {
        return error(StatusCode::BAD_REQUEST, "a request has one Host header");
    }
    let changes = !matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if changes && let Err(why) = check(request.headers(), *local) {
        return error(StatusCode::FORBIDDEN, why);
    }
    next.run(request).await
}

fn check(headers: &HeaderMap, local: Option<SocketAddr>) -> Result<(), &'static str> {
    let text = |name| headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok());
    let host = text(header::HOST).unwrap_or("");
    if let Some(origin) = text(header::ORIGIN) {
        let authority = origin.split_once("://").map_or("", |(_, authority)| authority);
        if authority != host {
            return Err("a page of another origin may not change connectors");
        }
    }
    let loopback = local.is_some_and(|address| address.ip().is_loopback());
    if loopback && !names_loopback(host) {
        return Err("the Host header does not name this worker");
    }
    Ok(())
}

fn names_loopback(host: &str) -> bool {
    // An IPv6 address is in brackets; a port may follow either way.
    let name = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next().unwrap_or(""),
        None => host.split(':').next().unwrap_or(""),
    };
    name.is_empty()
        || name.eq_ignore_ascii_case("localhost")
        || name.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (k.parse::<header::HeaderName>().unwrap(), v.parse().unwrap())).collect()
    }

    #[test]
    fn other_origins_and_rebound_names_are_refused() {
        let local = Some("127.0.0.1:8083".parse().unwrap());
        assert!(check(&headers(&[("host", "127.0.0.1:8083")]), local).is_ok());
        assert!(check(&headers(&[("host", "localhost:8083"), ("origin", "http://localhost:8083")]), local).is_ok());
        assert!(check(&headers(&[("host", "[::1]:8083")]), local).is_ok());
        assert!(check(&headers(&[("host", "127.0.0.1:8083"), ("origin", "http://evil.example")]), local).is_err());
        assert!(check(&headers(&[("host", "evil.example:8083")]), local).is_err());
        assert!(check(&headers(&[("host", "walcast:8083")]), Some("0.0.0.0:8083".parse().unwrap())).is_ok());
    }
}
