//! The one room for Java regular expressions: whole match, with a limit on backtracking. Debezium's lists ignore case,
//! Connect's (`topic.creation.*`) do not.

use fancy_regex::{Regex, RegexBuilder};

/// Steps after which a match is given up and counts as no match: a hostile pattern must not stop the stream.
const BACKTRACKING_LIMIT: usize = 1_000_000;

/// One Java pattern that must match a whole identifier.
#[derive(Clone, Debug)]
pub struct Pattern {
    java: Box<str>,
    regex: Regex,
}

impl Pattern {
    /// Errors with the engine's explanation when the pattern is none.
    pub fn new(java: &str) -> Result<Self, String> {
        Self::whole(java, &format!(r"(?i)\A(?:{java})\z"))
    }

    /// As `new`, but upper and lower case differ.
    pub fn case_sensitive(java: &str) -> Result<Self, String> {
        Self::whole(java, &format!(r"\A(?:{java})\z"))
    }

    fn whole(java: &str, whole: &str) -> Result<Self, String> {
        let build = |text: &str| RegexBuilder::new(text).backtrack_limit(BACKTRACKING_LIMIT).build();
        // The pattern alone first: `a)(b` must not become valid by our wrapping.
        build(java).and_then(|_| build(whole)).map(|regex| Self { java: java.into(), regex }).map_err(|e| e.to_string())
    }

    /// As the user wrote it.
    pub fn text(&self) -> &str {
        &self.java
    }

    pub fn matches(&self, identifier: &str) -> bool {
        self.regex.is_match(identifier).unwrap_or(false)
    }

    /// What `Matcher.replaceFirst` makes of an identifier that matches: `$1` and `${name}` are groups, a backslash takes
    /// the next character as it is.
    pub fn replaced(&self, identifier: &str, replacement: &str) -> Option<String> {
        let groups = self.regex.captures(identifier).ok()??;
        let mut text = String::new();
        let mut rest = replacement.chars().peekable();
        while let Some(c) = rest.next() {
            match c {
                '\\' => text.extend(rest.next()),
                '$' if rest.peek() == Some(&'{') => {
                    let name: String = rest.by_ref().skip(1).take_while(|c| *c != '}').collect();
                    text.push_str(groups.name(&name).map_or("", |group| group.as_str()));
                }
                '$' => {
                    let digit = |c: Option<&char>| c.and_then(|c| c.to_digit(10)).map(|digit| digit as usize);
                    let mut number = 0;
                    // As many digits as still name a group.
                    while let Some(next) = digit(rest.peek()).map(|digit| number * 10 + digit)
                        && (number == 0 || next < groups.len())
                    {
                        number = next;
                        rest.next();
                    }
                    text.push_str(groups.get(number).map_or("", |group| group.as_str()));
                }
                c => text.push(c),
            }
        }
        Some(text)
    }
}

/// A comma-separated list of patterns; `\,` stands for a comma inside one.
#[derive(Clone, Debug, Default)]
pub struct PatternList {
    patterns: Vec<Pattern>,
}

impl PatternList {
    pub fn parse(list: &str) -> Result<Self, String> {
        let patterns = split(list).iter().map(|p| Pattern::new(p)).collect::<Result<_, _>>()?;
        Ok(Self { patterns })
    }

    /// As `parse`, but upper and lower case differ.
    pub fn parse_case_sensitive(list: &str) -> Result<Self, String> {
        let patterns = split(list).iter().map(|p| Pattern::case_sensitive(p)).collect::<Result<_, _>>()?;
        Ok(Self { patterns })
    }

    pub fn matches(&self, identifier: &str) -> bool {
        self.patterns.iter().any(|pattern| pattern.matches(identifier))
    }

    /// Position of the first pattern that matches: the order of a snapshot's tables.
    pub fn first_match(&self, identifier: &str) -> Option<usize> {
        self.patterns.iter().position(|pattern| pattern.matches(identifier))
    }

    pub fn is_empty(&self) -> bool {
        self.patterns.is_empty()
    }
}

/// Trimmed, non-empty items of a list whose commas may be escaped.
pub fn split(list: &str) -> Vec<String> {
    let mut items = vec![String::new()];
    let mut rest = list.chars().peekable();
    while let Some(c) = rest.next() {
        let item = items.last_mut().expect("one item from the start");
        match c {
            '\\' if rest.peek() == Some(&',') => item.extend(rest.next()),
            ',' => items.push(String::new()),
            _ => item.push(c),
        }
    }
    items.into_iter().map(|item| item.trim().to_owned()).filter(|item| !item.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_the_whole_identifier_in_any_case() {
        let pattern = Pattern::new(r"public\.(orders|items)").unwrap();
        assert!(pattern.matches("public.orders") && pattern.matches("PUBLIC.Items"));
        assert!(!pattern.matches("public.orders2") && !pattern.matches("xpublic.orders"));
    }

    #[test]
    fn patterns_of_connect_tell_cases_apart() {
        let list = PatternList::parse_case_sensitive("shop.*,Audit").unwrap();
        assert!(list.matches("shop.public.orders") && list.matches("Audit"));
        assert!(!list.matches("Shop.public.orders") && !list.matches("audit"));
    }

    #[test]
    fn java_features_beyond_finite_automata_work() {
        assert!(Pattern::new(r"(?!audit)\w+\.t").unwrap().matches("shop.t"));
        assert!(!Pattern::new(r"(?!audit)\w+\.t").unwrap().matches("audit.t"));
        assert!(Pattern::new(r"(a)\1").unwrap().matches("aa"));
    }

    #[test]
    fn lists_are_trimmed_and_commas_can_be_escaped() {
        let list = PatternList::parse(r" a\,b , c,").unwrap();
        assert!(list.matches("a,b") && list.matches("c") && !list.matches("a"));
        assert_eq!(list.first_match("c"), Some(1));
        assert!(PatternList::parse("").unwrap().is_empty());
    }

    #[test]
    fn a_replacement_names_groups_as_java_does() {
        let pattern = Pattern::case_sensitive(r"(.*)\.shard_(?<n>\d+)").unwrap();
        assert_eq!(pattern.replaced("a.shard_7", "$1.shards").unwrap(), "a.shards");
        assert_eq!(pattern.replaced("a.shard_7", r"${n}-$22\$x").unwrap(), "7-72$x");
        assert_eq!(pattern.replaced("a.other", "$1"), None);
    }

    #[test]
    fn broken_patterns_are_errors() {
        for pattern in ["(", "a)(b", "[", "*"] {
            assert!(Pattern::new(pattern).is_err(), "{pattern}");
        }
    }

    #[test]
    fn runaway_backtracking_ends_as_no_match() {
        let pattern = Pattern::new(r"(?:(x+x+)+y|(?=z)z)(?!q)\1?").unwrap();
        assert!(!pattern.matches(&"x".repeat(60)));
    }
}
