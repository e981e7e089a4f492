//! The column types, each with values worth trying.

use crate::random::Random;
use crate::values;

/// A type as SQL spells it.
pub(crate) struct Kind {
    pub(crate) sql: &'static str,
    /// Texts of values.
    pub(crate) values: &'static [&'static str],
    /// Texts of values that become null in some mode: not for columns where that makes the reference fail.
    pub(crate) special: &'static [&'static str],
    /// Makes another text.
    pub(crate) make: Option<fn(&mut Random) -> String>,
    /// An SQL expression of a value that is stored out of line.
    pub(crate) long: Option<&'static str>,
    /// Default expressions besides literals.
    pub(crate) defaults: &'static [&'static str],
    /// May be part of a key.
    pub(crate) key: bool,
    /// May be the element of an array.
    pub(crate) element: bool,
}

const fn kind(sql: &'static str, values: &'static [&'static str]) -> Kind {
    Kind { sql, values, special: &[], make: None, long: None, defaults: &[], key: false, element: true }
}

impl Kind {
    const fn make(mut self, make: fn(&mut Random) -> String) -> Self {
        self.make = Some(make);
        self
    }

    const fn long(mut self, long: &'static str) -> Self {
        self.long = Some(long);
        self
    }

    const fn defaults(mut self, defaults: &'static [&'static str]) -> Self {
        self.defaults = defaults;
        self
    }

    const fn special(mut self, special: &'static [&'static str]) -> Self {
        self.special = special;
        self
    }

    const fn scalar(mut self) -> Self {
        self.element = false;
        self
    }

    const fn key(mut self) -> Self {
        self.key = true;
        self
    }
}

/// The kind of this name.
pub(crate) fn named(sql: &str) -> &'static Kind {
    KINDS.iter().find(|kind| kind.sql == sql).unwrap_or(&KINDS[0])
}

/// What the tables of a case may name. No domain over an enum: a database that holds one keeps the reference from starting.
pub(crate) const PRELUDE: &str = r#"CREATE SCHEMA "Odd Schema";
CREATE EXTENSION hstore;
CREATE EXTENSION citext;
CREATE EXTENSION ltree;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'very happy', 'it''s', 'comma,d', 'ключ', '☃"\');
CREATE TYPE "Odd Mood" AS ENUM ('A', 'a', ' ');
CREATE TYPE pair AS (x integer, y text);
CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
CREATE DOMAIN price AS numeric(8, 3) DEFAULT 1.5;
CREATE DOMAIN higher_price AS price;
CREATE DOMAIN brief AS varchar(5) DEFAULT 'dom';
CREATE DOMAIN document AS jsonb;
CREATE DOMAIN stamp AS timestamp(3);
CREATE DOMAIN list AS integer[];
CREATE DOMAIN flags AS bit(3);
"#;

/// 9.6 kB that do not compress, so that Postgres stores them out of line.
const LONG_TEXT: &str = "(SELECT string_agg(md5(i::text), '') FROM generate_series(1, 300) i)";
const LONG_JSON: &str = "(SELECT json_object_agg(md5(i::text), i) FROM generate_series(1, 300) i)";

const TIMES: &[&str] = &["00:00:00", "23:59:59.999999", "24:00:00", "04:05:06.789012", "00:00:00.000001", "12:00:00.5"];
const ZONED_TIMES: &[&str] =
    &["00:00:00+00", "23:59:59.999999-15:59", "24:00:00+15:59", "04:05:06.789+05:30", "00:00:00.000001-00:30"];
const TIMESTAMPS: &[&str] = &[
    "1970-01-01 00:00:00",
    "1969-12-31 23:59:59.999999",
    "2024-02-29 12:34:56.789012",
    "0001-01-01 00:00:00",
    "1582-10-10 10:10:10",
    "9999-12-31 23:59:59.999999",
    "infinity",
    "-infinity",
    "0044-03-15 12:00:00 BC",
    "4713-01-01 00:00:00 BC",
    "12345-01-01 00:00:00",
    "294276-12-31 23:59:59",
    "2024-03-31 02:30:00",
    "1900-01-01 00:00:00.5",
];
const ZONED: &[&str] = &[
    "1970-01-01 00:00:00+00",
    "1969-12-31 23:59:59.999999+00",
    "2024-02-29 12:34:56.789012+02",
    "0001-01-01 00:00:00+00",
    "9999-12-31 23:59:59.999999+00",
    "infinity",
    "-infinity",
    "0044-03-15 12:00:00+00 BC",
    "12345-01-01 00:00:00+00",
    "2024-10-27 02:30:00-08",
    "1883-11-18 12:03:58-04:56:02",
];
const INTERVALS: &[&str] = &[
    "0",
    "1 year 2 mons 3 days 04:05:06.789",
    "-1 year -2 mons +3 days -04:05:06.789",
    "-00:00:00.000001",
    "178000 years",
    "1000 hours",
    "1 mon -1 day",
    "100 days",
    "-1 day +00:00:01",
];
/// Only floats that the old algorithm of the oracle's Java and the shortest one spell alike.
const FLOATS: &[&str] = &[
    "0",
    "-0",
    "1",
    "-1.5",
    "0.25",
    "NaN",
    "Infinity",
    "-Infinity",
    "10000000",
    "9999999",
    "0.001",
    "0.0009765625",
    "123456.75",
];

#[rustfmt::skip]
pub(crate) static KINDS: &[Kind] = &[
    kind("smallint", &["0", "32767", "-32768"]).make(values::small).defaults(&["1 + 2"]).key(),
    kind("integer", &["0", "2147483647", "-2147483648"]).make(values::small).defaults(&["1 + 2", "abs(-3)", "(-5)", "'7'::integer"]).key(),
    kind("integer", &["1", "2"]).make(values::small).key(),
    kind("integer[]", &["{}", "{{1,2},{3,NULL}}", "[2:3]={1,2}", "{{{1}}}"]).scalar(),
    kind("name", &["", "some name", "ключ"]).key(),
    kind("bigint", &["0", "9223372036854775807", "-9223372036854775808"]).make(values::small).defaults(&["5000000000", "-1"]).key(),
    kind("oid", &["0", "4294967295", "1259"]).key(),
    kind("real", FLOATS).make(values::dyadic).key(),
    kind("double precision", FLOATS).make(values::dyadic).defaults(&["1e3", "random()", "'-Infinity'"]).key(),
    kind("numeric", &["0", "0.00", "1e30", "-1.10", "123456789012345678901234567890.123456789"]).special(&["NaN", "Infinity", "-Infinity"]).make(values::decimal).defaults(&["1.10", "-0.5", "1e5"]).key(),
    kind("numeric(10,2)", &["0", "99999999.99", "-0.01"]).special(&["NaN"]).make(values::decimal).defaults(&["0", "1.5", "-7"]).key(),
    kind("numeric(5)", &["0", "99999", "-7"]).special(&["NaN"]).key(),
    kind("numeric(38,10)", &["0", "1e-10", "-9999999999999999999999999999.9999999999"]).make(values::decimal).key(),
    kind("numeric(5,-2)", &["0", "1234500", "-100"]).key(),
    kind("numeric(3,6)", &["0", "0.000123", "-0.000999"]).key(),
    kind("money", &["0", "-1.01", "92233720368547758.07", "-92233720368547758.08", "0.5"]).defaults(&["1.5"]).key(),
    kind("boolean", &["t", "f"]).defaults(&["true", "false", "(NOT true)"]).key(),
    kind("bit", &["0", "1"]).defaults(&["B'1'"]).key(),
    kind("bit(3)", &["000", "101", "111"]).defaults(&["B'101'"]).key(),
    kind("bit(17)", &["00000000000000000", "10000000000000001"]).key(),
    kind("varbit", &["", "1", "0000000000", "1010101010101"]).key(),
    kind("varbit(9)", &["", "1", "111111111"]).key(),
    kind("bytea", &["", "\\x00", "\\xdeadbeef", "\\xff00ff"]).make(values::hex).long("(SELECT decode(string_agg(md5(i::text), ''), 'hex') FROM generate_series(1, 300) i)").key(),
    kind("text", &["", " ", "NULL", "{}"]).make(values::text).long(LONG_TEXT).defaults(&["lower('ABC')", "current_user", "'a' || 'b'", "''", "E'a\\nb'"]).key(),
    kind("varchar(20)", &["", "  x  "]).make(values::short_text).defaults(&["'a'::text", "'b'"]).key(),
    kind("varchar", &[""]).make(values::text).long(LONG_TEXT).key(),
    kind("char(7)", &["", "a", "it's"]).defaults(&["'ab'"]).key(),
    kind("\"char\"", &["a", ""]).key(),
    kind("citext", &["", "MiXed"]).make(values::text).long(LONG_TEXT).key(),
    kind("ltree", &["", "a.b.c", "Top"]).key(),
    kind("hstore", &["", "a=>1", "a=>NULL,\"b c\"=>\"d\\\"e\"", "z=>1,y=>2,x=>3,ключ=>☃"]).long("(SELECT hstore(array_agg(md5(i::text)), array_agg(i::text)) FROM generate_series(1, 300) i)"),
    kind("date", &["1970-01-01", "2024-02-29", "9999-12-31", "0001-01-01", "1582-10-10", "1900-01-01", "infinity", "-infinity", "0044-03-15 BC", "5874897-12-31", "4714-11-24 BC"]).make(values::date).defaults(&["current_date", "'2024-01-01'", "now()"]).key(),
    kind("time", TIMES).defaults(&["'12:34:56.789'", "localtime"]).scalar().key(),
    kind("time(0)", TIMES).scalar().key(),
    kind("time(3)", TIMES).scalar().key(),
    kind("timetz", ZONED_TIMES).defaults(&["'12:34:56+02'", "current_time"]).scalar().key(),
    kind("timetz(2)", ZONED_TIMES).scalar().key(),
    kind("timestamp", TIMESTAMPS).make(values::timestamp).defaults(&["now()", "'2024-01-01 00:00:00'", "localtimestamp", "(now() AT TIME ZONE 'utc')", "'infinity'"]).key(),
    kind("timestamp(0)", TIMESTAMPS).make(values::timestamp).key(),
    kind("timestamp(3)", TIMESTAMPS).make(values::timestamp).defaults(&["'2024-01-01 00:00:00.5'"]).key(),
    kind("timestamptz", ZONED).make(values::timestamp).defaults(&["now()", "current_timestamp", "'2024-01-01 00:00:00+02'", "'-infinity'"]).key(),
    kind("timestamptz(0)", ZONED).make(values::timestamp).key(),
    kind("timestamptz(4)", ZONED).make(values::timestamp).key(),
    kind("interval", INTERVALS).make(values::interval).defaults(&["'1 day'", "'1 year 2 mons'"]).key(),
    kind("interval(0)", INTERVALS).key(),
    kind("interval day to second", INTERVALS).key(),
    kind("uuid", &["a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "00000000-0000-0000-0000-000000000000", "ffffffff-ffff-ffff-ffff-ffffffffffff"]).make(values::uuid).defaults(&["gen_random_uuid()"]).key(),
    kind("json", &["null", " { \"b\" : 1,  \"a\":[1, 2.50,1e3]} ", "[]", "\"\\u00e9\"", "{\"a\":1,\"a\":2}"]).long(LONG_JSON).defaults(&["'{}'"]),
    kind("jsonb", &["null", "{\"bb\" : 1,  \"a\":[1, 2.50,1e3]}", "[]", "\"\\u00e9\\n\"", "1e400"]).long("(SELECT jsonb_object_agg(md5(i::text), i) FROM generate_series(1, 300) i)").defaults(&["'{}'::jsonb"]).key(),
    kind("xml", &["<a/>", "<a  x = \"1\"><b/> тест </a>", "text only", ""]).long("(SELECT xmlagg(xmlelement(name a, md5(i::text))) FROM generate_series(1, 300) i)"),
    kind("inet", &["127.0.0.1", "192.168.1.5/24", "::1", "2001:db8::/32", "::ffff:1.2.3.4"]).defaults(&["'::1'"]).key(),
    kind("cidr", &["10.0.0.0/8", "2001:db8::/32", "0.0.0.0/0"]).key(),
    kind("macaddr", &["08:00:2b:01:02:03", "ffffff-ffffff"]).key(),
    kind("macaddr8", &["08:00:2b:01:02:03:04:05", "08002b010203"]).key(),
    kind("int4range", &["empty", "[1,5)", "(,5]", "(,)", "[-3,]"]).key(),
    kind("int8range", &["empty", "[1,5)", "(,)"]).key(),
    kind("numrange", &["empty", "[1.50,2.5]", "(,1e5)"]).key(),
    kind("tsrange", &["empty", "[2024-01-01 10:00, 2024-01-02 11:22:33.456789)", "(-infinity,infinity)", "(,)"]).key(),
    kind("tstzrange", &["empty", "[2024-01-01 10:00+02, 2024-01-02 11:22:33.456789-08)", "(,)"]).key(),
    kind("daterange", &["empty", "[2024-01-01,2024-01-31]", "(,2024-01-01)"]).key(),
    kind("int4multirange", &["{}", "{[1,3),[5,7)}"]).key(),
    kind("datemultirange", &["{}", "{[2024-01-01,2024-01-31]}"]).key(),
    kind("point", &["(0,0)", "(1.5,-2.25)", "(-1,10000000)"]),
    kind("line", &["{1,-1,0}"]),
    kind("lseg", &["[(0,0),(1.5,1)]"]),
    kind("box", &["(2,2),(0,0)"]),
    kind("path", &["[(0,0),(1,1)]", "((0,0),(1,1),(2,0))"]),
    kind("polygon", &["((0,0),(1,1),(2,0))"]),
    kind("circle", &["<(1,1),2.5>"]),
    kind("tsvector", &["", "a fat cat", "a:1A fat:2B,4C"]),
    kind("tsquery", &["", "fat & (rat | !cat)"]),
    kind("pg_lsn", &["0/0", "16/B374D848"]).key(),
    kind("xid8", &["0", "5"]).key(),
    kind("tid", &["(0,1)"]),
    kind("jsonpath", &["$.a[*]"]),
    kind("regclass", &["pg_class"]),
    kind("mood", &["sad", "ok", "very happy", "it's", "comma,d", "ключ", "☃\"\\"]).defaults(&["'ok'", "'sad'::mood"]).key(),
    kind("\"Odd Mood\"", &["A", "a", " "]).defaults(&["'A'"]).key(),
    kind("pair", &["(1,one)", "(,)", "(3,\"a \"\"b\"\" c\")"]).key(),
    kind("positive", &["1", "2147483647"]).defaults(&["3"]).key(),
    kind("price", &["0", "-1.5", "99999.999"]).key(),
    kind("higher_price", &["0", "-1.5"]).key(),
    kind("brief", &["", "abcde"]).defaults(&["'abc'"]).key(),
    kind("document", &["{\"a\": 1}", "[]"]).key(),
    kind("stamp", &["2024-02-29 12:34:56.789", "1969-12-31 23:59:59.999"]).key(),
    kind("list", &["{}", "{1,NULL,3}"]),
    kind("flags", &["000", "101"]).key(),
];
