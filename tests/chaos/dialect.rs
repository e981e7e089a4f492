//! Just enough of both protocols to cut a byte stream into messages and to recognise the ones that matter.

use std::collections::HashMap;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Client,
    Server,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// Without TLS: every message but the first has a type and a length.
    Postgres,
    Kafka,
}

/// What a message is, as far as a kill point cares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sight {
    Request(Api),
    Response(Api),
    CreateSlot,
    SlotCreated,
    StartReplication,
    /// A piece of a table on its way into the snapshot.
    SnapshotRow,
    /// A status update that moves the slot forward.
    Confirm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    ProduceChange,
    ProduceOffset,
    InitProducerId,
    AddPartitionsToTxn,
    EndTxn,
}

/// What has been said on one connection.
pub struct Talk {
    dialect: Dialect,
    /// Kafka: what was asked, by correlation id.
    asked: HashMap<[u8; 4], Api>,
    greeted: bool,
    creating: bool,
    streaming: bool,
    flushed: u64,
}

/// The end of the name of every offset topic here, and what every topic of a table has in its name.
pub const OFFSETS: &str = "-offsets";
pub const TABLES: &str = ".public.";
/// The topic's name stands near the beginning of a Produce request: after client and transactional id.
const HEAD: usize = 400;

impl Talk {
    pub fn new(dialect: Dialect) -> Self {
        Self { dialect, asked: HashMap::new(), greeted: false, creating: false, streaming: false, flushed: 0 }
    }

    /// Length of the first message in `bytes`, once it is there as a whole.
    pub fn frame(&self, side: Side, bytes: &[u8]) -> Option<usize> {
        // Kafka's length does not count itself, Postgres' does, but not the type before it.
        let (at, extra) = match self.dialect {
            Dialect::Kafka => (0, 4),
            Dialect::Postgres if side == Side::Client && !self.greeted => (0, 0),
            Dialect::Postgres => (1, 1),
        };
        let length = u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?);
        let whole = usize::try_from(length).ok()? + extra;
        (bytes.len() >= whole).then_some(whole)
    }

    /// To be called once for each message.
    pub fn sight(&mut self, side: Side, frame: &[u8]) -> Option<Sight> {
        match (self.dialect, side) {
            (Dialect::Kafka, Side::Client) => self.request(frame),
            (Dialect::Kafka, Side::Server) => {
                let correlation = frame.get(4..8)?.try_into().ok()?;
                self.asked.remove::<[u8; 4]>(&correlation).map(Sight::Response)
            }
            (Dialect::Postgres, Side::Client) => self.front(frame),
            (Dialect::Postgres, Side::Server) => self.back(frame),
        }
    }

    fn request(&mut self, frame: &[u8]) -> Option<Sight> {
        let api = match u16::from_be_bytes(frame.get(4..6)?.try_into().ok()?) {
            0 => {
                let head = frame.get(..frame.len().min(HEAD))?;
                if contains(head, OFFSETS) {
                    Api::ProduceOffset
                } else if contains(head, TABLES) {
                    Api::ProduceChange
                } else {
                    return None;
                }
            }
            22 => Api::InitProducerId,
            24 => Api::AddPartitionsToTxn,
            26 => Api::EndTxn,
            _ => return None,
        };
        self.asked.insert(frame.get(8..12)?.try_into().ok()?, api);
        Some(Sight::Request(api))
    }

    fn front(&mut self, frame: &[u8]) -> Option<Sight> {
        if !self.greeted {
            self.greeted = true;
            return None;
        }
        match frame.first()? {
            b'Q' if contains(frame, "CREATE_REPLICATION_SLOT") => {
                self.creating = true;
                Some(Sight::CreateSlot)
            }
            b'Q' if contains(frame, "START_REPLICATION") => {
                self.streaming = true;
                Some(Sight::StartReplication)
            }
            b'd' if frame.get(5) == Some(&b'r') => {
                let flushed = u64::from_be_bytes(frame.get(14..22)?.try_into().ok()?);
                // The first update after a start repeats what the slot knows.
                let moved = flushed > self.flushed && self.flushed > 0;
                self.flushed = flushed;
                moved.then_some(Sight::Confirm)
            }
            _ => None,
        }
    }

    fn back(&mut self, frame: &[u8]) -> Option<Sight> {
        match frame.first()? {
            b'D' if std::mem::take(&mut self.creating) => Some(Sight::SlotCreated),
            b'd' if !self.streaming => Some(Sight::SnapshotRow),
            _ => None,
        }
    }
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}
