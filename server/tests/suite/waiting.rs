//! A server that starts while its database is not there.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
use reqwest::{Method, Response};
use serde_json::json;
use sqlx::Connection as _;

use crate::database::{Backend, Postgres};
use crate::encrypted_keys::refused;
use crate::health::until_said;
use crate::links::{Mail, header};
use crate::loss::{check, lock};
use crate::sender::asked;
use crate::server::Server;
use crate::tables::{DEFAULT_HOST, Tables};

const HOST: (&str, &str) = ("DEFAULT_HOST", DEFAULT_HOST);
const KEY: (&str, &str) = (
    "KEY_ENCRYPTION_KEY",
    "0101010101010101010101010101010101010101010101010101010101010101",
);

async fn click(server: &Server, domain: &DomainConfig, recipient: &str) -> Response {
    let mail = Mail::new(domain, recipient, &["https://example.com/"]);
    let click = server.follow(Method::GET, &mail.clicks[0]).send();
    click.await.unwrap()
}

/// What anybody gets for a link, since it may be a genuine one.
async fn asks_to_wait(server: &Server, domain: &DomainConfig) {
    let answer = click(server, domain, "early").await;
    assert_eq!(answer.status(), 503);
    assert_eq!(header(&answer, "retry-after"), "60");
    let page = answer.text().await.unwrap();
    assert!(page.contains("Please try again in a minute"), "{page}");
}

#[tokio::test]
async fn a_server_waits_for_postgres_and_serves_as_soon_as_it_is_there() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let url = postgres.new_database();
    postgres.stop("fast");
    let folder = tempfile::tempdir().unwrap();
    let mut server = Server::start_on(folder, url, &[HOST]).await;
    until_said(&server, 503, "not ready").await;
    until_said(&server, 503, "domains: not read yet").await;
    assert_eq!(server.get("/healthz").await.status(), 200);
    assert!(
        server.log().contains("the server waits for it"),
        "{}",
        server.log()
    );
    let refused = server.api("GET", "/domains").send().await.unwrap();
    assert_eq!(refused.status(), 503);
    postgres.start_again();
    until_said(&server, 200, "ready").await;
    // Tables were made meanwhile.
    let new = json!({ "domain": "new.example" });
    asked(&server, "POST", "/domains", &new, 201).await;
    let domain = Tables::of(&server).await.add_domain("example.com").await;
    assert_eq!(click(&server, &domain, "first").await.status(), 302);
    server.terminate().await;
    postgres.stop("fast");
    server.start_again().await;
    asks_to_wait(&server, &domain).await;
    postgres.start_again();
    until_said(&server, 200, "ready").await;
    assert_eq!(click(&server, &domain, "second").await.status(), 302);
    check(&server, &["first".into(), "second".into()], "PostgreSQL").await;
    server.terminate().await;
}

#[tokio::test]
async fn a_server_waits_while_sqlite_is_locked() {
    let mut server = Server::start_with(&Backend::Sqlite, &[HOST]).await;
    let domain = Tables::of(&server).await.add_domain("example.com").await;
    server.terminate().await;
    let lock = lock(&server).await;
    server.start_again().await;
    until_said(&server, 503, "not ready").await;
    asks_to_wait(&server, &domain).await;
    lock.close().await.unwrap();
    until_said(&server, 200, "ready").await;
    assert_eq!(click(&server, &domain, "late").await.status(), 302);
    check(&server, &["late".into()], "SQLite").await;
}

#[tokio::test]
async fn clicks_are_answered_by_the_cache_and_stored_when_the_database_is_there() {
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let postgres = Arc::new(postgres);
    let settings = [HOST, KEY, ("KEYS_CACHE", "keys")];
    let backend = Backend::Postgres(Arc::clone(&postgres));
    let mut server = Server::start_with(&backend, &settings).await;
    let domain = Tables::of(&server).await.add_domain("example.com").await;
    server.terminate().await;
    server.start_again().await;
    let file = server.folder.path().join("keys");
    let kept = fs::read(&file).unwrap();
    let has = |bytes: &[u8]| kept.windows(bytes.len()).any(|window| window == bytes);
    assert!(!has(&[7; 32]) && !has(b"example.com"), "it is encrypted");
    let mut answered = Vec::new();
    for outage in 0..3 {
        server.kill().await;
        postgres.stop("fast");
        server.start_again().await;
        until_said(&server, 200, "ready").await;
        until_said(&server, 200, "database: down").await;
        for number in 0..20 {
            let recipient = format!("{outage}-{number}");
            assert_eq!(click(&server, &domain, &recipient).await.status(), 302);
            answered.push(recipient);
        }
        asks_to_wait(&server, &unknown()).await;
        if outage == 1 {
            // What was spooled is left to the next process.
            server.kill().await;
            server.start_again().await;
        }
        postgres.start_again();
        until_said(&server, 200, "database: up").await;
        let recipient = format!("{outage}-after");
        assert_eq!(click(&server, &domain, &recipient).await.status(), 302);
        answered.push(recipient);
    }
    check(&server, &answered, "a cache").await;
    server.terminate().await;
    postgres.stop("fast");
    let mut changed = fs::read(&file).unwrap();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&file, changed).unwrap();
    server.start_again().await;
    until_said(&server, 503, "not ready").await;
    let said = "KEYS_CACHE can't be used error=it was changed";
    assert!(server.log().contains(said), "{}", server.log());
}

/// A domain whose key the server has not seen.
fn unknown() -> DomainConfig {
    let host = TrackingHost::shared(DEFAULT_HOST).unwrap();
    let key = SigningKey::new(KeyId(77), &[7; 32]).unwrap();
    DomainConfig::new("example.com".parse().unwrap(), host, key).unwrap()
}

#[tokio::test]
async fn what_waiting_does_not_mend_ends_the_server() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("text"),
        "no database, but some text\n".repeat(100),
    )
    .unwrap();
    let no_key = [("KEYS_CACHE", "keys")];
    for (url, settings, expected) in [
        ("sqlite:text", [].as_slice(), "file is not a database"),
        (
            "sqlite:",
            &[],
            "the database's URL names no file, expected sqlite:FILE",
        ),
        (
            "sqlite:nowhere/x.sqlite",
            &[],
            "the database's folder `nowhere` is not there",
        ),
        (
            "sqlite:x.sqlite",
            &no_key,
            "KEYS_CACHE is set, expected KEY_ENCRYPTION_KEY or KEY_ENCRYPTION_KEY_FILE",
        ),
    ] {
        let said = refused(&folder, url, settings).await;
        assert!(said.contains(expected), "{url}: {said}");
    }
    let Some(postgres) = Postgres::start() else {
        return;
    };
    let url = format!("{}_is_not_there", postgres.new_database());
    let said = refused(&folder, &url, &[]).await;
    assert!(said.contains("_is_not_there\" does not exist"), "{said}");
    // Also when that is found out later.
    postgres.stop("fast");
    let later = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        postgres.start_again();
    };
    let (said, ()) = tokio::join!(refused(&folder, &url, &[]), later);
    assert!(said.contains("the server waits for it"), "{said}");
    assert!(said.contains("_is_not_there\" does not exist"), "{said}");
}
