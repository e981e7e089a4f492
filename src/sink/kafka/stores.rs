//! Java's key and trust stores as OpenSSL wants them: PEM passes, PKCS#12 as a key store too, the rest is refused with
//! the command that converts it.

use super::properties::Untranslatable;

/// Where a store's material is.
pub(super) enum Store {
    Pem,
    Pkcs12,
}

/// What kind of store `location` is, by its `type` property or else by its name.
pub(super) fn kind(property: &str, declared: Option<&str>, location: Option<&str>) -> Result<Store, Untranslatable> {
    let ending = location.and_then(|path| path.rsplit_once('.')).map(|(_, ending)| ending.to_ascii_lowercase());
    let kind = match (declared.map(str::to_ascii_uppercase), ending.as_deref()) {
        (Some(declared), _) => declared,
        (None, Some("pem" | "crt" | "cer" | "key")) => "PEM".to_owned(),
        (None, Some("p12" | "pfx")) => "PKCS12".to_owned(),
        (None, _) if location.is_none() => "PEM".to_owned(),
        // Java's default.
        (None, _) => "JKS".to_owned(),
    };
    let trust = property.starts_with("ssl.truststore");
    match (kind.as_str(), trust) {
        ("PEM", _) => Ok(Store::Pem),
        ("PKCS12", false) => Ok(Store::Pkcs12),
        ("PKCS12", true) => {
            Err(refuse(property, &kind, "openssl pkcs12 -in truststore.p12 -nokeys -out truststore.pem"))
        }
        (_, true) => Err(refuse(property, &kind, "keytool -list -rfc -keystore truststore.jks > truststore.pem")),
        (_, false) => Err(refuse(
            property,
            &kind,
            "keytool -importkeystore -srckeystore keystore.jks -destkeystore keystore.p12 -deststoretype PKCS12, \
             and ssl.keystore.type=PKCS12",
        )),
    }
}

fn refuse(property: &str, kind: &str, command: &str) -> Untranslatable {
    let side = if property.starts_with("ssl.truststore") { "ssl.truststore" } else { "ssl.keystore" };
    let pem = if side == "ssl.truststore" { ", and ssl.truststore.type=PEM" } else { "" };
    let why = format!("a store of type {kind} cannot be read here; convert it: {command}{pem}");
    Untranslatable { name: property.to_owned(), why }
}

/// Java accepts PEM blocks in one line, with blanks for line breaks; OpenSSL does not.
pub(super) fn pem(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some((begin, label, body, after)) = block(rest) {
        out.push_str(begin);
        out.push('\n');
        let letters: Vec<char> = body.chars().filter(|c| !c.is_whitespace()).collect();
        for line in letters.chunks(64) {
            out.extend(line);
            out.push('\n');
        }
        out.push_str("-----END ");
        out.push_str(label);
        out.push_str("-----\n");
        rest = after;
    }
    if out.is_empty() { text.to_owned() } else { out }
}

/// The first block: its opening line, its label, its body, and the text after it.
fn block(text: &str) -> Option<(&str, &str, &str, &str)> {
    const OPEN: &str = "-----BEGIN ";
    let start = text.find(OPEN)?;
    let opening = text.get(start + OPEN.len()..)?;
    let (label, body) = opening.split_once("-----")?;
    let begin = text.get(start..start + OPEN.len() + label.len() + "-----".len())?;
    let (body, after) = body.split_once(&format!("-----END {label}-----"))?;
    // A traditional encrypted key has header lines, which must stay as they are.
    (!body.contains(':')).then_some((begin, label, body, after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_pem_gets_its_lines_back() {
        let body = "A".repeat(70);
        let text = format!(
            "-----BEGIN CERTIFICATE----- {body} -----END CERTIFICATE----- -----BEGIN CERTIFICATE-----\nB\n-----END CERTIFICATE-----"
        );
        let expected = format!(
            "-----BEGIN CERTIFICATE-----\n{}\n{}\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nB\n-----END CERTIFICATE-----\n",
            "A".repeat(64),
            "A".repeat(6)
        );
        assert_eq!(pem(&text), expected);
        assert_eq!(pem(&expected), expected);
        assert_eq!(pem("no pem at all"), "no pem at all");
    }

    #[test]
    fn the_kind_is_declared_or_shown_by_the_name() {
        let is_pem = |property, declared, location| matches!(kind(property, declared, location), Ok(Store::Pem));
        assert!(is_pem("ssl.truststore.location", Some("pem"), Some("/a.jks")));
        assert!(is_pem("ssl.truststore.location", None, Some("/a.crt")));
        assert!(matches!(kind("ssl.keystore.location", None, Some("/a.p12")), Ok(Store::Pkcs12)));
        for (property, location) in [("ssl.truststore.location", "/a.p12"), ("ssl.keystore.location", "/a.jks")] {
            let refused = kind(property, None, Some(location)).err().unwrap();
            assert_eq!(refused.name, property);
            assert!(refused.why.contains("convert it: "), "{}", refused.why);
        }
    }
}
