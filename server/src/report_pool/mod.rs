//! Connections for reports alone: whoever reads much takes none from clicks, the API and other domains' readers.
//!
//! A domain has few queries under way at the same time, some may wait for them, and more are refused. While many
//! wait, the domain rests after each query, so that clicks find a processor. A query ends when its time is over, and
//! when nobody waits for its answer any more: then the database is told to stop.

mod lease;
mod places;

use std::thread::available_parallelism;
use std::time::Duration;

use sqlx::pool::PoolConnection;
use sqlx::postgres::{PgConnectOptions, PgPool, PgPoolOptions};
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};

use crate::database::{Database, sqlite_options};
use crate::failure::Failure;
pub(crate) use lease::Lease;
use lease::{PostgresLease, SqliteLease};
use places::{Places, WAIT};

/// At least; as many as there are processors where those are more.
const MIN_CONNECTIONS: u16 = 4;
/// One domain's share of the connections, at least one.
const SHARE: u16 = 4;

pub(crate) struct ReportPool {
    pool: Pool,
    places: Places,
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
        let processors = u16::try_from(processors).unwrap_or(u16::MAX);
        let connections = processors.max(MIN_CONNECTIONS);
        let pool = match others {
            Database::Sqlite { .. } => {
                let options = SqlitePoolOptions::new()
                    .max_connections(connections.into())
                    .acquire_timeout(WAIT);
                Pool::Sqlite(options.connect_lazy_with(sqlite_options(url)?.read_only(true)))
            }
            Database::Postgres(others) => Pool::Postgres {
                reports: postgres(url, connections.into(), query_time)?,
                others: others.clone(),
            },
        };
        Ok(Self {
            pool,
            places: Places::new((connections / SHARE).max(1), processors),
            query_time,
        })
    }

    /// Waits for the domain's turn and for a connection.
    pub(crate) async fn lease(&self, domain: &str) -> Result<Lease, Failure> {
        let mut place = self.places.place(domain).await?;
        match &self.pool {
            Pool::Sqlite(pool) => {
                let connection = acquire(pool).await?;
                place.begin_query();
                let lease = SqliteLease::new(connection, place, self.query_time);
                Ok(Lease::Sqlite(lease.await?))
            }
            Pool::Postgres { reports, others } => {
                let connection = acquire(reports).await?;
                place.begin_query();
                let lease = PostgresLease::new(connection, place, others.clone());
                Ok(Lease::Postgres(lease.await?))
            }
        }
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
                // One process for a query: more of them would take all processors from clicks.
                sqlx::query(
                    "SELECT set_config('statement_timeout', $1, FALSE), \
                     set_config('max_parallel_workers_per_gather', '0', FALSE)",
                )
                .bind(milliseconds)
                .execute(connection)
                .await
                .map(drop)
            })
        });
    let url: PgConnectOptions = url.parse()?;
    Ok(options.connect_lazy_with(url))
}
