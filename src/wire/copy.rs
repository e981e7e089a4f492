//! `COPY ... TO STDOUT`: rows out, borrowed from the one buffer they were read into.
//!
//! The server sends each row as a message of its own ("CopyData: always one per row", says the protocol's chapter on
//! COPY), so a row is cut by its message's length and not looked for.

use postgres_protocol::message::backend::{COMMAND_COMPLETE_TAG, COPY_DATA_TAG, COPY_DONE_TAG, Message};
use postgres_protocol::message::frontend;

use super::WireError;
use super::channel::Channel;
use super::session::Session;

/// Rows on their way. Dropping it before the end leaves the rest in the session, which is of no use then.
pub struct CopyOut<'a> {
    channel: &'a mut Channel,
    /// Length of the message peeked last.
    peeked: usize,
}

/// What the buffer holds next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Peeked<'a> {
    /// A row in text format, without its newline.
    Row(&'a [u8]),
    /// More bytes are needed.
    Nothing,
    /// There are no more rows; the session takes commands again.
    End,
}

impl Session {
    /// Runs `COPY (sql) TO STDOUT` in text format.
    pub async fn copy(&mut self, sql: &str) -> Result<CopyOut<'_>, WireError> {
        let channel = self.channel();
        frontend::query(&format!("COPY ({sql}) TO STDOUT"), &mut channel.output).map_err(WireError::malformed)?;
        channel.flush().await?;
        let mut failure = None;
        loop {
            match channel.receive().await? {
                Message::CopyOutResponse(_) => return Ok(CopyOut { channel, peeked: 0 }),
                Message::ErrorResponse(body) => failure = Some(WireError::of_server(&body)),
                Message::ReadyForQuery(_) => return Err(failure.unwrap_or_else(unexpected)),
                Message::NoticeResponse(_) | Message::ParameterStatus(_) => {}
                _ => return Err(unexpected()),
            }
        }
    }
}

impl CopyOut<'_> {
    /// Reads what is there. Cancel-safe.
    pub async fn fill(&mut self) -> Result<(), WireError> {
        self.channel.fill().await
    }

    /// A row stays in the buffer until [`Self::consume`].
    pub fn peek(&mut self) -> Result<Peeked<'_>, WireError> {
        loop {
            let Some((tag, length)) = self.channel.whole()? else { return Ok(Peeked::Nothing) };
            match tag {
                COPY_DATA_TAG => {
                    self.peeked = length;
                    let body = self.channel.input.get(5..length).unwrap_or_default();
                    let row = body.strip_suffix(b"\n").ok_or_else(|| WireError::Protocol("half a row".to_owned()))?;
                    return Ok(Peeked::Row(row));
                }
                COPY_DONE_TAG | COMMAND_COMPLETE_TAG => self.channel.consume(length),
                _ => match self.channel.parse()? {
                    Message::ErrorResponse(body) => return Err(WireError::of_server(&body)),
                    Message::ReadyForQuery(_) => return Ok(Peeked::End),
                    Message::NoticeResponse(_) | Message::ParameterStatus(_) => {}
                    _ => return Err(unexpected()),
                },
            }
        }
    }

    /// Drops the row peeked last.
    pub fn consume(&mut self) {
        self.channel.consume(std::mem::take(&mut self.peeked));
    }
}

fn unexpected() -> WireError {
    WireError::Protocol("in answer to COPY".to_owned())
}

#[cfg(test)]
mod tests {
    use postgres_protocol::message::backend::COPY_OUT_RESPONSE_TAG;
    use tokio::io::DuplexStream;

    use super::super::script::Server;
    use super::*;

    fn rig() -> (Session, Server<DuplexStream>) {
        let (ours, server) = tokio::io::duplex(1 << 16);
        let mut channel = Channel::new(ours);
        channel.trust();
        (Session::new(channel, 150_000, 1), Server::new(server))
    }

    /// All rows, and how it ended.
    async fn rows(session: &mut Session) -> (Vec<Vec<u8>>, Result<(), WireError>) {
        let mut rows = Vec::new();
        let mut copy = match session.copy("SELECT 1").await {
            Ok(copy) => copy,
            Err(error) => return (rows, Err(error)),
        };
        loop {
            match copy.peek() {
                Ok(Peeked::Row(row)) => rows.push(row.to_vec()),
                Ok(Peeked::Nothing) => copy.fill().await.unwrap(),
                Ok(Peeked::End) => return (rows, Ok(())),
                Err(error) => return (rows, Err(error)),
            }
            copy.consume();
        }
    }

    #[tokio::test]
    async fn after_the_last_row_the_session_takes_commands_again() {
        let (mut session, mut server) = rig();
        let script = tokio::spawn(async move {
            for _ in 0..2 {
                assert_eq!(server.expect(b'Q').await, b"COPY (SELECT 1) TO STDOUT\0");
                server.send(COPY_OUT_RESPONSE_TAG, b"\0\0\0").await;
                server.send(COPY_DATA_TAG, b"1\ta\n").await;
                server.send(b'N', b"SNOTICE\0C00000\0Mhello\0\0").await;
                server.send(COPY_DATA_TAG, b"\n").await;
                server.send(COPY_DONE_TAG, b"").await;
                server.send(COMMAND_COMPLETE_TAG, b"COPY 2\0").await;
                server.prompt().await;
            }
            server
        });
        for _ in 0..2 {
            let (rows, ended) = rows(&mut session).await;
            assert_eq!(rows, [b"1\ta".as_slice(), b""]);
            ended.unwrap();
        }
        script.await.unwrap();
    }

    #[tokio::test]
    async fn an_error_is_the_servers_own_before_the_first_row_and_after_it() {
        for sent in [0, 2] {
            let (mut session, mut server) = rig();
            let script = tokio::spawn(async move {
                server.expect(b'Q').await;
                if sent > 0 {
                    server.send(COPY_OUT_RESPONSE_TAG, b"\0\0\0").await;
                }
                for _ in 0..sent {
                    server.send(COPY_DATA_TAG, b"1\n").await;
                }
                server.error("42703").await;
                server.prompt().await;
                server
            });
            let (rows, ended) = rows(&mut session).await;
            assert_eq!((rows.len(), ended.unwrap_err().sqlstate()), (sent, Some("42703")));
            script.await.unwrap();
        }
    }

    #[tokio::test]
    async fn a_row_without_its_end_is_no_row() {
        let (mut session, mut server) = rig();
        let script = tokio::spawn(async move {
            server.expect(b'Q').await;
            server.send(COPY_OUT_RESPONSE_TAG, b"\0\0\0").await;
            server.send(COPY_DATA_TAG, b"1\ta").await;
            server
        });
        assert!(matches!(rows(&mut session).await, (rows, Err(WireError::Protocol(_))) if rows.is_empty()));
        script.await.unwrap();
    }
}
