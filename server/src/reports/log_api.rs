//! The log as JSON and as files, under `/api/v1/domains/{domain}/`: events one by one, as they are stored.

use axum::extract::{Path, State};
use axum::response::Response;
use axum::routing::get;
use axum::{Json, Router};
use serde::Deserialize;
use serde_json::{Value, json};

use super::Counting;
use super::asked::{Asked, asked, is_full, limited, no_cursor, parts, span};
use super::stored::{Filter, MAX_LOOKED_THROUGH};
use crate::access::ApiCaller;
use crate::app::App;
use crate::event::{Kind, Machine};
use crate::event_log::settled_seq;
use crate::failure::{ApiFailure, Failure};

type Answer = Result<Json<Value>, ApiFailure>;

pub(super) fn routes() -> Router<App> {
    Router::new()
        .route("/domains/{domain}/timeline", get(timeline))
        .route("/domains/{domain}/events", get(events))
        .route("/domains/{domain}/events.csv", get(csv))
        .route("/domains/{domain}/events.ndjson", get(ndjson))
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
    let (id, query) = asked(&app, &caller, &domain, query)?;
    let limit = limited(query.limit)?;
    let before = match &query.after {
        Some(after) => {
            let (at, seq) = parts(after)?;
            (at, seq.parse().map_err(|_| no_cursor())?)
        }
        None => (i64::MAX, i64::MAX),
    };
    let page = super::timeline(&app, &id, &query.recipient, before, limit).await?;
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
    counting: Option<Counting>,
    from: Option<i64>,
    to: Option<i64>,
    /// `false`: also what may yet be reclassified, or be joined by an event with a lower `seq`.
    settled: Option<bool>,
}

impl EventsQuery {
    fn filter(&self) -> Result<Filter, Failure> {
        Ok(Filter {
            kind: self.kind,
            message: self.message.clone(),
            recipient: self.recipient.clone(),
            machine: self.machine,
            counting: self.counting.unwrap_or(Counting::All),
            span: span(self.from, self.to.unwrap_or(i64::MAX))?,
        })
    }
}

/// `next` is the cursor of the next page, or null when there is none now; `cursor` is where to go on later.
/// A page that a filter or other domains left little of, or nothing, may have a next one all the same.
async fn events(
    State(app): State<App>,
    caller: ApiCaller,
    Path(domain): Path<String>,
    query: Asked<EventsQuery>,
) -> Answer {
    let (id, query) = asked(&app, &caller, &domain, query)?;
    let limit = limited(query.limit)?;
    let after: i64 = match &query.after {
        Some(after) => after.parse().map_err(|_| no_cursor())?,
        None => 0,
    };
    let settled = query.settled.unwrap_or(true);
    let final_until = settled_seq(&app.database, &id).await?;
    let far = after.saturating_add(MAX_LOOKED_THROUGH);
    let more_to_look_through = far < final_until;
    let until = match (more_to_look_through, settled) {
        (true, _) => far,
        (false, true) => final_until,
        (false, false) => i64::MAX,
    };
    let page = super::newer(&app, &id, &query.filter()?, (after, until), limit).await?;
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
    let (id, query) = asked(&app, &caller, &domain, query)?;
    Ok(super::csv(app, caller.0, id, query.filter()?).await?)
}

async fn ndjson(
    State(app): State<App>,
    caller: ApiCaller,
    Path(domain): Path<String>,
    query: Asked<EventsQuery>,
) -> Result<Response, ApiFailure> {
    let (id, query) = asked(&app, &caller, &domain, query)?;
    Ok(super::ndjson(app, caller.0, id, query.filter()?).await?)
}
