//! The log against a SQLite database that is there, locked, or gone.

mod jobs;
mod panics;
mod spooling;
mod storing;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::ConnectOptions as _;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use tempfile::TempDir;
use tokio_util::sync::CancellationToken;

use super::EventLog;
use super::metrics::Metrics;
use super::record::Group;
use super::store::Store;
use crate::clock::Clock;
use crate::database::{Database, reading};
use crate::event::{Event, Kind, Machine};
use crate::supervisor::Supervisor;

const PANIC: &str = "panic of ";
use crate::level::Level;

struct Place {
    folder: TempDir,
    database: Database,
}

impl Place {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("log.sqlite").display());
        Self {
            database: Database::open(&url).await.unwrap(),
            folder,
        }
    }

    fn spool(&self) -> PathBuf {
        self.folder.path().join("spool")
    }

    fn log(&self) -> EventLog {
        let opened = CancellationToken::new();
        opened.cancel();
        EventLog::start(
            self.database.clone(),
            Clock::default(),
            self.spool(),
            None,
            &Supervisor::default(),
            &opened,
        )
    }

    fn store(&self) -> Store {
        store(self.database.clone(), self.spool())
    }

    /// A store whose database is gone, on the same spool.
    async fn store_without_database(&self) -> Store {
        let gone = Self::new().await.database;
        gone.close().await;
        store(gone, self.spool())
    }

    /// Another process that keeps the database locked.
    async fn lock(&self) -> SqliteConnection {
        let mut other = SqliteConnectOptions::new()
            .filename(self.folder.path().join("log.sqlite"))
            .connect()
            .await
            .unwrap();
        sqlx::raw_sql("BEGIN IMMEDIATE")
            .execute(&mut other)
            .await
            .unwrap();
        other
    }

    /// Segments with an ending, and what is in them.
    fn segments(&self, ending: &str) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.spool()) else {
            return Vec::new();
        };
        entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|found| found == ending))
            .map(|path| fs::read_to_string(path).unwrap())
            .collect()
    }

    fn leave_segment(&self, content: &[u8]) {
        fs::create_dir_all(self.spool()).unwrap();
        let name = format!("{}.ndjson", Clock::default().new_id().simple());
        fs::write(self.spool().join(name), content).unwrap();
    }

    /// Recipients by `seq`.
    async fn recipients(&self) -> Vec<String> {
        reading!(&self.database, pool => {
            sqlx::query_scalar("SELECT recipient FROM events ORDER BY seq").fetch_all(pool)
        })
        .unwrap()
    }

    async fn until_stored(&self, events: usize) {
        let deadline = Instant::now() + Duration::from_secs(10);
        while self.recipients().await.len() < events {
            assert!(Instant::now() < deadline, "{:?}", self.recipients().await);
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Position, `machine` and `reasons` by `seq`.
    async fn classified(&self) -> Vec<(i64, String, String)> {
        reading!(&self.database, pool => {
            sqlx::query_as("SELECT position, machine, reasons FROM events ORDER BY seq").fetch_all(pool)
        })
        .unwrap()
    }
}

fn store(database: Database, spool: PathBuf) -> Store {
    Store::new(&database, Clock::default(), spool, Metrics::new())
}

pub(super) fn click(recipient: &str, position: u32, at: i64) -> Event {
    Event {
        id: Clock::default().new_id(),
        kind: Kind::Click,
        domain: "example.com".into(),
        message: "message".into(),
        recipient: recipient.into(),
        position: Some(position),
        name: None,
        destination: Some("https://example.com/?a=\"1\"&b=\\u0000".into()),
        placement: None,
        at,
        sent_at: Some(1_700_000_000),
        method: "GET".into(),
        ip: Some("192.0.2.0".into()),
        user_agent: Some("Mozilla/5.0 \u{1f4ec}".into()),
        referer: None,
        accept_language: None,
        machine: Machine::None,
        reasons: Vec::new(),
        count: 1,
        level: Level::Identified,
    }
}

fn group(events: impl Into<Vec<Event>>) -> Arc<Group> {
    Arc::new(Group {
        events: events.into(),
        rewritten: Vec::new(),
    })
}

/// Who stores a group calls this: the message of an event says who is to panic.
pub(super) fn panic_for(group: &Group, who: &str) {
    let asked = |event: &Event| event.message.strip_prefix(PANIC) == Some(who);
    assert!(!group.events.iter().any(asked), "as asked for");
}

async fn rewritten(place: &Place) -> Vec<(String, i64)> {
    reading!(&place.database, pool => {
        sqlx::query_as(
            "SELECT message, CAST(SUM(mails) AS BIGINT) FROM rewritten GROUP BY message ORDER BY message",
        )
        .fetch_all(pool)
    })
    .unwrap()
}
