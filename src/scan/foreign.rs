//! SVG and MathML in HTML (HTML §13.2.6.5).
//!
//! There a `style` or `title` holds markup and `<![CDATA[` opens a section, so it must be known
//! when a tag is in such foreign content. A full parser knows by its stack of open elements; this
//! one keeps a stack only while there is foreign content, and takes the end tag of an HTML container
//! that closes nothing in there for one that closes an element around it, as it does in any balanced
//! document.

use super::name::Name;

/// Browsers open no more elements inside each other than this; deeper ones are not kept.
const MAX_DEPTH: usize = 512;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Namespace {
    Html,
    MathMl,
    Svg,
}

/// Where HTML goes on inside foreign content.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Integration {
    Html,
    MathMlText,
    None,
}

#[derive(Debug)]
struct Element {
    integration: Integration,
    name: Name,
    namespace: Namespace,
}

/// The open elements from the outermost `svg` or `math` on.
#[derive(Debug, Default)]
pub(super) struct ForeignContent {
    open: Vec<Element>,
}

impl ForeignContent {
    /// Whether the next character stands directly in an SVG or MathML element.
    pub(super) fn is_current(&self) -> bool {
        self.open
            .last()
            .is_some_and(|element| element.namespace != Namespace::Html)
    }

    /// Whether the attributes of a start tag decide where its content belongs.
    pub(super) fn asks_attributes(&self, name: &Name) -> bool {
        self.is_current() && matches!(name.as_bytes(), b"annotation-xml" | b"font")
    }

    /// Takes in a start tag; returns whether its element is an HTML one.
    pub(super) fn start_tag(
        &mut self,
        name: &Name,
        self_closing: bool,
        has_attribute: impl Fn(&[u8], Option<&[&[u8]]>) -> bool,
    ) -> bool {
        let is_root = matches!(name.as_bytes(), b"math" | b"svg");
        if self.open.is_empty() && !is_root {
            return true;
        }
        if !self.follows_html_rules(name) && breaks_out(name, &has_attribute) {
            self.break_out();
        }
        if self.follows_html_rules(name) {
            match name.as_bytes() {
                b"math" => self.push(name, Namespace::MathMl, self_closing, Integration::None),
                b"svg" => self.push(name, Namespace::Svg, self_closing, Integration::None),
                _ if self.open.is_empty() || is_void(name) => {}
                _ => self.push(name, Namespace::Html, false, Integration::None),
            }
            return !is_root;
        }
        let namespace = match self.open.last() {
            Some(current) => current.namespace,
            None => return true,
        };
        let integration = match (namespace, name.as_bytes()) {
            (Namespace::Svg, b"desc" | b"foreignobject" | b"title") => Integration::Html,
            (Namespace::MathMl, b"mi" | b"mn" | b"mo" | b"ms" | b"mtext") => {
                Integration::MathMlText
            }
            (Namespace::MathMl, b"annotation-xml")
                if has_attribute(b"encoding", Some(&[b"text/html", b"application/xhtml+xml"])) =>
            {
                Integration::Html
            }
            _ => Integration::None,
        };
        self.push(name, namespace, self_closing, integration);
        false
    }

    /// Takes in an end tag.
    pub(super) fn end_tag(&mut self, name: &Name) {
        if self.is_current() && matches!(name.as_bytes(), b"br" | b"p") {
            self.break_out();
        }
        let mut depth = self.open.len();
        let mut in_foreign = self.is_current();
        while let Some(element) = depth.checked_sub(1).and_then(|top| self.open.get(top)) {
            let is_foreign = element.namespace != Namespace::Html;
            // From HTML elements on, only HTML elements are closed, and these are walls to them.
            if is_foreign && !in_foreign && element.integration != Integration::None {
                return;
            }
            in_foreign &= is_foreign;
            if element.name == *name && is_foreign == in_foreign {
                self.open.truncate(depth - 1);
                return;
            }
            depth -= 1;
        }
        let is_wall = |element: &Element| element.integration != Integration::None;
        if is_container(name) && !self.open.iter().any(is_wall) {
            self.open.clear();
        }
    }

    fn follows_html_rules(&self, name: &Name) -> bool {
        let Some(current) = self.open.last() else {
            return true;
        };
        match (current.namespace, current.integration) {
            (Namespace::Html, _) | (_, Integration::Html) => true,
            (_, Integration::MathMlText) => !matches!(name.as_bytes(), b"malignmark" | b"mglyph"),
            (Namespace::MathMl, Integration::None) => {
                current.name.as_bytes() == b"annotation-xml" && name.as_bytes() == b"svg"
            }
            (Namespace::Svg, Integration::None) => false,
        }
    }

    fn push(
        &mut self,
        name: &Name,
        namespace: Namespace,
        self_closing: bool,
        integration: Integration,
    ) {
        if !self_closing && self.open.len() < MAX_DEPTH {
            self.open.push(Element {
                integration,
                name: *name,
                namespace,
            });
        }
    }

    fn break_out(&mut self) {
        while self.open.last().is_some_and(|element| {
            element.namespace != Namespace::Html && element.integration == Integration::None
        }) {
            self.open.pop();
        }
    }
}

/// HTML start tags that end foreign content.
fn breaks_out(name: &Name, has_attribute: &impl Fn(&[u8], Option<&[&[u8]]>) -> bool) -> bool {
    match name.as_bytes() {
        b"b" | b"big" | b"blockquote" | b"body" | b"br" | b"center" | b"code" | b"dd" | b"div"
        | b"dl" | b"dt" | b"em" | b"embed" | b"h1" | b"h2" | b"h3" | b"h4" | b"h5" | b"h6"
        | b"head" | b"hr" | b"i" | b"img" | b"li" | b"listing" | b"menu" | b"meta" | b"nobr"
        | b"ol" | b"p" | b"pre" | b"ruby" | b"s" | b"small" | b"span" | b"strong" | b"strike"
        | b"sub" | b"sup" | b"table" | b"tt" | b"u" | b"ul" | b"var" => true,
        b"font" => [&b"color"[..], b"face", b"size"]
            .iter()
            .any(|attribute| has_attribute(attribute, None)),
        _ => false,
    }
}

/// HTML elements that mail wraps pictures in.
fn is_container(name: &Name) -> bool {
    matches!(
        name.as_bytes(),
        b"a" | b"abbr"
            | b"address"
            | b"applet"
            | b"article"
            | b"aside"
            | b"b"
            | b"big"
            | b"blockquote"
            | b"button"
            | b"caption"
            | b"center"
            | b"code"
            | b"dd"
            | b"del"
            | b"details"
            | b"div"
            | b"dl"
            | b"dt"
            | b"em"
            | b"fieldset"
            | b"figcaption"
            | b"figure"
            | b"font"
            | b"footer"
            | b"form"
            | b"h1"
            | b"h2"
            | b"h3"
            | b"h4"
            | b"h5"
            | b"h6"
            | b"header"
            | b"i"
            | b"ins"
            | b"label"
            | b"li"
            | b"main"
            | b"marquee"
            | b"nav"
            | b"nobr"
            | b"noscript"
            | b"object"
            | b"ol"
            | b"pre"
            | b"q"
            | b"s"
            | b"section"
            | b"small"
            | b"span"
            | b"strike"
            | b"strong"
            | b"sub"
            | b"summary"
            | b"sup"
            | b"table"
            | b"tbody"
            | b"td"
            | b"tfoot"
            | b"th"
            | b"thead"
            | b"tr"
            | b"tt"
            | b"u"
            | b"ul"
    )
}

/// Elements that never have content (HTML §13.1.2).
fn is_void(name: &Name) -> bool {
    matches!(
        name.as_bytes(),
        b"area"
            | b"base"
            | b"br"
            | b"col"
            | b"embed"
            | b"hr"
            | b"img"
            | b"input"
            | b"link"
            | b"meta"
            | b"source"
            | b"track"
            | b"wbr"
    )
}
