//! A file of one JSON object that several connectors and processes may share.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

/// An empty file, or none, holds nothing.
pub fn read(path: &Path) -> io::Result<Map<String, Value>> {
    match fs::read(path) {
        Ok(bytes) if bytes.is_empty() => Ok(Map::new()),
        Ok(bytes) => Ok(serde_json::from_slice(&bytes)?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Map::new()),
        Err(error) => Err(error),
    }
}

/// Changes what it holds. The folder is made if it is missing; after a crash the file is the old one or the new one.
pub fn change(path: &Path, change: impl FnOnce(&mut Map<String, Value>)) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        fs::create_dir_all(folder)?;
    }
    // Held until the end: others wait, so that nobody's change is lost between reading and renaming.
    let lock = OpenOptions::new().create(true).truncate(false).write(true).open(beside(path, "lock"))?;
    lock.lock()?;
    let mut all = read(path)?;
    change(&mut all);
    replace(path, &all)
}

fn replace(path: &Path, all: &Map<String, Value>) -> io::Result<()> {
    let new = beside(path, "new");
    let mut file = File::create(&new)?;
    serde_json::to_writer(&mut file, all)?;
    file.write_all(b"\n")?;
    file.sync_all()?;
    fs::rename(&new, path)?;
    // The rename itself must survive a power cut too.
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => File::open(folder)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(ending);
    PathBuf::from(name)
}
