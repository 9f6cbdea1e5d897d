//! lol_html, which finds the tokens of a document. Its handlers only read: each notes the ranges of
//! what it was given, and of what lol_html writes only the length is used.
//!
//! The text of a document is never decoded here. lol_html is told that it reads windows-1252, in which
//! every byte is a character, so that its ranges count bytes in any charset that extends ASCII.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lol_html::errors::RewritingError;
use lol_html::send::{HtmlRewriter, Settings};
use lol_html::{AsciiCompatibleEncoding, MemorySettings, OutputSink};

use super::finding::Finding;
use super::handlers::{Findings, Scope, lock, with_handlers};
use super::mask::mask;

/// An element that is fed after the document's last byte: what swallows it would swallow a pixel. It is a link,
/// since each further name that is asked for takes time.
const END_MARK: &[u8] = b"<a>";

/// What lol_html writes goes nowhere, and is counted: as it changes nothing, that many bytes at the start of
/// what it was fed are done with.
#[derive(Clone, Debug, Default)]
struct Written(Arc<AtomicUsize>);

impl Written {
    fn get(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl OutputSink for Written {
    fn handle_chunk(&mut self, chunk: &[u8]) {
        self.0.store(self.get() + chunk.len(), Ordering::Relaxed);
    }
}

/// Parses one document, or a part of one, piece by piece.
pub(super) struct Parser {
    /// Up to where all tokens are done with, once the document has ended.
    done_at_end: Option<usize>,
    fed: usize,
    findings: Findings,
    /// Whether what is fed may need a mask.
    pub(super) is_masked: bool,
    /// `None` once it has failed: lol_html panics when it is used after that.
    rewriter: Option<HtmlRewriter<'static, Written>>,
    /// Where the part starts in the document.
    start: usize,
    written: Written,
}

/// Where a document ends.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Ending {
    /// In a tag or a comment.
    InMarkup,
    /// In raw text or a CDATA section, where every token is asked for.
    InText,
    /// Outside of all constructs, so that what follows would be read as markup.
    Outside,
}

/// Why the parser stopped before the document's end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ParserError {
    MemoryLimit,
    Other,
}

impl Parser {
    /// `memory_limit` bounds what lol_html keeps: unfinished tokens, attributes and open elements.
    pub(super) fn new(scope: Scope, memory_limit: usize) -> Self {
        let findings = Findings::default();
        let memory = MemorySettings::new()
            .with_preallocated_parsing_buffer_size(0)
            .with_max_allowed_memory_usage(memory_limit);
        let mut settings = Settings::new_send()
            .with_strict(false)
            .with_memory_settings(memory);
        if let Some(encoding) = AsciiCompatibleEncoding::new(encoding_rs::WINDOWS_1252) {
            settings = settings.with_encoding(encoding);
        }
        let written = Written::default();
        Self {
            done_at_end: None,
            fed: 0,
            is_masked: match scope {
                Scope::Links(sought) => sought.needs_mask,
                Scope::AnyHref | Scope::EveryToken => true,
            },
            start: 0,
            rewriter: Some(HtmlRewriter::new(
                with_handlers(settings, scope, &findings),
                written.clone(),
            )),
            findings,
            written,
        }
    }

    /// Starts a part of a document.
    pub(super) fn of_part(scope: Scope, memory_limit: usize, start: usize) -> Self {
        Self {
            start,
            ..Self::new(scope, memory_limit)
        }
    }

    /// Reads the next piece of the document.
    pub(super) fn feed(&mut self, piece: &[u8]) -> Result<(), ParserError> {
        let Some(rewriter) = &mut self.rewriter else {
            return Err(ParserError::Other);
        };
        self.fed += piece.len();
        let result = match self.is_masked {
            true => {
                let mut piece = piece.to_vec();
                mask(&mut piece);
                rewriter.write(&piece)
            }
            false => rewriter.write(piece),
        };
        result.map_err(|error| {
            self.rewriter = None;
            match error {
                RewritingError::MemoryLimitExceeded(_) => ParserError::MemoryLimit,
                _ => ParserError::Other,
            }
        })
    }

    /// Returns up to where all tokens of what was fed are done with. Known where every token is asked for: for
    /// others lol_html only looks for tags.
    pub(super) fn done(&self) -> usize {
        self.done_at_end.unwrap_or_else(|| self.written.get())
    }

    /// Moves what was found to the end of `queue`.
    pub(super) fn take_findings(&mut self, queue: &mut VecDeque<Finding>) {
        let mut findings = lock(&self.findings);
        if self.start > 0 {
            for finding in findings.iter_mut() {
                finding.shift(self.start);
            }
        }
        queue.append(&mut findings);
    }

    /// Ends the document. The last findings are then ready to be taken.
    pub(super) fn end(&mut self) -> Ending {
        let document_end = self.fed;
        self.done_at_end = Some(self.written.get());
        let fits = self.feed(END_MARK).is_ok();
        let mut findings = lock(&self.findings);
        let ending = match findings.back() {
            Some(Finding::StartTag(mark)) if fits && mark.tag.start >= document_end => {
                Ending::Outside
            }
            Some(Finding::RawText(text)) if text.end > document_end => Ending::InText,
            _ => Ending::InMarkup,
        };
        // The mark is no part of the document, and may have become a part of its last token.
        findings.retain(|finding| finding.range().end <= document_end);
        ending
    }
}
