//! The charset of a document.

use std::fmt;
use std::str::FromStr;

use encoding_rs::Encoding;

use crate::prescan::stated_encoding;

/// A charset in which each ASCII byte is that character, as mail states it outside of the document: the
/// `charset` parameter of the part's `Content-Type` field (RFC 2046 §4.1.2).
///
/// ```
/// use linkseal::Charset;
///
/// let charset = Charset::for_label("latin1")?;
/// assert_eq!(charset.name(), "windows-1252");
/// assert_eq!(charset, "windows-1252".parse()?);
/// assert_eq!(Charset::default(), Charset::UTF_8);
/// # Ok::<(), linkseal::error::CharsetError>(())
/// ```
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct Charset(&'static Encoding);

impl Charset {
    /// UTF-8, the charset of a document for which no other is stated.
    pub const UTF_8: Self = Self(encoding_rs::UTF_8);

    /// Returns the charset of a label of the Encoding Standard (§4.2) such as `windows-1252`, in any letter
    /// case.
    ///
    /// ```
    /// use linkseal::Charset;
    /// use linkseal::error::CharsetError;
    ///
    /// assert_eq!(Charset::for_label("Shift-JIS")?.name(), "Shift_JIS");
    /// let error = Charset::for_label("utf-16").unwrap_err();
    /// assert_eq!(error, CharsetError::Unsupported { name: "UTF-16LE" });
    /// # Ok::<(), CharsetError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`CharsetError::Unknown`] for a label that the standard does not have,
    /// [`CharsetError::Unsupported`] for UTF-16, ISO-2022-JP, and labels that the standard maps to
    /// *replacement* such as `hz-gb-2312`: a byte below 0x80 may mean something else there than in
    /// ASCII.
    pub fn for_label(label: &str) -> Result<Self, CharsetError> {
        let encoding =
            Encoding::for_label(label.as_bytes()).ok_or_else(|| CharsetError::Unknown {
                label: label.to_owned(),
            })?;
        Self::new(encoding)
    }

    fn new(encoding: &'static Encoding) -> Result<Self, CharsetError> {
        match encoding.is_ascii_compatible() {
            true => Ok(Self(encoding)),
            false => Err(CharsetError::Unsupported {
                name: encoding.name(),
            }),
        }
    }

    /// Returns the charset that a document states itself, in a `<meta>` or an XML declaration among its first
    /// 1024 bytes, as browsers find it (HTML §13.2.3.2, "prescan"); `None` when it states none that is known.
    ///
    /// This is for documents of which no charset is stated outside, and which are not valid UTF-8. A byte order
    /// mark takes precedence over what is stated; it is not looked at here.
    ///
    /// ```
    /// use linkseal::Charset;
    ///
    /// let html = b"<meta charset=latin1><p>Caf\xe9";
    /// assert_eq!(Charset::stated_in(html), Some(Charset::for_label("windows-1252")));
    /// assert_eq!(Charset::stated_in(b"<p>Caf\xe9"), None);
    /// ```
    #[must_use]
    pub fn stated_in(document: &[u8]) -> Option<Result<Self, CharsetError>> {
        stated_encoding(document).map(Self::new)
    }

    /// Returns the charset's name in the Encoding Standard.
    ///
    /// ```
    /// assert_eq!(linkseal::Charset::UTF_8.name(), "UTF-8");
    /// ```
    #[must_use]
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// Whether an ASCII byte is always a character, and never a part of one.
    #[cfg(feature = "mime")]
    pub(crate) fn has_single_ascii_bytes(self) -> bool {
        self.0 == encoding_rs::UTF_8 || self.0.is_single_byte()
    }

    pub(crate) fn encoding(self) -> &'static Encoding {
        self.0
    }
}

impl Default for Charset {
    fn default() -> Self {
        Self::UTF_8
    }
}

impl FromStr for Charset {
    type Err = CharsetError;

    fn from_str(label: &str) -> Result<Self, CharsetError> {
        Self::for_label(label)
    }
}

impl fmt::Display for Charset {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl fmt::Debug for Charset {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_tuple("Charset")
            .field(&self.name())
            .finish()
    }
}

/// Why documents in a charset can't be rewritten.
///
/// ```
/// use linkseal::Charset;
///
/// let error = Charset::for_label("x-latin").unwrap_err();
/// let expected = "charset `x-latin` is unknown, expected a label of the Encoding Standard";
/// assert_eq!(error.to_string(), expected);
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
