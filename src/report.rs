//! What was done to a document, and what was left alone and why.

use std::fmt;

/// More than this and Gmail shows only the beginning of a mail, with a link to the rest.
///
/// Gmail documents no figure; senders measure the cut at 102 KB of HTML.
const GMAIL_CLIPS_OVER: u64 = 102 * 1024;

/// What a rewriting did: one [`Link`] for each link seen, in document order, and the open pixel.
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use linkseal::{PixelOutcome, rewrite_with_report};
///
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com", TrackingHost::custom("link.example.com")?, key)?;
/// let html = "<a href='https://shop.example/'>Shop</a><a href='#top'>Up</a>";
/// let (rewritten, report) = rewrite_with_report(html, &domain);
/// assert_eq!((report.tracked(), report.skipped(), report.links().len()), (1, 1, 2));
/// assert_eq!((report.pixel(), report.untouched()), (PixelOutcome::End, None));
/// assert_eq!(report.input_bytes(), u64::try_from(html.len())?);
/// assert_eq!(report.output_bytes(), u64::try_from(rewritten.len())?);
/// assert!(!report.gmail_clips());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Report {
    pub(crate) input_bytes: u64,
    pub(crate) links: Vec<Link>,
    pub(crate) output_bytes: u64,
    pub(crate) pixel: PixelOutcome,
    pub(crate) skipped: usize,
    pub(crate) tracked: usize,
    pub(crate) untouched: Option<Untouched>,
}

impl Report {
    /// Returns the links in document order; empty when only counts were asked for.
    #[must_use]
    pub fn links(&self) -> &[Link] {
        &self.links
    }

    /// Returns how many links became tracked links.
    #[must_use]
    pub fn tracked(&self) -> usize {
        self.tracked
    }

    /// Returns how many links were left alone.
    #[must_use]
    pub fn skipped(&self) -> usize {
        self.skipped
    }

    /// Returns where the open pixel was put, or why there is none.
    #[must_use]
    pub fn pixel(&self) -> PixelOutcome {
        self.pixel
    }

    /// Returns why the mail, or the rest of it, was passed through without a look; `None` when all
    /// of it was rewritten.
    #[must_use]
    pub fn untouched(&self) -> Option<Untouched> {
        self.untouched
    }

    /// Returns the document's length in bytes as it came in.
    #[must_use]
    pub fn input_bytes(&self) -> u64 {
        self.input_bytes
    }

    /// Returns the document's length in bytes as it went out.
    #[must_use]
    pub fn output_bytes(&self) -> u64 {
        self.output_bytes
    }

    /// Whether Gmail would show only the first 102 KB of the result.
    #[must_use]
    pub fn gmail_clips(&self) -> bool {
        self.output_bytes > GMAIL_CLIPS_OVER
    }
}

/// A link that was seen: `a` or `area` with an `href`, or a VML element with one in a conditional
/// comment.
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use linkseal::{LinkContext, LinkOutcome, rewrite_with_report};
///
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com", TrackingHost::custom("link.example.com")?, key)?;
/// let html = "<A data-track-name=shop HREF='https://Shop.example/?a=1&amp;b=2'>Shop</A>";
/// let (_, report) = rewrite_with_report(html, &domain);
/// let link = &report.links()[0];
/// assert_eq!((link.element(), link.context()), ("a", LinkContext::Html));
/// assert_eq!((link.outcome(), link.position()), (LinkOutcome::Tracked, Some(0)));
/// assert_eq!(link.name(), Some("shop"));
/// assert_eq!(link.original(), "https://Shop.example/?a=1&amp;b=2");
/// assert_eq!(link.destination(), Some("https://shop.example/?a=1&b=2"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Link {
    pub(crate) context: LinkContext,
    pub(crate) destination: Option<String>,
    pub(crate) element: String,
    pub(crate) name: Option<String>,
    pub(crate) original: String,
    pub(crate) outcome: LinkOutcome,
    pub(crate) position: Option<u32>,
}

impl Link {
    /// Returns the element's name in lower case: `a`, `area`, or such as `v:roundrect`.
    #[must_use]
    pub fn element(&self) -> &str {
        &self.element
    }

    /// Returns in which part of the document the link stands.
    #[must_use]
    pub fn context(&self) -> LinkContext {
        self.context
    }

    /// Returns the place among the tracked links, from 0; `None` when skipped.
    #[must_use]
    pub fn position(&self) -> Option<u32> {
        self.position
    }

    /// Returns the name that a marker gives the link.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns the value of `href` as the author wrote it, character references and all.
    #[must_use]
    pub fn original(&self) -> &str {
        &self.original
    }

    /// Returns the URL that the link leads to; `None` when skipped before it was parsed, or too long.
    #[must_use]
    pub fn destination(&self) -> Option<&str> {
        self.destination.as_deref()
    }

    /// Returns whether the link is tracked, or why not.
    #[must_use]
    pub fn outcome(&self) -> LinkOutcome {
        self.outcome
    }
}

/// The part of a document that a link stands in.
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use linkseal::{LinkContext, rewrite_with_report};
///
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com", TrackingHost::custom("link.example.com")?, key)?;
/// let html = "<noscript><a href='https://shop.example/'>Shop</a></noscript>";
/// let (_, report) = rewrite_with_report(html, &domain);
/// assert_eq!(report.links()[0].context(), LinkContext::Noscript);
/// assert_eq!(LinkContext::Noscript.as_str(), "noscript");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum LinkContext {
    /// Inside `<!--[if …]> … <![endif]-->`, which Outlook reads as markup.
    ConditionalComment,
    /// Ordinary markup.
    Html,
    /// Inside `noscript`, which is live in mail clients.
    Noscript,
}

impl LinkContext {
    /// Returns a short name for logs and interfaces, such as `conditional_comment`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ConditionalComment => "conditional_comment",
            Self::Html => "html",
            Self::Noscript => "noscript",
        }
    }
}

/// What became of a link.
///
/// ```
/// use linkseal::{LinkOutcome, SkipReason};
///
/// let outcome = LinkOutcome::Skipped(SkipReason::MergeTag);
/// assert_eq!((outcome.as_str(), outcome.skip_reason()), ("skipped", Some(SkipReason::MergeTag)));
/// assert_eq!(LinkOutcome::Tracked.skip_reason(), None);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum LinkOutcome {
    /// The link is as it was.
    Skipped(SkipReason),
    /// The link is a signed tracking URL now.
    Tracked,
}

impl LinkOutcome {
    /// Returns a short name for logs and interfaces: `skipped` or `tracked`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skipped(_) => "skipped",
            Self::Tracked => "tracked",
        }
    }

    /// Returns why the link was left alone; `None` when it is tracked.
    #[must_use]
    pub fn skip_reason(self) -> Option<SkipReason> {
        match self {
            Self::Skipped(reason) => Some(reason),
            Self::Tracked => None,
        }
    }
}

/// Why a link was left alone.
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use linkseal::{SkipReason, rewrite_with_report};
///
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com", TrackingHost::custom("link.example.com")?, key)?;
/// let (_, report) = rewrite_with_report("<a href='{{ url }}'>Shop</a>", &domain);
/// let reason = report.links()[0].outcome().skip_reason();
/// assert_eq!(reason, Some(SkipReason::MergeTag));
/// assert_eq!(SkipReason::MergeTag.as_str(), "merge_tag");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum SkipReason {
    /// It leads to the tracking host's click or open path already.
    AlreadyTracked,
    /// Click tracking is off, for the domain or for this message.
    ClicksOff,
    /// The value is empty, or blank.
    Empty,
    /// Its host is on the domain's exclusion list.
    Excluded,
    /// It leads to a place in the same document (`#…`).
    Fragment,
    /// The URL standard can't parse it.
    Invalid,
    /// A merge tag of the sending service is still in place.
    MergeTag,
    /// A marker says that it shall not be tracked.
    OptedOut,
    /// It is relative, and no usable `<base href>` came before it.
    Relative,
    /// Its scheme is neither http nor https.
    Scheme,
    /// The `href`, the destination, or the token around it is longer than it may be.
    TooLong,
    /// It is the message's `List-Unsubscribe` URL.
    Unsubscribe,
}

impl SkipReason {
    /// Returns a short name for logs and interfaces, such as `merge_tag`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AlreadyTracked => "already_tracked",
            Self::ClicksOff => "clicks_off",
            Self::Empty => "empty",
            Self::Excluded => "excluded",
            Self::Fragment => "fragment",
            Self::Invalid => "invalid",
            Self::MergeTag => "merge_tag",
            Self::OptedOut => "opted_out",
            Self::Relative => "relative",
            Self::Scheme => "scheme",
            Self::TooLong => "too_long",
            Self::Unsubscribe => "unsubscribe",
        }
    }
}

/// Where the open pixel was put, or why there is none.
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use linkseal::{PixelOutcome, rewrite_with_report};
///
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com", TrackingHost::custom("link.example.com")?, key)?;
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
    /// None: the document has one of this tracking host's already.
    AlreadyThere,
    /// One at the start of the body and one at its end.
    Both,
    /// At the end of the body.
    End,
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

impl PixelOutcome {
    /// Returns a short name for logs and interfaces, such as `already_there`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AlreadyThere => "already_there",
            Self::Both => "both",
            Self::End => "end",
            Self::NoPlace => "no_place",
            Self::Off => "off",
            Self::Placeholder => "placeholder",
            Self::Start => "start",
        }
    }
}

/// Why a mail, or the rest of it, was passed through as it came.
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use linkseal::{DomainStatus, Untouched, rewrite_with_report};
///
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com", TrackingHost::custom("link.example.com")?, key)?;
/// let domain = domain.with_status(DomainStatus::External);
/// let (_, report) = rewrite_with_report("<p>Hi</p>", &domain);
/// assert_eq!(report.untouched(), Some(Untouched::DomainExternal));
/// assert_eq!(Untouched::DomainExternal.as_str(), "domain_external");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Untouched {
    /// The domain is [`External`](crate::DomainStatus::External).
    DomainExternal,
    /// The domain is [`Pending`](crate::DomainStatus::Pending).
    DomainPending,
    /// An `a`, `area` or `base` tag or a conditional comment was longer than the stream's memory
    /// limit.
    MemoryLimit {
        /// Where that construct starts in the input; from there on all is as it came.
        at: u64,
    },
}

impl Untouched {
    /// Returns a short name for logs and interfaces, such as `memory_limit`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::DomainExternal => "domain_external",
            Self::DomainPending => "domain_pending",
            Self::MemoryLimit { .. } => "memory_limit",
        }
    }
}

macro_rules! display_as_str {
    ($($name:ty),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(self.as_str())
            }
        }
    )*};
}

display_as_str!(
    LinkContext,
    LinkOutcome,
    PixelOutcome,
    SkipReason,
    Untouched
);
