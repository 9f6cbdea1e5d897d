//! What somebody tries who means harm: strangers, one customer against another, neighbours on the machine.

use std::os::unix::fs::PermissionsExt as _;
use std::time::{Duration, Instant};

use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::database::Backend;
use crate::server::Server;
use crate::stored::Stored;
use crate::tables::Tables;

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

async fn add_domain(server: &Server, name: &str) {
    let request = server.api("POST", "/domains");
    assert_eq!(status(request.json(&json!({ "domain": name }))).await, 201);
}

fn new_token(server: &Server, domain: &str) -> RequestBuilder {
    let body = json!({ "name": "sender", "domain": domain });
    server.api("POST", "/tokens").json(&body)
}

async fn scoped_token(server: &Server, domain: &str) -> String {
    let made: Value = new_token(server, domain)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    made["token"].as_str().unwrap().to_owned()
}

async fn get(server: &Server, token: &str, path: &str) -> Response {
    let url = server.url(&format!("/api/v1{path}"));
    let request = server.client.get(url).bearer_auth(token);
    request.send().await.unwrap()
}

/// Connections that begin a request, and never end it.
async fn unfinished(server: &Server, heads: impl Iterator<Item = String>) -> Vec<TcpStream> {
    let mut waiting = Vec::new();
    for head in heads {
        let mut stream = TcpStream::connect(("127.0.0.1", server.port))
            .await
            .unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        waiting.push(stream);
    }
    waiting
}

#[tokio::test]
async fn database_file_is_for_its_owner_only() {
    let server = Server::start(&Backend::Sqlite).await;
    for end in ["", "-wal", "-shm"] {
        let path = server.folder.path().join(format!("tracking.sqlite{end}"));
        let mode = std::fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "tracking.sqlite{end}: {mode:o}");
    }
}

#[tokio::test]
async fn database_url_of_another_kind_is_refused_without_being_repeated() {
    let folder = tempfile::tempdir().unwrap();
    for url in ["bob:s3cret@db.example", "mysql://bob:s3cret@db.example/x"] {
        let output = Command::new(env!("CARGO_BIN_EXE_tracking-server"))
            .env_clear()
            .env("DATABASE_URL", url)
            .env("LISTEN", "127.0.0.1:0")
            .current_dir(folder.path())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(Duration::from_secs(10), output)
            .await
            .expect("the program ends")
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{url}");
        assert!(said.contains("sqlite:FILE or postgres://"), "{said}");
        assert!(!said.contains("s3cret"), "{said}");
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test]
async fn token_that_outlived_its_domain_stays_dead_when_that_comes_back() {
    for backend in Backend::all() {
        let server = Server::start(&backend).await;
        add_domain(&server, "example.com").await;
        let removed = status(server.api("DELETE", "/domains/example.com")).await;
        assert_eq!(removed, 204);
        let tables = Tables::of(&server).await;
        tables
            .add_token("made by another server", "example.com")
            .await;
        add_domain(&server, "example.com").await;
        let answer = get(&server, "made by another server", "/domains").await;
        assert_eq!(answer.status(), 401, "{backend:?}");
    }
}

#[tokio::test]
async fn no_token_is_made_for_a_domain_that_another_server_removed() {
    for backend in Backend::all() {
        let one = Server::start(&backend).await;
        add_domain(&one, "example.com").await;
        let folder = tempfile::tempdir().unwrap();
        let other = Server::start_on(folder, one.database_url.clone(), &[]).await;
        let removed = status(one.api("DELETE", "/domains/example.com")).await;
        assert_eq!(removed, 204);
        let made = status(new_token(&other, "example.com")).await;
        assert_eq!(made, 404, "{backend:?}");
    }
}

#[tokio::test]
async fn text_that_no_database_takes_is_the_askers_fault() {
    for backend in Backend::all() {
        let stored = Stored::start(&backend).await;
        for path in ["events?message=%00", "timeline?recipient=%00"] {
            let request = stored
                .server
                .api("GET", &format!("/domains/example.com/{path}"));
            assert!(
                [200, 422].contains(&status(request).await),
                "{backend:?} {path}"
            );
        }
        let revoked = status(stored.server.api("DELETE", "/tokens/%00")).await;
        assert!([404, 422].contains(&revoked), "{backend:?}: {revoked}");
    }
}

#[tokio::test]
async fn one_domain_cannot_fill_the_memory_with_keys() {
    for backend in Backend::all() {
        let server = Server::start(&backend).await;
        add_domain(&server, "example.com").await;
        add_domain(&server, "example.net").await;
        let rotate =
            |name: &str| status(server.api("POST", &format!("/domains/{name}/rotate-key")));
        let mut made = 0;
        while rotate("example.com").await == 200 {
            made += 1;
            assert!(made < 200, "{backend:?}: no end of keys");
        }
        assert!(made >= 10, "{backend:?}: only {made} keys");
        assert_eq!(rotate("example.com").await, 429);
        assert_eq!(rotate("example.net").await, 200);
    }
}

#[tokio::test]
async fn strangers_who_send_slowly_keep_nobody_from_the_api() {
    for backend in Backend::all() {
        let server = Server::start_with(&backend, &[("TRUSTED_PROXIES", "127.0.0.1")]).await;
        let heads = (0..400).map(|number| {
            format!(
                "POST /sign-in HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: 2001:db8:0:{number:x}::1\r\n\
                 Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 9\r\n\r\n"
            )
        });
        let waiting = unfinished(&server, heads).await;
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert_eq!(status(server.api("GET", "/domains")).await, 200);
        drop(waiting);
    }
}

#[tokio::test]
async fn one_domain_does_not_take_the_places_of_all() {
    for backend in Backend::all() {
        let server = Server::start(&backend).await;
        add_domain(&server, "example.com").await;
        add_domain(&server, "example.net").await;
        let token = scoped_token(&server, "example.com").await;
        let neighbour = scoped_token(&server, "example.net").await;
        let heads = (0..400).map(|_| {
            format!(
                "POST /api/v1/rewrite HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
                 Content-Length: 9\r\n\r\n"
            )
        });
        let waiting = unfinished(&server, heads).await;
        let deadline = Instant::now() + Duration::from_secs(10);
        while get(&server, &token, "/domains").await.status() != 429 {
            assert!(Instant::now() < deadline, "{backend:?}: nothing is refused");
        }
        assert_eq!(get(&server, &neighbour, "/domains").await.status(), 200);
        drop(waiting);
        while get(&server, &token, "/domains").await.status() != 200 {
            assert!(Instant::now() < deadline, "{backend:?}: no place gets free");
        }
    }
}

#[tokio::test]
async fn open_streams_of_one_domain_are_bounded() {
    for backend in Backend::all() {
        let stored = Stored::start(&backend).await;
        let watcher = stored.confined("watcher", "example.com").await;
        let path = "/domains/example.com/live/events";
        let mut open = Vec::new();
        let refused = loop {
            let answer = watcher.get(path).await;
            if answer.status() != 200 {
                break answer;
            }
            open.push(answer);
            assert!(open.len() < 300, "{backend:?}: no end of streams");
        };
        assert_eq!(refused.status(), 429);
        drop(open);
        let deadline = Instant::now() + Duration::from_secs(10);
        while watcher.get(path).await.status() != 200 {
            assert!(Instant::now() < deadline, "{backend:?}: no place gets free");
        }
    }
}

#[tokio::test]
async fn nobody_takes_the_host_of_the_pages_for_tracking() {
    for backend in Backend::all() {
        let settings = [("PAGES_HOST", "Pages.service.example:8443")];
        let mut server = Server::start_with(&backend, &settings).await;
        add_domain(&server, "service.example").await;
        let change = |host: &str| {
            let request = server.api("PATCH", "/domains/service.example");
            status(request.json(&json!({ "tracking_host": host })))
        };
        assert_eq!(change("pages.service.example").await, 422);
        assert_eq!(change("pages.service.example:1/prefix").await, 422);
        assert_eq!(change("link.service.example").await, 200);
        // Taken before the setting was made.
        let tables = Tables::of(&server).await;
        tables
            .execute(
                "UPDATE domains SET status = 'validated', tracking_host = 'pages.service.example'",
            )
            .await;
        server.terminate().await;
        server.start_again().await;
        let request = server.client.get(server.url("/sign-in"));
        let page = status(request.header("host", "pages.service.example")).await;
        assert_eq!(page, 200, "{backend:?}");
    }
}
