//! What the log says: numbers for the pages and for the API.
//!
//! *Unique* counts a recipient once for each message, so that a rate is a share of mails. Events without a
//! recipient can't be told apart: they are in the totals, and counted as anonymous, but are neither unique nor
//! in a rate. Rates are shares of the mails that were rewritten. Which of them count is for whoever asks to choose ([`Counting`]).

mod api;
mod asked;
mod click_map;
mod comparison;
mod conversion_log;
mod conversions;
mod drawing;
mod export;
mod figures;
mod harmless;
mod links;
mod log_api;
mod messages;
mod placeholder;
mod recipient_export;
mod scope;
mod series;
mod significance;
mod span;
mod stored;
mod stored_conversions;

use axum::Router;

use crate::app::App;

pub(crate) use click_map::ClickMap;
pub(crate) use comparison::{Comparison, Name, compare, names};
pub(crate) use conversions::{Conversions, Converted};
pub(crate) use drawing::Images;
pub(crate) use export::{csv, ndjson};
pub(crate) use figures::{Figures, figures, is_known};
pub(crate) use links::{Link, links};
pub(crate) use messages::{MessageRow, kept_mail, messages};
pub(crate) use recipient_export::Export as RecipientExport;
pub(crate) use scope::{Counting, Machines, Scope, known_domain, known_or_former};
pub(crate) use series::{Bucket, Series, series};
pub(crate) use span::{MINUTE_MS, Range, Span, minute, ticks};
pub(crate) use stored::{Filter, MAX_LOOKED_THROUGH, Stored, clickers, latest, newer, timeline};

pub(crate) fn routes() -> Router<App> {
    api::routes()
        .merge(conversion_log::routes())
        .merge(log_api::routes())
}

/// A count as a number that can be divided.
fn float(count: i64) -> f64 {
    f64::from(u32::try_from(count).unwrap_or(if count < 0 { 0 } else { u32::MAX }))
}

/// A share of mails, where it is known how many there were.
fn rate(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| float(part) / float(whole))
}
