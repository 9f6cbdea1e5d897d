//! Lines that a reader joins (RFC 3676).

use super::super::structure::ContentType;

/// Whether a reader joins lines.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(in crate::mime) enum Flow {
    /// No line is joined to another, or only where a space stays between them.
    Fixed,
    /// Lines that end in a space are joined to the next, and the space goes.
    WithoutSpace,
}

impl Flow {
    /// Returns what a part's `Content-Type` says (RFC 3676 §4).
    pub(in crate::mime) fn of(content_type: &ContentType) -> Self {
        let is = |name, expected| {
            let value = content_type.parameter(name).ok().flatten();
            value.is_some_and(|value: &str| value.eq_ignore_ascii_case(expected))
        };
        match is("format", "flowed") && is("delsp", "yes") {
            true => Self::WithoutSpace,
            false => Self::Fixed,
        }
    }
}
