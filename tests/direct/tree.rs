//! One description, two ways: written directly, and kept as a tree first.

use proptest::prelude::*;
use walcast::converter::{Buffer, Config as Converter, JsonConfig};
use walcast::debezium::{
    BinaryMode, Compatibility, Config, DecimalMode, HstoreMode, Image, IntervalMode, Prepared, TimeMode,
};
use walcast::words::data::{TreeSink, push};
use walcast::words::{Cell, Row};

use crate::table::{KINDS, prepared};

fn config() -> impl Strategy<Value = Config> {
    let decimal = prop::sample::select(vec![DecimalMode::Precise, DecimalMode::Double, DecimalMode::String]);
    let time = prop::sample::select(vec![
        TimeMode::Adaptive,
        TimeMode::AdaptiveTimeMicroseconds,
        TimeMode::Connect,
        TimeMode::Isostring,
        TimeMode::Microseconds,
        TimeMode::Nanoseconds,
    ]);
    let binary =
        prop::sample::select(vec![BinaryMode::Bytes, BinaryMode::Base64, BinaryMode::Base64UrlSafe, BinaryMode::Hex]);
    (decimal, time, binary, any::<[bool; 4]>()).prop_map(|(decimal, time, binary, [exact, text, map, unknown])| {
        Config {
            compatibility: if exact { Compatibility::Exact } else { Compatibility::Correct },
            decimal,
            time,
            binary,
            interval: if text { IntervalMode::String } else { IntervalMode::Numeric },
            hstore: if map { HstoreMode::Map } else { HstoreMode::Json },
            include_unknown_datatypes: unknown,
            ..Config::new("p", "db")
        }
    })
}

/// A cell of each column: a text of its type, anything at all, null, or left unchanged.
fn cells() -> impl Strategy<Value = Vec<Option<Option<String>>>> {
    let of = |texts: &'static [&'static str]| {
        prop_oneof![
            6 => prop::sample::select(texts.to_vec()).prop_map(|text| Some(Some(text.to_owned()))),
            1 => any::<String>().prop_map(|text| Some(Some(text))),
            1 => Just(Some(None)),
            1 => Just(None),
        ]
    };
    KINDS.iter().map(|(_, _, texts)| of(texts)).collect::<Vec<_>>()
}

fn both_ways(prepared: &Prepared, row: Row<'_>, converter: &Converter) -> (Vec<u8>, Vec<u8>) {
    let shape = converter.shape(prepared.row_schema());
    let (mut direct, mut faults) = (Buffer::default(), Vec::new());
    let mut writer = shape.open(&mut direct);
    prepared.push_row(Image::of(row), &mut faults, &mut writer).expect("columns that may be null");
    writer.finish();
    let mut tree = TreeSink::default();
    prepared.push_row(Image::of(row), &mut Vec::new(), &mut tree).expect("columns that may be null");
    let mut rebuilt = Buffer::default();
    let mut writer = shape.open(&mut rebuilt);
    push(&tree.value().expect("a row"), &mut writer);
    writer.finish();
    (direct.bytes().to_vec(), rebuilt.bytes().to_vec())
}

proptest! {
    #[test]
    fn both_ways_give_the_same_bytes(config in config(), cells in cells(), schemas: bool, numeric: bool, text: bool) {
        let prepared = prepared(KINDS, &config);
        let cells: Vec<Cell<'_>> = cells
            .iter()
            .map(|cell| match cell {
                None => Cell::Unchanged,
                Some(None) => Cell::Null,
                Some(Some(text)) => Cell::Text(text),
            })
            .collect();
        let json = JsonConfig { schemas, numeric_decimals: numeric, ..JsonConfig::default() };
        let converter = if text { Converter::Text } else { Converter::Json(json) };
        let (direct, rebuilt) = both_ways(&prepared, Row { cells: &cells }, &converter);
        prop_assert_eq!(String::from_utf8(direct).expect("UTF-8"), String::from_utf8(rebuilt).expect("UTF-8"));
    }
}
