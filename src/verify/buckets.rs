//! Both sides, sorted into as many temporary files as it takes for one of them to fit into memory.
//!
//! A file holds the keys of its rows, and of their values only hashes. It has no name once it is open, so nothing is left
//! behind however the program ends.

use std::fs::{self, File, OpenOptions};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io::{self, BufReader, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;

use uuid::Uuid;

use super::reading::Row;
use crate::words::Lsn;

/// Rows that fit into memory at once, about 100 bytes and their key each.
const ROWS_PER_BUCKET: u64 = 100_000;
/// Below the usual limit of open files, two for each bucket.
const MOST_BUCKETS: u64 = 400;

/// What is known of one key of one table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    /// An index into the tables.
    pub(super) table: u16,
    pub(super) key: String,
    pub(super) lsn: Lsn,
    pub(super) seen: Seen,
    pub(super) state: State,
}

/// Whether the snapshot has seen a change.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Seen {
    Yes,
    No,
    Maybe,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum State {
    Row(Row),
    Deleted,
    /// A null value, which repeats the delete before it, or stands for one.
    Tombstone,
}

#[derive(Debug)]
pub(super) struct Buckets(Vec<BufWriter<File>>);

impl Buckets {
    /// How many buckets this many rows want.
    pub(super) fn count(rows: u64) -> usize {
        usize::try_from(rows.div_ceil(ROWS_PER_BUCKET).clamp(1, MOST_BUCKETS)).unwrap_or(1)
    }

    pub(super) fn new(count: usize) -> io::Result<Self> {
        (0..count).map(|_| Ok(BufWriter::with_capacity(8 << 10, nameless()?))).collect::<io::Result<_>>().map(Self)
    }

    pub(super) fn add(&mut self, entry: &Entry) -> io::Result<()> {
        let mut hasher = DefaultHasher::new();
        (entry.table, &entry.key).hash(&mut hasher);
        let count = self.0.len().max(1) as u64;
        let index = usize::try_from(hasher.finish() % count).unwrap_or(0);
        match self.0.get_mut(index) {
            Some(file) => write(file, entry),
            None => Ok(()),
        }
    }

    /// The buckets one after the other, each with its entries in the order in which they were added.
    pub(super) fn read(self) -> impl Iterator<Item = io::Result<BucketReader>> {
        self.0.into_iter().map(|writer| {
            let mut file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
            file.seek(SeekFrom::Start(0))?;
            Ok(BucketReader(BufReader::with_capacity(64 << 10, file)))
        })
    }
}

pub(super) struct BucketReader(BufReader<File>);

impl Iterator for BucketReader {
    type Item = io::Result<Entry>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut table = [0; 2];
        match self.0.read_exact(&mut table) {
            Ok(()) => Some(read_rest(&mut self.0, u16::from_le_bytes(table))),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => None,
            Err(error) => Some(Err(error)),
        }
    }
}

/// Gone from its folder before anything is in it.
fn nameless() -> io::Result<File> {
    let path = std::env::temp_dir().join(format!("walcast-verify-{}", Uuid::new_v4().simple()));
    let file = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(&path)?;
    fs::remove_file(&path)?;
    Ok(file)
}

/// The number of a row without fields.
const ROW: usize = 2;

fn write(to: &mut impl Write, entry: &Entry) -> io::Result<()> {
    let length = |n: usize| u32::try_from(n).map_err(|_| io::Error::other("a key or a row too large to compare"));
    to.write_all(&entry.table.to_le_bytes())?;
    to.write_all(&entry.lsn.0.to_le_bytes())?;
    to.write_all(&[entry.seen as u8])?;
    to.write_all(&length(entry.key.len())?.to_le_bytes())?;
    to.write_all(entry.key.as_bytes())?;
    let row: &[(u64, u64)] = if let State::Row(row) = &entry.state { row } else { &[] };
    // How many fields there are, behind the numbers of the other states.
    let number = match &entry.state {
        State::Deleted => 0,
        State::Tombstone => 1,
        State::Row(row) => ROW + row.len(),
    };
    to.write_all(&length(number)?.to_le_bytes())?;
    for (name, value) in row {
        to.write_all(&name.to_le_bytes())?;
        to.write_all(&value.to_le_bytes())?;
    }
    Ok(())
}

fn read_rest(from: &mut impl Read, table: u16) -> io::Result<Entry> {
    let lsn = Lsn(long(from)?);
    let mut seen = [0];
    from.read_exact(&mut seen)?;
    let seen = match seen {
        [0] => Seen::Yes,
        [1] => Seen::No,
        _ => Seen::Maybe,
    };
    let mut key = vec![0; short(from)?];
    from.read_exact(&mut key)?;
    let key = String::from_utf8(key).map_err(io::Error::other)?;
    let state = match short(from)? {
        0 => State::Deleted,
        1 => State::Tombstone,
        number => State::Row((ROW..number).map(|_| Ok((long(from)?, long(from)?))).collect::<io::Result<_>>()?),
    };
    Ok(Entry { table, key, lsn, seen, state })
}

fn long(from: &mut impl Read) -> io::Result<u64> {
    let mut bytes = [0; 8];
    from.read_exact(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}

fn short(from: &mut impl Read) -> io::Result<usize> {
    let mut bytes = [0; 4];
    from.read_exact(&mut bytes)?;
    usize::try_from(u32::from_le_bytes(bytes)).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_in_comes_out_and_a_key_stays_in_one_bucket() {
        let state = |n: u64| match n % 5 {
            0 => State::Deleted,
            1 => State::Tombstone,
            _ => State::Row((0..n % 4).map(|field| (field, field * n)).collect()),
        };
        let seen = |n: u64| [Seen::Yes, Seen::No, Seen::Maybe][usize::try_from(n % 3).unwrap()];
        let key = |n: u64| format!("{{\"id\":{}}}", n % 50);
        let entry = |n: u64| Entry { table: 3, key: key(n), lsn: Lsn(n), seen: seen(n), state: state(n) };
        let entries: Vec<_> = (0..500).map(entry).collect();
        let mut buckets = Buckets::new(7).unwrap();
        entries.iter().for_each(|entry| buckets.add(entry).unwrap());
        let mut seen = 0;
        let mut homes = std::collections::HashMap::new();
        for (index, bucket) in buckets.read().enumerate() {
            let mut last = None;
            for back in bucket.unwrap() {
                let back = back.unwrap();
                assert_eq!(back, entries[usize::try_from(back.lsn.0).unwrap()]);
                assert!(last.replace(back.lsn) < Some(back.lsn), "in the order of adding");
                assert_eq!(*homes.entry(back.key).or_insert(index), index);
                seen += 1;
            }
        }
        assert_eq!(seen, entries.len());
    }

    #[test]
    fn many_rows_want_many_buckets_but_not_without_end() {
        assert_eq!([0, 1, 100_000, 100_001, u64::MAX].map(Buckets::count), [1, 1, 1, 2, 400]);
    }
}
