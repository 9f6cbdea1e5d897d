//! Sending domains set up straight in the tables, and links minted by the library: for tests of what
//! happens after mail went out.

use std::time::{SystemTime, UNIX_EPOCH};

use linkseal::{DomainConfig, KeyId, Message, SigningKey, TrackingHost, rewrite};
use reqwest::{Method, RequestBuilder, Response};
use sqlx::{PgPool, SqlitePool};

use crate::database::Backend;
use crate::server::Server;

/// What `DEFAULT_HOST` should be set to where a test mints links.
pub(crate) const DEFAULT_HOST: &str = "track.service.example";
const SECRET: [u8; 32] = [7; 32];

/// The server's tables, beside the server.
pub(crate) enum Tables {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// Runs a query on either database.
macro_rules! on {
    ($tables:expr, $pool:ident => $run:expr) => {
        match $tables {
            $crate::links::Tables::Sqlite($pool) => $run.await.unwrap(),
            $crate::links::Tables::Postgres($pool) => $run.await.unwrap(),
        }
    };
}

impl Tables {
    pub(crate) async fn of(server: &Server) -> Self {
        let url = &server.database_url;
        if url.starts_with("postgres") {
            Self::Postgres(PgPool::connect(url).await.unwrap())
        } else {
            Self::Sqlite(SqlitePool::connect(url).await.unwrap())
        }
    }

    /// Adds a validated domain with one key, and returns what the server will make of them. The server
    /// learns of it at the first token of that key.
    pub(crate) async fn add_domain(&self, name: &str) -> DomainConfig {
        on!(self, pool => async {
            sqlx::query(
                "INSERT INTO domains (name, status, verification, click_tracking, open_tracking, created_at) \
                 VALUES ($1, 'validated', 'v', TRUE, TRUE, 1)",
            )
            .bind(name)
            .execute(pool)
            .await
            .map(drop)
        });
        let key = self.add_key(name, SECRET).await;
        let host = TrackingHost::shared(DEFAULT_HOST).unwrap();
        DomainConfig::new(name, host, key).unwrap()
    }

    pub(crate) async fn add_key(&self, domain: &str, secret: [u8; 32]) -> SigningKey {
        let id: i64 = on!(self, pool => sqlx::query_scalar(
            "INSERT INTO signing_keys (domain, secret, created_at) VALUES ($1, $2, 1) RETURNING id",
        )
        .bind(domain)
        .bind(secret.as_slice())
        .fetch_one(pool));
        SigningKey::new(KeyId(id.try_into().unwrap()), &secret).unwrap()
    }

    pub(crate) async fn execute(&self, statement: &'static str) {
        on!(self, pool => async { sqlx::query(statement).execute(pool).await.map(drop) });
    }

    /// The log, in order.
    pub(crate) async fn events(&self) -> Vec<Logged> {
        on!(self, pool => sqlx::query_as("SELECT * FROM events ORDER BY seq").fetch_all(pool))
    }
}

/// An event as it is stored.
#[derive(Debug, sqlx::FromRow)]
pub(crate) struct Logged {
    pub(crate) kind: String,
    pub(crate) domain: String,
    pub(crate) message: String,
    pub(crate) recipient: String,
    pub(crate) position: Option<i64>,
    pub(crate) name: Option<String>,
    pub(crate) destination: Option<String>,
    pub(crate) placement: Option<String>,
    pub(crate) at: i64,
    pub(crate) sent_at_s: Option<i64>,
    pub(crate) method: String,
    pub(crate) ip: Option<String>,
    pub(crate) user_agent: Option<String>,
    pub(crate) referer: Option<String>,
    pub(crate) accept_language: Option<String>,
    pub(crate) machine: String,
    pub(crate) reasons: String,
}

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
