//! What was done to a document, and what was left alone and why. `docs/report.md` lists all names.

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
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
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
    pub(crate) input_longest_line: u64,
    pub(crate) links: Vec<Link>,
    pub(crate) output_bytes: u64,
    pub(crate) output_longest_line: u64,
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

    /// Returns the length of the longest line that came in, in bytes without its line ending.
    #[must_use]
    pub fn input_longest_line(&self) -> u64 {
        self.input_longest_line
    }

    /// Returns the length of the longest line that went out, in bytes without its line ending.
    ///
    /// SMTP allows 998 (RFC 5322 §2.1.1). Over that, send the part in quoted-printable or base64, which
    /// fold lines, or see [`DomainConfig::with_line_limit`](crate::DomainConfig::with_line_limit).
    #[must_use]
    pub fn output_longest_line(&self) -> u64 {
        self.output_longest_line
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
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
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

    /// Returns the URL that the link leads to; `None` when skipped before it was parsed, or too long. Of a
    /// tracking URL with a genuine token of this domain, it is the destination that the token holds.
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
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
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
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let (_, report) = rewrite_with_report("<a href='{{ url }}'>Shop</a>", &domain);
/// let reason = report.links()[0].outcome().skip_reason();
/// assert_eq!(reason, Some(SkipReason::MergeTag));
/// assert_eq!(SkipReason::MergeTag.as_str(), "merge_tag");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum SkipReason {
    /// It leads to the tracking host's click or open path, without a genuine token of a click.
    AlreadyTracked,
    /// Its value has bytes that mean nothing in the document's charset, so what a recipient opens is not
    /// known.
    Charset,
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
    /// A tracking URL would make its line longer than
    /// [`DomainConfig::with_line_limit`](crate::DomainConfig::with_line_limit) allows, and its tag has no
    /// white space that a line ending could take the place of.
    LineLength,
    /// A merge tag is still in place, in the link or in the `<base href>` that it is relative to.
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
            Self::Charset => "charset",
            Self::ClicksOff => "clicks_off",
            Self::Empty => "empty",
            Self::Excluded => "excluded",
            Self::Fragment => "fragment",
            Self::Invalid => "invalid",
            Self::LineLength => "line_length",
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

impl PixelOutcome {
    /// Returns a short name for logs and interfaces, such as `already_there`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AlreadyThere => "already_there",
            Self::Amp => "amp",
            Self::Both => "both",
            Self::End => "end",
            Self::LineLength => "line_length",
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
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let domain = domain.with_status(DomainStatus::External);
/// let (_, report) = rewrite_with_report("<p>Hi</p>", &domain);
/// assert_eq!(report.untouched(), Some(Untouched::DomainExternal));
/// assert_eq!(Untouched::DomainExternal.as_str(), "domain_external");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Untouched {
    /// The document starts with a byte order mark of UTF-16, in which bytes of ASCII are no characters.
    Charset,
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
    /// The document could not be read any further, for another reason than its length.
    Parser {
        /// From where on all is as it came.
        at: u64,
    },
}

impl Untouched {
    /// Returns a short name for logs and interfaces, such as `memory_limit`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Charset => "charset",
            Self::DomainExternal => "domain_external",
            Self::DomainPending => "domain_pending",
            Self::MemoryLimit { .. } => "memory_limit",
            Self::Parser { .. } => "parser",
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{LinkContext, LinkOutcome, PixelOutcome, SkipReason, Untouched};
    use crate::token::PixelPosition;

    const LIST: &str = include_str!("../docs/report.md");

    /// Starts with the first and goes on to the next of each. A variant that is new has no next yet, and
    /// does not compile.
    fn names<T: Copy>(
        first: T,
        as_str: fn(T) -> &'static str,
        next: fn(T) -> Option<T>,
    ) -> BTreeSet<&'static str> {
        let all = std::iter::successors(Some(first), |variant| next(*variant));
        all.map(as_str).collect()
    }

    /// The first column of the table under a heading.
    fn listed(heading: &str) -> BTreeSet<&'static str> {
        let section = LIST
            .split("\n## ")
            .find(|section| section.starts_with(heading));
        let rows = section
            .unwrap()
            .lines()
            .filter_map(|line| line.strip_prefix("| `"));
        rows.map(|row| row.split('`').next().unwrap()).collect()
    }

    #[test]
    fn the_list_of_skip_reasons_is_complete() {
        use SkipReason::*;
        let names = names(AlreadyTracked, SkipReason::as_str, |reason| match reason {
            AlreadyTracked => Some(Charset),
            Charset => Some(ClicksOff),
            ClicksOff => Some(Empty),
            Empty => Some(Excluded),
            Excluded => Some(Fragment),
            Fragment => Some(Invalid),
            Invalid => Some(LineLength),
            LineLength => Some(MergeTag),
            MergeTag => Some(OptedOut),
            OptedOut => Some(Relative),
            Relative => Some(Scheme),
            Scheme => Some(TooLong),
            TooLong => Some(Unsubscribe),
            Unsubscribe => None,
        });
        assert_eq!(names, listed("Skip reason\n"));
    }

    #[test]
    fn the_list_of_pixel_outcomes_is_complete() {
        use PixelOutcome::*;
        let names = names(
            AlreadyThere,
            PixelOutcome::as_str,
            |outcome| match outcome {
                AlreadyThere => Some(Amp),
                Amp => Some(Both),
                Both => Some(End),
                End => Some(LineLength),
                LineLength => Some(NoPlace),
                NoPlace => Some(Off),
                Off => Some(Placeholder),
                Placeholder => Some(Start),
                Start => None,
            },
        );
        assert_eq!(names, listed("Pixel outcome\n"));
    }

    #[test]
    fn the_list_of_reasons_to_pass_mail_through_is_complete() {
        use Untouched::*;
        let names = names(Charset, Untouched::as_str, |untouched| match untouched {
            Charset => Some(DomainExternal),
            DomainExternal => Some(DomainPending),
            DomainPending => Some(MemoryLimit { at: 0 }),
            MemoryLimit { .. } => Some(Parser { at: 0 }),
            Parser { .. } => None,
        });
        assert_eq!(names, listed("Untouched\n"));
    }

    #[test]
    fn the_lists_of_contexts_outcomes_and_placements_are_complete() {
        let contexts = names(
            LinkContext::Html,
            LinkContext::as_str,
            |context| match context {
                LinkContext::Html => Some(LinkContext::Noscript),
                LinkContext::Noscript => Some(LinkContext::ConditionalComment),
                LinkContext::ConditionalComment => None,
            },
        );
        assert_eq!(contexts, listed("Link context\n"));
        let outcomes = names(
            LinkOutcome::Tracked,
            LinkOutcome::as_str,
            |outcome| match outcome {
                LinkOutcome::Tracked => Some(LinkOutcome::Skipped(SkipReason::Empty)),
                LinkOutcome::Skipped(_) => None,
            },
        );
        assert_eq!(outcomes, listed("Link outcome\n"));
        let placements =
            names(
                PixelPosition::Start,
                PixelPosition::as_str,
                |placement| match placement {
                    PixelPosition::Start => Some(PixelPosition::End),
                    PixelPosition::End => None,
                },
            );
        assert_eq!(placements, listed("Placement\n"));
    }
}
