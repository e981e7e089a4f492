//! The session settings every connection pins. They *are* the text form of values that `debezium` decodes.
//!
//! What is sent in the startup packet wins over `ALTER ROLE ... SET` and `ALTER DATABASE ... SET`, so no administrator's
//! default can change a record. Settings an older server does not know would refuse the connection there; those are
//! [`later`] and set once the server's version is known.

use super::Address;

/// For the startup packet; every supported server (13 to 18) knows them, walsenders too.
pub fn parameters(address: &Address) -> &'static [(&'static str, &'static str)] {
    let own = usize::from(address.server_float_digits);
    &PARAMETERS[own..]
}

const PARAMETERS: &[(&str, &str)] = &[
    // The first, as it may be left out.
    ("extra_float_digits", "3"),
    ("client_encoding", "UTF8"),
    ("DateStyle", "ISO"),
    ("IntervalStyle", "postgres"),
    ("TimeZone", "UTC"),
    ("bytea_output", "hex"),
    // Qualifies every name in regclass and friends; only pg_catalog goes without.
    ("search_path", "pg_catalog"),
    // A policy must make reading fail, not leave rows out.
    ("row_security", "off"),
    ("statement_timeout", "0"),
    ("lock_timeout", "0"),
    ("idle_in_transaction_session_timeout", "0"),
];

/// To be `SET` after login on a server of `version` (as `server_version_num`, 150018 for 15.18).
pub fn later(version: u32) -> &'static [(&'static str, &'static str)] {
    const SETTINGS: &[(&str, &str)] = &[("idle_session_timeout", "0"), ("transaction_timeout", "0")];
    match version {
        ..140_000 => &[],
        140_000..170_000 => SETTINGS.split_at(1).0,
        _ => SETTINGS,
    }
}

/// All of them as statements, for a session in which the user's own statements ran before.
pub fn statements(address: &Address, version: u32) -> String {
    let settings = parameters(address).iter().chain(later(version));
    settings.map(|(name, value)| format!("SET SESSION {name} TO '{value}';")).collect()
}

/// `server_version` (`15.18 (Debian 15.18-0+deb12u1)`, `18beta1`) as `server_version_num` (150018).
pub fn version_number(text: &str) -> Option<u32> {
    let numbers: Vec<u32> = text
        .split(|c: char| !c.is_ascii_digit() && c != '.')
        .next()?
        .split('.')
        .map(|part| part.parse().ok())
        .collect::<Option<_>>()?;
    match *numbers.as_slice() {
        [major] => major.checked_mul(10_000),
        // Before 10 the first two numbers were the major version.
        [major, minor, ref patch @ ..] if major < 10 => {
            let patch = patch.first().copied().unwrap_or(0);
            (major * 10_000).checked_add(minor.checked_mul(100)?)?.checked_add(patch)
        }
        [major, minor, ..] => major.checked_mul(10_000)?.checked_add(minor),
        [] => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_the_server_numbers_them() {
        for (text, number) in [
            ("15.18 (Debian 15.18-0+deb12u1)", Some(150_018)),
            ("13.0", Some(130_000)),
            ("18beta1", Some(180_000)),
            ("17devel", Some(170_000)),
            ("9.6.24", Some(90_624)),
            ("", None),
            ("unknown", None),
            ("4294967295.1", None),
            ("9.1.4294967295", None),
        ] {
            assert_eq!(version_number(text), number, "{text}");
        }
    }

    #[test]
    fn a_server_is_never_sent_a_setting_it_does_not_know() {
        let names = |version| later(version).iter().map(|(name, _)| *name).collect::<Vec<_>>();
        assert!(names(130_022).is_empty());
        assert_eq!(names(150_018), ["idle_session_timeout"]);
        assert_eq!(names(170_000), ["idle_session_timeout", "transaction_timeout"]);
    }
}
