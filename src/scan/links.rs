//! Links of a document: from a tag's attributes to edits, and to the report.

use std::borrow::Cow;
use std::ops::Range;

use encoding_rs::Encoding;

use super::cursor::Cursor;
use super::decode::{attribute_value, text};
use super::edit::{Remover, no_track_mark};
use super::name::is_space;
use super::sink::{Cut, Sink};
use super::tag::{Attribute, TagScan};
use crate::attribute_name::AttributeName;
use crate::config::DomainConfig;
use crate::dialect::Dialect;
use crate::link::{Decision, Linker, Marker, MarkerSet, TrackedLink};
use crate::report::{Link, LinkContext, LinkOutcome, Report, SkipReason};

#[derive(Debug)]
pub(super) struct Links {
    keeps_links: bool,
    linker: Linker,
    next_position: u32,
    report: Report,
    /// Whether there is an open pixel of this domain, of whatever message.
    pub(super) saw_own_pixel: bool,
}

/// What is known of a link when it is reported.
struct Found<'a> {
    context: LinkContext,
    decision: Decision<'a>,
    tag: &'a [u8],
    name: Option<String>,
    original: &'a [u8],
    outcome: LinkOutcome,
}

impl Links {
    pub(super) fn new(linker: Linker) -> Self {
        Self {
            keeps_links: true,
            linker,
            next_position: 0,
            report: Report::default(),
            saw_own_pixel: false,
        }
    }

    pub(super) fn keep_none(&mut self) {
        self.keeps_links = false;
    }

    pub(super) fn set_encoding(&mut self, encoding: &'static Encoding) {
        self.linker.set_encoding(encoding);
    }

    pub(super) fn into_report(self) -> Report {
        self.report
    }

    /// Takes in a `base` tag.
    pub(super) fn set_base(&mut self, tag: &[u8], scan: &TagScan) {
        if let Some(href) = self.value_of(tag, scan, b"href") {
            self.linker.set_base(&href);
        }
    }

    pub(super) fn domain(&self) -> &DomainConfig {
        self.linker.domain()
    }

    /// Whether an `img` is the open pixel of the message at hand.
    pub(super) fn is_own_pixel(&mut self, tag: &[u8], scan: &TagScan) -> bool {
        let src = self.value_of(tag, scan, b"src");
        let pixel = src.and_then(|src| self.linker.own_pixel(&src));
        self.saw_own_pixel |= pixel.is_some();
        pixel.is_some_and(|pixel| pixel.is_of(self.linker.domain().message()))
    }

    /// Whether a tag has an attribute, and if `values` are given, one of these for its value.
    pub(super) fn has_attribute(
        &self,
        tag: &[u8],
        scan: &TagScan,
        name: &[u8],
        values: Option<&[&[u8]]>,
    ) -> bool {
        self.value_of(tag, scan, name).is_some_and(|value| {
            let is_value = |wanted: &&[u8]| wanted.eq_ignore_ascii_case(value.as_bytes());
            values.is_none_or(|values| values.iter().any(is_value))
        })
    }

    /// Takes in a tag that may be a link, decides on it, and hands the tag on.
    pub(super) fn link<S: Sink>(
        &mut self,
        cursor: &mut Cursor<S>,
        window: &[u8],
        range: Range<usize>,
        scan: &TagScan,
        context: LinkContext,
    ) {
        let tag = window.get(range.clone()).unwrap_or_default();
        let Some(href) = first_named(tag, scan, b"href") else {
            return;
        };
        let original = slice(tag, &href.value);
        let mut markers = match self.linker.domain().tracks_clicks() {
            true => self.markers(tag, scan),
            false => MarkerSet::default(),
        };
        // Without its mark the link would lead nowhere, so the mark goes in any case.
        let no_track = no_track_mark(original);
        let value;
        let decision = if no_track.is_some() {
            Decision::skip(SkipReason::OptedOut)
        } else if self.linker.domain().tracks_clicks() {
            value = attribute_value(original, self.linker.encoding());
            self.linker.decide(&value, markers.opts_out())
        } else {
            Decision::skip(SkipReason::ClicksOff)
        };
        // When its merge tag is filled, the link comes again, and its markers with it.
        let removals = match self.linker.domain().keeps_markers() || decision.waits() {
            true => Vec::new(),
            false => removals(tag, scan, &mut markers, self.linker.domain().dialect()),
        };

        let mut after = removals.into_iter().peekable();
        let is_before = |cut: &Range<usize>| cut.start < href.name.start;
        let before = std::iter::from_fn(|| after.next_if(is_before));
        cut_markers(cursor, window, range.start, before);
        let value_range = offset(&href.value, range.start);
        let outcome = match &decision {
            Decision::Skip { reason, .. } => {
                if let Some(mark) = no_track {
                    cursor.cut(window, offset(&mark, value_range.start), Cut::Sign);
                }
                LinkOutcome::Skipped(*reason)
            }
            Decision::Track { destination, .. } => {
                let link = TrackedLink {
                    destination,
                    name: decision.name().or(markers.name()).unwrap_or_default(),
                    position: self.next_position,
                };
                match cursor.put_link(window, value_range, &link) {
                    Ok(()) => LinkOutcome::Tracked,
                    Err(reason) => LinkOutcome::Skipped(reason),
                }
            }
        };
        cut_markers(cursor, window, range.start, after);
        let name = decision.name().or(markers.name()).map(str::to_owned);
        self.record(Found {
            context,
            decision,
            tag,
            name,
            original,
            outcome,
        });
    }

    fn record(&mut self, found: Found<'_>) {
        let position = match found.outcome {
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
            let destination = match found.decision {
                Decision::Skip { destination, .. } => destination,
                Decision::Track { destination, .. } => Some(destination),
            };
            self.report.links.push(Link {
                context: found.context,
                destination: destination.map(Cow::into_owned),
                element: element_name(found.tag, self.linker.encoding()),
                name: found.name,
                original: text(found.original, self.linker.encoding()).into_owned(),
                outcome: found.outcome,
                position,
            });
        }
    }

    fn markers(&self, tag: &[u8], scan: &TagScan) -> MarkerSet {
        let mut markers = MarkerSet::default();
        for attribute in &scan.attributes {
            let dialect = self.linker.domain().dialect();
            if let Some(marker) = Marker::named(slice(tag, &attribute.name), dialect) {
                let raw = slice(tag, &attribute.value);
                markers.add(marker, dialect, || {
                    attribute_value(raw, self.linker.encoding())
                });
            }
        }
        markers
    }

    fn value_of<'a>(&self, tag: &'a [u8], scan: &TagScan, name: &[u8]) -> Option<Cow<'a, str>> {
        let attribute = first_named(tag, scan, name)?;
        let raw = slice(tag, &attribute.value);
        Some(attribute_value(raw, self.linker.encoding()))
    }
}

fn cut_markers<S: Sink>(
    cursor: &mut Cursor<S>,
    window: &[u8],
    tag_at: usize,
    cuts: impl Iterator<Item = Range<usize>>,
) {
    cuts.for_each(|cut| cursor.cut(window, offset(&cut, tag_at), Cut::Marker));
}

fn offset(range: &Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}

/// Which bytes go with the markers that were read. Of equal ones the first counts, so if one must
/// stay, all do, lest another become the first.
fn removals(
    tag: &[u8],
    scan: &TagScan,
    markers: &mut MarkerSet,
    dialect: &Dialect,
) -> Vec<Range<usize>> {
    if scan.is_overfull() {
        return Vec::new();
    }
    'again: while markers.has_removable() {
        let (mut remover, mut cuts) = (Remover::default(), Vec::new());
        for attribute in &scan.attributes {
            let marker = Marker::named(slice(tag, &attribute.name), dialect);
            let Some(marker) = marker.filter(|marker| markers.removes(*marker)) else {
                continue;
            };
            let Some(cut) = remover.remove(tag, attribute) else {
                markers.keep(marker);
                continue 'again;
            };
            cuts.push(cut);
        }
        return cuts;
    }
    Vec::new()
}

/// The name behind the `<` of a tag (HTML §13.2.5.8).
fn element_name(tag: &[u8], encoding: &'static Encoding) -> String {
    let name = tag.get(1..).unwrap_or_default();
    let end = |byte: &u8| is_space(*byte) || matches!(byte, b'/' | b'>');
    let end = name.iter().position(end).unwrap_or(name.len());
    let name = text(name.get(..end).unwrap_or_default(), encoding);
    match name.contains('\0') {
        true => name.to_ascii_lowercase().replace('\0', "\u{fffd}"),
        false => name.to_ascii_lowercase(),
    }
}

/// The number of an attribute that somebody asks for; a tag may have a million others.
pub(super) fn number_of(attribute: &[u8]) -> Option<u8> {
    const READ: [&[u8]; 4] = [b"encoding", b"color", b"face", b"size"];
    let is_name = |(_, name): &(u8, &[u8])| name.eq_ignore_ascii_case(attribute);
    let others = || (AttributeName::LIMIT..).zip(READ).find(is_name);
    let known = AttributeName::of(attribute).map(AttributeName::number);
    known.or_else(|| others().map(|(number, _)| number))
}

/// Of an attribute that comes twice, browsers take the first (HTML §13.2.5.33).
fn first_named<'a>(tag: &[u8], scan: &'a TagScan, name: &[u8]) -> Option<&'a Attribute> {
    let is_named = |attribute: &&Attribute| slice(tag, &attribute.name).eq_ignore_ascii_case(name);
    scan.attributes.iter().find(is_named)
}

fn slice<'a>(tag: &'a [u8], range: &Range<usize>) -> &'a [u8] {
    tag.get(range.clone()).unwrap_or_default()
}
