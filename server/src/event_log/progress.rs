//! How far a background job has come in the log. It never goes back, whichever server says so.

use crate::database::{Database, executing, reading};

pub(super) async fn reached(database: &Database, job: &str) -> Result<i64, sqlx::Error> {
    let seq: Option<i64> = reading!(database, pool => {
        sqlx::query_scalar("SELECT seq FROM progress WHERE job = $1").bind(job).fetch_optional(pool)
    })?;
    Ok(seq.unwrap_or_default())
}

pub(super) async fn advance(database: &Database, job: &str, seq: i64) -> Result<(), sqlx::Error> {
    executing!(
        database,
        sqlx::query(
            "INSERT INTO progress (job, seq) VALUES ($1, $2) ON CONFLICT (job) DO UPDATE \
             SET seq = excluded.seq WHERE excluded.seq > progress.seq"
        )
        .bind(job)
        .bind(seq)
    )?;
    Ok(())
}
