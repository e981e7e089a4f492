//! The key of a stored offset: connector and source partition, `["name",{"server":"prefix"}]`.

use serde_json::Value;

/// The bytes Connect's JsonConverter writes; compaction and partition depend on each of them.
pub fn key(connector: &str, prefix: &str) -> Vec<u8> {
    let mut out = b"[".to_vec();
    quote(connector, &mut out);
    out.extend_from_slice(b",{\"server\":");
    quote(prefix, &mut out);
    out.extend_from_slice(b"}]");
    out
}

/// Whether two keys name the same, however they are written.
pub fn same_key(a: &[u8], b: &[u8]) -> bool {
    if a == b {
        return true;
    }
    match (serde_json::from_slice::<Value>(a), serde_json::from_slice::<Value>(b)) {
        (Ok(a), Ok(b)) => a == b,
        _ => false,
    }
}

/// A JSON string as Jackson's UTF-8 generator writes it: characters beyond U+FFFF as escaped surrogates, the rest raw.
pub(super) fn quote(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    for c in text.chars() {
        match c {
            '"' => out.extend_from_slice(b"\\\""),
            '\\' => out.extend_from_slice(b"\\\\"),
            '\u{8}' => out.extend_from_slice(b"\\b"),
            '\t' => out.extend_from_slice(b"\\t"),
            '\n' => out.extend_from_slice(b"\\n"),
            '\u{c}' => out.extend_from_slice(b"\\f"),
            '\r' => out.extend_from_slice(b"\\r"),
            '\0'..='\u{1f}' | '\u{10000}'.. => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    out.extend_from_slice(format!("\\u{unit:04X}").as_bytes());
                }
            }
            c => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    out.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_written_as_connect_writes_them() {
        assert_eq!(key("rest-slow", "rest-slow"), br#"["rest-slow",{"server":"rest-slow"}]"#);
        assert_eq!(key("a\"\\\u{1}\n", "é😀"), r#"["a\"\\\u0001\n",{"server":"é\uD83D\uDE00"}]"#.as_bytes());
    }

    #[test]
    fn keys_are_compared_by_what_they_say() {
        let ours = key("c", "é");
        assert!(same_key(&ours, b" [ \"c\" , {\"server\":\"\\u00e9\"} ]"));
        assert!(!same_key(&ours, &key("c", "e")));
        assert!(!same_key(&ours, b"["));
        assert!(same_key(b"[", b"["));
    }
}
