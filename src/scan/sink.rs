//! Where a scan's findings go: the original bytes in order, and what comes in their place.

use crate::link::Minter;
use crate::report::SkipReason;
use crate::token::Placement;

/// A link that the document and the domain's settings let be tracked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TrackedLink<'a> {
    pub(crate) destination: &'a str,
    pub(crate) name: &'a str,
    /// The bytes of the value that the tracking URL replaces.
    pub(crate) original: &'a [u8],
    pub(crate) position: u32,
}

/// Takes a document in order, piece by piece.
pub(crate) trait Sink {
    /// Takes bytes that stay as they are.
    fn source(&mut self, bytes: &[u8]);

    /// Takes bytes that are left out.
    fn cut(&mut self, bytes: &[u8]);

    /// Takes a link, or says why this message may not track it; then the link stays as it is.
    fn link(&mut self, link: TrackedLink<'_>) -> Result<(), SkipReason>;

    /// Takes the place of a pixel.
    fn pixel(&mut self, placement: Placement);
}

/// Makes the document for one message, at once.
#[derive(Debug)]
pub(crate) struct Splicer {
    pub(crate) out: Vec<u8>,
    minter: Minter,
}

impl Splicer {
    pub(crate) fn new(minter: Minter, out: Vec<u8>) -> Self {
        Self { out, minter }
    }
}

impl Sink for Splicer {
    fn source(&mut self, bytes: &[u8]) {
        self.out.extend_from_slice(bytes);
    }

    fn cut(&mut self, _bytes: &[u8]) {}

    fn link(&mut self, link: TrackedLink<'_>) -> Result<(), SkipReason> {
        self.minter
            .click_url(link.position, link.name, link.destination, &mut self.out)
    }

    fn pixel(&mut self, placement: Placement) {
        self.minter.pixel(placement, &mut self.out);
    }
}
