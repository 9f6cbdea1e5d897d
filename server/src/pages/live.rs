//! Events as they come. The page has the latest; with JavaScript more are added at the top.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures_util::stream::{self, Stream, StreamExt as _};
use maud::{Markup, html};
use serde::Deserialize;
use tokio::time::Instant;

use super::event_table::{About, event_row, event_table};
use super::heading::heading;
use super::layout;
use crate::access::{Caller, SignedIn};
use crate::app::App;
use crate::event_log::settled_seq;
use crate::failure::{Failure, PageFailure};
use crate::reports::{Filter, MAX_LOOKED_THROUGH, Stored, known_domain, latest, newer};

const EVENTS: i64 = 50;
const POLL: Duration = Duration::from_secs(1);
/// Then the browser asks again, so that a session that ended or a token that was revoked sees no more, and a
/// server that is told to stop need not wait for readers.
const STREAM: Duration = Duration::from_secs(60);

pub(super) async fn show(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(domain): Path<String>,
) -> Result<Markup, PageFailure> {
    let id = known_domain(&app, &signed_in.caller, &domain)?;
    let events = latest(&app, &id, EVENTS).await?;
    let last = events
        .iter()
        .map(|event| event.seq)
        .max()
        .unwrap_or_default();
    let path = format!("/domains/{domain}/live");
    let body = html! {
        div.report data-live={ (path) "/events?after=" (last) } {
            (heading(&domain, "Live", "Live", &[]))
            p.hint { span data-live-state="" { "The latest events." } " " a href=(path) { "Refresh" } }
            @if events.is_empty() {
                p.empty { "Nothing was clicked or opened yet. Click a link of a rewritten mail, and it shows here." }
            }
            section { (event_table(&domain, &events, About::Domain)) }
        }
        script src="/static/live.js" defer {}
    };
    Ok(layout::page("Live", &signed_in, &body))
}

#[derive(Deserialize)]
pub(super) struct After {
    after: Option<i64>,
}

struct Tail {
    app: App,
    /// Its place is taken as long as this streams.
    _caller: Caller,
    domain: String,
    /// Of the domain's ownership.
    id: String,
    seq: i64,
    end: Instant,
}

/// Rows of the page's table as JSON texts, by server-sent events. From the database, so those of all servers.
pub(super) async fn events(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(domain): Path<String>,
    Query(query): Query<After>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, PageFailure> {
    let id = known_domain(&app, &signed_in.caller, &domain)?;
    let resumed = headers
        .get("last-event-id")
        .and_then(|id| id.to_str().ok()?.parse().ok());
    let tail = Tail {
        seq: resumed.or(query.after).unwrap_or_default(),
        _caller: signed_in.caller,
        app,
        domain,
        id,
        end: Instant::now() + STREAM,
    };
    let rows = stream::unfold(tail, |mut tail| async move {
        let page = tail.wait().await?;
        let rows: Vec<_> = page
            .iter()
            .filter_map(|event| row(&tail.domain, event))
            .collect();
        Some((stream::iter(rows), tail))
    });
    Ok(Sse::new(rows.flatten().map(Ok)).keep_alive(KeepAlive::default()))
}

impl Tail {
    /// Returns the next events, or `None` when it is time to end.
    async fn wait(&mut self) -> Option<Vec<Stored>> {
        loop {
            if Instant::now() >= self.end {
                return None;
            }
            // The browser comes again by itself, and the database may be back then.
            let settled = settled_seq(&self.app.database, &self.id).await.ok()?;
            let far = self.seq.saturating_add(MAX_LOOKED_THROUGH);
            let is_behind = far < settled;
            let range = (self.seq, if is_behind { far } else { i64::MAX });
            match newer(&self.app, &self.id, &Filter::default(), range, EVENTS).await {
                Ok(page) => {
                    if let Some(last) = page.last() {
                        self.seq = last.seq;
                        return Some(page);
                    }
                    // Nothing will come below what is settled.
                    self.seq = self.seq.max(settled.min(far));
                    if is_behind {
                        continue;
                    }
                }
                Err(Failure::Busy(_) | Failure::TooMany(_)) => {}
                Err(_) => return None,
            }
            tokio::time::sleep(POLL).await;
        }
    }
}

fn row(domain: &str, event: &Stored) -> Option<Event> {
    let row = event_row(domain, event, About::Domain).into_string();
    Event::default()
        .id(event.seq.to_string())
        .json_data(row)
        .ok()
}
