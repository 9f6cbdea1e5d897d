//! What is reported of a link.

use std::fmt;

use super::skip_reason::SkipReason;
use crate::names::names;

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
    /// Returns the element's name in lower case: `a`, `area`, or such as `v:roundrect`; empty in plain text.
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

    /// Returns the URL that the link leads to, with its campaign parameters if it gets any; `None` when skipped before it
    /// was parsed, or too long. Of a tracking URL with a genuine token of this domain, it is the destination that the
    /// token holds.
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
    /// A URL in a part in plain text.
    PlainText,
}

names!(LinkContext, "link context", {
    ConditionalComment => "conditional_comment",
    Html => "html",
    Noscript => "noscript",
    PlainText => "plain_text",
});

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

impl fmt::Display for LinkOutcome {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}
