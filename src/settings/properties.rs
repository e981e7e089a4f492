//! `java.util.Properties`: the grammar of a Connect worker file.

/// Keys and values in order. Never fails: Java's own reader takes anything but a broken `\u`, which is kept as it stands.
pub(super) fn parse(text: &str) -> Vec<(String, String)> {
    let mut entries = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let mut logical = line.trim_start_matches([' ', '\t', '\u{c}']).to_owned();
        if logical.is_empty() || logical.starts_with(['#', '!']) {
            continue;
        }
        while ends_in_odd_backslashes(&logical) {
            logical.pop();
            match lines.next() {
                Some(next) => logical.push_str(next.trim_start_matches([' ', '\t', '\u{c}'])),
                None => break,
            }
        }
        entries.push(entry(&logical));
    }
    entries
}

fn ends_in_odd_backslashes(line: &str) -> bool {
    line.bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1
}

/// The key ends at the first unescaped `=`, `:` or blank; blanks and one separator follow.
fn entry(line: &str) -> (String, String) {
    let mut escaped = false;
    let end = line.find(|c: char| {
        let ends = !escaped && matches!(c, '=' | ':' | ' ' | '\t' | '\u{c}');
        escaped = c == '\\' && !escaped;
        ends
    });
    let (key, rest) = line.split_at(end.unwrap_or(line.len()));
    let blank = [' ', '\t', '\u{c}'];
    let rest = rest.trim_start_matches(blank);
    let value = rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start_matches(blank);
    (unescaped(key), unescaped(value))
}

fn unescaped(text: &str) -> String {
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut chars = text.chars();
    let push = |c: char, units: &mut Vec<u16>| units.extend_from_slice(c.encode_utf16(&mut [0; 2]));
    while let Some(c) = chars.next() {
        if c != '\\' {
            push(c, &mut units);
            continue;
        }
        match chars.next() {
            Some('t') => push('\t', &mut units),
            Some('n') => push('\n', &mut units),
            Some('r') => push('\r', &mut units),
            Some('f') => push('\u{c}', &mut units),
            Some('u') => {
                let rest = chars.as_str();
                match rest.get(..4).and_then(|hex| u16::from_str_radix(hex, 16).ok()) {
                    Some(unit) => {
                        units.push(unit);
                        chars = rest[4..].chars();
                    }
                    None => {
                        push('\\', &mut units);
                        push('u', &mut units);
                    }
                }
            }
            Some(other) => push(other, &mut units),
            None => {}
        }
    }
    String::from_utf16_lossy(&units)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(text: &str) -> Vec<(String, String)> {
        parse(text)
    }

    #[test]
    fn javas_grammar_is_read() {
        let text = "# comment\n! another\n\na=1\n b : 2 \nc 3\nd\ne\\ f\\=g = x\\ny\nlong=one,\\\n   two\nu=\\u00e9\\ud83d\\ude00\n\
                    path=C\\:\\\\x\nend=\\\\\nlast\\u=z";
        let expected = [
            ("a", "1"),
            ("b", "2 "),
            ("c", "3"),
            ("d", ""),
            ("e f=g", "x\ny"),
            ("long", "one,two"),
            ("u", "é😀"),
            ("path", "C:\\x"),
            ("end", "\\"),
            ("last\\u", "z"),
        ];
        assert_eq!(pairs(text), expected.map(|(k, v)| (k.to_owned(), v.to_owned())));
    }

    #[test]
    fn nothing_makes_it_panic() {
        for text in ["\\", "=", ":", "\\u", "\\u12", "a\\", "\\\n", "é=\\u00e"] {
            let _ = parse(text);
        }
    }
}
