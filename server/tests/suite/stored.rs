//! Rows put into the database by hand: reports are tested on what is stored, not on how it came there.

use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::database::Backend;
use crate::server::{ADMIN_TOKEN, Server};
use crate::tables::{Tables, server_with};
use crate::visitor::Visitor;

pub(crate) const DOMAIN: &str = "example.com";
pub(crate) const HOUR: i64 = 3_600_000;

/// Executes a statement for each of some values, all or none.
macro_rules! insert {
    ($pool:expr, $each:pat in $values:expr => $query:expr) => {
        match $pool {
            Tables::Sqlite(pool) => insert!(@ pool, $each in $values => $query),
            Tables::Postgres(pool) => insert!(@ pool, $each in $values => $query),
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

/// A server with a domain, somebody signed in, and hands on its database.
pub(crate) struct Stored {
    pub(crate) server: Server,
    pub(crate) tables: Tables,
    visitor: Visitor,
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
    pub(crate) reasons: &'static str,
    pub(crate) count: i64,
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
        reasons: "",
        count: 1,
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
        let (server, tables) = server_with(backend, &[], &[DOMAIN, "other.example"]).await;
        Self {
            visitor: Visitor::sign_in(&server, ADMIN_TOKEN).await,
            server,
            tables,
        }
    }

    pub(crate) fn now(&self) -> i64 {
        let now = std::time::SystemTime::now()
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap();
        i64::try_from(now.as_millis()).unwrap()
    }

    /// Somebody signed in by an access token that is confined to a domain.
    pub(crate) async fn confined(&self, secret: &str, domain: &str) -> Visitor {
        self.tables.add_token(secret, domain).await;
        Visitor::sign_in(&self.server, secret).await
    }

    pub(crate) async fn insert(&self, events: &[Event]) {
        insert!(&self.tables, event in events =>
            sqlx::query(
                "INSERT INTO events (id, kind, domain, message, recipient, position, name, destination, at, \
                 method, user_agent, machine, reasons, count) \
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'GET', $10, $11, $12, $13)",
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
            .bind(event.reasons)
            .bind(event.count)
        );
    }

    pub(crate) async fn rewritten(&self, message: &str, mails: i64, at: i64) {
        insert!(&self.tables, () in [()] => sqlx::query("INSERT INTO rewritten (id, domain, message, at, mails) VALUES ($1, $2, $3, $4, $5)")
            .bind(Sha256::digest(format!("{message} {at}")).to_vec())
            .bind(DOMAIN)
            .bind(message.to_owned())
            .bind(at)
            .bind(mails));
    }

    pub(crate) async fn keep(&self, message: &str, html: &str) {
        insert!(&self.tables, () in [()] => sqlx::query("INSERT INTO messages (domain, message, html, first_at) VALUES ($1, $2, $3, 1)")
            .bind(DOMAIN)
            .bind(message.to_owned())
            .bind(html.to_owned()));
    }

    /// Says that everything up to here is final.
    pub(crate) async fn settle(&self) {
        insert!(&self.tables, () in [()] => sqlx::query(
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
        self.visitor.get(path).await
    }

    /// The text of a page that must be there.
    pub(crate) async fn page(&self, path: &str) -> String {
        self.visitor.page(path).await
    }
}
