//! The tables behind the server: what a test sets up there by hand, and what it finds there afterwards.

use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
use sha2::{Digest as _, Sha256};
use sqlx::{PgPool, SqlitePool};

use crate::database::Backend;
use crate::server::Server;

/// What `DEFAULT_HOST` should be set to where links are made.
pub(crate) const DEFAULT_HOST: &str = "track.service.example";
const SECRET: [u8; 32] = [7; 32];

pub(crate) enum Tables {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// Runs a query on either database.
macro_rules! on {
    ($tables:expr, $pool:ident => $run:expr) => {
        match $tables {
            $crate::tables::Tables::Sqlite($pool) => $run.await.unwrap(),
            $crate::tables::Tables::Postgres($pool) => $run.await.unwrap(),
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

pub(crate) use on;

/// A server that knows some validated domains from its start.
pub(crate) async fn server_with(
    backend: &Backend,
    settings: &[(&str, &str)],
    domains: &[&str],
) -> (Server, Tables) {
    let mut server = Server::start_with(backend, settings).await;
    let tables = Tables::of(&server).await;
    for domain in domains {
        tables.add_domain(domain).await;
    }
    server.terminate().await;
    server.start_again().await;
    (server, tables)
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

    /// Adds a validated domain with one key, and returns what the server will make of them. The server
    /// learns of it within seconds, or at the first token of that key.
    pub(crate) async fn add_domain(&self, name: &str) -> DomainConfig {
        self.add_domain_that_is("validated", name).await
    }

    pub(crate) async fn add_domain_that_is(&self, status: &str, name: &str) -> DomainConfig {
        execute!(self, sqlx::query(
            "INSERT INTO domains (id, name, status, verification, click_tracking, open_tracking, created_at) \
             VALUES ($1, $1, $2, 'test', TRUE, TRUE, 1)",
        ).bind(name).bind(status));
        let key = self.add_key(name, SECRET).await;
        let host = TrackingHost::shared(DEFAULT_HOST).unwrap();
        DomainConfig::new(name.parse().unwrap(), host, key).unwrap()
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

    /// The secrets of all signing keys.
    pub(crate) async fn keys(&self) -> Vec<Vec<u8>> {
        on!(self, pool => sqlx::query_scalar("SELECT secret FROM signing_keys").fetch_all(pool))
    }

    /// Gives out a token for one domain.
    pub(crate) async fn add_token(&self, secret: &str, domain: &str) {
        let hash = Sha256::digest(secret.as_bytes()).to_vec();
        execute!(self, sqlx::query(
            "INSERT INTO access_tokens (id, hash, name, domain, created_at) VALUES ($1, $2, 'scoped', $3, 1)",
        ).bind(secret).bind(hash).bind(domain));
    }

    pub(crate) async fn execute(&self, statement: &'static str) {
        execute!(self, sqlx::query(statement));
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
    pub(crate) count: i64,
    pub(crate) level: String,
}
