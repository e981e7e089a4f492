//! Who may call what: names with passwords or tokens, and whether they may change anything.
//!
//! Secrets are kept and compared as digests: neither their bytes nor their length show in the time it takes.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::Response;
use openssl::base64::decode_block;
use openssl::sha::sha256;

use super::respond::error;
use crate::settings::server::User;

/// Told to anyone: a probe has no password, and they say nothing else.
const OPEN: [&str; 3] = ["/health", "/livez", "/readyz"];

/// Everyone who may call. Nobody in it: everyone may.
pub(super) struct Access {
    known: Vec<Known>,
}

struct Known {
    /// Of `name:password`.
    basic: Option<[u8; 32]>,
    bearer: Option<[u8; 32]>,
    role: Role,
}

/// What a caller may do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Role {
    Admin,
    /// May look at everything but secrets, and change nothing.
    ReadOnly,
}

impl Access {
    pub(super) fn new(users: &[User]) -> Self {
        let known = users.iter().map(|user| Known {
            basic: user.password.as_ref().map(|password| sha256(format!("{}:{password}", user.name).as_bytes())),
            bearer: user.token.as_ref().map(|token| sha256(token.as_bytes())),
            role: if user.read_only { Role::ReadOnly } else { Role::Admin },
        });
        Self { known: known.collect() }
    }

    fn role(&self, headers: &HeaderMap) -> Option<Role> {
        if self.known.is_empty() {
            return Some(Role::Admin);
        }
        let (scheme, given) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
        let basic = scheme.eq_ignore_ascii_case("basic");
        if !basic && !scheme.eq_ignore_ascii_case("bearer") {
            return None;
        }
        let digest = if basic { sha256(&decode_block(given.trim()).ok()?) } else { sha256(given.trim().as_bytes()) };
        // All of them are looked at, whoever it is.
        let mut found = None;
        for known in &self.known {
            let secret = if basic { &known.basic } else { &known.bearer };
            let same = secret.as_ref().is_some_and(|secret| openssl::memcmp::eq(secret, &digest));
            found = if same { Some(known.role) } else { found };
        }
        found
    }
}

/// Lets in who is known, and to what it may do. The caller's [`Role`] goes along with the request.
pub(super) async fn authorise(State(access): State<Arc<Access>>, mut request: Request, next: Next) -> Response {
    let looks = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    match access.role(request.headers()) {
        Some(Role::ReadOnly) if !looks => error(StatusCode::FORBIDDEN, "this user may look and change nothing"),
        Some(role) => {
            request.extensions_mut().insert(role);
            next.run(request).await
        }
        None if looks && OPEN.contains(&request.uri().path()) => next.run(request).await,
        None => {
            let mut response = error(StatusCode::UNAUTHORIZED, "User cannot access the resource.");
            let basic = HeaderValue::from_static("Basic realm=\"walcast\", Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, basic);
            response
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(access: &Access, authorization: &str) -> Option<Role> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, authorization.parse().unwrap());
        access.role(&headers)
    }

    #[test]
    fn only_the_right_secret_opens() {
        let user = |name: &str, password: Option<&str>, token: Option<&str>, read_only| User {
            name: name.to_owned(),
            password: password.map(str::to_owned),
            token: token.map(str::to_owned),
            read_only,
        };
        let access = Access::new(&[
            user("admin", Some("a:b c"), None, false),
            user("grafana", Some("look"), None, true),
            user("ci", None, Some("t0ken"), false),
        ]);
        let basic = |text: &str| format!("Basic {}", openssl::base64::encode_block(text.as_bytes()));
        assert_eq!(role(&access, &basic("admin:a:b c")), Some(Role::Admin));
        assert_eq!(role(&access, &basic("grafana:look")), Some(Role::ReadOnly));
        assert_eq!(role(&access, "bearer t0ken"), Some(Role::Admin));
        for wrong in [
            &basic("admin:look"),
            &basic("admin:"),
            &basic("ci:t0ken"),
            &basic(":"),
            "Basic t0ken",
            "Basic ",
            "Basic !!!!",
            "Bearer ",
            "Bearer t0ke",
            "Bearer look",
            "Digest t0ken",
            "t0ken",
        ] {
            assert_eq!(role(&access, wrong), None, "{wrong}");
        }
        assert_eq!(access.role(&HeaderMap::new()), None);
        assert_eq!(Access::new(&[]).role(&HeaderMap::new()), Some(Role::Admin));
    }
}
