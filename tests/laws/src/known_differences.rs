//! Known differences: documents in which lol_html sees other tags than a browser, and what all of a kind
//! have in common.
//!
//! `known_differences.json` lists documents that break a law. The list is exact: one that holds the law after all
//! fails its test. A law passes over what it finds only in a document of one of these kinds in which lol_html
//! alone, without this crate, sees other tags than html5ever.

mod lol;

use self::lol::differs;
use super::Verdict;
use super::judge::{Parsed, Seen, Tag, is_void, parse};
use super::oracle::laid_open;

/// What the documents of a kind have in common.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Difference {
    /// A CDATA section in an element of SVG or MathML that may hold HTML: to lol_html a comment.
    CdataAmongHtml,
    /// An `annotation-xml` whose `encoding` has character references, which lol_html does not decode.
    EncodedAnnotation,
    /// A `frameset`: where it replaces the body, browsers ignore most tags, those before it too.
    Frameset,
    /// `mglyph` or `malignmark` in MathML, which are MathML where other elements would be HTML.
    MathMlGlyph,
    /// Tags that are not nested properly inside SVG or MathML. Where these end is known to the stack of
    /// all open elements, which only a full parser keeps.
    MisnestedForeignContent,
    /// SVG or MathML in SVG or MathML: an element of HTML ends all, but one for lol_html.
    NestedForeignContent,
    /// `<svg/>` or `<math/>`, which count as open.
    SelfClosingForeignContent,
    /// A `title` of HTML in an element of SVG that may hold HTML: lol_html takes its end for that of the other.
    TitleInSvg,
}

impl Difference {
    pub const ALL: [Self; 8] = [
        Self::CdataAmongHtml,
        Self::EncodedAnnotation,
        Self::Frameset,
        Self::MathMlGlyph,
        Self::MisnestedForeignContent,
        Self::NestedForeignContent,
        Self::SelfClosingForeignContent,
        Self::TitleInSvg,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::CdataAmongHtml => "CDATA among HTML",
            Self::EncodedAnnotation => "encoded annotation",
            Self::Frameset => "frameset",
            Self::MathMlGlyph => "glyph in MathML",
            Self::MisnestedForeignContent => "misnested foreign content",
            Self::NestedForeignContent => "nested foreign content",
            Self::SelfClosingForeignContent => "self-closing foreign content",
            Self::TitleInSvg => "title in SVG",
        }
    }

    pub fn holds(self, html: &str) -> bool {
        layers(html)
            .iter()
            .any(|layer| self.is_of(layer) && differs(layer))
    }

    fn is_of(self, html: &str) -> bool {
        match self {
            Self::CdataAmongHtml => has_tag(html, is_foreign_root) && html.contains("<![CDATA["),
            Self::EncodedAnnotation => {
                has_tag(html, |tag| tag.name == "annotation-xml") && html.contains('&')
            }
            Self::Frameset => has_frameset(html),
            Self::MathMlGlyph => has_tag(html, |tag| matches!(&*tag.name, "malignmark" | "mglyph")),
            Self::MisnestedForeignContent => nesting(&parse(html)).is_misnested,
            Self::NestedForeignContent => nesting(&parse(html)).roots > 1,
            Self::SelfClosingForeignContent => {
                has_tag(html, |tag| tag.is_self_closing && is_foreign_root(tag))
            }
            Self::TitleInSvg => nesting(&parse(html)).has_html_title,
        }
    }
}

/// How elements nest from the first `svg` or `math` on.
#[derive(Default)]
struct Nesting {
    /// Whether a `title` is in an element of SVG that may hold HTML.
    has_html_title: bool,
    /// Whether some end tag does not close the element that was opened last.
    is_misnested: bool,
    /// How many `svg` and `math` are in each other.
    roots: usize,
}

fn nesting(parsed: &Parsed) -> Nesting {
    let mut nesting = Nesting::default();
    let mut open = Vec::<&Tag>::new();
    for seen in &parsed.seen {
        match seen {
            Seen::Tag(tag) if open.is_empty() && !is_foreign_root(tag) => {}
            Seen::Tag(tag) if tag.is_self_closing || is_void(&tag.name) => {}
            Seen::Tag(tag) => {
                nesting.has_html_title |=
                    tag.name == "title" && open.iter().any(|tag| may_hold_html(tag));
                open.push(tag);
            }
            Seen::EndTag(name) if !open.is_empty() => {
                nesting.is_misnested |= open.pop().is_some_and(|tag| tag.name != *name);
            }
            _ => {}
        }
        let roots = open.iter().filter(|tag| is_foreign_root(tag)).count();
        nesting.roots = nesting.roots.max(roots);
    }
    nesting
}

fn is_foreign_root(tag: &Tag) -> bool {
    matches!(&*tag.name, "svg" | "math")
}

/// The HTML integration points of SVG (HTML §13.2.6).
fn may_hold_html(tag: &Tag) -> bool {
    matches!(&*tag.name, "desc" | "foreignobject" | "title")
}

fn has_tag(html: &str, is_wanted: impl Fn(&Tag) -> bool) -> bool {
    let seen = parse(html).seen;
    seen.iter().filter_map(Seen::tag).any(is_wanted)
}

fn has_frameset(html: &str) -> bool {
    has_tag(html, |tag| tag.name == "frameset")
}

/// The document, and what Outlook reads of it in comments.
fn layers(html: &str) -> Vec<String> {
    let parsed = parse(html);
    let inner = parsed.seen.iter().filter_map(|seen| match seen {
        Seen::Comment(text) => laid_open(text),
        _ => None,
    });
    [html.to_owned()].into_iter().chain(inner).collect()
}

/// Passes over what breaks a law in a document of a known kind.
pub fn excused(html: &str, verdict: Verdict) -> Verdict {
    match verdict.is_err() && Difference::ALL.iter().any(|kind| kind.holds(html)) {
        true => Ok(()),
        false => verdict,
    }
}

/// The same where a pixel matters. Whether a `frameset` takes the place of the body is for a tree builder to
/// say, so its document gets a pixel that nobody sees, or none.
pub fn excused_pixel(html: &str, verdict: Verdict) -> Verdict {
    match has_frameset(html) {
        true => Ok(()),
        false => excused(html, verdict),
    }
}
