//! A connection for one query, which ends with it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::yield_now;
use std::time::{Duration, Instant};

use rustix::process::setpriority_process;
use rustix::thread::gettid;
use sqlx::pool::PoolConnection;
use sqlx::postgres::PgPool;
use sqlx::{PgConnection, Postgres, Sqlite, SqliteConnection};
use tokio::runtime::Handle;
use tracing::warn;

use super::places::Place;

/// How often SQLite asks whether to go on: more than ten thousand times a second.
const STEPS_BETWEEN_LOOKS: i32 = 2_000;
/// The lowest priority there is.
const REPORTS_NICE: i32 = 19;

/// A connection for one query. Dropped before it is [`done`](SqliteLease::done), it stops the query.
pub(crate) enum Lease {
    Sqlite(SqliteLease),
    Postgres(PostgresLease),
}

pub(crate) struct SqliteLease {
    connection: PoolConnection<Sqlite>,
    is_wanted: Arc<AtomicBool>,
    _place: Place,
}

impl SqliteLease {
    pub(super) async fn new(
        mut connection: PoolConnection<Sqlite>,
        place: Place,
        query_time: Duration,
    ) -> Result<Self, sqlx::Error> {
        let is_wanted = Arc::new(AtomicBool::new(true));
        let wanted = Arc::clone(&is_wanted);
        let end = Instant::now() + query_time;
        let mut gives_way = false;
        connection
            .lock_handle()
            .await?
            .set_progress_handler(STEPS_BETWEEN_LOOKS, move || {
                if !gives_way {
                    give_way();
                    gives_way = true;
                }
                // Linux may let a click wait for the end of this thread's time slice of some milliseconds, unless it
                // is told here. With 40 loops over reports on two cores p99 of clicks was 7.2 ms without this, and
                // 3.5 ms with it.
                yield_now();
                wanted.load(Ordering::Relaxed) && Instant::now() < end
            });
        Ok(Self {
            connection,
            is_wanted,
            _place: place,
        })
    }

    pub(crate) fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }

    /// Nothing to do: a query that has ended is not interrupted any more.
    pub(crate) fn done(self) {}
}

impl Drop for SqliteLease {
    fn drop(&mut self) {
        self.is_wanted.store(false, Ordering::Relaxed);
    }
}

/// Lets all else go first on the processor: this thread is SQLite's for one connection, and reads reports only. Where a
/// thread has no priority of its own, nothing changes.
fn give_way() {
    let _ = setpriority_process(Some(gettid()), REPORTS_NICE);
}

pub(crate) struct PostgresLease {
    /// `None` once it is done.
    running: Option<(PoolConnection<Postgres>, Place)>,
    process: i32,
    others: PgPool,
}

impl PostgresLease {
    pub(super) async fn new(
        mut connection: PoolConnection<Postgres>,
        place: Place,
        others: PgPool,
    ) -> Result<Self, sqlx::Error> {
        let process = sqlx::query_scalar("SELECT pg_backend_pid()")
            .fetch_one(&mut *connection)
            .await?;
        Ok(Self {
            running: Some((connection, place)),
            process,
            others,
        })
    }

    pub(crate) fn connection(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        let running = self.running.as_mut().ok_or(sqlx::Error::PoolClosed)?;
        Ok(&mut running.0)
    }

    pub(crate) fn done(mut self) {
        self.running = None;
    }
}

impl Drop for PostgresLease {
    fn drop(&mut self) {
        if let Some((connection, place)) = self.running.take()
            && let Ok(runtime) = Handle::try_current()
        {
            let cancelled = cancel(self.others.clone(), self.process);
            runtime.spawn(async move {
                cancelled.await;
                // Not for another query: it could be that one which is cancelled.
                drop(connection.detach());
                drop(place);
            });
        }
    }
}

/// PostgreSQL goes on with a query whose connection is closed until it has something to send.
async fn cancel(others: PgPool, process: i32) {
    let cancelled = sqlx::query("SELECT pg_cancel_backend($1)")
        .bind(process)
        .execute(&others)
        .await;
    if let Err(error) = cancelled {
        warn!(%error, "a query that nobody waits for can't be stopped, it ends by its time limit");
    }
}
