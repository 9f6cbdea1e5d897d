//! Where a scan's findings go: the original bytes in order, and what comes in their place.

use crate::link::{Minter, TrackedLink};
use crate::pixel::PixelPosition;
use crate::report::SkipReason;

/// Why bytes are left out.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Cut {
    /// They are a marker that speaks of click tracking; without that it stays.
    Marker,
    /// They are a pixel placeholder, or the mark of Postal's opt-out: they mean something to this
    /// crate only.
    Placeholder,
}

/// Takes a document in order, piece by piece.
pub(crate) trait Sink {
    /// Whether what it holds must go out before it takes more.
    fn is_full(&self) -> bool {
        false
    }

    /// Takes bytes that stay as they are.
    fn source(&mut self, bytes: &[u8]);

    /// Takes bytes that are left out.
    fn cut(&mut self, bytes: &[u8], why: Cut);

    /// Takes a link and the bytes that its tracking URL replaces, or says why this message may not
    /// track it; then the bytes stay.
    fn link(&mut self, original: &[u8], link: &TrackedLink<'_>) -> Result<(), SkipReason>;

    /// Takes the bytes of a link's value, what they become although the link is not tracked, and where it led.
    fn untracked(&mut self, original: &[u8], new: &str, plain: &str);

    /// Takes white space that a line ending takes the place of.
    fn line_ending(&mut self, original: &[u8], ending: &'static str);

    /// Takes the place of a pixel. `line_ending` takes the place of the tag's spaces.
    fn pixel(&mut self, placement: PixelPosition, line_ending: Option<&'static str>);
}

/// Makes the document for one message, at once.
#[derive(Debug)]
pub(crate) struct Splicer {
    pub(crate) out: Vec<u8>,
    /// How long `out` may grow before it should be emptied.
    pub(crate) full_at: usize,
    minter: Minter,
}

impl Splicer {
    pub(crate) fn new(minter: Minter, out: Vec<u8>) -> Self {
        Self {
            out,
            full_at: usize::MAX,
            minter,
        }
    }
}

impl Sink for Splicer {
    fn is_full(&self) -> bool {
        self.out.len() > self.full_at
    }

    fn source(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    fn cut(&mut self, _bytes: &[u8], _why: Cut) {}

    fn link(&mut self, _original: &[u8], link: &TrackedLink<'_>) -> Result<(), SkipReason> {
        self.minter.write_link(link, &mut self.out)
    }

    fn untracked(&mut self, _original: &[u8], new: &str, _plain: &str) {
        self.source(new.as_bytes());
    }

    fn line_ending(&mut self, _original: &[u8], ending: &'static str) {
        self.source(ending.as_bytes());
    }

    fn pixel(&mut self, placement: PixelPosition, line_ending: Option<&'static str>) {
        let Some(ending) = line_ending else {
            self.minter.write_pixel(placement, &mut self.out);
            return;
        };
        let pixel = self.minter.pixel_text(placement).replace(' ', ending);
        self.out.extend_from_slice(pixel.as_bytes());
    }
}
