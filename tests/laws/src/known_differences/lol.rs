//! What lol_html sees without this crate, by its handlers for elements.

use std::cell::RefCell;

use lol_html::{HtmlRewriter, Settings, element};

use crate::judge::{Place, parse};

/// Whether lol_html sees other start tags than html5ever, or another `href` or namespace of one. The document's end,
/// what is behind a comment or a tag that is open there, and text that may be a placeholder are looked at too.
pub(super) fn differs(html: &str) -> bool {
    let mark = |text: &str| html.replace(text, MARK);
    [mark("{{ses:openTracker}}"), mark("%own%"), html.to_owned()]
        .into_iter()
        .flat_map(|html| ENDS.map(|end| format!("{html}{end}{MARK}")))
        .any(|html| {
            let (lol_html, html5ever) = (tags_by_lol_html(&html), tags_by_html5ever(&html));
            let agrees = |(tag, other): (&SeenTag, &SeenTag)| tag.agrees(other);
            lol_html.len() != html5ever.len() || !lol_html.iter().zip(&html5ever).all(agrees)
        })
}

/// What ends a comment, and a tag in a value.
const ENDS: [&str; 4] = ["", "-->", "'>", "\">"];
const MARK: &str = "<linkseal-mark>";
const NOSCRIPT: &str = "noscript";
/// Elements that mean something else in SVG and MathML.
const TOLD_APART: [&str; 3] = ["base", MASKED_NOSCRIPT, "template"];
const MASKED_NOSCRIPT: &str = "xxxxxxxx";
const XHTML: &str = "http://www.w3.org/1999/xhtml";

struct SeenTag {
    name: String,
    href: Option<String>,
    /// Of some elements alone.
    is_html: bool,
}

impl SeenTag {
    /// The `href` of the first is as it was written, and that of the other as it is read.
    fn agrees(&self, other: &Self) -> bool {
        let same_href = match (&self.href, &other.href) {
            (Some(written), Some(read)) => written.contains(['&', '\r', '\0']) || written == read,
            (written, read) => written == read,
        };
        same_href && self.name == other.name && self.is_html == other.is_html
    }
}

fn tags_by_html5ever(html: &str) -> Vec<SeenTag> {
    let parsed = parse(html);
    let is_html = |place: &Place| place.is_html.then_some(place.index);
    let html: Vec<usize> = parsed.places().iter().filter_map(is_html).collect();
    let tags = (0..).zip(&parsed.seen);
    tags.filter_map(|(index, seen)| {
        let tag = seen.tag()?;
        let name = masked(&tag.name);
        Some(SeenTag {
            href: tag.attribute("href").map(masked),
            is_html: TOLD_APART.contains(&&*name) && html.contains(&index),
            name,
        })
    })
    .collect()
}

/// `noscript` goes by another name, since mail clients run no scripts, and lol_html reads it as if they did.
fn tags_by_lol_html(html: &str) -> Vec<SeenTag> {
    let tags = RefCell::new(Vec::new());
    let settings = Settings::new()
        .with_strict(false)
        .append_element_content_handler(element!("*", |element| {
            let name = element.tag_name().replace('\0', "\u{fffd}");
            tags.borrow_mut().push(SeenTag {
                href: element.get_attribute("href"),
                is_html: TOLD_APART.contains(&&*name) && element.namespace_uri() == XHTML,
                name,
            });
            Ok(())
        }));
    let mut rewriter = HtmlRewriter::new(settings, |_: &[u8]| {});
    rewriter.write(masked(html).as_bytes()).unwrap();
    rewriter.end().unwrap();
    tags.into_inner()
}

fn masked(html: &str) -> String {
    let mut masked = html.to_owned();
    for (at, _) in html.to_ascii_lowercase().match_indices(NOSCRIPT) {
        masked.replace_range(at..at + NOSCRIPT.len(), MASKED_NOSCRIPT);
    }
    masked
}
