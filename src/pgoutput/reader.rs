//! The only way to read bytes here: a cursor that cannot step over the end.

use super::DecodeError;
use crate::words::Lsn;

/// Microseconds from the UNIX epoch to Postgres' own, 2000-01-01.
const POSTGRES_EPOCH: i64 = 946_684_800_000_000;

/// What is left of a message. Each read names what it reads, for the error.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(super) fn u8(&mut self, what: &'static str) -> Result<u8, DecodeError> {
        Ok(u8::from_be_bytes(self.array(what)?))
    }

    pub(super) fn u16(&mut self, what: &'static str) -> Result<u16, DecodeError> {
        Ok(u16::from_be_bytes(self.array(what)?))
    }

    pub(super) fn u32(&mut self, what: &'static str) -> Result<u32, DecodeError> {
        Ok(u32::from_be_bytes(self.array(what)?))
    }

    pub(super) fn i32(&mut self, what: &'static str) -> Result<i32, DecodeError> {
        Ok(i32::from_be_bytes(self.array(what)?))
    }

    pub(super) fn lsn(&mut self, what: &'static str) -> Result<Lsn, DecodeError> {
        Ok(Lsn(u64::from_be_bytes(self.array(what)?)))
    }

    /// A Postgres timestamp as microseconds since the UNIX epoch.
    pub(super) fn time(&mut self, what: &'static str) -> Result<i64, DecodeError> {
        Ok(i64::from_be_bytes(self.array(what)?).saturating_add(POSTGRES_EPOCH))
    }

    /// `count` elements of at least `size` bytes each, a count worth reserving memory for.
    pub(super) fn plausible(&self, count: u32, size: usize, what: &'static str) -> Result<usize, DecodeError> {
        let count = usize::try_from(count).map_err(|_| DecodeError::Truncated { what })?;
        if count > self.rest.len() / size {
            return Err(DecodeError::Truncated { what });
        }
        Ok(count)
    }

    pub(super) fn bytes(&mut self, len: u32, what: &'static str) -> Result<&'a [u8], DecodeError> {
        let len = usize::try_from(len).map_err(|_| DecodeError::Truncated { what })?;
        let (bytes, rest) = self.rest.split_at_checked(len).ok_or(DecodeError::Truncated { what })?;
        self.rest = rest;
        Ok(bytes)
    }

    pub(super) fn text(&mut self, len: u32, what: &'static str) -> Result<&'a str, DecodeError> {
        std::str::from_utf8(self.bytes(len, what)?).map_err(|_| DecodeError::NotUtf8 { what })
    }

    /// A text that ends with a zero byte.
    pub(super) fn name(&mut self, what: &'static str) -> Result<&'a str, DecodeError> {
        let len = self.rest.iter().position(|&byte| byte == 0).ok_or(DecodeError::Truncated { what })?;
        let (name, rest) = self.rest.split_at(len);
        self.rest = rest.split_first().map_or(&[], |(_, rest)| rest);
        std::str::from_utf8(name).map_err(|_| DecodeError::NotUtf8 { what })
    }

    pub(super) fn end(self) -> Result<(), DecodeError> {
        match self.rest.len() {
            0 => Ok(()),
            count => Err(DecodeError::Trailing { count }),
        }
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Result<[u8; N], DecodeError> {
        let (array, rest) = self.rest.split_first_chunk().ok_or(DecodeError::Truncated { what })?;
        self.rest = rest;
        Ok(*array)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_epoch_is_that_of_postgres() {
        let mut reader = Reader::new(&[0; 8]);
        // 2000-01-01T00:00:00Z
        assert_eq!(reader.time("time"), Ok(946_684_800 * 1_000_000));
    }

    #[test]
    fn a_time_beyond_the_calendar_stays_there() {
        let mut reader = Reader::new(&[0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
        assert_eq!(reader.time("time"), Ok(i64::MAX));
    }

    #[test]
    fn a_name_needs_its_zero() {
        assert_eq!(Reader::new(b"abc").name("name"), Err(DecodeError::Truncated { what: "name" }));
        let mut reader = Reader::new(b"abc\0d\0");
        assert_eq!(reader.name("name"), Ok("abc"));
        assert_eq!(reader.name("name"), Ok("d"));
        assert_eq!(reader.end(), Ok(()));
    }
}
