//! The one room that knows HTML: it finds links and the pixel's place in a document, and hands the
//! document on in order, with what comes in their place.
//!
//! A [`Scanner`] reads a window of the document that may end anywhere. What it can't judge yet it
//! leaves to the next, longer window: an unfinished tag or comment, or an element of raw text. So
//! any chunking gives the same bytes, and the start of a construct that the document ends in is
//! still at hand for the pixel.

mod body;
mod decode;
mod edit;
mod foreign;
mod links;
mod name;
mod pixel;
mod raw_text;
mod sink;
mod tag;
mod tokenizer;

use std::ops::Range;

use body::{BodyTracker, Stage};
use foreign::ForeignContent;
use links::Links;
use name::Name;
use pixel::{ELEMENT_PLACEHOLDER, Pixel};
use raw_text::RawText;
use tag::Interest;
use tokenizer::{Token, Tokenizer, is_conditional};

use encoding_rs::Encoding;

use crate::config::{DomainConfig, DomainStatus};
use crate::link::{Linker, TrackedLink};
use crate::report::{LinkContext, Report, SkipReason, Untouched};
use crate::token::Placement;

pub(crate) use sink::{Cut, Sink, Splicer};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads one document.
#[derive(Debug)]
pub(crate) struct Scanner<S> {
    body: BodyTracker,
    cursor: Cursor<S>,
    foreign: ForeignContent,
    in_noscript: bool,
    links: Links,
    longest_construct: usize,
    /// Where the window starts in the document.
    offset: u64,
    pixel: Pixel,
    /// Whether the start of the open construct has gone out.
    released: bool,
    /// Whether the token at hand is one whose start may have gone out, so that nothing can come
    /// before it or in its place.
    token_is_long: bool,
    tokenizer: Tokenizer,
    untouched: Option<Untouched>,
}

/// How far the window has been handed on.
#[derive(Debug)]
struct Cursor<S> {
    handed_on: usize,
    sink: S,
}

/// What a token calls for.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Next {
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
            cursor: Cursor { handed_on: 0, sink },
            foreign: ForeignContent::default(),
            in_noscript: false,
            links: Links::new(Linker::new(domain, encoding_rs::UTF_8)),
            longest_construct: usize::MAX,
            offset: 0,
            pixel,
            released: false,
            token_is_long: false,
            tokenizer: Tokenizer::new(),
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

    fn token(&mut self, window: &[u8], token: Token, last: bool) -> Next {
        match token {
            Token::StartTag(range) => self.start_tag(window, range),
            Token::Text(range) => {
                self.start_of_body(window, range.start);
                return self.text(window, range, last);
            }
            Token::EndTag(range) => self.end_tag(window, &range),
            Token::Comment(range) => {
                self.start_of_body(window, range.start);
                self.placeholder_markup(window, &range);
                if !self.token_is_long && is_conditional(comment_content(window, &range)) {
                    self.conditional_comment(window, &range);
                }
            }
            Token::Declaration(range) => {
                self.start_of_body(window, range.start);
                self.placeholder_markup(window, &range);
            }
            Token::CommentInComment(_) => {}
        }
        Next::Token
    }

    fn start_tag(&mut self, window: &[u8], range: Range<usize>) {
        let tag = window.get(range.clone()).unwrap_or_default();
        let scan = &self.tokenizer.tag;
        let name = scan.name;
        let is_own_pixel = name.as_bytes() == b"img" && self.links.is_own_pixel(tag, scan);
        if !is_own_pixel {
            self.start_of_body(window, range.start);
        }

        let was_foreign = self.foreign.is_current();
        let scan = &self.tokenizer.tag;
        let is_html = self
            .foreign
            .start_tag(&name, scan.is_self_closing(), |attribute, values| {
                self.links.has_attribute(tag, scan, attribute, values)
            });
        self.tokenizer.cdata_allowed = self.foreign.is_current();
        if (is_html || !was_foreign) && self.body.start_tag(&name) {
            self.pixel.body_starts();
            if name.as_bytes() != b"body" && !is_own_pixel && !self.token_is_long {
                self.start_of_body(window, range.start);
            }
        }
        if is_own_pixel && self.body.is_outside_templates() {
            self.pixel.found_own();
        }
        match name.as_bytes() {
            b"a" | b"area" => {
                let context = match self.in_noscript {
                    true => LinkContext::Noscript,
                    false => LinkContext::Html,
                };
                self.links.link(
                    &mut self.cursor,
                    window,
                    range,
                    &self.tokenizer.tag,
                    context,
                );
            }
            b"base" if is_html && self.body.is_outside_templates() => {
                self.links.set_base(tag, &self.tokenizer.tag);
            }
            b"noscript" if is_html => self.in_noscript = true,
            ELEMENT_PLACEHOLDER if self.pixel.seeks_placeholder() => {
                self.placeholder(window, range);
            }
            _ => self.placeholder_markup(window, &range),
        }
        if is_html && let Some(raw_text) = RawText::of(&name) {
            self.tokenizer.enter_raw_text(raw_text, self.token_is_long);
            self.released = self.token_is_long;
        }
    }

    fn end_tag(&mut self, window: &[u8], range: &Range<usize>) {
        // Before the end of raw text a pixel would be text.
        if !self.tokenizer.closes_raw_text {
            self.start_of_body(window, range.start);
        }
        let name = self.tokenizer.tag.name;
        self.foreign.end_tag(&name);
        self.tokenizer.cdata_allowed = self.foreign.is_current();
        let ends_page = matches!(name.as_bytes(), b"body" | b"html");
        if self.foreign.is_current() && !ends_page {
            return;
        }
        if self.body.end_tag(&name) {
            self.pixel.body_starts();
            if !self.token_is_long {
                self.start_of_body(window, range.start);
            }
        }
        match name.as_bytes() {
            b"body" if !self.token_is_long => self.end_of_body(window, range.start),
            b"noscript" => self.in_noscript = false,
            _ => {}
        }
    }

    fn text(&mut self, window: &[u8], mut range: Range<usize>, last: bool) -> Next {
        let text = window.get(range.clone()).unwrap_or_default();
        if !self.foreign.is_current()
            && let Some(at) = self.body.text(text)
        {
            self.pixel.body_starts();
            self.start_of_body(window, range.start + at);
        }
        if !self.pixel.seeks_placeholder() {
            return Next::Token;
        }
        let text_at = range.start;
        for found in self.pixel.placeholders(text) {
            range.start = text_at + found.end;
            self.placeholder(window, text_at + found.start..range.start);
        }
        // A placeholder may go on in the next window.
        if !last && range.end == window.len() {
            let text = window.get(range.clone()).unwrap_or_default();
            let held_back = self.pixel.placeholder_start_at_end(text);
            self.tokenizer.resume_at(range.end - held_back);
            return Next::Window;
        }
        Next::Token
    }

    /// Reads what Outlook reads: the markup after the condition, however deep the conditions nest.
    fn conditional_comment(&mut self, window: &[u8], comment: &Range<usize>) {
        let content = comment_content(window, comment);
        let content_at = comment.start + COMMENT_OPENING.len();
        let Some(condition) = memchr::memchr(b'>', content) else {
            return;
        };
        let mut tokenizer = Tokenizer::in_comment();
        tokenizer.resume_at(condition + 1);
        let may_be_link = |name: &Name| matches!(name.as_bytes(), b"a" | b"area") || name.is_vml();
        let interest = |name: &Name| match may_be_link(name) {
            true => Interest::Whole,
            false => Interest::None,
        };
        while let Some(token) = tokenizer.next(content, true, interest) {
            match token {
                Token::StartTag(range) => {
                    let name = tokenizer.tag.name;
                    if may_be_link(&name) {
                        let range = content_at + range.start..content_at + range.end;
                        self.links.link(
                            &mut self.cursor,
                            window,
                            range,
                            &tokenizer.tag,
                            LinkContext::ConditionalComment,
                        );
                    }
                    if let Some(raw_text) = RawText::of(&name) {
                        tokenizer.enter_raw_text(raw_text, false);
                    }
                }
                Token::CommentInComment(range) => {
                    let inner = content.get(range.end..).unwrap_or_default();
                    let condition = memchr::memchr(b'>', inner);
                    let Some(condition) = condition.filter(|_| is_conditional(inner)) else {
                        return;
                    };
                    tokenizer.resume_at(range.end + condition + 1);
                }
                _ => {}
            }
        }
    }

    fn start_of_body(&mut self, window: &[u8], at: usize) {
        if self.pixel.needs_start() {
            self.cursor.put_pixel(window, at, Placement::Start);
        }
    }

    fn end_of_body(&mut self, window: &[u8], at: usize) {
        if self.body.is_outside_templates()
            && self.body.stage != Stage::Frameset
            && self.pixel.needs_end()
        {
            self.cursor.put_pixel(window, at, Placement::End);
        }
    }

    fn placeholder_markup(&mut self, window: &[u8], range: &Range<usize>) {
        if window
            .get(range.clone())
            .is_some_and(|markup| self.pixel.is_placeholder(markup))
        {
            self.placeholder(window, range.clone());
        }
    }

    fn placeholder(&mut self, window: &[u8], range: Range<usize>) {
        if self.token_is_long {
            return;
        }
        if self.body.is_outside_templates() && self.pixel.needs_placeholder() {
            self.cursor.put_pixel(window, range.start, Placement::End);
        }
        self.cursor.cut(window, range, Cut::Sign);
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

impl<S: Sink> Cursor<S> {
    /// Hands on what comes before `to` and has not been yet.
    fn hand_on(&mut self, window: &[u8], to: usize) {
        if let Some(bytes) = window.get(self.handed_on..to)
            && !bytes.is_empty()
        {
            self.sink.source(bytes);
            self.handed_on = to;
        }
    }

    fn put_pixel(&mut self, window: &[u8], at: usize, placement: Placement) {
        self.hand_on(window, at);
        self.sink.pixel(placement);
    }

    fn cut(&mut self, window: &[u8], range: Range<usize>, why: Cut) {
        self.hand_on(window, range.start);
        if let Some(bytes) = window.get(range.clone()) {
            self.sink.cut(bytes, why);
            self.handed_on = range.end;
        }
    }

    /// Hands a link on; what it replaces counts as handed on only if it was taken.
    fn put_link(
        &mut self,
        window: &[u8],
        value: Range<usize>,
        link: &TrackedLink<'_>,
    ) -> Result<(), SkipReason> {
        self.hand_on(window, value.start);
        let original = window.get(value.clone()).unwrap_or_default();
        self.sink.link(original, link)?;
        self.handed_on = value.end;
        Ok(())
    }
}

const COMMENT_OPENING: &[u8] = b"<!--";

/// What stands between `<!--` and `-->`, or `--!>`.
fn comment_content<'a>(window: &'a [u8], comment: &Range<usize>) -> &'a [u8] {
    let comment = window.get(comment.clone()).unwrap_or_default();
    let closing = match comment.ends_with(b"!>") {
        true => b"--!>".len(),
        false => b"-->".len(),
    };
    comment
        .get(COMMENT_OPENING.len()..comment.len().saturating_sub(closing))
        .unwrap_or_default()
}

fn is_proper_prefix(bytes: &[u8], whole: &[u8]) -> bool {
    bytes.len() < whole.len() && whole.starts_with(bytes)
}
