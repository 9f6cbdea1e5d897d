//! Keeps table `timeline`, the index of events by recipient, a little behind the log.
//!
//! Kept by each commit, it would double what a group of events costs: 128 events of 128 recipients touch 128
//! pages. Here it takes a small part of the time, however busy the log is, and what it has not come to yet
//! is found without it.

use std::time::{Duration, Instant};

use tokio::time::sleep;
use tracing::warn;

use super::progress;
use crate::database::{Database, executing, reading};

/// Events of one transaction: clicks wait a few milliseconds for it.
const BATCH: i64 = 256;
/// How long it rests, in terms of how long it worked.
const REST: u32 = 15;
const IDLE: Duration = Duration::from_millis(500);
const JOB: &str = "timeline";

/// Returns up to which `seq` events are in table `timeline`.
pub(crate) async fn timeline_seq(database: &Database) -> Result<i64, sqlx::Error> {
    progress::reached(database, JOB).await
}

pub(super) async fn run(database: Database) {
    loop {
        let started = Instant::now();
        match pass(&database).await {
            Ok(true) => sleep(started.elapsed() * REST).await,
            Ok(false) => sleep(IDLE).await,
            Err(error) => {
                warn!(%error, "events can't be sorted by recipient");
                sleep(IDLE).await;
            }
        }
    }
}

/// Returns whether there was something to do. Done twice, by two servers, it changes nothing.
pub(super) async fn pass(database: &Database) -> Result<bool, sqlx::Error> {
    let done = timeline_seq(database).await?;
    let last: Option<i64> = reading!(database, pool => {
        sqlx::query_scalar(
            "SELECT MAX(seq) FROM (SELECT seq FROM events WHERE seq > $1 ORDER BY seq LIMIT $2) AS news",
        )
        .bind(done)
        .bind(BATCH)
        .fetch_one(pool)
    })?;
    let Some(last) = last else {
        return Ok(false);
    };
    executing!(
        database,
        sqlx::query(
            "INSERT INTO timeline (domain, recipient, seq) SELECT domain, recipient, seq FROM events \
             WHERE seq > $1 AND seq <= $2 AND recipient <> '' ORDER BY domain, recipient, seq \
             ON CONFLICT DO NOTHING"
        )
        .bind(done)
        .bind(last)
    )?;
    progress::advance(database, JOB, last).await?;
    Ok(true)
}
