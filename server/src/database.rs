//! SQLite or PostgreSQL, behind one set of statements.
//!
//! SQL is written once, in what both understand, with `$1` for parameters; only migrations come in two
//! kinds. Statements are `&'static str`, so no value can get into one but as a parameter.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::str::FromStr as _;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgDatabaseError, PgPool, PgPoolOptions};
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions as _, Connection as _};

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

const SQLITE_READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 16;
/// A request waits no longer for a connection: it had better fail, or go to the spool.
const ACQUIRE: Duration = Duration::from_secs(3);
/// For PostgreSQL to answer at the start.
const CONNECT: Duration = Duration::from_secs(5);
/// Only another process can keep SQLite locked. The event log gives it two seconds, and this ends before.
pub(crate) const BUSY: Duration = Duration::from_millis(1500);

/// A limit for each connection, as a negative number of KiB (sqlite.org/pragma.html#pragma_cache_size). SQLite's own
/// 2 MB would have a report read the same pages again.
pub(crate) const CACHE_KIB: &str = "-65536";
/// 64 MB. The event log copies pages back in the background; a commit only does it when that is far behind.
pub(crate) const WAL_PAGES: &str = "16000";

/// The lock is held to the end of the transaction, so that events get their `seq` in the order of commits,
/// whichever server writes them: who has read up to a `seq` has missed nothing below it. The timeouts are
/// for a server that hangs while it holds the lock.
pub(crate) const BEGIN_IN_TURN_POSTGRES: &str = "BEGIN; SET LOCAL statement_timeout = 2000; \
     SET LOCAL idle_in_transaction_session_timeout = 5000; \
     SELECT pg_advisory_xact_lock(7235419001)";
const BEGIN_IN_TURN_SQLITE: &str = "BEGIN IMMEDIATE";

#[derive(Clone)]
pub(crate) enum Database {
    /// SQLite has one writer at a time. Here writers queue for their one connection, in order, where
    /// SQLite itself would let them poll for the lock.
    Sqlite {
        read: SqlitePool,
        write: SqlitePool,
    },
    Postgres(PgPool),
}

/// Runs an expression on the pool for reading: `reading!(database, pool => sqlx::query(…).fetch_all(pool))`.
macro_rules! reading {
    ($database:expr, $pool:ident => $run:expr) => {
        match $database {
            $crate::database::Database::Sqlite { read: $pool, .. } => $run.await,
            $crate::database::Database::Postgres($pool) => $run.await,
        }
    };
}

/// The same on the pool for writing.
macro_rules! writing {
    ($database:expr, $pool:ident => $run:expr) => {
        match $database {
            $crate::database::Database::Sqlite { write: $pool, .. } => $run.await,
            $crate::database::Database::Postgres($pool) => $run.await,
        }
    };
}

/// Executes a statement on the pool for writing, and says how many rows it touched.
macro_rules! executing {
    ($database:expr, $query:expr) => {
        match $database {
            $crate::database::Database::Sqlite { write, .. } => {
                $query.execute(write).await.map(|done| done.rows_affected())
            }
            $crate::database::Database::Postgres(pool) => {
                $query.execute(pool).await.map(|done| done.rows_affected())
            }
        }
    };
}

pub(crate) use {executing, reading, writing};

impl Database {
    /// Connects, and brings the tables up to date.
    pub(crate) async fn open(url: &str) -> Result<Self, sqlx::Error> {
        let database = Self::at(url)?;
        database.migrate().await?;
        Ok(database)
    }

    /// Connects to nothing yet. Fails when the URL is wrong.
    pub(crate) fn at(url: &str) -> Result<Self, sqlx::Error> {
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            let options = PgConnectOptions::from_str(url)?;
            let pool = PgPoolOptions::new()
                .max_connections(POSTGRES_CONNECTIONS)
                .acquire_timeout(ACQUIRE)
                .connect_lazy_with(options);
            return Ok(Self::Postgres(pool));
        }
        // SQLite would take anything for a file, a PostgreSQL server's password included.
        if !url.starts_with("sqlite:") {
            return Err(configuration(
                "the database's URL is of an unknown kind, expected sqlite:FILE or \
                 postgres://USER:PASSWORD@HOST/DATABASE",
            ));
        }
        let options = sqlite_options(url)?;
        if options.get_filename().as_os_str().is_empty() {
            return Err(configuration(
                "the database's URL names no file, expected sqlite:FILE",
            ));
        }
        make_private(options.get_filename())?;
        let write = SqlitePoolOptions::new()
            .max_connections(1)
            .acquire_timeout(ACQUIRE)
            // There is no network between, and it would be one more trip to SQLite's thread for each group.
            .test_before_acquire(false)
            .connect_lazy_with(options.clone());
        let read = SqlitePoolOptions::new()
            .max_connections(SQLITE_READERS)
            .acquire_timeout(ACQUIRE)
            .connect_lazy_with(options.read_only(true));
        Ok(Self::Sqlite { read, write })
    }

    /// Brings the tables up to date.
    pub(crate) async fn migrate(&self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite { write, .. } => SQLITE.run(write).await?,
            Self::Postgres(pool) => {
                // The pool would only say that it took too long, and not why.
                let options = pool.connect_options();
                let connected = tokio::time::timeout(CONNECT, options.connect()).await;
                let connection = connected.map_err(|_| sqlx::Error::PoolTimedOut)??;
                connection.close().await?;
                POSTGRES.run(pool).await?;
            }
        }
        Ok(())
    }

    /// Begins a transaction that takes its turn with groups of events: whoever holds it sees all before, and those
    /// behind see what it did.
    pub(crate) fn begin_in_turn(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => BEGIN_IN_TURN_SQLITE,
            Self::Postgres(_) => BEGIN_IN_TURN_POSTGRES,
        }
    }

    pub(crate) async fn close(&self) {
        match self {
            Self::Sqlite { read, write } => {
                read.close().await;
                write.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

pub(crate) fn sqlite_options(url: &str) -> Result<SqliteConnectOptions, sqlx::Error> {
    Ok(SqliteConnectOptions::from_str(url)?
        .create_if_missing(true)
        .foreign_keys(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("cache_size", CACHE_KIB)
        // What was erased is overwritten in the file.
        .pragma("secure_delete", "ON")
        .pragma("wal_autocheckpoint", WAL_PAGES)
        .busy_timeout(BUSY))
}

fn configuration(expected: &str) -> sqlx::Error {
    sqlx::Error::Configuration(expected.into())
}

/// Whether waiting may mend an error at the start: nobody has to do anything about the settings.
pub(crate) fn may_pass(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Configuration(_) | sqlx::Error::Decode(_) | sqlx::Error::Tls(_) => false,
        sqlx::Error::Migrate(migration) => match &**migration {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
                may_pass(error)
            }
            _ => false,
        },
        sqlx::Error::Database(refusal) => {
            let code = refusal.code().unwrap_or_default();
            if refusal.try_downcast_ref::<PgDatabaseError>().is_some() {
                // A user, password or database that is not there, or may not do that, or SQL that it does not know.
                return !["28", "3D", "42"]
                    .iter()
                    .any(|class| code.starts_with(class));
            }
            // The low byte is the kind: read-only, corrupt, not a database (sqlite.org/rescode.html).
            let code: u32 = code.parse().unwrap_or_default();
            ![8, 11, 26].contains(&(code & 0xff))
        }
        _ => true,
    }
}

/// Makes the file, if it is not there, for its owner only: signing keys and mail are in it. SQLite gives the
/// files beside it the same mode. What else goes wrong here SQLite says better.
fn make_private(file: &Path) -> Result<(), sqlx::Error> {
    // An URI is a database in memory.
    if file.to_string_lossy().starts_with("file:") {
        return Ok(());
    }
    let folder = file.parent().unwrap_or(Path::new(""));
    if !folder.as_os_str().is_empty() && !folder.is_dir() {
        let folder = folder.display();
        return Err(configuration(&format!(
            "the database's folder `{folder}` is not there, expected it to be"
        )));
    }
    let _ = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file);
    Ok(())
}
