//! Conditional comments, which Outlook reads as markup. lol_html hands a comment over as one piece; what
//! is in it is read by a parser of its own.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::ops::Range;

use memchr::memmem;

use super::finding::Finding;
use super::handlers::Scope;
use super::parser::Parser;
use super::tag::start_tag_name;
use crate::report::LinkContext;

const COMMENT_OPENING: &[u8] = b"<!--";

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

/// Reads the markup of a conditional comment, which starts at `start` of the document. Returns `None` when
/// that takes more than `memory_limit` bytes.
pub(super) fn parse_conditional(
    markup: &[u8],
    start: usize,
    memory_limit: usize,
) -> Option<VecDeque<Finding>> {
    let mut parser = Parser::of_part(Scope::AnyHref, memory_limit, b"", start);
    parser.feed(&without_nested_conditions(markup)).ok()?;
    let mut findings = VecDeque::new();
    parser.take_findings(&mut findings);
    for finding in &mut findings {
        if let Finding::StartTag(found) = finding {
            found.context = LinkContext::ConditionalComment;
        }
    }
    Some(findings)
}

/// Makes declarations of the openings of nested conditional comments, which end after their condition:
/// inside a comment nothing closes another.
fn without_nested_conditions(markup: &[u8]) -> Cow<'_, [u8]> {
    let mut masked = Cow::Borrowed(markup);
    for at in memmem::find_iter(markup, COMMENT_OPENING) {
        let end = at + COMMENT_OPENING.len();
        if is_conditional(markup.get(end..).unwrap_or_default())
            && let Some(dashes) = masked.to_mut().get_mut(at + b"<!".len()..end)
        {
            dashes.fill(b' ');
        }
    }
    masked
}
