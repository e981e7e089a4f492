//! Lists of Java patterns, with Java's own words for the commonest slips.

use crate::debezium::pattern::{Pattern, PatternList, split};

/// The list, or what Java would say of the first item that is no pattern.
pub(super) fn list(value: &str) -> Result<PatternList, String> {
    for item in split(value) {
        one(&item)?;
    }
    PatternList::parse(value)
}

/// One pattern, or what Java would say of it.
pub(super) fn one(java: &str) -> Result<Pattern, String> {
    Pattern::new(java).map_err(|engine| complaint(java).unwrap_or(engine))
}

/// `PatternSyntaxException.getMessage`: description, index, pattern and, within the pattern, a mark below the place.
fn complaint(java: &str) -> Option<String> {
    let (what, index) = slip(java)?;
    let mark = if index < java.chars().count() { format!("\n{}^", " ".repeat(index)) } else { String::new() };
    Some(format!("{what} near index {index}\n{java}{mark}"))
}

fn slip(java: &str) -> Option<(String, usize)> {
    let chars: Vec<char> = java.chars().collect();
    let (mut depth, mut class, mut at) = (0usize, 0usize, 0usize);
    let mut before = None;
    while let Some(&c) = chars.get(at) {
        match c {
            '\\' => at += 1,
            '[' => class += 1,
            ']' if class > 0 => class -= 1,
            _ if class > 0 => {}
            '(' => depth += 1,
            ')' if depth == 0 => return Some(("Unmatched closing ')'".to_owned(), at.saturating_sub(1))),
            ')' => depth -= 1,
            '*' | '+' | '?' if matches!(before, None | Some('(' | '|')) && !(c == '?' && before == Some('(')) => {
                return Some((format!("Dangling meta character '{c}'"), at));
            }
            _ => {}
        }
        before = Some(c);
        at += 1;
    }
    match (class, depth) {
        (1.., _) => Some(("Unclosed character class".to_owned(), chars.len().saturating_sub(1))),
        (_, 1..) => Some(("Unclosed group".to_owned(), chars.len())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Recorded from a real Connect.
    #[test]
    fn common_slips_are_told_in_javas_words() {
        let cases = [
            ("(", "Unclosed group near index 1\n("),
            ("ok,(x", "Unclosed group near index 2\n(x"),
            ("[", "Unclosed character class near index 0\n[\n^"),
            ("public.[^x", "Unclosed character class near index 9\npublic.[^x\n         ^"),
            ("*a", "Dangling meta character '*' near index 0\n*a\n^"),
            ("+", "Dangling meta character '+' near index 0\n+\n^"),
            ("a)(", "Unmatched closing ')' near index 0\na)(\n^"),
        ];
        for (value, expected) in cases {
            assert_eq!(list(value).unwrap_err(), expected);
        }
    }

    #[test]
    fn other_slips_are_told_in_the_engines_words() {
        for value in ["[z-a]", r"\p{Foo}", "(?<n"] {
            assert!(!list(value).unwrap_err().is_empty(), "{value}");
        }
    }

    #[test]
    fn good_lists_pass() {
        assert!(list(r"public\.(a|b), shop.[(*]+,a++b,(?i)x").is_ok());
        assert!(list("").unwrap().is_empty());
    }
}
