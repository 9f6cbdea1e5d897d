//! Why mail goes through as it came.

use std::fmt;

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
    /// The document starts with a byte order mark of UTF-16, in which bytes of ASCII are not characters.
    Charset,
    /// The domain is [`External`](crate::DomainStatus::External).
    DomainExternal,
    /// The domain is [`Pending`](crate::DomainStatus::Pending).
    DomainPending,
    /// An `a`, `area` or `base` tag or a conditional comment was longer than the stream's memory
    /// limit, such a tag was longer than 1 MiB, or elements were nested too deeply for the parser's memory.
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

impl fmt::Display for Untouched {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}
