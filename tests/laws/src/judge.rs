//! The judges: html5ever says what a browser sees in a document, `url` where its links lead.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use encoding_rs::Encoding;
use html5ever::buffer_queue::BufferQueue;
use html5ever::interface::TokenizerResult;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::{Rawtext, Rcdata, ScriptData};
use html5ever::tokenizer::{TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use html5ever::tree_builder::{TreeBuilder, TreeBuilderOpts};
use html5ever::{Attribute, LocalName, QualName, ns};
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use url::{ParseError, Url};

/// A start tag as html5ever's tokenizer reads it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tag {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub is_self_closing: bool,
}

impl Tag {
    pub fn attribute(&self, name: &str) -> Option<&str> {
        let attribute = self.attributes.iter().find(|(known, _)| known == name);
        attribute.map(|(_, value)| value.as_str())
    }

    pub fn is_link(&self) -> bool {
        matches!(self.name.as_str(), "a" | "area") && self.attribute("href").is_some()
    }
}

/// What html5ever's tokenizer comes upon, in the order of the document.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Seen {
    Comment(String),
    EndTag(String),
    Tag(Tag),
    /// A comment that the document ends in.
    UnclosedComment(String),
}

impl Seen {
    pub fn tag(&self) -> Option<&Tag> {
        match self {
            Self::Tag(tag) => Some(tag),
            Self::Comment(_) | Self::EndTag(_) | Self::UnclosedComment(_) => None,
        }
    }
}

/// A document as a mail client sees it, with scripts off.
pub struct Parsed {
    pub dom: RcDom,
    pub seen: Vec<Seen>,
}

impl Parsed {
    /// The first `base` of the page that has an `href` (HTML §4.2.3), and which of the things seen
    /// it is. A `base` in a `template` or in SVG is none.
    pub fn base(&self) -> Option<(usize, &str)> {
        let mut open = vec![Rc::clone(&self.dom.document)];
        while let Some(node) = open.pop() {
            if let NodeData::Element { name, .. } = &node.data
                && name.ns == ns!(html)
                && &*name.local == "base"
                && let Some(index) = attribute(&node, INDEX)
                && let index = index.parse::<usize>().unwrap()
                && let Some(href) = self.seen[index].tag().unwrap().attribute("href")
            {
                return Some((index, href));
            }
            open.extend(node.children.borrow().iter().rev().map(Rc::clone));
        }
        None
    }

    /// The start tags that are links.
    pub fn links(&self) -> Vec<Tag> {
        let tags = self.seen.iter().filter_map(Seen::tag);
        tags.filter(|tag| tag.is_link()).cloned().collect()
    }
}

/// Tells the tree's `base` elements apart: the attribute holds their index among what was seen. No
/// document can have one of that name.
const INDEX: &str = "index of seen";

/// Listens to the tokens on their way to the tree builder, which tells the tokenizer its state.
struct Listener<S> {
    ending: Cell<bool>,
    inner: S,
    seen: Rc<RefCell<Vec<Seen>>>,
}

impl<S: TokenSink> TokenSink for Listener<S> {
    type Handle = S::Handle;

    fn process_token(&self, mut token: Token, line: u64) -> TokenSinkResult<Self::Handle> {
        let mut seen = self.seen.borrow_mut();
        match &mut token {
            Token::CommentToken(text) => seen.push(match self.ending.get() {
                true => Seen::UnclosedComment(text.to_string()),
                false => Seen::Comment(text.to_string()),
            }),
            Token::TagToken(tag) if tag.kind == TagKind::EndTag => {
                seen.push(Seen::EndTag(tag.name.to_string()));
            }
            Token::TagToken(tag) => {
                let attributes = tag.attrs.iter();
                seen.push(Seen::Tag(Tag {
                    name: tag.name.to_string(),
                    attributes: attributes
                        .map(|a| (a.name.local.to_string(), a.value.to_string()))
                        .collect(),
                    is_self_closing: tag.self_closing,
                }));
                if &*tag.name == "base" {
                    tag.attrs.push(Attribute {
                        name: QualName::new(None, ns!(), LocalName::from(INDEX)),
                        value: (seen.len() - 1).to_string().into(),
                    });
                }
            }
            _ => {}
        }
        drop(seen);
        self.inner.process_token(token, line)
    }

    fn end(&self) {
        self.inner.end();
    }

    fn adjusted_current_node_present_but_not_in_html_namespace(&self) -> bool {
        self.inner
            .adjusted_current_node_present_but_not_in_html_namespace()
    }
}

pub fn parse(html: &str) -> Parsed {
    let options = TreeBuilderOpts {
        scripting_enabled: false,
        ..TreeBuilderOpts::default()
    };
    let (builder, seen) = listen(html, TreeBuilder::new(RcDom::default(), options));
    let dom = builder.sink;
    Parsed { dom, seen }
}

/// What the tokenizer alone comes upon: each element has the content that it has in HTML.
pub fn tokens(html: &str) -> Vec<Seen> {
    listen(html, RawTextOnly).1
}

fn listen<S: TokenSink>(html: &str, inner: S) -> (S, Vec<Seen>) {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let listener = Listener {
        ending: Cell::new(false),
        inner,
        seen: Rc::clone(&seen),
    };
    let tokenizer = Tokenizer::new(listener, TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html));
    while !matches!(tokenizer.feed(&input), TokenizerResult::Done) {}
    tokenizer.sink.ending.set(true);
    tokenizer.end();
    (tokenizer.sink.inner, seen.take())
}

/// Stands in for a tree builder that knows nothing but which elements hold raw text.
struct RawTextOnly;

impl TokenSink for RawTextOnly {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        match token {
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => match &*tag.name {
                "textarea" | "title" => TokenSinkResult::RawData(Rcdata),
                "iframe" | "noembed" | "noframes" | "style" | "xmp" => {
                    TokenSinkResult::RawData(Rawtext)
                }
                "script" => TokenSinkResult::RawData(ScriptData),
                "plaintext" => TokenSinkResult::Plaintext,
                _ => TokenSinkResult::Continue,
            },
            _ => TokenSinkResult::Continue,
        }
    }
}

/// Parses bytes as browsers do once they know the charset.
pub fn parse_bytes(html: &[u8], encoding: &'static Encoding) -> Parsed {
    parse(&encoding.decode_without_bom_handling(html).0)
}

/// A node of a tree in document order.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Node {
    Comment(String),
    Element {
        attributes: Vec<(String, String)>,
        name: String,
    },
    Other(String),
    Text(String),
}

/// The tree as its nodes with their depths, parents first.
pub fn tree(dom: &RcDom) -> Vec<(usize, Node)> {
    let mut nodes = Vec::new();
    let mut open = vec![(0, Rc::clone(&dom.document))];
    while let Some((depth, node)) = open.pop() {
        nodes.push((depth, describe(&node)));
        let mut children: Vec<Handle> = node.children.borrow().clone();
        if let NodeData::Element {
            template_contents, ..
        } = &node.data
        {
            children.extend(template_contents.borrow().clone());
        }
        open.extend(children.into_iter().rev().map(|child| (depth + 1, child)));
    }
    nodes
}

fn describe(node: &Handle) -> Node {
    match &node.data {
        NodeData::Document => Node::Other("document".into()),
        NodeData::Doctype {
            name,
            public_id,
            system_id,
        } => Node::Other(format!("doctype {name:?} {public_id:?} {system_id:?}")),
        NodeData::Text { contents } => Node::Text(contents.borrow().to_string()),
        NodeData::Comment { contents } => Node::Comment(contents.to_string()),
        NodeData::Element { name, attrs, .. } => Node::Element {
            attributes: attrs
                .borrow()
                .iter()
                .map(|a| (a.name.local.to_string(), a.value.to_string()))
                .collect(),
            name: format!("{} {}", name.ns, name.local),
        },
        NodeData::ProcessingInstruction { .. } => Node::Other("processing instruction".into()),
    }
}

/// Elements of that name inside the body, templates left out.
pub fn elements_in_body(dom: &RcDom, wanted: &str) -> Vec<Handle> {
    let mut found = Vec::new();
    let mut open = vec![(false, Rc::clone(&dom.document))];
    while let Some((in_body, node)) = open.pop() {
        let mut in_body = in_body;
        if let NodeData::Element { name, .. } = &node.data {
            if in_body && &*name.local == wanted {
                found.push(Rc::clone(&node));
            }
            in_body |= &*name.local == "body";
        }
        open.extend(
            node.children
                .borrow()
                .iter()
                .map(|child| (in_body, Rc::clone(child))),
        );
    }
    found
}

pub fn attribute(node: &Handle, wanted: &str) -> Option<String> {
    match &node.data {
        NodeData::Element { attrs, .. } => attrs
            .borrow()
            .iter()
            .find(|a| &*a.name.local == wanted)
            .map(|a| a.value.to_string()),
        _ => None,
    }
}

/// Where a link leads, or nothing when `url` can't say or it is not http or https.
pub fn destination(href: &str, base: Option<&Url>, encoding: &'static Encoding) -> Option<String> {
    let url = resolve(href, base, encoding).ok();
    url.filter(|url| matches!(url.scheme(), "http" | "https"))
        .map(String::from)
}

/// What `url` makes of a link.
pub fn resolve(
    href: &str,
    base: Option<&Url>,
    encoding: &'static Encoding,
) -> Result<Url, ParseError> {
    let encode: &dyn Fn(&str) -> Cow<'_, [u8]> = &|query| Cow::Owned(encode_query(query, encoding));
    let is_utf8 = encoding == encoding_rs::UTF_8;
    Url::options()
        .base_url(base)
        .encoding_override((!is_utf8).then_some(encode))
        .parse(href)
}

/// The URL standard's "percent-encode after encoding" for what the charset lacks, sign by sign.
fn encode_query(query: &str, encoding: &'static Encoding) -> Vec<u8> {
    let mut bytes = Vec::new();
    for sign in query.chars() {
        let text = sign.to_string();
        let (encoded, _, unmappable) = encoding.encode(&text);
        if unmappable {
            bytes.extend(format!("%26%23{}%3B", u32::from(sign)).into_bytes());
        } else {
            bytes.extend_from_slice(&encoded);
        }
    }
    bytes
}
