//! Why links are left alone.

use crate::names::names;

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

names!(SkipReason, "skip reason", {
    AlreadyTracked => "already_tracked",
    Charset => "charset",
    ClicksOff => "clicks_off",
    Empty => "empty",
    Excluded => "excluded",
    Fragment => "fragment",
    Invalid => "invalid",
    LineLength => "line_length",
    MergeTag => "merge_tag",
    OptedOut => "opted_out",
    Relative => "relative",
    Scheme => "scheme",
    TooLong => "too_long",
    Unsubscribe => "unsubscribe",
});
