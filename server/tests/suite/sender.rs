//! A sending domain that is ready, and what a sender asks for.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::database::Backend;
use crate::server::Server;
use crate::tables::{DEFAULT_HOST, server_with};

pub(crate) const NEWSLETTER: &str = include_str!("../../../examples/newsletter.html");

/// A server with a default host and a validated `example.com`.
pub(crate) async fn ready(backend: &Backend) -> Server {
    let settings = [("DEFAULT_HOST", DEFAULT_HOST)];
    server_with(backend, &settings, &["example.com"]).await.0
}

/// Asks the API, and expects a status.
#[track_caller]
pub(crate) fn asked(
    server: &Server,
    method: &str,
    path: &str,
    body: &Value,
    expected: u16,
) -> impl Future<Output = Value> {
    let request = server.api(method, path).json(body);
    let start: String = body.to_string().chars().take(300).collect();
    let context = format!("{method} {path} {start}");
    async move {
        let response = request.send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        assert_eq!(
            status,
            StatusCode::from_u16(expected).unwrap(),
            "{context}: {text}"
        );
        serde_json::from_str(&text).unwrap()
    }
}

pub(crate) async fn rewrite(server: &Server, mail: &Value) -> Value {
    asked(server, "POST", "/rewrite", mail, 200).await
}

/// The lines of an answer in NDJSON.
pub(crate) async fn rendered(server: &Server, campaign: &str, order: &Value) -> Vec<Value> {
    let path = format!("/campaigns/{campaign}/render");
    let response = server.api("POST", &path).json(order).send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["content-type"], "application/x-ndjson");
    let text = response.text().await.unwrap();
    text.lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

pub(crate) async fn campaign(server: &Server, message: &str, html: &str) -> Value {
    let new = json!({ "domain": "example.com", "message": message, "html": html });
    asked(server, "POST", "/campaigns", &new, 201).await
}

/// Asks until the answer is there, or it takes too long.
pub(crate) async fn eventually<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(15);
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < deadline, "{what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
