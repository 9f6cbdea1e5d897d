//! Statements that change domains and keys.

use linkseal::SendingDomain;

use super::encryption::insert_key;
use super::links::{ClickParameters, LinkChange, described};
use super::store::Domain;
use super::{CnameState, IpStorage, Status};
use crate::database::{Database, executing, writing};
use crate::keyring::Keyring;
use crate::level::Level;
use zeroize::Zeroizing;

/// What is to change. `None`: stays.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub(crate) click_tracking: Option<Level>,
    pub(crate) open_tracking: Option<Level>,
    /// `Some(None)`: no tracking host any more.
    pub(crate) tracking_host: Option<Option<String>>,
    pub(crate) ip_storage: Option<IpStorage>,
    pub(crate) keep_mail: Option<bool>,
    pub(crate) links: LinkChange,
}

/// A domain to add. All settings are those of the table's defaults.
pub(super) struct New {
    pub(super) name: SendingDomain,
    pub(super) status: Status,
    pub(super) verification: String,
    pub(super) created_at: i64,
}

/// Adds an ownership of a domain, with its first key. `false`: the domain is there already.
pub(super) async fn add(
    database: &Database,
    new: &New,
    secret: &Zeroizing<Vec<u8>>,
    keyring: &Keyring,
) -> Result<bool, sqlx::Error> {
    writing!(database, pool => async {
        let mut both = pool.begin().await?;
        // Former ownerships stay in the table, so how many there are tells the next one's number.
        let id: Option<String> = sqlx::query_scalar(
            "INSERT INTO domains (id, name, status, verification, click_tracking, open_tracking, created_at) \
             SELECT CASE former.ownerships WHEN 0 THEN $1 \
             ELSE $1 || '#' || CAST(former.ownerships + 1 AS TEXT) END, $1, $2, $3, TRUE, TRUE, $4 \
             FROM (SELECT COUNT(*) AS ownerships FROM domains WHERE name = $1) AS former WHERE TRUE \
             ON CONFLICT DO NOTHING RETURNING id",
        )
        .bind(new.name.as_str())
        .bind(new.status.as_str())
        .bind(&new.verification)
        .bind(new.created_at)
        .fetch_optional(&mut *both)
        .await?;
        let Some(id) = id else {
            return Ok(false);
        };
        insert_key!(both, keyring, &id, secret, new.created_at);
        // Another server may have made one when the domain was removed already.
        sqlx::query(
            "DELETE FROM access_tokens WHERE domain IN \
             (SELECT id FROM domains WHERE name = $1 AND removed_at IS NOT NULL)",
        )
        .bind(new.name.as_str())
        .execute(&mut *both)
        .await?;
        both.commit().await?;
        Ok(true)
    })
}

/// Also forgets what DNS said of the tracking host, if that becomes another.
pub(super) async fn change(
    database: &Database,
    id: &str,
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
             click_level = COALESCE($13, click_level), open_level = COALESCE($14, open_level), \
             cname_state = CASE WHEN $6 AND tracking_host IS DISTINCT FROM $7 THEN 'unchecked' ELSE cname_state END, \
             cname_seen = CASE WHEN $6 AND tracking_host IS DISTINCT FROM $7 THEN NULL ELSE cname_seen END, \
             cname_checked_at = CASE WHEN $6 AND tracking_host IS DISTINCT FROM $7 THEN NULL ELSE cname_checked_at END, \
             tracking_host = CASE WHEN $6 THEN $7 ELSE tracking_host END, \
             link_parameters = CASE WHEN $8 THEN $9 ELSE link_parameters END, \
             click_parameters = CASE WHEN $10 THEN $11 ELSE click_parameters END, \
             sealed_tokens = COALESCE($12, sealed_tokens) \
             WHERE id = $1 AND removed_at IS NULL",
        )
        .bind(id)
        .bind(change.click_tracking.map(is_on))
        .bind(change.open_tracking.map(is_on))
        .bind(change.ip_storage.map(IpStorage::as_str))
        .bind(change.keep_mail)
        .bind(change.tracking_host.is_some())
        .bind(change.tracking_host.as_ref().and_then(Option::as_deref))
        .bind(parameters.is_some())
        .bind(parameters_json.map(|json| json.to_string()))
        .bind(at_click.is_some())
        .bind(at_click_json.map(|json| json.to_string()))
        .bind(*sealed_tokens)
        .bind(change.click_tracking.map(Level::as_str))
        .bind(change.open_tracking.map(Level::as_str))
    )?;
    Ok(())
}

/// For servers of the version before, which know a switch only.
fn is_on(level: Level) -> bool {
    level > Level::Off
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
             WHERE id = $1 AND tracking_host = $2",
        )
        .bind(&domain.id)
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
    id: &str,
    secret: &Zeroizing<Vec<u8>>,
    keyring: &Keyring,
    now: i64,
) -> Result<(), sqlx::Error> {
    writing!(database, pool => async {
        let mut both = pool.begin().await?;
        sqlx::query("UPDATE signing_keys SET retired_at = $2 WHERE domain = $1 AND retired_at IS NULL")
            .bind(id)
            .bind(now)
            .execute(&mut *both)
            .await?;
        insert_key!(both, keyring, id, secret, now);
        both.commit().await
    })
}

/// Keys stay, since old links are still clicked; access tokens of the domain go.
pub(super) async fn remove(database: &Database, id: &str, now: i64) -> Result<(), sqlx::Error> {
    writing!(database, pool => async {
        let mut both = pool.begin().await?;
        sqlx::query("UPDATE domains SET removed_at = $2 WHERE id = $1 AND removed_at IS NULL")
            .bind(id)
            .bind(now)
            .execute(&mut *both)
            .await?;
        sqlx::query("DELETE FROM access_tokens WHERE domain = $1")
            .bind(id)
            .execute(&mut *both)
            .await?;
        both.commit().await
    })
}

/// Only of a removed one.
pub(super) async fn ask_deletion(
    database: &Database,
    id: &str,
    now: i64,
) -> Result<(), sqlx::Error> {
    executing!(
        database,
        sqlx::query(
            "UPDATE domains SET deletion_asked_at = COALESCE(deletion_asked_at, $2) \
             WHERE id = $1 AND removed_at IS NOT NULL"
        )
        .bind(id)
        .bind(now)
    )?;
    Ok(())
}

pub(super) async fn deleted(database: &Database, id: &str, now: i64) -> Result<(), sqlx::Error> {
    executing!(
        database,
        sqlx::query("UPDATE domains SET deleted_at = COALESCE(deleted_at, $2) WHERE id = $1")
            .bind(id)
            .bind(now)
    )?;
    Ok(())
}
