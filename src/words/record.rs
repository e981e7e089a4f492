//! What a sink carries: bytes with an address. No sink hears of an LSN.

/// One record, ready to send. `None` for key or value is Kafka's null.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    pub topic: &'a str,
    /// `None`: the partitioner's choice.
    pub partition: Option<i32>,
    pub key: Option<&'a [u8]>,
    pub value: Option<&'a [u8]>,
    pub headers: &'a [Header<'a>],
    /// Milliseconds since the epoch; `None`: the time of sending.
    pub timestamp: Option<i64>,
}

impl Record<'_> {
    /// Bytes that count against the window of records in flight.
    pub fn size(&self) -> usize {
        let headers: usize = self.headers.iter().map(|h| h.name.len() + h.value.map_or(0, <[u8]>::len)).sum();
        self.key.map_or(0, <[u8]>::len) + self.value.map_or(0, <[u8]>::len) + headers
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Header<'a> {
    pub name: &'a str,
    pub value: Option<&'a [u8]>,
}

/// A sink's receipt names the record by its ticket. Tickets belong to one ledger and one sink instance.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Ticket(pub usize);
