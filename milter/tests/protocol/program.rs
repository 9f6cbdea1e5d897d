//! The program under test, with a settings file of its own.

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use tempfile::TempDir;

use crate::wire::Wire;

pub(crate) const SIGNING_KEY: [u8; 32] = [0x42; 32];
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Program {
    child: Child,
    pub(crate) folder: TempDir,
    log: Arc<Log>,
}

#[derive(Default)]
struct Log {
    grown: Condvar,
    lines: Mutex<Vec<String>>,
}

impl Program {
    /// Starts it with lines for the top of the settings file, and lines for the table of `example.com`.
    pub(crate) fn start(top: &str, domain: &str) -> Self {
        Self::start_in(tempfile::tempdir().unwrap(), top, domain)
    }

    pub(crate) fn start_in(folder: TempDir, top: &str, domain: &str) -> Self {
        write_key(&folder.path().join("signing.key"), "42");
        write_key(&folder.path().join("recipient.key"), "17");
        let config = folder.path().join("milter.toml");
        fs::write(&config, settings(folder.path(), top, domain)).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_linkseal-milter"))
            .arg("--config")
            .arg(&config)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = Arc::new(Log::default());
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let kept = Arc::clone(&log);
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                kept.lines.lock().unwrap().push(line);
                kept.grown.notify_all();
            }
        });
        Self { child, folder, log }
    }

    pub(crate) fn write_settings(&self, top: &str, domain: &str) {
        fs::write(self.config(), settings(self.folder.path(), top, domain)).unwrap();
    }

    pub(crate) fn config(&self) -> PathBuf {
        self.folder.path().join("milter.toml")
    }

    /// Waits for a line of the log that holds the text.
    #[track_caller]
    pub(crate) fn line_with(&self, text: &str) -> String {
        let lines = self.log.lines.lock().unwrap();
        let has = |lines: &mut Vec<String>| !lines.iter().any(|line| line.contains(text));
        let (lines, waited) = self
            .log
            .grown
            .wait_timeout_while(lines, PATIENCE, has)
            .unwrap();
        assert!(!waited.timed_out(), "no line with `{text}`: {lines:#?}");
        lines
            .iter()
            .find(|line| line.contains(text))
            .unwrap()
            .clone()
    }

    pub(crate) fn log(&self) -> Vec<String> {
        self.log.lines.lock().unwrap().clone()
    }

    /// The value of a field in the line that says where something listens.
    pub(crate) fn address(&self, what: &str) -> String {
        let line = self.line_with(&format!(" {what} address="));
        let address = line.split("address=").nth(1).unwrap();
        address.trim_matches('"').to_owned()
    }

    pub(crate) fn connect(&self) -> Wire {
        Wire::connect(&self.address("listening"))
    }

    pub(crate) fn signal(&self, name: &str) {
        let status = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status();
        assert!(status.unwrap().success());
    }

    pub(crate) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn settings(folder: &Path, top: &str, domain: &str) -> String {
    let listen = if top.contains("listen =") {
        ""
    } else {
        "listen = \"inet:0@127.0.0.1\"\n"
    };
    let key = folder.join("signing.key");
    let key = key.display();
    format!(
        "{listen}{top}\n[domains.\"example.com\"]\ntracking_host = \"link.example.com\"\n\
         signing_key = {{ id = 1, file = \"{key}\" }}\n{domain}\n"
    )
}

fn write_key(file: &Path, digits: &str) {
    fs::write(file, digits.repeat(32) + "\n").unwrap();
    fs::set_permissions(file, Permissions::from_mode(0o600)).unwrap();
}
