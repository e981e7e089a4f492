//! What Connect's router does before a call is looked at: which types are accepted, and which methods a path has.

use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::respond::bare_error;

/// The order in which methods are told.
const METHODS: [&str; 7] = ["HEAD", "POST", "GET", "PUT", "PATCH", "DELETE", "OPTIONS"];

/// JSON is all there is: whoever accepts none of it is told so.
pub(super) async fn json_only(request: Request, next: Next) -> Response {
    if *request.method() == Method::OPTIONS {
        return next.run(request).await;
    }
    let wanted = accepted(request.headers());
    let mut response = match wanted {
        Accepted::Nothing => return bare_error(StatusCode::NOT_ACCEPTABLE),
        _ => next.run(request).await,
    };
    // Who asks for a charset hears of it.
    if matches!(wanted, Accepted::Utf8) && response.headers().contains_key(header::CONTENT_TYPE) {
        let json = HeaderValue::from_static("application/json;charset=utf-8");
        response.headers_mut().insert(header::CONTENT_TYPE, json);
    }
    response
}

/// `OPTIONS` of a path that exists: its methods.
pub(super) async fn options(request: Request, next: Next) -> Response {
    let asked = *request.method() == Method::OPTIONS;
    let response = next.run(request).await;
    let Some(allowed) = response.headers().get(header::ALLOW).and_then(|value| value.to_str().ok()) else {
        return response;
    };
    if !asked {
        return response;
    }
    let has = |method: &&str| *method == "OPTIONS" || allowed.split(',').any(|known| known.trim() == *method);
    let methods: Vec<_> = METHODS.into_iter().filter(has).collect();
    let head = [(header::ALLOW, methods.join(",")), (header::CONTENT_TYPE, "text/plain".to_owned())];
    (StatusCode::OK, head, Body::from(methods.join(", "))).into_response()
}

/// A refusal of the library's own, as of a path that is not UTF-8, is told as Connect's router tells its own.
pub(super) async fn own_words(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let kind = response.headers().get(header::CONTENT_TYPE);
    match kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/plain")) && response.status().is_client_error() {
        true => bare_error(response.status()),
        false => response,
    }
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Accepted {
    Nothing,
    Json,
    Utf8,
}

fn accepted(headers: &HeaderMap) -> Accepted {
    let given = || headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    if given().all(|list| list.trim().is_empty()) {
        return Accepted::Json;
    }
    // The one that says more about JSON wins.
    given().flat_map(|list| list.split(',')).filter_map(range).max().unwrap_or(Accepted::Nothing)
}

/// One range of `Accept`, if JSON lies in it.
fn range(text: &str) -> Option<Accepted> {
    let mut parts = text.split(';').map(str::trim);
    let media = parts.next()?;
    let fits = ["application/json", "application/*", "*/*"].iter().any(|known| media.eq_ignore_ascii_case(known));
    let (mut accepted, mut weight) = (Accepted::Json, 1.0);
    for (name, value) in parts.filter_map(|part| part.split_once('=')) {
        match name.trim().to_ascii_lowercase().as_str() {
            "q" => weight = value.trim().parse().unwrap_or(0.0),
            "charset" if value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8") => accepted = Accepted::Utf8,
            _ => {}
        }
    }
    (fits && weight > 0.0).then_some(accepted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_found_among_what_is_accepted() {
        for (accept, expected) in [
            ("", Accepted::Json),
            ("application/json", Accepted::Json),
            ("application/xml, */*;q=0.1", Accepted::Json),
            ("Application/JSON; charset=UTF-8", Accepted::Utf8),
            ("text/html, application/*", Accepted::Json),
            ("text/plain", Accepted::Nothing),
            ("application/json;q=0", Accepted::Nothing),
            ("application/jsonl", Accepted::Nothing),
            (";;;,,,", Accepted::Nothing),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT, accept.parse().unwrap());
            assert_eq!(accepted(&headers), expected, "{accept}");
        }
        assert_eq!(accepted(&HeaderMap::new()), Accepted::Json);
    }
}
