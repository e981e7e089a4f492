//! A folder of connector files: what a user puts there by hand and what REST writes live side by side.
//!
//! A connector is known by the name inside its file, not by that of the file: changes go to the file that holds it.

use std::collections::BTreeMap;
use std::fs::File;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::json;

use super::Target;
use super::store::{Entries, StoreError, Stored, object};
use crate::offsets::shared;
use crate::settings::Raw;
use crate::settings::connector::parse_file;

/// Every connector of the folder; none when there is no folder. All files that are no connectors are named at once.
pub(super) fn load(folder: &Path) -> Result<Entries, Vec<StoreError>> {
    let (mut entries, mut errors) = (Entries::new(), Vec::new());
    let mut seen: Vec<PathBuf> = Vec::new();
    for path in files(folder).map_err(|e| vec![e])? {
        match read_file(&path) {
            Ok(stored) => match entries.iter().position(|(known, _)| known.name == stored.name) {
                Some(earlier) => errors.push(StoreError::File {
                    path,
                    why: format!("has the same name as {}: {}", seen[earlier].display(), stored.name),
                }),
                None => {
                    entries.push((stored, modified(&path)));
                    seen.push(path);
                }
            },
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(entries) } else { Err(errors) }
}

/// A file as it was: changed when one of these is another.
pub(super) type Stamp = (PathBuf, Option<SystemTime>, u64);

pub(super) fn stamps(folder: &Path) -> Result<Vec<Stamp>, StoreError> {
    let stamp = |path: PathBuf| {
        let size = path.metadata().map(|m| m.len()).unwrap_or_default();
        let changed = modified(&path);
        (path, changed, size)
    };
    Ok(files(folder)?.into_iter().map(stamp).collect())
}

/// As [`load`], with what is good and what is not side by side. Of several files with one name none is good: nobody knows
/// which is meant.
pub(super) fn look(folder: &Path) -> Result<(Vec<Stored>, Vec<StoreError>), StoreError> {
    let (mut read, mut bad) = (Vec::<(PathBuf, Stored)>::new(), Vec::new());
    for path in files(folder)? {
        match read_file(&path) {
            Ok(stored) => read.push((path, stored)),
            Err(error) => bad.push(error),
        }
    }
    let mut times = BTreeMap::<String, usize>::new();
    read.iter().for_each(|(_, stored)| *times.entry(stored.name.clone()).or_default() += 1);
    let mut good = Vec::new();
    for (path, stored) in read {
        match times.get(&stored.name) {
            Some(1) => good.push(stored),
            _ => bad.push(StoreError::File { path, why: format!("another file has the name {} too", stored.name) }),
        }
    }
    Ok((good, bad))
}

/// Whole or not at all, readable by its owner only: it holds passwords.
pub(super) fn put(folder: &Path, name: &str, config: &Raw, target: Target) -> Result<(), StoreError> {
    let path = match holder(folder, name)? {
        Some(path) => path,
        None => {
            let path = path_of(folder, name);
            if path.exists() {
                return Err(StoreError::File { path, why: "holds another connector; rename that file".to_owned() });
            }
            path
        }
    };
    write(&path, name, config, target).map_err(|e| StoreError::File { path, why: e.to_string() })
}

pub(super) fn delete(folder: &Path, name: &str) -> Result<(), StoreError> {
    let Some(path) = holder(folder, name)? else { return Ok(()) };
    let removed = std::fs::remove_file(&path).and_then(|()| shared::settled(&path));
    removed.map_err(|e| StoreError::File { path, why: e.to_string() })
}

/// Reads a connector file as it is POSTed to Connect, or flat.
pub fn read_file(path: &Path) -> Result<Stored, StoreError> {
    let failed = |why: String| StoreError::File { path: path.to_owned(), why };
    let text = std::fs::read_to_string(path).map_err(|e| match e.kind() {
        std::io::ErrorKind::InvalidData => failed("is not UTF-8: save it so".to_owned()),
        _ => failed(e.to_string()),
    })?;
    let default_name = path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let file = parse_file(&text, &default_name).map_err(|problem| failed(problem.message))?;
    let target = match &file.initial_state {
        None => Target::Running,
        Some(text) => Target::parse(text)
            .ok_or_else(|| failed(format!("initial_state {text}: expected RUNNING, PAUSED or STOPPED")))?,
    };
    Ok(Stored { name: file.name, config: file.config, target })
}

/// When a file was last changed.
pub fn modified(path: &Path) -> Option<SystemTime> {
    path.metadata().and_then(|m| m.modified()).ok()
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, StoreError> {
    let listing = match std::fs::read_dir(folder) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        listing => listing.map_err(|e| StoreError::File { path: folder.to_owned(), why: e.to_string() })?,
    };
    let mut paths: Vec<_> = listing.filter_map(|entry| entry.ok().map(|e| e.path())).collect();
    paths.retain(|path| path.extension().is_some_and(|e| e == "json"));
    paths.sort();
    Ok(paths)
}

fn holder(folder: &Path, name: &str) -> Result<Option<PathBuf>, StoreError> {
    Ok(files(folder)?.into_iter().find(|path| read_file(path).is_ok_and(|stored| stored.name == name)))
}

/// `NAME.json` with everything percent-encoded that is not plainly part of a file name.
fn path_of(folder: &Path, name: &str) -> PathBuf {
    let mut file = String::new();
    for byte in name.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => file.push(char::from(byte)),
            _ => file.push_str(&format!("%{byte:02X}")),
        }
    }
    folder.join(format!("{file}.json"))
}

fn write(path: &Path, name: &str, config: &Raw, target: Target) -> std::io::Result<()> {
    let mut document = json!({ "name": name, "config": object(config) });
    if target != Target::Running {
        document["initial_state"] = json!(target.name());
    }
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    shared::replace(path, format!("{document:#}\n").as_bytes(), create_private)
}

fn create_private(path: &Path) -> std::io::Result<File> {
    // One that a killed process left behind may have another mode.
    match std::fs::remove_file(path) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e),
        _ => File::options().write(true).create_new(true).mode(0o600).open(path),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    struct Folder(PathBuf);

    impl Folder {
        fn new(files: &[(&str, &str)]) -> Self {
            let folder = std::env::temp_dir().join(format!("walcast-{}", uuid::Uuid::new_v4()));
            std::fs::create_dir_all(&folder).unwrap();
            files.iter().for_each(|(name, text)| std::fs::write(folder.join(name), text).unwrap());
            Self(folder)
        }

        fn names(&self) -> Vec<String> {
            files(&self.0).unwrap().iter().map(|p| p.file_name().unwrap().to_string_lossy().into_owned()).collect()
        }

        fn stored(&self) -> Vec<Stored> {
            load(&self.0).unwrap().into_iter().map(|(stored, _)| stored).collect()
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn raw(pairs: &[(&str, &str)]) -> Raw {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    }

    #[test]
    fn a_folder_gives_back_what_was_put_there() {
        let folder = Folder::new(&[]);
        let name = "../odd näme/%";
        let config = raw(&[("b", "1"), ("a", "2"), ("name", name)]);
        put(&folder.0, name, &config, Target::Paused).unwrap();
        assert_eq!(folder.stored(), [Stored { name: name.to_owned(), config, target: Target::Paused }]);
        let files: Vec<_> = std::fs::read_dir(&folder.0).unwrap().map(|e| e.unwrap().path()).collect();
        assert_eq!(files.len(), 1, "written inside the folder, nothing left over: {files:?}");
        assert_eq!(files[0].metadata().unwrap().permissions().mode() & 0o777, 0o600);
        delete(&folder.0, name).unwrap();
        delete(&folder.0, name).unwrap();
        assert!(folder.stored().is_empty());
    }

    #[test]
    fn a_change_goes_to_the_file_that_holds_the_connector() {
        let folder = Folder::new(&[("10-shop.v2.json", r#"{"name":"shop","config":{"a":"1"}}"#)]);
        put(&folder.0, "shop", &raw(&[("a", "2"), ("name", "shop")]), Target::Stopped).unwrap();
        assert_eq!(folder.names(), ["10-shop.v2.json"], "a second file would start the connector twice");
        assert_eq!(folder.stored()[0].target, Target::Stopped);
        delete(&folder.0, "shop").unwrap();
        assert!(folder.names().is_empty());
    }

    #[test]
    fn the_file_of_another_connector_is_never_overwritten() {
        let folder = Folder::new(&[("shop.json", r#"{"name":"other","config":{"a":"1"}}"#)]);
        put(&folder.0, "shop", &raw(&[("a", "2")]), Target::Running).unwrap_err();
        assert_eq!(folder.stored()[0].name, "other");
    }

    #[test]
    fn every_bad_file_is_named_at_once() {
        let good = r#"{"name":"a","config":{"x":"1"}}"#;
        let folder = Folder::new(&[("1.json", "{"), ("2.json", good), ("3.json", "[]"), ("4.json", good)]);
        let errors: Vec<String> = load(&folder.0).unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(errors.len(), 3, "{errors:?}");
        for (error, file) in errors.iter().zip(["1.json", "3.json", "4.json"]) {
            assert!(error.contains(file), "{error}");
        }
    }
}
