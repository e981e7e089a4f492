//! Begin, Commit and Origin: the frame of a transaction.

use super::{DecodeError, Message, Reader};

pub(super) fn begin<'a>(r: &mut Reader<'a>) -> Result<Message<'a>, DecodeError> {
    Ok(Message::Begin { final_lsn: r.lsn("final LSN")?, commit_time: r.time("commit time")?, xid: r.u32("xid")? })
}

pub(super) fn commit<'a>(r: &mut Reader<'a>) -> Result<Message<'a>, DecodeError> {
    // Flags: none are defined.
    r.u8("flags")?;
    Ok(Message::Commit { commit: r.lsn("commit LSN")?, end: r.lsn("end LSN")?, commit_time: r.time("commit time")? })
}

pub(super) fn origin<'a>(r: &mut Reader<'a>) -> Result<Message<'a>, DecodeError> {
    Ok(Message::Origin { lsn: r.lsn("origin LSN")?, name: r.name("origin name")? })
}

#[cfg(test)]
mod tests {
    use crate::pgoutput::{Cells, Message, decode};
    use crate::words::Lsn;

    #[test]
    fn begin_carries_lsn_time_and_xid() {
        let bytes = b"B\0\0\0\x16\xb3\x74\xd8\x48\0\x02\x84\x3a\x5c\x3e\x80\x40\0\0\x02\xda";
        let begin = Message::Begin {
            final_lsn: Lsn(0x16_b374_d848),
            // 0x0002_843a_5c3e_8040 microseconds after 2000-01-01
            commit_time: 0x0002_843a_5c3e_8040 + 946_684_800_000_000,
            xid: 730,
        };
        assert_eq!(decode(bytes, &mut Cells::default()), Ok(begin));
    }

    #[test]
    fn commit_tells_the_record_from_its_end() {
        let bytes = b"C\0\0\0\0\0\x01\x95\xd1\x20\0\0\0\0\x01\x95\xd1\x50\0\0\0\0\0\0\0\x01";
        let commit =
            Message::Commit { commit: Lsn(0x195_d120), end: Lsn(0x195_d150), commit_time: 946_684_800_000_001 };
        assert_eq!(decode(bytes, &mut Cells::default()), Ok(commit));
    }

    #[test]
    fn origin_carries_its_name() {
        let bytes = b"O\0\0\0\0\0\0\0\x07pg_16389\0";
        let origin = Message::Origin { lsn: Lsn(7), name: "pg_16389" };
        assert_eq!(decode(bytes, &mut Cells::default()), Ok(origin));
    }
}
