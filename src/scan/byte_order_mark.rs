//! Byte order marks, which decide a document's charset whatever was stated (Encoding Standard §6, "BOM sniff").

pub(super) const UTF_8_MARK: &[u8] = b"\xef\xbb\xbf";
/// In UTF-16 bytes mean something else than in ASCII.
const UTF_16_MARKS: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

pub(super) fn starts_with_utf_16_mark(document: &[u8]) -> bool {
    UTF_16_MARKS.iter().any(|mark| document.starts_with(mark))
}

pub(super) fn starts_with_mark(document: &[u8]) -> bool {
    starts_with_utf_16_mark(document) || document.starts_with(UTF_8_MARK)
}

/// Whether more bytes could make the start of a document a mark.
pub(super) fn may_become_mark(start: &[u8]) -> bool {
    let is_start_of = |mark: &[u8]| start.len() < mark.len() && mark.starts_with(start);
    UTF_16_MARKS.into_iter().any(is_start_of) || is_start_of(UTF_8_MARK)
}
