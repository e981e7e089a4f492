//! One record as one line: `{"topic":…,"partition":…,"key":…,"value":…,"headers":[[name,text],…]}`.
//!
//! Key and value that are JSON stand there as they are; other text is a string; other bytes are `{"base64":…}`.

use std::str;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::de::IgnoredAny;

use crate::words::Record;

pub(super) fn write(record: &Record<'_>, pretty: bool, out: &mut Vec<u8>) {
    let start = out.len();
    out.extend_from_slice(b"{\"topic\":");
    string(record.topic, out);
    if let Some(partition) = record.partition {
        out.extend_from_slice(b",\"partition\":");
        out.extend_from_slice(partition.to_string().as_bytes());
    }
    out.extend_from_slice(b",\"key\":");
    nested(record.key, out);
    out.extend_from_slice(b",\"value\":");
    nested(record.value, out);
    out.extend_from_slice(b",\"headers\":[");
    for (i, header) in record.headers.iter().enumerate() {
        out.extend_from_slice(if i == 0 { b"[" } else { b",[" });
        string(header.name, out);
        out.push(b',');
        match header.value {
            None => out.extend_from_slice(b"null"),
            Some(bytes) => opaque(bytes, out),
        }
        out.push(b']');
    }
    out.extend_from_slice(b"]}");
    if pretty {
        let line = out.split_off(start);
        indent(&line, out);
    }
    out.push(b'\n');
}

fn nested(bytes: Option<&[u8]>, out: &mut Vec<u8>) {
    match bytes {
        None => out.extend_from_slice(b"null"),
        // A line break inside JSON is a blank between two tokens; inside a string it would be an escape.
        Some(json) if is_json(json) => {
            out.extend(json.iter().map(|&byte| if matches!(byte, b'\n' | b'\r') { b' ' } else { byte }));
        }
        Some(bytes) => opaque(bytes, out),
    }
}

fn is_json(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).is_ok() && serde_json::from_slice::<IgnoredAny>(bytes).is_ok()
}

fn opaque(bytes: &[u8], out: &mut Vec<u8>) {
    if let Ok(text) = str::from_utf8(bytes) {
        string(text, out);
    } else {
        out.extend_from_slice(b"{\"base64\":\"");
        out.extend_from_slice(BASE64_STANDARD.encode(bytes).as_bytes());
        out.extend_from_slice(b"\"}");
    }
}

fn string(text: &str, out: &mut Vec<u8>) {
    // Writing text into memory cannot fail.
    let _ = serde_json::to_writer(out, text);
}

/// Lays out valid JSON over several lines without reading its numbers or strings: every digit stays.
fn indent(json: &[u8], out: &mut Vec<u8>) {
    let mut depth = 0_usize;
    let mut bytes = json.iter().copied().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => {
                out.push(byte);
                let mut escaped = false;
                for inner in bytes.by_ref() {
                    out.push(inner);
                    match inner {
                        _ if escaped => escaped = false,
                        b'\\' => escaped = true,
                        b'"' => break,
                        _ => {}
                    }
                }
            }
            b'{' | b'[' => {
                out.push(byte);
                while bytes.next_if(u8::is_ascii_whitespace).is_some() {}
                if let Some(close) = bytes.next_if(|next| matches!(next, b'}' | b']')) {
                    out.push(close);
                } else {
                    depth += 1;
                    new_line(depth, out);
                }
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                new_line(depth, out);
                out.push(byte);
            }
            b',' => {
                out.push(byte);
                new_line(depth, out);
            }
            b':' => out.extend_from_slice(b": "),
            _ if byte.is_ascii_whitespace() => {}
            _ => out.push(byte),
        }
    }
}

fn new_line(depth: usize, out: &mut Vec<u8>) {
    out.push(b'\n');
    out.extend(std::iter::repeat_n(b' ', depth * 2));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::Header;

    fn line(key: Option<&[u8]>, value: Option<&[u8]>, headers: &[Header<'_>], pretty: bool) -> String {
        let record = Record { topic: "shop.\"t\"", partition: Some(2), key, value, headers, timestamp: None };
        let mut out = Vec::new();
        write(&record, pretty, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn json_is_nested_text_is_quoted_and_bytes_are_base64() {
        let headers = [Header { name: "h", value: Some(b"1") }, Header { name: "n", value: None }];
        assert_eq!(
            line(Some(b"{\"id\":\n1e400}"), Some(b"Struct{id=1}"), &headers, false),
            "{\"topic\":\"shop.\\\"t\\\"\",\"partition\":2,\"key\":{\"id\": 1e400},\"value\":\"Struct{id=1}\",\
             \"headers\":[[\"h\",\"1\"],[\"n\",null]]}\n"
        );
        assert!(line(None, Some(&[0, 0xFF]), &[], false).contains("\"key\":null,\"value\":{\"base64\":\"AP8=\"}"));
        assert!(line(None, Some(b""), &[], false).contains("\"value\":\"\""));
    }

    #[test]
    fn bytes_that_only_look_like_json_stay_valid_output() {
        let text = line(None, Some(b"{\"a\":\"\xFF\"}"), &[], false);
        assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");
        assert!(text.contains("base64"));
    }

    #[test]
    fn pretty_lines_say_the_same() {
        let value = br#"{"a":[],"b":[1.10,{"c":"x,:{}\"y\\"}],"d":{ }}"#;
        let (plain, pretty) = (line(None, Some(value), &[], false), line(None, Some(value), &[], true));
        assert!(pretty.contains("\"b\": [\n      1.10,\n      {\n        \"c\": \"x,:{}\\\"y\\\\\"\n"), "{pretty}");
        let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(parse(&plain), parse(&pretty));
    }
}
