//! How a stream is rewritten.

use crate::charset::Charset;

/// How a stream is rewritten.
///
/// ```
/// use linkseal::{Charset, StreamOptions};
///
/// let options = StreamOptions::new()
///     .with_charset(Charset::for_label("windows-1252")?)
///     .with_memory_limit(256 * 1024);
/// assert_eq!(options.memory_limit(), 256 * 1024);
/// # Ok::<(), linkseal::error::CharsetError>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct StreamOptions {
    charset: Charset,
    is_summary_only: bool,
    memory_limit: usize,
}

impl StreamOptions {
    /// The memory limit that applies unless another is set: 1 MiB.
    pub const DEFAULT_MEMORY_LIMIT: usize = 1024 * 1024;

    /// The lowest memory limit, with which one construct can still be told from another: 64 bytes.
    pub const MIN_MEMORY_LIMIT: usize = 64;

    /// Creates options for a document in UTF-8, with a full report.
    ///
    /// ```
    /// use linkseal::{Charset, StreamOptions};
    ///
    /// let options = StreamOptions::new();
    /// assert_eq!(options.charset(), Charset::UTF_8);
    /// assert_eq!(options.memory_limit(), StreamOptions::DEFAULT_MEMORY_LIMIT);
    /// ```
    #[must_use]
    pub const fn new() -> Self {
        Self {
            charset: Charset::UTF_8,
            is_summary_only: false,
            memory_limit: Self::DEFAULT_MEMORY_LIMIT,
        }
    }

    /// Sets the document's charset. Its own `<meta charset>` is not looked at: mail states the charset
    /// outside.
    ///
    /// A byte order mark of UTF-8 overrides it. The document's bytes stay as they are. The query of a
    /// link's URL is percent-encoded in that charset, as browsers do it (URL standard §4.4). A link whose
    /// value holds bytes that mean nothing in the charset is left alone.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::{Charset, Rewriter, StreamOptions};
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let options = StreamOptions::new().with_charset(Charset::for_label("windows-1252")?);
    /// let mut rewriter = Rewriter::with_options(&domain, &options);
    /// let mut html = Vec::new();
    /// rewriter.push(b"<a href='https://shop.example/?q=caf\xe9'>Coffee</a>", &mut html);
    /// let report = rewriter.finish(&mut html);
    /// assert_eq!(report.links()[0].destination(), Some("https://shop.example/?q=caf%E9"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn with_charset(mut self, charset: Charset) -> Self {
        self.charset = charset;
        self
    }

    /// Sets how many bytes of a construct are held back until it is whole.
    ///
    /// When an `a`, `area` or `base` tag or a conditional comment is longer, the document goes through
    /// untouched from there on, and the report says where. So it does when such a tag is longer than
    /// 1 MiB, under any limit, and when elements are nested so deeply that the parser would need more
    /// than twice the limit and 256 KiB. Other tags, comments and elements of raw text may be longer, but
    /// no pixel can go before one that is longer, or in its place: if the document ends inside of it,
    /// there is none. A limit under [`MIN_MEMORY_LIMIT`](Self::MIN_MEMORY_LIMIT) counts as that.
    ///
    /// All that a stream has on the heap is at most eight times the limit and 1 MiB, as the bench
    /// `hostile_memory` measures, not counting the links of its report and the output.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::{Rewriter, StreamOptions, Untouched};
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let options = StreamOptions::new().with_memory_limit(1024);
    /// let mut rewriter = Rewriter::with_options(&domain, &options);
    /// let long = format!("<p>Hi</p><a title='{}' href='https://shop.example/'>", "!".repeat(1024));
    /// let mut html = Vec::new();
    /// rewriter.push(long.as_bytes(), &mut html);
    /// let report = rewriter.finish(&mut html);
    /// assert_eq!(report.untouched(), Some(Untouched::MemoryLimit { at: 9 }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn with_memory_limit(mut self, bytes: usize) -> Self {
        self.memory_limit = match bytes < Self::MIN_MEMORY_LIMIT {
            true => Self::MIN_MEMORY_LIMIT,
            false => bytes,
        };
        self
    }

    /// Makes the report only count links, for documents of any length in bounded memory.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::{Rewriter, StreamOptions};
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let mut rewriter = Rewriter::with_options(&domain, &StreamOptions::new().with_summary_only());
    /// let mut html = Vec::new();
    /// rewriter.push(b"<a href='https://shop.example/'>Shop</a>", &mut html);
    /// let report = rewriter.finish(&mut html);
    /// assert_eq!((report.tracked(), report.links().len()), (1, 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn with_summary_only(mut self) -> Self {
        self.is_summary_only = true;
        self
    }

    /// Returns the document's charset.
    #[must_use]
    pub const fn charset(&self) -> Charset {
        self.charset
    }

    /// Returns whether the report only counts links.
    #[must_use]
    pub const fn is_summary_only(&self) -> bool {
        self.is_summary_only
    }

    /// Returns how many bytes of a construct are held back until it is whole.
    #[must_use]
    pub const fn memory_limit(&self) -> usize {
        self.memory_limit
    }
}

impl Default for StreamOptions {
    fn default() -> Self {
        Self::new()
    }
}
