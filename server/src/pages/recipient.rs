//! One recipient's clicks and opens, of all messages.

use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use maud::{Markup, html};

use super::event_table::{About, event_table};
use super::heading::heading;
use super::layout;
use super::links::{link_to, or_dash};
use super::view::View;
use crate::access::SignedIn;
use crate::app::App;
use crate::failure::PageFailure;
use crate::reports::{known_domain, timeline};

const EVENTS: i64 = 100;

pub(super) async fn show(
    State(app): State<App>,
    signed_in: SignedIn,
    Path(domain): Path<String>,
    query: Result<Query<View>, QueryRejection>,
) -> Result<Markup, PageFailure> {
    let id = known_domain(&app, &signed_in.caller, &domain)?;
    let view = View::parse(query)?;
    let recipient = view.id();
    let before = view.before.as_deref().and_then(|before| {
        let (at, seq) = before.split_once(':')?;
        Some((at.parse().ok()?, seq.parse().ok()?))
    });
    let before = before.unwrap_or((i64::MAX, i64::MAX));
    let events = timeline(&app, &id, recipient, before, EVENTS).await?;
    let full = i64::try_from(events.len()).is_ok_and(|rows| rows == EVENTS);
    let older = events.last().filter(|_| full).map(|last| {
        let before = format!("{}:{}", last.event.at, last.seq);
        link_to(
            &format!("/domains/{domain}/recipient"),
            &[("id", recipient), ("before", &before)],
        )
    });
    let body = html! {
        div.report {
            (heading(&domain, or_dash(recipient), "", &[("recipient", recipient)]))
            p.hint { "All clicks and opens of this recipient, latest first, machines' requests included." }
            @if events.is_empty() { p.empty { "Nothing is known of this recipient: no click, no open, or too long ago." } }
            @else { section { (event_table(&domain, &events, About::Recipient)) } }
            @if let Some(older) = older { p { a href=(older) { "Older" } } }
        }
    };
    Ok(layout::page(or_dash(recipient), &signed_in, &body))
}
