//! Charsets that documents may be in.

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
