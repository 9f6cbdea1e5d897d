//! What is in a conditional comment. lol_html hands a comment over as one piece; a parser of its own reads
//! it.

use std::borrow::Cow;
use std::collections::VecDeque;

use memchr::memmem;

use super::comment::{COMMENT_OPENING, is_conditional, is_outlook_link};
use super::finding::{Finding, StartTag};
use super::handlers::Scope;
use super::parser::Parser;
use super::tag::start_tag_name;
use crate::report::LinkContext;

/// Finds the links in the markup of a conditional comment, which starts at `start` of the document. Returns
/// `None` when that takes more than `memory_limit` bytes.
pub(super) fn parse_conditional(
    markup: &[u8],
    start: usize,
    memory_limit: usize,
) -> Option<VecDeque<Finding>> {
    let mut parser = Parser::of_part(Scope::AnyHref, memory_limit, start);
    parser.feed(&without_nested_conditions(markup)).ok()?;
    let mut findings = VecDeque::new();
    parser.take_findings(&mut findings);
    findings.retain_mut(|finding| match finding {
        Finding::StartTag(found) => {
            found.context = LinkContext::ConditionalComment;
            is_link(markup, start, found)
        }
        _ => false,
    });
    Some(findings)
}

/// Whether a tag with an `href`, in markup that starts at `start` of the document, is a link.
fn is_link(markup: &[u8], start: usize, found: &StartTag) -> bool {
    let tag = found.tag.start.checked_sub(start);
    let tag = tag.and_then(|at| markup.get(at..)).unwrap_or_default();
    is_outlook_link(start_tag_name(tag))
}

/// What takes the place of `<!--[if`: a declaration, which ends after the condition. In a script, whose end a
/// `<!--` moves (HTML §13.2.5.18), it counts as the opening does. No blank is in it, which would end an unquoted
/// value.
const DECLARATION: &[u8; 7] = b"<!<!--x";

/// Makes declarations of the openings of nested conditional comments, which end after their condition:
/// inside a comment nothing closes another.
fn without_nested_conditions(markup: &[u8]) -> Cow<'_, [u8]> {
    let mut masked = Cow::Borrowed(markup);
    for at in memmem::find_iter(markup, COMMENT_OPENING) {
        let content = markup.get(at + COMMENT_OPENING.len()..);
        if is_conditional(content.unwrap_or_default())
            && let Some(opening) = masked.to_mut().get_mut(at..at + DECLARATION.len())
        {
            opening.copy_from_slice(DECLARATION);
        }
    }
    masked
}
