//! Records that the sink cannot take yet, in order: while a transaction commits, or when the sink is full.
//!
//! Their bytes lie end to end in chunks, so that a record that waits costs a copy and no allocation, and what the sink has
//! taken is not held twice: a whole window may wait, and be handed over, in the memory of one. How many may wait is the
//! ledger's business.

use std::collections::VecDeque;

use crate::words::{Header, Record, Ticket};

/// Bytes of a chunk. A larger record has one of its own.
const CHUNK: usize = 256 << 10;

#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// None of them empty; the last one grows.
    chunks: VecDeque<Chunk>,
    /// An emptied one, to be used again.
    spare: Chunk,
}

#[derive(Debug, Default)]
struct Chunk {
    bytes: Vec<u8>,
    records: Vec<Kept>,
    headers: Vec<KeptHeader>,
    /// Records before this one are gone.
    next: usize,
}

#[derive(Clone, Copy, Debug)]
struct Kept {
    ticket: Ticket,
    topic: Span,
    partition: Option<i32>,
    key: Option<Span>,
    value: Option<Span>,
    /// Of `headers`.
    header: (usize, usize),
    timestamp: Option<i64>,
}

#[derive(Clone, Copy, Debug)]
struct KeptHeader {
    name: Span,
    value: Option<Span>,
}

/// From and to, in `bytes`.
#[derive(Clone, Copy, Debug)]
struct Span(usize, usize);

impl Waiting {
    pub(super) fn is_empty(&self) -> bool {
        self.chunks.is_empty()
    }

    pub(super) fn push(&mut self, record: &Record<'_>, ticket: Ticket) {
        let size = record.topic.len() + record.size();
        match self.chunks.back_mut().filter(|chunk| chunk.bytes.len() + size <= CHUNK) {
            Some(chunk) => chunk.push(record, ticket),
            None => {
                let mut chunk = std::mem::take(&mut self.spare);
                chunk.bytes.reserve(size.max(CHUNK));
                chunk.push(record, ticket);
                self.chunks.push_back(chunk);
            }
        }
    }

    /// Offers the records in order until `take` declines one (`Ok(false)`), which then stays with those behind it.
    pub(super) fn offer<E>(&mut self, mut take: impl FnMut(&Record<'_>, Ticket) -> Result<bool, E>) -> Result<(), E> {
        while let Some(chunk) = self.chunks.front_mut() {
            if !chunk.offer(&mut take)? {
                break;
            }
            if let Some(emptied) = self.chunks.pop_front() {
                self.spare = emptied.cleared();
            }
        }
        Ok(())
    }
}

impl Chunk {
    fn push(&mut self, record: &Record<'_>, ticket: Ticket) {
        let from = self.headers.len();
        for header in record.headers {
            let name = self.keep(header.name.as_bytes());
            let value = header.value.map(|value| self.keep(value));
            self.headers.push(KeptHeader { name, value });
        }
        let kept = Kept {
            ticket,
            topic: self.keep(record.topic.as_bytes()),
            partition: record.partition,
            key: record.key.map(|key| self.keep(key)),
            value: record.value.map(|value| self.keep(value)),
            header: (from, self.headers.len()),
            timestamp: record.timestamp,
        };
        self.records.push(kept);
    }

    /// Whether all were taken.
    fn offer<E>(&mut self, take: impl FnMut(&Record<'_>, Ticket) -> Result<bool, E>) -> Result<bool, E> {
        self.next = self.offer_rest(take)?;
        Ok(self.next == self.records.len())
    }

    /// Answers which record is the first that was not taken.
    fn offer_rest<E>(&self, mut take: impl FnMut(&Record<'_>, Ticket) -> Result<bool, E>) -> Result<usize, E> {
        let mut headers = Vec::new();
        for (index, kept) in self.records.iter().enumerate().skip(self.next) {
            headers.clear();
            let named = self.headers.get(kept.header.0..kept.header.1).unwrap_or_default();
            headers.extend(named.iter().map(|header| Header {
                name: self.text(header.name),
                value: header.value.map(|value| self.slice(value)),
            }));
            let record = Record {
                topic: self.text(kept.topic),
                partition: kept.partition,
                key: kept.key.map(|key| self.slice(key)),
                value: kept.value.map(|value| self.slice(value)),
                headers: &headers,
                timestamp: kept.timestamp,
            };
            if !take(&record, kept.ticket)? {
                return Ok(index);
            }
        }
        Ok(self.records.len())
    }

    /// Empty, with its allocations, unless a giant record blew them up.
    fn cleared(mut self) -> Self {
        if self.bytes.capacity() > CHUNK {
            return Self::default();
        }
        self.bytes.clear();
        self.records.clear();
        self.headers.clear();
        self.next = 0;
        self
    }

    fn keep(&mut self, bytes: &[u8]) -> Span {
        let from = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        Span(from, self.bytes.len())
    }

    fn slice(&self, Span(from, to): Span) -> &[u8] {
        self.bytes.get(from..to).unwrap_or_default()
    }

    fn text(&self, span: Span) -> &str {
        // What was kept as text comes back whole.
        str::from_utf8(self.slice(span)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_come_back_whole_and_in_order() {
        let mut waiting = Waiting::default();
        let headers = [Header { name: "a", value: Some(b"1") }, Header { name: "b", value: None }];
        let record = Record {
            topic: "t",
            partition: Some(3),
            key: Some(b"key"),
            value: None,
            headers: &headers,
            timestamp: Some(7),
        };
        waiting.push(&record, Ticket(1));
        let empty = Record { topic: "u", partition: None, key: None, value: Some(b""), headers: &[], timestamp: None };
        waiting.push(&empty, Ticket(2));
        let mut seen = Vec::new();
        let declined: Result<(), ()> = waiting.offer(|back, ticket| {
            seen.push(ticket);
            if ticket == Ticket(2) {
                return Ok(false);
            }
            assert_eq!(format!("{back:?}"), format!("{record:?}"));
            Ok(true)
        });
        declined.unwrap();
        assert!(!waiting.is_empty());
        let taken: Result<(), ()> = waiting.offer(|back, ticket| {
            seen.push(ticket);
            assert_eq!(format!("{back:?}"), format!("{empty:?}"));
            Ok(true)
        });
        taken.unwrap();
        assert!(waiting.is_empty());
        assert_eq!(seen, [Ticket(1), Ticket(2), Ticket(2)]);
    }

    #[test]
    fn chunks_follow_each_other_and_one_is_used_again() {
        let mut waiting = Waiting::default();
        let value = vec![7; CHUNK + 1];
        let record = |size| Record {
            topic: "t",
            partition: None,
            key: None,
            value: value.get(..size),
            headers: &[],
            timestamp: None,
        };
        let sizes = [CHUNK / 2, CHUNK / 2, 10, CHUNK + 1, 20, CHUNK / 2];
        for (ticket, size) in sizes.into_iter().enumerate() {
            waiting.push(&record(size), Ticket(ticket));
        }
        assert_eq!(waiting.chunks.iter().map(|chunk| chunk.records.len()).collect::<Vec<_>>(), [1, 2, 1, 2]);
        let mut seen = Vec::new();
        for most in [2, 4, 6] {
            let taken: Result<(), ()> = waiting.offer(|back, ticket| {
                let room = ticket.0 < most;
                if room {
                    seen.push(back.size());
                }
                Ok(room)
            });
            taken.unwrap();
        }
        assert_eq!(seen, sizes);
        assert!(waiting.is_empty());
        waiting.push(&record(1), Ticket(9));
        assert_eq!(waiting.chunks[0].bytes.capacity(), CHUNK, "that of the last chunk, not of the giant");
    }
}
