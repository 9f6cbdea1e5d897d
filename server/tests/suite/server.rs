//! The server as a process of its own.

use std::process::Stdio;
use std::time::Duration;

use reqwest::{Client, RequestBuilder, Response, redirect};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::database::{Backend, free_port};

pub(crate) const ADMIN_TOKEN: &str = "an admin token that only tests know";

pub(crate) struct Server {
    pub(crate) client: Client,
    pub(crate) database_url: String,
    pub(crate) folder: TempDir,
    pub(crate) port: u16,
    child: Child,
    /// Shell commands that start the program, whose path is `$0`.
    script: Option<String>,
    settings: Vec<(String, String)>,
}

impl Server {
    pub(crate) async fn start(backend: &Backend) -> Self {
        Self::start_with(backend, &[]).await
    }

    /// With environment variables of one's own.
    pub(crate) async fn start_with(backend: &Backend, settings: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let database_url = backend.new_database(folder.path());
        Self::start_on(folder, database_url, settings).await
    }

    /// On a database that may be another server's, too.
    pub(crate) async fn start_on(
        folder: TempDir,
        database_url: String,
        settings: &[(&str, &str)],
    ) -> Self {
        Self::start_by(None, folder, database_url, settings).await
    }

    /// By shell commands such as `exec "$0" 2>/dev/full`.
    pub(crate) async fn start_by(
        script: Option<String>,
        folder: TempDir,
        database_url: String,
        settings: &[(&str, &str)],
    ) -> Self {
        let port = free_port();
        let settings: Vec<_> = settings
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect();
        Self {
            child: spawn(script.as_deref(), &folder, port, &database_url, &settings).await,
            client: Client::builder()
                .redirect(redirect::Policy::none())
                .build()
                .unwrap(),
            database_url,
            folder,
            port,
            script,
            settings,
        }
    }

    /// SIGKILL: no chance to store anything more.
    pub(crate) async fn kill(&mut self) {
        self.child.kill().await.unwrap();
    }

    /// Sends a signal, such as `HUP`.
    pub(crate) fn signal(&self, signal: &str) {
        let pid = self.child.id().unwrap().to_string();
        std::process::Command::new("kill")
            .args([&format!("-{signal}"), &pid])
            .status()
            .unwrap();
    }

    /// SIGTERM, and waits for the end.
    pub(crate) async fn terminate(&mut self) {
        self.signal("TERM");
        let status = tokio::time::timeout(Duration::from_secs(20), self.child.wait()).await;
        assert!(status.expect("the server ends in time").unwrap().success());
    }

    pub(crate) async fn start_again(&mut self) {
        let script = self.script.as_deref();
        self.child = spawn(
            script,
            &self.folder,
            self.port,
            &self.database_url,
            &self.settings,
        )
        .await;
    }

    /// With other settings than before.
    pub(crate) async fn start_again_with(&mut self, settings: &[(&str, &str)]) {
        self.settings = settings
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()))
            .collect();
        self.start_again().await;
    }

    /// What its memory takes of the machine's.
    pub(crate) fn resident_bytes(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id().unwrap());
        let status = std::fs::read_to_string(path).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmRSS:"));
        let kilobytes: u64 = line
            .unwrap()
            .split_whitespace()
            .nth(1)
            .unwrap()
            .parse()
            .unwrap();
        kilobytes * 1024
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub(crate) async fn get(&self, path: &str) -> Response {
        self.client.get(self.url(path)).send().await.unwrap()
    }

    /// What it wrote to its log so far.
    pub(crate) fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// A request to the API with the admin token.
    pub(crate) fn api(&self, method: &str, path: &str) -> RequestBuilder {
        let url = self.url(&format!("/api/v1{path}"));
        self.client
            .request(method.parse().unwrap(), url)
            .bearer_auth(ADMIN_TOKEN)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the server's log:\n{}", self.log());
        }
    }
}

/// Waits until the server says that it listens.
async fn spawn(
    script: Option<&str>,
    folder: &TempDir,
    port: u16,
    database_url: &str,
    settings: &[(String, String)],
) -> Child {
    let log = std::fs::File::options()
        .create(true)
        .append(true)
        .open(folder.path().join("log"))
        .unwrap();
    let program = env!("CARGO_BIN_EXE_tracking-server");
    let mut command = match script {
        Some(script) => {
            let mut shell = Command::new("/bin/sh");
            shell.args(["-c", script, program]);
            shell
        }
        None => Command::new(program),
    };
    let mut child = command
        .env_clear()
        .env("LISTEN", format!("127.0.0.1:{port}"))
        .env("DATABASE_URL", database_url)
        .env("ADMIN_TOKEN", ADMIN_TOKEN)
        .env("SPOOL_DIR", folder.path().join("spool"))
        .envs(settings.iter().map(|(name, value)| (name, value)))
        .current_dir(folder.path())
        .stdout(Stdio::piped())
        .stderr(log)
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    if script.is_some() {
        listens(port).await;
        return child;
    }
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let listening = async {
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.starts_with("the page is at") {
                return;
            }
        }
        panic!("the server ended before it listened");
    };
    tokio::time::timeout(Duration::from_secs(20), listening)
        .await
        .expect("the server listens in time");
    child
}

/// Where its standard output may lead elsewhere.
async fn listens(port: u16) {
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    while tokio::net::TcpStream::connect(("127.0.0.1", port))
        .await
        .is_err()
    {
        assert!(
            std::time::Instant::now() < deadline,
            "the server does not listen"
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
