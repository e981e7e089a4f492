//! Frames in, feedback out.

use bytes::BufMut;
use postgres_protocol::message::backend::{
    COMMAND_COMPLETE_TAG, COPY_DATA_TAG, COPY_DONE_TAG, ERROR_RESPONSE_TAG, Message, READY_FOR_QUERY_TAG,
};
use postgres_protocol::message::frontend;

use super::WireError;
use super::channel::Channel;
use crate::words::Lsn;

/// Microseconds from 1970 to 2000, where Postgres' clock starts.
const EPOCH_2000: i64 = 946_684_800_000_000;

pub struct Stream {
    channel: Channel,
    /// Length of the message peeked last.
    peeked: usize,
}

/// One CopyData message, borrowed from the buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Frame<'a> {
    /// XLogData. `sent`: the server's clock, microseconds since 1970.
    Data { start: Lsn, end: Lsn, sent: i64, payload: &'a [u8] },
    /// `end`: everything before it has been sent. `reply`: the server wants a status update now.
    Keepalive { end: Lsn, sent: i64, reply: bool },
}

/// A standby status update. Positions are sent verbatim: the server takes them as the byte behind the last one we have,
/// so the `end` of a commit is confirmed as it is (pgjdbc does the same; libpq's receivers add nothing either).
/// A server that shuts down waits until everything it has sent is confirmed as flushed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Feedback {
    pub written: Lsn,
    pub flushed: Lsn,
    pub applied: Lsn,
    /// Ask for a keepalive in return.
    pub reply: bool,
}

impl Stream {
    pub(super) fn new(channel: Channel) -> Self {
        Self { channel, peeked: 0 }
    }

    /// Reads what is there. Cancel-safe.
    pub async fn fill(&mut self) -> Result<(), WireError> {
        self.channel.fill().await
    }

    /// The next whole frame, which stays in the buffer until [`Self::consume`]. `None`: more bytes are needed.
    pub fn peek(&mut self) -> Result<Option<Frame<'_>>, WireError> {
        loop {
            let Some((tag, length)) = self.channel.whole()? else { return Ok(None) };
            match tag {
                COPY_DATA_TAG => {
                    self.peeked = length;
                    break;
                }
                // A server shutting down completes the command without ending the copy first.
                COPY_DONE_TAG | COMMAND_COMPLETE_TAG => return Err(WireError::Ended),
                _ => match self.channel.parse()? {
                    Message::ErrorResponse(body) => return Err(WireError::of_server(&body)),
                    Message::NoticeResponse(_) | Message::ParameterStatus(_) => {}
                    _ => return Err(WireError::Protocol(format!("tag {tag:#x} inside the stream"))),
                },
            }
        }
        self.channel.input.get(5..self.peeked).map(frame).transpose()
    }

    /// Drops the frame peeked last.
    pub fn consume(&mut self) {
        self.channel.consume(std::mem::take(&mut self.peeked));
    }

    /// Sends a status update. Not cancel-safe: a connection on which it was given up is lost.
    pub async fn confirm(&mut self, status: &Feedback) -> Result<(), WireError> {
        let now = std::time::SystemTime::now().duration_since(std::time::SystemTime::UNIX_EPOCH).unwrap_or_default();
        let now = i64::try_from(now.as_micros()).unwrap_or(i64::MAX) - EPOCH_2000;
        let mut body = Vec::with_capacity(34);
        body.put_u8(b'r');
        for lsn in [status.written, status.flushed, status.applied] {
            body.put_u64(lsn.0);
        }
        body.put_i64(now);
        body.put_u8(u8::from(status.reply));
        frontend::CopyData::new(body.as_slice()).map_err(WireError::malformed)?.write(&mut self.channel.output);
        self.channel.flush().await
    }

    /// Ends the copy, waits for the server to do the same, and says goodbye. What the server still sends is dropped; in
    /// the middle of a large transaction that may be all of it, so the caller sets a time limit.
    pub async fn close(mut self) -> Result<(), WireError> {
        frontend::copy_done(&mut self.channel.output);
        self.channel.flush().await?;
        loop {
            let (tag, length) = self.channel.next_tag().await?;
            if tag == ERROR_RESPONSE_TAG
                && let Message::ErrorResponse(body) = self.channel.parse()?
            {
                return Err(WireError::of_server(&body));
            }
            self.channel.consume(length);
            if tag == READY_FOR_QUERY_TAG {
                break;
            }
        }
        frontend::terminate(&mut self.channel.output);
        self.channel.flush().await
    }
}

fn frame(body: &[u8]) -> Result<Frame<'_>, WireError> {
    let short = || WireError::Protocol("a frame cut short".to_owned());
    let (kind, rest) = body.split_first().ok_or_else(short)?;
    let mut rest = rest;
    let mut word = || -> Result<u64, WireError> {
        let (bytes, after) = rest.split_first_chunk::<8>().ok_or_else(short)?;
        rest = after;
        Ok(u64::from_be_bytes(*bytes))
    };
    match kind {
        b'w' => {
            let (start, end, sent) = (Lsn(word()?), Lsn(word()?), clock(word()?));
            Ok(Frame::Data { start, end, sent, payload: rest })
        }
        b'k' => {
            let (end, sent) = (Lsn(word()?), clock(word()?));
            let reply = *rest.first().ok_or_else(short)? != 0;
            Ok(Frame::Keepalive { end, sent, reply })
        }
        other => Err(WireError::Protocol(format!("frame {other:#x} inside the stream"))),
    }
}

fn clock(micros: u64) -> i64 {
    micros.cast_signed().saturating_add(EPOCH_2000)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream};

    use super::*;

    fn copy_data(body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap();
        [b"d".as_slice(), &length.to_be_bytes(), body].concat()
    }

    fn data(start: u64, payload: &[u8]) -> Vec<u8> {
        copy_data(&[b"w".as_slice(), &start.to_be_bytes(), &(start + 9).to_be_bytes(), &[0; 8], payload].concat())
    }

    fn keepalive(end: u64, reply: u8) -> Vec<u8> {
        copy_data(&[b"k".as_slice(), &end.to_be_bytes(), &[0; 8], &[reply]].concat())
    }

    fn rig() -> (Stream, DuplexStream) {
        let (ours, server) = tokio::io::duplex(1 << 16);
        let mut channel = Channel::new(ours);
        channel.trust();
        (Stream::new(channel), server)
    }

    #[tokio::test]
    async fn a_frame_is_seen_only_when_all_of_it_has_arrived() {
        let (mut stream, mut server) = rig();
        let bytes = [data(100, b"payload"), keepalive(200, 1)].concat();
        for byte in &bytes[..bytes.len() - 1] {
            server.write_all(&[*byte]).await.unwrap();
            stream.fill().await.unwrap();
        }
        let expected = Frame::Data { start: Lsn(100), end: Lsn(109), sent: EPOCH_2000, payload: b"payload" };
        assert_eq!(stream.peek().unwrap(), Some(expected));
        assert_eq!(stream.peek().unwrap(), Some(expected), "peeking does not consume");
        stream.consume();
        assert_eq!(stream.peek().unwrap(), None);
        server.write_all(&bytes[bytes.len() - 1..]).await.unwrap();
        stream.fill().await.unwrap();
        assert_eq!(stream.peek().unwrap(), Some(Frame::Keepalive { end: Lsn(200), sent: EPOCH_2000, reply: true }));
    }

    #[tokio::test]
    async fn an_error_in_the_middle_of_the_stream_is_the_servers_own() {
        let (mut stream, mut server) = rig();
        let fields = b"SFATAL\0VFATAL\0C57P01\0Mterminating connection\0DPassword=secret\0\0";
        let length = u32::try_from(fields.len() + 4).unwrap();
        server.write_all(&[b"E".as_slice(), &length.to_be_bytes(), fields].concat()).await.unwrap();
        stream.fill().await.unwrap();
        let error = stream.peek().unwrap_err();
        assert_eq!(error.sqlstate(), Some("57P01"));
        assert!(error.is_transient());
        assert!(!format!("{error} {error:?}").contains("secret"));
    }

    #[tokio::test]
    async fn a_server_that_shuts_down_has_ended_the_stream_for_now() {
        // With and without the end of the copy before it: servers do both.
        for farewell in [b"C\0\0\0\x0bCOPY 0\0".as_slice(), b"c\0\0\0\x04C\0\0\0\x0bCOPY 0\0"] {
            let (mut stream, mut server) = rig();
            server.write_all(&[keepalive(7, 0).as_slice(), farewell].concat()).await.unwrap();
            stream.fill().await.unwrap();
            assert!(matches!(stream.peek(), Ok(Some(Frame::Keepalive { .. }))));
            stream.consume();
            let error = stream.peek().unwrap_err();
            assert!(matches!(error, WireError::Ended), "{error}");
            assert!(error.is_transient());
        }
    }

    #[tokio::test]
    async fn notices_and_parameters_between_frames_are_passed_over() {
        let (mut stream, mut server) = rig();
        let notice = b"N\0\0\0\x0eSNOTICE\0\0\0";
        let parameter = b"S\0\0\0\x11TimeZone\0UTC\0";
        server.write_all(&[notice.as_slice(), parameter, &keepalive(7, 0)].concat()).await.unwrap();
        stream.fill().await.unwrap();
        assert!(matches!(stream.peek(), Ok(Some(Frame::Keepalive { end: Lsn(7), .. }))));
    }

    #[tokio::test]
    async fn closing_ends_the_copy_drops_what_still_comes_and_says_goodbye() {
        let (stream, mut server) = rig();
        let closing = tokio::spawn(stream.close());
        let mut done = [0; 5];
        server.read_exact(&mut done).await.unwrap();
        assert_eq!(&done, b"c\0\0\0\x04");
        let end = b"c\0\0\0\x04C\0\0\0\x0bCOPY 0\0Z\0\0\0\x05I";
        server.write_all(&[data(1, b"late").as_slice(), end].concat()).await.unwrap();
        closing.await.unwrap().unwrap();
        let mut terminate = Vec::new();
        server.read_to_end(&mut terminate).await.unwrap();
        assert_eq!(terminate, b"X\0\0\0\x04");
    }

    #[tokio::test]
    async fn giving_up_a_read_loses_no_byte() {
        let (mut stream, mut server) = rig();
        let bytes = data(1, b"payload");
        for byte in &bytes {
            // Polled once with nothing there, then dropped.
            tokio::select! {
                biased;
                read = stream.fill() => panic!("{read:?}"),
                () = std::future::ready(()) => {}
            }
            server.write_all(&[*byte]).await.unwrap();
            stream.fill().await.unwrap();
        }
        assert!(matches!(stream.peek(), Ok(Some(Frame::Data { payload: b"payload", .. }))));
    }

    #[tokio::test]
    async fn garbage_is_refused_and_never_believed() {
        for bytes in [
            copy_data(b"x"),
            copy_data(b"w\0\0"),
            copy_data(b""),
            b"d\xff\xff\xff\xff".to_vec(),
            b"d\x7f\xff\xff\xff".to_vec(),
        ] {
            let (mut stream, mut server) = rig();
            server.write_all(&bytes).await.unwrap();
            stream.fill().await.unwrap();
            assert!(stream.peek().is_err(), "{bytes:?}");
        }
    }

    #[tokio::test]
    async fn feedback_is_one_status_update() {
        let (mut stream, mut server) = rig();
        let status = Feedback { written: Lsn(3), flushed: Lsn(2), applied: Lsn(1), reply: true };
        stream.confirm(&status).await.unwrap();
        let mut bytes = [0; 39];
        server.read_exact(&mut bytes).await.unwrap();
        assert_eq!(&bytes[..6], b"d\0\0\0\x26r");
        assert_eq!(
            &bytes[6..30],
            [[0, 0, 0, 0, 0, 0, 0, 3], [0, 0, 0, 0, 0, 0, 0, 2], [0, 0, 0, 0, 0, 0, 0, 1]].concat()
        );
        assert_eq!(bytes[38], 1);
    }

    #[tokio::test]
    async fn a_closed_connection_is_lost_not_silent() {
        let (mut stream, server) = rig();
        drop(server);
        assert!(matches!(stream.fill().await, Err(WireError::Lost(_))));
    }
}
