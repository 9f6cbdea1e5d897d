//! Places that the author has marked for the open pixel.

use std::ops::Range;

use memchr::memmem;

use super::byte_order_mark::{may_become_mark, starts_with_mark};
use crate::config::DomainConfig;
use crate::pixel::PixelPlacement;
use crate::placeholder::TEXT_PLACEHOLDER;

/// The placeholder that is an element of its own, `<opentag/>`.
const ELEMENT_PLACEHOLDER: &[u8] = b"opentag";

/// The two sides of a placeholder, once it is gone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Sides {
    /// They become what they were not: a byte order mark, a tag, a character reference, or another placeholder.
    Join,
    StayApart,
    /// What follows is too short to tell.
    Unclear,
}

/// The placeholders that one domain's documents may hold.
#[derive(Debug)]
pub(super) struct Placeholders {
    is_sought: bool,
    /// The domain's own placeholder.
    own: Option<Vec<u8>>,
}

impl Placeholders {
    pub(super) fn new(domain: &DomainConfig) -> Self {
        Self {
            is_sought: domain.pixel_placement() == PixelPlacement::Placeholder,
            own: domain
                .pixel_placeholder()
                .map(|own| own.as_bytes().to_vec()),
        }
    }

    /// For a document that keeps its placeholders.
    pub(super) fn off() -> Self {
        Self {
            is_sought: false,
            own: None,
        }
    }

    pub(super) fn is_sought(&self) -> bool {
        self.is_sought
    }

    /// Whether a start tag, with its name, is a placeholder.
    pub(super) fn is_start_tag(&self, tag: &[u8], name: &[u8]) -> bool {
        self.is_sought && (name.eq_ignore_ascii_case(ELEMENT_PLACEHOLDER) || self.is_markup(tag))
    }

    /// Whether a whole tag or comment is the domain's own placeholder.
    pub(super) fn is_markup(&self, markup: &[u8]) -> bool {
        self.is_sought && self.own.as_deref() == Some(markup)
    }

    /// Finds the placeholders in a text, in order.
    pub(super) fn find_in(&self, text: &[u8]) -> Vec<Range<usize>> {
        let mut found: Vec<Range<usize>> = self
            .texts()
            .flat_map(|placeholder| {
                let starts = memmem::find_iter(text, placeholder);
                starts.map(|start| start..start + placeholder.len())
            })
            .collect();
        found.sort_by_key(|range| range.start);
        // Of two that overlap the first counts.
        let mut end = 0;
        found.retain(|range| {
            let follows = range.start >= end;
            if follows {
                end = range.end;
            }
            follows
        });
        found
    }

    /// Returns how many bytes at the end of a text may be the start of a placeholder.
    pub(super) fn start_at_end(&self, text: &[u8]) -> usize {
        let longest = |placeholder: &[u8]| {
            let starts = |length: &usize| {
                placeholder
                    .get(..*length)
                    .is_some_and(|start| text.ends_with(start))
            };
            (1..placeholder.len()).rev().find(starts).unwrap_or(0)
        };
        self.texts().map(longest).max().unwrap_or(0)
    }

    /// Returns what would become of a placeholder's two sides without it; `is_last` when nothing follows
    /// `after`.
    pub(super) fn sides(&self, before: &[u8], after: &[u8], is_last: bool) -> Sides {
        if before.ends_with(b"<") {
            return Sides::Join;
        }
        if before.is_empty() && starts_with_mark(after) {
            return Sides::Join;
        }
        let mut sides = match before.is_empty() && !is_last && may_become_mark(after) {
            true => Sides::Unclear,
            false => Sides::StayApart,
        };
        for placeholder in self.texts() {
            let halves = (1..placeholder.len()).filter_map(|at| placeholder.split_at_checked(at));
            for (_, end) in halves.filter(|(start, _)| before.ends_with(start)) {
                if after.starts_with(end) {
                    return Sides::Join;
                } else if !is_last && end.starts_with(after) {
                    sides = Sides::Unclear;
                }
            }
        }
        sides
    }

    /// Returns what would become of the two sides of a placeholder that is text.
    pub(super) fn text_sides(&self, before: &[u8], after: &[u8], is_last: bool) -> Sides {
        match reference_sides(before, after, is_last) {
            Sides::StayApart => self.sides(before, after, is_last),
            sides => sides,
        }
    }

    /// Returns the length of the longest placeholder that is text; 0 when none is sought.
    pub(super) fn longest(&self) -> usize {
        match self.is_sought {
            true => self.texts().map(<[u8]>::len).max().unwrap_or(0),
            false => 0,
        }
    }

    fn texts(&self) -> impl Iterator<Item = &[u8]> {
        let own = self.own.as_deref().filter(|own| !own.starts_with(b"<"));
        own.into_iter().chain([TEXT_PLACEHOLDER.as_bytes()])
    }
}

/// Returns whether a character reference goes on from one side to the other (HTML §13.2.5.72).
fn reference_sides(before: &[u8], after: &[u8], is_last: bool) -> Sides {
    let is_name_byte = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'#';
    let before_name = before.iter().rposition(|byte| !is_name_byte(byte));
    if before_name.and_then(|at| before.get(at)) != Some(&b'&') {
        return Sides::StayApart;
    }
    match after.first() {
        Some(next) if is_name_byte(next) || *next == b';' => Sides::Join,
        None if !is_last => Sides::Unclear,
        _ => Sides::StayApart,
    }
}

#[cfg(test)]
mod tests {
    use super::{Placeholders, Sides};

    #[test]
    fn two_sides_that_make_a_character_reference_join() {
        let placeholders = Placeholders {
            is_sought: true,
            own: None,
        };
        for (before, after, is_last, expected) in [
            ("a&", "lt", true, Sides::Join),
            ("&#x", "3D;", true, Sides::Join),
            ("&amp", ";", false, Sides::Join),
            ("&", "#3", false, Sides::Join),
            ("&amp;", "lt", true, Sides::StayApart),
            ("AT&T", "</p>", false, Sides::StayApart),
            ("a & ", "b", true, Sides::StayApart),
            ("AT&T", "", false, Sides::Unclear),
            ("AT&T", "", true, Sides::StayApart),
            ("abc", "def", true, Sides::StayApart),
        ] {
            let sides = placeholders.text_sides(before.as_bytes(), after.as_bytes(), is_last);
            assert_eq!(sides, expected, "{before} {after}");
        }
    }
}
