//! What the parser finds in a document, as ranges of the document's bytes.

use std::ops::Range;

use super::mask::{MASKED_NOSCRIPT, RAW_TEXT};
use crate::report::LinkContext;

/// A token, in document order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Finding {
    /// `<!-- … -->`.
    Comment(Range<usize>),
    Doctype(Range<usize>),
    /// The end tag that closes an element, which may be another element's.
    EndTag {
        element: Element,
        tag: Range<usize>,
    },
    /// Text of a raw text element, of an element such as `title`, or of a CDATA section.
    RawText(Range<usize>),
    StartTag(StartTag),
    /// Text between tags, or a part of it.
    Text(Range<usize>),
}

impl Finding {
    pub(super) fn range(&self) -> &Range<usize> {
        match self {
            Self::Comment(range)
            | Self::Doctype(range)
            | Self::EndTag { tag: range, .. }
            | Self::RawText(range)
            | Self::StartTag(StartTag { tag: range, .. })
            | Self::Text(range) => range,
        }
    }
}

impl Finding {
    pub(super) fn start_tag(&self) -> Option<&StartTag> {
        match self {
            Self::StartTag(start) => Some(start),
            _ => None,
        }
    }

    /// Moves the finding that many bytes on.
    pub(super) fn shift(&mut self, by: usize) {
        let shift = |range: &mut Range<usize>| *range = range.start + by..range.end + by;
        match self {
            Self::Comment(range)
            | Self::Doctype(range)
            | Self::EndTag { tag: range, .. }
            | Self::RawText(range)
            | Self::Text(range) => shift(range),
            Self::StartTag(start) => {
                shift(&mut start.tag);
                for AttributeRange { name, value } in &mut start.attributes {
                    shift(name);
                    value.iter_mut().for_each(shift);
                }
            }
        }
    }

    /// Returns up to where the document is done with: only to its start for an element of raw text, and
    /// nothing for the text, since a document that ends in it is in that element.
    pub(super) fn done(&self) -> Option<usize> {
        match self {
            Self::RawText(_) => None,
            Self::StartTag(start) if start.opens_raw_text() => Some(start.tag.start),
            other => Some(other.range().end),
        }
    }
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct StartTag {
    /// Empty for elements whose attributes mean nothing here.
    pub(super) attributes: Vec<AttributeRange>,
    /// In which part of the document the tag stands.
    pub(super) context: LinkContext,
    pub(super) element: Element,
    /// Whether the element is in the HTML namespace, not in SVG or MathML.
    pub(super) is_html: bool,
    pub(super) is_self_closing: bool,
    pub(super) tag: Range<usize>,
}

impl StartTag {
    /// Whether what follows is text, whatever it looks like, up to an end tag.
    pub(super) fn opens_raw_text(&self) -> bool {
        self.is_html && self.element == Element::RawText
    }
}

/// Elements that are told apart.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Element {
    Base,
    Body,
    /// `svg` or `math`.
    Foreign,
    Frameset,
    Html,
    Image,
    /// `a` or `area`.
    Link,
    Noscript,
    Other,
    /// An element whose content is text, whatever it looks like (HTML §13.2.6.2).
    RawText,
    Template,
}

impl Element {
    /// Returns the element of a name in lower case.
    pub(super) fn of(name: &str) -> Self {
        match name {
            "a" | "area" => Self::Link,
            "base" => Self::Base,
            "body" => Self::Body,
            "frameset" => Self::Frameset,
            "html" => Self::Html,
            "img" => Self::Image,
            "math" | "svg" => Self::Foreign,
            name if RAW_TEXT.contains(&name) => Self::RawText,
            MASKED_NOSCRIPT => Self::Noscript,
            "template" => Self::Template,
            _ => Self::Other,
        }
    }

    pub(super) fn has_attributes_of_interest(self) -> bool {
        matches!(self, Self::Base | Self::Html | Self::Image | Self::Link)
    }

    /// Whether it matters where the element ends.
    pub(super) fn has_end_of_interest(self) -> bool {
        matches!(
            self,
            Self::Body | Self::Foreign | Self::Noscript | Self::RawText | Self::Template
        )
    }
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct AttributeRange {
    pub(super) name: Range<usize>,
    /// Without its quotes; `None` for an attribute without a value.
    pub(super) value: Option<Range<usize>>,
}
