//! Events as they are stored, page by page.
//!
//! Pages go by `seq`, the order of storing. An event is *settled* once everything before it is stored and its
//! `machine` is final; a consumer that takes settled events only, page after page, misses none, gets none twice,
//! and need not look again.

use serde::Serialize;
use uuid::Uuid;

use super::scope::{bound, counts, scoped};
use super::{Counting, Scope, Span};
use crate::app::App;
use crate::domains;
use crate::event::{Event, Kind, Machine, Reason};
use crate::event_log::timeline_seq;
use crate::failure::Failure;
use crate::level::Level;
use crate::report_pool::reporting;

/// A query looks through so many events of all domains, however few of them it finds.
pub(crate) const MAX_LOOKED_THROUGH: i64 = 100_000;

#[derive(Clone, Debug, Serialize)]
pub(crate) struct Stored {
    pub(crate) seq: i64,
    #[serde(flatten)]
    pub(crate) event: Event,
}

/// Which events of a domain; `None`: all.
#[derive(Clone, Debug)]
pub(crate) struct Filter {
    pub(crate) kind: Option<Kind>,
    pub(crate) message: Option<String>,
    pub(crate) recipient: Option<String>,
    pub(crate) machine: Option<Machine>,
    pub(crate) counting: Counting,
    pub(crate) span: Span,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            kind: None,
            message: None,
            recipient: None,
            machine: None,
            counting: Counting::All,
            span: Span {
                from: 0,
                to: i64::MAX,
            },
        }
    }
}

const NEWER: &str = concat!(
    "SELECT * FROM events WHERE domain || '' = $1 AND seq > $2 AND seq <= $3 AND kind IN ('click', 'open') \
     AND ($4 = '' OR kind = $4) AND (CAST($5 AS TEXT) IS NULL OR message = $5) \
     AND (CAST($6 AS TEXT) IS NULL OR recipient = $6) AND ($7 = '' OR machine = $7) \
     AND at >= $8 AND at < $9 AND",
    counts!("$10"),
    "ORDER BY seq LIMIT $11"
);

/// Events after one `seq` and up to another, in order.
pub(crate) async fn newer(
    app: &App,
    domain: &str,
    filter: &Filter,
    (after, until): (i64, i64),
    limit: i64,
) -> Result<Vec<Stored>, Failure> {
    let rows: Vec<Row> = reporting!(app, domain, connection => {
        sqlx::query_as(NEWER)
            .bind(domain)
            .bind(after)
            .bind(until)
            .bind(filter.kind.map(Kind::as_str).unwrap_or_default())
            .bind(&filter.message)
            .bind(&filter.recipient)
            .bind(filter.machine.map(Machine::as_str).unwrap_or_default())
            .bind(filter.span.from)
            .bind(filter.span.to)
            .bind(filter.counting.as_str())
            .bind(limit)
            .fetch_all(connection)
    })?;
    Ok(rows.into_iter().filter_map(Row::stored).collect())
}

/// The latest events, latest first.
pub(crate) async fn latest(app: &App, domain: &str, limit: i64) -> Result<Vec<Stored>, Failure> {
    let rows: Vec<Row> = reporting!(app, domain, connection => {
        sqlx::query_as("SELECT * FROM events WHERE domain = $1 ORDER BY at DESC, seq DESC LIMIT $2")
            .bind(domain)
            .bind(limit)
            .fetch_all(connection)
    })?;
    Ok(rows.into_iter().filter_map(Row::stored).collect())
}

/// One recipient's events of all messages, latest first; those before a time and `seq`.
pub(crate) async fn timeline(
    app: &App,
    domain: &str,
    recipient: &str,
    (at, seq): (i64, i64),
    limit: i64,
) -> Result<Vec<Stored>, Failure> {
    let indexed = timeline_seq(&app.database).await?;
    let rows: Vec<Row> = reporting!(app, domain, connection => {
        sqlx::query_as(
            "SELECT * FROM events WHERE seq IN ( \
             SELECT seq FROM timeline WHERE domain = $1 AND recipient = $2 UNION ALL \
             SELECT seq FROM events WHERE seq > $6 AND domain = $1 AND recipient = $2) \
             AND recipient = $2 AND at <= $3 AND (at < $3 OR seq < $4) ORDER BY at DESC, seq DESC LIMIT $5",
        )
        .bind(domain)
        .bind(recipient)
        .bind(at)
        .bind(seq)
        .bind(limit)
        .bind(indexed)
        .fetch_all(connection)
    })?;
    Ok(rows.into_iter().filter_map(Row::stored).collect())
}

/// The latest clicks of a scope, latest first.
pub(crate) async fn clickers(app: &App, scope: &Scope, limit: i64) -> Result<Vec<Stored>, Failure> {
    let sql = scoped!(
        scope,
        "SELECT *",
        "AND kind = 'click' ORDER BY at DESC, seq DESC LIMIT $6"
    );
    let rows: Vec<Row> = reporting!(app, &scope.domain, connection => {
        bound!(sqlx::query_as(sql), scope).bind(limit).fetch_all(connection)
    })?;
    Ok(rows.into_iter().filter_map(Row::stored).collect())
}

#[derive(sqlx::FromRow)]
struct Row {
    seq: i64,
    id: Vec<u8>,
    kind: String,
    domain: String,
    message: String,
    recipient: String,
    position: Option<i64>,
    name: Option<String>,
    destination: Option<String>,
    placement: Option<String>,
    at: i64,
    sent_at_s: Option<i64>,
    method: String,
    ip: Option<String>,
    user_agent: Option<String>,
    referer: Option<String>,
    accept_language: Option<String>,
    machine: String,
    reasons: String,
    count: i64,
    level: String,
}

impl Row {
    /// `None` for a row of a kind that a later version wrote.
    fn stored(self) -> Option<Stored> {
        let event = Event {
            id: Uuid::from_slice(&self.id).ok()?,
            kind: Kind::parse(&self.kind)?,
            domain: domains::name_of(&self.domain).to_owned(),
            message: self.message,
            recipient: self.recipient,
            position: self
                .position
                .and_then(|position| u32::try_from(position).ok()),
            name: self.name,
            destination: self.destination,
            placement: self.placement.and_then(|placement| placement.parse().ok()),
            at: self.at,
            sent_at: self.sent_at_s,
            method: self.method.into(),
            ip: self.ip,
            user_agent: self.user_agent,
            referer: self.referer,
            accept_language: self.accept_language,
            // A word that this version does not know is not one for a person.
            machine: Machine::parse(&self.machine).unwrap_or(Machine::Suspected),
            reasons: self.reasons.split(',').filter_map(Reason::parse).collect(),
            count: self.count,
            level: Level::parse(&self.level).unwrap_or(Level::Anonymous),
        };
        Some(Stored {
            seq: self.seq,
            event,
        })
    }
}
