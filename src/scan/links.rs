//! Links of a document: from a start tag to edits, and to the report.

use std::borrow::Cow;
use std::ops::Range;

use encoding_rs::Encoding;

use super::cursor::Cursor;
use super::decode::{attribute_value, attribute_value_lossy, text};
use super::edit::{no_track_mark, removals};
use super::found::{Found, offset};
use super::sink::{Cut, Sink};
use super::tag::Tag;
use super::window::Window;
use crate::link::{Decision, Extended, LinkPolicy, Marker, MarkerSet, OwnPixel, TrackedLink};
use crate::report::{Link, LinkContext, LinkOutcome, Report, SkipReason};

#[derive(Debug)]
pub(super) struct Links {
    keeps_links: bool,
    policy: LinkPolicy,
    next_position: u32,
    report: Report,
}

impl Links {
    pub(super) fn new(policy: LinkPolicy) -> Self {
        let domain = policy.domain();
        let message = domain.message();
        Self {
            keeps_links: true,
            next_position: 0,
            report: Report::new(domain.click_level(message), domain.open_level(message)),
            policy,
        }
    }

    pub(super) fn keep_none(&mut self) {
        self.keeps_links = false;
    }

    pub(super) fn set_encoding(&mut self, encoding: &'static Encoding) {
        self.policy.set_encoding(encoding);
    }

    pub(super) fn into_report(self) -> Report {
        self.report
    }

    /// Takes in a `base` tag.
    pub(super) fn set_base(&mut self, tag: &Tag<'_>) {
        if let Some(href) = tag.first_named(b"href") {
            match attribute_value(tag.slice(&href.value), self.policy.encoding()) {
                Some(href) => self.policy.set_base(&href),
                None => self.policy.set_unreadable_base(),
            }
        }
    }

    /// Returns the pixel that an `img` is, if it is one of this domain's and its token is genuine.
    pub(super) fn own_pixel(&self, tag: &Tag<'_>) -> Option<OwnPixel> {
        let source = tag.slice(&tag.first_named(b"src")?.value);
        self.policy.own_pixel(std::str::from_utf8(source).ok()?)
    }

    /// Returns what the URL of every pixel of this domain starts with.
    pub(super) fn pixel_url_prefix(&self) -> &str {
        self.policy.domain().open_url_prefix()
    }

    pub(super) fn is_of_message(&self, pixel: &OwnPixel) -> bool {
        pixel.is_of(self.policy.domain())
    }

    /// Takes in a tag that may be a link, decides on it, and hands the tag on.
    pub(super) fn take<S: Sink>(
        &mut self,
        cursor: &mut Cursor<S>,
        window: &Window<'_>,
        tag: &Tag<'_>,
        context: LinkContext,
    ) {
        let Some(href) = tag.first_named(b"href") else {
            return;
        };
        let mut markers = match self.reads_links() {
            true => self.markers(tag),
            false => MarkerSet::default(),
        };
        let value = self.value(tag.slice(&href.value));
        let (name, extended) = match &value {
            Ok(value) => {
                let decision = self.policy.decide(value, markers.opts_out());
                let name = decision.name().or(markers.name()).map(str::to_owned);
                let refuses = markers.refuses_parameters();
                let extended = self.policy.extend(decision, name.as_deref(), refuses);
                (name, extended)
            }
            Err(reason) => (markers.name().map(str::to_owned), Extended::skip(*reason)),
        };
        let mut found = Found {
            context,
            extended,
            href,
            name,
            tag,
        };
        let cuts = self.cuts(cursor, &found, &mut markers);
        let mut after = cuts.into_iter().peekable();
        let is_before = |cut: &Range<usize>| cut.start < href.name.start;
        let before = std::iter::from_fn(|| after.next_if(is_before));
        cut_markers(cursor, window, tag, before);
        let outcome = self.put(cursor, window, &found);
        if let LinkOutcome::Skipped(reason) = outcome
            && !self.put_untracked(cursor, window, &found, reason)
        {
            found.extended.revert();
        }
        cut_markers(cursor, window, tag, after);
        self.record(found, outcome);
    }

    /// Whether it matters where links lead.
    fn reads_links(&self) -> bool {
        let domain = self.policy.domain();
        domain.tracks_clicks() || domain.extends_untracked_links()
    }

    /// Returns the decoded value of a link, or why it does not matter.
    fn value<'a>(&self, original: &'a [u8]) -> Result<Cow<'a, str>, SkipReason> {
        if no_track_mark(original).is_some() {
            Err(SkipReason::OptedOut)
        } else if !self.reads_links() {
            Err(SkipReason::ClicksOff)
        } else {
            let unreadable = match self.policy.domain().tracks_clicks() {
                true => SkipReason::Charset,
                false => SkipReason::ClicksOff,
            };
            attribute_value(original, self.policy.encoding()).ok_or(unreadable)
        }
    }

    /// Returns which bytes of the tag go with its markers, in order.
    fn cuts<S: Sink>(
        &self,
        cursor: &Cursor<S>,
        found: &Found<'_>,
        markers: &mut MarkerSet,
    ) -> Vec<Range<usize>> {
        let domain = self.policy.domain();
        // When its merge tag is filled, the link comes again, and its markers with it.
        if domain.keeps_markers() || !domain.tracks_clicks() || found.extended.decision.waits() {
            return Vec::new();
        }
        let cuts = removals(found.tag, markers, domain.dialect(), found.is_in_comment());
        let joins_lines = |cut: &Range<usize>| found.tag.slice(cut).contains(&b'\n');
        match cursor.line_limit.is_some() && cuts.iter().any(joins_lines) {
            true => Vec::new(),
            false => cuts,
        }
    }

    /// Puts the tracking URL in the place of the link's value, if it gets one.
    fn put<S: Sink>(
        &self,
        cursor: &mut Cursor<S>,
        window: &Window<'_>,
        found: &Found<'_>,
    ) -> LinkOutcome {
        let (tag, href) = (found.tag, found.href);
        let destination = match &found.extended.decision {
            Decision::Skip { reason, .. } => {
                // Without its mark the link would lead nowhere, so the mark goes in any case.
                if let Some(mark) = no_track_mark(found.original()) {
                    let mark = offset(&mark, tag.start + href.value.start);
                    cursor.cut(window, mark, Cut::Placeholder);
                }
                return LinkOutcome::Skipped(*reason);
            }
            Decision::Track { destination, .. } => destination,
        };
        let untracked = found.untracked_value(SkipReason::ClicksOff);
        let link = TrackedLink {
            // A token may end in `--`, and the `>` of the tag would then end the comment.
            add_quotes: found.is_in_comment() && !href.is_quoted,
            destination,
            name: found.name.as_deref().unwrap_or_default(),
            plain: found.extended.plain(destination),
            position: self.next_position,
            untracked: untracked.as_deref(),
        };
        match cursor.put_link(window, found.place(cursor.handed_on), &link) {
            Ok(()) => LinkOutcome::Tracked,
            Err(reason) => LinkOutcome::Skipped(reason),
        }
    }

    /// Puts the destination with its parameters in the place of the value of a link that is not tracked, if it goes
    /// there, and returns whether it does.
    fn put_untracked<S: Sink>(
        &self,
        cursor: &mut Cursor<S>,
        window: &Window<'_>,
        found: &Found<'_>,
        reason: SkipReason,
    ) -> bool {
        let plain = found.extended.in_value(reason).map(|(_, plain)| plain);
        let value = found.untracked_value(reason);
        let message = self.policy.domain().message();
        match plain.zip(value) {
            Some((plain, value)) if !message.is_list_unsubscribe(plain) => {
                let place = found.place(cursor.handed_on);
                cursor.put_untracked(window, place, &value, plain)
            }
            _ => false,
        }
    }

    fn record(&mut self, found: Found<'_>, outcome: LinkOutcome) {
        let position = match outcome {
            LinkOutcome::Tracked => {
                let position = self.next_position;
                self.next_position = position.saturating_add(1);
                self.report.tracked += 1;
                Some(position)
            }
            LinkOutcome::Skipped(_) => {
                self.report.skipped += 1;
                None
            }
        };
        if self.keeps_links {
            let original = text(found.original(), self.policy.encoding()).into_owned();
            let destination = found.extended.decision.into_destination();
            self.report.links.push(Link {
                context: found.context,
                destination: destination.map(Cow::into_owned),
                element: element_name(found.tag.name(), self.policy.encoding()),
                name: found.name,
                original,
                outcome,
                position,
            });
        }
    }

    fn markers(&self, tag: &Tag<'_>) -> MarkerSet {
        let mut markers = MarkerSet::default();
        for attribute in &tag.attributes {
            let dialect = self.policy.domain().dialect();
            if let Some(marker) = Marker::named(tag.slice(&attribute.name), dialect) {
                let encoding = self.policy.encoding();
                let raw = tag.slice(&attribute.value);
                markers.add(marker, dialect, || attribute_value_lossy(raw, encoding));
            }
        }
        markers
    }
}

fn cut_markers<S: Sink>(
    cursor: &mut Cursor<S>,
    window: &Window<'_>,
    tag: &Tag<'_>,
    cuts: impl Iterator<Item = Range<usize>>,
) {
    cuts.for_each(|cut| cursor.cut(window, offset(&cut, tag.start), Cut::Marker));
}

/// Returns an element's name as the parser folds it (HTML §13.2.5.8).
fn element_name(name: &[u8], encoding: &'static Encoding) -> String {
    let name = text(name, encoding);
    match name.contains('\0') {
        true => name.to_ascii_lowercase().replace('\0', "\u{fffd}"),
        false => name.to_ascii_lowercase(),
    }
}
