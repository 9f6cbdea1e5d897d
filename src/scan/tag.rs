//! One start tag: its name, its attributes, and where each of them starts and ends.

use std::ops::Range;

use super::finding::StartTag;
use super::space::is_space;
use super::window::Window;

/// A start tag's bytes. All positions are relative to its `<`.
#[derive(Debug)]
pub(super) struct Tag<'a> {
    pub(super) attributes: Vec<Attribute>,
    pub(super) bytes: &'a [u8],
    /// Where the tag starts in the document.
    pub(super) start: usize,
}

/// An attribute's place in its tag.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Attribute {
    /// After the value and its closing quote.
    pub(super) end: usize,
    pub(super) is_quoted: bool,
    pub(super) name: Range<usize>,
    /// Where the attribute before this one ends.
    pub(super) previous_end: usize,
    /// Without quotes; empty where there is none.
    pub(super) value: Range<usize>,
}

impl<'a> Tag<'a> {
    pub(super) fn new(window: &Window<'a>, found: &StartTag) -> Self {
        let bytes = window.slice(found.tag.clone());
        let start = found.tag.start;
        let mut previous_end = name_end(bytes);
        let attributes = found.attributes.iter().map(|ranges| {
            let name = relative(&ranges.name, start);
            let value = match &ranges.value {
                Some(value) => relative(value, start),
                None => empty_value(bytes, name.end),
            };
            // The parser does not say where an attribute ends, but what comes before its value does.
            let before = value.start.checked_sub(1).and_then(|at| bytes.get(at));
            let is_quoted = ranges.value.is_some() && matches!(before, Some(b'"' | b'\''));
            let end = value.end + usize::from(is_quoted);
            Attribute {
                end,
                is_quoted,
                name,
                previous_end: std::mem::replace(&mut previous_end, end),
                value,
            }
        });
        Self {
            attributes: attributes.collect(),
            bytes,
            start,
        }
    }

    /// Returns the name as it is written (HTML §13.2.5.8).
    pub(super) fn name(&self) -> &'a [u8] {
        start_tag_name(self.bytes)
    }

    pub(super) fn slice(&self, range: &Range<usize>) -> &'a [u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }

    /// Of an attribute that comes twice, browsers take the first (HTML §13.2.5.33).
    pub(super) fn first_named(&self, name: &[u8]) -> Option<&Attribute> {
        self.attributes
            .iter()
            .find(|attribute| self.slice(&attribute.name).eq_ignore_ascii_case(name))
    }

    /// Returns the last white space between attributes that comes before `attribute`, and not before
    /// `from`: a line may end there.
    pub(super) fn space_before(&self, attribute: &Attribute, from: usize) -> Option<Range<usize>> {
        let up_to = |other: &&Attribute| other.name.start <= attribute.name.start;
        self.attributes
            .iter()
            .take_while(up_to)
            .filter_map(|other| {
                let before = self.bytes.get(other.previous_end..other.name.start)?;
                let after_last = before.iter().rposition(|byte| !is_space(*byte));
                let start = other.previous_end + after_last.map_or(0, |at| at + 1);
                (start < other.name.start && start >= from).then_some(start..other.name.start)
            })
            .last()
    }
}

/// Returns where the value would stand of an attribute that has none: before the end of the tag, if it
/// has an `=`.
fn empty_value(tag: &[u8], name_end: usize) -> Range<usize> {
    let skip_space = |from: usize| {
        let rest = tag.get(from..).unwrap_or_default();
        from + rest.iter().take_while(|byte| is_space(**byte)).count()
    };
    let after_name = skip_space(name_end);
    let at = match tag.get(after_name) {
        Some(b'=') => skip_space(after_name + 1),
        _ => name_end,
    };
    at..at
}

fn relative(range: &Range<usize>, start: usize) -> Range<usize> {
    range.start.saturating_sub(start)..range.end.saturating_sub(start)
}

/// Returns where the name after a tag's `<` or `</` ends.
fn name_end(tag: &[u8]) -> usize {
    let is_end = |byte: &u8| is_space(*byte) || *byte == b'>';
    let from = tag
        .iter()
        .take(2)
        .take_while(|byte| matches!(byte, b'<' | b'/'))
        .count();
    let name = tag.get(from..).unwrap_or_default();
    let end = name.iter().position(|byte| is_end(byte) || *byte == b'/');
    from + end.unwrap_or(name.len())
}

/// Returns the name of a start tag, which may be cut after it.
pub(super) fn start_tag_name(tag: &[u8]) -> &[u8] {
    tag.get(1..name_end(tag)).unwrap_or_default()
}

/// Whether an end tag has the name `name`, in lower case.
pub(super) fn is_end_tag_of(tag: &[u8], name: &[u8]) -> bool {
    tag.get(2..name_end(tag))
        .is_some_and(|written| written.eq_ignore_ascii_case(name))
}
