//! Which pixels a document still needs, and which it has got.

use std::ops::Range;

use memchr::memmem;

use crate::config::{DomainConfig, PixelPlacement, TEXT_PLACEHOLDER};
use crate::report::PixelOutcome;

/// The placeholder that is an element of its own, `<opentag/>`.
pub(super) const ELEMENT_PLACEHOLDER: &[u8] = b"opentag";

/// A pixel that may be needed in one of the two places.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Need {
    AlreadyThere,
    Met,
    /// Not asked for, or the place is past without a chance.
    No,
    Open,
}

/// The two sides of a placeholder, once it is gone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Sides {
    /// They become what they were not: a tag, or another placeholder.
    Join,
    StayApart,
    /// What follows is too short to tell.
    Unclear,
}

/// Follows the pixels of one document.
#[derive(Debug)]
pub(super) struct Pixel {
    end: Need,
    in_placeholder: bool,
    /// The domain's own placeholder.
    own: Option<Vec<u8>>,
    seeks_placeholder: bool,
    start: Need,
    /// Whether the body has started just before the next token.
    start_is_here: bool,
    tracks_opens: bool,
}

impl Pixel {
    pub(super) fn new(domain: &DomainConfig) -> Self {
        let placement = domain.pixel_placement();
        let need = |wanted| match domain.tracks_opens() && wanted {
            true => Need::Open,
            false => Need::No,
        };
        Self {
            end: need(placement != PixelPlacement::Start),
            in_placeholder: false,
            own: domain
                .pixel_placeholder()
                .map(|own| own.as_bytes().to_vec()),
            seeks_placeholder: placement == PixelPlacement::Placeholder,
            start: need(matches!(
                placement,
                PixelPlacement::Both | PixelPlacement::Start
            )),
            start_is_here: false,
            tracks_opens: domain.tracks_opens(),
        }
    }

    /// For a document that gets none and keeps its placeholders.
    pub(super) fn off() -> Self {
        Self {
            end: Need::No,
            in_placeholder: false,
            own: None,
            seeks_placeholder: false,
            start: Need::No,
            start_is_here: false,
            tracks_opens: false,
        }
    }

    pub(super) fn tracks_opens(&self) -> bool {
        self.tracks_opens
    }

    pub(super) fn body_starts(&mut self) {
        self.start_is_here = true;
    }

    /// At the first token of the body: whether a pixel belongs before it.
    pub(super) fn needs_start(&mut self) -> bool {
        let needs = std::mem::take(&mut self.start_is_here) && self.start == Need::Open;
        if needs {
            self.start = Need::Met;
        }
        needs
    }

    /// Takes in a pixel of our own that the document holds already: the one at the start, if it is
    /// the body's first token.
    pub(super) fn found_own(&mut self) {
        let is_first = std::mem::take(&mut self.start_is_here);
        if is_first && self.start == Need::Open {
            self.start = Need::AlreadyThere;
        } else if self.end == Need::Open {
            self.end = Need::AlreadyThere;
        }
    }

    /// At the end of the body: whether a pixel belongs here.
    pub(super) fn needs_end(&mut self) -> bool {
        let needs = self.end == Need::Open;
        if needs {
            self.end = Need::Met;
        }
        needs
    }

    /// At a placeholder: whether it is to be replaced by a pixel, not just removed.
    pub(super) fn needs_placeholder(&mut self) -> bool {
        let needs = self.needs_end();
        self.in_placeholder |= needs;
        needs
    }

    pub(super) fn seeks_placeholder(&self) -> bool {
        self.seeks_placeholder
    }

    /// Whether a whole tag or comment is the domain's own placeholder.
    pub(super) fn is_placeholder(&self, markup: &[u8]) -> bool {
        self.seeks_placeholder && self.own.as_deref() == Some(markup)
    }

    /// Finds the placeholders in a text, in order.
    pub(super) fn placeholders(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = self
            .text_placeholders()
            .flat_map(|placeholder| {
                let starts = memmem::find_iter(text, placeholder);
                starts.map(|start| start..start + placeholder.len())
            })
            .collect();
        found.sort_by_key(|range| range.start);
        // Of two that overlap the first counts.
        let mut end = 0;
        found.retain(|range| {
            let follows = range.start >= end;
            if follows {
                end = range.end;
            }
            follows
        });
        found
    }

    /// How many bytes at the end of a text may be the start of a placeholder.
    pub(super) fn placeholder_start_at_end(&self, text: &[u8]) -> usize {
        let longest = |placeholder: &[u8]| {
            let starts = |length: &usize| {
                placeholder
                    .get(..*length)
                    .is_some_and(|start| text.ends_with(start))
            };
            (1..placeholder.len()).rev().find(starts).unwrap_or(0)
        };
        self.text_placeholders().map(longest).max().unwrap_or(0)
    }

    /// What would become of a placeholder's two sides without it; `last` when nothing follows `after`.
    pub(super) fn sides(&self, before: &[u8], after: &[u8], last: bool) -> Sides {
        if before.ends_with(b"<") {
            return Sides::Join;
        }
        let mut sides = Sides::StayApart;
        for placeholder in self.text_placeholders() {
            let halves = (1..placeholder.len()).filter_map(|at| placeholder.split_at_checked(at));
            for (_, end) in halves.filter(|(start, _)| before.ends_with(start)) {
                if after.starts_with(end) {
                    return Sides::Join;
                } else if !last && end.starts_with(after) {
                    sides = Sides::Unclear;
                }
            }
        }
        sides
    }

    /// The length of the longest placeholder that is text; nothing when none is sought.
    pub(super) fn longest_placeholder(&self) -> usize {
        match self.seeks_placeholder {
            true => self.text_placeholders().map(<[u8]>::len).max().unwrap_or(0),
            false => 0,
        }
    }

    pub(super) fn outcome(&self) -> PixelOutcome {
        match (self.start, self.end) {
            (Need::Met, Need::Met) => PixelOutcome::Both,
            (Need::Met, _) => PixelOutcome::Start,
            (_, Need::Met) if self.in_placeholder => PixelOutcome::Placeholder,
            (_, Need::Met) => PixelOutcome::End,
            (Need::AlreadyThere, _) | (_, Need::AlreadyThere) => PixelOutcome::AlreadyThere,
            (Need::Open, _) | (_, Need::Open) => PixelOutcome::NoPlace,
            (Need::No, Need::No) => PixelOutcome::Off,
        }
    }

    fn text_placeholders(&self) -> impl Iterator<Item = &[u8]> {
        let own = self.own.as_deref().filter(|own| !own.starts_with(b"<"));
        own.into_iter().chain([TEXT_PLACEHOLDER.as_bytes()])
    }
}
