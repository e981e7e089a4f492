//! Relation and Type: what the rows that follow are made of.

use super::{DecodeError, Message, Reader};
use crate::words::{Relation, RelationColumn, RelationId, ReplicaIdentity};

/// Flags, a name of no letters, type and modifier.
const SMALLEST_COLUMN: usize = 1 + 1 + 4 + 4;

pub(super) fn relation<'a>(r: &mut Reader<'a>) -> Result<Message<'a>, DecodeError> {
    let id = RelationId(r.u32("relation id")?);
    // The server sends nothing for pg_catalog.
    let schema = Some(r.name("schema name")?).filter(|name| !name.is_empty()).unwrap_or("pg_catalog");
    let name = r.name("table name")?;
    let identity = match r.u8("replica identity")? {
        b'd' => ReplicaIdentity::Default,
        b'n' => ReplicaIdentity::Nothing,
        b'f' => ReplicaIdentity::Full,
        b'i' => ReplicaIdentity::Index,
        found => return Err(DecodeError::Unexpected { what: "replica identity", found }),
    };
    let count = r.u16("column count")?;
    let mut columns = Vec::with_capacity(r.plausible(u32::from(count), SMALLEST_COLUMN, "columns")?);
    for _ in 0..count {
        columns.push(column(r)?);
    }
    Ok(Message::Relation(Relation { id, schema: schema.to_owned(), name: name.to_owned(), identity, columns }))
}

fn column(r: &mut Reader<'_>) -> Result<RelationColumn, DecodeError> {
    Ok(RelationColumn {
        identity: r.u8("column flags")? & 1 != 0,
        name: r.name("column name")?.to_owned(),
        type_oid: r.u32("type OID")?,
        typmod: r.i32("type modifier")?,
    })
}

/// Read through, so that garbage is noticed, and dropped: types come from the catalog.
pub(super) fn type_name<'a>(r: &mut Reader<'a>) -> Result<Message<'a>, DecodeError> {
    r.u32("type OID")?;
    r.name("schema name")?;
    r.name("type name")?;
    Ok(Message::Type)
}

#[cfg(test)]
mod tests {
    use crate::pgoutput::{Cells, DecodeError, Message, decode};
    use crate::words::{Relation, RelationColumn, RelationId, ReplicaIdentity};

    const ORDERS: &[u8] =
        b"R\0\0\x40\x05shop\0orders\0d\0\x02\x01id\0\0\0\0\x17\xff\xff\xff\xff\0total\0\0\0\x06\xa4\0\x08\0\x06";

    #[test]
    fn relation_names_its_columns_in_order() {
        let column = |name: &str, type_oid, typmod, identity| RelationColumn {
            name: name.to_owned(),
            type_oid,
            typmod,
            identity,
        };
        let orders = Relation {
            id: RelationId(16389),
            schema: "shop".to_owned(),
            name: "orders".to_owned(),
            identity: ReplicaIdentity::Default,
            columns: vec![column("id", 23, -1, true), column("total", 1700, 0x0008_0006, false)],
        };
        assert_eq!(decode(ORDERS, &mut Cells::default()), Ok(Message::Relation(orders)));
    }

    #[test]
    fn every_replica_identity_is_known_and_no_other() {
        let with = |identity: u8| [b"R\0\0\0\x01s\0t\0".as_slice(), &[identity], b"\0\0"].concat();
        for (byte, expected) in [
            (b'd', ReplicaIdentity::Default),
            (b'n', ReplicaIdentity::Nothing),
            (b'f', ReplicaIdentity::Full),
            (b'i', ReplicaIdentity::Index),
        ] {
            let bytes = with(byte);
            let Ok(Message::Relation(relation)) = decode(&bytes, &mut Cells::default()) else { panic!("{byte}") };
            assert_eq!(relation.identity, expected);
        }
        let unknown = DecodeError::Unexpected { what: "replica identity", found: b'x' };
        assert_eq!(decode(&with(b'x'), &mut Cells::default()), Err(unknown));
    }

    #[test]
    fn an_empty_schema_is_the_catalog() {
        let Ok(Message::Relation(relation)) = decode(b"R\0\0\0\x01\0t\0d\0\0", &mut Cells::default()) else { panic!() };
        assert_eq!(relation.schema, "pg_catalog");
    }

    #[test]
    fn a_column_count_beyond_the_bytes_is_refused_before_memory_is_taken() {
        let bytes = b"R\0\0\0\x01s\0t\0d\xff\xff";
        assert_eq!(decode(bytes, &mut Cells::default()), Err(DecodeError::Truncated { what: "columns" }));
    }

    #[test]
    fn type_messages_pass_without_effect() {
        assert_eq!(decode(b"Y\0\0\x40\x09public\0mood\0", &mut Cells::default()), Ok(Message::Type));
    }
}
