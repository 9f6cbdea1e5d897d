//! Known differences: documents in which a browser sees something else than linkseal does, and what all
//! of a kind have in common.
//!
//! `known_differences.json` lists documents that break a law. The list is exact: one that holds the law after all
//! fails its test. A fuzz target passes over a finding only if the document is of one of these kinds.

use super::Verdict;
use super::judge::{Parsed, Seen, parse};

/// Deeper elements are not kept.
const MAX_DEPTH: usize = 512;

/// What the documents of a kind have in common.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Difference {
    /// A `frameset`: where it replaces the body most tags are ignored.
    Frameset,
    /// Elements more than 512 deep in SVG or MathML, whose ends are not told from each other.
    DeepForeignContent,
    /// Tags that are not nested properly inside SVG or MathML. Where these end is known to the stack of
    /// all open elements, which only a full parser keeps.
    MisnestedForeignContent,
}

impl Difference {
    pub const ALL: [Self; 3] = [
        Self::DeepForeignContent,
        Self::Frameset,
        Self::MisnestedForeignContent,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::DeepForeignContent => "deep foreign content",
            Self::Frameset => "frameset",
            Self::MisnestedForeignContent => "misnested foreign content",
        }
    }

    pub fn holds(self, html: &str) -> bool {
        let parsed = parse(html);
        match self {
            Self::DeepForeignContent => foreign_nesting(&parsed).0 > MAX_DEPTH,
            Self::Frameset => has_frameset(&parsed),
            Self::MisnestedForeignContent => foreign_nesting(&parsed).1,
        }
    }
}

/// Passes over what breaks a law in a document of a known kind.
pub fn excused(html: &str, verdict: Verdict) -> Verdict {
    match Difference::ALL
        .iter()
        .any(|kind| verdict.is_err() && kind.holds(html))
    {
        true => Ok(()),
        false => verdict,
    }
}

fn has_frameset(parsed: &Parsed) -> bool {
    let mut tags = parsed.seen.iter().filter_map(Seen::tag);
    tags.any(|tag| tag.name == "frameset")
}

/// How deep elements nest from the first `svg` or `math` on, and whether some end tag does not close the
/// element that was opened last; with that it ends.
fn foreign_nesting(parsed: &Parsed) -> (usize, bool) {
    let (mut open, mut deepest) = (Vec::<&str>::new(), 0);
    for seen in &parsed.seen {
        match seen {
            Seen::Tag(tag) if open.is_empty() && !matches!(&*tag.name, "svg" | "math") => {}
            Seen::Tag(tag) if tag.is_self_closing || is_void(&tag.name) => {}
            Seen::Tag(tag) => open.push(&tag.name),
            Seen::EndTag(name) if !open.is_empty() && open.pop() != Some(name) => {
                return (deepest, true);
            }
            _ => {}
        }
        deepest = deepest.max(open.len());
    }
    (deepest, false)
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
