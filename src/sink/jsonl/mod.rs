//! Records as JSON, one per line, on standard output or appended to a file: for people without Kafka, and for pipes.
//!
//! `send` appends to a buffer in memory; a thread of its own writes the buffer out as soon as it has written the one
//! before, so a slow reader fills the buffer (then `Full`) and never blocks the runtime. A receipt is given after the
//! bytes were flushed; a file is synced to disk at `nudge` and `close`.

mod line;

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use tokio::sync::Notify;

use super::inbox::Inbox;
use super::{Receipt, SinkError, blocking};
use crate::words::{Record, Ticket};

/// Bytes that may wait for the writer.
const ROOM: usize = 8 * 1024 * 1024;

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Config {
    pub target: Target,
    /// Indented over several lines, for the eye; then it is not one line per record.
    pub pretty: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Target {
    Stdout,
    /// Appended to, created if missing.
    File(PathBuf),
}

impl Target {
    fn name(&self) -> String {
        match self {
            Self::Stdout => "standard output".to_owned(),
            Self::File(path) => path.display().to_string(),
        }
    }
}

pub struct Jsonl {
    desk: Arc<Desk>,
    pretty: bool,
}

impl Jsonl {
    pub(super) async fn open(config: &Config) -> Result<Self, SinkError> {
        let name = config.target.name();
        let output: Box<dyn Output> = match &config.target {
            Target::Stdout => Box::new(Stdout),
            Target::File(path) => {
                let path = path.clone();
                let failed = name.clone();
                let open = move || {
                    let file = OpenOptions::new().create(true).append(true).open(path);
                    file.map_err(|e| SinkError::Output { target: failed, why: e.to_string() })
                };
                Box::new(blocking(open).await?)
            }
        };
        Self::writing_to(output, name, config.pretty)
    }

    fn writing_to(output: Box<dyn Output>, name: String, pretty: bool) -> Result<Self, SinkError> {
        let desk = Arc::new(Desk { name, ..Desk::default() });
        let writer = Arc::clone(&desk);
        thread::Builder::new()
            .name("jsonl".to_owned())
            .spawn(move || writer.write_all(output))
            .map_err(|e| SinkError::Output { target: desk.name.clone(), why: e.to_string() })?;
        Ok(Self { desk, pretty })
    }

    pub(super) fn send(&mut self, record: &Record<'_>, ticket: Ticket) -> Result<(), SinkError> {
        let mut sheet = self.desk.sheet();
        if let Some(error) = &sheet.failed {
            return Err(error.clone());
        }
        if sheet.bytes.len() >= ROOM {
            return Err(SinkError::Full);
        }
        line::write(record, self.pretty, &mut sheet.bytes);
        sheet.tickets.push(ticket);
        drop(sheet);
        self.desk.work.notify_one();
        Ok(())
    }

    pub(super) fn receipts(&mut self, into: &mut Vec<Receipt>) {
        self.desk.inbox.drain_into(into);
    }

    pub(super) async fn changed(&self) {
        self.desk.inbox.changed().await;
    }

    pub(super) fn target(&self) -> String {
        self.desk.name.clone()
    }

    pub(super) fn nudge(&mut self) {
        self.desk.sheet().sync = true;
        self.desk.work.notify_one();
    }

    pub(super) async fn close(self, within: Duration) {
        self.desk.leave();
        // A reader that stalls must not keep us: the thread ends with the process then.
        let _ = tokio::time::timeout(within, self.desk.left.notified()).await;
    }
}

impl Drop for Jsonl {
    fn drop(&mut self) {
        self.desk.leave();
    }
}

/// What the connector's task and the writing thread share.
#[derive(Default)]
struct Desk {
    name: String,
    sheet: Mutex<Sheet>,
    work: Condvar,
    inbox: Inbox<Receipt>,
    left: Notify,
}

#[derive(Default)]
struct Sheet {
    bytes: Vec<u8>,
    tickets: Vec<Ticket>,
    sync: bool,
    leaving: bool,
    failed: Option<SinkError>,
}

impl Desk {
    /// The life of the writing thread.
    fn write_all(&self, mut output: Box<dyn Output>) {
        let mut bytes = Vec::new();
        let mut tickets = Vec::new();
        loop {
            let mut sheet = self.sheet();
            while sheet.tickets.is_empty() && !sheet.sync && !sheet.leaving {
                sheet = self.work.wait(sheet).unwrap_or_else(PoisonError::into_inner);
            }
            // The emptied buffers go back, so that two allocations serve for ever.
            std::mem::swap(&mut bytes, &mut sheet.bytes);
            std::mem::swap(&mut tickets, &mut sheet.tickets);
            let leaving = sheet.leaving;
            let sync = std::mem::take(&mut sheet.sync) || leaving;
            drop(sheet);

            let written = output.put(&bytes).and_then(|()| if sync { output.sync() } else { Ok(()) });
            let result = written.map_err(|error| self.explain(&error));
            let failed = result.is_err();
            if failed {
                self.sheet().failed = result.clone().err();
                tickets.append(&mut self.sheet().tickets);
            }
            self.inbox.extend(tickets.drain(..).map(|ticket| Receipt { ticket, result: result.clone() }));
            bytes.clear();
            if failed || leaving {
                self.left.notify_one();
                return;
            }
        }
    }

    fn explain(&self, error: &io::Error) -> SinkError {
        let target = self.name.clone();
        match error.kind() {
            io::ErrorKind::BrokenPipe => SinkError::ReaderGone { target },
            _ => SinkError::Output { target, why: error.to_string() },
        }
    }

    fn leave(&self) {
        self.sheet().leaving = true;
        self.work.notify_one();
    }

    fn sheet(&self) -> MutexGuard<'_, Sheet> {
        self.sheet.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

trait Output: Send {
    /// Writes and flushes.
    fn put(&mut self, bytes: &[u8]) -> io::Result<()>;
    fn sync(&mut self) -> io::Result<()>;
}

struct Stdout;

impl Output for Stdout {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut out = io::stdout().lock();
        out.write_all(bytes)?;
        out.flush()
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Output for File {
    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        match self.sync_data() {
            // A pipe or a terminal by a file's name has nothing to sync.
            Err(e) if e.kind() == io::ErrorKind::InvalidInput => Ok(()),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// Writes go through when the test says so.
    struct Gate {
        permits: mpsc::Receiver<io::Result<()>>,
        written: mpsc::Sender<Vec<u8>>,
    }

    impl Output for Gate {
        fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
            self.permits.recv().unwrap_or(Ok(()))?;
            self.written.send(bytes.to_vec()).map_err(io::Error::other)
        }

        fn sync(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn gated() -> (Jsonl, mpsc::Sender<io::Result<()>>, mpsc::Receiver<Vec<u8>>) {
        let (permit, permits) = mpsc::channel();
        let (writing, written) = mpsc::channel();
        let sink = Jsonl::writing_to(Box::new(Gate { permits, written: writing }), "gate".to_owned(), false).unwrap();
        (sink, permit, written)
    }

    fn record(value: &[u8]) -> Record<'_> {
        Record { topic: "t", partition: None, key: None, value: Some(value), headers: &[], timestamp: None }
    }

    async fn receipt(sink: &mut Jsonl) -> Receipt {
        sink.changed().await;
        let mut receipts = Vec::new();
        sink.receipts(&mut receipts);
        receipts.remove(0)
    }

    #[tokio::test]
    async fn a_receipt_follows_the_bytes() {
        let (mut sink, permit, written) = gated();
        sink.send(&record(b"1"), Ticket(3)).unwrap();
        let mut early = Vec::new();
        sink.receipts(&mut early);
        assert!(early.is_empty());
        permit.send(Ok(())).unwrap();
        assert_eq!(receipt(&mut sink).await, Receipt { ticket: Ticket(3), result: Ok(()) });
        assert_eq!(written.recv().unwrap(), b"{\"topic\":\"t\",\"key\":null,\"value\":1,\"headers\":[]}\n");
    }

    #[tokio::test]
    async fn a_stalled_reader_fills_the_sink_and_never_blocks_it() {
        let (mut sink, permit, written) = gated();
        let value = vec![b'x'; ROOM / 4];
        let mut taken = 0;
        while sink.send(&record(&value), Ticket(taken)).is_ok() {
            taken += 1;
            assert!(taken < 20, "the sink takes more than it has room for");
        }
        drop(permit);
        sink.changed().await;
        sink.close(Duration::from_secs(10)).await;
        assert!(written.iter().map(|bytes| bytes.len()).sum::<usize>() > taken * value.len());
    }

    #[tokio::test]
    async fn a_broken_pipe_fails_receipts_and_later_records_for_good() {
        let (mut sink, permit, _written) = gated();
        sink.send(&record(b"1"), Ticket(1)).unwrap();
        permit.send(Err(io::ErrorKind::BrokenPipe.into())).unwrap();
        let gone = SinkError::ReaderGone { target: "gate".to_owned() };
        assert_eq!(receipt(&mut sink).await.result, Err(gone.clone()));
        assert_eq!(sink.send(&record(b"2"), Ticket(2)), Err(gone.clone()));
        assert!(!gone.is_transient());
    }

    #[tokio::test]
    async fn closing_writes_what_was_sent() {
        let path = std::env::temp_dir().join(format!("walcast-jsonl-{}", std::process::id()));
        let config = Config { target: Target::File(path.clone()), pretty: false };
        for round in 0..2 {
            let mut sink = Jsonl::open(&config).await.unwrap();
            sink.send(&record(b"{}"), Ticket(round)).unwrap();
            sink.close(Duration::from_secs(10)).await;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!(text.lines().count(), 2);
    }
}
