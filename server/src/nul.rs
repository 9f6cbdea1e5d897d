//! U+0000, which PostgreSQL has no text for.

use std::borrow::Cow;

/// Returns text as every database takes it: with U+FFFD for each U+0000.
pub(crate) fn without_nul(text: &str) -> Cow<'_, str> {
    if text.contains('\0') {
        text.replace('\0', "\u{fffd}").into()
    } else {
        text.into()
    }
}
