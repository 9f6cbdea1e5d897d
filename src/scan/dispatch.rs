//! What each finding means: for links, for the body, and for the pixel.

use std::collections::VecDeque;
use std::ops::Range;

use super::body::BodyTracker;
use super::body_search::BodySearch;
use super::comment::conditional_markup;
use super::conditional::parse_conditional;
use super::cursor::Cursor;
use super::finding::Finding;
use super::links::Links;
use super::pixel::{Pixel, StartPlace};
use super::placeholder::Placeholders;
use super::sink::Sink;
use super::window::Window;

/// A document as far as it has been read.
#[derive(Debug)]
pub(super) struct Page<S> {
    pub(super) body: BodyTracker,
    pub(super) body_search: Option<BodySearch>,
    /// Where the document starts after its byte order mark.
    pub(super) content_start: usize,
    pub(super) cursor: Cursor<S>,
    pub(super) links: Links,
    /// How long a construct may be that must be seen whole.
    pub(super) longest_construct: usize,
    /// What a nested parser may keep.
    pub(super) parser_bytes: usize,
    pub(super) pixel: Pixel,
    pub(super) placeholders: Placeholders,
    /// What has been found and not yet been taken, in document order.
    pub(super) queue: VecDeque<Finding>,
    /// Whether there is an open pixel of this domain, of whatever message.
    pub(super) saw_own_pixel: bool,
    /// Text that may hold the start of a placeholder at its end.
    pub(super) text: Option<Range<usize>>,
    /// How many elements `svg` and `math` are open.
    pub(super) foreign_depth: usize,
    /// Whether the last start tag was one of SVG or MathML.
    pub(super) is_foreign: bool,
    pub(super) is_frameset: bool,
    /// How many elements `noscript` are open.
    pub(super) noscript_depth: usize,
}

/// A link, a conditional comment or a `noscript` that is too long, or whose start has been handed on.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct TooLong {
    pub(super) at: usize,
}

impl<S: Sink> Page<S> {
    pub(super) fn new(
        cursor: Cursor<S>,
        links: Links,
        pixel: Pixel,
        placeholders: Placeholders,
    ) -> Self {
        Self {
            body: BodyTracker::default(),
            body_search: None,
            content_start: 0,
            cursor,
            links,
            longest_construct: usize::MAX,
            parser_bytes: usize::MAX,
            pixel,
            placeholders,
            queue: VecDeque::new(),
            saw_own_pixel: false,
            text: None,
            foreign_depth: 0,
            is_foreign: false,
            is_frameset: false,
            noscript_depth: 0,
        }
    }

    /// Takes in the next token of the document.
    pub(super) fn take(&mut self, window: &Window<'_>, finding: &Finding) -> Result<(), TooLong> {
        if !matches!(finding, Finding::Text(_)) {
            self.end_text(window);
        }
        match finding {
            Finding::Comment(range) => self.take_comment(window, range),
            Finding::Doctype(range) => {
                self.put_start_pixel(window, range.start);
                self.take_placeholder_markup(window, range);
                Ok(())
            }
            Finding::EndTag { element, tag } => self.take_end_tag(window, *element, tag),
            Finding::RawText(_) => Ok(()),
            Finding::StartTag(start) => self.take_start_tag(window, start),
            Finding::Text(range) => {
                self.take_text(window, range);
                Ok(())
            }
        }
    }

    /// Returns the earliest byte that must not be handed on yet.
    pub(super) fn first_needed(&self) -> Option<usize> {
        let text = self.text.as_ref().map(|text| text.start);
        let start = match self.pixel.start_place() {
            Some(StartPlace::At(at)) if at >= self.cursor.handed_on => Some(at),
            _ => None,
        };
        [text, start].into_iter().flatten().min()
    }

    fn take_comment(&mut self, window: &Window<'_>, range: &Range<usize>) -> Result<(), TooLong> {
        self.put_start_pixel(window, range.start);
        self.take_placeholder_markup(window, range);
        if !self.is_at_hand(range) {
            return Ok(());
        }
        let comment = window.slice(range.clone());
        let Some(markup) = conditional_markup(comment, range.start) else {
            return Ok(());
        };
        self.check_length(range, range.start)?;
        let bytes = window.slice(markup.clone());
        let mut found = parse_conditional(bytes, markup.start, self.parser_bytes)
            .ok_or(TooLong { at: range.start })?;
        // Before all that comes after it.
        found.append(&mut self.queue);
        self.queue = found;
        Ok(())
    }

    /// Whether nothing of a range has been handed on yet.
    pub(super) fn is_at_hand(&self, range: &Range<usize>) -> bool {
        self.cursor.handed_on <= range.start
    }

    pub(super) fn check_length(&self, range: &Range<usize>, at: usize) -> Result<(), TooLong> {
        let fits = range.len() <= self.longest_construct && self.cursor.handed_on <= at;
        fits.then_some(()).ok_or(TooLong { at })
    }
}
