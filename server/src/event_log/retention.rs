//! Deletes events that are too old to be kept. Counts of rewritten mails stay: they are about nobody.

use std::time::Duration;

use tokio::time::sleep;
use tracing::{info, warn};

use super::timeline::timeline_seq;
use crate::clock::Clock;
use crate::database::{Database, executing, reading};

const EVERY: Duration = Duration::from_secs(3600);
/// Rows of one transaction, and a pause after it: clicks wait a few milliseconds at most.
const BATCH: i64 = 500;
const PAUSE: Duration = Duration::from_millis(50);
const DAY_MILLISECONDS: i64 = 24 * 3600 * 1000;

pub(super) async fn run(database: Database, clock: Clock, days: u32) {
    loop {
        let oldest = clock.now() - i64::from(days) * DAY_MILLISECONDS;
        let deleted = match wait_for_timeline(&database).await {
            Ok(()) => delete_before(&database, oldest).await,
            Err(error) => Err(error),
        };
        match deleted {
            Ok(0) => {}
            Ok(events) => info!(events, days, "events were deleted by age"),
            Err(error) => warn!(%error, "events can't be deleted by age, in an hour again"),
        }
        sleep(EVERY).await;
    }
}

/// Returns when all events that are there now are in table `timeline`, so that they can be deleted from both.
async fn wait_for_timeline(database: &Database) -> Result<(), sqlx::Error> {
    let last: Option<i64> = reading!(database, pool => {
        sqlx::query_scalar("SELECT MAX(seq) FROM events").fetch_one(pool)
    })?;
    while timeline_seq(database).await? < last.unwrap_or_default() {
        sleep(PAUSE).await;
    }
    Ok(())
}

pub(super) async fn delete_before(database: &Database, oldest: i64) -> Result<u64, sqlx::Error> {
    // By domain, since the index on time is. Removed domains are still in the table.
    let domains: Vec<String> = reading!(database, pool => {
        sqlx::query_scalar("SELECT id FROM domains ORDER BY id").fetch_all(pool)
    })?;
    let indexed = timeline_seq(database).await?;
    let mut total = 0;
    for domain in &domains {
        loop {
            // First the way to them, so that none is left that leads nowhere.
            executing!(
                database,
                sqlx::query(
                    "DELETE FROM timeline WHERE (domain, recipient, seq) IN ( \
                     SELECT domain, recipient, seq FROM events \
                     WHERE domain = $1 AND at < $2 AND seq <= $3 ORDER BY at, seq LIMIT $4)"
                )
                .bind(domain)
                .bind(oldest)
                .bind(indexed)
                .bind(BATCH)
            )?;
            let deleted = executing!(
                database,
                sqlx::query(
                    "DELETE FROM events WHERE seq IN (SELECT seq FROM events \
                     WHERE domain = $1 AND at < $2 AND seq <= $3 ORDER BY at, seq LIMIT $4)"
                )
                .bind(domain)
                .bind(oldest)
                .bind(indexed)
                .bind(BATCH)
            )?;
            if deleted == 0 {
                break;
            }
            total += deleted;
            sleep(PAUSE).await;
        }
    }
    delete_conversions(database, oldest).await?;
    Ok(total)
}

async fn delete_conversions(database: &Database, oldest: i64) -> Result<(), sqlx::Error> {
    while executing!(
        database,
        sqlx::query(
            "DELETE FROM conversions WHERE seq IN (SELECT seq FROM conversions \
             WHERE at < $1 ORDER BY seq LIMIT $2)"
        )
        .bind(oldest)
        .bind(BATCH)
    )? > 0
    {
        sleep(PAUSE).await;
    }
    Ok(())
}
