//! A table with a column of every type that has a codec, and texts the server could send for them.

use walcast::debezium::{ColumnFacts, Config, Path, Prepared, TableFacts, Types};
use walcast::words::RelationId;
use walcast::words::table::{PgType, PgTypeKind};

/// Name, modifier, texts.
pub(crate) type Kind = (&'static str, i32, &'static [&'static str]);

#[rustfmt::skip]
pub(crate) const KINDS: &[Kind] = &[
    ("int2", -1, &["0", "-32768"]),
    ("int4", -1, &["7", "-2147483648"]),
    ("int8", -1, &["9223372036854775807", "-1"]),
    ("oid", -1, &["4294967295"]),
    ("float4", -1, &["1.5", "NaN", "-Infinity", "1e-45", "3.4028235e+38"]),
    ("float8", -1, &["0.1", "-0", "1e+20", "5e-324", "Infinity"]),
    ("numeric", (12 << 16) + 4 + 4, &["12.5000", "-0.0001", "99999999.9999"]),
    ("numeric", -1, &["1", "0.000000000000000000012"]),
    ("money", -1, &["$1,234.56", "-$0.01"]),
    ("bool", -1, &["t", "f"]),
    ("text", -1, &["", "plain", "a\"\\\n\u{1}é😀\u{2028}"]),
    ("varchar", 14, &["ten"]),
    ("bpchar", 8, &["ab  "]),
    ("char", -1, &["x"]),
    ("name", -1, &["pg_class"]),
    ("json", -1, &["{\"a\": [1, null]}"]),
    ("jsonb", -1, &["{}"]),
    ("xml", -1, &["<a>b</a>"]),
    ("uuid", -1, &["12345678-1234-5678-1234-567812345678"]),
    ("inet", -1, &["10.0.0.1/8"]),
    ("macaddr", -1, &["08:00:2b:01:02:03"]),
    ("int4range", -1, &["[1,5)", "empty"]),
    ("tsvector", -1, &["'cat':1 'fat'"]),
    ("bytea", -1, &["\\x", "\\x00ff41"]),
    ("bit", 1, &["1", "0"]),
    ("bit", 9, &["101010101"]),
    ("varbit", -1, &["", "111"]),
    ("date", -1, &["2024-02-29", "infinity", "0044-03-15 BC", "5874897-12-31"]),
    ("time", -1, &["04:05:06.789012", "24:00:00", "00:00:00"]),
    ("time", 3, &["04:05:06.789"]),
    ("timetz", -1, &["04:05:06.7+02", "23:59:59-15:59"]),
    ("timestamp", -1, &["2024-02-29 12:34:56.789012", "-infinity", "0044-03-15 12:00:00 BC"]),
    ("timestamp", 3, &["2024-02-29 12:34:56.789"]),
    ("timestamptz", -1, &["2024-02-29 12:34:56.1+00", "infinity"]),
    ("timestamptz", 0, &["2024-02-29 12:34:56+00"]),
    ("interval", -1, &["1 year 2 mons -3 days 04:05:06.5", "00:00:00"]),
    ("point", -1, &["(1,2.5)"]),
    ("circle", -1, &["<(1,2.5),3>"]),
    ("hstore", -1, &["\"a\"=>\"1\", \"b\"=>NULL", ""]),
    ("geometry", -1, &["0101000000000000000000F03F0000000000000040"]),
    ("vector", -1, &["[1,2.5]"]),
    ("halfvec", -1, &["[1,2.5]"]),
    ("sparsevec", -1, &["{1:1.5,3:2}/5"]),
    ("mood", -1, &["sad"]),
    ("_int4", -1, &["{}", "{1,NULL,3}", "[5:6]={7,8}", "{{1,2},{3,4}}"]),
    ("_text", -1, &["{a,\"b, c\",NULL}"]),
    ("_varchar", -1, &["{\"\\\"\",\"a\\\\b\"}"]),
    ("_numeric", -1, &["{1.5,NaN,NULL}"]),
    ("_timestamptz", -1, &["{\"2024-02-29 12:34:56+00\"}"]),
    ("_mood", -1, &["{sad,NULL}"]),
];

const EXTENSIONS: [&str; 6] = ["hstore", "geometry", "vector", "halfvec", "sparsevec", "mood"];

/// The type's number in this test, by its name's place among all names.
fn oid(name: &str) -> u32 {
    let base = name.strip_prefix('_').unwrap_or(name);
    let at = KINDS.iter().position(|(other, ..)| *other == base).expect("a type of the list");
    u32::try_from(at).expect("a small number") * 2 + 1000 + u32::from(name != base)
}

fn types() -> Types {
    Types::new(KINDS.iter().map(|(name, ..)| {
        let kind = match name.strip_prefix('_') {
            Some(element) => PgTypeKind::Array { element: oid(element) },
            None if *name == "mood" => PgTypeKind::Enum(vec!["sad".to_owned(), "ok".to_owned()]),
            None => PgTypeKind::Base,
        };
        let schema = if EXTENSIONS.contains(&name.trim_start_matches('_')) { "public" } else { "pg_catalog" };
        PgType { oid: oid(name), schema: schema.to_owned(), name: (*name).to_owned(), delimiter: ',', kind }
    }))
}

/// The table of these columns, the first one its key; all but that may be null.
pub(crate) fn prepared(kinds: &[Kind], config: &Config) -> Prepared {
    let names: Vec<String> = (0..kinds.len()).map(|at| format!("c{at}")).collect();
    let column = |(at, (name, typmod, _)): (usize, &Kind)| ColumnFacts {
        name: &names[at],
        type_oid: oid(name),
        typmod: *typmod,
        not_null: at == 0,
        default: None,
        comment: None,
        absent: false,
    };
    let facts = TableFacts {
        id: RelationId(1),
        path: Path::Stream,
        schema: "public",
        name: "wide",
        columns: kinds.iter().enumerate().map(column).collect(),
        key: vec![&names[0]],
    };
    Prepared::describe(&facts, &types(), config).0
}
