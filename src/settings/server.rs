//! The worker's REST server: where it listens, its TLS, who may call. Names of TLS are Connect's own.

use std::path::PathBuf;

use super::worker::flag;
use super::{Problem, Raw, value};

/// What [`crate::rest`] is started with.
#[derive(Clone, PartialEq, Eq)]
pub struct Server {
    pub listeners: Vec<Listen>,
    /// Of the listeners that are `https`.
    pub tls: Option<Tls>,
    pub users: Vec<User>,
    /// `rest.mask.secrets`.
    pub mask_secrets: bool,
    /// `topic.tracking.enable`.
    pub topic_tracking: bool,
    /// `topic.tracking.allow.reset`.
    pub topic_reset: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Listen {
    pub host: String,
    pub port: u16,
    pub https: bool,
}

#[derive(Clone, PartialEq, Eq)]
pub struct Tls {
    pub keystore: Store,
    /// Of an encrypted PEM key.
    pub key_password: Option<String>,
    pub truststore: Option<Store>,
    pub client_auth: ClientAuth,
}

#[derive(Clone, PartialEq, Eq)]
pub struct Store {
    pub kind: Kind,
    pub material: Material,
    pub password: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Pem,
    Pkcs12,
}

#[derive(Clone, PartialEq, Eq)]
pub enum Material {
    File(PathBuf),
    /// PEM.
    Inline(String),
}

/// `ssl.client.auth`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClientAuth {
    None,
    Requested,
    Required,
}

/// One of `rest.auth.users`.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    pub name: String,
    /// For HTTP Basic.
    pub password: Option<String>,
    /// For HTTP Bearer.
    pub token: Option<String>,
    /// May look and change nothing.
    pub read_only: bool,
}

impl Server {
    /// `raw` is the worker's, with its config providers resolved.
    pub(super) fn of_worker(raw: &Raw, problems: &mut Vec<Problem>) -> Self {
        let mut keep = |result: Result<Vec<Problem>, Problem>| match result {
            Ok(found) => problems.extend(found),
            Err(problem) => problems.push(problem),
        };
        let listeners = listeners(raw).unwrap_or_else(|problem| {
            keep(Err(problem));
            Vec::new()
        });
        let tls = if listeners.iter().any(|listen| listen.https) {
            tls(raw).map_err(|problem| keep(Err(problem))).ok()
        } else {
            None
        };
        let (users, wrong) = users(raw);
        keep(Ok(wrong));
        // All of them are on unless they are turned off.
        let mut on =
            |key: &str| flag(text(raw, key), key).map_err(|problem| keep(Err(problem))).ok().flatten() != Some(false);
        Self {
            listeners,
            tls,
            users,
            mask_secrets: on("rest.mask.secrets"),
            topic_tracking: on("topic.tracking.enable"),
            topic_reset: on("topic.tracking.allow.reset"),
        }
    }
}

fn text<'a>(raw: &'a Raw, key: &str) -> Option<&'a str> {
    value(raw, key).map(str::trim).filter(|text| !text.is_empty())
}

/// `http://host:port,https://host:port`; an empty host is every interface, as in Connect. Without it: loopback.
fn listeners(raw: &Raw) -> Result<Vec<Listen>, Problem> {
    let listed: Vec<&str> =
        text(raw, "listeners").unwrap_or("").split(',').map(str::trim).filter(|l| !l.is_empty()).collect();
    if listed.is_empty() {
        let port = text(raw, "rest.port").unwrap_or("8083");
        let port = port.parse().map_err(|_| Problem::new("rest.port", "rest.port: expected a port below 65536"))?;
        let host = text(raw, "rest.host.name").unwrap_or("127.0.0.1").to_owned();
        return Ok(vec![Listen { host, port, https: false }]);
    }
    listed.into_iter().map(listen).collect()
}

fn listen(url: &str) -> Result<Listen, Problem> {
    let bad = || {
        let what = "expected http://HOST:PORT or https://HOST:PORT";
        Problem::new("listeners", format!("Invalid value {url} for configuration listeners: {what}"))
    };
    let (scheme, address) = url.split_once("://").ok_or_else(bad)?;
    let https = match scheme.to_ascii_lowercase().as_str() {
        "http" => false,
        "https" => true,
        _ => return Err(bad()),
    };
    let (host, port) = address.trim_end_matches('/').rsplit_once(':').ok_or_else(bad)?;
    let host = if host.is_empty() { "0.0.0.0" } else { host.trim_matches(['[', ']']) };
    Ok(Listen { host: host.to_owned(), port: port.parse().map_err(|_| bad())?, https })
}

/// `listeners.https.ssl.*` when any of them is set, else `ssl.*`, as in Connect.
fn tls(raw: &Raw) -> Result<Tls, Problem> {
    const OWN: &str = "listeners.https.";
    let own = raw.iter().any(|(key, _)| key.strip_prefix(OWN).is_some_and(|rest| rest.starts_with("ssl.")));
    let prefix = if own { OWN } else { "" };
    let key = |name: &str| format!("{prefix}{name}");
    let get = |name: &str| text(raw, &key(name));
    let client_auth = match get("ssl.client.auth").unwrap_or("none").to_ascii_lowercase().as_str() {
        "none" => ClientAuth::None,
        "requested" => ClientAuth::Requested,
        "required" => ClientAuth::Required,
        other => {
            let what = "String must be one of: required, requested, none";
            let key = key("ssl.client.auth");
            return Err(Problem::new(&key, format!("Invalid value {other} for configuration {key}: {what}")));
        }
    };
    let inline = match (get("ssl.keystore.key"), get("ssl.keystore.certificate.chain")) {
        (Some(private), Some(chain)) => Some(format!("{}\n{}", pem(private), pem(chain))),
        _ => None,
    };
    let keystore = store(&key("ssl.keystore"), raw, inline)?.ok_or_else(|| {
        let key = key("ssl.keystore.location");
        Problem::new(&key, format!("{key}: https needs a certificate and its key, PEM or PKCS12"))
    })?;
    let truststore = store(&key("ssl.truststore"), raw, get("ssl.truststore.certificates").map(pem))?;
    if client_auth != ClientAuth::None && truststore.is_none() {
        let key = key("ssl.truststore.location");
        return Err(Problem::new(&key, format!("{key}: ssl.client.auth needs the authorities that clients are of")));
    }
    Ok(Tls { keystore, key_password: get("ssl.key.password").map(str::to_owned), truststore, client_auth })
}

fn store(side: &str, raw: &Raw, inline: Option<String>) -> Result<Option<Store>, Problem> {
    let password = text(raw, &format!("{side}.password")).map(str::to_owned);
    if let Some(pem) = inline {
        return Ok(Some(Store { kind: Kind::Pem, material: Material::Inline(pem), password }));
    }
    let Some(location) = text(raw, &format!("{side}.location")) else { return Ok(None) };
    let ending = location.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    let declared = text(raw, &format!("{side}.type")).map(str::to_ascii_uppercase);
    let kind = match (declared.as_deref(), ending.as_deref()) {
        (Some("PEM"), _) | (None, Some("pem" | "crt" | "cer")) => Kind::Pem,
        (Some("PKCS12"), _) | (None, Some("p12" | "pfx")) => Kind::Pkcs12,
        (other, _) => {
            let kind = other.unwrap_or("JKS");
            let key = format!("{side}.type");
            return Err(Problem::new(
                &key,
                format!(
                    "{key}: a store of type {kind} cannot be read here; convert it: keytool -importkeystore -srckeystore \
                     store.jks -destkeystore store.p12 -deststoretype PKCS12, and {key}=PKCS12"
                ),
            ));
        }
    };
    Ok(Some(Store { kind, material: Material::File(PathBuf::from(location)), password }))
}

/// Property files often hold PEM in one line.
fn pem(text: &str) -> String {
    text.replace("\\n", "\n")
}

fn users(raw: &Raw) -> (Vec<User>, Vec<Problem>) {
    const KEY: &str = "rest.auth.users";
    let (mut users, mut problems) = (Vec::<User>::new(), Vec::new());
    for name in text(raw, KEY).unwrap_or("").split(',').map(str::trim).filter(|name| !name.is_empty()) {
        let key = |what: &str| format!("rest.auth.{name}.{what}");
        let get = |what: &str| value(raw, &key(what)).filter(|text| !text.is_empty()).map(str::to_owned);
        let read_only = match get("role").as_deref() {
            None | Some("admin") => false,
            Some("read-only") => true,
            Some(other) => {
                let role = key("role");
                let what = "expected admin or read-only";
                problems.push(Problem::new(&role, format!("Invalid value {other} for configuration {role}: {what}")));
                true
            }
        };
        if name.contains(':') || users.iter().any(|known| known.name == name) {
            problems.push(Problem::new(KEY, format!("{KEY}: {name}: names are without a colon, and each comes once")));
        }
        let user = User { name: name.to_owned(), password: get("password"), token: get("token"), read_only };
        if user.password.is_none() && user.token.is_none() {
            let (password, token) = (key("password"), key("token"));
            problems.push(Problem::new(&password, format!("{password}: {name} needs {password} or {token}")));
        }
        users.push(user);
    }
    (users, problems)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(pairs: &[(&str, &str)]) -> Result<Server, Vec<Problem>> {
        let raw = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let mut problems = Vec::new();
        let server = Server::of_worker(&raw, &mut problems);
        if problems.is_empty() { Ok(server) } else { Err(problems) }
    }

    fn first(pairs: &[(&str, &str)]) -> String {
        server(pairs).err().unwrap_or_default().first().map(|problem| problem.key.clone()).unwrap_or_default()
    }

    #[test]
    fn listeners_are_connects() {
        let listen = |text: &str| server(&[("listeners", text)]).ok().unwrap().listeners;
        let at = |host: &str, port| Listen { host: host.to_owned(), port, https: false };
        assert_eq!(listen("http://:8083"), [at("0.0.0.0", 8083)]);
        assert_eq!(listen("HTTP://127.0.0.1:9000, http://[::1]:1"), [at("127.0.0.1", 9000), at("::1", 1)]);
        assert_eq!(server(&[]).ok().unwrap().listeners, [at("127.0.0.1", 8083)]);
        for bad in ["8083", "http://x:many", "ftp://x:1", "http://x"] {
            assert_eq!(first(&[("listeners", bad)]), "listeners", "{bad}");
        }
        assert_eq!(first(&[("rest.port", "99999999")]), "rest.port");
    }

    #[test]
    fn tls_is_connects_and_all_or_nothing() {
        let https = ("listeners", "https://:8443");
        assert_eq!(first(&[https]), "ssl.keystore.location");
        let plain = server(&[https, ("ssl.keystore.location", "/a.p12"), ("ssl.keystore.password", "p")]).ok().unwrap();
        assert_eq!(plain.tls.unwrap().keystore.kind, Kind::Pkcs12);
        let own = "listeners.https.ssl.client.auth";
        // One key of the listener's own, and the general ones count no more.
        assert_eq!(
            first(&[https, ("ssl.keystore.location", "/a.p12"), (own, "none")]),
            "listeners.https.ssl.keystore.location"
        );
        let inline = [("ssl.keystore.key", "K"), ("ssl.keystore.certificate.chain", "C\\nD")];
        let tls = server(&[https, inline[0], inline[1]]).ok().unwrap().tls.unwrap();
        assert!(tls.keystore.material == Material::Inline("K\nC\nD".to_owned()));
        assert_eq!(first(&[https, ("ssl.keystore.location", "/a.jks")]), "ssl.keystore.type");
        let required = ("ssl.client.auth", "required");
        assert_eq!(first(&[https, inline[0], inline[1], required]), "ssl.truststore.location");
        assert_eq!(first(&[https, inline[0], inline[1], ("ssl.client.auth", "maybe")]), "ssl.client.auth");
    }

    #[test]
    fn users_need_a_secret_and_a_role_that_exists() {
        let users = [("rest.auth.users", "a, b"), ("rest.auth.a.password", "x"), ("rest.auth.b.token", "y")];
        let found = server(&[users[0], users[1], users[2], ("rest.auth.b.role", "read-only")]).ok().unwrap().users;
        assert_eq!((found[0].read_only, found[1].read_only, found.len()), (false, true, 2));
        assert_eq!(first(&users[..2]), "rest.auth.b.password");
        assert_eq!(first(&[users[0], users[1], users[2], ("rest.auth.b.role", "root")]), "rest.auth.b.role");
        assert_eq!(first(&[("rest.auth.users", "a,a"), users[1]]), "rest.auth.users");
    }
}
