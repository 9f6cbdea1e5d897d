//! Why settings are refused.

use crate::dialect::DialectError;
use crate::host::HostError;
use crate::key::KeyId;
use crate::placeholder::PlaceholderError;
use crate::sending_domain::SendingDomain;

/// Why settings don't make a [`DomainConfig`](crate::DomainConfig).
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use linkseal::error::ConfigError;
///
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let key = SigningKey::new(KeyId(1), &[0x43; 32])?;
/// let error = domain.with_retired_key(key).unwrap_err();
/// assert!(matches!(error, ConfigError::DuplicateKeyId { key_id: KeyId(1), .. }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A merge tag or an opt-out can't be added.
    #[error(transparent)]
    Dialect(#[from] DialectError),
    /// Two keys of one domain have the same id, so a token could not say which one signed it.
    #[error("key id {key_id} is used twice for {domain}, expected each key to have its own id")]
    DuplicateKeyId {
        /// The id that came twice.
        key_id: KeyId,
        /// The sending domain.
        domain: SendingDomain,
    },
    /// A host on the exclusion list is not a host.
    #[error(
        "excluded host `{host}` is not usable, expected a domain name, an IP address, or `*.` before a domain name"
    )]
    ExcludedHost {
        /// The text as it was given.
        host: String,
        /// What is wrong with it.
        source: HostError,
    },
    /// A custom tracking host lies outside the sending domain.
    #[error("tracking host `{host}` is not a subdomain of the sending domain `{domain}`")]
    NotSubdomain {
        /// The tracking host.
        host: String,
        /// The sending domain.
        domain: SendingDomain,
    },
    /// The text can't be the pixel's placeholder.
    #[error(transparent)]
    Placeholder(#[from] PlaceholderError),
}
