//! A logged-in session: simple queries and replication commands.

use fallible_iterator::FallibleIterator;
use postgres_protocol::message::backend::{DataRowBody, Message};
use postgres_protocol::message::frontend;

use super::WireError;
use super::channel::Channel;
use super::stream::Stream;
use crate::words::Lsn;

/// CopyBothResponse, which `postgres-protocol` does not know.
const COPY_BOTH: u8 = b'W';

pub struct Session {
    channel: Channel,
    version: u32,
    backend: i32,
}

/// Answer to IDENTIFY_SYSTEM.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct System {
    pub id: String,
    pub timeline: u32,
    pub position: Lsn,
}

#[derive(Clone, Copy, Debug)]
pub struct NewSlot<'a> {
    pub name: &'a str,
    /// Dropped with the session.
    pub temporary: bool,
    /// Kept in step on standbys; servers before 17 do not know it.
    pub failover: bool,
    pub export_snapshot: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CreatedSlot {
    pub name: String,
    /// The slot sends what commits after this; the exported snapshot shows what committed before.
    pub consistent_point: Lsn,
    /// Valid until the next command of the session.
    pub snapshot: Option<String>,
}

#[derive(Clone, Copy, Debug)]
pub struct Start<'a> {
    pub slot: &'a str,
    /// The server begins at the later of this and the slot's confirmed position, silently.
    pub from: Lsn,
    pub publication: &'a str,
    /// Logical decoding messages; servers before 14 do not know the option.
    pub messages: bool,
    pub extra: &'a [(String, String)],
}

type TextRow = Vec<Option<String>>;

impl Session {
    pub(super) fn new(channel: Channel, version: u32, backend: i32) -> Self {
        Self { channel, version, backend }
    }

    pub(super) fn channel(&mut self) -> &mut Channel {
        &mut self.channel
    }

    /// The id of the server's process for this session.
    pub fn backend(&self) -> i32 {
        self.backend
    }

    /// As `server_version_num`: 150018 for 15.18.
    pub fn server_version(&self) -> u32 {
        self.version
    }

    /// Runs a command and answers its rows in text form.
    pub async fn query(&mut self, sql: &str) -> Result<Vec<TextRow>, WireError> {
        frontend::query(sql, &mut self.channel.output).map_err(WireError::malformed)?;
        self.channel.flush().await?;
        let (mut rows, mut failure) = (Vec::new(), None);
        loop {
            match self.channel.receive().await {
                Ok(Message::DataRow(body)) => rows.push(text_row(&body)?),
                Ok(Message::ErrorResponse(body)) => failure = Some(WireError::of_server(&body)),
                Ok(Message::ReadyForQuery(_)) => return failure.map_or(Ok(rows), Err),
                Ok(_) => {}
                // After a fatal error the server hangs up: the error is the news, not the silence behind it.
                Err(e) => return Err(failure.unwrap_or(e)),
            }
        }
    }

    pub async fn identify_system(&mut self) -> Result<System, WireError> {
        let rows = self.query("IDENTIFY_SYSTEM").await?;
        let text = |index| cell(&rows, index);
        let timeline = text(1)?.parse().map_err(|_| unexpected("IDENTIFY_SYSTEM"))?;
        let position = text(2)?.parse().map_err(|_| unexpected("IDENTIFY_SYSTEM"))?;
        Ok(System { id: text(0)?.to_owned(), timeline, position })
    }

    pub async fn create_slot(&mut self, slot: &NewSlot<'_>) -> Result<CreatedSlot, WireError> {
        let rows = self.query(&create_slot_sql(slot, self.version)).await?;
        let snapshot = rows.first().and_then(|row| row.get(2)).cloned().flatten();
        Ok(CreatedSlot {
            name: cell(&rows, 0)?.to_owned(),
            consistent_point: cell(&rows, 1)?.parse().map_err(|_| unexpected("CREATE_REPLICATION_SLOT"))?,
            snapshot,
        })
    }

    /// Turns the session into a stream.
    pub async fn start(mut self, start: &Start<'_>) -> Result<Stream, WireError> {
        frontend::query(&start_sql(start, self.version), &mut self.channel.output).map_err(WireError::malformed)?;
        self.channel.flush().await?;
        loop {
            let (tag, length) = self.channel.next_tag().await?;
            if tag == COPY_BOTH {
                self.channel.consume(length);
                return Ok(Stream::new(self.channel));
            }
            match self.channel.receive().await? {
                Message::ErrorResponse(body) => return Err(WireError::of_server(&body)),
                Message::NoticeResponse(_) | Message::ParameterStatus(_) => {}
                _ => return Err(unexpected("START_REPLICATION")),
            }
        }
    }

    /// Says goodbye; a lost connection is closed already.
    pub async fn close(mut self) {
        frontend::terminate(&mut self.channel.output);
        let _ = self.channel.flush().await;
    }
}

fn unexpected(command: &str) -> WireError {
    WireError::Protocol(format!("in answer to {command}"))
}

fn cell(rows: &[TextRow], index: usize) -> Result<&str, WireError> {
    let value = rows.first().and_then(|row| row.get(index)).and_then(Option::as_deref);
    value.ok_or_else(|| WireError::Protocol("a row without the expected columns".to_owned()))
}

fn text_row(body: &DataRowBody) -> Result<TextRow, WireError> {
    let buffer = body.buffer();
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    let cells = body.ranges().map(|range| Ok(range.and_then(|range| buffer.get(range)).map(text)));
    cells.collect().map_err(WireError::malformed)
}

fn quote_ident(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn quote_literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn create_slot_sql(slot: &NewSlot<'_>, version: u32) -> String {
    let temporary = if slot.temporary { " TEMPORARY" } else { "" };
    let head = format!("CREATE_REPLICATION_SLOT {}{temporary} LOGICAL pgoutput", quote_ident(slot.name));
    if version < 150_000 {
        let snapshot = if slot.export_snapshot { "EXPORT_SNAPSHOT" } else { "NOEXPORT_SNAPSHOT" };
        return format!("{head} {snapshot}");
    }
    let snapshot = if slot.export_snapshot { "export" } else { "nothing" };
    let failover = if slot.failover && version >= 170_000 { ", FAILOVER" } else { "" };
    format!("{head} (SNAPSHOT '{snapshot}'{failover})")
}

fn start_sql(start: &Start<'_>, version: u32) -> String {
    // A name inside the list of publications is an identifier inside a literal.
    let publication = quote_literal(&quote_ident(start.publication));
    let mut options = format!("\"proto_version\" '1', \"publication_names\" {publication}");
    if start.messages && version >= 140_000 {
        options.push_str(", \"messages\" 'true'");
    }
    for (name, value) in start.extra {
        options.push_str(&format!(", {} {}", quote_ident(name), quote_literal(value)));
    }
    format!("START_REPLICATION SLOT {} LOGICAL {} ({options})", quote_ident(start.slot), start.from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_quoted_and_fit_the_server() {
        let slot = NewSlot { name: "s", temporary: false, failover: true, export_snapshot: true };
        assert_eq!(create_slot_sql(&slot, 140_005), r#"CREATE_REPLICATION_SLOT "s" LOGICAL pgoutput EXPORT_SNAPSHOT"#);
        assert_eq!(
            create_slot_sql(&slot, 150_005),
            r#"CREATE_REPLICATION_SLOT "s" LOGICAL pgoutput (SNAPSHOT 'export')"#
        );
        assert_eq!(
            create_slot_sql(&NewSlot { temporary: true, ..slot }, 170_000),
            r#"CREATE_REPLICATION_SLOT "s" TEMPORARY LOGICAL pgoutput (SNAPSHOT 'export', FAILOVER)"#
        );
        let start =
            Start { slot: "s", from: Lsn(0x1_0000_00FF), publication: "it's \"p\"", messages: true, extra: &[] };
        assert_eq!(
            start_sql(&start, 150_000),
            r#"START_REPLICATION SLOT "s" LOGICAL 1/FF ("proto_version" '1', "publication_names" '"it''s ""p"""', "messages" 'true')"#
        );
    }
}
