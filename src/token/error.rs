//! Why tokens are refused.

/// Those that this build reads.
const VERSIONS: &str = match cfg!(feature = "sealed") {
    true => "1 or 2",
    false => "1",
};

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
    /// The tag, or what a sealed token has in its place, does not fit: the token was altered, or made for another
    /// domain or by another key.
    #[error("token has a bad signature, expected one made by a key of its domain")]
    BadSignature,
    /// The text is not a token: wrong alphabet, cut short, too long, or with a part out of its limits.
    #[error("token is malformed, expected unpadded base64url of a signed or sealed payload")]
    Malformed,
    /// The token is signed by a key that the verifier does not have (any more).
    #[error("token names an unknown key, expected one that signs or is retired")]
    UnknownKey,
    /// The token is genuine, but a click stands where an open is expected, or the reverse.
    #[error("token is of the other kind, expected a click under /c/ and an open under /o/")]
    UnexpectedKind,
    /// The token is of a version that this crate does not know, or is sealed and the feature `sealed` is off.
    #[error("token has an unsupported version, expected {}", VERSIONS)]
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
