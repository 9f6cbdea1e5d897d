//! The tables of what was agreed with recipients.

use super::agreement::{Agreement, Row, columns};
use super::pseudonym::RecipientKey;
use crate::database::{Database, reading, writing};
use crate::level::Level;

/// `None`: stays.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub(crate) click_tracking: Option<Level>,
    pub(crate) open_tracking: Option<Level>,
}

/// Made when it is first needed. Two servers that make one at the same time get the same.
pub(super) const MAKE_KEY: &str =
    "INSERT INTO recipient_keys (domain, secret) VALUES ($1, $2) ON CONFLICT (domain) DO NOTHING";
pub(super) const KEY: &str = "SELECT secret FROM recipient_keys WHERE domain = $1";

/// Returns the keyed hash of a recipient, in a transaction, and makes the domain's key where there is none.
macro_rules! make_pseudonym {
    ($transaction:ident, $domain:expr, $recipient:expr, $new_key:expr) => {{
        sqlx::query($crate::recipients::stored::MAKE_KEY)
            .bind($domain)
            .bind($new_key.secret())
            .execute(&mut *$transaction)
            .await?;
        let secret = sqlx::query_scalar($crate::recipients::stored::KEY)
            .bind($domain)
            .fetch_one(&mut *$transaction)
            .await?;
        $crate::recipients::RecipientKey::new(secret).pseudonym($recipient)
    }};
}

pub(super) use make_pseudonym;

/// `None`: the domain has no key yet, so nothing is stored of any recipient.
pub(super) async fn find_pseudonym(
    database: &Database,
    domain: &str,
    recipient: &str,
) -> Result<Option<String>, sqlx::Error> {
    let secret: Option<Vec<u8>> =
        reading!(database, pool => sqlx::query_scalar(KEY).bind(domain).fetch_optional(pool))?;
    Ok(secret.map(|secret| RecipientKey::new(secret).pseudonym(recipient)))
}

/// A level that was raised keeps the lower one for the events of the time before.
const CHANGE: &str = "INSERT INTO recipients (domain, pseudonym, click_level, open_level, changed_at) \
     VALUES ($1, $2, COALESCE($3, 2), COALESCE($4, 2), $5) \
     ON CONFLICT (domain, pseudonym) DO UPDATE SET \
     earlier_click_level = CASE WHEN $3 > recipients.click_level \
     AND recipients.click_level < recipients.earlier_click_level \
     THEN recipients.click_level ELSE recipients.earlier_click_level END, \
     earlier_open_level = CASE WHEN $4 > recipients.open_level \
     AND recipients.open_level < recipients.earlier_open_level \
     THEN recipients.open_level ELSE recipients.earlier_open_level END, \
     raised_at = CASE WHEN $3 > recipients.click_level OR $4 > recipients.open_level \
     THEN $5 ELSE recipients.raised_at END, \
     click_level = COALESCE($3, recipients.click_level), \
     open_level = COALESCE($4, recipients.open_level), changed_at = $5";

const FIND: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM recipients WHERE domain = $1 AND pseudonym = $2"
);

/// Counts for every event that is stored from now on. Returns what is agreed now.
pub(crate) async fn change(
    database: &Database,
    domain: &str,
    recipient: &str,
    change: &Change,
    now: i64,
) -> Result<Agreement, sqlx::Error> {
    let new_key = RecipientKey::random();
    let row: Row = writing!(database, pool => async {
        let mut transaction = pool.begin().await?;
        let pseudonym = make_pseudonym!(transaction, domain, recipient, new_key);
        sqlx::query(CHANGE)
            .bind(domain)
            .bind(&pseudonym)
            .bind(change.click_tracking.map(Level::rank))
            .bind(change.open_tracking.map(Level::rank))
            .bind(now)
            .execute(&mut *transaction)
            .await?;
        let row = sqlx::query_as(FIND)
            .bind(domain)
            .bind(&pseudonym)
            .fetch_one(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok::<_, sqlx::Error>(row)
    })?;
    Ok(row.into())
}

/// `None`: nothing was ever agreed with them.
pub(crate) async fn find(
    database: &Database,
    domain: &str,
    recipient: &str,
) -> Result<Option<Agreement>, sqlx::Error> {
    let Some(pseudonym) = find_pseudonym(database, domain, recipient).await? else {
        return Ok(None);
    };
    let row: Option<Row> = reading!(database, pool => {
        sqlx::query_as(FIND).bind(domain).bind(&pseudonym).fetch_optional(pool)
    })?;
    Ok(row.map(Agreement::from))
}
