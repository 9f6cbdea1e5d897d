//! Stores a group in the database.

use std::fmt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt as _;
use rusqlite::ErrorCode;
use sqlx::pool::PoolConnection;
use sqlx::{
    Connection as _, FromRow as _, PgConnection, PgPool, Pool, Postgres, Row as _, SqlitePool,
};
use tokio::time::timeout;

use super::agreed::{Agreed, DOMAINS_POSTGRES, RECIPIENTS_POSTGRES};
use super::record::Group;
use super::rows::rows;
use super::sqlite::Inserter;
use crate::database::{BEGIN_IN_TURN_POSTGRES, Database};
use crate::nul::without_nul;
use crate::recipients;

/// A click that waits longer is not worth the wait: the spool takes it.
const PATIENCE: Duration = Duration::from_secs(2);

const EVENTS_POSTGRES: &str = "INSERT INTO events (id, kind, domain, message, recipient, position, name, \
     destination, placement, at, sent_at_s, method, ip, user_agent, referer, accept_language, machine, \
     reasons, count, level) \
     SELECT decode(value ->> 0, 'hex'), value ->> 1, value ->> 2, value ->> 3, value ->> 4, \
     (value ->> 5)::bigint, value ->> 6, value ->> 7, value ->> 8, (value ->> 9)::bigint, \
     (value ->> 10)::bigint, value ->> 11, value ->> 12, value ->> 13, value ->> 14, value ->> 15, \
     value ->> 16, value ->> 17, (value ->> 18)::bigint, value ->> 19 \
     FROM jsonb_array_elements($1::jsonb) WITH ORDINALITY AS rows (value, place) ORDER BY place \
     ON CONFLICT (id) DO NOTHING";

/// The `count` of gathered repeats is a running total, so the greatest is the latest, whatever comes first and
/// however often. One that may not be identified any more takes from the row what tells whose it is. At the same
/// level the row's texts stay: an erasure may have taken an id out of them.
const COUNTS_POSTGRES: &str = "UPDATE events SET count = grown.count, level = grown.level, \
     message = CASE WHEN grown.level < events.level THEN grown.message ELSE events.message END, \
     recipient = grown.recipient, \
     name = CASE WHEN grown.level < events.level THEN grown.name ELSE events.name END, \
     destination = CASE WHEN grown.level < events.level THEN grown.destination ELSE events.destination END, \
     sent_at_s = grown.sent_at_s, ip = grown.ip, user_agent = grown.user_agent, referer = grown.referer, \
     accept_language = grown.accept_language FROM ( \
     SELECT DISTINCT ON (1) decode(value ->> 0, 'hex') AS id, (value ->> 18)::bigint AS count, \
     value ->> 19 AS level, value ->> 3 AS message, value ->> 4 AS recipient, value ->> 6 AS name, \
     value ->> 7 AS destination, (value ->> 10)::bigint AS sent_at_s, value ->> 12 AS ip, \
     value ->> 13 AS user_agent, value ->> 14 AS referer, value ->> 15 AS accept_language \
     FROM jsonb_array_elements($1::jsonb) AS rows (value) \
     WHERE (value ->> 18)::bigint > 1 ORDER BY 1, 2 DESC) AS grown \
     WHERE events.id = grown.id AND events.count < grown.count AND events.level >= grown.level";

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
                patiently(pool, async |connection| {
                    insert_postgres(connection, group).await
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
    group: &Group,
) -> Result<(), InsertError> {
    let mut transaction = connection.begin_with(BEGIN_IN_TURN_POSTGRES).await?;
    if !group.events.is_empty() {
        let agreed = agreed_postgres(&mut transaction, group).await?;
        let rows = rows(&agreed, &group.events).map_err(InsertError::Json)?;
        sqlx::query(EVENTS_POSTGRES)
            .bind(&rows)
            .execute(&mut *transaction)
            .await?;
        if group.events.iter().any(|event| event.count > 1) {
            sqlx::query(COUNTS_POSTGRES)
                .bind(&rows)
                .execute(&mut *transaction)
                .await?;
        }
    }
    for row in &group.rewritten {
        sqlx::query(REWRITTEN)
            .bind(row.id.as_bytes().to_vec())
            .bind(without_nul(&row.domain).into_owned())
            .bind(without_nul(&row.message).into_owned())
            .bind(row.at)
            .bind(row.mails)
            .execute(&mut *transaction)
            .await?;
    }
    Ok(transaction.commit().await?)
}

async fn agreed_postgres(
    transaction: &mut PgConnection,
    group: &Group,
) -> Result<Agreed, sqlx::Error> {
    let mut agreed = Agreed::default();
    let rows = sqlx::query_as(DOMAINS_POSTGRES)
        .bind(Agreed::domains(group))
        .fetch_all(&mut *transaction)
        .await?;
    for row in rows {
        agreed.add_domain(row);
    }
    let (domains, pseudonyms): (Vec<_>, Vec<_>) = agreed.pseudonyms(group).into_iter().unzip();
    if pseudonyms.is_empty() {
        return Ok(agreed);
    }
    let rows = sqlx::query(RECIPIENTS_POSTGRES)
        .bind(domains)
        .bind(pseudonyms)
        .fetch_all(transaction)
        .await?;
    for row in rows {
        agreed.add_recipient(row.try_get("domain")?, recipients::Row::from_row(&row)?);
    }
    Ok(agreed)
}

/// A connection on which something took too long is closed: what it is busy with would keep it from others.
async fn patiently<DB: sqlx::Database>(
    pool: &Pool<DB>,
    run: impl AsyncFnOnce(&mut PoolConnection<DB>) -> Result<(), InsertError>,
) -> Result<(), InsertError> {
    let mut connection = timeout(PATIENCE, pool.acquire())
        .await
        .map_err(|_| InsertError::Slow)??;
    match timeout(PATIENCE, run(&mut connection)).await {
        Ok(done) => done,
        Err(_) => {
            connection.close_on_drop();
            Err(InsertError::Slow)
        }
    }
}
