//! A link that was found, and what is decided on it.

use std::ops::Range;

use super::cursor::LinkPlace;
use super::tag::{Attribute, Tag};
use crate::link::{Extended, escaped};
use crate::report::{LinkContext, SkipReason};

/// A link, and what is decided on it.
pub(super) struct Found<'a> {
    pub(super) context: LinkContext,
    pub(super) extended: Extended<'a>,
    pub(super) href: &'a Attribute,
    pub(super) name: Option<String>,
    pub(super) tag: &'a Tag<'a>,
}

impl Found<'_> {
    pub(super) fn is_in_comment(&self) -> bool {
        self.context == LinkContext::ConditionalComment
    }

    pub(super) fn original(&self) -> &[u8] {
        self.tag.slice(&self.href.value)
    }

    /// Returns where its new value goes, given how far the document has been handed on.
    pub(super) fn place(&self, handed_on: usize) -> LinkPlace {
        let (tag, href) = (self.tag, self.href);
        let from = handed_on.saturating_sub(tag.start);
        LinkPlace {
            space: tag
                .space_before(href, from)
                .map(|space| offset(&space, tag.start)),
            value: offset(&href.value, tag.start),
        }
    }

    /// Returns what the value becomes if the link is not tracked for that reason; `None` if it stays.
    ///
    /// It is the destination with its parameters, in the quotes that the value stands in. In a comment it gets quotes
    /// if it has none, as a tracking URL does.
    pub(super) fn untracked_value(&self, reason: SkipReason) -> Option<String> {
        let (destination, _) = self.extended.in_value(reason)?;
        let before = self.href.value.start.checked_sub(1);
        let before = before.and_then(|at| self.tag.bytes.get(at));
        let quote = before.filter(|_| self.href.is_quoted);
        let quote = quote.map(|byte| char::from(*byte));
        let escaped = escaped(destination, quote);
        Some(match self.is_in_comment() && quote.is_none() {
            true => format!("\"{escaped}\""),
            false => escaped,
        })
    }
}

pub(super) fn offset(range: &Range<usize>, by: usize) -> Range<usize> {
    range.start + by..range.end + by
}
