//! Windows of a document: what can be judged, what must wait, and what may go.

use encoding_rs::Encoding;

use super::body::{BodyTracker, Stage};
use super::conditional::comment_content;
use super::cursor::Cursor;
use super::foreign::ForeignContent;
use super::links::Links;
use super::pixel::Pixel;
use super::sink::Sink;
use super::tag::Interest;
use super::tokenizer::{Token, Tokenizer, is_conditional};
use crate::config::{DomainConfig, DomainStatus};
use crate::link::Linker;
use crate::report::{Report, Untouched};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads one document.
#[derive(Debug)]
pub(crate) struct Scanner<S> {
    pub(super) body: BodyTracker,
    pub(super) cursor: Cursor<S>,
    pub(super) foreign: ForeignContent,
    pub(super) in_noscript: bool,
    pub(super) links: Links,
    pub(super) longest_construct: usize,
    /// Where the window starts in the document.
    pub(super) offset: u64,
    pub(super) pixel: Pixel,
    /// Whether the start of the open construct has gone out.
    pub(super) released: bool,
    /// Whether the token at hand is one whose start may have gone out, so that nothing can come
    /// before it or in its place.
    pub(super) token_is_long: bool,
    pub(super) tokenizer: Tokenizer,
    pub(super) untouched: Option<Untouched>,
}

/// What a token calls for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Next {
    Token,
    /// The window ends in what can't be judged yet.
    Window,
}

impl<S: Sink> Scanner<S> {
    /// Starts a document in UTF-8, in which a construct may be of any length.
    pub(crate) fn new(domain: DomainConfig, sink: S) -> Self {
        let untouched = match domain.status() {
            DomainStatus::External => Some(Untouched::DomainExternal),
            DomainStatus::Pending => Some(Untouched::DomainPending),
            DomainStatus::Validated => None,
        };
        let pixel = match untouched {
            Some(_) => Pixel::off(),
            None => Pixel::new(&domain),
        };
        Self {
            body: BodyTracker::default(),
            cursor: Cursor::new(sink, pixel.longest_placeholder()),
            foreign: ForeignContent::default(),
            in_noscript: false,
            tokenizer: Tokenizer::of(&domain),
            links: Links::new(Linker::new(domain, encoding_rs::UTF_8)),
            longest_construct: usize::MAX,
            offset: 0,
            pixel,
            released: false,
            token_is_long: false,
            untouched,
        }
    }

    pub(crate) fn set_encoding(&mut self, encoding: &'static Encoding) {
        self.links.set_encoding(encoding);
    }

    /// Ends the rewriting at a construct that must be seen whole and is longer than that.
    pub(crate) fn set_longest_construct(&mut self, bytes: usize) {
        self.longest_construct = bytes;
    }

    /// Lets the report only count links.
    pub(crate) fn keep_no_links(&mut self) {
        self.links.keep_none();
    }

    pub(crate) fn sink(&mut self) -> &mut S {
        &mut self.cursor.sink
    }

    /// Reads the window as far as it can be judged; `last` says that the document ends with it.
    /// Returns how many bytes are done with: the next window starts behind them.
    pub(crate) fn scan(&mut self, window: &[u8], last: bool) -> usize {
        let done = if self.untouched.is_some() {
            self.cursor.hand_on(window, window.len());
            window.len()
        } else if !last && self.offset == 0 && is_proper_prefix(window, BYTE_ORDER_MARK) {
            0
        } else {
            self.scan_markup(window, last)
        };
        self.tokenizer.shift(done);
        self.cursor.handed_on = 0;
        self.offset += u64::try_from(done).unwrap_or(u64::MAX);
        done
    }

    /// Whether the output depends on whose open pixel the document holds.
    pub(crate) fn saw_own_pixel(&self) -> bool {
        self.links.saw_own_pixel
    }

    /// Ends the scan. The bytes going out are for the caller to count.
    pub(crate) fn finish(self, output_bytes: u64) -> (S, Report) {
        let mut report = self.links.into_report();
        report.input_bytes = self.offset;
        report.output_bytes = output_bytes;
        report.pixel = self.pixel.outcome();
        report.untouched = self.untouched;
        (self.cursor.sink, report)
    }

    fn scan_markup(&mut self, window: &[u8], last: bool) -> usize {
        if self.offset == 0 && window.starts_with(BYTE_ORDER_MARK) {
            // It decides the charset, whatever was stated (Encoding Standard §6, "BOM sniff").
            self.links.set_encoding(encoding_rs::UTF_8);
            self.tokenizer.resume_at(BYTE_ORDER_MARK.len());
        }
        while let Some(token) = self.next_token(window, last) {
            let was_released = std::mem::take(&mut self.released);
            let is_long = was_released || token.range().len() > self.longest_construct;
            self.token_is_long = token.is_construct() && is_long;
            // What has gone out in parts was not needed, whatever its end looks like.
            if self.token_is_long && !was_released && self.is_needed(window, &token) {
                return self.give_up(window);
            }
            if self.token(window, token, last) == Next::Window {
                break;
            }
        }
        let open = self.tokenizer.open_construct();
        let is_long = window.len().saturating_sub(open) > self.longest_construct;
        if last {
            self.end(window, open, is_long);
            return window.len();
        }
        if !is_long {
            self.cursor.hand_on(window, open);
            return open;
        }
        if !self.released {
            if self.tokenizer.needs_construct(window) {
                return self.give_up(window);
            }
            // What was to come before this construct must go out before it does.
            self.start_of_body(window, open);
        }
        let released = self.tokenizer.released().max(open);
        self.released |= released > open;
        self.cursor.hand_on(window, released);
        released
    }

    fn next_token(&mut self, window: &[u8], last: bool) -> Option<Token> {
        let seeks_pixels = self.pixel.tracks_opens();
        let foreign = &self.foreign;
        self.tokenizer
            .next(window, last, |name| match name.as_bytes() {
                b"a" | b"area" | b"base" => Interest::Whole,
                b"img" if seeks_pixels => Interest::Passing,
                _ if foreign.asks_attributes(name) => Interest::Passing,
                _ => Interest::None,
            })
    }

    /// Whether a long token would have to be held back whole, had it come in small windows.
    fn is_needed(&mut self, window: &[u8], token: &Token) -> bool {
        match token {
            Token::StartTag(_) => {
                let is_needed = self.tokenizer.tag.is_needed();
                self.tokenizer.tag.drop_attributes();
                is_needed
            }
            Token::Comment(range) => is_conditional(comment_content(window, range)),
            _ => false,
        }
    }

    fn give_up(&mut self, window: &[u8]) -> usize {
        let at = u64::try_from(self.tokenizer.start()).unwrap_or(u64::MAX);
        self.untouched = Some(Untouched::MemoryLimit {
            at: self.offset.saturating_add(at),
        });
        self.cursor.hand_on(window, window.len());
        window.len()
    }

    /// Ends the document. What is open from `open` on would swallow a pixel behind it.
    fn end(&mut self, window: &[u8], open: usize, is_long: bool) {
        // A pixel before a CDATA section would end the SVG or MathML that alone makes it one.
        let swallows =
            self.released || (is_long && open < window.len()) || self.tokenizer.is_in_cdata();
        if !swallows && self.body.stage != Stage::Frameset && self.body.is_outside_templates() {
            if self.body.stage == Stage::BeforeBody {
                self.pixel.body_starts();
            }
            self.start_of_body(window, open);
            self.end_of_body(window, open);
        }
        self.cursor.hand_on(window, window.len());
    }
}

fn is_proper_prefix(bytes: &[u8], whole: &[u8]) -> bool {
    bytes.len() < whole.len() && whole.starts_with(bytes)
}
