//! Rewriting a stream while it is written.

use std::fmt;
use std::io::{self, Write};

use crate::report::Report;
use crate::rewriter::Rewriter;

/// One call takes no more.
const MAX_CHUNK_BYTES: usize = 64 * 1024;

/// How much output is collected before the writer gets it. A large buffer beside that of the document
/// costs more in the allocator than the calls do.
const OUTPUT_BYTES: usize = 8 * 1024;

/// Rewrites a document while it is written, and writes the result to another writer.
///
/// Call [`finish`](Self::finish) at the end: what is held back is lost otherwise.
///
/// ```
/// use std::io::Write;
///
/// use linkseal::{DomainConfig, KeyId, RewriteWriter, Rewriter, SigningKey, TrackingHost};
///
/// let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let mut writer = RewriteWriter::new(Rewriter::new(&domain), Vec::new());
/// writer.write_all(b"<a href='https://shop.exa")?;
/// writer.write_all(b"mple/'>Shop</a>")?;
/// let (html, report) = writer.finish()?;
/// assert!(html.starts_with(b"<a href='https://link.example.com/c/"));
/// assert_eq!(report.links()[0].destination(), Some("https://shop.example/"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "the end of the document is written when the writer is finished"]
pub struct RewriteWriter<W: Write> {
    has_ended: bool,
    output: Vec<u8>,
    rewriter: Rewriter,
    /// How much of the output the writer has taken.
    written: usize,
    writer: W,
}

impl<W: Write> RewriteWriter<W> {
    /// Creates a writer for the document of `rewriter`, whose result goes to `writer`.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use linkseal::{RewriteWriter, Rewriter};
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let mut document = &b"<p>Hi</p>"[..];
    /// let mut writer = RewriteWriter::new(Rewriter::new(&domain), Vec::new());
    /// std::io::copy(&mut document, &mut writer)?;
    /// assert!(writer.finish()?.0.starts_with(b"<p>Hi</p><img "));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new(mut rewriter: Rewriter, writer: W) -> Self {
        rewriter.pause_at(OUTPUT_BYTES);
        Self {
            has_ended: false,
            output: Vec::new(),
            rewriter,
            written: 0,
            writer,
        }
    }

    /// Returns the inner writer.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let writer = linkseal::RewriteWriter::new(linkseal::Rewriter::new(&domain), vec![1]);
    /// assert_eq!(writer.get_ref(), &[1]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get_ref(&self) -> &W {
        &self.writer
    }

    /// Returns the inner writer, to change it. What is written to it comes between the parts of the
    /// document that have been handed on and those that have not.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let mut writer = linkseal::RewriteWriter::new(linkseal::Rewriter::new(&domain), Vec::new());
    /// writer.get_mut().extend_from_slice(b"DATA");
    /// assert!(writer.finish()?.0.starts_with(b"DATA<img "));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn get_mut(&mut self) -> &mut W {
        &mut self.writer
    }

    /// Ends the document; returns the inner writer, not flushed, and the report.
    ///
    /// # Errors
    ///
    /// What the inner writer returns, with this writer: finishing can be tried again, and then nothing is
    /// lost and nothing comes twice.
    ///
    /// ```
    /// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
    /// use std::io::ErrorKind;
    ///
    /// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
    /// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
    /// let mut full = [0; 3];
    /// let writer = linkseal::RewriteWriter::new(linkseal::Rewriter::new(&domain), &mut full[..]);
    /// let error = writer.finish().unwrap_err();
    /// assert_eq!(error.error().kind(), ErrorKind::WriteZero);
    /// let writer = error.into_writer();
    /// assert!(writer.get_ref().is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn finish(mut self) -> Result<(W, Report), FinishError<W>> {
        if let Err(error) = self.write_to_end() {
            return Err(FinishError {
                error,
                writer: Box::new(self),
            });
        }
        Ok((self.writer, self.rewriter.into_report()))
    }

    fn write_to_end(&mut self) -> io::Result<()> {
        if !self.has_ended {
            self.drain()?;
            self.has_ended = true;
            self.rewriter.read_to_end(&mut self.output);
        }
        self.drain()?;
        while self.rewriter.is_paused() {
            self.rewriter.resume(true, &mut self.output);
            self.drain()?;
        }
        Ok(())
    }

    /// Reads on after a pause; while the writer fails, the output waits for it.
    fn drain_pauses(&mut self) {
        while self.rewriter.is_paused() {
            if self.drain().is_err() {
                self.rewriter.pause_at(usize::MAX);
            }
            self.rewriter.resume(false, &mut self.output);
        }
        self.rewriter.pause_at(OUTPUT_BYTES);
    }

    /// Writes all output that is ready.
    fn drain(&mut self) -> io::Result<()> {
        while let Some(rest) = self.output.get(self.written..)
            && !rest.is_empty()
        {
            match self.writer.write(rest) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(taken) => self.written += taken,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.written = 0;
        self.output.clear();
        Ok(())
    }
}

/// Rewriting never fails; errors are the inner writer's. After one of `write` or `flush`, the call can
/// be repeated: nothing is lost and nothing comes twice.
impl<W: Write> Write for RewriteWriter<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.drain()?;
        let chunk = bytes.get(..MAX_CHUNK_BYTES).unwrap_or(bytes);
        self.rewriter.push(chunk, &mut self.output);
        self.drain_pauses();
        Ok(chunk.len())
    }

    /// Writes and flushes what can be handed on by now; a construct that is not whole stays.
    fn flush(&mut self) -> io::Result<()> {
        self.drain()?;
        self.rewriter.flush(&mut self.output);
        self.drain_pauses();
        self.drain()?;
        self.writer.flush()
    }
}

impl<W: Write> fmt::Debug for RewriteWriter<W> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RewriteWriter")
            .field("rewriter", &self.rewriter)
            .field("output", &self.output.len())
            .finish_non_exhaustive()
    }
}

/// The inner writer's error when a document could not be finished, and the writer to try again with.
///
/// ```
/// # use linkseal::{DomainConfig, KeyId, SigningKey, TrackingHost};
/// use std::error::Error;
///
/// # let key = SigningKey::new(KeyId(1), &[0x42; 32])?;
/// # let domain = DomainConfig::new("example.com".parse()?, TrackingHost::custom("link.example.com")?, key)?;
/// let mut full = [0; 3];
/// let writer = linkseal::RewriteWriter::new(linkseal::Rewriter::new(&domain), &mut full[..]);
/// let error = writer.finish().unwrap_err();
/// assert_eq!(error.to_string(), "the end of the document could not be written");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct FinishError<W: Write> {
    error: io::Error,
    writer: Box<RewriteWriter<W>>,
}

impl<W: Write> FinishError<W> {
    /// Returns the inner writer's error.
    #[must_use]
    pub fn error(&self) -> &io::Error {
        &self.error
    }

    /// Returns the inner writer's error by value; what had not been written is lost.
    #[must_use]
    pub fn into_error(self) -> io::Error {
        self.error
    }

    /// Returns the writer, to finish it again.
    pub fn into_writer(self) -> RewriteWriter<W> {
        *self.writer
    }
}

impl<W: Write> fmt::Debug for FinishError<W> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("FinishError")
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

impl<W: Write> fmt::Display for FinishError<W> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("the end of the document could not be written")
    }
}

impl<W: Write> std::error::Error for FinishError<W> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

impl<W: Write> From<FinishError<W>> for io::Error {
    fn from(error: FinishError<W>) -> Self {
        error.error
    }
}
