//! The table of conversions.

use uuid::Uuid;

use super::amount::Amount;
use crate::database::{Database, executing, reading};

#[derive(Debug)]
pub(super) struct Conversion {
    /// The id of the ownership.
    pub(super) domain: String,
    /// The reporter's.
    pub(super) id: String,
    pub(super) click_id: Uuid,
    pub(super) name: String,
    /// With its currency.
    pub(super) amount: Option<(Amount, String)>,
    /// When it was reported first.
    pub(super) at: i64,
}

impl Conversion {
    /// Whether two reports say the same: `12.5` is `12.50`.
    pub(super) fn says_what(&self, other: &Self) -> bool {
        let parts = |conversion: &Self| {
            let amount = conversion.amount.as_ref();
            let amount = amount.map(|(amount, currency)| (amount.units, currency.clone()));
            (conversion.click_id, conversion.name.clone(), amount)
        };
        parts(self) == parts(other)
    }
}

/// `false`: there is one of this id already.
pub(super) async fn insert(database: &Database, new: &Conversion) -> Result<bool, sqlx::Error> {
    let amount = new.amount.as_ref();
    let added = executing!(
        database,
        sqlx::query(
            "INSERT INTO conversions (domain, id, click_id, name, amount, decimals, currency, at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (domain, id) DO NOTHING",
        )
        .bind(&new.domain)
        .bind(&new.id)
        .bind(new.click_id.as_bytes().to_vec())
        .bind(&new.name)
        .bind(amount.map(|(amount, _)| amount.units))
        .bind(amount.map(|(amount, _)| amount.decimals))
        .bind(amount.map(|(_, currency)| currency))
        .bind(new.at)
    )?;
    Ok(added > 0)
}

#[derive(sqlx::FromRow)]
struct Row {
    click_id: Vec<u8>,
    name: String,
    amount: Option<i64>,
    decimals: Option<i64>,
    currency: Option<String>,
    at: i64,
}

pub(super) async fn find(
    database: &Database,
    domain: &str,
    id: &str,
) -> Result<Option<Conversion>, sqlx::Error> {
    let row: Option<Row> = reading!(database, pool => {
        sqlx::query_as(
            "SELECT click_id, name, amount, decimals, currency, at FROM conversions \
             WHERE domain = $1 AND id = $2",
        )
        .bind(domain)
        .bind(id)
        .fetch_optional(pool)
    })?;
    let found = row.and_then(|row| {
        let amount = row.amount.zip(row.decimals).zip(row.currency);
        let amount =
            amount.map(|((units, decimals), currency)| (Amount { units, decimals }, currency));
        Some(Conversion {
            domain: domain.to_owned(),
            id: id.to_owned(),
            click_id: Uuid::from_slice(&row.click_id).ok()?,
            name: row.name,
            amount,
            at: row.at,
        })
    });
    Ok(found)
}

/// Whether the click is in the log: one of another domain is not.
pub(super) async fn is_logged(
    database: &Database,
    domain: &str,
    click_id: Uuid,
) -> Result<bool, sqlx::Error> {
    let found: Option<i64> = reading!(database, pool => {
        sqlx::query_scalar("SELECT seq FROM events WHERE id = $1 AND domain = $2 AND kind = 'click'")
            .bind(click_id.as_bytes().to_vec())
            .bind(domain)
            .fetch_optional(pool)
    })?;
    Ok(found.is_some())
}
