//! The HTML standard's tokenizer (§13.2.5), as far as links are concerned: where tags, comments and
//! text start and end. It never decodes, copies or changes a byte.
//!
//! It works on a window of the document that may end anywhere, keeps its place when the window
//! grows, and looks at no byte more than a few times.

use std::ops::Range;

use super::links::number_of;
use super::name::Name;
use super::raw_text::{Found, RawText};
use super::tag::{Interest, TagScan};
use crate::config::DomainConfig;

/// The dashes that open a comment may close it too: `<!-->` and `<!--->` are whole.
const SHARED_DASHES: usize = 2;

/// A part of the document; ranges count from the start of the window.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Token {
    /// `<!-- … -->`.
    Comment(Range<usize>),
    /// `<!--` in a document that is itself a comment's content, where nothing can close it.
    CommentInComment(Range<usize>),
    /// A doctype, CDATA section, processing instruction, or what else the standard reads over.
    Declaration(Range<usize>),
    EndTag(Range<usize>),
    StartTag(Range<usize>),
    /// Text between tags, or a part of it.
    Text(Range<usize>),
}

impl Token {
    pub(super) fn range(&self) -> &Range<usize> {
        match self {
            Self::Comment(range)
            | Self::CommentInComment(range)
            | Self::Declaration(range)
            | Self::EndTag(range)
            | Self::StartTag(range)
            | Self::Text(range) => range,
        }
    }

    /// Whether it only means something when it is whole; text comes in parts.
    pub(super) fn is_construct(&self) -> bool {
        !matches!(self, Self::Text(_))
    }
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum State {
    /// Inside `<? … >`, `<! … >` or `</ … >`.
    BogusComment,
    Cdata,
    Comment,
    EndTag,
    /// Between tags, or at a `<` that can't be judged yet.
    Text,
    StartTag,
}

#[derive(Debug)]
pub(super) struct Tokenizer {
    /// Whether `<![CDATA[` opens a section: only in SVG and MathML.
    pub(super) cdata_allowed: bool,
    /// Whether the end tag that was read last closes an element of raw text.
    pub(super) closes_raw_text: bool,
    /// The tag that was read last.
    pub(super) tag: TagScan,
    /// From where on the end of a comment or section may stand.
    content_from: usize,
    in_comment: bool,
    position: usize,
    /// An open element with raw text, and where its start tag starts.
    raw_text: Option<(RawText, usize)>,
    /// Where what is being read starts.
    start: usize,
    state: State,
}

impl Tokenizer {
    pub(super) fn new() -> Self {
        Self {
            cdata_allowed: false,
            closes_raw_text: false,
            tag: TagScan::new(number_of),
            content_from: 0,
            in_comment: false,
            position: 0,
            raw_text: None,
            start: 0,
            state: State::Text,
        }
    }

    /// Reads the content of a comment as a document.
    pub(super) fn in_comment(domain: &DomainConfig) -> Self {
        Self {
            in_comment: true,
            ..Self::of(domain)
        }
    }

    /// Reads a document of that domain.
    pub(super) fn of(domain: &DomainConfig) -> Self {
        let mut tokenizer = Self::new();
        tokenizer.tag.domain = Some(domain.clone());
        tokenizer
    }

    /// Reads on to the next token. `None` when the window holds no further whole one; `last` says
    /// that it will not grow. `interest` says whose attributes will be asked for.
    pub(super) fn next(
        &mut self,
        input: &[u8],
        last: bool,
        interest: impl Fn(&Name) -> Interest,
    ) -> Option<Token> {
        if self.state == State::Text {
            if let Some((raw_text, _)) = &mut self.raw_text {
                match raw_text.find_end(input, self.position, last) {
                    Found::EndTag(at) => self.start_tag(State::EndTag, at, at + 2),
                    Found::Nothing(to) => {
                        self.position = to;
                        return None;
                    }
                }
            } else if let Some(token) = self.next_text(input, last) {
                return Some(token);
            }
        }
        match self.state {
            State::BogusComment => self.find_close(input, Token::Declaration, |_| true),
            State::Cdata => {
                self.find_close(input, Token::Declaration, |before| before.ends_with(b"]]"))
            }
            State::Comment => self.find_close(input, Token::Comment, |before| {
                let content = before.get(SHARED_DASHES..).unwrap_or_default();
                before.ends_with(b"--") || content.ends_with(b"--!")
            }),
            State::EndTag => {
                let token = self.finish_tag(input, Token::EndTag, |_| Interest::None)?;
                self.closes_raw_text = self.raw_text.take().is_some();
                Some(token)
            }
            State::StartTag => self.finish_tag(input, Token::StartTag, interest),
            State::Text => None,
        }
    }

    /// Reads what follows as the content of an element whose start tag was the last token, and may
    /// have gone out in parts.
    pub(super) fn enter_raw_text(&mut self, raw_text: RawText, start_is_gone: bool) {
        let start = match start_is_gone {
            true => self.position,
            false => self.start,
        };
        self.raw_text = Some((raw_text, start));
    }

    pub(super) fn is_in_cdata(&self) -> bool {
        self.state == State::Cdata
    }

    /// Goes on at `position` instead: back into text that ended with the window, or on past the
    /// opening of a comment.
    pub(super) fn resume_at(&mut self, position: usize) {
        self.position = position;
    }

    /// Where the construct starts that is open at the end of the window; that end itself when the
    /// document may as well end there.
    pub(super) fn open_construct(&self) -> usize {
        match (&self.raw_text, self.state) {
            (Some((_, start)), _) => *start,
            (None, State::Text) => self.position,
            (None, _) => self.start,
        }
    }

    /// Where the last token, or the construct that is being read, starts.
    pub(super) fn start(&self) -> usize {
        self.start
    }

    /// Whether the open construct's bytes will be needed whole.
    pub(super) fn needs_construct(&self, input: &[u8]) -> bool {
        match self.state {
            State::Comment => {
                let content = input.get(self.start + 4..).unwrap_or_default();
                is_conditional(content) || b"[if".starts_with(content)
            }
            State::StartTag => self.tag.is_needed(),
            State::BogusComment | State::Cdata | State::EndTag | State::Text => false,
        }
    }

    /// How many bytes of the window can go while the open construct, which is not needed whole, is
    /// read on: all but those that its end may start in.
    pub(super) fn released(&self) -> usize {
        match self.state {
            State::EndTag | State::StartTag => self.start + self.tag.position(),
            _ => self.position.saturating_sub(SHARED_DASHES + "--!".len()),
        }
    }

    /// Takes note that the window's first `bytes` are gone.
    pub(super) fn shift(&mut self, bytes: usize) {
        if matches!(self.state, State::EndTag | State::StartTag) {
            self.tag.forget(bytes.saturating_sub(self.start));
        }
        self.content_from = self.content_from.saturating_sub(bytes);
        self.position = self.position.saturating_sub(bytes);
        self.start = self.start.saturating_sub(bytes);
        if let Some((_, start)) = &mut self.raw_text {
            *start = start.saturating_sub(bytes);
        }
    }

    /// Reads text, or judges by what follows a `<` what it opens: then there is no token yet, but
    /// another state, unless the window is too short.
    fn next_text(&mut self, input: &[u8], last: bool) -> Option<Token> {
        let rest = input.get(self.position..)?;
        let at = self.position + memchr::memchr(b'<', rest).unwrap_or(rest.len());
        if at > self.position {
            return Some(self.text_to(at));
        }
        self.start = at;
        match rest.get(1..)? {
            [] if last && !rest.is_empty() => return Some(self.text_to(at + 1)),
            [] | [b'/'] => {}
            [byte, ..] if byte.is_ascii_alphabetic() => {
                self.start_tag(State::StartTag, at, at + 1);
            }
            [b'/', byte, ..] if byte.is_ascii_alphabetic() => {
                self.start_tag(State::EndTag, at, at + 2);
            }
            [b'/', ..] => self.open(State::BogusComment, 2),
            [b'!', ..] if self.in_comment && rest.starts_with(b"<!--") => {
                self.position = at + 4;
                return Some(Token::CommentInComment(at..at + 4));
            }
            [b'!', ..] if rest.starts_with(b"<!--") => self.open(State::Comment, 4),
            [b'!', ..] if self.cdata_allowed && rest.starts_with(b"<![CDATA[") => {
                self.open(State::Cdata, 9);
            }
            [b'!', ..] => {
                let unclear = b"<!--".starts_with(rest)
                    || (self.cdata_allowed && b"<![CDATA[".starts_with(rest));
                if !unclear {
                    self.open(State::BogusComment, 2);
                }
            }
            [b'?', ..] => self.open(State::BogusComment, 1),
            // Not an opening: the `<` is text.
            [_, ..] => {
                let rest = input.get(at + 1..).unwrap_or_default();
                let length = memchr::memchr(b'<', rest).unwrap_or(rest.len());
                return Some(self.text_to(at + 1 + length));
            }
        }
        None
    }

    fn text_to(&mut self, end: usize) -> Token {
        let text = self.position..end;
        self.position = end;
        Token::Text(text)
    }

    fn open(&mut self, state: State, opening: usize) {
        self.state = state;
        self.content_from = self.start + opening;
        self.position = self.content_from;
    }

    fn start_tag(&mut self, state: State, start: usize, name: usize) {
        self.start = start;
        self.state = state;
        self.tag.restart(name - start);
    }

    fn finish_tag(
        &mut self,
        input: &[u8],
        token: impl Fn(Range<usize>) -> Token,
        interest: impl Fn(&Name) -> Interest,
    ) -> Option<Token> {
        let tag = input.get(self.start..)?;
        let length = self.tag.advance(tag, interest)?;
        Some(self.finish(self.start + length, token))
    }

    /// Looks for a `>` that closes, judged by what stands before it.
    fn find_close(
        &mut self,
        input: &[u8],
        token: impl Fn(Range<usize>) -> Token,
        closes: impl Fn(&[u8]) -> bool,
    ) -> Option<Token> {
        let content_from = match self.state {
            State::Comment => self.content_from.saturating_sub(SHARED_DASHES),
            _ => self.content_from,
        };
        loop {
            let rest = input.get(self.position..)?;
            let Some(at) = memchr::memchr(b'>', rest) else {
                self.position = input.len();
                return None;
            };
            let before = input.get(content_from..self.position + at);
            self.position += at + 1;
            if before.is_some_and(&closes) {
                return Some(self.finish(self.position, token));
            }
        }
    }

    fn finish(&mut self, end: usize, token: impl Fn(Range<usize>) -> Token) -> Token {
        self.state = State::Text;
        self.position = end;
        token(self.start..end)
    }
}

/// Whether a comment's content makes it conditional: Outlook reads what follows the condition.
pub(super) fn is_conditional(content: &[u8]) -> bool {
    content
        .first_chunk()
        .is_some_and(|start: &[u8; 3]| start.eq_ignore_ascii_case(b"[if"))
}
