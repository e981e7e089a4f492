//! The local file: from key text to offset.

use std::io;
use std::path::Path;

use serde_json::{Map, Value};

use super::key::same_key;
use super::{Offset, OffsetError, shared};

pub(super) fn read(path: &Path, key: &[u8]) -> Result<Option<Offset>, OffsetError> {
    text(path, key)?.map(|json| Offset::decode(json.as_bytes())).transpose()
}

/// The offset's JSON, whether it can be understood or not.
pub(super) fn text(path: &Path, key: &[u8]) -> Result<Option<String>, OffsetError> {
    let offsets = load(path)?;
    let found = offsets.iter().find(|(name, _)| same_key(name.as_bytes(), key));
    Ok(found.filter(|(_, value)| !value.is_null()).map(|(_, value)| value.to_string()))
}

/// Replaces one offset's JSON, or removes it.
pub(super) fn write(path: &Path, key: &[u8], offset: Option<&[u8]>) -> Result<(), OffsetError> {
    let failed = |error: io::Error| failed(path, &error);
    let offset: Option<Value> = offset.map(serde_json::from_slice).transpose().map_err(|error| failed(error.into()))?;
    shared::change(path, |offsets| {
        offsets.retain(|name, _| !same_key(name.as_bytes(), key));
        if let Some(offset) = offset {
            offsets.insert(String::from_utf8_lossy(key).into_owned(), offset);
        }
    })
    .map_err(failed)
}

/// Everything the file holds, of all connectors.
pub(super) fn load(path: &Path) -> Result<Map<String, Value>, OffsetError> {
    shared::read(path).map_err(|error| failed(path, &error))
}

fn failed(path: &Path, error: &io::Error) -> OffsetError {
    OffsetError::File { path: path.to_owned(), why: error.to_string() }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;
    use std::thread;

    use super::super::key;
    use super::*;
    use crate::words::Lsn;

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("walcast-offsets-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn file(&self) -> PathBuf {
            self.0.join("offsets.json")
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn at(lsn: u64) -> Offset {
        Offset { lsn: Lsn(lsn), ours: true, ..Offset::default() }
    }

    #[test]
    fn the_folder_is_made_with_the_first_offset() {
        let folder = Folder::new("first");
        let path = folder.0.join("a/b/offsets.json");
        let key = key("x", "p");
        assert_eq!(read(&path, &key).unwrap(), None);
        write(&path, &key, Some(&at(7).encode())).unwrap();
        assert_eq!(read(&path, &key).unwrap().unwrap().lsn, Lsn(7));
    }

    #[test]
    fn connectors_share_a_file_without_losing_a_word() {
        let folder = Folder::new("share");
        let path = folder.file();
        let write_many = &|name: &str| {
            for lsn in 1..=20 {
                write(&path, &key(name, "p"), Some(&at(lsn).encode())).unwrap();
            }
        };
        thread::scope(|scope| {
            for name in ["a", "b", "c"] {
                scope.spawn(move || write_many(name));
            }
        });
        for name in ["a", "b", "c"] {
            assert_eq!(read(&path, &key(name, "p")).unwrap(), Some(at(20)));
        }
        write(&path, &key("b", "p"), None).unwrap();
        assert_eq!(read(&path, &key("b", "p")).unwrap(), None);
        assert_eq!(read(&path, &key("a", "p")).unwrap(), Some(at(20)));
    }

    #[test]
    fn a_damaged_file_is_named_and_left_alone() {
        let folder = Folder::new("damage");
        fs::write(folder.file(), "{\"half").unwrap();
        assert!(read(&folder.file(), b"k").unwrap_err().to_string().contains("offsets.json"));
        assert!(write(&folder.file(), b"k", Some(&at(1).encode())).is_err());
        assert_eq!(fs::read_to_string(folder.file()).unwrap(), "{\"half");
    }

    #[test]
    fn a_missing_file_holds_nothing() {
        let folder = Folder::new("missing");
        assert_eq!(read(&folder.file(), b"k").unwrap(), None);
    }
}
