//! What the database knows of the TXT record that proves who owns a domain.

use super::Domain;
use crate::database::{Database, executing, writing};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// A domain lapses when its record has been missing for so long, and was looked for as often.
const DAYS: i64 = 3;

/// What the daily look for the record of a validated domain said.
#[derive(
    Clone, Debug, Default, Eq, PartialEq, sqlx::FromRow, serde::Deserialize, serde::Serialize,
)]
pub(crate) struct Proof {
    #[sqlx(rename = "txt_checked_at")]
    pub(crate) checked_at: Option<i64>,
    #[sqlx(rename = "txt_missing_since")]
    pub(crate) missing_since: Option<i64>,
    pub(crate) lapsed_at: Option<i64>,
}

impl Proof {
    pub(super) fn is_due(&self, now: i64) -> bool {
        self.checked_at.is_none_or(|at| at <= now - DAY_MS)
    }
}

/// The record was there: the domain is validated, or still is, or is again. The value must still be the one that was looked
/// for.
pub(super) async fn found(
    database: &Database,
    domain: &Domain,
    now: i64,
) -> Result<(), sqlx::Error> {
    executing!(
        database,
        sqlx::query(
            "UPDATE domains SET status = 'validated', validated_at = COALESCE(validated_at, $3), \
             txt_checked_at = $3, txt_missing_since = NULL, txt_misses = 0, lapsed_at = NULL \
             WHERE id = $1 AND verification = $2 AND status IN ('pending', 'validated') AND removed_at IS NULL",
        )
        .bind(&domain.id)
        .bind(&domain.verification)
        .bind(now)
    )?;
    Ok(())
}

/// The record of a validated domain was not there. Counts once a day, however many servers look. Returns whether the
/// domain has lapsed by that.
pub(super) async fn missed(
    database: &Database,
    domain: &Domain,
    now: i64,
) -> Result<bool, sqlx::Error> {
    let lapsed_at: Option<Option<i64>> = writing!(database, pool => {
        sqlx::query_scalar(
            "UPDATE domains SET txt_checked_at = $3, txt_misses = txt_misses + 1, \
             txt_missing_since = COALESCE(txt_missing_since, $3), \
             lapsed_at = CASE WHEN txt_misses >= $5 AND txt_missing_since <= $6 THEN $3 END \
             WHERE id = $1 AND verification = $2 AND status = 'validated' AND lapsed_at IS NULL \
             AND removed_at IS NULL AND (txt_checked_at IS NULL OR txt_checked_at <= $4) RETURNING lapsed_at",
        )
        .bind(&domain.id)
        .bind(&domain.verification)
        .bind(now)
        .bind(now - DAY_MS)
        .bind(DAYS - 1)
        .bind(now - DAYS * DAY_MS)
        .fetch_optional(pool)
    })?;
    Ok(lapsed_at.flatten().is_some())
}
