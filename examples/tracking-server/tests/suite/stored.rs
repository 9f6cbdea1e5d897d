//! Rows put into the database by hand: reports are tested on what is stored, not on how it came there.

use sha2::{Digest as _, Sha256};
use sqlx::{PgPool, SqlitePool};
use uuid::Uuid;

use crate::database::Backend;
use crate::server::Server;

pub(crate) const DOMAIN: &str = "example.com";
pub(crate) const HOUR: i64 = 3_600_000;
const SESSION: &str = "a session that only tests know";

enum Pool {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

/// Executes a statement for each of some values, all or none.
macro_rules! insert {
    ($pool:expr, $each:pat in $values:expr => $query:expr) => {
        match $pool {
            Pool::Sqlite(pool) => insert!(@ pool, $each in $values => $query),
            Pool::Postgres(pool) => insert!(@ pool, $each in $values => $query),
        }
    };
    (@ $pool:expr, $each:pat in $values:expr => $query:expr) => {{
        let mut transaction = $pool.begin().await.unwrap();
        for $each in $values {
            $query.execute(&mut *transaction).await.unwrap();
        }
        transaction.commit().await.unwrap();
    }};
}

/// A server with a domain, a session, and hands on its database.
pub(crate) struct Stored {
    pub(crate) server: Server,
    pool: Pool,
}

#[derive(Clone)]
pub(crate) struct Event {
    pub(crate) kind: &'static str,
    pub(crate) domain: &'static str,
    pub(crate) message: &'static str,
    pub(crate) recipient: &'static str,
    pub(crate) position: Option<i64>,
    pub(crate) name: Option<&'static str>,
    pub(crate) destination: Option<&'static str>,
    pub(crate) at: i64,
    pub(crate) user_agent: &'static str,
    pub(crate) machine: &'static str,
}

pub(crate) fn open(message: &'static str, recipient: &'static str, at: i64) -> Event {
    Event {
        kind: "open",
        domain: DOMAIN,
        message,
        recipient,
        position: None,
        name: None,
        destination: None,
        at,
        user_agent: "Mail/1.0",
        machine: "none",
    }
}

pub(crate) fn click(
    message: &'static str,
    recipient: &'static str,
    position: i64,
    name: &'static str,
    at: i64,
) -> Event {
    Event {
        kind: "click",
        position: Some(position),
        name: Some(name),
        destination: Some("https://shop.example/?a=1"),
        ..open(message, recipient, at)
    }
}

impl Stored {
    pub(crate) async fn start(backend: &Backend) -> Self {
        let mut server = Server::start(backend).await;
        let pool = match backend {
            Backend::Sqlite => {
                Pool::Sqlite(SqlitePool::connect(&server.database_url).await.unwrap())
            }
            Backend::Postgres(_) => {
                Pool::Postgres(PgPool::connect(&server.database_url).await.unwrap())
            }
        };
        insert!(&pool, domain in [DOMAIN, "other.example"] => sqlx::query(
            "INSERT INTO domains (name, status, verification, click_tracking, open_tracking, created_at) \
             VALUES ($1, 'validated', 'v', TRUE, TRUE, 1)",
        ).bind(domain));
        // Domains are read at the start.
        server.kill().await;
        server.start_again().await;
        let stored = Self { server, pool };
        stored.session(SESSION, "admin").await;
        stored
    }

    pub(crate) fn now(&self) -> i64 {
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        i64::try_from(now.as_millis()).unwrap()
    }

    async fn session(&self, secret: &str, token: &str) {
        insert!(&self.pool, () in [()] => sqlx::query("INSERT INTO sessions (hash, access_token, csrf, expires_at) VALUES ($1, $2, 'c', $3)")
            .bind(Sha256::digest(secret.as_bytes()).to_vec())
            .bind(token.to_owned())
            .bind(i64::MAX));
    }

    /// An access token that is confined to a domain, and a session by it of the same secret.
    pub(crate) async fn confined(&self, secret: &str, domain: &str) {
        insert!(&self.pool, () in [()] => sqlx::query("INSERT INTO access_tokens (id, hash, name, domain, created_at) VALUES ('confined', $1, 'c', $2, 1)")
            .bind(Sha256::digest(secret.as_bytes()).to_vec())
            .bind(domain.to_owned()));
        self.session(secret, "confined").await;
    }

    pub(crate) async fn insert(&self, events: &[Event]) {
        insert!(&self.pool, event in events =>
            sqlx::query(
                "INSERT INTO events (id, kind, domain, message, recipient, position, name, destination, at, \
                 method, user_agent, machine, reasons) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'GET', $10, $11, $12)",
            )
            .bind(Uuid::now_v7().as_bytes().to_vec())
            .bind(event.kind)
            .bind(event.domain)
            .bind(event.message)
            .bind(event.recipient)
            .bind(event.position)
            .bind(event.name)
            .bind(event.destination)
            .bind(event.at)
            .bind(event.user_agent)
            .bind(event.machine)
            .bind(if event.machine == "none" { "" } else { "scanner,early" })
        );
    }

    pub(crate) async fn rewritten(&self, message: &str, mails: i64, at: i64) {
        insert!(&self.pool, () in [()] => sqlx::query("INSERT INTO rewritten (id, domain, message, at, mails) VALUES ($1, $2, $3, $4, $5)")
            .bind(Sha256::digest(format!("{message} {at}")).to_vec())
            .bind(DOMAIN)
            .bind(message.to_owned())
            .bind(at)
            .bind(mails));
    }

    pub(crate) async fn keep(&self, message: &str, html: &str) {
        insert!(&self.pool, () in [()] => sqlx::query("INSERT INTO messages (domain, message, html, first_at) VALUES ($1, $2, $3, 1)")
            .bind(DOMAIN)
            .bind(message.to_owned())
            .bind(html.to_owned()));
    }

    /// Says that everything up to here is final.
    pub(crate) async fn settle(&self) {
        insert!(&self.pool, () in [()] => sqlx::query(
            "INSERT INTO progress (job, seq) SELECT 'bursts', COALESCE(MAX(seq), 0) FROM events WHERE TRUE \
             ON CONFLICT (job) DO UPDATE SET seq = excluded.seq",
        ));
    }

    pub(crate) async fn json(&self, path: &str) -> serde_json::Value {
        let answer = self
            .server
            .api("GET", &format!("/domains/{DOMAIN}/{path}"))
            .send()
            .await
            .unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert_eq!(status, 200, "{path}: {text}");
        serde_json::from_str(&text).unwrap()
    }

    pub(crate) async fn visit(&self, path: &str) -> reqwest::Response {
        self.visit_as(SESSION, path).await
    }

    pub(crate) async fn visit_as(&self, session: &str, path: &str) -> reqwest::Response {
        self.server
            .client
            .get(self.server.url(path))
            .header("cookie", format!("session={session}"))
            .send()
            .await
            .unwrap()
    }

    /// The text of a page that must be there.
    pub(crate) async fn page(&self, path: &str) -> String {
        let answer = self.visit(path).await;
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert_eq!(status, 200, "{path}: {text}");
        text
    }
}
