//! Query strings.

/// The values of a parameter, in their order. Those used here hold nothing that is percent-encoded.
pub(super) fn all<'a>(query: Option<&'a str>, wanted: &'a str) -> impl Iterator<Item = String> + 'a {
    let pairs = query.unwrap_or("").split('&').filter_map(|pair| pair.split_once('='));
    pairs.filter(move |(key, _)| *key == wanted).map(|(_, value)| value.to_owned())
}
