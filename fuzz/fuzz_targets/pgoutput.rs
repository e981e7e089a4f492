//! Any bytes are a message or a typed error.

#![no_main]

use libfuzzer_sys::fuzz_target;
use walcast::pgoutput::{Cells, decode};

fuzz_target!(|payload: &[u8]| {
    let _ = decode(payload, &mut Cells::default());
});
