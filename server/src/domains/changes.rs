//! Statements that change domains and keys.

use super::links::{ClickParameters, LinkChange, described};
use super::store::Domain;
use super::{CnameState, IpStorage, Status};
use crate::database::{Database, executing, writing};
use zeroize::Zeroizing;

/// What is to change. `None`: stays.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub(crate) click_tracking: Option<bool>,
    pub(crate) open_tracking: Option<bool>,
    /// `Some(None)`: no tracking host any more.
    pub(crate) tracking_host: Option<Option<String>>,
    pub(crate) ip_storage: Option<IpStorage>,
    pub(crate) keep_mail: Option<bool>,
    pub(crate) links: LinkChange,
}

/// Adds a domain with its first key, or revives a removed one. `false`: it is there already.
pub(super) async fn add(
    database: &Database,
    domain: &Domain,
    secret: &Zeroizing<Vec<u8>>,
) -> Result<bool, sqlx::Error> {
    writing!(database, pool => async {
        let mut both = pool.begin().await?;
        let added = sqlx::query(
            "INSERT INTO domains (name, status, verification, click_tracking, open_tracking, ip_storage, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) \
             ON CONFLICT (name) DO UPDATE SET status = excluded.status, verification = excluded.verification, \
             cname_state = 'unchecked', cname_seen = NULL, cname_checked_at = NULL, validated_at = NULL, \
             link_parameters = NULL, click_parameters = NULL, sealed_tokens = FALSE, \
             removed_at = NULL WHERE domains.removed_at IS NOT NULL",
        )
        .bind(domain.name.as_str())
        .bind(domain.status.as_str())
        .bind(&domain.verification)
        .bind(domain.click_tracking)
        .bind(domain.open_tracking)
        .bind(domain.ip_storage.as_str())
        .bind(domain.created_at)
        .execute(&mut *both)
        .await?
        .rows_affected();
        if added == 0 {
            return Ok(false);
        }
        // One that is revived may belong to somebody else now.
        sqlx::query("DELETE FROM access_tokens WHERE domain = $1")
            .bind(domain.name.as_str())
            .execute(&mut *both)
            .await?;
        // It has its keys still.
        sqlx::query(
            "INSERT INTO signing_keys (domain, secret, created_at) SELECT $1, $2, $3 \
             WHERE NOT EXISTS (SELECT 1 FROM signing_keys WHERE domain = $1 AND retired_at IS NULL)",
        )
        .bind(domain.name.as_str())
        .bind(secret.as_slice())
        .bind(domain.created_at)
        .execute(&mut *both)
        .await?;
        both.commit().await?;
        Ok(true)
    })
}

/// Also forgets what DNS said of the tracking host, if that becomes another.
pub(super) async fn change(
    database: &Database,
    name: &str,
    change: &Change,
) -> Result<(), sqlx::Error> {
    let LinkChange {
        parameters,
        at_click,
        sealed_tokens,
    } = &change.links;
    let parameters_json = parameters.as_ref().and_then(Option::as_ref).map(described);
    let at_click_json = at_click
        .as_ref()
        .and_then(Option::as_ref)
        .map(ClickParameters::described);
    executing!(
        database,
        sqlx::query(
            "UPDATE domains SET click_tracking = COALESCE($2, click_tracking), \
             open_tracking = COALESCE($3, open_tracking), ip_storage = COALESCE($4, ip_storage), \
             keep_mail = COALESCE($5, keep_mail), \
             cname_state = CASE WHEN $6 AND tracking_host IS DISTINCT FROM $7 THEN 'unchecked' ELSE cname_state END, \
             cname_seen = CASE WHEN $6 AND tracking_host IS DISTINCT FROM $7 THEN NULL ELSE cname_seen END, \
             cname_checked_at = CASE WHEN $6 AND tracking_host IS DISTINCT FROM $7 THEN NULL ELSE cname_checked_at END, \
             tracking_host = CASE WHEN $6 THEN $7 ELSE tracking_host END, \
             link_parameters = CASE WHEN $8 THEN $9 ELSE link_parameters END, \
             click_parameters = CASE WHEN $10 THEN $11 ELSE click_parameters END, \
             sealed_tokens = COALESCE($12, sealed_tokens) \
             WHERE name = $1 AND removed_at IS NULL",
        )
        .bind(name)
        .bind(change.click_tracking)
        .bind(change.open_tracking)
        .bind(change.ip_storage.map(IpStorage::as_str))
        .bind(change.keep_mail)
        .bind(change.tracking_host.is_some())
        .bind(change.tracking_host.as_ref().and_then(Option::as_deref))
        .bind(parameters.is_some())
        .bind(parameters_json.map(|json| json.to_string()))
        .bind(at_click.is_some())
        .bind(at_click_json.map(|json| json.to_string()))
        .bind(*sealed_tokens)
    )?;
    Ok(())
}

/// The verification value must still be the one that was looked for.
pub(super) async fn validated(
    database: &Database,
    domain: &Domain,
    now: i64,
) -> Result<(), sqlx::Error> {
    executing!(
        database,
        sqlx::query(
            "UPDATE domains SET status = $3, validated_at = $4 \
             WHERE name = $1 AND verification = $2 AND status = 'pending' AND removed_at IS NULL",
        )
        .bind(domain.name.as_str())
        .bind(&domain.verification)
        .bind(Status::Validated.as_str())
        .bind(now)
    )?;
    Ok(())
}

/// The tracking host must still be the one that was asked for.
pub(super) async fn cname_checked(
    database: &Database,
    domain: &Domain,
    state: CnameState,
    seen: Option<&str>,
    now: i64,
) -> Result<(), sqlx::Error> {
    executing!(
        database,
        sqlx::query(
            "UPDATE domains SET cname_state = $3, cname_seen = $4, cname_checked_at = $5 \
             WHERE name = $1 AND tracking_host = $2",
        )
        .bind(domain.name.as_str())
        .bind(domain.tracking_host.as_deref())
        .bind(state.as_str())
        .bind(seen)
        .bind(now)
    )?;
    Ok(())
}

/// The new key signs, all others only verify.
pub(super) async fn rotate_key(
    database: &Database,
    name: &str,
    secret: &Zeroizing<Vec<u8>>,
    now: i64,
) -> Result<(), sqlx::Error> {
    writing!(database, pool => async {
        let mut both = pool.begin().await?;
        sqlx::query("UPDATE signing_keys SET retired_at = $2 WHERE domain = $1 AND retired_at IS NULL")
            .bind(name)
            .bind(now)
            .execute(&mut *both)
            .await?;
        sqlx::query("INSERT INTO signing_keys (domain, secret, created_at) VALUES ($1, $2, $3)")
            .bind(name)
            .bind(secret.as_slice())
            .bind(now)
            .execute(&mut *both)
            .await?;
        both.commit().await
    })
}

/// Keys stay, since old links are still clicked; access tokens of the domain go.
pub(super) async fn remove(database: &Database, name: &str, now: i64) -> Result<(), sqlx::Error> {
    writing!(database, pool => async {
        let mut both = pool.begin().await?;
        sqlx::query("UPDATE domains SET removed_at = $2 WHERE name = $1 AND removed_at IS NULL")
            .bind(name)
            .bind(now)
            .execute(&mut *both)
            .await?;
        sqlx::query("DELETE FROM access_tokens WHERE domain = $1")
            .bind(name)
            .execute(&mut *both)
            .await?;
        both.commit().await
    })
}
