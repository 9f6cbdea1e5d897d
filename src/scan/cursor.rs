//! How far a document has been handed on.

use std::ops::Range;

use super::line::LineLimit;
use super::sink::{Cut, Sink};
use super::window::Window;
use crate::link::TrackedLink;
use crate::pixel::PixelPosition;
use crate::report::SkipReason;

/// Hands a document on, in order, with its edits.
#[derive(Debug)]
pub(super) struct Cursor<S> {
    pub(super) handed_on: usize,
    pub(super) line_limit: Option<LineLimit>,
    pub(super) sink: S,
    /// The end of what was handed on of the document.
    tail: Vec<u8>,
    tail_bytes: usize,
}

/// What became of a pixel.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum PixelPut {
    AlreadyThere,
    /// No line ending in the tag would keep its lines short enough.
    LineTooLong,
    Placed,
}

/// Where a tracking URL goes.
#[derive(Clone, Debug)]
pub(super) struct LinkPlace {
    /// White space in the tag, in place of which a line may end.
    pub(super) space: Option<Range<usize>>,
    /// What the URL replaces.
    pub(super) value: Range<usize>,
}

impl<S: Sink> Cursor<S> {
    /// `tail_bytes` says how much of what was handed on will be asked for.
    pub(super) fn new(sink: S, tail_bytes: usize, line_limit: Option<LineLimit>) -> Self {
        Self {
            handed_on: 0,
            line_limit,
            sink,
            tail: Vec::new(),
            tail_bytes,
        }
    }

    /// Returns the end of what stands before the place `at` when cuts are left out.
    pub(super) fn tail(&mut self, window: &Window<'_>, at: usize) -> &[u8] {
        self.hand_on(window, at);
        &self.tail
    }

    /// Whether nothing of the document is left before the place `at`. Only known while placeholders are sought.
    pub(super) fn is_at_start(&self, at: usize) -> bool {
        self.handed_on == at && self.tail.is_empty()
    }

    /// Hands on what comes before `to` and has not been yet.
    pub(super) fn hand_on(&mut self, window: &Window<'_>, to: usize) {
        self.end_due_line(window, to);
        self.copy(window, to);
    }

    fn copy(&mut self, window: &Window<'_>, to: usize) {
        let bytes = window.slice(self.handed_on..to);
        if bytes.is_empty() {
            return;
        }
        self.sink.source(bytes);
        self.handed_on = to;
        if let Some(lines) = &mut self.line_limit {
            lines.take_source(bytes);
            lines.put(bytes);
        }
        if self.tail_bytes > 0 {
            self.remember(bytes);
        }
    }

    pub(super) fn cut(&mut self, window: &Window<'_>, range: Range<usize>, why: Cut) {
        self.hand_on(window, range.start);
        self.end_due_line(window, range.end);
        let bytes = window.slice(self.handed_on..range.end);
        self.sink.cut(bytes, why);
        self.skip(bytes, range.end);
    }

    pub(super) fn put_pixel(
        &mut self,
        window: &Window<'_>,
        at: usize,
        placement: PixelPosition,
    ) -> PixelPut {
        self.hand_on(window, at);
        let Some(lines) = &mut self.line_limit else {
            self.sink.pixel(placement, None);
            self.remember_tag();
            return PixelPut::Placed;
        };
        let pixel = lines.minter.pixel_text(placement);
        let column = lines.column_after(b"", 0);
        let broken = lines.broken_tag(column, &pixel);
        let Some(fit) = lines.fit(window, column + pixel.len(), broken, b"", at) else {
            return PixelPut::LineTooLong;
        };
        lines.take_fit(fit);
        let ending = fit.is_broken.then_some(lines.ending);
        match ending {
            Some(ending) => lines.put(pixel.replace(' ', ending).as_bytes()),
            None => lines.put(pixel.as_bytes()),
        }
        self.sink.pixel(placement, ending);
        self.remember_tag();
        PixelPut::Placed
    }

    /// Takes in that what comes next stands behind a tag.
    fn remember_tag(&mut self) {
        if self.tail_bytes > 0 {
            self.remember(b">");
        }
    }

    /// Hands a link on; what it replaces counts as handed on only if it was taken.
    pub(super) fn put_link(
        &mut self,
        window: &Window<'_>,
        place: LinkPlace,
        link: &TrackedLink<'_>,
    ) -> Result<(), SkipReason> {
        self.end_due_line(window, place.value.start);
        let length = match &mut self.line_limit {
            Some(lines) => lines.minter.link_len(link)?,
            None => 0,
        };
        self.fit_line(window, &place, length)?;
        self.hand_on(window, place.value.start);
        let original = window.slice(place.value.clone());
        self.sink.link(original, link)?;
        self.skip(original, place.value.end);
        if let Some(lines) = &mut self.line_limit {
            lines.put_in_line(length);
        }
        Ok(())
    }

    /// Hands on what the value of a link that is not tracked becomes, and returns whether it does: not where its
    /// line would be too long. `plain` is where the link led before.
    pub(super) fn put_untracked(
        &mut self,
        window: &Window<'_>,
        place: LinkPlace,
        new: &str,
        plain: &str,
    ) -> bool {
        self.end_due_line(window, place.value.start);
        if self.fit_line(window, &place, new.len()).is_err() {
            return false;
        }
        self.hand_on(window, place.value.start);
        let original = window.slice(place.value.clone());
        self.sink.untracked(original, new, plain);
        self.skip(original, place.value.end);
        if let Some(lines) = &mut self.line_limit {
            lines.put_in_line(new.len());
        }
        true
    }

    /// Ends the line before a value of `new` bytes where it must end, or says that this would not do.
    fn fit_line(
        &mut self,
        window: &Window<'_>,
        place: &LinkPlace,
        new: usize,
    ) -> Result<(), SkipReason> {
        let Some(lines) = &mut self.line_limit else {
            return Ok(());
        };
        let space = place.space.clone().filter(|space| {
            space.start >= self.handed_on && !window.slice(space.clone()).contains(&b'\n')
        });
        let before = window.slice(self.handed_on..place.value.start);
        let fit = lines.fit(
            window,
            lines.column_after(before, new),
            space
                .as_ref()
                .map(|space| place.value.start - space.end + new),
            window.slice(self.handed_on..place.value.end),
            place.value.end,
        );
        let fit = fit.ok_or(SkipReason::LineLength)?;
        lines.take_fit(fit);
        if let Some(space) = space.filter(|_| fit.is_broken) {
            self.end_line(window, space);
        }
        Ok(())
    }

    /// Ends the line in the white space that an edit has asked for, if that comes before `to`.
    fn end_due_line(&mut self, window: &Window<'_>, to: usize) {
        let due = self.line_limit.as_mut().and_then(|lines| {
            let is_here = |space: &mut Range<usize>| space.end <= to;
            lines.due.take_if(is_here)
        });
        if let Some(space) = due.filter(|space| space.start >= self.handed_on) {
            self.end_line(window, space);
        }
    }

    /// Puts a line ending in the place of white space.
    fn end_line(&mut self, window: &Window<'_>, space: Range<usize>) {
        self.copy(window, space.start);
        let original = window.slice(space.clone());
        if let Some(lines) = &mut self.line_limit {
            lines.put(lines.ending.as_bytes());
            self.sink.line_ending(original, lines.ending);
        }
        self.skip(original, space.end);
    }

    /// Takes bytes for handed on that something else came in place of.
    fn skip(&mut self, bytes: &[u8], to: usize) {
        self.handed_on = to;
        if let Some(lines) = &mut self.line_limit {
            lines.take_source(bytes);
        }
    }

    fn remember(&mut self, bytes: &[u8]) {
        let surplus = bytes.len().saturating_sub(self.tail_bytes);
        self.tail.extend(bytes.get(surplus..).unwrap_or_default());
        let surplus = self.tail.len().saturating_sub(self.tail_bytes);
        self.tail.drain(..surplus);
    }
}
