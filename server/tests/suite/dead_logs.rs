//! A log that can't be written costs log lines, and nothing else.

use std::fs::{File, OpenOptions};
use std::path::Path;
use std::process::Command;

use reqwest::Method;
use sqlx::Connection as _;

use crate::database::Backend;
use crate::links::Mail;
use crate::loss::{check, lock};
use crate::sender::eventually;
use crate::server::Server;
use crate::tables::{DEFAULT_HOST, Tables};

const SETTINGS: [(&str, &str); 2] = [("DEFAULT_HOST", DEFAULT_HOST), ("RUST_LOG", "debug")];

async fn start(script: String, folder: tempfile::TempDir) -> Server {
    let url = Backend::Sqlite.new_database(folder.path());
    Server::start_by(Some(script), folder, url, &SETTINGS).await
}

/// Clicks before, while and after the database is locked; each of them is stored once.
async fn clicks_are_stored(server: &Server, context: &str) {
    let domain = Tables::of(server).await.add_domain("example.com").await;
    let mut answered = Vec::new();
    let mut click = async |recipient: String| {
        let mail = Mail::new(&domain, &recipient, &["https://example.com/"]);
        let click = server.follow(Method::GET, &mail.clicks[0]).send();
        assert_eq!(click.await.unwrap().status(), 302, "{context}: {recipient}");
        answered.push(recipient);
    };
    click("before".into()).await;
    let lock = lock(server).await;
    for number in 0..20 {
        click(format!("while-{number}")).await;
    }
    lock.close().await.unwrap();
    for number in 0..20 {
        click(format!("after-{number}")).await;
    }
    check(server, &answered, context).await;
    assert_eq!(server.get("/healthz").await.status(), 200);
}

#[tokio::test]
async fn clicks_are_stored_while_the_log_has_no_room() {
    let folder = tempfile::tempdir().unwrap();
    let mut server = start("exec \"$0\" 2>/dev/full".into(), folder).await;
    clicks_are_stored(&server, "a full disk").await;
    server.terminate().await;
}

/// Somebody who holds the other end of a pipe.
fn reader(pipe: &Path) -> File {
    let made = Command::new("mkfifo").arg(pipe).status().unwrap();
    assert!(made.success());
    // Opening for reading alone would wait for the server.
    OpenOptions::new()
        .read(true)
        .write(true)
        .open(pipe)
        .unwrap()
}

#[tokio::test]
async fn clicks_are_stored_while_nobody_reads_the_log() {
    let folder = tempfile::tempdir().unwrap();
    let reader = reader(&folder.path().join("pipe"));
    let mut server = start("exec \"$0\" 2>pipe".into(), folder).await;
    // A pipe takes 64 KB.
    for _ in 0..1000 {
        server.get("/sign-in").await;
    }
    clicks_are_stored(&server, "a reader that sleeps").await;
    drop(reader);
    server.terminate().await;
}

#[tokio::test]
async fn clicks_are_stored_when_the_reader_of_the_log_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let reader = reader(&folder.path().join("pipe"));
    let mut server = start("exec \"$0\" 2>pipe".into(), folder).await;
    drop(reader);
    clicks_are_stored(&server, "a reader that is gone").await;
    server.terminate().await;
}

#[tokio::test]
async fn a_server_starts_and_ends_without_standard_output() {
    let folder = tempfile::tempdir().unwrap();
    // So that there is a token to print.
    let script = "unset ADMIN_TOKEN; exec \"$0\" >/dev/full";
    let mut server = start(script.into(), folder).await;
    let said = async || {
        let log = server.log();
        log.contains("standard output can't be written; if an admin token was made")
            .then_some(())
    };
    eventually("the log says that the token was not printed", said).await;
    clicks_are_stored(&server, "no standard output").await;
    server.terminate().await;
}

#[tokio::test]
async fn lines_of_a_file_have_no_colours_and_are_events() {
    let server = Server::start_with(&Backend::Sqlite, &SETTINGS).await;
    clicks_are_stored(&server, "a file").await;
    let log = eventually("the log says it", async || {
        let log = server.log();
        log.contains("the database is down").then_some(log)
    })
    .await;
    assert!(!log.contains('\u{1b}'), "{log}");
    // The last line may be on its way.
    let (whole, _) = log.rsplit_once('\n').unwrap();
    for line in whole.lines() {
        assert!(
            line.starts_with("20") && line.contains('Z'),
            "no time: {line}"
        );
    }
}
