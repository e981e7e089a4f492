//! Any text is a value of any type or a fault, never a panic. The first byte picks the type, the second the modes.

#![no_main]

use libfuzzer_sys::fuzz_target;
use walcast::debezium::{
    ColumnFacts, Compatibility, Config, DecimalMode, HstoreMode, Image, IntervalMode, Path, Prepared, TableFacts,
    TimeMode, Types,
};
use walcast::words::data::TreeSink;
use walcast::words::table::{PgType, PgTypeKind};
use walcast::words::{Cell, RelationId, Row};

const TYPES: [&str; 28] = [
    "int4", "float8", "numeric", "money", "bool", "bytea", "bit", "varbit", "date", "time", "timetz", "timestamp",
    "timestamptz", "interval", "point", "circle", "hstore", "geometry", "vector", "sparsevec", "_int4", "_text",
    "_numeric", "_date", "_timestamp", "_timestamptz", "_bytea", "_interval",
];

/// Arrays are numbered behind their elements.
fn oid(name: &str) -> u32 {
    let base = name.strip_prefix('_').unwrap_or(name);
    let all = TYPES.iter().map(|name| name.trim_start_matches('_'));
    let at = all.clone().position(|other| other == base).unwrap_or(0) as u32;
    at * 2 + 1 + u32::from(base != name)
}

fuzz_target!(|input: (u8, u8, &str)| {
    let (pick, modes, text) = input;
    let bit = |at: u8| modes & (1 << at) != 0;
    let config = Config {
        compatibility: if bit(0) { Compatibility::Exact } else { Compatibility::Correct },
        decimal: [DecimalMode::Precise, DecimalMode::Double, DecimalMode::String][usize::from(modes >> 1) % 3],
        time: if bit(3) { TimeMode::Isostring } else { TimeMode::Nanoseconds },
        interval: if bit(4) { IntervalMode::String } else { IntervalMode::Numeric },
        hstore: if bit(5) { HstoreMode::Map } else { HstoreMode::Json },
        include_unknown_datatypes: true,
        ..Config::new("p", "db")
    };
    let types = Types::new(TYPES.iter().flat_map(|name| {
        let base = name.trim_start_matches('_');
        let schema = if ["hstore", "geometry", "vector", "sparsevec"].contains(&base) { "public" } else { "pg_catalog" };
        let of = |oid, name: &str, kind| PgType {
            oid,
            schema: schema.to_owned(),
            name: name.to_owned(),
            delimiter: ',',
            kind,
        };
        let element = oid(base);
        [
            of(element, base, PgTypeKind::Base),
            of(element + 1, &format!("_{base}"), PgTypeKind::Array { element }),
        ]
    }));
    let name = TYPES[usize::from(pick) % TYPES.len()];
    let column = ColumnFacts {
        name: "c",
        type_oid: oid(name),
        typmod: if bit(6) { (9 << 16) + 2 + 4 } else { -1 },
        not_null: bit(7),
        default: Some(text),
        comment: None,
        absent: false,
    };
    let path = if bit(2) { Path::Snapshot } else { Path::Stream };
    let facts =
        TableFacts { id: RelationId(1), path, schema: "s", name: "t", columns: vec![column], key: Vec::new() };
    let (prepared, _) = Prepared::describe(&facts, &types, &config);
    let cells = [Cell::Text(text)];
    let _ = prepared.push_row(Image::of(Row { cells: &cells }), &mut Vec::new(), &mut TreeSink::default());
});
