//! The messages of a domain.

use serde::Serialize;

use super::conversions::{Conversions, by_message};
use super::scope::counts;
use super::{Counting, Scope, Span, rate};
use crate::app::App;
use crate::database::reading;
use crate::failure::Failure;
use crate::report_pool::reporting;

/// A message with its counts since it was first sent.
#[derive(Debug, Serialize)]
pub(crate) struct MessageRow {
    pub(crate) message: String,
    pub(crate) first_at: i64,
    pub(crate) mails: i64,
    pub(crate) clicks: i64,
    pub(crate) unique_clicks: i64,
    pub(crate) anonymous_clicks: i64,
    pub(crate) click_rate: Option<f64>,
    pub(crate) opens: i64,
    pub(crate) unique_opens: i64,
    pub(crate) anonymous_opens: i64,
    pub(crate) open_rate: Option<f64>,
    pub(crate) conversions: Conversions,
}

#[derive(sqlx::FromRow)]
struct Row {
    message: String,
    first_at: i64,
    mails: i64,
    clicks: i64,
    unique_clicks: i64,
    anonymous_clicks: i64,
    opens: i64,
    unique_opens: i64,
    anonymous_opens: i64,
}

impl From<Row> for MessageRow {
    fn from(row: Row) -> Self {
        Self {
            click_rate: rate(row.unique_clicks, row.mails),
            open_rate: rate(row.unique_opens, row.mails),
            message: row.message,
            first_at: row.first_at,
            mails: row.mails,
            clicks: row.clicks,
            unique_clicks: row.unique_clicks,
            anonymous_clicks: row.anonymous_clicks,
            opens: row.opens,
            unique_opens: row.unique_opens,
            anonymous_opens: row.anonymous_opens,
            conversions: Conversions::default(),
        }
    }
}

/// Latest first; those after a message's time and id, when one is given.
pub(crate) async fn messages(
    app: &App,
    domain: &str,
    counting: Counting,
    after: Option<(i64, &str)>,
    limit: i64,
) -> Result<Vec<MessageRow>, Failure> {
    let (at, message) = after.unwrap_or((i64::MAX, ""));
    let rows: Vec<Row> = reporting!(app, domain, connection => {
        sqlx::query_as(PAGE)
            .bind(domain)
            .bind(at)
            .bind(message)
            .bind(limit)
            .bind(counting.as_str())
            .fetch_all(connection)
    })?;
    let mut messages: Vec<_> = rows.into_iter().map(MessageRow::from).collect();
    let mut conversions = by_message(app, &whole(domain, counting)).await?;
    for row in &mut messages {
        row.conversions = conversions.remove(&row.message).unwrap_or_default();
    }
    Ok(messages)
}

fn whole(domain: &str, counting: Counting) -> Scope {
    Scope {
        domain: domain.to_owned(),
        message: None,
        counting,
        span: Span {
            from: 0,
            to: i64::MAX,
        },
    }
}

const PAGE: &str = concat!(
    "WITH page AS (\
    SELECT message, MIN(at) AS first_at FROM (\
        SELECT message, first_at AS at FROM messages WHERE domain = $1 \
        UNION ALL SELECT message, at FROM rewritten WHERE domain = $1\
    ) AS seen GROUP BY message \
    HAVING MIN(at) < $2 OR (MIN(at) = $2 AND message > $3) \
    ORDER BY MIN(at) DESC, message LIMIT $4\
), counted AS (\
    SELECT message, kind, CAST(SUM(count) AS BIGINT) AS total, \
    CAST(SUM(CASE WHEN recipient = '' THEN count ELSE 0 END) AS BIGINT) AS anonymous, \
    COUNT(DISTINCT CASE WHEN recipient <> '' THEN recipient END) AS recipients \
    FROM events WHERE domain = $1 AND message IN (SELECT message FROM page) AND",
    counts!("$5"),
    "GROUP BY message, kind\
) SELECT message, first_at, \
    (SELECT CAST(COALESCE(SUM(mails), 0) AS BIGINT) FROM rewritten \
     WHERE domain = $1 AND message = page.message) AS mails, \
    COALESCE((SELECT total FROM counted \
     WHERE message = page.message AND kind = 'click'), 0) AS clicks, \
    COALESCE((SELECT recipients FROM counted \
     WHERE message = page.message AND kind = 'click'), 0) AS unique_clicks, \
    COALESCE((SELECT anonymous FROM counted \
     WHERE message = page.message AND kind = 'click'), 0) AS anonymous_clicks, \
    COALESCE((SELECT total FROM counted \
     WHERE message = page.message AND kind = 'open'), 0) AS opens, \
    COALESCE((SELECT recipients FROM counted \
     WHERE message = page.message AND kind = 'open'), 0) AS unique_opens, \
    COALESCE((SELECT anonymous FROM counted \
     WHERE message = page.message AND kind = 'open'), 0) AS anonymous_opens \
 FROM page ORDER BY first_at DESC, message"
);

/// The mail as it was handed in, if it was kept. `None`: nothing is known of the message.
pub(crate) async fn kept_mail(
    app: &App,
    domain: &str,
    message: &str,
) -> Result<Option<Option<String>>, sqlx::Error> {
    reading!(&app.database, pool => {
        sqlx::query_scalar("SELECT html FROM messages WHERE domain = $1 AND message = $2")
            .bind(domain)
            .bind(message)
            .fetch_optional(pool)
    })
}
