//! The part of a document that is at hand, addressed by positions in the document.

use std::ops::Range;

/// Bytes of a document; every position counts from the document's start.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Window<'a> {
    pub(crate) bytes: &'a [u8],
    /// Whether the document ends with the window.
    pub(crate) is_last: bool,
    /// Where the window starts in the document.
    pub(crate) start: usize,
}

impl<'a> Window<'a> {
    pub(super) fn whole(bytes: &'a [u8]) -> Self {
        Self {
            bytes,
            is_last: true,
            start: 0,
        }
    }

    pub(super) fn end(&self) -> usize {
        self.start + self.bytes.len()
    }

    /// Returns the bytes of a range; what of it is not at hand is left out.
    pub(super) fn slice(&self, range: Range<usize>) -> &'a [u8] {
        let start = range.start.max(self.start) - self.start;
        let end = range.end.clamp(self.start, self.end()) - self.start;
        self.bytes.get(start..end).unwrap_or_default()
    }

    pub(super) fn from(&self, position: usize) -> &'a [u8] {
        self.slice(position..self.end())
    }
}
