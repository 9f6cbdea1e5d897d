//! What each finding means: for links, for the body, and for the pixel.

use std::collections::VecDeque;
use std::ops::Range;

use super::body::BodyTracker;
use super::conditional::{conditional_markup, is_outlook_link, parse_conditional};
use super::cursor::{Cursor, PixelPut};
use super::finding::{Element, Finding, StartTag};
use super::links::Links;
use super::parser::{MAX_TAG_BYTES, Parser, Scope};
use super::pixel::{Pixel, StartPlace};
use super::placeholder::{Placeholders, Sides};
use super::sink::{Cut, Sink};
use super::tag::{Tag, is_end_tag_of, start_tag_name};
use super::window::Window;
use crate::pixel::PixelPosition;
use crate::report::LinkContext;

/// A document as far as it has been read.
#[derive(Debug)]
pub(super) struct Page<S> {
    pub(super) body: BodyTracker,
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
    foreign_depth: usize,
    /// Whether the last start tag was one of SVG or MathML.
    is_foreign: bool,
    is_frameset: bool,
    is_in_noscript: bool,
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
            is_in_noscript: false,
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

    /// Looks for the next place after `end` where the line could end: white space in the next link's tag.
    fn find_next_space(&mut self, window: &Window<'_>, end: usize) {
        let Some(lines) = &mut self.cursor.line_limit else {
            return;
        };
        let is_link = |finding: &&StartTag| finding.element == Element::Link;
        let mut links = self
            .queue
            .iter()
            .filter_map(Finding::start_tag)
            .filter(is_link);
        lines.next_space = links.find_map(|found| {
            let tag = Tag::new(window, found);
            let space = tag.space_before(tag.first_named(b"href")?, 0)?;
            Some(found.tag.start + space.start..found.tag.start + space.end)
        });
        let is_in_line = |space: &mut Range<usize>| !window.slice(end..space.end).contains(&b'\n');
        lines.next_space = lines.next_space.take_if(is_in_line);
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

    /// Returns markup that opens what is open, as far as it decides how what follows is read.
    pub(super) fn context(&self) -> &'static [u8] {
        match self.is_foreign {
            true => b"<svg>",
            false => b"",
        }
    }

    pub(super) fn may_hold_pixel(&self) -> bool {
        self.body.is_outside_templates() && !self.is_frameset
    }

    /// Puts the pixel that belongs to the start of the body, if the body has started; at the latest
    /// before the token at `next`.
    pub(super) fn put_start_pixel(&mut self, window: &Window<'_>, next: usize) {
        let at = match self.pixel.start_place() {
            Some(StartPlace::At(at)) if at >= self.cursor.handed_on => at,
            Some(_) => next,
            None => return,
        };
        if at >= self.cursor.handed_on {
            self.find_next_space(window, at);
            let put = self.cursor.put_pixel(window, at, PixelPosition::Start);
            self.pixel.settle(PixelPosition::Start, put);
        }
    }

    pub(super) fn put_end_pixel(&mut self, window: &Window<'_>, at: usize) {
        if self.may_hold_pixel() && self.pixel.needs(PixelPosition::End) {
            self.find_next_space(window, at);
            let put = self.cursor.put_pixel(window, at, PixelPosition::End);
            self.pixel.settle(PixelPosition::End, put);
        }
    }

    fn take_start_tag(&mut self, window: &Window<'_>, start: &StartTag) -> Result<(), TooLong> {
        let context = match start.context {
            LinkContext::Html if self.is_in_noscript => LinkContext::Noscript,
            context => context,
        };
        let tag = Tag::new(window, start);
        self.is_foreign = !start.is_html;
        if context == LinkContext::ConditionalComment {
            if is_outlook_link(tag.name()) {
                self.take_link(window, &tag, context)?;
            }
            return Ok(());
        }
        if start.element == Element::Image && self.is_own_pixel(&tag) {
            if start.is_html && self.body.start_tag(b"img") {
                self.pixel.body_starts(StartPlace::At(start.tag.start));
            }
            self.pixel.found_own();
        }
        self.put_start_pixel(window, start.tag.start);
        if start.element == Element::Frameset && start.is_html && self.body.is_outside_templates() {
            self.is_frameset |= !self.has_body_before(window, start.tag.start);
        }
        let is_by_html_rules = start.is_html || start.element == Element::Foreign;
        if is_by_html_rules && self.body.start_tag(tag.name()) {
            match start.element {
                Element::Body => self.pixel.body_starts(StartPlace::At(start.tag.end)),
                _ if start.tag.len() > self.longest_construct => {
                    self.pixel.body_starts(StartPlace::BeforeNextToken);
                }
                _ => self.start_body_at(window, start.tag.start),
            }
        }
        match start.element {
            Element::Link => self.take_link(window, &tag, context)?,
            Element::Base if start.is_html && self.body.is_outside_templates() => {
                self.check_tag(&start.tag)?;
                self.links.set_base(&tag);
            }
            Element::Foreign if !start.is_self_closing => self.foreign_depth += 1,
            Element::Html if is_amp(&tag) => self.pixel.document_is_amp(),
            Element::Noscript if start.is_html => self.is_in_noscript = true,
            Element::Other | Element::RawText
                if self.placeholders.is_start_tag(tag.bytes, tag.name()) =>
            {
                self.take_element_placeholder(window, &start.tag);
            }
            _ => {}
        }
        Ok(())
    }

    /// Whether the body starts before the place `at`. It may start with a token that is not asked for.
    fn has_body_before(&self, window: &Window<'_>, at: usize) -> bool {
        if self.body.has_started() || window.start > 0 {
            return self.body.has_started();
        }
        let before = window.slice(self.content_start..at);
        let mut parser = Parser::of_part(Scope::EveryToken, self.parser_bytes, b"", 0);
        // What was found before an error counts.
        let _ = parser.feed(before);
        let mut findings = VecDeque::new();
        parser.take_findings(&mut findings);
        let mut body = BodyTracker::default();
        findings.iter().any(|finding| match finding {
            Finding::StartTag(start) if start.is_html => {
                let tag = before.get(start.tag.clone()).unwrap_or_default();
                body.start_tag(start_tag_name(tag))
            }
            Finding::Text(range) => body
                .text(before.get(range.clone()).unwrap_or_default())
                .is_some(),
            _ => false,
        })
    }

    /// Whether an `img` is the pixel of the message at hand.
    fn is_own_pixel(&mut self, tag: &Tag<'_>) -> bool {
        if !self.pixel.tracks_opens() || !self.body.is_outside_templates() {
            return false;
        }
        let own = self.links.own_pixel(tag);
        self.saw_own_pixel |= own.is_some();
        own.is_some_and(|own| self.links.is_of_message(&own))
    }

    fn take_link(
        &mut self,
        window: &Window<'_>,
        tag: &Tag<'_>,
        context: LinkContext,
    ) -> Result<(), TooLong> {
        self.check_tag(&(tag.start..tag.start + tag.bytes.len()))?;
        self.find_next_space(window, tag.start + tag.bytes.len());
        self.links.take(&mut self.cursor, window, tag, context);
        Ok(())
    }

    fn take_end_tag(
        &mut self,
        window: &Window<'_>,
        element: Element,
        tag: &Range<usize>,
    ) -> Result<(), TooLong> {
        let bytes = window.slice(tag.clone());
        // These leave all elements open (HTML §13.2.6.4.7).
        let ends_page = is_end_tag_of(bytes, b"body") || is_end_tag_of(bytes, b"html");
        match element {
            Element::Noscript => self.is_in_noscript = false,
            Element::Foreign if !ends_page => {
                self.foreign_depth = self.foreign_depth.saturating_sub(1);
                self.is_foreign &= self.foreign_depth > 0;
            }
            Element::Template if is_end_tag_of(bytes, b"template") => self.body.end_template(),
            // An image would end SVG or MathML around it, and the rest would be read differently.
            Element::Body if is_end_tag_of(bytes, b"body") && self.foreign_depth == 0 => {
                if self.body.end_body() {
                    self.pixel.body_starts(StartPlace::At(tag.start));
                }
                if self.is_at_hand(tag) && tag.len() <= self.longest_construct {
                    self.put_start_pixel(window, tag.start);
                    self.put_end_pixel(window, tag.start);
                }
            }
            _ => {}
        }
        Ok(())
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

    fn take_text(&mut self, window: &Window<'_>, range: &Range<usize>) {
        let range = range.start.max(self.content_start)..range.end.max(self.content_start);
        if self
            .text
            .as_ref()
            .is_some_and(|text| text.end != range.start)
        {
            self.end_text(window);
        }
        if !self.is_foreign
            && let Some(at) = self.body.text(window.slice(range.clone()))
        {
            self.start_body_at(window, range.start + at);
        } else if !range.is_empty() {
            self.put_start_pixel(window, range.start);
        }
        if self.placeholders.is_sought() && !self.is_foreign && !range.is_empty() {
            let start = self.text.take().map_or(range.start, |text| text.start);
            self.replace_text_placeholders(window, start..range.end, false);
        }
    }

    /// Takes in that the text before has come to its end.
    pub(super) fn end_text(&mut self, window: &Window<'_>) {
        if let Some(text) = self.text.take() {
            self.replace_text_placeholders(window, text, true);
        }
    }

    fn replace_text_placeholders(
        &mut self,
        window: &Window<'_>,
        mut text: Range<usize>,
        is_whole: bool,
    ) {
        let start = text.start;
        for found in self.placeholders.find_in(window.slice(text.clone())) {
            let found = start + found.start..start + found.end;
            let after = match is_whole {
                true => window.from(found.end),
                false => window.slice(found.end..text.end),
            };
            let before = self.cursor.tail(window, found.start);
            match self.placeholders.sides(before, after, is_whole) {
                Sides::Join => {}
                Sides::StayApart => self.replace_placeholder(window, found.clone()),
                Sides::Unclear => {
                    self.text = Some(found.start..text.end);
                    return;
                }
            }
            text.start = found.end;
        }
        if !is_whole {
            let held_back = self.placeholders.start_at_end(window.slice(text.clone()));
            self.text = Some(text.end - held_back..text.end);
        }
    }

    fn take_placeholder_markup(&mut self, window: &Window<'_>, range: &Range<usize>) {
        if self.placeholders.is_markup(window.slice(range.clone())) {
            self.take_element_placeholder(window, range);
        }
    }

    /// A tag or comment that is a placeholder. What follows may not be at hand.
    fn take_element_placeholder(&mut self, window: &Window<'_>, range: &Range<usize>) {
        if !self.is_at_hand(range) || range.len() > self.longest_construct {
            return;
        }
        let before = self.cursor.tail(window, range.start);
        if self.placeholders.sides(before, &[], false) == Sides::StayApart {
            self.replace_placeholder(window, range.clone());
        }
    }

    fn replace_placeholder(&mut self, window: &Window<'_>, range: Range<usize>) {
        if self.is_foreign || !self.is_at_hand(&range) {
            return;
        }
        // Without its line ending two lines would become one.
        if self.cursor.line_limit.is_some() && window.slice(range.clone()).contains(&b'\n') {
            return;
        }
        if self.may_hold_pixel() && self.pixel.needs(PixelPosition::End) {
            self.find_next_space(window, range.end);
            let put = self
                .cursor
                .put_pixel(window, range.start, PixelPosition::End);
            // There may be room at the end of the body.
            if put == PixelPut::Placed {
                self.pixel.settle_in_placeholder(put);
            }
        }
        self.cursor.cut(window, range, Cut::Placeholder);
    }

    fn start_body_at(&mut self, window: &Window<'_>, at: usize) {
        self.pixel.body_starts(StartPlace::At(at));
        self.put_start_pixel(window, at);
    }

    /// Whether nothing of a range has been handed on yet.
    fn is_at_hand(&self, range: &Range<usize>) -> bool {
        self.cursor.handed_on <= range.start
    }

    fn check_tag(&self, tag: &Range<usize>) -> Result<(), TooLong> {
        let fits = tag.len() <= MAX_TAG_BYTES;
        fits.then_some(()).ok_or(TooLong { at: tag.start })?;
        self.check_length(tag, tag.start)
    }

    fn check_length(&self, range: &Range<usize>, at: usize) -> Result<(), TooLong> {
        let fits = range.len() <= self.longest_construct && self.cursor.handed_on <= at;
        fits.then_some(()).ok_or(TooLong { at })
    }
}

/// Whether `<html ⚡4email>` or `<html amp4email>` says that the document is one of AMP for Email.
fn is_amp(tag: &Tag<'_>) -> bool {
    const NAMES: [&[u8]; 3] = [
        "⚡4email".as_bytes(),
        "⚡\u{fe0f}4email".as_bytes(),
        b"amp4email",
    ];
    NAMES.iter().any(|name| tag.first_named(name).is_some())
}
