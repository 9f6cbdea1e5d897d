//! What each token of a document means: for links, for the body, and for the pixel.

use std::ops::Range;

use super::body::Stage;
use super::conditional::comment_content;
use super::pixel::{ELEMENT_PLACEHOLDER, Sides};
use super::raw_text::RawText;
use super::scanner::{Next, Scanner};
use super::sink::{Cut, Sink};
use super::tokenizer::{Token, is_conditional};
use crate::report::LinkContext;
use crate::token::Placement;

impl<S: Sink> Scanner<S> {
    pub(super) fn token(&mut self, window: &[u8], token: Token, last: bool) -> Next {
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
                self.element_placeholder(window, range);
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
            // An image would end SVG or MathML around it, and the rest would be read differently.
            b"body" if !self.token_is_long && !self.foreign.is_current() => {
                self.end_of_body(window, range.start);
            }
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
        if !self.pixel.seeks_placeholder() || self.foreign.is_current() {
            return Next::Token;
        }
        let text_at = range.start;
        for found in self.pixel.placeholders(text) {
            let (start, end) = (text_at + found.start, text_at + found.end);
            let after = window.get(end..).unwrap_or_default();
            match self
                .pixel
                .sides(self.cursor.tail(window, start), after, last)
            {
                Sides::Join => {}
                Sides::StayApart => self.placeholder(window, start..end),
                Sides::Unclear => {
                    self.tokenizer.resume_at(start);
                    return Next::Window;
                }
            }
            range.start = end;
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

    pub(super) fn start_of_body(&mut self, window: &[u8], at: usize) {
        if self.pixel.needs_start() {
            self.cursor.put_pixel(window, at, Placement::Start);
        }
    }

    pub(super) fn end_of_body(&mut self, window: &[u8], at: usize) {
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
            self.element_placeholder(window, range.clone());
        }
    }

    /// A tag or comment that is a placeholder. What follows may be in another window.
    fn element_placeholder(&mut self, window: &[u8], range: Range<usize>) {
        let before = self.cursor.tail(window, range.start);
        if self.pixel.sides(before, &[], false) == Sides::StayApart {
            self.placeholder(window, range);
        }
    }

    fn placeholder(&mut self, window: &[u8], range: Range<usize>) {
        if self.token_is_long || self.foreign.is_current() {
            return;
        }
        if self.body.is_outside_templates() && self.pixel.needs_placeholder() {
            self.cursor.put_pixel(window, range.start, Placement::End);
        }
        self.cursor.cut(window, range, Cut::Sign);
    }
}
