//! The table of campaigns, from which every server behind the same database renders.

use super::quota::{CAMPAIGNS_OVER, MAIL_OVER, Quota};
use crate::database::{Database, reading, writing};
use crate::domains::MailParameters;
use crate::nul::without_nul;

pub(super) struct Campaign {
    pub(super) id: String,
    /// The id of the ownership.
    pub(super) domain: String,
    pub(super) message: String,
    pub(super) link_parameters: MailParameters,
    pub(super) html: String,
    pub(super) created_at: i64,
}

/// Stores a campaign, and its document as the message's mail. Returns the ids of those that had to make room.
pub(super) async fn insert(
    database: &Database,
    quota: Quota,
    campaign: &Campaign,
) -> Result<Vec<String>, sqlx::Error> {
    let stated = (!campaign.link_parameters.is_of_domain()).then_some(&campaign.link_parameters);
    let parameters_json = stated
        .map(serde_json::to_string)
        .transpose()
        .map_err(|error| sqlx::Error::Encode(error.into()))?;
    writing!(database, pool => async {
        let mut transaction = pool.begin().await?;
        sqlx::query(
            "INSERT INTO campaigns (id, domain, message, html, created_at, link_parameters) \
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(&campaign.id)
        .bind(&campaign.domain)
        .bind(&campaign.message)
        .bind(campaign.html.as_bytes())
        .bind(campaign.created_at)
        .bind(parameters_json)
        .execute(&mut *transaction)
        .await?;
        sqlx::query(
            "INSERT INTO messages (domain, message, html, first_at, kept_at) VALUES ($1, $2, $3, $4, $4) \
             ON CONFLICT (domain, message) DO UPDATE SET html = excluded.html, kept_at = excluded.kept_at",
        )
        .bind(&campaign.domain)
        .bind(&campaign.message)
        .bind(without_nul(&campaign.html))
        .bind(campaign.created_at)
        .execute(&mut *transaction)
        .await?;
        let deleted = sqlx::query_scalar(CAMPAIGNS_OVER)
            .bind(&campaign.domain)
            .bind(quota.number)
            .bind(quota.bytes)
            .fetch_all(&mut *transaction)
            .await?;
        sqlx::query(MAIL_OVER)
            .bind(&campaign.domain)
            .bind(quota.number)
            .bind(quota.bytes)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(deleted)
    })
}

/// Domain, message, document, time and parameters.
type Row = (String, String, Vec<u8>, i64, Option<String>);

pub(super) async fn find(database: &Database, id: &str) -> Result<Option<Campaign>, sqlx::Error> {
    let row: Option<Row> = reading!(database, pool => {
        sqlx::query_as(
            "SELECT domain, message, html, created_at, link_parameters FROM campaigns WHERE id = $1",
        )
            .bind(id)
            .fetch_optional(pool)
    })?;
    let Some((domain, message, html, created_at, parameters)) = row else {
        return Ok(None);
    };
    let html = String::from_utf8(html).map_err(|error| sqlx::Error::Decode(error.into()))?;
    let parameters = parameters.map(|text| serde_json::from_str(&text));
    let parameters = parameters
        .transpose()
        .map_err(|error| sqlx::Error::Decode(error.into()))?;
    Ok(Some(Campaign {
        id: id.to_owned(),
        domain,
        message,
        link_parameters: parameters.unwrap_or_default(),
        html,
        created_at,
    }))
}
