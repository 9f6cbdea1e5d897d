//! How much is stored of a domain's campaigns, and of the mail that is kept for its click maps: by number, bytes
//! and age. What is too much is deleted, the oldest first.

use std::time::Duration;

use serde::Serialize;
use tracing::{info, warn};

use crate::clock::Clock;
use crate::database::{Database, executing, reading};
use crate::options::Settings;

const EVERY: Duration = Duration::from_secs(3600);
const DAY_MS: i64 = 24 * 60 * 60 * 1000;
const MEGABYTE: i64 = 1024 * 1024;

/// Of campaigns, and the same again of kept mail.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Quota {
    pub(crate) number: i64,
    pub(crate) bytes: i64,
    pub(crate) days: i64,
}

/// What is stored of a domain.
#[derive(Debug, Serialize)]
pub(crate) struct Usage {
    pub(crate) campaigns: Kept,
    pub(crate) mail: Kept,
    pub(crate) quota: Quota,
}

#[derive(Debug, Serialize, sqlx::FromRow)]
pub(crate) struct Kept {
    pub(crate) number: i64,
    pub(crate) bytes: i64,
}

impl Quota {
    pub(crate) fn of(settings: &Settings) -> Self {
        Self {
            number: settings.kept_number.into(),
            bytes: i64::from(settings.kept_mb) * MEGABYTE,
            days: settings.kept_days.into(),
        }
    }

    pub(crate) async fn usage(
        self,
        database: &Database,
        domain: &str,
    ) -> Result<Usage, sqlx::Error> {
        let campaigns = "SELECT COUNT(*) AS number, CAST(COALESCE(SUM(OCTET_LENGTH(html)), 0) AS BIGINT) AS bytes \
             FROM campaigns WHERE domain = $1";
        let mail = "SELECT COUNT(*) AS number, CAST(COALESCE(SUM(OCTET_LENGTH(html)), 0) AS BIGINT) AS bytes \
             FROM messages WHERE domain = $1 AND html IS NOT NULL";
        Ok(Usage {
            campaigns: reading!(database, pool => sqlx::query_as(campaigns).bind(domain).fetch_one(pool))?,
            mail: reading!(database, pool => sqlx::query_as(mail).bind(domain).fetch_one(pool))?,
            quota: self,
        })
    }

    /// Deletes what is too old, every hour, for ever.
    pub(super) async fn keep(self, database: &Database, clock: &Clock) {
        loop {
            let oldest = clock.now() - self.days * DAY_MS;
            match delete_before(database, oldest).await {
                Ok(0) => {}
                Ok(deleted) => info!(
                    deleted,
                    days = self.days,
                    "campaigns and kept mail were deleted by age"
                ),
                Err(error) => {
                    warn!(%error, "campaigns and kept mail can't be deleted by age, in an hour again");
                }
            }
            tokio::time::sleep(EVERY).await;
        }
    }
}

async fn delete_before(database: &Database, oldest: i64) -> Result<u64, sqlx::Error> {
    let campaigns = executing!(
        database,
        sqlx::query("DELETE FROM campaigns WHERE created_at < $1").bind(oldest)
    )?;
    let mail = executing!(
        database,
        sqlx::query(
            "UPDATE messages SET html = NULL, kept_at = NULL \
             WHERE html IS NOT NULL AND COALESCE(kept_at, first_at) < $1"
        )
        .bind(oldest)
    )?;
    Ok(campaigns + mail)
}

/// The oldest campaigns of a domain over its quota. The newest one always stays.
pub(super) const CAMPAIGNS_OVER: &str = "DELETE FROM campaigns WHERE id IN (SELECT id FROM (\
     SELECT id, ROW_NUMBER() OVER newest AS number, SUM(OCTET_LENGTH(html)) OVER newest AS bytes \
     FROM campaigns WHERE domain = $1 WINDOW newest AS (ORDER BY created_at DESC, id DESC)) AS counted \
     WHERE number > $2 OR (bytes > $3 AND number > 1)) RETURNING id";

/// The same of kept mail.
pub(super) const MAIL_OVER: &str = "UPDATE messages SET html = NULL, kept_at = NULL \
     WHERE domain = $1 AND message IN (SELECT message FROM (\
     SELECT message, ROW_NUMBER() OVER newest AS number, SUM(OCTET_LENGTH(html)) OVER newest AS bytes \
     FROM messages WHERE domain = $1 AND html IS NOT NULL \
     WINDOW newest AS (ORDER BY COALESCE(kept_at, first_at) DESC, message)) AS counted \
     WHERE number > $2 OR (bytes > $3 AND number > 1))";
