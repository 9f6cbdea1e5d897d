//! What was done to a message, part by part.

use crate::names::names;
use crate::report::Report;

/// What rewriting a message did: one [`PartReport`] for each part that holds no others.
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use linkseal::{PartOutcome, rewrite_message_with_report};
///
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let message = b"Content-Type: text/html; charset=utf-8\r\n\r\n<a href='https://shop.example/'>Shop</a>\r\n";
/// let (rewritten, report) = rewrite_message_with_report(message, &domain);
/// let part = &report.parts()[0];
/// assert_eq!((part.path(), part.content_type(), part.encoding()), ("1", "text/html", "7bit"));
/// assert_eq!((part.charset(), part.outcome()), (Some("utf-8"), PartOutcome::Rewritten));
/// assert_eq!(part.report().map(|report| report.tracked()), Some(1));
/// assert_eq!(report.output_bytes(), u64::try_from(rewritten.len())?);
/// assert_eq!(report.signatures(), []);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MessageReport {
    pub(super) input_bytes: u64,
    pub(super) input_longest_line: u64,
    pub(super) output_bytes: u64,
    pub(super) output_longest_line: u64,
    pub(super) parts: Vec<PartReport>,
    pub(super) signatures: Vec<SignatureKind>,
}

impl MessageReport {
    /// Returns the parts in the order of the message. One whose parts can't be told is a single part.
    #[must_use]
    pub fn parts(&self) -> &[PartReport] {
        &self.parts
    }

    /// Returns which signatures the message carried, each kind once. They don't verify any more once a part is
    /// rewritten: sign after that.
    #[must_use]
    pub fn signatures(&self) -> &[SignatureKind] {
        &self.signatures
    }

    /// Returns the message's length in bytes as it came in.
    #[must_use]
    pub fn input_bytes(&self) -> u64 {
        self.input_bytes
    }

    /// Returns the message's length in bytes as it went out.
    #[must_use]
    pub fn output_bytes(&self) -> u64 {
        self.output_bytes
    }

    /// Returns the length of the longest line that came in, in bytes without its line ending.
    #[must_use]
    pub fn input_longest_line(&self) -> u64 {
        self.input_longest_line
    }

    /// Returns the length of the longest line that went out, in bytes without its line ending. SMTP allows 998
    /// (RFC 5322 §2.1.1).
    #[must_use]
    pub fn output_longest_line(&self) -> u64 {
        self.output_longest_line
    }
}

/// What became of a part, and what it was.
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use linkseal::{PartOutcome, PartSkipReason, rewrite_message_with_report};
///
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let (_, report) = rewrite_message_with_report(b"Subject: Hi\r\n\r\nHi\r\n", &domain);
/// let part = &report.parts()[0];
/// assert_eq!((part.path(), part.content_type(), part.charset()), ("1", "text/plain", None));
/// assert_eq!(part.outcome(), PartOutcome::Skipped(PartSkipReason::Type));
/// assert_eq!(part.report(), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PartReport {
    pub(super) charset: Option<String>,
    pub(super) content_type: String,
    pub(super) encoding: String,
    pub(super) outcome: PartOutcome,
    pub(super) path: String,
    pub(super) report: Option<Report>,
}

impl PartReport {
    /// Returns the part's number in each multipart that it is in, from 1, with dots between them, as IMAP has it
    /// (RFC 9051 §6.4.5): `1.2`.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns type and subtype in lower case; `text/plain` where none is stated (RFC 2045 §5.2).
    #[must_use]
    pub fn content_type(&self) -> &str {
        &self.content_type
    }

    /// Returns the transfer encoding as it is stated, in lower case; `7bit` where none is (RFC 2045 §6.1).
    #[must_use]
    pub fn encoding(&self) -> &str {
        &self.encoding
    }

    /// Returns the charset as it is stated, in lower case.
    #[must_use]
    pub fn charset(&self) -> Option<&str> {
        self.charset.as_deref()
    }

    /// Returns whether the part was rewritten, or why not.
    #[must_use]
    pub fn outcome(&self) -> PartOutcome {
        self.outcome
    }

    /// Returns what was done to the document that the part stands for; `None` when it was skipped. Its lengths are
    /// those of the document, without the transfer encoding.
    #[must_use]
    pub fn report(&self) -> Option<&Report> {
        self.report.as_ref()
    }
}

/// What became of a part.
///
/// ```
/// use linkseal::{PartOutcome, PartSkipReason};
///
/// let outcome = PartOutcome::Skipped(PartSkipReason::Signed);
/// assert_eq!((outcome.as_str(), outcome.skip_reason()), ("skipped", Some(PartSkipReason::Signed)));
/// assert_eq!(PartOutcome::Rewritten.skip_reason(), None);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum PartOutcome {
    /// Something in it is not as it was.
    Rewritten,
    /// It is as it was: it was not rewritten.
    Skipped(PartSkipReason),
    /// It is as it was: there was nothing in it to change.
    Unchanged,
}

impl PartOutcome {
    /// Returns a short name for logs and interfaces: `rewritten`, `skipped` or `unchanged`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rewritten => "rewritten",
            Self::Skipped(_) => "skipped",
            Self::Unchanged => "unchanged",
        }
    }

    /// Returns why the part was skipped; `None` when it was not.
    #[must_use]
    pub fn skip_reason(self) -> Option<PartSkipReason> {
        match self {
            Self::Skipped(reason) => Some(reason),
            Self::Rewritten | Self::Unchanged => None,
        }
    }
}

impl std::fmt::Display for PartOutcome {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// Why a part was left as it was.
///
/// ```
/// use linkseal::PartSkipReason;
///
/// assert_eq!(PartSkipReason::ContentMd5.as_str(), "content_md5");
/// assert_eq!("content_md5".parse(), Ok(PartSkipReason::ContentMd5));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum PartSkipReason {
    /// Readers may differ on where the part starts and ends, or on what it stands for.
    Ambiguous,
    /// It is a document of AMP for Email (`text/x-amp-html`).
    Amp,
    /// Its `Content-Disposition` is another than `inline`.
    Attachment,
    /// It is an appointment (`text/calendar`).
    Calendar,
    /// Its charset is unknown, or one in which ASCII bytes are not always ASCII characters.
    Charset,
    /// It, or what it is in, has a `Content-MD5` field (RFC 1864).
    ContentMd5,
    /// The domain is [`External`](crate::DomainStatus::External).
    DomainExternal,
    /// The domain is [`Pending`](crate::DomainStatus::Pending).
    DomainPending,
    /// Its transfer encoding is unknown.
    Encoding,
    /// It is encrypted, or in something that is.
    Encrypted,
    /// The message has over 5000 lines that may be delimiters, 10,000 lines of header fields, 2 MiB of both, 100
    /// multiparts, or 50 of them in each other; or it has 4 GiB or more.
    Limit,
    /// It is another message, or a part of one.
    Message,
    /// It is in a `multipart/report`.
    Report,
    /// It is signed, or in something that is.
    Signed,
    /// It is neither HTML, nor plain text whose links are tracked.
    Type,
}

names!(PartSkipReason, "part skip reason", {
    Ambiguous => "ambiguous",
    Amp => "amp",
    Attachment => "attachment",
    Calendar => "calendar",
    Charset => "charset",
    ContentMd5 => "content_md5",
    DomainExternal => "domain_external",
    DomainPending => "domain_pending",
    Encoding => "encoding",
    Encrypted => "encrypted",
    Limit => "limit",
    Message => "message",
    Report => "report",
    Signed => "signed",
    Type => "type",
});

/// A kind of signature over a message.
///
/// ```
/// use linkseal::SignatureKind;
///
/// assert_eq!(SignatureKind::Dkim.as_str(), "dkim");
/// assert_eq!("arc".parse(), Ok(SignatureKind::Arc));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum SignatureKind {
    /// An `ARC-` field (RFC 8617).
    Arc,
    /// A `DKIM-Signature` field (RFC 6376).
    Dkim,
    /// A `DKIM2-` field (in preparation at the IETF).
    Dkim2,
}

names!(SignatureKind, "signature kind", {
    Arc => "arc",
    Dkim => "dkim",
    Dkim2 => "dkim2",
});
