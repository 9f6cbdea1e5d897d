//! Which links were clicked most.

use serde::Serialize;

use super::Scope;
use super::conversions::{Conversions, by_link};
use super::scope::{anonymous, bound, scoped, total, unique};
use crate::app::App;
use crate::failure::Failure;
use crate::report_pool::reporting;

#[derive(Debug, Serialize, sqlx::FromRow)]
pub(crate) struct Link {
    /// In a whole domain the first place that such a link had in any message.
    pub(crate) position: Option<i64>,
    pub(crate) name: Option<String>,
    pub(crate) destination: Option<String>,
    pub(crate) clicks: i64,
    pub(crate) unique_clicks: i64,
    pub(crate) anonymous_clicks: i64,
    #[sqlx(skip)]
    pub(crate) conversions: Conversions,
}

/// Links by clicks, most first. In a message a link is its position, name and destination (which may be another
/// one for each recipient); in a domain it is its name and destination.
pub(crate) async fn links(
    app: &App,
    scope: &Scope,
    limit: i64,
    offset: i64,
) -> Result<Vec<Link>, Failure> {
    let sql = scoped!(
        scope,
        concat!(
            "SELECT CASE WHEN $2 = '' THEN MIN(position) ELSE position_in_message END AS position, \
             name, destination, ",
            total!(),
            " AS clicks, ",
            unique!(),
            " AS unique_clicks, ",
            anonymous!(),
            " AS anonymous_clicks FROM (SELECT *, CASE WHEN $2 = '' THEN 0 ELSE position END \
             AS position_in_message"
        ),
        "AND kind = 'click') AS clicked \
         GROUP BY position_in_message, name, destination \
         ORDER BY SUM(count) DESC, 1, destination, name LIMIT $6 OFFSET $7"
    );
    let mut links: Vec<Link> = reporting!(app, &scope.domain, connection => {
        bound!(sqlx::query_as(sql), scope).bind(limit).bind(offset).fetch_all(connection)
    })?;
    let mut conversions = by_link(app, scope).await?;
    for link in &mut links {
        let place = link.position.filter(|_| scope.message.is_some());
        let key = (place, link.name.clone(), link.destination.clone());
        link.conversions = conversions.remove(&key).unwrap_or_default();
    }
    Ok(links)
}
