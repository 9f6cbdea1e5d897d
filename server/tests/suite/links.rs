//! Links minted by the library: for tests of what happens after mail went out.

use std::time::{SystemTime, UNIX_EPOCH};

use linkseal::{DomainConfig, Message, rewrite};
use reqwest::{Method, RequestBuilder, Response};

use crate::database::Backend;
use crate::server::Server;
use crate::tables::{DEFAULT_HOST, Tables};

/// The links and the open pixel of one mail.
pub(crate) struct Mail {
    /// Paths such as `/c/…`, in order.
    pub(crate) clicks: Vec<String>,
    pub(crate) open: String,
}

impl Mail {
    /// To one recipient, with a link to each destination, sent an hour ago.
    pub(crate) fn new(domain: &DomainConfig, recipient: &str, destinations: &[&str]) -> Self {
        let message = Message::new("newsletter-7")
            .and_then(|message| message.with_recipient(recipient))
            .and_then(|message| message.with_sent_at(now_s() - 3600))
            .unwrap();
        Self::of(domain, message, destinations)
    }

    pub(crate) fn of(domain: &DomainConfig, message: Message, destinations: &[&str]) -> Self {
        let anchors: String = destinations
            .iter()
            .map(|to| format!("<a data-track-name=\"to {to}\" href=\"{to}\">x</a>\n"))
            .collect();
        let html = rewrite(&anchors, &domain.for_message(message));
        let mut paths: Vec<_> = html
            .split('"')
            .filter(|value| value.contains("/c/") || value.contains("/o/"))
            .map(|url| {
                let (_, path) = url.split_once("://").unwrap().1.split_once('/').unwrap();
                format!("/{path}")
            })
            .collect();
        let open = paths.pop().unwrap();
        assert_eq!(paths.len(), destinations.len(), "{html}");
        Self {
            clicks: paths,
            open,
        }
    }
}

/// A server with one domain, `example.com`, and a mail of two links to one recipient.
pub(crate) struct Scene {
    pub(crate) server: Server,
    pub(crate) tables: Tables,
    pub(crate) domain: DomainConfig,
    pub(crate) mail: Mail,
}

impl Scene {
    pub(crate) const DESTINATIONS: [&str; 2] =
        ["https://shop.example/?a=1&b=2", "http://b.example/"];

    pub(crate) async fn new(backend: &Backend, settings: &[(&str, &str)]) -> Self {
        let mut all = vec![("DEFAULT_HOST", DEFAULT_HOST)];
        all.extend(settings);
        let server = Server::start_with(backend, &all).await;
        let tables = Tables::of(&server).await;
        let domain = tables.add_domain("example.com").await;
        let mail = Mail::new(&domain, "rcpt-42", &Self::DESTINATIONS);
        Self {
            server,
            tables,
            domain,
            mail,
        }
    }

    pub(crate) async fn click(&self) -> Response {
        let path = &self.mail.clicks[0];
        self.server.follow(Method::GET, path).send().await.unwrap()
    }
}

impl Server {
    /// A request as of somebody who came by a link.
    pub(crate) fn follow(&self, method: Method, path: &str) -> RequestBuilder {
        self.client
            .request(method, self.url(path))
            .header("Host", DEFAULT_HOST)
    }
}

#[track_caller]
pub(crate) fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers()[name].to_str().unwrap()
}

pub(crate) fn now_s() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap()
        .as_secs()
}
