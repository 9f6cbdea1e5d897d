//! Whether a sending domain may be rewritten.

use crate::names::names;

/// Whether the sender has shown that the domain is theirs, and who looks after its DNS.
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use linkseal::{DomainStatus, PixelOutcome, rewrite_with_report};
///
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// assert_eq!(domain.status(), DomainStatus::Validated);
/// let (_, report) = rewrite_with_report("<p>Hi</p>", &domain.with_status(DomainStatus::External));
/// assert_eq!(report.pixel(), PixelOutcome::Off);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum DomainStatus {
    /// Managed elsewhere, by a control panel or by hand-made DNS: its mail is never rewritten.
    External,
    /// Not validated yet: its mail is never rewritten.
    Pending,
    /// Its mail is rewritten.
    Validated,
}

names!(DomainStatus, "domain status", {
    External => "external",
    Pending => "pending",
    Validated => "validated",
});
