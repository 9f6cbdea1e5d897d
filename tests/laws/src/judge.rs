//! The judges: html5ever says what a browser sees in a document, `url` where its links lead, encoding_rs
//! which bytes are text.

mod bytes;
mod target;
mod tree;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use html5ever::buffer_queue::BufferQueue;
use html5ever::interface::TokenizerResult;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::states::{Rawtext, Rcdata, ScriptData};
use html5ever::tokenizer::{TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use html5ever::tree_builder::{TreeBuilder, TreeBuilderOpts};
use html5ever::{Attribute, LocalName, QualName, ns};
use markup5ever_rcdom::{NodeData, RcDom};

pub use self::bytes::parse_bytes;
pub use self::target::{destination, resolve};
pub use self::tree::{Node, attribute, elements_in_body, root, tree};

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

    /// Whether the value of that attribute holds bytes that are no text, for which `mark` stands.
    pub fn is_broken(&self, name: &str, mark: Option<char>) -> bool {
        mark.is_some_and(|mark| {
            self.attribute(name)
                .is_some_and(|value| value.contains(mark))
        })
    }

    /// The tag as a browser sees it, with U+FFFD for what is no text.
    #[must_use]
    pub fn mended(mut self, mark: Option<char>) -> Self {
        let mend = |text: &mut String| {
            if let Some(mark) = mark {
                *text = text.replace(mark, "\u{fffd}");
            }
        };
        mend(&mut self.name);
        self.attributes.iter_mut().for_each(|(name, value)| {
            mend(name);
            mend(value);
        });
        self
    }

    pub fn is_link(&self) -> bool {
        matches!(self.name.as_str(), "a" | "area") && self.attribute("href").is_some()
    }
}

/// Elements that never have content (HTML §13.1.2).
pub fn is_void(name: &str) -> bool {
    const NAMES: [&str; 13] = [
        "area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source",
        "track", "wbr",
    ];
    NAMES.contains(&name)
}

/// What html5ever's tokenizer comes upon, in the order of the document.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Seen {
    Comment(String),
    EndTag(String),
    Tag(Tag),
    /// All of it up to what comes next.
    Text(String),
    /// A comment that the document ends in.
    UnclosedComment(String),
}

impl Seen {
    pub fn tag(&self) -> Option<&Tag> {
        match self {
            Self::Tag(tag) => Some(tag),
            _ => None,
        }
    }
}

/// Where an element is in the tree.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Place {
    /// Which of the things seen it is.
    pub index: usize,
    pub is_html: bool,
    pub is_in_noscript: bool,
    pub is_in_template: bool,
}

/// A document as a mail client sees it, with scripts off.
pub struct Parsed {
    /// What stands for bytes that are no text.
    pub broken_mark: Option<char>,
    pub dom: RcDom,
    pub seen: Vec<Seen>,
}

impl Parsed {
    /// The first `base` of the page that has an `href` (HTML §4.2.3), and which of the things seen
    /// it is. A `base` in a `template` or in SVG is none.
    pub fn base(&self) -> Option<(usize, &str)> {
        let places = self.places().into_iter();
        let mut live = places.filter(|place| place.is_html && !place.is_in_template);
        live.find_map(|Place { index, .. }| {
            let tag = self.seen[index].tag().filter(|tag| tag.name == "base");
            Some((index, tag?.attribute("href")?))
        })
    }

    /// Where in the tree those of the elements that were seen are that it tells apart.
    pub fn places(&self) -> Vec<Place> {
        let mut places = Vec::new();
        let mut open = vec![(Rc::clone(&self.dom.document), false, false)];
        while let Some((node, mut is_in_noscript, mut is_in_template)) = open.pop() {
            if let NodeData::Element {
                name,
                template_contents,
                ..
            } = &node.data
            {
                let is_html = name.ns == ns!(html);
                let index = attribute(&node, INDEX);
                places.extend(index.map(|index| Place {
                    index: index.parse().unwrap(),
                    is_html,
                    is_in_noscript,
                    is_in_template,
                }));
                is_in_noscript |= is_html && &*name.local == "noscript";
                let contents = template_contents.borrow();
                is_in_template |= contents.is_some();
                open.extend(contents.clone().map(|node| (node, is_in_noscript, true)));
            }
            let children = node.children.borrow();
            let children = children.iter().rev().map(Rc::clone);
            open.extend(children.map(|node| (node, is_in_noscript, is_in_template)));
        }
        places
    }

    /// The start tags that are links.
    pub fn links(&self) -> Vec<Tag> {
        let tags = self.seen.iter().filter_map(Seen::tag);
        tags.filter(|tag| tag.is_link()).cloned().collect()
    }
}

/// Tells elements of these names apart in the tree: the attribute holds their index among what was seen. No
/// document can have one of that name.
const INDEX: &str = "index of seen";
pub const INDEXED: [&str; 5] = ["a", "area", "base", "noscript", "template"];

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
                if INDEXED.contains(&&*tag.name) {
                    tag.attrs.push(Attribute {
                        name: QualName::new(None, ns!(), LocalName::from(INDEX)),
                        value: (seen.len() - 1).to_string().into(),
                    });
                }
            }
            Token::CharacterTokens(text) => add_text(&mut seen, text),
            Token::NullCharacterToken => add_text(&mut seen, "\0"),
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

fn add_text(seen: &mut Vec<Seen>, more: &str) {
    match seen.last_mut() {
        Some(Seen::Text(text)) => text.push_str(more),
        _ => seen.push(Seen::Text(more.to_owned())),
    }
}

pub fn parse(html: &str) -> Parsed {
    let options = TreeBuilderOpts {
        scripting_enabled: false,
        ..TreeBuilderOpts::default()
    };
    let (builder, seen) = listen(html, TreeBuilder::new(RcDom::default(), options));
    Parsed {
        broken_mark: None,
        dom: builder.sink,
        seen,
    }
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
    let options = TokenizerOpts {
        // It would be left out behind every script too.
        discard_bom: false,
        ..TokenizerOpts::default()
    };
    let tokenizer = Tokenizer::new(listener, options);
    let input = BufferQueue::default();
    let html = html.strip_prefix('\u{feff}').unwrap_or(html);
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
