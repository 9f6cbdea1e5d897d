//! Where pixels go: at the start of the body, at its end, or in the place of a placeholder.

use std::ops::Range;

use super::cursor::PixelPut;
use super::dispatch::Page;
use super::finding::{Element, Finding, StartTag};
use super::pixel::StartPlace;
use super::placeholder::Sides;
use super::sink::{Cut, Sink};
use super::tag::Tag;
use super::window::Window;
use crate::pixel::PixelPosition;

impl<S: Sink> Page<S> {
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

    /// Puts the pixel that belongs to the start of the body, if its place is known.
    pub(super) fn put_placed_start_pixel(&mut self, window: &Window<'_>) {
        if let Some(StartPlace::At(at)) = self.pixel.start_place() {
            self.put_start_pixel(window, at);
        }
    }

    pub(super) fn put_end_pixel(&mut self, window: &Window<'_>, at: usize) {
        if self.may_hold_pixel() && self.pixel.needs(PixelPosition::End) {
            self.find_next_space(window, at);
            let put = self.cursor.put_pixel(window, at, PixelPosition::End);
            self.pixel.settle(PixelPosition::End, put);
        }
    }

    pub(super) fn take_text(&mut self, window: &Window<'_>, range: &Range<usize>) {
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
            match self.placeholders.text_sides(before, after, is_whole) {
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

    pub(super) fn take_placeholder_markup(&mut self, window: &Window<'_>, range: &Range<usize>) {
        if self.placeholders.is_markup(window.slice(range.clone())) {
            self.take_element_placeholder(window, range);
        }
    }

    /// A tag or comment that is a placeholder. What follows may not be at hand.
    pub(super) fn take_element_placeholder(&mut self, window: &Window<'_>, range: &Range<usize>) {
        if !self.is_at_hand(range) || range.len() > self.longest_construct {
            return;
        }
        let before = self.cursor.tail(window, range.start);
        // What comes before decides alone, but where nothing does: there what follows was waited for.
        let (after, is_last) = match before.is_empty() {
            true => (window.from(range.end), true),
            false => (&[][..], false),
        };
        if self.placeholders.sides(before, after, is_last) == Sides::StayApart {
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

    pub(super) fn start_body_at(&mut self, window: &Window<'_>, at: usize) {
        self.pixel.body_starts(StartPlace::At(at));
        self.put_start_pixel(window, at);
    }

    /// Looks for the next place after `end` where the line could end: white space in the next link's tag.
    pub(super) fn find_next_space(&mut self, window: &Window<'_>, end: usize) {
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
}
