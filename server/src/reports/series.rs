//! Clicks and opens over time.

use serde::Serialize;

use super::Scope;
use super::scope::{anonymous, bound, scoped, total, unique};
use crate::app::App;
use crate::event::Kind;
use crate::failure::Failure;
use crate::report_pool::reporting;

#[derive(Debug, Serialize)]
pub(crate) struct Series {
    #[serde(flatten)]
    pub(crate) scope: Scope,
    pub(crate) bucket_ms: i64,
    /// All of the span, in order; the first may begin before it.
    pub(crate) buckets: Vec<Bucket>,
}

#[derive(Debug, Default, Serialize)]
pub(crate) struct Bucket {
    pub(crate) at: i64,
    pub(crate) clicks: i64,
    pub(crate) unique_clicks: i64,
    pub(crate) anonymous_clicks: i64,
    pub(crate) opens: i64,
    pub(crate) unique_opens: i64,
    pub(crate) anonymous_opens: i64,
}

impl Bucket {
    fn set(&mut self, kind: &str, total: i64, unique: i64, anonymous: i64) {
        match Kind::parse(kind) {
            Some(Kind::Click) => {
                (self.clicks, self.unique_clicks) = (total, unique);
                self.anonymous_clicks = anonymous;
            }
            Some(Kind::Open) => {
                (self.opens, self.unique_opens) = (total, unique);
                self.anonymous_opens = anonymous;
            }
            None => {}
        }
    }
}

impl Series {
    pub(crate) fn is_empty(&self) -> bool {
        self.buckets
            .iter()
            .all(|bucket| bucket.clicks == 0 && bucket.opens == 0)
    }
}

pub(crate) async fn series(app: &App, scope: &Scope) -> Result<Series, Failure> {
    let mut scope = scope.clone();
    scope.span = scope
        .span
        .since_first(app, &scope.domain, scope.message.as_deref())
        .await?;
    let bucket_ms = scope.span.bucket_ms();
    let sql = scoped!(
        scope,
        concat!(
            "SELECT at / $6 * $6 AS bucket, kind, ",
            total!(),
            ", ",
            unique!(),
            ", ",
            anonymous!()
        ),
        "GROUP BY 1, 2 ORDER BY 1"
    );
    let rows: Vec<(i64, String, i64, i64, i64)> = reporting!(app, &scope.domain, connection => {
        bound!(sqlx::query_as(sql), scope).bind(bucket_ms).fetch_all(connection)
    })?;
    let mut rows = rows.into_iter().peekable();
    let mut buckets = Vec::new();
    let mut at = scope.span.from / bucket_ms * bucket_ms;
    while at < scope.span.to {
        let mut bucket = Bucket {
            at,
            ..Bucket::default()
        };
        while let Some((_, kind, total, unique, anonymous)) = rows.next_if(|row| row.0 <= at) {
            bucket.set(&kind, total, unique, anonymous);
        }
        buckets.push(bucket);
        at = at.saturating_add(bucket_ms);
    }
    Ok(Series {
        scope,
        bucket_ms,
        buckets,
    })
}
