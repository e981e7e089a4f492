//! `${...}` of MicroProfile Config: another key of the file, or a variable of the environment.

use super::LeftOut;
use crate::settings::{Raw, value};

/// How often one key may lead to another.
const DEPTH: usize = 8;

pub(super) struct Expressions<'a> {
    raw: &'a Raw,
    uses_variables: bool,
}

impl<'a> Expressions<'a> {
    pub(super) fn new(raw: &'a Raw) -> Self {
        Self { raw, uses_variables: false }
    }

    /// Keys of the file are put in; variables are left to the config provider `env`, so that no secret is written down.
    pub(super) fn translated(&mut self, key: &str, text: &str, left_out: &mut Vec<LeftOut>) -> String {
        self.replaced(key, text, DEPTH, left_out)
    }

    fn replaced(&mut self, key: &str, text: &str, depth: usize, left_out: &mut Vec<LeftOut>) -> String {
        let mut out = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, expression, after)) = next(rest) {
            out.push_str(before);
            let (name, default) = expression.split_once(':').map_or((expression, None), |(n, d)| (n, Some(d)));
            match value(self.raw, name) {
                Some(other) if depth > 0 => {
                    let other = other.to_owned();
                    out.push_str(&self.replaced(key, &other, depth - 1, left_out));
                }
                _ => {
                    self.uses_variables = true;
                    out.push_str(&format!("${{env:{name}}}"));
                    if default.is_some() {
                        let why =
                            format!("has a default for ${{{name}}}, and walcast's variables have none: set {name}");
                        left_out.push(LeftOut { key: key.to_owned(), why });
                    }
                }
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }

    /// What the worker needs, so that connectors may refer to variables.
    pub(super) fn providers(&self) -> Raw {
        const CLASS: &str = "org.apache.kafka.common.config.provider.EnvVarConfigProvider";
        let pairs = [("config.providers", "env"), ("config.providers.env.class", CLASS)];
        let needed = pairs.into_iter().filter(|_| self.uses_variables);
        needed.map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }
}

/// The text before the first expression, its inside, and the text after it.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let (before, rest) = text.split_once("${")?;
    let (inside, after) = rest.split_once('}')?;
    Some((before, inside, after))
}
