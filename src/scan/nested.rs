//! Markup in a comment or in `noscript`, which lol_html hands over as one piece: it is read by a
//! parser of its own.

use std::collections::VecDeque;
use std::ops::Range;

use memchr::memmem;

use super::finding::{AttributeRange, Finding};
use super::open_construct::open_construct;
use super::parser::{Parser, Scope};
use super::tag::start_tag_name;
use crate::report::LinkContext;

const COMMENT_OPENING: &[u8] = b"<!--";
const NOSCRIPT: &[u8] = b"noscript";

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

/// Whether a construct of that beginning means nothing unless it is seen whole: a link, a base, a
/// `noscript` or a conditional comment.
pub(super) fn is_needed_whole(start: &[u8]) -> bool {
    const NAMES: [&[u8]; 4] = [b"a", b"area", b"base", NOSCRIPT];
    if let Some(content) = start.strip_prefix(COMMENT_OPENING) {
        return is_conditional(content);
    }
    let name = start_tag_name(start);
    NAMES.iter().any(|needed| name.eq_ignore_ascii_case(needed))
}

/// Whether a document may hold a conditional comment.
pub(super) fn may_hold_conditional_comment(document: &[u8]) -> bool {
    let after_opening = |at: usize| document.get(at + COMMENT_OPENING.len()..);
    memmem::find_iter(document, COMMENT_OPENING)
        .filter_map(after_opening)
        .any(is_conditional)
}

/// Returns the range of the document that Outlook reads as markup in the conditional comment `comment`,
/// which starts at `start`; `None` where that holds no link. Most hold nothing but a table.
pub(super) fn conditional_markup(comment: &[u8], start: usize) -> Option<Range<usize>> {
    let content = comment_content(comment);
    if !is_conditional(content) {
        return None;
    }
    let condition_end = memchr::memchr(b'>', content)? + 1;
    let may_be_link = |at: usize| matches!(content.get(at + 1), Some(b'a' | b'A' | b'v' | b'V'));
    let content_start = start + COMMENT_OPENING.len();
    memchr::memchr_iter(b'<', content)
        .any(may_be_link)
        .then(|| content_start + condition_end..content_start + content.len())
}

/// Whether an element's name makes it a link in a conditional comment: `a`, `area`, or an element of VML,
/// Outlook's vector graphics.
pub(super) fn is_outlook_link(name: &[u8]) -> bool {
    let is_vml = |start: &[u8; 2]| start.eq_ignore_ascii_case(b"v:");
    name.eq_ignore_ascii_case(b"a")
        || name.eq_ignore_ascii_case(b"area")
        || name.first_chunk().is_some_and(is_vml)
}

/// A part of a document that is read by itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Nested<'a> {
    pub(super) context: LinkContext,
    pub(super) markup: &'a [u8],
    /// Where it starts in the document.
    pub(super) start: usize,
}

/// What a nested parser has found.
#[derive(Debug)]
pub(super) struct NestedFindings {
    pub(super) findings: VecDeque<Finding>,
    /// Where the construct starts in the document that the part ends in.
    pub(super) open: Option<usize>,
}

impl Nested<'_> {
    /// Reads the part; `None` when that takes more than `memory_limit` bytes.
    pub(super) fn parse(self, memory_limit: usize) -> Option<NestedFindings> {
        let scope = match self.context {
            LinkContext::ConditionalComment => Scope::AnyHref,
            LinkContext::Html | LinkContext::Noscript => Scope::EveryToken,
        };
        let markup = masked(self.markup, scope);
        let mut parser = Parser::new(scope, memory_limit);
        parser.feed(&markup).ok()?;
        let is_closed = parser.end();
        let mut findings = VecDeque::new();
        parser.take_findings(&mut findings);
        findings.iter_mut().for_each(|finding| self.place(finding));
        let open = match is_closed || scope == Scope::AnyHref {
            true => None,
            false => open_construct(b"", &markup).map(|open| self.start + open),
        };
        Some(NestedFindings { findings, open })
    }

    /// Moves a finding to its place in the document.
    fn place(self, finding: &mut Finding) {
        match finding {
            Finding::Comment(range)
            | Finding::Doctype(range)
            | Finding::EndTag { tag: range, .. }
            | Finding::RawText(range)
            | Finding::Text(range) => shift(range, self.start),
            Finding::StartTag(found) => {
                found.context = self.context;
                shift(&mut found.tag, self.start);
                for AttributeRange { name, value } in &mut found.attributes {
                    shift(name, self.start);
                    value.iter_mut().for_each(|value| shift(value, self.start));
                }
            }
        }
    }
}

/// Puts other bytes where the parser would see raw text or a comment that a mail client does not.
fn masked(markup: &[u8], scope: Scope) -> Vec<u8> {
    let mut masked = markup.to_vec();
    // `noscript` is live in mail clients, which run no scripts.
    for at in memchr::memchr_iter(b'<', markup) {
        let name = at + 1..at + 1 + NOSCRIPT.len();
        if let Some(name) = masked.get_mut(name)
            && name.eq_ignore_ascii_case(NOSCRIPT)
        {
            name.fill(b'x');
        }
    }
    // Inside a comment nothing closes the opening of another.
    if scope == Scope::AnyHref {
        for at in memmem::find_iter(markup, COMMENT_OPENING) {
            let end = at + COMMENT_OPENING.len();
            if is_conditional(markup.get(end..).unwrap_or_default())
                && let Some(opening) = masked.get_mut(at..end)
            {
                opening.fill(b' ');
            }
        }
    }
    masked
}

fn shift(range: &mut Range<usize>, by: usize) {
    *range = range.start + by..range.end + by;
}
