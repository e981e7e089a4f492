//! Column defaults: from the catalog's expression to the value a schema carries (PostgresDefaultValueConverter).
//!
//! A literal passes through the column's own codec; a function call becomes a type's placeholder, because its value is
//! not known before a row exists; anything else is no default.

use super::codec::{Codec, DateUnit, TimeUnit, TimestampUnit};
use super::config::Compatibility;
use crate::words::data::{TreeSink, Value};
use crate::words::table::{PgType, PgTypeKind};

/// The default of a column of type `base`; `None` when the schema shows none.
pub(super) fn default_value(expression: &str, base: &PgType, codec: &Codec, mode: Compatibility) -> Option<Value> {
    let placeholder = placeholder(base)?;
    let expression = expression.trim();
    if expression.is_empty() || starts_with_word(expression, "NULL") {
        return None;
    }
    let text = if is_function(expression) || (is_temporal(base) && is_current(expression)) {
        placeholder.to_owned()
    } else {
        literal(expression, mode)?
    };
    let text = match (base.name.as_str(), text.as_str()) {
        ("bool", "true") => "t",
        ("bool", "false") => "f",
        // Whatever else an expression begins with.
        ("bool", _) if mode == Compatibility::Exact => "f",
        ("timestamptz", "infinity" | "-infinity") => return None,
        (_, text) => text,
    };
    // Defaults are parsed from text everywhere.
    let codec = if let Codec::JavaSql(codec) = codec { codec } else { codec };
    if mode == Compatibility::Exact
        && let Some(end) = end_of_time(text, codec)
    {
        return end;
    }
    let mut capture = TreeSink::default();
    codec.push(text, &mut capture).ok()?;
    capture.value().filter(|value| !matches!(value, Value::Struct(_)))
}

/// For defaults, unlike for values, the reference reads `infinity` and `24:00` as the extremes of `java.time`, in whose units
/// they overflow. `Some(None)`: such a default is not shown at all.
fn end_of_time(text: &str, codec: &Codec) -> Option<Option<Value>> {
    let late = match text {
        "infinity" | "24:00:00" => true,
        "-infinity" => false,
        _ => return None,
    };
    let int = |last, first| Value::Int(if late { last } else { first });
    let iso = |last: &str, first: &str| Value::String(if late { last } else { first }.to_owned());
    Some(match codec {
        Codec::Date(DateUnit::Days) => Some(int(169_560_311, -170_999_002)),
        Codec::Date(DateUnit::Iso) => Some(iso("+999999999-12-31Z", "-999999999-01-01Z")),
        Codec::Timestamp(TimestampUnit::Micros) => Some(int(i64::MIN + 999_998, i64::MIN)),
        Codec::Timestamp(TimestampUnit::Iso) => {
            Some(iso("+999999999-12-31T23:59:59.999999999Z", "-999999999-01-01T00:00:00Z"))
        }
        Codec::Timestamp(TimestampUnit::Millis | TimestampUnit::Nanos) => None,
        Codec::Time(TimeUnit::Millis) => Some(Value::Int(86_399_999)),
        Codec::Time(TimeUnit::Micros) => Some(Value::Int(86_399_999_999)),
        Codec::Time(TimeUnit::Nanos) => Some(Value::Int(86_399_999_999_999)),
        Codec::Time(TimeUnit::Iso) => Some(iso("23:59:59.999999999Z", "")),
        _ => return None,
    })
}

/// What stands for a value made by a function. `None`: columns of this type show no default at all.
fn placeholder(base: &PgType) -> Option<&'static str> {
    if matches!(base.kind, PgTypeKind::Enum(_)) {
        return Some("");
    }
    if base.schema != "pg_catalog" {
        return None;
    }
    Some(match base.name.as_str() {
        "int2" | "int4" | "int8" | "numeric" | "float4" | "float8" => "0",
        "bool" => "f",
        "bit" | "varbit" | "bpchar" | "varchar" | "text" | "xml" => "",
        "json" | "jsonb" => "{}",
        "uuid" => "00000000-0000-0000-0000-000000000000",
        "date" => "1970-01-01",
        "time" => "00:00:00",
        "timestamp" => "1970-01-01 00:00:00",
        "timestamptz" => "1970-01-01 00:00:00+00",
        "interval" => "00:00:00",
        _ => return None,
    })
}

fn is_temporal(base: &PgType) -> bool {
    matches!(base.name.as_str(), "date" | "time" | "timestamp" | "timestamptz")
}

/// `CURRENT_TIMESTAMP` and its kin, which the catalog prints without parentheses.
fn is_current(expression: &str) -> bool {
    ["CURRENT_TIMESTAMP", "CURRENT_TIME", "CURRENT_DATE", "LOCALTIMESTAMP", "LOCALTIME"]
        .iter()
        .any(|name| expression.eq_ignore_ascii_case(name))
}

/// `now()`, `nextval('s'::regclass)`, `(now() AT TIME ZONE 'utc')`: a name, an opening parenthesis, a closing one.
fn is_function(expression: &str) -> bool {
    let call = expression.strip_prefix('(').unwrap_or(expression);
    let name = call.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.')).unwrap_or(call.len());
    name > 0 && call[name..].strip_prefix('(').is_some_and(|rest| rest.contains(')'))
}

fn starts_with_word(expression: &str, word: &str) -> bool {
    expression
        .get(..word.len())
        .is_some_and(|start| start.eq_ignore_ascii_case(word) && !expression[word.len()..].starts_with('\''))
}

/// The text between the quotes, or the bare expression (`42`, `true`).
fn literal(expression: &str, mode: Compatibility) -> Option<String> {
    let Some((before, quoted)) = expression.split_once('\'') else { return Some(expression.to_owned()) };
    if mode == Compatibility::Exact {
        // The reference stops at the first quote, even a doubled one, and takes the first literal of any expression.
        return quoted.split_once('\'').map(|(text, _)| text.to_owned());
    }
    let mut text = String::new();
    let mut rest = quoted;
    loop {
        let (part, after) = rest.split_once('\'')?;
        text.push_str(part);
        match after.strip_prefix('\'') {
            Some(continued) => {
                text.push('\'');
                rest = continued;
            }
            None => return (matches!(before, "" | "(" | "B") && is_cast(after)).then_some(text),
        }
    }
}

/// `::text`, `::text)::uuid`, `::numeric(5,-2)`, or nothing: no operator follows the literal.
fn is_cast(text: &str) -> bool {
    text.is_empty()
        || (text.starts_with("::") && !text.contains(" - ") && !text.contains(|c| "'+*/%^|&<>=~!@#?`".contains(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> PgType {
        PgType { oid: 0, schema: "pg_catalog".into(), name: name.into(), delimiter: ',', kind: PgTypeKind::Base }
    }

    fn text_default(expression: &str, mode: Compatibility) -> Option<Value> {
        default_value(expression, &of("text"), &Codec::Text, mode)
    }

    #[test]
    fn literals_pass_through_the_codec() {
        let correct = Compatibility::Correct;
        assert_eq!(default_value("42", &of("int4"), &Codec::Int, correct), Some(Value::Int(42)));
        assert_eq!(default_value("'-1'::integer", &of("int4"), &Codec::Int, correct), Some(Value::Int(-1)));
        assert_eq!(default_value("true", &of("bool"), &Codec::Bool, correct), Some(Value::Boolean(true)));
        assert_eq!(default_value("(1 + 2)", &of("int4"), &Codec::Int, correct), None);
        assert_eq!(text_default("'abc'::character varying", correct), Some(Value::String("abc".into())));
        assert_eq!(text_default("NULL::character varying", correct), None);
        assert_eq!(text_default("CURRENT_USER", correct), Some(Value::String("CURRENT_USER".into())));
    }

    #[test]
    fn functions_become_placeholders() {
        let sequence = "nextval('item_id_seq'::regclass)";
        assert_eq!(default_value(sequence, &of("int4"), &Codec::Int, Compatibility::Correct), Some(Value::Int(0)));
        let epoch = Some(Value::String("1970-01-01T00:00:00.000000Z".into()));
        for expression in ["now()", "CURRENT_TIMESTAMP", "pg_catalog.now()"] {
            let codec = Codec::TimestampTz { precision: 6 };
            assert_eq!(default_value(expression, &of("timestamptz"), &codec, Compatibility::Correct), epoch);
        }
    }

    #[test]
    fn a_quote_inside_cuts_only_in_exact() {
        assert_eq!(text_default("'it''s'::text", Compatibility::Exact), Some(Value::String("it".into())));
        assert_eq!(text_default("'it''s'::text", Compatibility::Correct), Some(Value::String("it's".into())));
    }

    #[test]
    fn only_exact_takes_the_first_literal_of_an_expression() {
        for expression in ["('a'::text || 'b'::text)", "(1 || 'x'::text)", "('a'::text || upper(c))"] {
            assert_eq!(text_default(expression, Compatibility::Correct), None, "{expression}");
            assert!(text_default(expression, Compatibility::Exact).is_some(), "{expression}");
        }
        let boolean = |expression, mode| default_value(expression, &of("bool"), &Codec::Bool, mode);
        assert_eq!(boolean("(NOT false)", Compatibility::Correct), None);
        assert_eq!(boolean("(NOT false)", Compatibility::Exact), Some(Value::Boolean(false)));
        let correct = Some(Value::String("a".into()));
        assert_eq!(text_default("('a'::text)::character varying(20)", Compatibility::Correct), correct);
    }

    #[test]
    fn types_without_a_mapper_have_none() {
        assert_eq!(default_value("'\\x00'::bytea", &of("bytea"), &Codec::Text, Compatibility::Correct), None);
    }
}
