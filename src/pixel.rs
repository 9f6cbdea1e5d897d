//! The open pixel: where it is to go, where it went, and where one stands that was loaded.

use crate::names::names;

/// Where the open pixel goes.
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use linkseal::{PixelPlacement, rewrite};
///
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let html = rewrite("<p>Hi</p>", &domain.with_pixel_placement(PixelPlacement::Both));
/// assert_eq!(html.matches("<img ").count(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum PixelPlacement {
    /// One at the start and one at the end. An open at the end proves that the mail was not
    /// clipped.
    Both,
    /// Before the first real `</body>`; when there is none, at the end of the document.
    End,
    /// In the place of the first `{{ses:openTracker}}` or `<opentag/>`, or of the domain's own
    /// placeholder; when there is none, at the end.
    ///
    /// All placeholders are removed from the output, with open tracking off too: they mean something to this
    /// crate only. Two kinds stay. No pixel can stand in SVG and MathML. And where a placeholder is gone, what
    /// was before it and what was after it must not become a tag or another placeholder.
    Placeholder,
    /// Right after `<body …>`, or where the body starts without one. Survives Gmail's clipping.
    Start,
}

names!(PixelPlacement, "pixel placement", {
    Both => "both",
    End => "end",
    Placeholder => "placeholder",
    Start => "start",
});

/// Where the open pixel was put, or why there is none.
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use linkseal::{PixelOutcome, rewrite_with_report};
///
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let (html, report) = rewrite_with_report("<p>Hi</p>", &domain);
/// assert_eq!(report.pixel(), PixelOutcome::End);
/// let (_, report) = rewrite_with_report(&html, &domain);
/// assert_eq!(report.pixel(), PixelOutcome::AlreadyThere);
/// assert_eq!(PixelOutcome::AlreadyThere.as_str(), "already_there");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum PixelOutcome {
    /// None: the document has the one of this message and recipient already.
    AlreadyThere,
    /// None: the document is AMP for Email, which has no `img`, and is dropped whole where it has one.
    Amp,
    /// One at the start of the body and one at its end.
    Both,
    /// At the end of the body.
    End,
    /// None: no line ending in its tag would keep the lines as short as the domain's limit asks.
    LineLength,
    /// None: the document has no body that would hold it, or ends inside a construct that would
    /// swallow it and whose start had gone out already, or its rest was passed through.
    NoPlace,
    /// None: open tracking is off, for the domain or for this message, or the domain is not
    /// validated.
    #[default]
    Off,
    /// In the place of a placeholder.
    Placeholder,
    /// At the start of the body.
    Start,
}

names!(PixelOutcome, "pixel outcome", {
    AlreadyThere => "already_there",
    Amp => "amp",
    Both => "both",
    End => "end",
    LineLength => "line_length",
    NoPlace => "no_place",
    Off => "off",
    Placeholder => "placeholder",
    Start => "start",
});

impl PixelOutcome {
    /// Returns whether a pixel was put in.
    ///
    /// ```
    /// use linkseal::PixelOutcome;
    ///
    /// assert!(PixelOutcome::End.is_placed());
    /// assert!(!PixelOutcome::AlreadyThere.is_placed());
    /// ```
    #[must_use]
    pub fn is_placed(self) -> bool {
        matches!(
            self,
            Self::Both | Self::End | Self::Placeholder | Self::Start
        )
    }
}

/// Where in the body a loaded pixel stands.
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use linkseal::{EventKind, PixelPlacement, PixelPosition, UntrustedToken, rewrite};
///
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let html = rewrite("<p>Hi</p>", &domain.clone().with_pixel_placement(PixelPlacement::Start));
/// let event = UntrustedToken::parse_url(html.split('"').nth(1).unwrap())?.verify(&domain)?;
/// let EventKind::Open(open) = event.kind() else { panic!() };
/// assert_eq!(open.placement(), PixelPosition::Start);
/// assert_eq!(open.placement().as_str(), "start");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum PixelPosition {
    /// At its end, or in the place of a placeholder.
    End,
    /// At its start.
    Start,
}

names!(PixelPosition, "pixel position", {
    End => "end",
    Start => "start",
});
