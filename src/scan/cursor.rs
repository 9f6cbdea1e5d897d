//! How far a window has been handed on.

use std::ops::Range;

use super::sink::{Cut, Sink};
use crate::link::TrackedLink;
use crate::report::SkipReason;
use crate::token::Placement;

/// How far the window has been handed on.
#[derive(Debug)]
pub(super) struct Cursor<S> {
    pub(super) handed_on: usize,
    /// The last byte of the document that was handed on.
    last: u8,
    pub(super) sink: S,
}

impl<S: Sink> Cursor<S> {
    pub(super) fn new(sink: S) -> Self {
        Self {
            handed_on: 0,
            last: 0,
            sink,
        }
    }

    /// Whether a `<` comes right before `at`, when what was cut is left out.
    pub(super) fn follows_less_than(&self, window: &[u8], at: usize) -> bool {
        let kept = window.get(self.handed_on..at).unwrap_or_default();
        *kept.last().unwrap_or(&self.last) == b'<'
    }

    /// Hands on what comes before `to` and has not been yet.
    pub(super) fn hand_on(&mut self, window: &[u8], to: usize) {
        if let Some(bytes) = window.get(self.handed_on..to)
            && let Some(last) = bytes.last()
        {
            self.last = *last;
            self.sink.source(bytes);
            self.handed_on = to;
        }
    }

    pub(super) fn put_pixel(&mut self, window: &[u8], at: usize, placement: Placement) {
        self.hand_on(window, at);
        self.sink.pixel(placement);
    }

    pub(super) fn cut(&mut self, window: &[u8], range: Range<usize>, why: Cut) {
        self.hand_on(window, range.start);
        if let Some(bytes) = window.get(range.clone()) {
            self.sink.cut(bytes, why);
            self.handed_on = range.end;
        }
    }

    /// Hands a link on; what it replaces counts as handed on only if it was taken.
    pub(super) fn put_link(
        &mut self,
        window: &[u8],
        value: Range<usize>,
        link: &TrackedLink<'_>,
    ) -> Result<(), SkipReason> {
        self.hand_on(window, value.start);
        let original = window.get(value.clone()).unwrap_or_default();
        self.sink.link(original, link)?;
        self.handed_on = value.end;
        Ok(())
    }
}
