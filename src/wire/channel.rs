//! Messages over any byte stream.

use std::io;

use bytes::{Buf, BytesMut};
use postgres_protocol::message::backend::{Header, Message};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::WireError;

/// No message is larger: the server's own limit for one allocation.
const LARGEST_MESSAGE: usize = 1 << 30;
/// Whoever is at the other end before we know it may send as much at once, no more (libpq's own limit is 30,000).
const LARGEST_GREETING: usize = 64 << 10;
/// Room asked for before each read.
const READ_AHEAD: usize = 256 << 10;
/// A buffer that a giant message has blown up is given back above this.
const SHRINK_ABOVE: usize = 8 << 20;

pub(super) trait Duplex: AsyncRead + AsyncWrite + Send + Sync + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Duplex for T {}

pub(super) struct Channel {
    io: Box<dyn Duplex>,
    /// Longest message taken.
    limit: usize,
    pub(super) input: BytesMut,
    pub(super) output: BytesMut,
}

impl Channel {
    pub(super) fn new(io: impl Duplex + 'static) -> Self {
        Self { io: Box::new(io), limit: LARGEST_GREETING, input: BytesMut::new(), output: BytesMut::new() }
    }

    /// The server has let us in: it may send what a server may send.
    pub(super) fn trust(&mut self) {
        self.limit = LARGEST_MESSAGE;
    }

    /// Reads what is there. Cancel-safe: bytes are either in the buffer or still in the socket.
    pub(super) async fn fill(&mut self) -> Result<(), WireError> {
        self.make_room();
        match self.io.read_buf(&mut self.input).await? {
            0 => Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed it").into()),
            _ => Ok(()),
        }
    }

    /// After a giant message its buffer is let go as soon as the little left over can move out.
    fn make_room(&mut self) {
        let left = self.input.len();
        self.input.reserve(READ_AHEAD);
        if left <= READ_AHEAD && self.input.capacity() > SHRINK_ABOVE {
            let mut smaller = BytesMut::with_capacity(left + READ_AHEAD);
            smaller.extend_from_slice(&self.input);
            self.input = smaller;
        }
    }

    /// Tag and whole length of the message at the front, once all of it is in the buffer.
    pub(super) fn whole(&self) -> Result<Option<(u8, usize)>, WireError> {
        let Some(header) = Header::parse(&self.input).map_err(WireError::malformed)? else { return Ok(None) };
        let length = usize::try_from(header.len()).unwrap_or(usize::MAX);
        if length > self.limit {
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
        self.parse()
    }

    /// The message at the front, known to be whole.
    pub(super) fn parse(&mut self) -> Result<Message, WireError> {
        match Message::parse(&mut self.input) {
            Ok(Some(message)) => Ok(message),
            Ok(None) => Err(WireError::Protocol("a message cut short".to_owned())),
            Err(e) => Err(WireError::malformed(e)),
        }
    }

    /// Sends what is in `output`.
    pub(super) async fn flush(&mut self) -> Result<(), WireError> {
        self.io.write_all_buf(&mut self.output).await?;
        self.io.flush().await?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn channel() -> (Channel, tokio::io::DuplexStream) {
        let (ours, server) = tokio::io::duplex(1 << 20);
        (Channel::new(ours), server)
    }

    #[tokio::test]
    async fn a_giant_message_leaves_no_giant_buffer_behind() {
        let (mut channel, mut server) = channel();
        channel.trust();
        let length = 32usize << 20;
        let declared = u32::try_from(length + 4).unwrap().to_be_bytes();
        let sending = tokio::spawn(async move {
            let message = [b"d".as_slice(), &declared, &vec![b'x'; length]].concat();
            server.write_all(&message).await.unwrap();
            // The start of the next one, so that the buffer is never empty.
            server.write_all(b"d\0\0").await.unwrap();
            server
        });
        let (_, whole) = channel.next_tag().await.unwrap();
        assert_eq!(whole, length + 5);
        channel.consume(whole);
        let mut server = sending.await.unwrap();
        server.write_all(b"\0\x05").await.unwrap();
        while channel.input.len() < 5 {
            channel.fill().await.unwrap();
        }
        assert!(channel.input.capacity() <= SHRINK_ABOVE, "{}", channel.input.capacity());
        assert_eq!(&channel.input[..], b"d\0\0\0\x05");
    }

    #[tokio::test]
    async fn a_declared_length_takes_no_memory_before_the_bytes_are_there() {
        let (mut channel, mut server) = channel();
        channel.trust();
        server.write_all(b"d\x3f\xff\xff\xffx").await.unwrap();
        channel.fill().await.unwrap();
        assert_eq!(channel.whole().unwrap(), None);
        assert!(channel.input.capacity() <= SHRINK_ABOVE, "{}", channel.input.capacity());
    }

    #[tokio::test]
    async fn before_the_login_only_short_messages_are_taken() {
        for (trusted, expected) in [(false, true), (true, false)] {
            let (mut channel, mut server) = channel();
            if trusted {
                channel.trust();
            }
            server.write_all(b"R\x01\0\0\0").await.unwrap();
            channel.fill().await.unwrap();
            assert_eq!(channel.whole().is_err(), expected);
        }
    }
}
