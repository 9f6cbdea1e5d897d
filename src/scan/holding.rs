//! What of a document must be held back, and where the construct starts that it ends in.

use super::byte_order_mark::may_become_mark;
use super::comment::is_needed_whole;
use super::finding::Finding;
use super::handlers::Scope;
use super::open_construct::open_construct;
use super::parser::{Ending, Parser};
use super::pixel::StartPlace;
use super::scanner::{Scanner, position};
use super::sink::Sink;
use super::window::Window;
use crate::pixel::PixelPosition;
use crate::report::Untouched;

impl<S: Sink> Scanner<S> {
    /// Hands on what is done with. Of a construct that is longer than may be held back, the start goes
    /// out before its end is seen, unless it must be seen whole.
    pub(super) fn hand_on(&mut self, window: &Window<'_>) {
        let limit = self.page.longest_construct;
        let mut needed = self.first_needed();
        if window.end().saturating_sub(needed) > limit && self.page.queue.is_empty() {
            let start = self.progress;
            self.page.put_placed_start_pixel(window);
            if window.end().saturating_sub(start) <= limit {
                needed = self.first_needed();
            } else if self.page.cursor.handed_on <= start && is_needed_whole(window.from(start)) {
                let at = position(start);
                self.untouched = Some(Untouched::MemoryLimit { at });
                needed = window.end();
            } else {
                self.page.end_text(window);
                needed = self.fed;
            }
        }
        self.page.cursor.hand_on(window, needed);
    }

    fn first_needed(&self) -> usize {
        let queued = self.page.queue.front().map(|finding| finding.range().start);
        [queued, self.page.first_needed()]
            .into_iter()
            .flatten()
            .fold(self.progress.max(self.page.cursor.handed_on), usize::min)
    }

    /// Whether an edit at the finding must wait for the end of its line, and for all links up to there.
    pub(super) fn waits_for_line(&mut self, window: &Window<'_>, finding: &Finding) -> bool {
        let Some(lines) = &mut self.page.cursor.line_limit else {
            return false;
        };
        let at = finding.range().end;
        let known = self.page.queue.back().and_then(Finding::done).unwrap_or(at);
        let known = Window {
            bytes: window.slice(window.start..known),
            ..*window
        };
        self.ending.is_none()
            && known.end().saturating_sub(at) <= self.page.longest_construct
            && !lines.knows_line_end(&known, at)
    }

    /// Whether a finding at the start of what goes out must wait for what follows: without a placeholder that may
    /// become a byte order mark.
    pub(super) fn waits_for_mark(&self, window: &Window<'_>, finding: &Finding) -> bool {
        self.page.placeholders.is_sought()
            && !window.is_last
            && self.page.cursor.is_at_start(finding.range().start)
            && may_become_mark(window.from(finding.range().end))
    }

    /// Ends the document. What is open at its end would swallow a pixel after it.
    pub(super) fn end(&mut self, window: &Window<'_>) {
        self.page.end_text(window);
        if let Some(place) = self.last_place(window) {
            self.end_body(window, place);
        }
        self.page.cursor.hand_on(window, window.end());
    }

    /// Returns the place before which a pixel at the end stands: the end of the document, or the start of the
    /// construct that it ends in. `None` where that has been handed on, or no pixel may come before it.
    fn last_place(&mut self, window: &Window<'_>) -> Option<usize> {
        let needs = |placement| self.page.pixel.needs(placement);
        if !needs(PixelPosition::Start) && !needs(PixelPosition::End) {
            return None;
        }
        let ending = self
            .ending
            .or_else(|| self.parser.as_mut().map(Parser::end));
        if ending == Some(Ending::Outside) {
            return Some(window.end());
        }
        let open = match self.scope {
            Scope::EveryToken => self.inside.allows_image().then_some(self.progress),
            // Not all tokens were asked for, so this is a whole document.
            Scope::AnyHref | Scope::Links(_) => open_construct(window.bytes),
        };
        open.filter(|open| {
            let is_at_hand = *open >= self.page.cursor.handed_on;
            is_at_hand && window.end() - open <= self.page.longest_construct
        })
    }

    fn end_body(&mut self, window: &Window<'_>, at: usize) {
        if !self.page.may_hold_pixel() {
            return;
        }
        if self.page.body.end_body() {
            self.page.pixel.body_starts(StartPlace::At(at));
        }
        self.page.put_start_pixel(window, at);
        self.page.put_end_pixel(window, at);
    }
}
