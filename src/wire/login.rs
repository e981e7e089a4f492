//! Startup and authentication.

use fallible_iterator::FallibleIterator;
use postgres_protocol::authentication::md5_hash;
use postgres_protocol::authentication::sasl::{ChannelBinding, SCRAM_SHA_256, SCRAM_SHA_256_PLUS, ScramSha256};
use postgres_protocol::message::backend::{AuthenticationSaslBody, Message};
use postgres_protocol::message::frontend;

use super::WireError;
use super::channel::Channel;
use super::dial::{Line, covers, dial};
use super::session::Session;
use crate::pg::{Address, session};

/// `pg_hba.conf` knows no entry for this kind of connection: another cover may find one.
const NO_ENTRY: &str = "28000";

/// Tries the covers the mode allows until one lets us in.
pub(super) async fn open(address: &Address) -> Result<Session, WireError> {
    let covers = covers(address.tls.mode);
    let mut turned_away = None;
    for cover in covers {
        let refused = match dial(address, *cover).await {
            Ok(line) => match login(address, line).await {
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

async fn login(address: &Address, line: Line) -> Result<Session, WireError> {
    let Line { mut channel, tls, binding } = line;
    let parameters = [
        ("user", address.user.as_str()),
        ("database", address.database.as_str()),
        ("replication", "database"),
        ("application_name", address.application_name.as_str()),
    ];
    let pinned = session::parameters().iter().copied();
    frontend::startup_message(parameters.into_iter().chain(pinned), &mut channel.output)?;
    channel.flush().await?;
    authenticate(address, &mut channel, tls, binding).await?;
    let mut version = 0;
    loop {
        match channel.receive().await? {
            Message::ParameterStatus(body) if body.name()? == "server_version" => {
                version = session::version_number(body.value()?).unwrap_or(0);
            }
            Message::ReadyForQuery(_) => break,
            Message::ErrorResponse(body) => return Err(WireError::of_server(&body)),
            _ => {}
        }
    }
    let mut opened = Session::new(channel, version);
    for (name, value) in session::later(version) {
        opened.query(&format!("SET {name} = '{value}'")).await?;
    }
    Ok(opened)
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
    let mut scram: Option<ScramSha256> = None;
    let no_scram = || WireError::Protocol("a SCRAM message out of order".to_owned());
    loop {
        match channel.receive().await? {
            Message::AuthenticationOk => return Ok(()),
            Message::AuthenticationCleartextPassword => frontend::password_message(password()?, &mut channel.output)?,
            Message::AuthenticationMd5Password(body) => {
                let hash = md5_hash(address.user.as_bytes(), password()?, body.salt());
                frontend::password_message(hash.as_bytes(), &mut channel.output)?;
            }
            Message::AuthenticationSasl(body) => {
                let (mechanism, channel_binding) = mechanism(&body, tls, binding.clone())?;
                let client = ScramSha256::new(password()?, channel_binding);
                frontend::sasl_initial_response(mechanism, client.message(), &mut channel.output)?;
                scram = Some(client);
            }
            Message::AuthenticationSaslContinue(body) => {
                let client = scram.as_mut().ok_or_else(no_scram)?;
                client.update(body.data()).map_err(|e| WireError::Scram { why: e.to_string() })?;
                frontend::sasl_response(client.message(), &mut channel.output)?;
            }
            Message::AuthenticationSaslFinal(body) => {
                let client = scram.as_mut().ok_or_else(no_scram)?;
                client.finish(body.data()).map_err(|e| WireError::Scram { why: e.to_string() })?;
                continue;
            }
            Message::AuthenticationGss | Message::AuthenticationGssContinue(_) => return unsupported("GSSAPI"),
            Message::AuthenticationSspi => return unsupported("SSPI"),
            Message::AuthenticationKerberosV5 => return unsupported("Kerberos V5"),
            Message::AuthenticationScmCredential => return unsupported("SCM credential"),
            Message::ErrorResponse(body) => return Err(WireError::of_server(&body)),
            _ => continue,
        }
        channel.flush().await?;
    }
}

/// The strongest mechanism both sides know: bound to the TLS channel where there is one.
fn mechanism(
    body: &AuthenticationSaslBody,
    tls: bool,
    binding: Option<Vec<u8>>,
) -> Result<(&'static str, ChannelBinding), WireError> {
    let (mut plain, mut plus) = (false, false);
    let mut mechanisms = body.mechanisms();
    while let Some(name) = mechanisms.next()? {
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
