//! A sending domain that is ready, and the tables behind the server.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde_json::{Value, json};
use sqlx::{PgPool, SqlitePool};

use crate::database::Backend;
use crate::server::Server;

/// Links of a server without a tracking host of the domain's own start with this.
pub(crate) const DEFAULT_HOST: &str = "track.service.example";
pub(crate) const NEWSLETTER: &str = include_str!("../../../newsletter.html");

/// A server with a default host and a validated `example.com`.
pub(crate) async fn ready(backend: &Backend) -> Server {
    let mut server = Server::start_with(backend, &[("DEFAULT_HOST", DEFAULT_HOST)]).await;
    let tables = Tables::of(&server).await;
    tables.add_domain("example.com", "validated").await;
    server.terminate().await;
    server.start_again().await;
    server
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

pub(crate) enum Tables {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

macro_rules! on {
    ($tables:expr, $pool:ident => $run:expr) => {
        match $tables {
            Tables::Sqlite($pool) => $run.await.unwrap(),
            Tables::Postgres($pool) => $run.await.unwrap(),
        }
    };
}

macro_rules! execute {
    ($tables:expr, $query:expr) => {
        match $tables {
            Tables::Sqlite(pool) => drop($query.execute(pool).await.unwrap()),
            Tables::Postgres(pool) => drop($query.execute(pool).await.unwrap()),
        }
    };
}

impl Tables {
    pub(crate) async fn of(server: &Server) -> Self {
        Self::at(&server.database_url).await
    }

    pub(crate) async fn at(url: &str) -> Self {
        if url.starts_with("sqlite:") {
            Self::Sqlite(SqlitePool::connect(url).await.unwrap())
        } else {
            Self::Postgres(PgPool::connect(url).await.unwrap())
        }
    }

    pub(crate) async fn add_domain(&self, name: &str, status: &str) {
        execute!(self, sqlx::query(
            "INSERT INTO domains (name, status, verification, click_tracking, open_tracking, created_at) \
             VALUES ($1, $2, 'test', TRUE, TRUE, 1)",
        ).bind(name).bind(status));
        self.add_key(name).await;
    }

    pub(crate) async fn add_key(&self, domain: &str) {
        let secret: Vec<u8> = domain.bytes().cycle().take(32).collect();
        execute!(self, sqlx::query(
            "INSERT INTO signing_keys (domain, secret, created_at) VALUES ($1, $2, 1)",
        ).bind(domain).bind(secret));
    }

    pub(crate) async fn keep_mail(&self, domain: &str) {
        execute!(
            self,
            sqlx::query("UPDATE domains SET keep_mail = TRUE WHERE name = $1").bind(domain)
        );
    }

    pub(crate) async fn remove_domain(&self, domain: &str) {
        execute!(
            self,
            sqlx::query("UPDATE domains SET removed_at = 2 WHERE name = $1").bind(domain)
        );
    }

    /// Gives out a token for one domain.
    pub(crate) async fn add_token(&self, secret: &str, domain: &str) {
        use sha2::Digest as _;
        let hash = sha2::Sha256::digest(secret.as_bytes()).to_vec();
        execute!(self, sqlx::query(
            "INSERT INTO access_tokens (id, hash, name, domain, created_at) VALUES ($1, $2, 'scoped', $3, 1)",
        ).bind(secret).bind(hash).bind(domain));
    }

    /// The messages that there are rows for, with their mail.
    pub(crate) async fn messages(&self) -> Vec<(String, Option<String>)> {
        on!(self, pool => sqlx::query_as("SELECT message, html FROM messages ORDER BY message").fetch_all(pool))
    }

    pub(crate) async fn rewritten(&self, message: &str) -> i64 {
        on!(self, pool => sqlx::query_scalar(
            "SELECT CAST(COALESCE(SUM(mails), 0) AS BIGINT) FROM rewritten WHERE message = $1",
        ).bind(message).fetch_one(pool))
    }
}
