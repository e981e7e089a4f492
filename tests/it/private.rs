//! A Postgres of a test's own, for settings that others could not live with.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use crate::rig::{Folder, free_port, read, wait_for};

pub struct Private {
    child: Child,
    pub port: u16,
    folder: Folder,
}

impl Private {
    /// `hba`: lines of pg_hba.conf; the superuser `postgres` is let in from this machine by one that is added.
    pub fn start(settings: &[(&str, &str)], hba: &str) -> Self {
        Self::with(settings, hba, &[])
    }

    /// The same with these files, which only the server may read, in its data folder.
    pub fn with(settings: &[(&str, &str)], hba: &str, files: &[(&str, &str)]) -> Self {
        let folder = Folder::new();
        let data = folder.0.join("data");
        fs::create_dir(&data).expect("a folder");
        let owner = owner();
        if let Some((user, group)) = owner {
            chown(&data, Some(user), Some(group)).expect("a folder of the server's owner");
        }
        let as_owner = |program: &str| {
            let mut command = Command::new(bin().join(program));
            command.current_dir(&folder.0).arg("-D").arg(&data).stdin(Stdio::null());
            if let Some((user, group)) = owner {
                command.uid(user).gid(group);
            }
            command
        };
        let made = as_owner("initdb").args(["-U", "postgres", "-A", "trust", "--no-sync", "--locale=C"]).output();
        let made = made.expect("initdb runs");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        fs::write(data.join("pg_hba.conf"), format!("host all postgres 127.0.0.1/32 trust\n{hba}\n")).expect("a file");
        for (name, text) in files {
            let path = data.join(name);
            fs::write(&path, text).expect("a file");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("a file of one's own");
            if let Some((user, group)) = owner {
                chown(&path, Some(user), Some(group)).expect("a file of the server's owner");
            }
        }
        let port = free_port();
        let log = fs::File::create(folder.0.join("server.log")).expect("a log file");
        let child = as_owner("postgres")
            .args([
                format!("-cport={port}"),
                "-clisten_addresses=127.0.0.1".into(),
                "-cunix_socket_directories=".into(),
            ])
            .args(["-cfsync=off", "-cshared_buffers=16MB"])
            .args(settings.iter().map(|(name, value)| format!("-c{name}={value}")))
            .stdout(log.try_clone().expect("the log twice"))
            .stderr(log)
            .spawn()
            .expect("postgres runs");
        let mut private = Self { child, port, folder };
        wait_for("the server", || {
            let ended = private.child.try_wait().expect("a child").is_some();
            assert!(!ended, "{}", read(&private.folder.0.join("server.log")));
            private.psql("SELECT 1").status.success()
        });
        private
    }

    pub fn sql(&self, text: &str) -> String {
        let output = self.psql(text);
        assert!(output.status.success(), "{text}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
    }

    fn psql(&self, text: &str) -> std::process::Output {
        let mut psql = Command::new(bin().join("psql"));
        psql.args(["-XqAt", "-v", "ON_ERROR_STOP=1", "-h", "127.0.0.1", "-U", "postgres", "-d", "postgres"]);
        psql.args(["-p", &self.port.to_string(), "-c", text]).current_dir(&self.folder.0);
        psql.output().expect("psql runs")
    }
}

impl Drop for Private {
    fn drop(&mut self) {
        // Immediate: nothing in it is worth a clean end.
        let _ = Command::new("kill").args(["-QUIT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

fn bin() -> PathBuf {
    std::env::var("WALCAST_TEST_PG_BIN").map(PathBuf::from).expect("WALCAST_TEST_PG_BIN: run `make test`")
}

/// Postgres refuses root: whom it runs as then.
fn owner() -> Option<(u32, u32)> {
    let root = fs::metadata("/proc/self").expect("our own process").uid() == 0;
    let users = fs::read_to_string("/etc/passwd").unwrap_or_default();
    let find = |name: &str| {
        let line = users.lines().find(|line| line.starts_with(&format!("{name}:")))?;
        let mut numbers = line.split(':').skip(2);
        Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
    };
    root.then(|| find("postgres").or_else(|| find("nobody")).expect("a user that is not root"))
}
