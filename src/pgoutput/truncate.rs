//! Truncate: several tables at once, with the options of the statement.

use super::{DecodeError, Message, Reader};
use crate::words::RelationId;

const CASCADE: u8 = 1;
const RESTART_IDENTITY: u8 = 2;

pub(super) fn truncate<'a>(r: &mut Reader<'a>) -> Result<Message<'a>, DecodeError> {
    let count = r.u32("relation count")?;
    let options = r.u8("options")?;
    let mut relations = Vec::with_capacity(r.plausible(count, 4, "relation ids")?);
    for _ in 0..count {
        relations.push(RelationId(r.u32("relation id")?));
    }
    Ok(Message::Truncate {
        relations,
        cascade: options & CASCADE != 0,
        restart_identity: options & RESTART_IDENTITY != 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pgoutput::{Cells, decode};

    #[test]
    fn truncate_lists_its_tables_and_options() {
        for (options, cascade, restart_identity) in
            [(0, false, false), (1, true, false), (2, false, true), (3, true, true)]
        {
            let bytes = [b"T\0\0\0\x02".as_slice(), &[options], b"\0\0\x40\x05\0\0\x40\x06"].concat();
            let relations = vec![RelationId(16389), RelationId(16390)];
            let truncate = Message::Truncate { relations, cascade, restart_identity };
            assert_eq!(decode(&bytes, &mut Cells::default()), Ok(truncate));
        }
    }

    #[test]
    fn four_billion_tables_are_not_believed() {
        let refused = Err(DecodeError::Truncated { what: "relation ids" });
        assert_eq!(decode(b"T\xff\xff\xff\xff\0\0\0\0\x01", &mut Cells::default()), refused);
    }
}
