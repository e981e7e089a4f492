//! Secrets in answers: a mask stands where Connect prints the value.

use serde_json::{Map, Value};

use crate::settings::{Problem, Raw, is_secret, value};
use crate::supervisor::object;

/// Debezium's own mask.
const MASK: &str = "********";

/// The settings as they are shown. References to a config provider are no secrets.
pub(super) fn shown(config: &Raw, masked: bool) -> Map<String, Value> {
    let mut shown = object(config);
    for (_, value) in shown.iter_mut().filter(|(key, _)| masked && is_secret(key)) {
        let open = value.as_str().is_none_or(|text| text.is_empty() || text.starts_with("${"));
        if !open {
            *value = MASK.into();
        }
    }
    shown
}

/// Who reads settings, changes one and sends all of them back means the secrets that are stored.
pub(super) fn restored(config: Raw, stored: Option<&Raw>) -> Result<Raw, Problem> {
    let restored = config.into_iter().map(|(key, given)| {
        if given != MASK || !is_secret(&key) {
            return Ok((key, given));
        }
        match stored.and_then(|stored| value(stored, &key)) {
            Some(secret) => Ok((key, secret.to_owned())),
            None => {
                let text = format!("{key}: the mask {MASK} stands for a value that is not stored; send the value");
                Err(Problem::new(&key, text))
            }
        }
    });
    restored.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(pairs: &[(&str, &str)]) -> Raw {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn secrets_are_masked_and_a_mask_sent_back_means_the_secret() {
        let stored = raw(&[
            ("database.password", "s3cret"),
            ("producer.override.sasl.jaas.config", "x required password=\"s3cret\";"),
            ("database.user", "u"),
            ("database.sslpassword", "${env:KEY}"),
        ]);
        let seen = shown(&stored, true);
        assert!(!Value::Object(seen.clone()).to_string().contains("s3cret"));
        assert_eq!((&seen["database.user"], &seen["database.sslpassword"]), (&"u".into(), &"${env:KEY}".into()));
        assert_eq!(shown(&stored, false)["database.password"], "s3cret");
        let sent = seen.iter().map(|(k, v)| (k.clone(), v.as_str().unwrap().to_owned())).collect();
        assert_eq!(restored(sent, Some(&stored)).unwrap(), stored);
        let other = raw(&[("x.password", MASK)]);
        assert_eq!(restored(other, Some(&stored)).unwrap_err().key, "x.password");
    }
}
