//! The one room for message digests: `column.mask.hash.*`, and the UUID that Java makes of bytes.

use std::fmt::Write;

use digest::DynDigest;

/// A digest of Java's `MessageDigest`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Algorithm {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Sha512Of224,
    Sha512Of256,
    Sha3Of224,
    Sha3Of256,
    Sha3Of384,
    Sha3Of512,
}

impl Algorithm {
    /// By Java's name, in any case.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name.to_ascii_uppercase().as_str() {
            "MD5" => Self::Md5,
            "SHA-1" | "SHA1" | "SHA" => Self::Sha1,
            "SHA-224" | "SHA224" => Self::Sha224,
            "SHA-256" | "SHA256" => Self::Sha256,
            "SHA-384" | "SHA384" => Self::Sha384,
            "SHA-512" | "SHA512" => Self::Sha512,
            "SHA-512/224" | "SHA512/224" => Self::Sha512Of224,
            "SHA-512/256" | "SHA512/256" => Self::Sha512Of256,
            "SHA3-224" => Self::Sha3Of224,
            "SHA3-256" => Self::Sha3Of256,
            "SHA3-384" => Self::Sha3Of384,
            "SHA3-512" => Self::Sha3Of512,
            _ => return None,
        })
    }

    fn digest(self) -> Box<dyn DynDigest> {
        match self {
            Self::Md5 => Box::new(md5::Md5::default()),
            Self::Sha1 => Box::new(sha1::Sha1::default()),
            Self::Sha224 => Box::new(sha2::Sha224::default()),
            Self::Sha256 => Box::new(sha2::Sha256::default()),
            Self::Sha384 => Box::new(sha2::Sha384::default()),
            Self::Sha512 => Box::new(sha2::Sha512::default()),
            Self::Sha512Of224 => Box::new(sha2::Sha512_224::default()),
            Self::Sha512Of256 => Box::new(sha2::Sha512_256::default()),
            Self::Sha3Of224 => Box::new(sha3::Sha3_224::default()),
            Self::Sha3Of256 => Box::new(sha3::Sha3_256::default()),
            Self::Sha3Of384 => Box::new(sha3::Sha3_384::default()),
            Self::Sha3Of512 => Box::new(sha3::Sha3_512::default()),
        }
    }
}

/// A salted hash of text, in hexadecimal.
#[derive(Clone)]
pub(super) struct Hash {
    algorithm: Algorithm,
    salt: Vec<u8>,
    serialised: bool,
    /// Digits that the column has room for.
    length: usize,
}

impl Hash {
    pub(super) fn new(algorithm: Algorithm, salt: &str, serialised: bool, length: usize) -> Self {
        Self { algorithm, salt: salt.as_bytes().to_vec(), serialised, length }
    }

    pub(super) fn of(&self, text: &str) -> String {
        let mut digest = self.algorithm.digest();
        digest.update(&self.salt);
        if self.serialised {
            digest.update(&java_serialised(text));
        } else {
            digest.update(text.as_bytes());
        }
        let mut hex = hex(&digest.finalize());
        hex.truncate(self.length);
        hex
    }
}

/// The salt is a secret.
impl std::fmt::Debug for Hash {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Hash").field("algorithm", &self.algorithm).finish_non_exhaustive()
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// What `ObjectOutputStream.writeObject` makes of a `String`: modified UTF-8, surrogates one by one, zero as two bytes.
fn java_serialised(text: &str) -> Vec<u8> {
    let mut body = Vec::with_capacity(text.len());
    for unit in text.encode_utf16() {
        let low = |shift: u16| 0x80 | (unit >> shift & 0x3F).to_le_bytes()[0];
        match unit {
            1..=0x7F => body.push(unit.to_le_bytes()[0]),
            0 | 0x80..=0x7FF => body.extend([0xC0 | (unit >> 6).to_le_bytes()[0], low(0)]),
            _ => body.extend([0xE0 | (unit >> 12).to_le_bytes()[0], low(6), low(0)]),
        }
    }
    let mut bytes = vec![0xAC, 0xED, 0x00, 0x05];
    match u16::try_from(body.len()) {
        Ok(length) => {
            bytes.push(b't');
            bytes.extend(length.to_be_bytes());
        }
        Err(_) => {
            bytes.push(b'|');
            bytes.extend((body.len() as u64).to_be_bytes());
        }
    }
    bytes.extend(body);
    bytes
}

/// `UUID.nameUUIDFromBytes`.
pub(super) fn name_uuid(bytes: &[u8]) -> String {
    let mut digest = Algorithm::Md5.digest();
    digest.update(bytes);
    let mut uuid = digest.finalize().into_vec();
    uuid[6] = uuid[6] & 0x0F | 0x30;
    uuid[8] = uuid[8] & 0x3F | 0x80;
    let hex = hex(&uuid);
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_those_of_the_recordings() {
        let hash = |algorithm, salt, serialised| Hash::new(algorithm, salt, serialised, usize::MAX).of("secret");
        assert_eq!(
            hash(Algorithm::Sha256, "Pepper", true),
            "6d960afbd46ffc052d0899012b340f5de3e62376083ca88f1f58c4e426bbfc91"
        );
        assert_eq!(
            hash(Algorithm::Sha256, "Pepper", false),
            "4d0249ae43cca341438d04ceb98e9875d806d19b7ecdf7ac25b236a06fbb127d"
        );
        assert_eq!(Hash::new(Algorithm::Md5, "z", true, 10).of("secret"), "3e15866c28");
    }

    #[test]
    fn strings_are_serialised_as_java_does() {
        assert_eq!(java_serialised("a\0ж😀"), b"\xAC\xED\0\x05t\0\x0Ba\xC0\x80\xD0\xB6\xED\xA0\xBD\xED\xB8\x80");
        assert_eq!(java_serialised(&"x".repeat(65_536))[..13], *b"\xAC\xED\0\x05|\0\0\0\0\0\x01\0\0");
    }

    #[test]
    fn bytes_have_a_uuid_of_version_three() {
        assert_eq!(name_uuid(b"__debezium_unavailable_value"), "b68a35a7-17ad-35b3-af2a-ae46edb4545a");
    }
}
