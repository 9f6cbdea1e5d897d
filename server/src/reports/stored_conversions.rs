//! Conversions as they are stored, with the click that each is of.

use serde::Serialize;
use uuid::Uuid;

use crate::app::App;
use crate::conversions::written;
use crate::failure::Failure;
use crate::report_pool::reporting;

#[derive(Debug, Serialize)]
pub(super) struct Listed {
    pub(super) seq: i64,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) amount: Option<String>,
    pub(super) currency: Option<String>,
    pub(super) at: i64,
    pub(super) click_id: Uuid,
    /// `None`: it is not in the log, or not any more.
    pub(super) click: Option<ClickOf>,
}

#[derive(Debug, Serialize)]
pub(super) struct ClickOf {
    pub(super) at: i64,
    pub(super) message: String,
    pub(super) position: Option<i64>,
    pub(super) name: Option<String>,
    pub(super) destination: Option<String>,
}

#[derive(sqlx::FromRow)]
struct Row {
    seq: i64,
    id: String,
    name: String,
    amount: Option<i64>,
    decimals: Option<i64>,
    currency: Option<String>,
    at: i64,
    click_id: Vec<u8>,
    clicked_at: Option<i64>,
    message: Option<String>,
    position: Option<i64>,
    link: Option<String>,
    destination: Option<String>,
}

impl Row {
    fn listed(self) -> Option<Listed> {
        let amount = self.amount.zip(self.decimals);
        let click = self.clicked_at.map(|at| ClickOf {
            at,
            message: self.message.unwrap_or_default(),
            position: self.position,
            name: self.link,
            destination: self.destination,
        });
        Some(Listed {
            seq: self.seq,
            id: self.id,
            name: self.name,
            amount: amount.map(|(units, decimals)| written(units.into(), decimals)),
            currency: self.currency,
            at: self.at,
            click_id: Uuid::from_slice(&self.click_id).ok()?,
            click,
        })
    }
}

/// The conversions of a domain behind a place, with their clicks: `$1` domain, `$2` place.
macro_rules! selected {
    ($join:literal, $rest:literal) => {
        concat!(
            "SELECT conversions.seq, conversions.id, conversions.name, amount, decimals, currency, \
             conversions.at, click_id, events.at AS clicked_at, message, position, events.name AS link, \
             destination FROM conversions ",
            $join,
            " JOIN events ON events.id = click_id AND events.domain = conversions.domain AND kind = 'click' \
             WHERE conversions.domain = $1 AND conversions.seq > $2",
            $rest
        )
    };
}

pub(super) async fn page(
    app: &App,
    domain: &str,
    after: i64,
    limit: i64,
) -> Result<Vec<Listed>, Failure> {
    let rows: Vec<Row> = reporting!(app, domain, connection => {
        sqlx::query_as(
            selected!("LEFT", " ORDER BY conversions.seq LIMIT $3"),
        )
        .bind(domain)
        .bind(after)
        .bind(limit)
        .fetch_all(connection)
    })?;
    Ok(rows.into_iter().filter_map(Row::listed).collect())
}

/// Returns the conversions of a recipient's clicks that the log has at places from `after`, without it, to `up_to`.
pub(super) async fn of_recipient(
    app: &App,
    (domain, recipient): (&str, &str),
    (after, up_to): (i64, i64),
) -> Result<Vec<Listed>, Failure> {
    let rows: Vec<Row> = reporting!(app, domain, connection => {
        sqlx::query_as(
            selected!("INNER", " AND conversions.seq <= $3 AND events.recipient = $4 ORDER BY conversions.seq"),
        )
        .bind(domain)
        .bind(after)
        .bind(up_to)
        .bind(recipient)
        .fetch_all(connection)
    })?;
    Ok(rows.into_iter().filter_map(Row::listed).collect())
}

/// Returns the last place of the log of conversions, of all domains.
pub(super) async fn last_seq(app: &App, domain: &str) -> Result<i64, Failure> {
    let last: Option<i64> = reporting!(app, domain, connection => {
        sqlx::query_scalar("SELECT MAX(seq) FROM conversions").fetch_one(connection)
    })?;
    Ok(last.unwrap_or_default())
}
