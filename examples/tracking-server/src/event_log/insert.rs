//! Stores a group in the database.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use serde::Serialize;
use sqlx::pool::PoolConnection;
use sqlx::{Connection as _, Pool, Postgres, Sqlite};
use tokio::time::timeout;

use super::record::{Group, Rewritten};
use super::values;
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
     reasons) \
     SELECT decode(value ->> 0, 'hex'), value ->> 1, value ->> 2, value ->> 3, value ->> 4, \
     (value ->> 5)::bigint, value ->> 6, value ->> 7, value ->> 8, (value ->> 9)::bigint, \
     (value ->> 10)::bigint, value ->> 11, value ->> 12, value ->> 13, value ->> 14, value ->> 15, \
     value ->> 16, value ->> 17 \
     FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS rows (value, place) ORDER BY place \
     ON CONFLICT (id) DO NOTHING";

const REWRITTEN: &str = "INSERT INTO rewritten (id, domain, message, at, mails) \
     VALUES ($1, $2, $3, $4, $5) ON CONFLICT (id) DO NOTHING";

#[derive(Debug)]
pub(super) enum InsertError {
    Database(sqlx::Error),
    Json(serde_json::Error),
    Slow,
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
                // PostgreSQL's classes "data exception", "integrity constraint violation" and "program
                // limit exceeded"; SQLite's TOOBIG, CONSTRAINT (with its extensions) and MISMATCH.
                match code.parse::<u32>() {
                    Ok(sqlite) if code.len() < 5 => matches!(sqlite & 0xff, 18..=20),
                    _ => ["22", "23", "54"]
                        .iter()
                        .any(|class| code.starts_with(class)),
                }
            }
            Self::Json(_) => true,
            Self::Slow => false,
        }
    }
}

impl fmt::Display for InsertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(error) => error.fmt(f),
            Self::Json(error) => error.fmt(f),
            Self::Slow => write!(f, "took over {} seconds", PATIENCE.as_secs()),
        }
    }
}

impl From<sqlx::Error> for InsertError {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

/// Returns when the group is committed. After an error it may be, or become so: doing it again is harmless.
pub(super) async fn insert(database: &Database, group: &Group) -> Result<(), InsertError> {
    match database {
        Database::Sqlite { write, .. } => {
            patiently(write, async |connection| {
                insert_sqlite(connection, group).await
            })
            .await
        }
        Database::Postgres(pool) => {
            let events = rows(&group.events).map_err(InsertError::Json)?;
            patiently(pool, async |connection| {
                insert_postgres(connection, &events, group).await
            })
            .await
        }
    }
}

/// Asks for a write lock and writes nothing: says whether the database is there.
pub(super) async fn probe(database: &Database) -> Result<(), InsertError> {
    const NOTHING: &str = "UPDATE progress SET seq = seq WHERE job = 'probe'";
    match database {
        Database::Sqlite { write, .. } => {
            patiently(write, async |connection| {
                sqlx::query(NOTHING).execute(&mut **connection).await?;
                Ok(())
            })
            .await
        }
        Database::Postgres(pool) => {
            patiently(pool, async |connection| {
                sqlx::query(NOTHING).execute(&mut **connection).await?;
                Ok(())
            })
            .await
        }
    }
}

async fn insert_sqlite(
    connection: &mut PoolConnection<Sqlite>,
    group: &Group,
) -> Result<(), sqlx::Error> {
    // One statement is a transaction by itself, and one trip to SQLite's thread instead of three.
    if group.rewritten.is_empty() && group.events.len() <= values::MOST_ROWS {
        return values::insert(connection, &group.events).await;
    }
    let mut transaction = connection.begin().await?;
    for events in group.events.chunks(values::MOST_ROWS) {
        values::insert(&mut transaction, events).await?;
    }
    for row in &group.rewritten {
        insert_rewritten(row).execute(&mut *transaction).await?;
    }
    transaction.commit().await
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
    for row in &group.rewritten {
        insert_rewritten(row).execute(&mut *transaction).await?;
    }
    transaction.commit().await
}

fn insert_rewritten<'q, DB>(
    row: &'q Rewritten,
) -> sqlx::query::Query<'q, DB, <DB as sqlx::Database>::Arguments>
where
    DB: sqlx::Database,
    Vec<u8>: sqlx::Type<DB> + sqlx::Encode<'q, DB>,
    String: sqlx::Type<DB> + sqlx::Encode<'q, DB>,
    i64: sqlx::Type<DB> + sqlx::Encode<'q, DB>,
{
    sqlx::query(REWRITTEN)
        .bind(row.id.as_bytes().to_vec())
        .bind(text(&row.domain).into_owned())
        .bind(text(&row.message).into_owned())
        .bind(row.at)
        .bind(row.mails)
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
    &'a Option<String>,
    i64,
    Option<i64>,
    Cow<'a, str>,
    &'a Option<String>,
    Option<Cow<'a, str>>,
    Option<Cow<'a, str>>,
    Option<Cow<'a, str>>,
    &'static str,
    String,
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
        &event.placement,
        event.at,
        event.sent_at,
        text(&event.method),
        &event.ip,
        event.user_agent.as_deref().map(text),
        event.referer.as_deref().map(text),
        event.accept_language.as_deref().map(text),
        event.machine.as_str(),
        reasons(&event.reasons),
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
