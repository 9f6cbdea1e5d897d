//! Where URLs are in plain text.
//!
//! Where one ends is a matter of custom (RFC 3986 appendix C). The rule here:
//!
//! - A URL starts with `http://` or `https://`, in any letter case, where no ASCII letter or digit and none of
//!   `+-._@/:=` stands before it.
//! - It ends before white space, a control character, `<`, `>`, `"`, `` ` ``, or a byte that is not ASCII.
//! - Of what stands at its end, `.`, `,`, `;`, `:`, `!`, `?`, `'` and `*` are not a part of it, nor is a `)`, `]` or `}` that
//!   no opening one in it belongs to.
//! - In `format=flowed; DelSp=yes` (RFC 3676 §4.1), a space before a line ending does not end it: for a reader both are
//!   gone, and so are the quote marks of the next line, of which there must be as many.
//!
//! Readers differ on a URL that a letter outside of ASCII follows, and on one in `<` and `>` that white space breaks.

use std::ops::Range;

use super::flow::Flow;
use crate::charset::Charset;

/// A URL, and where it stands in the text.
#[derive(Debug, Eq, PartialEq)]
pub(super) struct FoundUrl {
    /// Whether readers differ on where it ends.
    pub(super) is_ambiguous: bool,
    pub(super) place: Range<usize>,
    pub(super) url: String,
}

/// Finds the URLs of a text, in order.
pub(super) struct Urls<'a> {
    at: usize,
    charset: Charset,
    flow: Flow,
    text: &'a [u8],
}

impl<'a> Urls<'a> {
    pub(super) fn new(text: &'a [u8], charset: Charset, flow: Flow) -> Self {
        Self {
            at: 0,
            charset,
            flow,
            text,
        }
    }

    fn starts(&self, colon: usize) -> Option<usize> {
        let before = self.text.get(self.at..colon)?;
        let scheme = [&b"https"[..], b"http"].into_iter().find(|scheme| {
            let start = before.len().checked_sub(scheme.len());
            let written = start.and_then(|start| before.get(start..));
            written.is_some_and(|written| written.eq_ignore_ascii_case(scheme))
        })?;
        let start = colon - scheme.len();
        let previous = start.checked_sub(1).and_then(|at| self.text.get(at));
        let is_inside = |byte: &u8| {
            byte.is_ascii_alphanumeric()
                || b"+-._@/:=".contains(byte)
                // The second byte of a character may be a letter.
                || !byte.is_ascii() && !self.charset.has_single_ascii_bytes()
        };
        (!previous.is_some_and(is_inside)).then_some(start)
    }

    fn url(&self, start: usize) -> Option<FoundUrl> {
        let mut reader = Reader::new(self.text, start);
        reader.read(self.flow);
        let end = reader.at;
        let before = start.checked_sub(1).and_then(|at| self.text.get(at));
        let next = self.text.get(end..).unwrap_or_default();
        let is_broken = before == Some(&b'<') && next.first().is_some_and(u8::is_ascii_whitespace);
        let is_ambiguous = is_broken || self.starts_with_letter(next);
        reader.trim();
        let url = String::from_utf8(reader.url).ok()?;
        let has_host = url
            .split_once("://")
            .is_some_and(|(_, rest)| !rest.is_empty());
        has_host.then_some(FoundUrl {
            is_ambiguous,
            place: start..reader.at,
            url,
        })
    }

    /// Whether a character outside of ASCII comes next that is a letter or a digit.
    fn starts_with_letter(&self, next: &[u8]) -> bool {
        if next.first().is_none_or(u8::is_ascii) {
            return false;
        }
        let longest = next.get(..4).unwrap_or(next);
        let text = self
            .charset
            .encoding()
            .decode_without_bom_handling(longest)
            .0;
        text.chars().next().is_some_and(char::is_alphanumeric)
    }
}

impl Iterator for Urls<'_> {
    type Item = FoundUrl;

    fn next(&mut self) -> Option<FoundUrl> {
        let mut from = self.at;
        loop {
            let rest = self.text.get(from..)?;
            let colon = from + memchr::memmem::find(rest, b"://")?;
            from = colon + 3;
            if let Some(start) = self.starts(colon)
                && let Some(found) = self.url(start)
            {
                self.at = found.place.end;
                return Some(found);
            }
        }
    }
}

/// Reads one URL.
struct Reader<'a> {
    /// Where the URL ends, as far as it has been read.
    at: usize,
    /// Where lines were joined: how much of the URL there was, and where it goes on.
    joins: Vec<(usize, usize)>,
    start: usize,
    text: &'a [u8],
    url: Vec<u8>,
}

impl<'a> Reader<'a> {
    fn new(text: &'a [u8], start: usize) -> Self {
        Self {
            at: start,
            joins: Vec::new(),
            start,
            text,
            url: Vec::new(),
        }
    }

    fn read(&mut self, flow: Flow) {
        while let Some(byte) = self.text.get(self.at) {
            if is_part(*byte) {
                self.url.push(*byte);
                self.at += 1;
            } else if flow == Flow::WithoutSpace
                && let Some(next) = self.next_line(self.at)
                && self.text.get(next).is_some_and(|byte| is_part(*byte))
            {
                self.joins.push((self.url.len(), next));
                self.at = next;
            } else {
                return;
            }
        }
    }

    /// Returns where the text goes on behind a space that ends a line, at `space`.
    fn next_line(&self, space: usize) -> Option<usize> {
        let rest = self.text.get(space..)?.strip_prefix(b" ")?;
        let rest = rest
            .strip_prefix(b"\r")
            .unwrap_or(rest)
            .strip_prefix(b"\n")?;
        let next = self.text.len() - rest.len();
        let quotes = quote_depth(self.text, line_start(self.text, space));
        let content = next + quotes;
        let is_stuffed = self.text.get(content) == Some(&b' ');
        (quote_depth(self.text, next) == quotes).then_some(content + usize::from(is_stuffed))
    }

    /// Takes from the end what is no part of the URL.
    fn trim(&mut self) {
        let mut open = [0_i64; 3];
        for byte in &self.url {
            if let Some((kind, change)) = bracket(*byte)
                && let Some(open) = open.get_mut(kind)
            {
                *open += change;
            }
        }
        while let Some(last) = self.url.last() {
            let is_unopened = |(kind, change): (usize, i64)| {
                change < 0 && open.get(kind).is_some_and(|open| *open < 0)
            };
            let closing = bracket(*last).filter(|found| is_unopened(*found));
            if closing.is_none() && !b".,;:!?'*".contains(last) {
                break;
            }
            if let Some((kind, _)) = closing
                && let Some(open) = open.get_mut(kind)
            {
                *open += 1;
            }
            self.url.pop();
        }
        let join = self
            .joins
            .iter()
            .rev()
            .find(|(length, _)| *length < self.url.len());
        let (length, place) = join.copied().unwrap_or((0, self.start));
        self.at = place + self.url.len() - length;
    }
}

/// Which pair of brackets a byte is of, and whether it opens or closes.
fn bracket(byte: u8) -> Option<(usize, i64)> {
    match byte {
        b'(' => Some((0, 1)),
        b')' => Some((0, -1)),
        b'[' => Some((1, 1)),
        b']' => Some((1, -1)),
        b'{' => Some((2, 1)),
        b'}' => Some((2, -1)),
        _ => None,
    }
}

fn is_part(byte: u8) -> bool {
    byte.is_ascii_graphic() && !matches!(byte, b'<' | b'>' | b'"' | b'`')
}

fn line_start(text: &[u8], at: usize) -> usize {
    let before = text.get(..at).unwrap_or_default();
    memchr::memrchr(b'\n', before).map_or(0, |line_feed| line_feed + 1)
}

/// Returns how many quote marks a line starts with (RFC 3676 §4.5).
fn quote_depth(text: &[u8], line_start: usize) -> usize {
    let line = text.get(line_start..).unwrap_or_default();
    line.iter().take_while(|byte| **byte == b'>').count()
}
