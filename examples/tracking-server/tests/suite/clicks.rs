use reqwest::{Method, Response};

use crate::database::Backend;
use crate::links::{DEFAULT_HOST, Mail, Tables};
use crate::server::Server;

async fn start(backend: &Backend) -> Server {
    Server::start_with(backend, &[("DEFAULT_HOST", DEFAULT_HOST)]).await
}

#[track_caller]
fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers()[name].to_str().unwrap()
}

#[tokio::test]
async fn an_answered_click_is_a_stored_click() {
    for backend in Backend::all() {
        let server = start(&backend).await;
        let tables = Tables::of(&server).await;
        let domain = tables.add_domain("example.com").await;
        let mail = Mail::new(
            &domain,
            "rcpt-42",
            &["https://a.example/?x=1&y=2", "http://b.example/"],
        );
        let response = server
            .follow(Method::GET, &mail.clicks[0])
            .send()
            .await
            .unwrap();
        assert_eq!(response.status(), 302, "{backend:?}");
        assert_eq!(header(&response, "location"), "https://a.example/?x=1&y=2");
        assert_eq!(header(&response, "cache-control"), "no-store");
        assert_eq!(header(&response, "referrer-policy"), "no-referrer");
        assert_eq!(header(&response, "x-robots-tag"), "noindex");
        let [event] = tables.events().await.try_into().unwrap();
        assert_eq!(
            event.destination.as_deref(),
            Some("https://a.example/?x=1&y=2")
        );
    }
}
