//! Known differences: documents in which lol_html sees other tags than a browser, and what all of a kind
//! have in common.
//!
//! `known_differences.json` lists documents that break a law. The list is exact: one that holds the law after all
//! fails its test. A law passes over what it finds only in a document of one of these kinds in which lol_html
//! alone, without this crate, sees other tags than html5ever.

use std::cell::RefCell;

use lol_html::{HtmlRewriter, Settings, doc_comments, doc_text, element};

use super::Verdict;
use super::judge::{Seen, Tag, parse};
use super::oracle::outlook_markup;

/// What the documents of a kind have in common.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Difference {
    /// An element of raw text whose start tag ends in `=>`. lol_html reads what it holds as markup.
    EmptyValue,
    /// SVG or MathML. lol_html follows their namespaces by names, and takes no note of which elements are open.
    ForeignContent,
    /// A `frameset`: where it replaces the body, browsers ignore most tags.
    Frameset,
}

impl Difference {
    pub const ALL: [Self; 3] = [Self::EmptyValue, Self::ForeignContent, Self::Frameset];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::EmptyValue => "empty value before the end of a tag",
            Self::ForeignContent => "foreign content",
            Self::Frameset => "frameset",
        }
    }

    pub fn holds(self, html: &str) -> bool {
        layers(html)
            .iter()
            .any(|layer| self.is_of(layer) && differs(layer))
    }

    fn is_of(self, html: &str) -> bool {
        let seen = parse(html).seen;
        let mut tags = seen.iter().filter_map(Seen::tag);
        match self {
            Self::EmptyValue => tags.any(is_raw_text) && has_empty_value(html),
            Self::ForeignContent => tags.any(|tag| matches!(&*tag.name, "svg" | "math")),
            Self::Frameset => tags.any(|tag| tag.name == "frameset"),
        }
    }

    /// Whether browsers ignore a `base`, as they do behind a `frameset`.
    fn hides_base(self, html: &str) -> bool {
        let seen = parse(html).seen;
        let mut tags = seen.iter().filter_map(Seen::tag);
        self == Self::Frameset
            && tags.any(|tag| tag.name == "frameset")
            && tags.any(|tag| tag.name == "base")
    }
}

/// The document, and what Outlook reads of it in comments.
fn layers(html: &str) -> Vec<String> {
    let mut layers = vec![html.to_owned()];
    let mut next = 0;
    while let Some(layer) = layers.get(next) {
        let inner: Vec<String> = parse(layer)
            .seen
            .iter()
            .filter_map(|seen| match seen {
                Seen::Comment(text) | Seen::UnclosedComment(text) => outlook_markup(text),
                _ => None,
            })
            .map(str::to_owned)
            .collect();
        layers.extend(inner);
        next += 1;
    }
    layers
}

/// Passes over what breaks a law in a document of a known kind.
pub fn excused(html: &str, verdict: Verdict) -> Verdict {
    match verdict.is_err() && Difference::ALL.iter().any(|kind| kind.holds(html)) {
        true => Ok(()),
        false => verdict,
    }
}

/// The same for the place of the pixel. Whether a `frameset` takes the place of the body is for a tree builder to
/// say, so its document gets a pixel that nobody sees, or none.
pub fn excused_pixel(html: &str, verdict: Verdict) -> Verdict {
    match Difference::Frameset.is_of(html) {
        true => Ok(()),
        false => excused(html, verdict),
    }
}

/// Whether lol_html sees other start tags than html5ever, at the document's end or in the place of text that a
/// law of this crate knows.
fn differs(html: &str) -> bool {
    let mark = |text: &str| html.replace(text, MARK);
    [mark("{{ses:openTracker}}"), mark("%own%"), html.to_owned()]
        .into_iter()
        .map(|html| html + MARK)
        .any(|html| {
            let names = names_by_html5ever(&html);
            [false, true].map(|listens| names_by_lol_html(&html, listens)) != [names.clone(), names]
        })
}

const MARK: &str = "<linkseal-mark>";
const NOSCRIPT: &str = "noscript";

fn names_by_html5ever(html: &str) -> Vec<String> {
    let seen = parse(html).seen;
    let names = seen.iter().filter_map(Seen::tag).map(|tag| &tag.name);
    names.map(|name| masked(name)).collect()
}

/// `noscript` goes by another name, since mail clients run no scripts, and lol_html reads it as if they did.
/// It reads text that somebody listens to by other ways than text that nobody does.
fn names_by_lol_html(html: &str, listens: bool) -> Vec<String> {
    let names = RefCell::new(Vec::new());
    let mut settings = Settings::new()
        .with_strict(false)
        .append_element_content_handler(element!("*", |element| {
            names
                .borrow_mut()
                .push(element.tag_name().replace('\0', "\u{fffd}"));
            Ok(())
        }));
    if listens {
        settings = settings
            .append_document_content_handler(doc_text!(|_text| Ok(())))
            .append_document_content_handler(doc_comments!(|_comment| Ok(())));
    }
    let mut rewriter = HtmlRewriter::new(settings, |_: &[u8]| {});
    rewriter.write(masked(html).as_bytes()).unwrap();
    rewriter.end().unwrap();
    names.into_inner()
}

fn masked(html: &str) -> String {
    let mut masked = html.to_owned();
    for (at, _) in html.to_ascii_lowercase().match_indices(NOSCRIPT) {
        masked.replace_range(at..at + NOSCRIPT.len(), "xxxxxxxx");
    }
    masked
}

fn is_raw_text(tag: &Tag) -> bool {
    const NAMES: [&str; 9] = [
        "iframe",
        "noembed",
        "noframes",
        "plaintext",
        "script",
        "style",
        "textarea",
        "title",
        "xmp",
    ];
    NAMES.contains(&&*tag.name)
}

/// Whether some `=` is followed by the end of a tag.
fn has_empty_value(html: &str) -> bool {
    let rests = html.split('=').skip(1);
    let mut rests = rests.map(|rest| rest.trim_start_matches([' ', '\t', '\n', '\r', '\x0c']));
    rests.any(|rest| rest.starts_with('>'))
}
