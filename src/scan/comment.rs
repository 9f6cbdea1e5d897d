//! Comments: which are conditional, so that Outlook reads them as markup, and which of them may hold a link.

use std::ops::Range;

use memchr::memmem;

use super::tag::start_tag_name;

pub(super) const COMMENT_OPENING: &[u8] = b"<!--";

/// Returns what stands between `<!--` and `-->`, or `--!>`.
pub(super) fn comment_content(comment: &[u8]) -> &[u8] {
    let closing = match comment.ends_with(b"!>") {
        true => b"--!>".len(),
        false => b"-->".len(),
    };
    comment
        .get(COMMENT_OPENING.len()..comment.len().saturating_sub(closing))
        .unwrap_or_default()
}

/// Whether a comment's content makes it conditional: Outlook reads what follows the condition.
pub(super) fn is_conditional(content: &[u8]) -> bool {
    content
        .first_chunk()
        .is_some_and(|start: &[u8; 3]| start.eq_ignore_ascii_case(b"[if"))
}

/// Whether a construct of that beginning means nothing unless it is seen whole: a link, a base or
/// a conditional comment.
pub(super) fn is_needed_whole(start: &[u8]) -> bool {
    const NAMES: [&[u8]; 3] = [b"a", b"area", b"base"];
    if let Some(content) = start.strip_prefix(COMMENT_OPENING) {
        return is_conditional(content);
    }
    let name = start_tag_name(start);
    NAMES.iter().any(|needed| name.eq_ignore_ascii_case(needed))
}

/// Whether a conditional comment of the document may hold a link. Most hold nothing but a table.
pub(super) fn may_hold_conditional_link(document: &[u8]) -> bool {
    let mut rest = document;
    while let Some(at) = memmem::find(rest, COMMENT_OPENING) {
        rest = rest.get(at + COMMENT_OPENING.len()..).unwrap_or_default();
        if !is_conditional(rest) {
            continue;
        }
        // No comment that starts before this is longer.
        let end = memmem::find(rest, b"-->").unwrap_or(rest.len());
        let (content, after) = rest.split_at_checked(end).unwrap_or_default();
        if may_hold_link(content) {
            return true;
        }
        rest = after;
    }
    false
}

/// Returns the range of the document that Outlook reads as markup in the conditional comment `comment`,
/// which starts at `start`; `None` where that holds no link.
pub(super) fn conditional_markup(comment: &[u8], start: usize) -> Option<Range<usize>> {
    let content = comment_content(comment);
    if !is_conditional(content) || !may_hold_link(content) {
        return None;
    }
    let condition_end = memchr::memchr(b'>', content)? + 1;
    let content_start = start + COMMENT_OPENING.len();
    Some(content_start + condition_end..content_start + content.len())
}

fn may_hold_link(content: &[u8]) -> bool {
    memchr::memchr_iter(b'<', content)
        .any(|at| matches!(content.get(at + 1), Some(b'a' | b'A' | b'v' | b'V')))
}

/// Whether an element's name makes it a link in a conditional comment: `a`, `area`, or an element of VML,
/// Outlook's vector graphics.
pub(super) fn is_outlook_link(name: &[u8]) -> bool {
    let is_vml = |start: &[u8; 2]| start.eq_ignore_ascii_case(b"v:");
    name.eq_ignore_ascii_case(b"a")
        || name.eq_ignore_ascii_case(b"area")
        || name.first_chunk().is_some_and(is_vml)
}
