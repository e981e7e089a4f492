//! Counts allocations between a frame's bytes and a record's, type by type.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell as Count;

use walcast::converter::{Buffer, Config as Converter, JsonConfig};
use walcast::debezium::{
    Config, DecimalMode, Image, Moment, Op, Source, SteadySource, TimeMode, envelope_schema, push_envelope,
};
use walcast::pgoutput::{Cells, Message, decode};
use walcast::words::{Lsn, Record, Row};

use crate::table::{KINDS, Kind, prepared};

thread_local! {
    static ALLOCATIONS: Count<usize> = const { Count::new(0) };
}

/// The system's allocator, counting by thread.
struct Counting;

// SAFETY: every call goes to the system's allocator unchanged; the count is a thread-local without a destructor.
#[allow(unsafe_code)]
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.with(|count| count.set(count.get() + 1));
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Values of these are put together on the heap: sorted, decoded, unescaped, or spelt anew.
const ON_THE_HEAP: [&str; 6] = ["hstore", "geometry", "circle", "money", "interval", "_varchar"];

/// An insert of one row as the server sends it.
fn insert(texts: &[&str]) -> Vec<u8> {
    let mut frame = b"I\0\0\0\x01N".to_vec();
    frame.extend(u16::try_from(texts.len()).expect("few columns").to_be_bytes());
    for text in texts {
        frame.push(b't');
        frame.extend(u32::try_from(text.len()).expect("short texts").to_be_bytes());
        frame.extend(text.as_bytes());
    }
    frame
}

/// Allocations of the hundredth record of a table with this column beside its key.
fn allocations(kind: &Kind, config: &Config, converter: &Converter) -> usize {
    let columns = [KINDS[1], *kind];
    let prepared = prepared(&columns, config);
    let key_shape = converter.shape(prepared.key_schema().expect("a key"));
    let shape = converter.shape(&envelope_schema(&prepared, config));
    let (mut key, mut value, mut faults) = (Buffer::default(), Buffer::default(), Vec::new());
    let steady = [SteadySource::learn(&prepared, config, None, &mut shape.open(&mut value))];
    let mut cells = Cells::default();
    let frames: Vec<_> = kind.2.iter().map(|text| insert(&["7", text])).collect();
    let mut counted = 0;
    for frame in frames.iter().cycle().take(100 + frames.len()).enumerate() {
        let before = ALLOCATIONS.get();
        let (turn, frame) = frame;
        let mut taken = std::mem::take(&mut cells).recycle();
        assert!(matches!(decode(frame, &mut taken), Ok(Message::Insert { .. })));
        let image = Image::of(Row { cells: &taken.new });
        let mut writer = key_shape.open(&mut key);
        prepared.push_key(image, &mut writer).expect("a key");
        writer.finish();
        let source = Source {
            ts_us: 1_700_000_000_000_000,
            snapshot: None,
            last_commit: Some(Lsn(1)),
            lsn: Lsn(2),
            schema: "public",
            table: "wide",
            xid: Some(7),
            xmin: None,
            origin: None,
        };
        let moment = Moment { op: Op::Create, source, transaction: None, ts_ns: 1_700_000_000_000_000_000 };
        let mut writer = shape.open(&mut value);
        push_envelope(&prepared, config, &steady, (None, Some(image)), &moment, &mut faults, &mut writer)
            .expect("an event");
        writer.finish();
        let record = Record {
            topic: &prepared.topic,
            partition: None,
            key: key.value(),
            value: value.value(),
            headers: &[],
            timestamp: None,
        };
        assert!(record.value.is_some_and(|value| !value.is_empty()));
        faults.clear();
        cells = taken.recycle();
        if turn >= 100 {
            counted += ALLOCATIONS.get() - before;
        }
    }
    counted
}

#[test]
fn nothing_is_allocated_once_warm() {
    let mut found = Vec::new();
    for (mode, decimal, time) in [
        ("adaptive, precise", DecimalMode::Precise, TimeMode::Adaptive),
        ("isostring, string", DecimalMode::String, TimeMode::Isostring),
        ("microseconds, double", DecimalMode::Double, TimeMode::Microseconds),
    ] {
        let config = Config { decimal, time, ..Config::new("p", "db") };
        for schemas in [false, true] {
            let converter = Converter::Json(JsonConfig { schemas, ..JsonConfig::default() });
            for kind in KINDS.iter().filter(|(name, ..)| !ON_THE_HEAP.contains(name)) {
                let count = allocations(kind, &config, &converter);
                if count > 0 {
                    found.push(format!("{} ({mode}, schemas {schemas}): {count}", kind.0));
                }
            }
        }
    }
    assert!(found.is_empty(), "allocations in the records of\n{}", found.join("\n"));
}
