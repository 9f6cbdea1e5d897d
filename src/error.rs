//! The errors of settings and tokens.
//!
//! Nothing here concerns the mail itself: a link that is left alone is reported as skipped, never
//! as an error. No message holds a secret or a token.

use crate::key::KeyId;
use crate::sending_domain::SendingDomain;

/// Why bytes can't be a [`SigningKey`](crate::SigningKey).
///
/// ```
/// use linkseal::SigningKey;
/// use linkseal::error::KeyError;
///
/// assert_eq!("1:5e".parse::<SigningKey>().unwrap_err(), KeyError::TooShort { bytes: 1 });
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum KeyError {
    /// What stands before the colon is not a number below 2^32.
    #[error("key id is not a number below 2^32, expected decimal digits")]
    InvalidId,
    /// The text does not start with a key id and a colon.
    #[error("signing key has no id, expected a number below 2^32, a colon, and hexadecimal digits")]
    NoId,
    /// The text holds something else than pairs of hexadecimal digits.
    #[error("signing key is not hexadecimal, expected two digits for each byte")]
    NotHexadecimal,
    /// The secret is shorter than [`SigningKey::MIN_BYTES`](crate::SigningKey::MIN_BYTES).
    #[error(
        "signing key is {bytes} bytes, expected at least {}",
        crate::SigningKey::MIN_BYTES
    )]
    TooShort {
        /// How long the secret was.
        bytes: usize,
    },
}

/// Why a text can't be a host name that mail may point to.
///
/// ```
/// use linkseal::TrackingHost;
/// use linkseal::error::HostError;
///
/// let error = TrackingHost::custom("link.example.com:https").unwrap_err();
/// assert!(matches!(error, HostError::Port { .. }));
/// assert_eq!(error.to_string(), "port of `link.example.com:https` is not a number from 1 to 65535");
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum HostError {
    /// There is no host.
    #[error("host is empty, expected a domain name such as `link.example.com`")]
    Empty,
    /// The text is no domain name by the URL standard, or one that DNS can't hold.
    #[error("`{host}` is not a domain name, expected one such as `link.example.com`")]
    Invalid {
        /// The text as it was given.
        host: String,
    },
    /// The host is an IPv4 or IPv6 address.
    #[error("`{host}` is an IP address, expected a domain name such as `link.example.com`")]
    IpAddress {
        /// The text as it was given.
        host: String,
    },
    /// The path prefix has characters that would need escaping in an HTML attribute.
    #[error(
        "path prefix `{path}` has a character other than letters, digits, `-`, `.`, `_`, `~` and `/`"
    )]
    PathPrefix {
        /// The path as the URL standard serialises it.
        path: String,
    },
    /// What follows the host's colon is no port.
    #[error("port of `{host}` is not a number from 1 to 65535")]
    Port {
        /// The text as it was given.
        host: String,
    },
    /// The text holds more than a host, a port and a path.
    #[error("tracking host `{host}` has a {part}, expected only a host, a port and a path prefix")]
    Surplus {
        /// The text as it was given.
        host: String,
        /// What was there: `scheme`, `user name`, `query` or `fragment`.
        part: &'static str,
    },
}

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
    /// Two keys of one domain have the same id, so a token could not say which one signed it.
    #[error("key id {key_id} is used twice for {domain}, expected each key to have its own id")]
    DuplicateKeyId {
        /// The id that came twice.
        key_id: KeyId,
        /// The sending domain.
        domain: SendingDomain,
    },
    /// A host on the exclusion list is no host name.
    #[error("excluded host: {0}")]
    ExcludedHost(HostError),
    /// The delimiters can't be told from the rest of a URL.
    #[error(
        "merge tag `{open}`, `{close}` is not usable, expected 1 to 64 bytes each without white space and \
         control characters, and in the opener a character other than ASCII letters, digits and `-._~/:`"
    )]
    MergeTag {
        /// The opener as it was given.
        open: String,
        /// The closer as it was given.
        close: String,
    },
    /// A custom tracking host lies outside the sending domain.
    #[error("tracking host `{host}` is not a subdomain of the sending domain `{domain}`")]
    NotSubdomain {
        /// The tracking host.
        host: String,
        /// The sending domain.
        domain: SendingDomain,
    },
    /// An opt-out attribute has no usable name.
    #[error(
        "opt-out attribute `{name}` is not usable, expected 1 to 64 visible ASCII characters without quotes, \
         `<`, `=`, `>` and `/`, and not `class`, `href` or `src`"
    )]
    OptOutAttribute {
        /// The name as it was given.
        name: String,
    },
    /// An opt-out class is no word.
    #[error(
        "opt-out class `{name}` is not usable, expected 1 to 64 bytes without white space and control characters"
    )]
    OptOutClass {
        /// The name as it was given.
        name: String,
    },
    /// The value of an opt-out attribute is too long.
    #[error("value of an opt-out attribute is {bytes} bytes, expected at most 256")]
    OptOutValue {
        /// How long it was.
        bytes: usize,
    },
    /// The pixel placeholder can't be found in a document.
    #[error(
        "pixel placeholder `{placeholder}` is not usable, expected 1 to 256 bytes of text without `<` \
         and `>`, or one whole comment or start tag of no element that HTML has links or pixels in; \
         and nothing that overlaps a placeholder that is known"
    )]
    Placeholder {
        /// The text as it was given.
        placeholder: String,
    },
    /// One attribute name more than there may be.
    #[error("opt-out attributes have more than 32 names, expected at most that")]
    TooManyOptOutAttributes,
}

/// Why values can't be part of a [`Message`](crate::Message).
///
/// ```
/// use linkseal::Message;
/// use linkseal::error::MessageError;
///
/// let error = Message::new("m".repeat(1025)).unwrap_err();
/// assert_eq!(error, MessageError::TooLong { field: "message id", bytes: 1025 });
/// assert_eq!(error.to_string(), "message id is 1025 bytes, expected at most 1024");
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum MessageError {
    /// The time does not fit into 63 bits.
    #[error(
        "sent at is {seconds} seconds, expected at most {}",
        crate::Message::MAX_SENT_AT
    )]
    SentAt {
        /// The Unix time that was given, in seconds.
        seconds: u64,
    },
    /// The message id or the recipient is longer than
    /// [`Message::MAX_ID_BYTES`](crate::Message::MAX_ID_BYTES).
    #[error(
        "{field} is {bytes} bytes, expected at most {}",
        crate::Message::MAX_ID_BYTES
    )]
    TooLong {
        /// Which value: `message id` or `recipient`.
        field: &'static str,
        /// How long it was.
        bytes: usize,
    },
}

/// Why a charset can't be rewritten.
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use linkseal::Rewriter;
/// use linkseal::error::CharsetError;
///
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let error = Rewriter::new(&domain, Vec::new()).with_charset("utf-16").unwrap_err();
/// assert_eq!(error, CharsetError::Unsupported { name: "UTF-16LE" });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CharsetError {
    /// No charset of the Encoding Standard has that label.
    #[error("charset `{label}` is unknown, expected a label of the Encoding Standard")]
    Unknown {
        /// The label as it was given.
        label: String,
    },
    /// The charset is known, but ASCII bytes in it are not always ASCII characters.
    #[error(
        "charset {name} is not ASCII-compatible, expected one such as utf-8 or windows-1252: \
         transcode the document first"
    )]
    Unsupported {
        /// The charset's name in the Encoding Standard.
        name: &'static str,
    },
}

/// Why keys don't make a [`Verifier`](crate::Verifier).
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use linkseal::Verifier;
/// use linkseal::error::VerifierError;
///
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let error = Verifier::new([&domain, &domain]).unwrap_err();
/// assert!(matches!(error, VerifierError::DuplicateKeyId { key_id: KeyId(1), .. }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum VerifierError {
    /// A domain came twice with the same key id.
    #[error("key id {key_id} is given twice for {domain}, expected each key of a domain once")]
    DuplicateKeyId {
        /// The id that came twice.
        key_id: KeyId,
        /// The sending domain.
        domain: SendingDomain,
    },
}

/// Why a token can't be believed.
///
/// Nothing of a token is used before its tag has been checked, so no variant says anything about
/// what the token claims.
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use linkseal::Verifier;
/// use linkseal::error::TokenError;
///
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let error = Verifier::new([&domain])?.verify("junk").unwrap_err();
/// assert_eq!(error, TokenError::UnsupportedVersion);
/// assert_eq!(error.as_str(), "unsupported_version");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum TokenError {
    /// The tag does not fit: the token was altered, or signed for another domain or by another key.
    #[error("token has a bad signature, expected one made by a key of its domain")]
    BadSignature,
    /// The text is no token: wrong alphabet, cut short, too long, or with a part out of its limits.
    #[error("token is malformed, expected unpadded base64url of a version 1 payload and its tag")]
    Malformed,
    /// The token is signed by a key that the verifier does not have (any more).
    #[error("token names an unknown key, expected one that signs or is retired")]
    UnknownKey,
    /// The token is genuine, but a click stands where an open is expected, or the reverse.
    #[error("token is of the other kind, expected a click under /c/ and an open under /o/")]
    UnexpectedKind,
    /// The token is of a version that this crate does not know.
    #[error("token has an unsupported version, expected 1")]
    UnsupportedVersion,
}

impl TokenError {
    /// Returns a short name for logs and interfaces, such as `bad_signature`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadSignature => "bad_signature",
            Self::Malformed => "malformed",
            Self::UnknownKey => "unknown_key",
            Self::UnexpectedKind => "unexpected_kind",
            Self::UnsupportedVersion => "unsupported_version",
        }
    }
}
