//! Looks for the start of the body where the tokens that it may start with are not asked for.

use std::collections::VecDeque;
use std::fmt;

use super::body::BodyTracker;
use super::finding::Finding;
use super::handlers::Scope;
use super::parser::Parser;
use super::tag::{is_end_tag_of, start_tag_name};

/// Reads the start of a document a second time. It goes on from place to place, since reading all of it anew for
/// each takes a second for 13 KB of `<noscript>`.
pub(super) struct BodySearch {
    body: BodyTracker,
    findings: VecDeque<Finding>,
    is_found: bool,
    parser: Parser,
    read: usize,
}

impl BodySearch {
    /// `memory_limit` bounds what lol_html keeps.
    pub(super) fn new(memory_limit: usize) -> Self {
        Self {
            body: BodyTracker::default(),
            findings: VecDeque::new(),
            is_found: false,
            parser: Parser::new(Scope::EveryToken, memory_limit),
            read: 0,
        }
    }

    /// Whether the body starts in `before`: the document up to a tag, which is never before that of the
    /// last call.
    pub(super) fn is_in(&mut self, before: &[u8]) -> bool {
        // What was found before an error counts.
        let _ = self
            .parser
            .feed(before.get(self.read..).unwrap_or_default());
        self.read = before.len();
        self.parser.take_findings(&mut self.findings);
        while let Some(finding) = self.findings.pop_front() {
            self.is_found |= self.starts_with(before, &finding);
        }
        // A `<` before a tag is text, which the parser shows only with what comes next.
        self.is_found || (before.ends_with(b"<") && self.body.is_outside_templates())
    }

    fn starts_with(&mut self, document: &[u8], finding: &Finding) -> bool {
        let bytes = document.get(finding.range().clone()).unwrap_or_default();
        match finding {
            Finding::StartTag(start) if start.is_html => self.body.start_tag(start_tag_name(bytes)),
            Finding::Text(_) => self.body.text(bytes).is_some(),
            Finding::EndTag { .. } if is_end_tag_of(bytes, b"template") => {
                self.body.end_template();
                false
            }
            _ => false,
        }
    }
}

impl fmt::Debug for BodySearch {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("BodySearch").finish_non_exhaustive()
    }
}
