//! Which pixels a document still needs, and which it has got.

use super::cursor::PixelPut;
use crate::config::DomainConfig;
use crate::pixel::{PixelOutcome, PixelPlacement, PixelPosition};

/// A pixel that may be needed in one of the two places.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Need {
    /// Not asked for.
    No,
    Open,
    Settled(PixelPut),
}

/// Where the pixel at the start of the body goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum StartPlace {
    At(usize),
    /// The body starts with a tag that is too long for a pixel before it.
    BeforeNextToken,
}

/// Follows the pixels of one document.
#[derive(Debug)]
pub(super) struct Pixel {
    end: Need,
    in_placeholder: bool,
    /// Whether the document is one of AMP for Email, which allows no `img`.
    is_amp: bool,
    start: Need,
    /// Set from the start of the body until the next token shows that no pixel of ours stands there.
    start_place: Option<StartPlace>,
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
            is_amp: false,
            start: need(matches!(
                placement,
                PixelPlacement::Both | PixelPlacement::Start
            )),
            start_place: None,
            tracks_opens: domain.tracks_opens(),
        }
    }

    /// For a document that gets none.
    pub(super) fn off() -> Self {
        Self {
            end: Need::No,
            in_placeholder: false,
            is_amp: false,
            start: Need::No,
            start_place: None,
            tracks_opens: false,
        }
    }

    pub(super) fn tracks_opens(&self) -> bool {
        self.tracks_opens
    }

    /// Whether one at the start of the body is asked for.
    pub(super) fn is_wanted_at_start(&self) -> bool {
        self.start != Need::No
    }

    pub(super) fn body_starts(&mut self, place: StartPlace) {
        if self.needs(PixelPosition::Start) {
            self.start_place.get_or_insert(place);
        }
    }

    /// Takes in a pixel of this message that the document holds already: the one at the start, if it is
    /// the body's first token.
    pub(super) fn found_own(&mut self) {
        let placement = match self.start_place {
            Some(_) => PixelPosition::Start,
            None => PixelPosition::End,
        };
        if self.needs(placement) {
            self.settle(placement, PixelPut::AlreadyThere);
        }
    }

    /// Returns where the pixel at the start of the body goes, if it is the next to be put.
    pub(super) fn start_place(&self) -> Option<StartPlace> {
        self.start_place
    }

    pub(super) fn document_is_amp(&mut self) {
        self.is_amp = true;
    }

    pub(super) fn needs(&self, placement: PixelPosition) -> bool {
        !self.is_amp && *self.need(placement) == Need::Open
    }

    pub(super) fn settle(&mut self, placement: PixelPosition, put: PixelPut) {
        self.start_place = self
            .start_place
            .filter(|_| placement != PixelPosition::Start);
        match placement {
            PixelPosition::End => self.end = Need::Settled(put),
            PixelPosition::Start => self.start = Need::Settled(put),
        }
    }

    pub(super) fn settle_in_placeholder(&mut self, put: PixelPut) {
        self.settle(PixelPosition::End, put);
        self.in_placeholder = true;
    }

    pub(super) fn outcome(&self) -> PixelOutcome {
        use PixelPut::{AlreadyThere, LineTooLong, Placed};
        if self.is_amp && self.tracks_opens {
            return PixelOutcome::Amp;
        }
        match (self.start, self.end) {
            (Need::Settled(Placed), Need::Settled(Placed)) => PixelOutcome::Both,
            (Need::Settled(Placed), _) => PixelOutcome::Start,
            (_, Need::Settled(Placed)) if self.in_placeholder => PixelOutcome::Placeholder,
            (_, Need::Settled(Placed)) => PixelOutcome::End,
            (Need::Settled(AlreadyThere), _) | (_, Need::Settled(AlreadyThere)) => {
                PixelOutcome::AlreadyThere
            }
            (Need::Settled(LineTooLong), _) | (_, Need::Settled(LineTooLong)) => {
                PixelOutcome::LineLength
            }
            (Need::Open, _) | (_, Need::Open) => PixelOutcome::NoPlace,
            (Need::No, Need::No) => PixelOutcome::Off,
        }
    }

    fn need(&self, placement: PixelPosition) -> &Need {
        match placement {
            PixelPosition::End => &self.end,
            PixelPosition::Start => &self.start,
        }
    }
}
