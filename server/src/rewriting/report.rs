//! The library's report as JSON: whole, so that a sender sees what was left alone and why.

use linkseal::{Link, PixelOutcome, Report, TrackingLevel, Untouched};
use serde::Serialize;

use crate::app::App;
use crate::domains::{Known, Status};

#[derive(Serialize)]
pub(super) struct ReportJson<'a> {
    tracked: usize,
    skipped: usize,
    /// Why the mail went out as it came, also where the library was not asked; `null` when it was rewritten.
    untouched: Option<&'static str>,
    pixel: PixelOutcome,
    /// The lowest level of domain, request and recipient.
    click_tracking: TrackingLevel,
    open_tracking: TrackingLevel,
    input_bytes: u64,
    output_bytes: u64,
    gmail_clips: bool,
    links: &'a [Link],
}

impl<'a> From<&'a Report> for ReportJson<'a> {
    fn from(report: &'a Report) -> Self {
        Self {
            tracked: report.tracked(),
            skipped: report.skipped(),
            untouched: report.untouched().map(Untouched::as_str),
            pixel: report.pixel(),
            click_tracking: report.click_tracking(),
            open_tracking: report.open_tracking(),
            input_bytes: report.input_bytes(),
            output_bytes: report.output_bytes(),
            gmail_clips: report.gmail_clips(),
            links: report.links(),
        }
    }
}

impl ReportJson<'static> {
    /// For a domain whose mail the library did not even see.
    pub(super) fn unseen(app: &App, known: &Known, html: &str) -> Self {
        let has_host =
            app.registry.default_host().is_some() || known.domain.tracking_host.is_some();
        let bytes = u64::try_from(html.len()).unwrap_or(u64::MAX);
        Self {
            tracked: 0,
            skipped: 0,
            untouched: Some(match known.domain.status {
                Status::External => Untouched::DomainExternal.as_str(),
                Status::Lapsed => "domain_lapsed",
                Status::Pending => Untouched::DomainPending.as_str(),
                Status::Validated if has_host => "tracking_host_not_ready",
                Status::Validated => "no_tracking_host",
            }),
            pixel: PixelOutcome::Off,
            click_tracking: TrackingLevel::Off,
            open_tracking: TrackingLevel::Off,
            input_bytes: bytes,
            output_bytes: bytes,
            gmail_clips: bytes > Report::GMAIL_MAX_BYTES,
            links: &[],
        }
    }
}

/// Whether anything in the mail would be noticed: it then counts as rewritten.
pub(super) fn tracks_clicks(report: &Report) -> bool {
    report.untouched().is_none() && report.tracked() > 0
}

pub(super) fn tracks_opens(report: &Report) -> bool {
    report.untouched().is_none() && report.pixel().is_placed()
}
