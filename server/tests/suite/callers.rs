//! Calls by one access token or another, and what there is to call.

use std::time::Duration;

use reqwest::{RequestBuilder, Response};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt as _;
use tokio::net::TcpStream;

use crate::sender::eventually;
use crate::server::Server;

pub(crate) const CSP: &str = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
                   connect-src 'self'; form-action 'self'; frame-src 'self'; frame-ancestors 'none'; \
                   base-uri 'none'";

pub(crate) async fn add_domain(server: &Server, name: &str) {
    let request = server.api("POST", "/domains");
    let answer = send(request.json(&json!({ "domain": name }))).await;
    assert_eq!(answer.status(), 201);
}

/// Waits until the server has read a domain that was put into its tables.
pub(crate) async fn knows(server: &Server, domain: &str) {
    let path = format!("/domains/{domain}");
    eventually("the server knows the domain", async || {
        let answer = server.api("GET", &path).send().await;
        (answer.unwrap().status() == 200).then_some(())
    })
    .await;
}

/// What comes on a connection until the server closes it, which it must.
pub(crate) async fn read_until_closed(stream: &mut TcpStream) -> Vec<u8> {
    let mut answer = Vec::new();
    let end = stream.read_to_end(&mut answer);
    tokio::time::timeout(Duration::from_secs(20), end)
        .await
        .expect("the server closes the connection")
        .unwrap();
    answer
}

/// The id and the secret of a token for one domain.
pub(crate) async fn scoped_token(server: &Server, domain: &str) -> (String, String) {
    let body = json!({ "name": "sender", "domain": domain });
    let answer = send(server.api("POST", "/tokens").json(&body)).await;
    assert_eq!(answer.status(), 201);
    let made: Value = answer.json().await.unwrap();
    let text = |field: &str| made[field].as_str().unwrap().to_owned();
    (text("id"), text("token"))
}

pub(crate) fn bearer(server: &Server, token: &str, method: &str, path: &str) -> RequestBuilder {
    let url = server.url(&format!("/api/v1{path}"));
    server
        .client
        .request(method.parse().unwrap(), url)
        .bearer_auth(token)
}

pub(crate) async fn send(request: RequestBuilder) -> Response {
    request.send().await.unwrap()
}

pub(crate) async fn code(answer: Response) -> String {
    let body: Value = answer.json().await.unwrap();
    body["error"]["code"]
        .as_str()
        .unwrap_or_default()
        .to_owned()
}

/// Pages of a domain, and forms that change it with what they need.
pub(crate) const PAGES: [&str; 2] = ["settings", "remove"];

pub(crate) const FORMS: [(&str, &[(&str, &str)]); 5] = [
    ("settings", &[("ip_storage", "full")]),
    ("validate", &[]),
    ("check-cname", &[]),
    ("rotate-key", &[]),
    ("remove", &[("name", "example.org")]),
];

pub(crate) const CALLS: [(&str, &str); 6] = [
    ("GET", ""),
    ("PATCH", ""),
    ("DELETE", ""),
    ("POST", "/validate"),
    ("POST", "/check-cname"),
    ("POST", "/rotate-key"),
];
