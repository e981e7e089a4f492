//! Messages over any byte stream.

use std::io;

use bytes::{Buf, BytesMut};
use postgres_protocol::message::backend::{Header, Message};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::WireError;

/// No message is larger: the server's own limit for one allocation.
const LARGEST_MESSAGE: usize = 1 << 30;
/// Room asked for before each read.
const READ_AHEAD: usize = 256 << 10;
/// A buffer that a giant message has blown up shrinks back below this.
const SHRINK_ABOVE: usize = 8 << 20;

pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Duplex for T {}

pub(super) struct Channel {
    io: Box<dyn Duplex>,
    pub(super) input: BytesMut,
    pub(super) output: BytesMut,
}

impl Channel {
    pub(super) fn new(io: impl Duplex + 'static) -> Self {
        Self { io: Box::new(io), input: BytesMut::new(), output: BytesMut::new() }
    }

    /// Reads what is there. Cancel-safe: bytes are either in the buffer or still in the socket.
    pub(super) async fn fill(&mut self) -> Result<(), WireError> {
        if self.input.is_empty() && self.input.capacity() > SHRINK_ABOVE {
            self.input = BytesMut::new();
        }
        self.input.reserve(READ_AHEAD);
        match self.io.read_buf(&mut self.input).await? {
            0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed it").into()),
            _ => Ok(()),
        }
    }

    /// Tag and whole length of the message at the front, once all of it is in the buffer.
    pub(super) fn whole(&self) -> Result<Option<(u8, usize)>, WireError> {
        let Some(header) = Header::parse(&self.input)? else { return Ok(None) };
        let length = usize::try_from(header.len()).unwrap_or(usize::MAX);
        if length > LARGEST_MESSAGE {
            return Err(WireError::Protocol(format!("a message of {length} bytes")));
        }
        Ok((self.input.len() > length).then_some((header.tag(), length + 1)))
    }

    pub(super) fn consume(&mut self, length: usize) {
        self.input.advance(length.min(self.input.len()));
    }

    /// The tag of the next message, which stays in the buffer.
    pub(super) async fn next_tag(&mut self) -> Result<(u8, usize), WireError> {
        loop {
            if let Some(message) = self.whole()? {
                return Ok(message);
            }
            self.fill().await?;
        }
    }

    pub(super) async fn receive(&mut self) -> Result<Message, WireError> {
        self.next_tag().await?;
        match Message::parse(&mut self.input)? {
            Some(message) => Ok(message),
            None => Err(WireError::Protocol("a message cut short".to_owned())),
        }
    }

    /// Sends what is in `output`.
    pub(super) async fn flush(&mut self) -> Result<(), WireError> {
        self.io.write_all_buf(&mut self.output).await?;
        self.io.flush().await?;
        Ok(())
    }
}
