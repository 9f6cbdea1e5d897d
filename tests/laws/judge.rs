//! The judges: html5ever says what a browser sees in a document, `url` where its links lead.

use std::borrow::Cow;
use std::cell::RefCell;
use std::rc::Rc;

use encoding_rs::Encoding;
use html5ever::buffer_queue::BufferQueue;
use html5ever::interface::TokenizerResult;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use html5ever::tree_builder::{TreeBuilder, TreeBuilderOpts};
use markup5ever_rcdom::{Handle, NodeData, RcDom};
use url::Url;

/// A start tag as html5ever's tokenizer reads it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Tag {
    pub name: String,
    pub attributes: Vec<(String, String)>,
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
#[derive(Clone, Debug)]
pub enum Seen {
    Comment(String),
    Tag(Tag),
}

/// A document as a mail client sees it, with scripts off.
pub struct Parsed {
    pub dom: RcDom,
    pub seen: Vec<Seen>,
}

impl Parsed {
    /// The start tags that are links.
    pub fn links(&self) -> Vec<Tag> {
        let tags = self.seen.iter().filter_map(|seen| match seen {
            Seen::Comment(_) => None,
            Seen::Tag(tag) => Some(tag),
        });
        tags.filter(|tag| tag.is_link()).cloned().collect()
    }
}

/// Listens to the tokens on their way to the tree builder, which tells the tokenizer its state.
struct Listener<S> {
    inner: S,
    seen: Rc<RefCell<Vec<Seen>>>,
}

impl<S: TokenSink> TokenSink for Listener<S> {
    type Handle = S::Handle;

    fn process_token(&self, token: Token, line: u64) -> TokenSinkResult<Self::Handle> {
        match &token {
            Token::CommentToken(text) => {
                self.seen.borrow_mut().push(Seen::Comment(text.to_string()));
            }
            Token::TagToken(tag) if tag.kind == TagKind::StartTag => {
                let attributes = tag.attrs.iter();
                self.seen.borrow_mut().push(Seen::Tag(Tag {
                    name: tag.name.to_string(),
                    attributes: attributes
                        .map(|a| (a.name.local.to_string(), a.value.to_string()))
                        .collect(),
                }));
            }
            _ => {}
        }
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
    let seen = Rc::new(RefCell::new(Vec::new()));
    let listener = Listener {
        inner: TreeBuilder::new(RcDom::default(), options),
        seen: Rc::clone(&seen),
    };
    let tokenizer = Tokenizer::new(listener, TokenizerOpts::default());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html));
    while !matches!(tokenizer.feed(&input), TokenizerResult::Done) {}
    tokenizer.end();
    let dom = tokenizer.sink.inner.sink;
    let seen = seen.take();
    Parsed { dom, seen }
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
    let encode: &dyn Fn(&str) -> Cow<'_, [u8]> = &|query| Cow::Owned(encode_query(query, encoding));
    let is_utf8 = encoding == encoding_rs::UTF_8;
    Url::options()
        .base_url(base)
        .encoding_override((!is_utf8).then_some(encode))
        .parse(href)
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"))
        .map(String::from)
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
