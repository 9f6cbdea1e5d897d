//! The two databases that the program runs on.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, Weak};

use tempfile::TempDir;

/// A database of one's own, empty.
#[derive(Debug)]
pub(crate) enum Backend {
    Sqlite,
    Postgres(Arc<Postgres>),
}

impl Backend {
    /// SQLite, and PostgreSQL where the machine has its programs.
    pub(crate) fn all() -> Vec<Self> {
        let mut all = vec![Self::Sqlite];
        all.extend(Postgres::shared().map(Self::Postgres));
        all
    }

    /// The URL of a new database.
    pub(crate) fn new_database(&self, folder: &Path) -> String {
        match self {
            Self::Sqlite => format!("sqlite:{}", folder.join("tracking.sqlite").display()),
            Self::Postgres(postgres) => postgres.new_database(),
        }
    }
}

/// A PostgreSQL server on loopback, for as long as somebody holds it.
#[derive(Debug)]
pub(crate) struct Postgres {
    programs: PathBuf,
    folder: TempDir,
    port: u16,
    databases: AtomicU32,
}

impl Postgres {
    /// The one that tests share, or `None`, said aloud, where there are no programs to start one with.
    pub(crate) fn shared() -> Option<Arc<Self>> {
        static SHARED: OnceLock<Mutex<Weak<Postgres>>> = OnceLock::new();
        let mut shared = SHARED.get_or_init(Mutex::default).lock().unwrap();
        if let Some(running) = shared.upgrade() {
            return Some(running);
        }
        let started = Arc::new(Self::start()?);
        *shared = Arc::downgrade(&started);
        Some(started)
    }

    /// One of one's own, that may be stopped. The shared one is for everything else.
    pub(crate) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            assert!(
                std::env::var_os("REQUIRE_POSTGRES").is_none(),
                "REQUIRE_POSTGRES is set, and there is no initdb and pg_ctl"
            );
            eprintln!("SKIPPED on PostgreSQL: there is no initdb and pg_ctl");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("pg").tempdir().unwrap();
        let postgres = Self {
            programs,
            port: free_port(),
            folder,
            databases: AtomicU32::new(0),
        };
        if is_root() {
            run(Command::new("chown")
                .arg("postgres")
                .arg(postgres.folder.path()));
        }
        let data = postgres.data();
        run(postgres
            .program("initdb")
            .args(["--no-sync", "--auth=trust", "--username=tracking"])
            .arg("-D")
            .arg(&data));
        postgres.start_again();
        Some(postgres)
    }

    pub(crate) fn start_again(&self) {
        let options = format!(
            "-p {} -c listen_addresses=127.0.0.1 -k {}",
            self.port,
            self.folder.path().display()
        );
        run(self
            .program("pg_ctl")
            .args([
                "start",
                "--wait",
                "--silent",
                "--options",
                &options,
                "--log",
            ])
            .arg(self.folder.path().join("log"))
            .arg("-D")
            .arg(self.data()));
    }

    /// Stops as `mode` says: `fast` ends connections, `immediate` is a crash.
    pub(crate) fn stop(&self, mode: &str) {
        run(self
            .program("pg_ctl")
            .args(["stop", "--wait", "--silent", "--mode", mode])
            .arg("-D")
            .arg(self.data()));
    }

    pub(crate) fn new_database(&self) -> String {
        let name = format!(
            "tracking_{}",
            self.databases.fetch_add(1, Ordering::Relaxed)
        );
        let port = self.port.to_string();
        run(self.program("createdb").args([
            "-h",
            "127.0.0.1",
            "-p",
            &port,
            "-U",
            "tracking",
            &name,
        ]));
        format!("postgres://tracking@127.0.0.1:{port}/{name}")
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// PostgreSQL refuses to run as root.
    fn program(&self, name: &str) -> Command {
        let program = self.programs.join(name);
        let mut command = if is_root() {
            let mut command = Command::new("setpriv");
            command
                .args([
                    "--reuid=postgres",
                    "--regid=postgres",
                    "--clear-groups",
                    "--",
                ])
                .arg(program);
            command
        } else {
            Command::new(program)
        };
        command.current_dir("/").env("LC_ALL", "C.UTF-8");
        command
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        let _ = self
            .program("pg_ctl")
            .args(["stop", "--wait", "--silent", "--mode", "immediate"])
            .arg("-D")
            .arg(self.data())
            .stderr(Stdio::null())
            .status();
    }
}

fn programs() -> Option<PathBuf> {
    let on_path = std::env::var_os("PATH")
        .into_iter()
        .flat_map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    let debian = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin")));
    on_path.chain(debian).find(|folder| {
        ["initdb", "pg_ctl", "createdb"]
            .iter()
            .all(|name| folder.join(name).exists())
    })
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.trim_ascii() == b"0"
}

#[track_caller]
fn run(command: &mut Command) {
    let status = command.stdout(Stdio::null()).status().unwrap();
    assert!(status.success(), "{command:?}: {status}");
}

/// A port that was free a moment ago: below those of outgoing connections, and another one each time. Tests that run at
/// the same time are processes whose ids are near each other: each begins in another place.
pub(crate) fn free_port() -> u16 {
    const PLACES: u32 = 600;
    const PORTS: u16 = 20;
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % PLACES).unwrap() * PORTS;
    loop {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let port = 20_000 + start.wrapping_add(number) % 12_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
