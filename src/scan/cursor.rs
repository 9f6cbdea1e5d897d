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
    pub(super) sink: S,
    /// The end of what was handed on of the document.
    tail: Vec<u8>,
    tail_bytes: usize,
}

impl<S: Sink> Cursor<S> {
    /// `tail_bytes` says how much of what was handed on will be asked for.
    pub(super) fn new(sink: S, tail_bytes: usize) -> Self {
        Self {
            handed_on: 0,
            sink,
            tail: Vec::new(),
            tail_bytes,
        }
    }

    /// Returns the end of what stands before the window's place `at` when cuts are left out.
    pub(super) fn tail(&mut self, window: &[u8], at: usize) -> &[u8] {
        self.hand_on(window, at);
        &self.tail
    }

    /// Hands on what comes before `to` and has not been yet.
    pub(super) fn hand_on(&mut self, window: &[u8], to: usize) {
        if let Some(bytes) = window.get(self.handed_on..to)
            && !bytes.is_empty()
        {
            self.sink.source(bytes);
            self.handed_on = to;
            if self.tail_bytes > 0 {
                self.remember(bytes);
            }
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

    fn remember(&mut self, bytes: &[u8]) {
        let surplus = bytes.len().saturating_sub(self.tail_bytes);
        self.tail.extend(bytes.get(surplus..).unwrap_or_default());
        let surplus = self.tail.len().saturating_sub(self.tail_bytes);
        self.tail.drain(..surplus);
    }
}
