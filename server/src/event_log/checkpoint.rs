//! Copies SQLite's write-ahead log back into the database file, on a connection of its own.
//!
//! SQLite by itself does so within a commit, every 1000 pages, and all clicks of that moment wait. A passive
//! checkpoint stops nobody (sqlite.org/wal.html, "Checkpointing").

use std::time::Duration;

use sqlx::{ConnectOptions as _, Connection as _, SqliteConnection};
use tokio::time::sleep;
use tracing::warn;

use crate::database::Database;

/// Often, so that there is little each time: a sync of the log waits behind what is written back.
const EVERY: Duration = Duration::from_millis(100);
/// All writers wait for a checkpoint that leaves nothing behind, and it for readers.
const READERS_PATIENCE: Duration = Duration::from_millis(50);

/// Never ends. There is nothing to do on PostgreSQL.
pub(super) async fn run(database: Database) {
    let Database::Sqlite { write, .. } = database else {
        return;
    };
    let mut connection: Option<SqliteConnection> = None;
    loop {
        sleep(EVERY).await;
        let done = match connection.take() {
            Some(open) => checkpoint(open).await,
            None => match write.connect_options().connect().await {
                Ok(open) => checkpoint(open).await,
                Err(error) => Err(error),
            },
        };
        match done {
            Ok(open) => connection = Some(open),
            Err(error) => warn!(%error, "the write-ahead log can't be copied back"),
        }
    }
}

async fn checkpoint(mut connection: SqliteConnection) -> Result<SqliteConnection, sqlx::Error> {
    sqlx::query("PRAGMA wal_checkpoint(PASSIVE)")
        .execute(&mut connection)
        .await?;
    Ok(connection)
}

/// Empties the write-ahead log, where what was erased still stands. `false`: somebody reads it, ask again.
pub(crate) async fn empty_write_ahead_log(database: &Database) -> Result<bool, sqlx::Error> {
    let Database::Sqlite { write, .. } = database else {
        return Ok(true);
    };
    let options = (*write.connect_options()).clone();
    let mut connection = options.busy_timeout(READERS_PATIENCE).connect().await?;
    let turn = write.acquire().await?;
    let (is_busy, _, _): (i64, i64, i64) = sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)")
        .fetch_one(&mut connection)
        .await?;
    drop(turn);
    connection.close().await?;
    Ok(is_busy == 0)
}
