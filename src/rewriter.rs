//! Rewriting a stream, without I/O.

use std::fmt;

use crate::config::DomainConfig;
use crate::link::Minter;
use crate::report::Report;
use crate::scan::{LineCounter, Scanner, Splicer, Window};
use crate::stream_options::StreamOptions;

/// How much of a document is collected before it is read: one that ends before that is read as a
/// whole, which takes two thirds of the time (`stream/oneshot` of the bench `limits`).
const COLLECTED_BYTES: usize = 128 * 1024;

/// How much is read at once after that, at least.
const READ_BYTES: usize = 4 * 1024;

/// Rewrites a document that comes in chunks.
///
/// Any chunking gives the same bytes, and the same as [`rewrite`](crate::rewrite()) gives for the whole
/// document, within the [memory limit](StreamOptions::with_memory_limit). Up to 128 KB are collected
/// before anything is handed on; after that a tag or comment that a chunk cuts is held back until its rest
/// comes, and so is an element such as `style`, since a pixel would be lost if the document ended in it.
///
/// This type does no I/O, so that it fits into asynchronous code: [`push`](Self::push) appends what is
/// ready to a buffer. [`RewriteWriter`](crate::RewriteWriter) is the same as a [`Write`](std::io::Write).
///
/// ```
/// use linkseal::{DomainConfig, KeyId, Rewriter, SigningKey, TrackingHost};
///
/// let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let mut rewriter = Rewriter::new(&domain);
/// let mut html = Vec::new();
/// rewriter.push(b"<a href='https://shop.exa", &mut html);
/// rewriter.push(b"mple/'>Shop</a>", &mut html);
/// let report = rewriter.finish(&mut html);
/// assert!(html.starts_with(b"<a href='https://link.example.com/c/"));
/// assert_eq!(report.links()[0].destination(), Some("https://shop.example/"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "a rewriter returns the end of the document when it is finished"]
pub struct Rewriter {
    /// What can't be handed on yet.
    held_back: Vec<u8>,
    /// Where that starts in the document.
    held_back_at: usize,
    /// Whether more can be appended before more is pushed.
    is_paused: bool,
    is_started: bool,
    memory_limit: usize,
    output_bytes: u64,
    output_lines: LineCounter,
    /// How much is held back when it is read on.
    read_at: usize,
    scanner: Scanner<Splicer>,
}

impl Rewriter {
    /// Starts a document in UTF-8, for the message that `domain` is scoped to.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let mut html = Vec::new();
    /// let mut rewriter = linkseal::Rewriter::new(&domain);
    /// rewriter.push(b"<p>Hi</p>", &mut html);
    /// rewriter.finish(&mut html);
    /// assert!(html.starts_with(b"<p>Hi</p><img "));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(domain: &DomainConfig) -> Self {
        Self::with_options(domain, &StreamOptions::new())
    }

    /// Starts a document with other options than [`new`](Self::new).
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::{Rewriter, StreamOptions};
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let options = StreamOptions::new().with_summary_only();
    /// let report = Rewriter::with_options(&domain, &options).finish(&mut Vec::new());
    /// assert_eq!(report.input_bytes(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn with_options(domain: &DomainConfig, options: &StreamOptions) -> Self {
        let splicer = Splicer::new(Minter::new(domain.clone()), Vec::new());
        let mut scanner = Scanner::new(domain, splicer);
        scanner.set_encoding(options.charset().encoding());
        scanner.set_longest_construct(options.memory_limit());
        if options.is_summary_only() {
            scanner.keep_no_links();
        }
        Self {
            held_back: Vec::new(),
            held_back_at: 0,
            is_paused: false,
            is_started: false,
            memory_limit: options.memory_limit(),
            output_bytes: 0,
            output_lines: LineCounter::default(),
            read_at: COLLECTED_BYTES.min(options.memory_limit()),
            scanner,
        }
    }

    /// Takes the next chunk of the document, and appends what is ready of the result to `out`.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let mut rewriter = linkseal::Rewriter::new(&domain);
    /// let mut html = Vec::new();
    /// for chunk in ["<p>", "Hi", "</p>"] {
    ///     rewriter.push(chunk.as_bytes(), &mut html);
    /// }
    /// rewriter.finish(&mut html);
    /// assert!(html.starts_with(b"<p>Hi</p>"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn push(&mut self, chunk: &[u8], out: &mut Vec<u8>) {
        self.held_back.extend_from_slice(chunk);
        if self.held_back.len() > self.read_at {
            self.read_on(false, out);
        }
    }

    /// Appends what can be handed on by now to `out`, though more might be collected first.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let mut rewriter = linkseal::Rewriter::new(&domain);
    /// let mut html = Vec::new();
    /// rewriter.push(b"<p>Hi</p> all <a hre", &mut html);
    /// rewriter.flush(&mut html);
    /// assert_eq!(html, b"<p>Hi</p> all ");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn flush(&mut self, out: &mut Vec<u8>) {
        self.read_on(false, out);
    }

    /// Ends the document: appends the rest of the result to `out`, and returns the report.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let domain = domain.with_open_tracking(linkseal::TrackingLevel::Off);
    /// let mut rewriter = linkseal::Rewriter::new(&domain);
    /// let mut html = Vec::new();
    /// rewriter.push(b"<a href='https://shop.exa", &mut html);
    /// let report = rewriter.finish(&mut html);
    /// assert_eq!(html, b"<a href='https://shop.exa");
    /// assert_eq!(report.links(), []);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn finish(mut self, out: &mut Vec<u8>) -> Report {
        self.read_to_end(out);
        self.into_report()
    }

    /// Limits how much is appended by one call; the rest then waits for the next [`resume`](Self::resume).
    pub(crate) fn pause_at(&mut self, output_bytes: usize) {
        self.scanner.sink().full_at = output_bytes;
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// Goes on where the last call paused.
    pub(crate) fn resume(&mut self, is_last: bool, out: &mut Vec<u8>) {
        self.read_on(is_last, out);
    }

    pub(crate) fn read_to_end(&mut self, out: &mut Vec<u8>) {
        if !self.is_started {
            self.scanner.choose_scope(&self.held_back);
        }
        self.read_on(true, out);
    }

    pub(crate) fn into_report(self) -> Report {
        let (_, mut report) = self.scanner.finish();
        report.output_bytes = self.output_bytes;
        report.output_longest_line = self.output_lines.longest();
        report
    }

    /// Reads what is held back, as far as it can be judged.
    fn read_on(&mut self, is_last: bool, out: &mut Vec<u8>) {
        if !self.is_started && !is_last && !self.scanner.can_start(&self.held_back) {
            self.wait();
            return;
        }
        self.is_started = true;
        let start = out.len();
        std::mem::swap(out, &mut self.scanner.sink().out);
        let done = self.scanner.scan(&Window {
            bytes: &self.held_back,
            is_last,
            start: self.held_back_at,
        });
        self.is_paused = self.scanner.is_paused();
        std::mem::swap(out, &mut self.scanner.sink().out);
        let new = out.get(start..).unwrap_or_default();
        self.output_lines.add(new);
        self.output_bytes += u64::try_from(new.len()).unwrap_or(u64::MAX);
        if !self.is_paused {
            self.held_back.drain(..done - self.held_back_at);
            self.held_back_at = done;
            self.wait();
        }
    }

    /// Waits for so much more that what is held back is not read again and again.
    fn wait(&mut self) {
        let more = (self.held_back.len() / 4).max(READ_BYTES.min(self.memory_limit));
        self.read_at = self.held_back.len() + more;
        self.held_back.reserve_exact(more);
    }
}

impl fmt::Debug for Rewriter {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Rewriter")
            .field("held_back", &self.held_back.len())
            .finish_non_exhaustive()
    }
}
