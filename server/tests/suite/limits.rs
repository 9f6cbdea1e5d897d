//! How often, how much and how many at the same time.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;

use crate::callers::{CSP, add_domain, bearer, code, read_until_closed, scoped_token, send};
use crate::database::Backend;
use crate::server::{ADMIN_TOKEN, Server};
use crate::visitor::Visitor;

#[tokio::test]
async fn guessing_is_slowed_down_and_genuine_tokens_go_on() {
    for backend in Backend::all() {
        let server = Server::start(&backend).await;
        let attempt = || {
            let request = server.client.post(server.url("/sign-in"));
            send(request.form(&[("token", "a guess")]))
        };
        for _ in 0..10 {
            assert_eq!(attempt().await.status(), 401);
        }
        let refused = attempt().await;
        assert_eq!(refused.status(), 429);
        let seconds = refused.headers()["retry-after"].to_str().unwrap();
        assert!((1..=6).contains(&seconds.parse::<u32>().unwrap()));
        let page = refused.text().await.unwrap();
        assert!(page.contains("too many requests"), "{page}");
        let guess = || send(bearer(&server, "a guess", "GET", "/domains"));
        for _ in 0..10 {
            assert_eq!(guess().await.status(), 401);
        }
        let refused = guess().await;
        assert_eq!(refused.status(), 429);
        assert!(refused.headers().contains_key("retry-after"));
        assert_eq!(code(refused).await, "too_many");
        assert_eq!(send(server.api("GET", "/domains")).await.status(), 200);
    }
}

#[tokio::test]
async fn genuine_token_signs_in_whoever_guesses_behind_the_same_address() {
    for backend in Backend::all() {
        let server = Server::start(&backend).await;
        add_domain(&server, "example.com").await;
        let (_, token) = scoped_token(&server, "example.com").await;
        let mut waiting = Vec::new();
        for _ in 0..70 {
            let head = "POST /sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\
                        Content-Type: application/x-www-form-urlencoded\r\n\r\n";
            waiting.push(connection(&server, head).await);
        }
        let guesses: Vec<_> = (0..70)
            .map(|guess| {
                let request = server.client.post(server.url("/sign-in"));
                let request = request.form(&[("token", format!("guess {guess}"))]);
                tokio::spawn(async move { request.send().await.unwrap().status().as_u16() })
            })
            .collect();
        let mut refused = 0;
        for guess in guesses {
            match guess.await.unwrap() {
                429 => refused += 1,
                status => assert_eq!(status, 401),
            }
        }
        assert!(refused >= 50, "{backend:?}: {refused}");
        let attempt = |token: &str| {
            let request = server.client.post(server.url("/sign-in"));
            send(request.form(&[("token", token)]))
        };
        let started = std::time::Instant::now();
        assert_eq!(attempt("another guess").await.status(), 429);
        assert!(started.elapsed() >= Duration::from_secs(1), "slowed down");
        for genuine in [ADMIN_TOKEN, &token] {
            let answer = attempt(genuine).await;
            assert_eq!(answer.status(), 303, "{backend:?}");
            assert_eq!(answer.headers()["location"], "/domains");
        }
    }
}

#[tokio::test]
async fn each_access_token_has_its_own_rate() {
    for backend in Backend::all() {
        let server = Server::start_with(&backend, &[("API_RATE", "3")]).await;
        add_domain(&server, "example.com").await;
        let (_, token) = scoped_token(&server, "example.com").await;
        let mut statuses = BTreeSet::new();
        for _ in 0..40 {
            let answer = send(server.api("GET", "/domains")).await;
            if answer.status() == 429 {
                assert_eq!(answer.headers()["retry-after"], "1");
            }
            statuses.insert(answer.status().as_u16());
        }
        assert_eq!(statuses, BTreeSet::from([200, 429]));
        let other = send(bearer(&server, &token, "GET", "/domains")).await;
        assert_eq!(other.status(), 200);
    }
}

#[tokio::test]
async fn bodies_over_the_limit_are_refused() {
    for backend in Backend::all() {
        let server = Server::start(&backend).await;
        let visitor = Visitor::sign_in(&server, ADMIN_TOKEN).await;
        let long = "x".repeat(64 * 1024 + 1);
        let answer = visitor.post("/domains", &[("domain", &long)]).await;
        assert_eq!(answer.status(), 413);
        let sign_in = server.client.post(server.url("/sign-in"));
        let answer = send(sign_in.form(&[("token", &long)])).await;
        assert_eq!(answer.status(), 413);
        for bytes in [64 * 1024, 16 * 1024 * 1024] {
            let wide = json!({ "domain": "x".repeat(bytes) });
            let answer = send(server.api("POST", "/domains").json(&wide)).await;
            assert_eq!(answer.status(), 413);
            let answer: Value = answer.json().await.unwrap();
            assert_eq!(answer["error"]["code"], "too_large");
            let said = "body is too large, expected at most 65536 bytes";
            assert_eq!(answer["error"]["message"], said);
        }
    }
}

async fn connection(server: &Server, head: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", server.port))
        .await
        .unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn connection_that_never_says_what_it_wants_is_closed() {
    for backend in Backend::all() {
        let server = Server::start(&backend).await;
        let mut stream = connection(&server, "GET /sign-in HTTP/1.1\r\nHost: x\r\n").await;
        let answer = read_until_closed(&mut stream).await;
        assert!(!answer.starts_with(b"HTTP/1.1 200"));
    }
}

#[tokio::test]
async fn more_requests_than_the_server_takes_on_are_refused_at_once() {
    for backend in Backend::all() {
        let server = Server::start(&backend).await;
        let head = format!(
            "POST /api/v1/domains HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ADMIN_TOKEN}\r\n\
             Content-Type: application/json\r\nContent-Length: 2\r\n\r\n"
        );
        let mut waiting = Vec::new();
        let deadline = std::time::Instant::now() + Duration::from_secs(20);
        let refused = loop {
            let answer = server.get("/sign-in").await;
            if answer.status() == 503 {
                break answer;
            }
            assert!(std::time::Instant::now() < deadline, "nothing is refused");
            assert!(waiting.len() <= 1000, "nothing is refused");
            for _ in 0..64 {
                waiting.push(connection(&server, &head).await);
            }
        };
        assert_eq!(refused.headers()["retry-after"], "1");
        assert_eq!(refused.headers()["content-security-policy"], CSP);
        drop(waiting);
        while server.get("/sign-in").await.status() != 200 {
            assert!(std::time::Instant::now() < deadline, "no place gets free");
        }
    }
}
