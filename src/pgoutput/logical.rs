//! What `pg_logical_emit_message` wrote.

use super::{DecodeError, Message, Reader};

pub(super) fn logical<'a>(r: &mut Reader<'a>) -> Result<Message<'a>, DecodeError> {
    let transactional = r.u8("flags")? & 1 != 0;
    let lsn = r.lsn("message LSN")?;
    let prefix = r.name("prefix")?;
    let len = r.u32("content length")?;
    Ok(Message::Logical { transactional, lsn, prefix, content: r.bytes(len, "content")? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pgoutput::{Cells, decode};
    use crate::words::Lsn;

    #[test]
    fn content_is_bytes_whatever_they_are() {
        let bytes = b"M\x01\0\0\0\0\x01\x95\xd1\x20audit\0\0\0\0\x03\xff\0a";
        let message =
            Message::Logical { transactional: true, lsn: Lsn(0x195_d120), prefix: "audit", content: b"\xff\0a" };
        assert_eq!(decode(bytes, &mut Cells::default()), Ok(message));
    }

    #[test]
    fn a_message_outside_of_transactions_says_so() {
        let bytes = b"M\0\0\0\0\0\0\0\0\x01\0\0\0\0\0";
        let message = Message::Logical { transactional: false, lsn: Lsn(1), prefix: "", content: b"" };
        assert_eq!(decode(bytes, &mut Cells::default()), Ok(message));
    }
}
