//! `sasl.jaas.config`: one login module with its options, in the notation of Java's login configuration.

use std::iter::Peekable;
use std::str::Chars;

/// `class required name="value" ...;`
#[derive(PartialEq, Eq)]
pub(super) struct Login {
    /// The module's class without its package.
    pub(super) module: String,
    pub(super) options: Vec<(String, String)>,
}

impl Login {
    /// Never repeats any of the text in its error.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        const SHAPE: &str = "expected: <login module class> required <name>=\"<value>\" ... ;";
        let mut chars = text.chars().peekable();
        let class = word(&mut chars).ok_or(SHAPE)?;
        let flag = word(&mut chars).ok_or(SHAPE)?.to_ascii_lowercase();
        if !["required", "requisite", "sufficient", "optional"].contains(&flag.as_str()) {
            return Err(SHAPE);
        }
        let mut options = Vec::new();
        loop {
            skip_blanks(&mut chars);
            if chars.next_if_eq(&';').is_some() {
                break;
            }
            let name = word(&mut chars).ok_or(SHAPE)?;
            skip_blanks(&mut chars);
            chars.next_if_eq(&'=').ok_or(SHAPE)?;
            skip_blanks(&mut chars);
            options.push((name, word(&mut chars).ok_or(SHAPE)?));
        }
        skip_blanks(&mut chars);
        if chars.next().is_some() {
            return Err("expected one login module only");
        }
        Ok(Self { module: class.rsplit('.').next().unwrap_or_default().to_owned(), options })
    }

    pub(super) fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|(option, _)| option == name).map(|(_, value)| value.as_str())
    }
}

fn skip_blanks(chars: &mut Peekable<Chars<'_>>) {
    while chars.next_if(|c| c.is_whitespace()).is_some() {}
}

/// A bare or quoted word.
fn word(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    skip_blanks(chars);
    if let Some(quote) = chars.next_if(|&c| c == '"' || c == '\'') {
        return quoted(chars, quote);
    }
    let mut word = String::new();
    while let Some(c) = chars.next_if(|&c| !c.is_whitespace() && !matches!(c, '=' | ';' | '"' | '\'')) {
        word.push(c);
    }
    (!word.is_empty()).then_some(word)
}

/// The escapes of Java's `StreamTokenizer`.
fn quoted(chars: &mut Peekable<Chars<'_>>, quote: char) -> Option<String> {
    let mut word = String::new();
    loop {
        match chars.next()? {
            c if c == quote => return Some(word),
            '\\' => word.push(match chars.next()? {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'b' => '\u{8}',
                'f' => '\u{c}',
                'a' => '\u{7}',
                'v' => '\u{b}',
                first @ '0'..='7' => octal(first, chars)?,
                other => other,
            }),
            c => word.push(c),
        }
    }
}

fn octal(first: char, chars: &mut Peekable<Chars<'_>>) -> Option<char> {
    let mut code = first.to_digit(8)?;
    let most = if first <= '3' { 2 } else { 1 };
    for _ in 0..most {
        let Some(digit) = chars.next_if(|c| c.is_digit(8)) else { break };
        code = code * 8 + digit.to_digit(8)?;
    }
    char::from_u32(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_and_bare_options_are_read() {
        let login = Login::parse(
            "org.apache.kafka.common.security.plain.PlainLoginModule required\n  username=alice password=\"a\\\"b\\\\c;=\\101 d\" ;",
        );
        let login = login.ok().unwrap();
        assert_eq!(login.module, "PlainLoginModule");
        assert_eq!(login.option("username"), Some("alice"));
        assert_eq!(login.option("password"), Some("a\"b\\c;=A d"));
        assert_eq!(login.option("other"), None);
    }

    #[test]
    fn anything_else_is_refused_without_being_repeated() {
        let broken =
            ["", "Plain", "Plain maybe;", "Plain required a=\"x", "Plain required a=b", "P required; Q required;"];
        for text in broken {
            let why = Login::parse(text).err().unwrap_or_else(|| panic!("{text} is accepted"));
            assert!(why.starts_with("expected"), "{why}");
        }
    }
}
