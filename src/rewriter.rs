//! Rewriting a stream.

use std::fmt;
use std::io::{self, Write};

use encoding_rs::Encoding;

use crate::charset::CharsetError;
use crate::config::DomainConfig;
use crate::link::Minter;
use crate::report::Report;
use crate::scan::{LineCounter, Scanner, Splicer, Window, may_be_byte_order_mark};

/// One call takes no more, and output over that is not left waiting.
const MAX_CHUNK_BYTES: usize = 64 * 1024;

/// How much of a document is collected before it is read: one that ends before that is read as a
/// whole, which takes two thirds of the time (`stream/oneshot` of the bench `limits`).
const COLLECTED_BYTES: usize = 128 * 1024;

/// Rewrites a document while it is written, and writes the result to another writer.
///
/// Any chunking gives the same bytes, and the same as [`rewrite`](crate::rewrite()) gives for the
/// whole document, up to the [memory limit](Self::with_memory_limit). A tag or comment that a chunk
/// cuts is held back until its rest comes, and so is an element such as `style`, lest the document
/// end inside of it, where a pixel would be lost.
///
/// Call [`finish`](Self::finish) at the end: what is held back is lost otherwise.
///
/// ```
/// use std::io::Write;
///
/// use linkseal::{DomainConfig, KeyId, Rewriter, SigningKey, TrackingHost};
///
/// let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let mut rewriter = Rewriter::new(&domain, Vec::new());
/// rewriter.write_all(b"<a href='https://shop.exa")?;
/// rewriter.write_all(b"mple/'>Shop</a>")?;
/// let (html, report) = rewriter.finish()?;
/// assert!(html.starts_with(b"<a href='https://link.example.com/c/"));
/// assert_eq!(report.links()[0].destination(), Some("https://shop.example/"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a rewriter does nothing until it is written to and finished"]
pub struct Rewriter<W: Write> {
    /// What can't be handed on yet.
    held_back: Vec<u8>,
    /// Where that starts in the document.
    held_back_at: usize,
    is_started: bool,
    memory_limit: usize,
    outlet: Outlet<W>,
    scanner: Scanner<Splicer>,
}

impl<W: Write> Rewriter<W> {
    /// What a stream holds back at most, unless [`with_memory_limit`](Self::with_memory_limit)
    /// says otherwise: 1 MiB.
    pub const DEFAULT_MEMORY_LIMIT: usize = 1024 * 1024;

    /// The least that a stream must be able to hold back, to tell one construct from another.
    pub const MIN_MEMORY_LIMIT: usize = 64;

    /// Starts a document in UTF-8, for the message that `domain` is scoped to.
    ///
    /// The document's own `<meta charset>` is not looked at: mail states its charset outside. For
    /// another one than UTF-8 call [`with_charset`](Self::with_charset), or links
    /// whose URL is not ASCII lead elsewhere.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use std::io::Write;
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let mut html = Vec::new();
    /// let mut rewriter = linkseal::Rewriter::new(&domain, &mut html);
    /// rewriter.write_all(b"<p>Hi</p>")?;
    /// rewriter.finish()?;
    /// assert!(html.starts_with(b"<p>Hi</p><img "));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(domain: &DomainConfig, writer: W) -> Self {
        let mut splicer = Splicer::new(Minter::new(domain.clone()), Vec::new());
        splicer.full_at = MAX_CHUNK_BYTES;
        let mut scanner = Scanner::new(domain, splicer);
        scanner.set_longest_construct(Self::DEFAULT_MEMORY_LIMIT);
        Self {
            held_back: Vec::new(),
            held_back_at: 0,
            is_started: false,
            memory_limit: Self::DEFAULT_MEMORY_LIMIT,
            outlet: Outlet {
                lines: LineCounter::default(),
                output_bytes: 0,
                writer,
                written: 0,
            },
            scanner,
        }
    }

    /// Says that the document is in another charset, by a label of the Encoding Standard such as
    /// `windows-1252`: the `charset` parameter of its `Content-Type` field.
    ///
    /// A byte order mark of UTF-8 overrides it. The document's bytes stay as they are. The query of
    /// a link's URL is percent-encoded in that charset, as browsers do it (URL standard §4.4).
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use std::io::Write;
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let mut rewriter = linkseal::Rewriter::new(&domain, Vec::new()).with_charset("windows-1252")?;
    /// rewriter.write_all(b"<a href='https://shop.example/?q=caf\xe9'>Coffee</a>")?;
    /// let (_, report) = rewriter.finish()?;
    /// assert_eq!(report.links()[0].destination(), Some("https://shop.example/?q=caf%E9"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`CharsetError::Unknown`] for a label that the standard does not have,
    /// [`CharsetError::Unsupported`] for UTF-16, ISO-2022-JP, and labels that the standard maps to
    /// *replacement* such as `hz-gb-2312`: a byte below 0x80 may mean something else there than in
    /// ASCII.
    pub fn with_charset(mut self, label: &str) -> Result<Self, CharsetError> {
        let encoding =
            Encoding::for_label(label.as_bytes()).ok_or_else(|| CharsetError::Unknown {
                label: label.to_owned(),
            })?;
        if !encoding.is_ascii_compatible() {
            return Err(CharsetError::Unsupported {
                name: encoding.name(),
            });
        }
        self.scanner.set_encoding(encoding);
        Ok(self)
    }

    /// Limits how many bytes are held back.
    ///
    /// When an `a`, `area` or `base` tag or a conditional comment is longer, the mail goes through
    /// untouched from there on, and the report says where. Other tags, comments and elements of raw
    /// text pass at any length, but no pixel can go before one that is longer, or in its place: if
    /// the document ends inside of it, there is none. A limit under
    /// [`MIN_MEMORY_LIMIT`](Self::MIN_MEMORY_LIMIT) counts as that.
    ///
    /// All that a stream has on the heap is at most eight times the limit and 1 MiB, as the bench
    /// `hostile_memory` measures; besides the links of its report, and the output of what was held
    /// back while the writer fails.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use std::io::Write;
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let mut rewriter = linkseal::Rewriter::new(&domain, Vec::new()).with_memory_limit(1024);
    /// write!(rewriter, "<p>Hi</p><a title='{}' href='https://shop.example/'>", "!".repeat(1024))?;
    /// let (_, report) = rewriter.finish()?;
    /// assert_eq!(report.untouched(), Some(linkseal::Untouched::MemoryLimit { at: 9 }));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_memory_limit(mut self, bytes: usize) -> Self {
        let bytes = bytes.max(Self::MIN_MEMORY_LIMIT);
        self.scanner.set_longest_construct(bytes);
        self.memory_limit = bytes;
        self
    }

    /// Lets the report only count links: for documents of any length in bounded memory.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use std::io::Write;
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let mut rewriter = linkseal::Rewriter::new(&domain, Vec::new()).with_summary_only();
    /// rewriter.write_all(b"<a href='https://shop.example/'>Shop</a>")?;
    /// let (_, report) = rewriter.finish()?;
    /// assert_eq!((report.tracked(), report.links().len()), (1, 0));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_summary_only(mut self) -> Self {
        self.scanner.keep_no_links();
        self
    }

    /// Ends the document; returns the writer, not flushed, and the report.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::TrackingLevel;
    /// use std::io::Write;
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let mut rewriter = linkseal::Rewriter::new(&domain.with_open_tracking(TrackingLevel::Off), Vec::new());
    /// rewriter.write_all(b"<a href='https://shop.exa")?;
    /// let (html, report) = rewriter.finish()?;
    /// assert_eq!(html, b"<a href='https://shop.exa");
    /// assert_eq!(report.links(), []);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What the writer returns. Part of the output may have been written then.
    pub fn finish(mut self) -> io::Result<(W, Report)> {
        if !self.is_started {
            self.scanner.choose_scope(&self.held_back);
        }
        self.read_on(true);
        self.outlet.drain(self.scanner.sink())?;
        let (_, mut report) = self.scanner.finish();
        report.output_bytes = self.outlet.output_bytes;
        report.output_longest_line = self.outlet.lines.longest();
        Ok((self.outlet.writer, report))
    }

    fn feed(&mut self, chunk: &[u8]) {
        self.held_back.extend_from_slice(chunk);
        if self.is_started || self.held_back.len() > COLLECTED_BYTES.min(self.memory_limit) {
            self.read_on(false);
        }
    }

    /// Reads what is held back, as far as it can be judged.
    fn read_on(&mut self, is_last: bool) {
        if !is_last && may_be_byte_order_mark(&self.held_back) && !self.is_started {
            return;
        }
        self.is_started = true;
        let window = Window {
            bytes: &self.held_back,
            is_last,
            start: self.held_back_at,
        };
        let mut done = self.scanner.scan(&window);
        while self.scanner.is_paused() {
            // While the writer fails, the output waits for it.
            if self.outlet.drain(self.scanner.sink()).is_err() {
                self.scanner.sink().full_at = usize::MAX;
            }
            done = self.scanner.scan(&window);
        }
        self.scanner.sink().full_at = MAX_CHUNK_BYTES;
        self.held_back.drain(..done - self.held_back_at);
        self.held_back_at = done;
    }
}

/// Rewriting never fails; errors are the inner writer's. After one of `write` or `flush`, the call can
/// be repeated: nothing is lost and nothing comes twice.
impl<W: Write> Write for Rewriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.outlet.drain(self.scanner.sink())?;
        let chunk = bytes.get(..MAX_CHUNK_BYTES).unwrap_or(bytes);
        self.feed(chunk);
        Ok(chunk.len())
    }

    /// Writes and flushes what is ready; what is held back stays.
    fn flush(&mut self) -> io::Result<()> {
        self.read_on(false);
        self.outlet.drain(self.scanner.sink())?;
        self.outlet.writer.flush()
    }
}

impl<W: Write> fmt::Debug for Rewriter<W> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Rewriter")
            .field("held_back", &self.held_back.len())
            .finish_non_exhaustive()
    }
}

/// The output on its way to the writer.
struct Outlet<W> {
    lines: LineCounter,
    output_bytes: u64,
    writer: W,
    /// How much of the splicer's output the writer has taken.
    written: usize,
}

impl<W: Write> Outlet<W> {
    /// Writes all output that is ready.
    fn drain(&mut self, splicer: &mut Splicer) -> io::Result<()> {
        let out = &mut splicer.out;
        while let Some(rest) = out.get(self.written..)
            && !rest.is_empty()
        {
            match self.writer.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(taken) => self.written += taken,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.output_bytes += u64::try_from(out.len()).unwrap_or(u64::MAX);
        self.lines.add(out);
        self.written = 0;
        out.clear();
        Ok(())
    }
}
