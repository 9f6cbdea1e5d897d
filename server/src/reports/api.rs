//! Reports as JSON, under `/api/v1/domains/{domain}/`.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::stored::Filter;
use super::{Machines, Scope, Span, known_domain};
use crate::access::ApiCaller;
use crate::app::App;
use crate::event::{Kind, Machine};
use crate::event_log::settled_seq;
use crate::failure::{ApiFailure, Failure};

const DEFAULT_LIMIT: i64 = 100;
const MAX_LIMIT: i64 = 1000;
/// A page ends after so many events, however few of them a filter lets through.
const MAX_LOOKED_THROUGH: i64 = 100_000;

type Answer = Result<Json<Value>, ApiFailure>;
type Asked<T> = Result<Query<T>, QueryRejection>;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/domains/{domain}/stats", get(stats))
        .route("/domains/{domain}/series", get(series))
        .route("/domains/{domain}/messages", get(messages))
        .route("/domains/{domain}/links", get(links))
        .route("/domains/{domain}/names", get(names))
        .route("/domains/{domain}/timeline", get(timeline))
        .route("/domains/{domain}/events", get(events))
        .route("/domains/{domain}/events.csv", get(csv))
        .route("/domains/{domain}/events.ndjson", get(ndjson))
}

#[derive(Deserialize)]
struct ScopeQuery {
    message: Option<String>,
    machines: Option<Machines>,
    from: Option<i64>,
    to: Option<i64>,
    limit: Option<i64>,
    after: Option<String>,
}

impl ScopeQuery {
    fn scope(&self, app: &App, domain: String) -> Result<Scope, Failure> {
        let span = Span {
            from: self.from.unwrap_or_default(),
            to: self.to.unwrap_or_else(|| app.clock.now() + 1),
        };
        if span.from < 0 || span.to <= span.from {
            return Err(Failure::Invalid(format!(
                "got from {} and to {}, expected Unix milliseconds, and to after from",
                span.from, span.to
            )));
        }
        Ok(Scope {
            domain,
            message: self.message.clone(),
            machines: self.machines.unwrap_or(Machines::Exclude),
            span,
        })
    }
}

/// What every handler begins with: may the caller see the domain, and is the query one.
fn asked<T>(
    app: &App,
    ApiCaller(caller): &ApiCaller,
    domain: &str,
    query: Asked<T>,
) -> Result<T, Failure> {
    known_domain(app, caller, domain)?;
    match query {
        Ok(Query(query)) => Ok(query),
        Err(rejection) => Err(Failure::Invalid(rejection.body_text())),
    }
}

fn limited(limit: Option<i64>) -> Result<i64, Failure> {
    match limit.unwrap_or(DEFAULT_LIMIT) {
        limit @ 1..=MAX_LIMIT => Ok(limit),
        limit => Err(Failure::Invalid(format!(
            "limit is {limit}, expected 1 to {MAX_LIMIT}"
        ))),
    }
}

fn no_cursor() -> Failure {
    Failure::Invalid(
        "after is not a cursor, expected `next` or `cursor` of an earlier answer".to_owned(),
    )
}

/// A cursor of two parts: a number, and what tells ties apart.
fn parts(cursor: &str) -> Result<(i64, &str), Failure> {
    cursor
        .split_once(':')
        .and_then(|(number, rest)| Some((number.parse().ok()?, rest)))
        .ok_or_else(no_cursor)
}

/// Whether a page was full, so that there may be another.
fn is_full<T>(page: &[T], limit: i64) -> bool {
    i64::try_from(page.len()).is_ok_and(|rows| rows >= limit)
}

async fn stats(
    State(app): State<App>,
    caller: ApiCaller,
    Path(domain): Path<String>,
    query: Asked<ScopeQuery>,
) -> Answer {
    let scope = asked(&app, &caller, &domain, query)?.scope(&app, domain)?;
    Ok(Json(json!(super::figures(&app, &scope).await?)))
}

async fn series(
    State(app): State<App>,
    caller: ApiCaller,
    Path(domain): Path<String>,
    query: Asked<ScopeQuery>,
) -> Answer {
    let scope = asked(&app, &caller, &domain, query)?.scope(&app, domain)?;
    Ok(Json(json!(super::series(&app, &scope).await?)))
}

async fn messages(
    State(app): State<App>,
    caller: ApiCaller,
    Path(domain): Path<String>,
    query: Asked<ScopeQuery>,
) -> Answer {
    let query = asked(&app, &caller, &domain, query)?;
    let limit = limited(query.limit)?;
    let after = query.after.as_deref().map(parts).transpose()?;
    let machines = query.machines.unwrap_or(Machines::Exclude);
    let page = super::messages(&app, &domain, machines, after, limit).await?;
    let next = page
        .last()
        .filter(|_| is_full(&page, limit))
        .map(|last| format!("{}:{}", last.first_at, last.message));
    Ok(Json(json!({ "messages": page, "next": next })))
}

/// Ordered by clicks, so a page may repeat or miss a link whose rank changes between two pages.
async fn links(
    State(app): State<App>,
    caller: ApiCaller,
    Path(domain): Path<String>,
    query: Asked<ScopeQuery>,
) -> Answer {
    let query = asked(&app, &caller, &domain, query)?;
    let limit = limited(query.limit)?;
    let offset: i64 = match &query.after {
        Some(after) => after.parse().map_err(|_| no_cursor())?,
        None => 0,
    };
    let page = super::links(&app, &query.scope(&app, domain)?, limit, offset.max(0)).await?;
    let next = is_full(&page, limit).then(|| (offset.max(0).saturating_add(limit)).to_string());
    Ok(Json(json!({ "links": page, "next": next })))
}

async fn names(
    State(app): State<App>,
    caller: ApiCaller,
    Path(domain): Path<String>,
    query: Asked<ScopeQuery>,
) -> Answer {
    let scope = asked(&app, &caller, &domain, query)?.scope(&app, domain)?;
    let names = super::names(&app, &scope).await?;
    let comparison = super::compare(&app, &scope, &names).await?;
    Ok(Json(json!({ "names": names, "comparison": comparison })))
}

#[derive(Deserialize)]
struct TimelineQuery {
    recipient: String,
    after: Option<String>,
    limit: Option<i64>,
}

async fn timeline(
    State(app): State<App>,
    caller: ApiCaller,
    Path(domain): Path<String>,
    query: Asked<TimelineQuery>,
) -> Answer {
    let query = asked(&app, &caller, &domain, query)?;
    let limit = limited(query.limit)?;
    let before = match &query.after {
        Some(after) => {
            let (at, seq) = parts(after)?;
            (at, seq.parse().map_err(|_| no_cursor())?)
        }
        None => (i64::MAX, i64::MAX),
    };
    let page = super::timeline(&app, &domain, &query.recipient, before, limit).await?;
    let next = page
        .last()
        .filter(|_| is_full(&page, limit))
        .map(|last| format!("{}:{}", last.event.at, last.seq));
    Ok(Json(json!({ "events": page, "next": next })))
}

#[derive(Deserialize)]
struct EventsQuery {
    after: Option<String>,
    limit: Option<i64>,
    kind: Option<Kind>,
    message: Option<String>,
    recipient: Option<String>,
    machine: Option<Machine>,
    /// `false`: also what may yet be reclassified, or be joined by an event with a lower `seq`.
    settled: Option<bool>,
}

impl EventsQuery {
    fn filter(&self) -> Filter {
        Filter {
            kind: self.kind.map(Kind::as_str).unwrap_or_default().to_owned(),
            message: self.message.clone().unwrap_or_default(),
            recipient: self.recipient.clone().unwrap_or_default(),
            machine: self
                .machine
                .map(Machine::as_str)
                .unwrap_or_default()
                .to_owned(),
        }
    }

    fn is_filtered(&self) -> bool {
        self.kind.is_some()
            || self.message.is_some()
            || self.recipient.is_some()
            || self.machine.is_some()
    }
}

/// `next` is the cursor of the next page, or null when there is none now; `cursor` is where to go on later.
/// A page that a filter left little of, or nothing, may have a next one all the same.
async fn events(
    State(app): State<App>,
    caller: ApiCaller,
    Path(domain): Path<String>,
    query: Asked<EventsQuery>,
) -> Answer {
    let query = asked(&app, &caller, &domain, query)?;
    let limit = limited(query.limit)?;
    let after: i64 = match &query.after {
        Some(after) => after.parse().map_err(|_| no_cursor())?,
        None => 0,
    };
    let settled = query.settled.unwrap_or(true);
    let final_until = settled_seq(&app.database).await?;
    let far = after.saturating_add(MAX_LOOKED_THROUGH);
    let more_to_look_through = query.is_filtered() && far < final_until;
    let until = match (more_to_look_through, settled) {
        (true, _) => far,
        (false, true) => final_until,
        (false, false) => i64::MAX,
    };
    let page = super::newer(&app, &domain, &query.filter(), (after, until), limit).await?;
    let last = page.last().map_or(after, |last| last.seq);
    let full = is_full(&page, limit);
    // Whatever the filter left out up to here need not be looked at again.
    let cursor = if full {
        last
    } else {
        last.max(until.min(final_until))
    };
    let next = (full || more_to_look_through).then(|| cursor.to_string());
    Ok(Json(json!({
        "events": page,
        "next": next,
        "cursor": cursor.to_string(),
    })))
}

async fn csv(
    State(app): State<App>,
    caller: ApiCaller,
    Path(domain): Path<String>,
    query: Asked<EventsQuery>,
) -> Result<Response, ApiFailure> {
    let filter = asked(&app, &caller, &domain, query)?.filter();
    Ok(super::csv(app, caller.0, domain, filter).await?)
}

async fn ndjson(
    State(app): State<App>,
    caller: ApiCaller,
    Path(domain): Path<String>,
    query: Asked<EventsQuery>,
) -> Result<Response, ApiFailure> {
    let filter = asked(&app, &caller, &domain, query)?.filter();
    Ok(super::ndjson(app, caller.0, domain, filter).await?)
}
