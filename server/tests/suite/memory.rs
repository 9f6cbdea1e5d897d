//! Mail that is nothing but links, by the megabyte, whose answers nobody reads.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::callers::{bearer, code, scoped_token, send};
use crate::database::Backend;
use crate::sender::eventually;
use crate::server::Server;
use crate::tables::{DEFAULT_HOST, server_with};

const MEGABYTE: u64 = 1024 * 1024;
const LINK: &str = "<a href=\\\"http://a.example/\\\">x</a>";

async fn scene(settings: &[(&str, &str)]) -> (Server, String, String) {
    let mut all = vec![("DEFAULT_HOST", DEFAULT_HOST)];
    all.extend(settings);
    let domains = ["example.com", "other.example"];
    let (server, _) = server_with(&Backend::Sqlite, &all, &domains).await;
    let (_, token) = scoped_token(&server, "example.com").await;
    let (_, other) = scoped_token(&server, "other.example").await;
    (server, token, other)
}

pub(crate) fn body(bytes: usize) -> String {
    let links = LINK.repeat(bytes / LINK.len());
    format!("{{\"domain\": \"example.com\", \"message\": \"m\", \"html\": \"{links}\"}}")
}

async fn small_mail(server: &Server, token: &str, domain: &str) -> u16 {
    let mail =
        json!({ "domain": domain, "message": "m", "html": "<a href=\"http://a.example/\">x</a>" });
    let request = bearer(server, token, "POST", "/rewrite").json(&mail);
    send(request).await.status().as_u16()
}

fn head(token: &str, length: usize) -> String {
    let request = "POST /api/v1/rewrite HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer";
    format!("{request} {token}\r\nContent-Length: {length}\r\n\r\n")
}

/// Sends a mail, and never reads the answer.
pub(crate) async fn unread(port: u16, token: &str, body: &str) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.ok()?;
    let head = head(token, body.len());
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(body.as_bytes()).await.ok()?;
    Some(stream)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_mail_whose_answers_nobody_reads_takes_a_bounded_memory() {
    let (server, token, other) = scene(&[("STALL_SECONDS", "3")]).await;
    let start = server.resident_bytes();
    let sent = body(15_700_000);
    let port = server.port;
    let attack = tokio::spawn(async move {
        let mut held = Vec::new();
        // One after the other: of bodies that come at the same moment nearly all find no room.
        for _ in 0..16 {
            held.push(unread(port, &token, &sent).await);
        }
        held
    });
    let end = Instant::now() + Duration::from_secs(15);
    let mut most = 0;
    let mut asked = 0;
    while Instant::now() < end {
        for _ in 0..10 {
            most = most.max(server.resident_bytes());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let started = Instant::now();
        assert_eq!(small_mail(&server, &other, "other.example").await, 200);
        assert!(
            started.elapsed() < Duration::from_secs(5),
            "another sender waits"
        );
        asked += 1;
    }
    assert!(asked > 5);
    assert!(
        most > 200 * MEGABYTE,
        "only {} MB: no attack",
        most / MEGABYTE
    );
    assert!(most < 1024 * MEGABYTE, "{} MB", most / MEGABYTE);
    eventually("memory comes back", async || {
        tokio::time::sleep(Duration::from_millis(200)).await;
        (server.resident_bytes() < start + 200 * MEGABYTE).then_some(())
    })
    .await;
    drop(attack);
}

#[tokio::test]
async fn mail_that_finds_no_memory_is_told_to_come_again() {
    let (server, token, other) = scene(&[("MEMORY_MB", "100")]).await;
    let large = body(4_000_000);
    let (most, last) = large.split_at(large.len() - 1);
    eventually(
        "the slow one takes the memory and is answered",
        async || {
            let mut slow = TcpStream::connect(("127.0.0.1", server.port)).await.ok()?;
            let head = head(&token, large.len());
            slow.write_all(format!("{head}{most}").as_bytes())
                .await
                .ok()?;
            let request = bearer(&server, &token, "POST", "/rewrite").body(large.clone());
            let refused = send(request).await;
            if refused.status() == 200 {
                return None;
            }
            assert_eq!(refused.status(), 503);
            assert_eq!(refused.headers()["retry-after"], "2");
            assert_eq!(code(refused).await, "busy");
            assert_eq!(small_mail(&server, &token, "example.com").await, 200);
            assert_eq!(small_mail(&server, &other, "other.example").await, 200);
            slow.write_all(last.as_bytes()).await.ok()?;
            let mut status = [0; 12];
            slow.read_exact(&mut status).await.ok()?;
            // While both grow, neither may fit.
            (&status == b"HTTP/1.1 200").then_some(())
        },
    )
    .await;
}

#[tokio::test]
async fn mail_that_never_finds_memory_is_not_told_to_come_again() {
    let (server, token, _) = scene(&[("MEMORY_MB", "100")]).await;
    let request = bearer(&server, &token, "POST", "/rewrite").body(body(12_000_000));
    let answer = send(request).await;
    assert_eq!(answer.status(), 413);
    assert!(!answer.headers().contains_key("retry-after"));
    let answer: Value = answer.json().await.unwrap();
    let said = "body is too large for this server's MEMORY_MB, expected at most 5242880 bytes";
    assert_eq!(answer["error"]["message"], said);
}
