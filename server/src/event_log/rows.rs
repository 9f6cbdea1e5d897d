//! Events as rows of the table, in what both databases take.

use std::borrow::Cow;

use linkseal::PixelPosition;
use serde::Serialize;

use super::agreed::Agreed;
use crate::event::{Event, Reason};
use crate::nul::without_nul;

/// Columns in the order of the statements.
#[derive(Serialize)]
struct Row<'a>(
    uuid::fmt::Simple,
    &'static str,
    Cow<'a, str>,
    Cow<'a, str>,
    Cow<'a, str>,
    Option<u32>,
    Option<Cow<'a, str>>,
    Option<Cow<'a, str>>,
    Option<PixelPosition>,
    i64,
    Option<i64>,
    Cow<'a, str>,
    &'a Option<String>,
    Option<Cow<'a, str>>,
    Option<Cow<'a, str>>,
    Option<Cow<'a, str>>,
    &'static str,
    String,
    i64,
    &'static str,
);

/// All rows are one parameter: so there is one statement to prepare, however many they are.
pub(super) fn rows(agreed: &Agreed, events: &[Event]) -> Result<String, serde_json::Error> {
    let events: Vec<_> = events
        .iter()
        .filter_map(|event| agreed.event(event))
        .collect();
    let rows: Vec<_> = events.iter().map(|event| row(event)).collect();
    serde_json::to_string(&rows)
}

fn row(event: &Event) -> Row<'_> {
    Row(
        event.id.simple(),
        event.kind.as_str(),
        without_nul(&event.domain),
        without_nul(&event.message),
        without_nul(&event.recipient),
        event.position,
        event.name.as_deref().map(without_nul),
        event.destination.as_deref().map(without_nul),
        event.placement,
        event.at,
        event.sent_at,
        without_nul(&event.method),
        &event.ip,
        event.user_agent.as_deref().map(without_nul),
        event.referer.as_deref().map(without_nul),
        event.accept_language.as_deref().map(without_nul),
        event.machine.as_str(),
        reasons(&event.reasons),
        event.count,
        event.level.as_str(),
    )
}

pub(super) fn reasons(reasons: &[Reason]) -> String {
    let words: Vec<_> = reasons.iter().map(|reason| reason.as_str()).collect();
    words.join(",")
}
