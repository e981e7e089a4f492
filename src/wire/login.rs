//! Startup and authentication.

use std::io;

use fallible_iterator::FallibleIterator;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, ScramSha256};
use postgres_protocol::message::backend::{AuthenticationSaslBody, Message};
use postgres_protocol::message::frontend;

use super::WireError;
use super::channel::Channel;
use super::dial::{Cover, Line, covers, dial};
use super::session::Session;
use crate::pg::{Address, session};

/// What a session is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// To make and read slots.
    Replication,
    /// To read tables.
    Rows,
}

/// `pg_hba.conf` knows no entry for this kind of connection: another cover may find one.
const NO_ENTRY: &str = "28000";

/// Tries the covers the mode allows until one lets us in.
pub(super) async fn open(address: &Address, purpose: Purpose) -> Result<Session, WireError> {
    let mut turned_away = None;
    for &cover in covers(address) {
        if let Some(why) = &turned_away {
            tell_of_retry(address, cover, why);
        }
        let refused = match dial(address, cover).await {
            Ok(line) => match login(address, purpose, line).await {
                Err(e) if e.sqlstate() == Some(NO_ENTRY) => e,
                done => return done,
            },
            Err(e @ (WireError::TlsRefused | WireError::TlsFailed { .. })) => e,
            Err(e) => return Err(e),
        };
        // The first refusal is the one that matters: it came under the cover the user prefers.
        turned_away.get_or_insert(refused);
    }
    Err(turned_away.unwrap_or(WireError::TlsRefused))
}

fn tell_of_retry(address: &Address, cover: Cover, why: &WireError) {
    let host = address.host.as_str();
    match cover {
        Cover::Clear => tracing::warn!(host, %why, "trying again without TLS (database.sslmode=prefer)"),
        Cover::Offer | Cover::Demand => tracing::info!(host, %why, "trying again with TLS (database.sslmode=allow)"),
    }
}

pub(super) async fn login(address: &Address, purpose: Purpose, line: Line) -> Result<Session, WireError> {
    let Line { mut channel, tls, binding } = line;
    let parameters = [
        ("user", address.user.as_str()),
        ("database", address.database.as_str()),
        ("application_name", address.application_name.as_str()),
    ];
    let replication = (purpose == Purpose::Replication).then_some(("replication", "database"));
    let pinned = session::parameters(address).iter().copied();
    frontend::startup_message(parameters.into_iter().chain(replication).chain(pinned), &mut channel.output)
        .map_err(WireError::malformed)?;
    channel.flush().await?;
    authenticate(address, &mut channel, tls, binding).await?;
    channel.trust();
    let (version, backend) = settle_in(&mut channel).await?;
    let mut opened = Session::new(channel, version, backend);
    for (name, value) in session::later(version) {
        opened.query(&format!("SET {name} = '{value}'")).await?;
    }
    Ok(opened)
}

/// What the server tells before its first prompt: of all that, its version and the process that serves us.
async fn settle_in(channel: &mut Channel) -> Result<(u32, i32), WireError> {
    let (mut version, mut backend) = (0, 0);
    loop {
        match channel.receive().await? {
            Message::ParameterStatus(body) if body.name().is_ok_and(|name| name == "server_version") => {
                version = body.value().ok().and_then(session::version_number).unwrap_or(0);
            }
            Message::BackendKeyData(body) => backend = body.process_id(),
            Message::ReadyForQuery(_) => return Ok((version, backend)),
            Message::ErrorResponse(body) => return Err(WireError::of_server(&body)),
            _ => {}
        }
    }
}

async fn authenticate(
    address: &Address,
    channel: &mut Channel,
    tls: bool,
    binding: Option<Vec<u8>>,
) -> Result<(), WireError> {
    let password =
        || address.password.as_ref().map(|secret| secret.reveal().as_bytes()).ok_or(WireError::PasswordMissing);
    let unsupported = |method| Err(WireError::Authentication { method });
    loop {
        match channel.receive().await? {
            Message::AuthenticationOk => return Ok(()),
            Message::AuthenticationCleartextPassword => answer(channel, password()?).await?,
            Message::AuthenticationMd5Password(body) => {
                let hash = md5_hash(address.user.as_bytes(), password()?, body.salt());
                answer(channel, hash.as_bytes()).await?;
            }
            Message::AuthenticationSasl(body) => {
                let (mechanism, binding) = mechanism(&body, tls, binding.clone())?;
                scram(channel, mechanism, ScramSha256::new(password()?, binding)).await?;
            }
            Message::AuthenticationGss | Message::AuthenticationGssContinue(_) => return unsupported("GSSAPI"),
            Message::AuthenticationSspi => return unsupported("SSPI"),
            Message::AuthenticationKerberosV5 => return unsupported("Kerberos V5"),
            Message::AuthenticationScmCredential => return unsupported("SCM credential"),
            Message::ErrorResponse(body) => return Err(WireError::of_server(&body)),
            Message::NoticeResponse(_) => {}
            _ => return Err(WireError::Protocol("in answer to the login".to_owned())),
        }
    }
}

async fn answer(channel: &mut Channel, password: &[u8]) -> Result<(), WireError> {
    frontend::password_message(password, &mut channel.output).map_err(WireError::malformed)?;
    channel.flush().await
}

/// The whole exchange. It ends only when the server, too, has proved that it knows the password.
async fn scram(channel: &mut Channel, mechanism: &str, mut client: ScramSha256) -> Result<(), WireError> {
    let failed = |e: io::Error| WireError::Scram { why: e.to_string() };
    frontend::sasl_initial_response(mechanism, client.message(), &mut channel.output).map_err(WireError::malformed)?;
    channel.flush().await?;
    match proof(channel).await? {
        Message::AuthenticationSaslContinue(body) => client.update(body.data()).map_err(failed)?,
        _ => return Err(out_of_order()),
    }
    frontend::sasl_response(client.message(), &mut channel.output).map_err(WireError::malformed)?;
    channel.flush().await?;
    match proof(channel).await? {
        Message::AuthenticationSaslFinal(body) => client.finish(body.data()).map_err(failed),
        _ => Err(out_of_order()),
    }
}

async fn proof(channel: &mut Channel) -> Result<Message, WireError> {
    loop {
        match channel.receive().await? {
            Message::ErrorResponse(body) => return Err(WireError::of_server(&body)),
            Message::NoticeResponse(_) => {}
            message => return Ok(message),
        }
    }
}

fn out_of_order() -> WireError {
    WireError::Scram { why: "the server left out a step that proves its identity".to_owned() }
}

/// The strongest mechanism both sides know: bound to the TLS channel where there is one.
fn mechanism(
    body: &AuthenticationSaslBody,
    tls: bool,
    binding: Option<Vec<u8>>,
) -> Result<(&'static str, ChannelBinding), WireError> {
    let (mut plain, mut plus) = (false, false);
    let mut mechanisms = body.mechanisms();
    while let Some(name) = mechanisms.next().map_err(WireError::malformed)? {
        plain |= name == SCRAM_SHA_256;
        plus |= name == SCRAM_SHA_256_PLUS;
    }
    match (plus, plain, binding) {
        (true, _, Some(signature)) => Ok((SCRAM_SHA_256_PLUS, ChannelBinding::tls_server_end_point(signature))),
        // We could have bound the channel, the server did not offer it: told so that a downgrade is noticed.
        (false, true, Some(_)) if tls => Ok((SCRAM_SHA_256, ChannelBinding::unrequested())),
        (_, true, _) => Ok((SCRAM_SHA_256, ChannelBinding::unsupported())),
        _ => Err(WireError::Authentication { method: "SASL (other than SCRAM-SHA-256)" }),
    }
}
