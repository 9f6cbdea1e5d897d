//! A file system that has no room left, and then has some again.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use reqwest::Method;
use tempfile::TempDir;

use crate::database::Backend;
use crate::links::Mail;
use crate::loss::check;
use crate::sender::eventually;
use crate::server::Server;
use crate::tables::{DEFAULT_HOST, Tables};

/// A file system of a few megabytes, for as long as it is held.
struct Small(PathBuf);

impl Small {
    /// `None`, said aloud, where nothing may be mounted.
    fn mount(at: &Path) -> Option<Self> {
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=6m", "tmpfs"])
            .arg(at)
            .stderr(Stdio::null())
            .status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self(at.to_owned()));
        }
        eprintln!("SKIPPED: a small file system can't be mounted");
        None
    }

    /// Takes all the room that is left.
    fn fill(&self) {
        let mut filler = fs::File::create(self.filler()).unwrap();
        while filler.write_all(&[0; 512]).is_ok() {}
    }

    fn empty(&self) {
        fs::remove_file(self.filler()).unwrap();
    }

    fn filler(&self) -> PathBuf {
        self.0.join("filler")
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

async fn status(server: &Server, path: &str) -> u16 {
    server.get(path).await.status().as_u16()
}

async fn full_and_empty(server: &Server, disk: &Small) {
    let domain = Tables::of(server).await.add_domain("example.com").await;
    let mut answered = Vec::new();
    let mut number = 0;
    let mut click = async || {
        number += 1;
        let recipient = format!("{number}-{}", "x".repeat(100));
        let mail = Mail::new(&domain, &recipient, &["https://example.com/"]);
        let click = server.follow(Method::GET, &mail.clicks[0]).send();
        let status = click.await.unwrap().status().as_u16();
        if status == 302 {
            answered.push(recipient);
        } else {
            assert_eq!(status, 503);
        }
        status == 302
    };
    assert!(click().await);
    for _ in 0..2 {
        disk.fill();
        eventually("there is no room for clicks", async || {
            (!click().await).then_some(())
        })
        .await;
        for _ in 0..500 {
            click().await;
        }
        eventually("the server is not ready", async || {
            (status(server, "/readyz").await == 503).then_some(())
        })
        .await;
        assert_eq!(status(server, "/healthz").await, 200);
        disk.empty();
        eventually("the server is ready", async || {
            (status(server, "/readyz").await == 200).then_some(())
        })
        .await;
        for _ in 0..50 {
            assert!(click().await);
        }
    }
    check(server, &answered, "a full disk").await;
}

async fn start(folder: TempDir, script: &str) -> Server {
    let url = Backend::Sqlite.new_database(folder.path());
    let settings = [("DEFAULT_HOST", DEFAULT_HOST)];
    Server::start_by(Some(script.into()), folder, url, &settings).await
}

#[tokio::test]
async fn clicks_are_stored_again_when_database_spool_and_log_have_room() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = Small::mount(folder.path()) else {
        return;
    };
    let mut server = start(folder, "exec \"$0\"").await;
    full_and_empty(&server, &disk).await;
    server.terminate().await;
}

#[tokio::test]
async fn what_can_not_be_stored_is_said_a_few_times() {
    let folder = tempfile::tempdir().unwrap();
    let Some(disk) = Small::mount(folder.path()) else {
        return;
    };
    let elsewhere = tempfile::tempdir().unwrap();
    let log = elsewhere.path().join("log");
    let server = start(folder, &format!("exec \"$0\" 2>>{}", log.display())).await;
    full_and_empty(&server, &disk).await;
    let text = eventually("what was left out is counted", async || {
        let text = fs::read_to_string(&log).unwrap();
        text.contains("were left out").then_some(text)
    })
    .await;
    assert!(
        text.contains("the spool can't be written, and the database is down"),
        "{text}"
    );
    assert!(text.lines().count() < 150, "{text}");
}
