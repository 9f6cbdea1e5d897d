//! Known gaps: documents in which a browser sees something else than linkseal does, and what all of a
//! kind have in common.
//!
//! `gaps.json` lists documents that break a law. The list is exact: one that holds the law after all
//! fails its test. A fuzz target passes over a finding only if the document is of one of these kinds.

use super::Verdict;
use super::judge::{Parsed, Seen, parse};

/// What the documents of a gap have in common.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Gap {
    /// A `frameset`: where it replaces the body most tags are ignored.
    Frameset,
    /// Tags that are not nested properly inside SVG or MathML. Where these end is known to the stack of
    /// all open elements, which only a full parser keeps.
    MisnestedForeignContent,
}

impl Gap {
    pub const ALL: [Self; 2] = [Self::Frameset, Self::MisnestedForeignContent];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Frameset => "frameset",
            Self::MisnestedForeignContent => "misnested foreign content",
        }
    }

    pub fn holds(self, html: &str) -> bool {
        let parsed = parse(html);
        match self {
            Self::Frameset => has_frameset(&parsed),
            Self::MisnestedForeignContent => has_misnested_foreign_content(&parsed),
        }
    }
}

/// Passes over what breaks a law in a document of a known kind.
pub fn excused(html: &str, verdict: Verdict) -> Verdict {
    match Gap::ALL
        .iter()
        .any(|gap| verdict.is_err() && gap.holds(html))
    {
        true => Ok(()),
        false => verdict,
    }
}

fn has_frameset(parsed: &Parsed) -> bool {
    let mut tags = parsed.seen.iter().filter_map(Seen::tag);
    tags.any(|tag| tag.name == "frameset")
}

/// Whether from the first `svg` or `math` on some end tag does not close the element that was opened
/// last.
fn has_misnested_foreign_content(parsed: &Parsed) -> bool {
    let mut open: Vec<&str> = Vec::new();
    for seen in &parsed.seen {
        match seen {
            Seen::Tag(tag) if open.is_empty() && !matches!(&*tag.name, "svg" | "math") => {}
            Seen::Tag(tag) if tag.is_self_closing || is_void(&tag.name) => {}
            Seen::Tag(tag) => open.push(&tag.name),
            Seen::EndTag(name) if !open.is_empty() && open.pop() != Some(name) => return true,
            Seen::EndTag(_) | Seen::Comment(_) | Seen::UnclosedComment(_) => {}
        }
    }
    false
}

/// Elements that never have content (HTML §13.1.2).
fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "source"
            | "track"
            | "wbr"
    )
}
