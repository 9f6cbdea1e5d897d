//! Stores a group in the database.

use std::borrow::Cow;
use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use linkseal::PixelPosition;
use rusqlite::ErrorCode;
use serde::Serialize;
use sqlx::pool::PoolConnection;
use sqlx::{Connection as _, PgPool, Pool, Postgres, SqlitePool};
use tokio::time::timeout;

use super::record::Group;
use super::sqlite::Inserter;
use crate::database::Database;
use crate::event::{Event, Reason};

/// A click that waits longer is not worth the wait: the spool takes it.
const PATIENCE: Duration = Duration::from_secs(2);

/// The lock is held to the end of the transaction, so that events get their `seq` in the order of commits,
/// whichever server writes them: who has read up to a `seq` has missed nothing below it. The timeouts are
/// for a server that hangs while it holds the lock.
const BEGIN_POSTGRES: &str = "BEGIN; SET LOCAL statement_timeout = 2000; \
     SET LOCAL idle_in_transaction_session_timeout = 5000; \
     SELECT pg_advisory_xact_lock(7235419001)";

const EVENTS_POSTGRES: &str = "INSERT INTO events (id, kind, domain, message, recipient, position, name, \
     destination, placement, at, sent_at_s, method, ip, user_agent, referer, accept_language, machine, \
     reasons, count) \
     SELECT decode(value ->> 0, 'hex'), value ->> 1, value ->> 2, value ->> 3, value ->> 4, \
     (value ->> 5)::bigint, value ->> 6, value ->> 7, value ->> 8, (value ->> 9)::bigint, \
     (value ->> 10)::bigint, value ->> 11, value ->> 12, value ->> 13, value ->> 14, value ->> 15, \
     value ->> 16, value ->> 17, (value ->> 18)::bigint \
     FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS rows (value, place) ORDER BY place \
     ON CONFLICT (id) DO NOTHING";

/// The `count` of gathered repeats is a running total, so the greatest is the latest, whatever comes first and
/// however often.
const COUNTS_POSTGRES: &str = "UPDATE events SET count = grown.count FROM ( \
     SELECT decode(value ->> 0, 'hex') AS id, MAX((value ->> 18)::bigint) AS count \
     FROM jsonb_array_elements($1::jsonb) AS rows (value) \
     WHERE (value ->> 18)::bigint > 1 GROUP BY 1) AS grown \
     WHERE events.id = grown.id AND events.count < grown.count";

const REWRITTEN: &str = "INSERT INTO rewritten (id, domain, message, at, mails) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING";

#[derive(Debug)]
pub(super) enum InsertError {
    Database(sqlx::Error),
    Json(serde_json::Error),
    NoThread,
    /// The hook has said what it was.
    Panicked,
    Slow,
    Sqlite(rusqlite::Error),
}

impl InsertError {
    /// Whether it is about what should be stored, so that trying again does not help.
    pub(super) fn is_about_records(&self) -> bool {
        match self {
            Self::Database(error) => {
                let code = error
                    .as_database_error()
                    .and_then(|error| error.code())
                    .unwrap_or_default();
                // "Data exception", "integrity constraint violation" and "program limit exceeded".
                ["22", "23", "54"]
                    .iter()
                    .any(|class| code.starts_with(class))
            }
            Self::Json(_) | Self::Panicked => true,
            Self::NoThread | Self::Slow => false,
            Self::Sqlite(error) => matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::ConstraintViolation | ErrorCode::TooBig | ErrorCode::TypeMismatch)
            ),
        }
    }
}

impl fmt::Display for InsertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(error) => error.fmt(f),
            Self::Json(error) => error.fmt(f),
            Self::Sqlite(error) => error.fmt(f),
            Self::NoThread => f.write_str("there is no thread to write events to SQLite"),
            Self::Panicked => f.write_str("panicked"),
            Self::Slow => write!(f, "took over {} seconds", PATIENCE.as_secs()),
        }
    }
}

impl From<sqlx::Error> for InsertError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

/// The database as groups go into it.
pub(super) enum Target {
    Sqlite {
        inserter: Inserter,
        /// Whose one connection is the turn to write.
        turn: SqlitePool,
    },
    Postgres(PgPool),
}

impl Target {
    pub(super) fn of(database: &Database) -> Self {
        match database {
            Database::Sqlite { write, .. } => Self::Sqlite {
                inserter: Inserter::start(write.connect_options().get_filename().to_owned()),
                turn: write.clone(),
            },
            Database::Postgres(pool) => Self::Postgres(pool.clone()),
        }
    }

    /// Returns when the group is committed. After an error it may be, or become so: doing it again is harmless.
    pub(super) async fn insert(&self, group: &Arc<Group>) -> Result<(), InsertError> {
        let inserted = AssertUnwindSafe(self.insert_or_panic(group)).catch_unwind();
        inserted.await.unwrap_or(Err(InsertError::Panicked))
    }

    async fn insert_or_panic(&self, group: &Arc<Group>) -> Result<(), InsertError> {
        match self {
            Self::Sqlite { inserter, turn } => {
                let _turn = timeout(PATIENCE, turn.acquire())
                    .await
                    .map_err(|_| InsertError::Slow)??;
                timeout(PATIENCE, inserter.insert(group))
                    .await
                    .map_err(|_| InsertError::Slow)?
            }
            Self::Postgres(pool) => {
                let events = rows(&group.events).map_err(InsertError::Json)?;
                patiently(pool, async |connection| {
                    insert_postgres(connection, &events, group).await
                })
                .await
            }
        }
    }

    /// Writes something small: says whether the database is there and has room.
    pub(super) async fn probe(&self) -> Result<(), InsertError> {
        const SOMETHING: &str = "INSERT INTO progress (job, seq) VALUES ('probe', 1) \
             ON CONFLICT (job) DO UPDATE SET seq = progress.seq + 1";
        match self {
            Self::Sqlite { turn, .. } => {
                patiently(turn, async |connection| {
                    sqlx::query(SOMETHING).execute(&mut **connection).await?;
                    Ok(())
                })
                .await
            }
            Self::Postgres(pool) => {
                patiently(pool, async |connection| {
                    sqlx::query(SOMETHING).execute(&mut **connection).await?;
                    Ok(())
                })
                .await
            }
        }
    }
}

async fn insert_postgres(
    connection: &mut PoolConnection<Postgres>,
    events: &str,
    group: &Group,
) -> Result<(), sqlx::Error> {
    let mut transaction = connection.begin_with(BEGIN_POSTGRES).await?;
    if !group.events.is_empty() {
        sqlx::query(EVENTS_POSTGRES)
            .bind(events)
            .execute(&mut *transaction)
            .await?;
    }
    if group.events.iter().any(|event| event.count > 1) {
        sqlx::query(COUNTS_POSTGRES)
            .bind(events)
            .execute(&mut *transaction)
            .await?;
    }
    for row in &group.rewritten {
        sqlx::query(REWRITTEN)
            .bind(row.id.as_bytes().to_vec())
            .bind(text(&row.domain).into_owned())
            .bind(text(&row.message).into_owned())
            .bind(row.at)
            .bind(row.mails)
            .execute(&mut *transaction)
            .await?;
    }
    transaction.commit().await
}

/// A connection on which something took too long is closed: what it is busy with would keep it from others.
async fn patiently<DB: sqlx::Database>(
    pool: &Pool<DB>,
    run: impl AsyncFnOnce(&mut PoolConnection<DB>) -> Result<(), sqlx::Error>,
) -> Result<(), InsertError> {
    let mut connection = timeout(PATIENCE, pool.acquire())
        .await
        .map_err(|_| InsertError::Slow)??;
    match timeout(PATIENCE, run(&mut connection)).await {
        Ok(done) => Ok(done?),
        Err(_) => {
            connection.close_on_drop();
            Err(InsertError::Slow)
        }
    }
}

/// Columns in the order of the statements.
#[derive(Serialize)]
struct Row<'a>(
    uuid::fmt::Simple,
    &'static str,
    Cow<'a, str>,
    Cow<'a, str>,
    Cow<'a, str>,
    Option<u32>,
    Option<Cow<'a, str>>,
    Option<Cow<'a, str>>,
    Option<PixelPosition>,
    i64,
    Option<i64>,
    Cow<'a, str>,
    &'a Option<String>,
    Option<Cow<'a, str>>,
    Option<Cow<'a, str>>,
    Option<Cow<'a, str>>,
    &'static str,
    String,
    i64,
);

/// All rows are one parameter: so there is one statement to prepare, however many they are.
fn rows(events: &[Event]) -> Result<String, serde_json::Error> {
    let rows: Vec<_> = events.iter().map(row).collect();
    serde_json::to_string(&rows)
}

fn row(event: &Event) -> Row<'_> {
    Row(
        event.id.simple(),
        event.kind.as_str(),
        text(&event.domain),
        text(&event.message),
        text(&event.recipient),
        event.position,
        event.name.as_deref().map(text),
        event.destination.as_deref().map(text),
        event.placement,
        event.at,
        event.sent_at,
        text(&event.method),
        &event.ip,
        event.user_agent.as_deref().map(text),
        event.referer.as_deref().map(text),
        event.accept_language.as_deref().map(text),
        event.machine.as_str(),
        reasons(&event.reasons),
        event.count,
    )
}

pub(super) fn reasons(reasons: &[Reason]) -> String {
    let words: Vec<_> = reasons.iter().map(|reason| reason.as_str()).collect();
    words.join(",")
}

/// PostgreSQL stores no NUL, and one in a message's id must not keep the whole group out.
pub(super) fn text(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        text.replace('\0', "\u{fffd}").into()
    } else {
        text.into()
    }
}
