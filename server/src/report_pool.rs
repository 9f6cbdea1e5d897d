//! Connections for reports alone: whoever reads much takes none from clicks, the API and other domains' readers.
//!
//! A domain has few queries under way at the same time, some may wait for them, and more are refused. A query
//! ends when its time is over, and when nobody waits for its answer any more: then the database is told to stop.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};
use sqlx::{PgConnection, Postgres, Sqlite, SqliteConnection};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tracing::warn;

use crate::database::{Database, sqlite_options};
use crate::failure::Failure;

/// At least; as many as there are processors where those are more.
const MIN_CONNECTIONS: usize = 4;
/// One domain's share of the connections, at least one.
const SHARE: usize = 4;
/// Queries of one domain that may wait for their turn.
const MAX_WAITING: usize = 8;
/// A page with its queries one after the other must still be answered within the time of a request.
const WAIT: Duration = Duration::from_secs(5);
/// How often SQLite asks whether to go on: some thousand times a second.
const STEPS_BETWEEN_LOOKS: i32 = 10_000;

pub(crate) struct ReportPool {
    pool: Pool,
    queues: Mutex<HashMap<String, Arc<Queue>>>,
    at_once: usize,
    query_time: Duration,
}

enum Pool {
    Sqlite(SqlitePool),
    Postgres {
        reports: PgPool,
        /// For telling PostgreSQL to stop a query.
        others: PgPool,
    },
}

/// Of one domain. There are as many as domains that reports were asked of.
struct Queue {
    asked: AtomicUsize,
    turns: Arc<Semaphore>,
}

/// Runs a query of a report about a domain: `reporting!(app, domain, connection => sqlx::query(…).fetch_all(connection))`.
macro_rules! reporting {
    ($app:expr, $domain:expr, $connection:ident => $run:expr) => {
        match $app.report_pool.lease($domain).await? {
            $crate::report_pool::Lease::Sqlite(mut lease) => {
                let $connection = lease.connection();
                let result = $run.await;
                lease.done();
                result.map_err($crate::failure::Failure::from)
            }
            $crate::report_pool::Lease::Postgres(mut lease) => {
                let $connection = lease.connection()?;
                let result = $run.await;
                lease.done();
                result.map_err($crate::failure::Failure::from)
            }
        }
    };
}

pub(crate) use reporting;

impl ReportPool {
    /// Connects when the first report is asked for.
    pub(crate) fn open(
        url: &str,
        others: &Database,
        query_time: Duration,
    ) -> Result<Self, sqlx::Error> {
        let processors = available_parallelism().map_or(1, usize::from);
        let connections = processors.max(MIN_CONNECTIONS);
        let max_connections = u32::try_from(connections).unwrap_or(u32::MAX);
        let pool = match others {
            Database::Sqlite { .. } => {
                let options = SqlitePoolOptions::new()
                    .max_connections(max_connections)
                    .acquire_timeout(WAIT);
                Pool::Sqlite(options.connect_lazy_with(sqlite_options(url)?.read_only(true)))
            }
            Database::Postgres(others) => Pool::Postgres {
                reports: postgres(url, max_connections, query_time)?,
                others: others.clone(),
            },
        };
        Ok(Self {
            pool,
            queues: Mutex::default(),
            at_once: (connections / SHARE).max(1),
            query_time,
        })
    }

    /// Waits for the domain's turn and for a connection.
    pub(crate) async fn lease(&self, domain: &str) -> Result<Lease, Failure> {
        let place = self.place(domain).await?;
        match &self.pool {
            Pool::Sqlite(pool) => {
                let connection = acquire(pool).await?;
                let lease = SqliteLease::new(connection, place, self.query_time);
                Ok(Lease::Sqlite(lease.await?))
            }
            Pool::Postgres { reports, others } => {
                let connection = acquire(reports).await?;
                let lease = PostgresLease::new(connection, place, others.clone());
                Ok(Lease::Postgres(lease.await?))
            }
        }
    }

    async fn place(&self, domain: &str) -> Result<Place, Failure> {
        let queue = {
            let mut queues = self.queues.lock().unwrap_or_else(PoisonError::into_inner);
            let queue = queues.entry(domain.to_owned()).or_insert_with(|| {
                Arc::new(Queue {
                    asked: AtomicUsize::new(0),
                    turns: Arc::new(Semaphore::new(self.at_once)),
                })
            });
            Arc::clone(queue)
        };
        let before = queue.asked.fetch_add(1, Ordering::Relaxed);
        let turns = Arc::clone(&queue.turns);
        let mut place = Place { queue, _turn: None };
        if before >= self.at_once + MAX_WAITING {
            return Err(Failure::TooMany(1));
        }
        let turn = timeout(WAIT, turns.acquire_owned()).await;
        place._turn = Some(
            turn.ok()
                .and_then(Result::ok)
                .ok_or(Failure::TooMany(WAIT.as_secs()))?,
        );
        Ok(place)
    }

    pub(crate) async fn close(&self) {
        match &self.pool {
            Pool::Sqlite(pool) => pool.close().await,
            Pool::Postgres { reports, .. } => reports.close().await,
        }
    }
}

/// No connection is free for long, or none can be made: that is not the same.
async fn acquire<D: sqlx::Database>(pool: &sqlx::Pool<D>) -> Result<PoolConnection<D>, Failure> {
    pool.acquire().await.map_err(|error| {
        let all_taken = pool.size() >= pool.options().get_max_connections();
        match error {
            sqlx::Error::PoolTimedOut if all_taken => Failure::Busy(1),
            error => error.into(),
        }
    })
}

fn postgres(url: &str, connections: u32, query_time: Duration) -> Result<PgPool, sqlx::Error> {
    let milliseconds = query_time.as_millis().to_string();
    let options = PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(WAIT)
        // The lease asks for the process's id, and so finds a connection that broke.
        .test_before_acquire(false)
        .after_connect(move |connection, _| {
            let milliseconds = milliseconds.clone();
            Box::pin(async move {
                sqlx::query("SELECT set_config('statement_timeout', $1, FALSE)")
                    .bind(milliseconds)
                    .execute(connection)
                    .await
                    .map(drop)
            })
        });
    let url: PgConnectOptions = url.parse()?;
    Ok(options.connect_lazy_with(url))
}

/// A domain's turn, or the wait for it.
pub(crate) struct Place {
    queue: Arc<Queue>,
    _turn: Option<OwnedSemaphorePermit>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.queue.asked.fetch_sub(1, Ordering::Relaxed);
    }
}

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
    async fn new(
        mut connection: PoolConnection<Sqlite>,
        place: Place,
        query_time: Duration,
    ) -> Result<Self, sqlx::Error> {
        let is_wanted = Arc::new(AtomicBool::new(true));
        let wanted = Arc::clone(&is_wanted);
        let end = Instant::now() + query_time;
        connection
            .lock_handle()
            .await?
            .set_progress_handler(STEPS_BETWEEN_LOOKS, move || {
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

pub(crate) struct PostgresLease {
    /// `None` once it is done.
    running: Option<(PoolConnection<Postgres>, Place)>,
    process: i32,
    others: PgPool,
}

impl PostgresLease {
    async fn new(
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
