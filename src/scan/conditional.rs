//! Conditional comments, which Outlook reads as markup.

use std::ops::Range;

use super::name::Name;
use super::raw_text::RawText;
use super::scanner::Scanner;
use super::sink::Sink;
use super::tag::Interest;
use super::tokenizer::{Token, Tokenizer, is_conditional};
use crate::report::LinkContext;

impl<S: Sink> Scanner<S> {
    /// Reads what Outlook reads: the markup after the condition, however deep the conditions nest.
    pub(super) fn conditional_comment(&mut self, window: &[u8], comment: &Range<usize>) {
        let content = comment_content(window, comment);
        let content_at = comment.start + COMMENT_OPENING.len();
        let Some(condition) = memchr::memchr(b'>', content) else {
            return;
        };
        if !may_hold_link(content) {
            return;
        }
        let mut tokenizer = Tokenizer::in_comment(self.links.domain());
        tokenizer.resume_at(condition + 1);
        let may_be_link = |name: &Name| matches!(name.as_bytes(), b"a" | b"area") || name.is_vml();
        let interest = |name: &Name| match may_be_link(name) {
            true => Interest::Whole,
            false => Interest::None,
        };
        while let Some(token) = tokenizer.next(content, true, interest) {
            match token {
                Token::StartTag(range) => {
                    let name = tokenizer.tag.name;
                    if may_be_link(&name) {
                        let range = content_at + range.start..content_at + range.end;
                        self.links.link(
                            &mut self.cursor,
                            window,
                            range,
                            &tokenizer.tag,
                            LinkContext::ConditionalComment,
                        );
                    }
                    if let Some(raw_text) = RawText::of(&name) {
                        tokenizer.enter_raw_text(raw_text, false);
                    }
                }
                Token::CommentInComment(range) => {
                    let inner = content.get(range.end..).unwrap_or_default();
                    let condition = memchr::memchr(b'>', inner);
                    let Some(condition) = condition.filter(|_| is_conditional(inner)) else {
                        return;
                    };
                    tokenizer.resume_at(range.end + condition + 1);
                }
                _ => {}
            }
        }
    }
}

const COMMENT_OPENING: &[u8] = b"<!--";

/// Most conditional comments hold nothing but a table: those need no reading.
fn may_hold_link(content: &[u8]) -> bool {
    memchr::memchr_iter(b'<', content)
        .any(|at| matches!(content.get(at + 1), Some(b'a' | b'A' | b'v' | b'V')))
}

/// What stands between `<!--` and `-->`, or `--!>`.
pub(super) fn comment_content<'a>(window: &'a [u8], comment: &Range<usize>) -> &'a [u8] {
    let comment = window.get(comment.clone()).unwrap_or_default();
    let closing = match comment.ends_with(b"!>") {
        true => b"--!>".len(),
        false => b"-->".len(),
    };
    comment
        .get(COMMENT_OPENING.len()..comment.len().saturating_sub(closing))
        .unwrap_or_default()
}
