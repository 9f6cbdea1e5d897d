//! What was done to a document, and what was left alone and why. `docs/report.md` lists all names.

mod link;
mod skip_reason;
mod untouched;

pub use link::{Link, LinkContext, LinkOutcome};
pub use skip_reason::SkipReason;
pub use untouched::Untouched;

use crate::pixel::PixelOutcome;
use crate::tracking_level::TrackingLevel;

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
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Report {
    pub(crate) click_tracking: TrackingLevel,
    pub(crate) input_bytes: u64,
    pub(crate) input_longest_line: u64,
    pub(crate) links: Vec<Link>,
    pub(crate) open_tracking: TrackingLevel,
    pub(crate) output_bytes: u64,
    pub(crate) output_longest_line: u64,
    pub(crate) pixel: PixelOutcome,
    pub(crate) skipped: usize,
    pub(crate) tracked: usize,
    pub(crate) untouched: Option<Untouched>,
}

impl Report {
    /// Gmail shows only the beginning of a mail with more bytes of HTML than this, and a link to the rest.
    ///
    /// Gmail documents no figure; senders measure the cut at 102 KB.
    pub const GMAIL_MAX_BYTES: u64 = 102 * 1024;

    /// Starts the report on a document in which nothing has been found yet.
    pub(crate) fn new(click_tracking: TrackingLevel, open_tracking: TrackingLevel) -> Self {
        Self {
            click_tracking,
            input_bytes: 0,
            input_longest_line: 0,
            links: Vec::new(),
            open_tracking,
            output_bytes: 0,
            output_longest_line: 0,
            pixel: PixelOutcome::Off,
            skipped: 0,
            tracked: 0,
            untouched: None,
        }
    }

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

    /// Returns whether Gmail would show only the beginning of the result; see
    /// [`GMAIL_MAX_BYTES`](Self::GMAIL_MAX_BYTES).
    #[must_use]
    pub fn gmail_clips(&self) -> bool {
        self.output_bytes > Self::GMAIL_MAX_BYTES
    }

    /// Returns the level of click tracking that applied: the lower of the domain's and the message's, and
    /// [`Off`](TrackingLevel::Off) when the domain is not validated.
    #[must_use]
    pub fn click_tracking(&self) -> TrackingLevel {
        self.click_tracking
    }

    /// Returns the level of open tracking that applied, as [`click_tracking`](Self::click_tracking) does.
    #[must_use]
    pub fn open_tracking(&self) -> TrackingLevel {
        self.open_tracking
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pixel::PixelPosition;

    const LIST: &str = include_str!("../../docs/report.md");

    /// The names in the first column of the table below a heading.
    #[track_caller]
    fn assert_lists(heading: &str, names: &[&str]) {
        let mut sections = LIST.split("\n## ");
        let section = sections.find(|section| section.starts_with(&format!("{heading}\n")));
        let rows = section.unwrap().lines();
        let rows = rows.filter_map(|line| line.strip_prefix("| `"));
        let listed: Vec<&str> = rows.map(|row| row.split('`').next().unwrap()).collect();
        assert_eq!(listed, names, "{heading}");
    }

    /// `docs/report.md` lists all names, in the order of their values here.
    #[test]
    fn the_lists_of_names_are_complete() {
        macro_rules! assert_listed {
            ($($heading:literal: $type:ty),+) => {$({
                let names = <$type>::ALL.iter().map(|value| value.as_str());
                assert_lists($heading, &names.collect::<Vec<_>>());
                for value in <$type>::ALL {
                    assert_eq!(value.as_str().parse(), Ok(*value));
                    assert_eq!(value.to_string(), value.as_str());
                }
            })+};
        }
        assert_listed!(
            "Link context": LinkContext,
            "Pixel outcome": PixelOutcome,
            "Pixel position": PixelPosition,
            "Skip reason": SkipReason,
            "Tracking level": TrackingLevel
        );
        #[cfg(feature = "mime")]
        assert_listed!(
            "Part skip reason": crate::PartSkipReason,
            "Signature kind": crate::SignatureKind
        );
        let outcomes = [
            LinkOutcome::Skipped(SkipReason::Empty),
            LinkOutcome::Tracked,
        ];
        assert_lists("Link outcome", &outcomes.map(LinkOutcome::as_str));
        let untouched = [
            Untouched::Charset,
            Untouched::DomainExternal,
            Untouched::DomainPending,
            Untouched::MemoryLimit { at: 0 },
            Untouched::Parser { at: 0 },
        ];
        assert_lists("Untouched", &untouched.map(Untouched::as_str));
    }
}
