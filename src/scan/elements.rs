//! What the tags of elements mean: for links, for the body, and for the pixel.

use std::ops::Range;

use super::body_search::BodySearch;
use super::dispatch::{Page, TooLong};
use super::finding::{Element, StartTag};
use super::handlers::MAX_TAG_BYTES;
use super::pixel::StartPlace;
use super::sink::Sink;
use super::tag::{Tag, is_end_tag_of};
use super::window::Window;
use crate::report::LinkContext;

impl<S: Sink> Page<S> {
    pub(super) fn take_start_tag(
        &mut self,
        window: &Window<'_>,
        start: &StartTag,
    ) -> Result<(), TooLong> {
        let context = match start.context {
            LinkContext::Html if self.noscript_depth > 0 => LinkContext::Noscript,
            context => context,
        };
        let tag = Tag::new(window, start);
        if context == LinkContext::ConditionalComment {
            return self.take_link(window, &tag, context);
        }
        self.is_foreign = !start.is_html;
        if start.element == Element::Image && self.is_own_pixel(&tag) {
            self.take_own_pixel(start.tag.start);
        }
        self.put_start_pixel(window, start.tag.start);
        if start.element == Element::Frameset && start.is_html && self.body.is_outside_templates() {
            self.is_frameset |= !self.has_body_before(window, start.tag.start);
        }
        let is_by_html_rules = start.is_html || start.element == Element::Foreign;
        if is_by_html_rules && self.body.start_tag(tag.name()) {
            self.start_body_with(window, start);
        }
        match start.element {
            Element::Link => self.take_link(window, &tag, context)?,
            Element::Base if start.is_html && self.body.is_outside_templates() => {
                self.check_tag(&start.tag)?;
                self.links.set_base(&tag);
            }
            Element::Foreign if !start.is_self_closing => self.foreign_depth += 1,
            Element::Html if is_amp(&tag) => self.pixel.document_is_amp(),
            Element::Noscript if start.is_html && self.opens_noscript(window, start.tag.start) => {
                self.noscript_depth += 1;
            }
            Element::Other | Element::RawText
                if self.placeholders.is_start_tag(tag.bytes, tag.name()) =>
            {
                self.take_element_placeholder(window, &start.tag);
            }
            _ => {}
        }
        Ok(())
    }

    /// Takes in a pixel of this message. No `img` is in SVG or MathML, which it ends (HTML §13.2.6.5); behind
    /// some that are nested, or have ended, lol_html says so.
    fn take_own_pixel(&mut self, at: usize) {
        if self.body.start_tag(b"img") {
            self.pixel.body_starts(StartPlace::At(at));
        }
        self.pixel.found_own();
    }

    /// Takes in that the body starts with a tag: its own, or that of the first element in it.
    fn start_body_with(&mut self, window: &Window<'_>, start: &StartTag) {
        match start.element {
            Element::Body => self.pixel.body_starts(StartPlace::At(start.tag.end)),
            _ if start.tag.len() > self.longest_construct => {
                self.pixel.body_starts(StartPlace::BeforeNextToken);
            }
            _ => self.start_body_at(window, start.tag.start),
        }
    }

    /// Whether the body starts before the place `at`. It may start with a token that is not asked for.
    fn has_body_before(&mut self, window: &Window<'_>, at: usize) -> bool {
        if self.body.has_started() || window.start > 0 {
            return self.body.has_started();
        }
        let before = window.slice(self.content_start..at);
        let search = self
            .body_search
            .get_or_insert_with(|| BodySearch::new(self.parser_bytes));
        search.is_in(before)
    }

    /// Whether a `noscript` opens an element: in the head one is ignored inside another (HTML
    /// §13.2.6.4.5).
    fn opens_noscript(&mut self, window: &Window<'_>, at: usize) -> bool {
        self.noscript_depth == 0
            || !self.body.is_outside_templates()
            || self.has_body_before(window, at)
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

    pub(super) fn take_end_tag(
        &mut self,
        window: &Window<'_>,
        element: Element,
        tag: &Range<usize>,
    ) -> Result<(), TooLong> {
        let bytes = window.slice(tag.clone());
        // These leave all elements open (HTML §13.2.6.4.7).
        let ends_page = is_end_tag_of(bytes, b"body") || is_end_tag_of(bytes, b"html");
        match element {
            Element::Noscript => self.noscript_depth = self.noscript_depth.saturating_sub(1),
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

    fn check_tag(&self, tag: &Range<usize>) -> Result<(), TooLong> {
        let fits = tag.len() <= MAX_TAG_BYTES;
        fits.then_some(()).ok_or(TooLong { at: tag.start })?;
        self.check_length(tag, tag.start)
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
