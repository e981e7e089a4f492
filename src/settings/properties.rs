//! The format of `java.util.Properties.load`, exactly: natural and logical lines, comments, separators, escapes.

/// Keys and values in the order of the text; a key may come more than once (Java keeps the last).
/// Errors with the number of the line and what is wrong with it, never with its text.
pub(super) fn parse(text: &str) -> Result<Vec<(String, String)>, (usize, String)> {
    let mut lines = Lines { rest: text, number: 0 };
    let mut pairs = Vec::new();
    while let Some((number, line)) = lines.next_logical() {
        pairs.push(pair(&line).map_err(|what| (number, what.to_owned()))?);
    }
    Ok(pairs)
}

/// Text that `parse` reads as these pairs.
pub(super) fn written(pairs: &[(String, String)]) -> String {
    pairs.iter().map(|(key, value)| format!("{}={}\n", escaped(key, true), escaped(value, false))).collect()
}

fn escaped(text: &str, is_key: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.char_indices() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{c}' => out.push_str("\\f"),
            '\\' => out.push_str("\\\\"),
            ' ' if is_key || at == 0 => out.push_str("\\ "),
            '=' | ':' if is_key => out.extend(['\\', c]),
            '#' | '!' if is_key && at == 0 => out.extend(['\\', c]),
            c => out.push(c),
        }
    }
    out
}

struct Lines<'a> {
    rest: &'a str,
    number: usize,
}

impl<'a> Lines<'a> {
    /// Without blank and comment lines; continued lines joined, with the continuation's leading blanks dropped.
    fn next_logical(&mut self) -> Option<(usize, String)> {
        loop {
            let line = self.next_natural()?.trim_start_matches(is_blank);
            if line.is_empty() || line.starts_with(['#', '!']) {
                continue;
            }
            let number = self.number;
            let mut logical = line.to_owned();
            while ends_with_odd_backslashes(&logical) {
                logical.pop();
                match self.next_natural() {
                    Some(next) => logical.push_str(next.trim_start_matches(is_blank)),
                    None => break,
                }
            }
            return Some((number, logical));
        }
    }

    /// Ended by \n, \r or \r\n.
    fn next_natural(&mut self) -> Option<&'a str> {
        if self.rest.is_empty() {
            return None;
        }
        self.number += 1;
        let end = self.rest.find(['\n', '\r']).unwrap_or(self.rest.len());
        let (line, rest) = self.rest.split_at(end);
        self.rest = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix(['\n', '\r'])).unwrap_or(rest);
        Some(line)
    }
}

fn is_blank(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\u{c}')
}

fn ends_with_odd_backslashes(line: &str) -> bool {
    line.bytes().rev().take_while(|byte| *byte == b'\\').count() % 2 == 1
}

/// The key ends at the first unescaped blank, `=` or `:`; one `=` or `:` may stand among the blanks after it.
fn pair(line: &str) -> Result<(String, String), &'static str> {
    let mut escaped = false;
    let end = line.find(|c: char| {
        let ends = !escaped && (is_blank(c) || matches!(c, '=' | ':'));
        escaped = !escaped && c == '\\';
        ends
    });
    let (key, rest) = line.split_at(end.unwrap_or(line.len()));
    let rest = rest.trim_start_matches(is_blank);
    let value = rest.strip_prefix(['=', ':']).unwrap_or(rest).trim_start_matches(is_blank);
    Ok((unescaped(key)?, unescaped(value)?))
}

fn unescaped(text: &str) -> Result<String, &'static str> {
    if !text.contains('\\') {
        return Ok(text.to_owned());
    }
    // By UTF-16 units, since \uXXXX names those and two of them may make one character.
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let c = match c {
            '\\' => match chars.next() {
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('f') => '\u{c}',
                Some('u') => {
                    units.push(unit(&mut chars)?);
                    continue;
                }
                Some(other) => other,
                None => break,
            },
            other => other,
        };
        units.extend(c.encode_utf16(&mut [0; 2]).iter());
    }
    Ok(String::from_utf16_lossy(&units))
}

fn unit(chars: &mut std::str::Chars<'_>) -> Result<u16, &'static str> {
    const WRONG: &str = "malformed \\uXXXX escape: four hexadecimal digits are needed";
    (0..4).try_fold(0u16, |unit, _| {
        let digit =
            chars.next().and_then(|c| c.to_digit(16)).and_then(|digit| u16::try_from(digit).ok()).ok_or(WRONG)?;
        Ok(unit << 4 | digit)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> Vec<(String, String)> {
        parse(text).unwrap()
    }

    fn one(text: &str) -> (String, String) {
        let mut pairs = parsed(text);
        assert_eq!(pairs.len(), 1, "{text}");
        pairs.remove(0)
    }

    #[test]
    fn key_and_value_are_parted_by_equals_colon_or_blanks() {
        for text in ["a=b", "a:b", "a b", "  a = b", "a\t:\tb", "a   b", "a = b\r\n", "a=b\r", "\u{c}a=\u{c}b"] {
            assert_eq!(one(text), ("a".to_owned(), "b".to_owned()), "{text:?}");
        }
        assert_eq!(one("a = = b").1, "= b");
        assert_eq!(one("a==b").1, "=b");
        assert_eq!(one("a  :: b").1, ": b");
        assert_eq!(one("lonely"), ("lonely".to_owned(), String::new()));
        assert_eq!(one("=v"), (String::new(), "v".to_owned()));
        assert_eq!(one("a=b  ").1, "b  ");
    }

    #[test]
    fn comments_and_blank_lines_are_no_settings() {
        assert_eq!(parsed("# a=b\n\n  ! c=d\r\n \t \n#e\\\nf=g"), [("f".to_owned(), "g".to_owned())]);
        assert_eq!(one("a=b # no comment").1, "b # no comment");
    }

    #[test]
    fn a_backslash_at_the_end_continues_the_line() {
        assert_eq!(one("a=b,\\\n    c,\\\r\n\td").1, "b,c,d");
        assert_eq!(parsed("a=b\\\\\nc=d").len(), 2);
        assert_eq!(one("a=b\\\\\\\nc").1, "b\\c");
        assert_eq!(one("a=b\\").1, "b");
        assert_eq!(one("a=b\\\n#c").1, "b#c");
        assert_eq!(one("k\\\n  ey=v").0, "key");
    }

    #[test]
    fn escapes_stand_for_their_characters() {
        assert_eq!(one(r"a\ b\:c\=d=e\tf\ng\\h\q"), ("a b:c=d".to_owned(), "e\tf\ng\\hq".to_owned()));
        assert_eq!(one(r"a=\u00e9\u20AC\ud83d\ude00").1, "é€😀");
        assert_eq!(one("a=Zoë").1, "Zoë");
        assert_eq!(one(r"path=C\:\\kafka").1, r"C:\kafka");
    }

    #[test]
    fn a_broken_escape_names_its_line_and_not_its_text() {
        for text in ["# x\npassword=secret\\u12", "# x\npassword=secret\\uzzzz", "# x\npassword=secret\\u 123"] {
            let (line, what) = parse(text).unwrap_err();
            assert_eq!(line, 2);
            assert!(!what.contains("secret"));
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let pairs = [("a b", "  x y "), ("#k:=", "#v\n\ttab\\ C:\\"), ("!", "é€😀"), ("k", "")];
        let pairs = pairs.map(|(key, value)| (key.to_owned(), value.to_owned()));
        assert_eq!(parsed(&written(&pairs)), pairs);
    }

    #[test]
    fn line_numbers_count_continued_lines() {
        assert_eq!(parse("a=b\\\nc\nd=\\u1").unwrap_err().0, 3);
    }
}
