//! One document: feeds it to the parser, and takes what is found to the page.
//!
//! A document at hand is fed in large pieces, and only the tokens are asked for that links and the end
//! of the body need. A stream that goes on asks for every token: then each byte is known to belong to a
//! token that is done with, and can be handed on, or to one that is still open, and is held back.

use encoding_rs::Encoding;

use super::byte_order_mark::{UTF_8_MARK, may_become_mark, starts_with_utf_16_mark};
use super::cursor::Cursor;
use super::dispatch::{Page, TooLong};
use super::finding::Finding;
use super::handlers::Scope;
use super::line::{LineCounter, LineLimit};
use super::links::Links;
use super::mask::maskable_len;
use super::open_construct::Inside;
use super::parser::{Ending, Parser, ParserError};
use super::pixel::Pixel;
use super::placeholder::Placeholders;
use super::sink::Sink;
use super::sought::Sought;
use super::window::Window;
use crate::config::DomainConfig;
use crate::domain_status::DomainStatus;
use crate::link::{LinkPolicy, Minter};
use crate::report::{Report, Untouched};

/// How much of a document is fed at once. Small pieces bound what the parser finds at once; with every
/// token asked for, three bytes of the document are a finding of eighty.
const PIECE_BYTES: usize = 128 * 1024;
const SMALL_PIECE_BYTES: usize = 4 * 1024;

/// What the parser may keep besides twice what a stream may hold back, and of a whole document. An
/// open element takes it about half a kilobyte, and no mail seen so far needs over 64 KB.
const PARSER_BYTES: usize = 256 * 1024;
const WHOLE_PARSER_BYTES: usize = 16 * 1024 * 1024;

/// Reads one document.
pub(crate) struct Scanner<S> {
    /// Up to where lines have been counted.
    counted: usize,
    counts_lines: bool,
    pub(super) fed: usize,
    /// How the document ends, once it has.
    pub(super) ending: Option<Ending>,
    /// What the tokens that were taken leave open.
    pub(super) inside: Inside,
    lines: LineCounter,
    pub(super) page: Page<S>,
    pub(super) parser: Option<Parser>,
    /// Up to where all tokens are done with, as far as is known: where every token is asked for, the start of the
    /// construct that is open.
    pub(super) progress: usize,
    pub(super) scope: Scope,
    pub(super) untouched: Option<Untouched>,
}

impl<S: Sink> Scanner<S> {
    /// Starts a document in UTF-8, in which a construct may be of any length.
    pub(crate) fn new(domain: &DomainConfig, sink: S) -> Self {
        let untouched = match domain.status() {
            DomainStatus::External => Some(Untouched::DomainExternal),
            DomainStatus::Pending => Some(Untouched::DomainPending),
            DomainStatus::Validated => None,
        };
        let (pixel, placeholders) = match untouched {
            Some(_) => (Pixel::off(), Placeholders::off()),
            None => (Pixel::new(domain), Placeholders::new(domain)),
        };
        let line_limit = domain
            .line_limit()
            .map(|limit| LineLimit::new(limit, Minter::new(domain.clone())));
        let cursor = Cursor::new(sink, placeholders.longest(), line_limit);
        let links = Links::new(LinkPolicy::new(domain.clone(), encoding_rs::UTF_8));
        Self {
            counted: 0,
            counts_lines: true,
            fed: 0,
            ending: None,
            inside: Inside::default(),
            lines: LineCounter::default(),
            page: Page::new(cursor, links, pixel, placeholders),
            parser: None,
            progress: 0,
            scope: Scope::EveryToken,
            untouched,
        }
    }

    pub(crate) fn set_encoding(&mut self, encoding: &'static Encoding) {
        self.page.links.set_encoding(encoding);
    }

    /// Ends the rewriting at a construct that must be seen whole and is longer than that.
    pub(crate) fn set_longest_construct(&mut self, bytes: usize) {
        self.page.longest_construct = bytes;
    }

    /// Lets the report only count links.
    pub(crate) fn keep_no_links(&mut self) {
        self.page.links.keep_none();
    }

    /// Leaves the lines of the document uncounted.
    pub(crate) fn count_no_lines(&mut self) {
        self.counts_lines = false;
    }

    /// Whether the output depends on whose open pixel the document holds.
    pub(crate) fn saw_own_pixel(&self) -> bool {
        self.page.saw_own_pixel
    }

    /// Whether the sink must be emptied before the scan goes on, in the same window.
    pub(crate) fn is_paused(&self) -> bool {
        self.page.cursor.sink.is_full() && !self.page.queue.is_empty()
    }

    pub(crate) fn sink(&mut self) -> &mut S {
        &mut self.page.cursor.sink
    }

    /// Whether a document that starts so can be read on: its byte order mark, and with a limit for lines
    /// its first line ending, must be seen before.
    pub(crate) fn can_start(&self, document: &[u8]) -> bool {
        let needs_line_ending = self.page.cursor.line_limit.is_some()
            && document.len() <= self.page.longest_construct
            && memchr::memchr(b'\n', document).is_none();
        !may_become_mark(document) && !needs_line_ending
    }

    /// Reads a whole document.
    pub(crate) fn scan_whole(&mut self, document: &[u8]) {
        self.choose_scope(document);
        self.scan(&Window::whole(document));
    }

    /// Asks only for those tokens that a whole document needs.
    pub(crate) fn choose_scope(&mut self, document: &[u8]) {
        let needs_every_token = self.page.pixel.is_wanted_at_start()
            || self.page.placeholders.is_sought()
            || self.page.cursor.line_limit.is_some();
        if !needs_every_token {
            let tracks_opens = self.page.pixel.tracks_opens();
            let pixel_url = tracks_opens.then(|| self.page.links.pixel_url_prefix());
            self.scope = Scope::Links(Sought::in_document(document, pixel_url));
        }
    }

    /// Reads on to the end of the window, which starts where the last call said. Returns how much of it
    /// is done with.
    pub(crate) fn scan(&mut self, window: &Window<'_>) -> usize {
        if self.counts_lines {
            self.lines.add(window.from(self.counted));
            self.counted = window.end();
        }
        if self.fed == 0 && self.untouched.is_none() {
            self.start(window);
        }
        self.take_findings(window);
        while self.goes_on() && self.feed(window) {}
        if self.is_paused() {
            return self.page.cursor.handed_on;
        }
        if self.untouched.is_some() {
            self.fed = window.end();
            self.page.cursor.hand_on(window, window.end());
        } else if window.is_last {
            self.end(window);
        } else {
            self.hand_on(window);
        }
        self.page.cursor.handed_on
    }

    /// Ends the scan. What goes out is for the caller to count.
    pub(crate) fn finish(self) -> (S, Report) {
        let mut report = self.page.links.into_report();
        report.input_bytes = u64::try_from(self.fed).unwrap_or(u64::MAX);
        report.input_longest_line = self.lines.longest();
        report.pixel = self.page.pixel.outcome();
        report.untouched = self.untouched;
        (self.page.cursor.sink, report)
    }

    /// Looks at what comes first in the document: a byte order mark decides its charset.
    fn start(&mut self, window: &Window<'_>) {
        if starts_with_utf_16_mark(window.bytes) {
            self.untouched = Some(Untouched::Charset);
            return;
        }
        if window.bytes.starts_with(UTF_8_MARK) {
            self.page.links.set_encoding(encoding_rs::UTF_8);
            self.page.content_start = UTF_8_MARK.len();
        }
        if let Some(lines) = &mut self.page.cursor.line_limit {
            let seen = self.page.longest_construct.min(window.bytes.len());
            lines.read_ending(window.bytes.get(..seen).unwrap_or_default());
        }
        let memory = match window.is_last {
            true => WHOLE_PARSER_BYTES,
            false => PARSER_BYTES.saturating_add(self.page.longest_construct.saturating_mul(2)),
        };
        self.page.parser_bytes = memory;
        self.parser = Some(Parser::new(self.scope, memory));
    }

    fn goes_on(&self) -> bool {
        self.untouched.is_none() && !self.is_paused()
    }

    /// Feeds one piece, or the end of the document; returns whether more can be fed.
    fn feed(&mut self, window: &Window<'_>) -> bool {
        // lol_html reads a token that is open anew with each piece.
        let done = self.progress.max(self.page.cursor.handed_on);
        let open_bytes = self.fed.saturating_sub(done);
        let piece_bytes = match self.scope {
            Scope::EveryToken => SMALL_PIECE_BYTES.max(open_bytes / 16),
            _ => PIECE_BYTES.max(open_bytes / 4),
        };
        let rest = window.from(self.fed);
        let piece = rest.get(..piece_bytes).unwrap_or(rest);
        let Some(parser) = &mut self.parser else {
            return false;
        };
        let is_last = window.is_last && piece.len() == rest.len();
        let piece = match parser.is_masked && !is_last {
            true => piece.get(..maskable_len(piece)).unwrap_or(piece),
            false => piece,
        };
        let result = parser.feed(piece);
        self.fed += piece.len();
        let waits_for_end = self.scope == Scope::EveryToken && self.ending.is_none();
        if is_last && result.is_ok() && waits_for_end {
            self.ending = Some(parser.end());
        }
        parser.take_findings(&mut self.page.queue);
        self.take_findings(window);
        match result {
            Ok(()) => self.take_done(window),
            Err(error) => self.give_up(error),
        }
        !piece.is_empty()
    }

    fn take_findings(&mut self, window: &Window<'_>) {
        while self.untouched.is_none()
            && !self.is_paused()
            && let Some(finding) = self.page.queue.pop_front()
        {
            if self.waits_for_line(window, &finding) || self.waits_for_mark(window, &finding) {
                self.page.queue.push_front(finding);
                return;
            }
            if let Err(TooLong { at }) = self.page.take(window, &finding) {
                self.untouched = Some(Untouched::MemoryLimit { at: position(at) });
                return;
            }
            self.take_progress(window, &finding);
        }
    }

    fn take_progress(&mut self, window: &Window<'_>, finding: &Finding) {
        self.inside.take(window, finding);
        let done = finding.done().unwrap_or(self.progress);
        self.progress = self.progress.max(done);
    }

    /// Takes in what the parser is done with and has shown nothing of: end tags that close nothing, and where
    /// CDATA sections start and end.
    fn take_done(&mut self, window: &Window<'_>) {
        if self.scope == Scope::EveryToken
            && self.page.queue.is_empty()
            && let Some(parser) = &self.parser
        {
            let done = parser.done();
            let fed = Window {
                bytes: window.slice(window.start..self.fed),
                ..*window
            };
            self.inside.take_done(&fed, done, self.ending);
            self.progress = self.progress.max(self.inside.start(done));
        }
    }

    fn give_up(&mut self, error: ParserError) {
        let at = position(self.progress.max(self.page.cursor.handed_on));
        self.untouched.get_or_insert(match error {
            ParserError::MemoryLimit => Untouched::MemoryLimit { at },
            ParserError::Other => Untouched::Parser { at },
        });
    }
}

pub(super) fn position(at: usize) -> u64 {
    u64::try_from(at).unwrap_or(u64::MAX)
}
