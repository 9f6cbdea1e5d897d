//! lol_html, which finds the tokens of a document. Its handlers only read: each notes the ranges of
//! what it was given, and nothing that lol_html writes is used.
//!
//! The text of a document is never decoded here. lol_html is told that it reads windows-1252, in which
//! every byte is a character, so that its ranges count bytes in any charset that extends ASCII.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use lol_html::errors::RewritingError;
use lol_html::html_content::{Attribute, Comment, Doctype, EndTag, TextChunk, TextType};
use lol_html::send::{
    DocumentContentHandlers, Element as LolElement, ElementContentHandlers, HtmlRewriter, Settings,
};
use lol_html::{AsciiCompatibleEncoding, MemorySettings, Selector};

use super::finding::{AttributeRange, Element, Finding, StartTag};
use super::mask::{MASKED_NOSCRIPT, mask};
use super::sought::Sought;
use crate::report::LinkContext;

/// Which tokens are reported.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Scope {
    /// All start tags with an `href`: what links may be in a conditional comment.
    AnyHref,
    /// Only whether the document ends outside of all constructs.
    EndMark,
    /// Every token but end tags that close nothing.
    EveryToken,
    /// Elements that hold links, and those that say where a pixel can stand, as far as the document may
    /// hold them. This is four times as fast as every token.
    Links(Sought),
}

/// An element that is fed after the document's last byte: what swallows it would swallow a pixel. Where
/// links are asked for, it is one; each further name that is asked for takes time.
const END_MARK: &[u8] = b"<a>";
const RARE_END_MARK: &[u8] = b"<linkseal-end>";
const RARE_END_MARK_NAME: &str = "linkseal-end";

/// Attributes of longer tags are not noted: lol_html lists them outside of its memory limit, and a tag of
/// a million attributes would take a hundred times its length.
pub(super) const MAX_TAG_BYTES: usize = 1024 * 1024;

const XHTML: &str = "http://www.w3.org/1999/xhtml";

/// Parses one document, or a part of one, piece by piece.
pub(super) struct Parser {
    /// How much was fed before the document: markup that opens what is open where the part starts.
    context_bytes: usize,
    end_mark: &'static [u8],
    fed: usize,
    findings: Findings,
    /// Whether what is fed may need a mask.
    pub(super) is_masked: bool,
    /// `None` once it has failed: lol_html panics when it is used after that.
    rewriter: Option<HtmlRewriter<'static, fn(&[u8])>>,
    /// Where the part starts in the document.
    start: usize,
}

/// Why the parser stopped before the document's end.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum ParserError {
    MemoryLimit,
    Other,
}

impl Parser {
    /// `memory_limit` bounds what lol_html keeps: unfinished tokens, attributes and open elements.
    pub(super) fn new(scope: Scope, memory_limit: usize) -> Self {
        let findings = Findings::default();
        let memory = MemorySettings::new()
            .with_preallocated_parsing_buffer_size(0)
            .with_max_allowed_memory_usage(memory_limit);
        let mut settings = Settings::new_send()
            .with_strict(false)
            .with_memory_settings(memory);
        if let Some(encoding) = AsciiCompatibleEncoding::new(encoding_rs::WINDOWS_1252) {
            settings = settings.with_encoding(encoding);
        }
        let sink: fn(&[u8]) = |_| {};
        Self {
            context_bytes: 0,
            end_mark: match scope {
                Scope::EndMark => RARE_END_MARK,
                Scope::AnyHref | Scope::EveryToken | Scope::Links(_) => END_MARK,
            },
            fed: 0,
            is_masked: match scope {
                Scope::Links(sought) => sought.needs_mask,
                Scope::AnyHref | Scope::EndMark | Scope::EveryToken => true,
            },
            start: 0,
            rewriter: Some(HtmlRewriter::new(
                with_handlers(settings, scope, &findings),
                sink,
            )),
            findings,
        }
    }

    /// Starts a part of a document. `context` opens what is open where the part starts.
    pub(super) fn of_part(scope: Scope, memory_limit: usize, context: &[u8], start: usize) -> Self {
        let mut parser = Self::new(scope, memory_limit);
        // An error shows again when the part is fed.
        let _ = parser.feed(context);
        lock(&parser.findings).clear();
        Self {
            context_bytes: context.len(),
            start,
            ..parser
        }
    }

    /// Reads the next piece of the document.
    pub(super) fn feed(&mut self, piece: &[u8]) -> Result<(), ParserError> {
        let Some(rewriter) = &mut self.rewriter else {
            return Err(ParserError::Other);
        };
        self.fed += piece.len();
        let result = match self.is_masked {
            true => {
                let mut piece = piece.to_vec();
                mask(&mut piece);
                rewriter.write(&piece)
            }
            false => rewriter.write(piece),
        };
        result.map_err(|error| {
            self.rewriter = None;
            match error {
                RewritingError::MemoryLimitExceeded(_) => ParserError::MemoryLimit,
                _ => ParserError::Other,
            }
        })
    }

    /// Moves what was found to the end of `queue`.
    pub(super) fn take_findings(&mut self, queue: &mut VecDeque<Finding>) {
        let mut findings = lock(&self.findings);
        if self.context_bytes != self.start {
            for finding in findings.iter_mut() {
                finding.shift(self.context_bytes, self.start);
            }
        }
        queue.append(&mut findings);
    }

    /// Ends the document; returns whether it ends outside of all constructs, so that what follows would
    /// be read as markup. The last findings are then ready to be taken.
    pub(super) fn end(&mut self) -> bool {
        let document_end = self.fed;
        let is_mark = |finding: &Finding| match finding {
            Finding::StartTag(start) => start.tag.start >= document_end,
            _ => false,
        };
        let fits = self.feed(self.end_mark).is_ok();
        let mut findings = lock(&self.findings);
        let is_read = findings.back().is_some_and(is_mark);
        // The mark is no part of the document, and may have become a part of its last token.
        findings.retain(|finding| finding.range().end <= document_end);
        fits && is_read
    }
}

fn lock(findings: &Mutex<VecDeque<Finding>>) -> MutexGuard<'_, VecDeque<Finding>> {
    findings.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What [`Scope::Links`] selects. Selectors take longer to parse than a short mail.
static SELECTORS: LazyLock<Vec<(Element, &str, Selector)>> = LazyLock::new(|| {
    let names = [
        "a",
        "area",
        "base",
        MASKED_NOSCRIPT,
        "body",
        "frameset",
        "html",
        "img",
        "math",
        "svg",
        "template",
    ];
    let selector = |name: &'static str| Some((Element::of(name), name, name.parse().ok()?));
    names.into_iter().filter_map(selector).collect()
});

static ANY_ELEMENT: LazyLock<Option<Selector>> = LazyLock::new(|| "*".parse().ok());
static ANY_HREF: LazyLock<Option<Selector>> = LazyLock::new(|| "[href]".parse().ok());
static END_MARK_SELECTOR: LazyLock<Option<Selector>> =
    LazyLock::new(|| RARE_END_MARK_NAME.parse().ok());

type Findings = Arc<Mutex<VecDeque<Finding>>>;
type ParserSettings = Settings<'static, 'static>;

fn with_handlers(settings: ParserSettings, scope: Scope, findings: &Findings) -> ParserSettings {
    match scope {
        Scope::AnyHref => with_element(settings, ANY_HREF.as_ref(), Some(Element::Link), findings),
        Scope::EveryToken => {
            let settings = with_element(settings, ANY_ELEMENT.as_ref(), None, findings);
            with_comments(with_text(settings, findings), findings)
        }
        Scope::Links(sought) => {
            let settings = SELECTORS
                .iter()
                .filter(|(element, name, _)| sought.element(*element, name))
                .fold(settings, |settings, (element, _, selector)| {
                    with_element(settings, Some(selector), Some(*element), findings)
                });
            match sought.comments {
                true => with_comments(settings, findings),
                false => settings,
            }
        }
        Scope::EndMark => with_element(
            settings,
            END_MARK_SELECTOR.as_ref(),
            Some(Element::Other),
            findings,
        ),
    }
}

/// `element` is what the selector selects, where it selects one name.
fn with_element(
    settings: ParserSettings,
    selector: Option<&'static Selector>,
    element: Option<Element>,
    findings: &Findings,
) -> ParserSettings {
    let Some(selector) = selector else {
        return settings;
    };
    let findings = Arc::clone(findings);
    let handler = move |found: &mut LolElement<'_, '_>| {
        let element = element.unwrap_or_else(|| Element::of(&found.tag_name()));
        note_start_tag(found, element, &findings);
        Ok(())
    };
    let handlers = ElementContentHandlers::default().element(handler);
    settings.append_element_content_handler((Cow::Borrowed(selector), handlers))
}

fn note_start_tag(found: &mut LolElement<'_, '_>, element: Element, findings: &Findings) {
    let tag = found.source_location().bytes();
    let attributes = match element.has_attributes_of_interest() {
        true if tag.len() <= MAX_TAG_BYTES => attribute_ranges(found),
        _ => Vec::new(),
    };
    if element.has_end_of_interest()
        && let Some(handlers) = found.end_tag_handlers()
    {
        let findings = Arc::clone(findings);
        handlers.push(Box::new(move |end: &mut EndTag<'_>| {
            let tag = end.source_location().bytes();
            lock(&findings).push_back(Finding::EndTag { element, tag });
            Ok(())
        }));
    }
    lock(findings).push_back(Finding::StartTag(StartTag {
        attributes,
        context: LinkContext::Html,
        element,
        is_html: found.namespace_uri() == XHTML,
        is_self_closing: found.is_self_closing(),
        tag,
    }));
}

fn attribute_ranges(element: &LolElement<'_, '_>) -> Vec<AttributeRange> {
    let range = |attribute: &Attribute<'_>| {
        Some(AttributeRange {
            name: attribute.name_source_location()?.bytes(),
            value: attribute.value_source_location().map(|value| value.bytes()),
        })
    };
    element.attributes().iter().filter_map(range).collect()
}

fn with_comments(settings: ParserSettings, findings: &Findings) -> ParserSettings {
    let findings = Arc::clone(findings);
    let handler = move |comment: &mut Comment<'_>| {
        let range = comment.source_location().bytes();
        lock(&findings).push_back(Finding::Comment(range));
        Ok(())
    };
    settings.append_document_content_handler(DocumentContentHandlers::default().comments(handler))
}

fn with_text(settings: ParserSettings, findings: &Findings) -> ParserSettings {
    let text_findings = Arc::clone(findings);
    let text = move |text: &mut TextChunk<'_>| {
        let range = text.source_location().bytes();
        lock(&text_findings).push_back(match text.text_type() {
            TextType::Data => Finding::Text(range),
            _ => Finding::RawText(range),
        });
        Ok(())
    };
    let doctype_findings = Arc::clone(findings);
    let doctype = move |doctype: &mut Doctype<'_>| {
        let range = doctype.source_location().bytes();
        lock(&doctype_findings).push_back(Finding::Doctype(range));
        Ok(())
    };
    let handlers = DocumentContentHandlers::default()
        .text(text)
        .doctype(doctype);
    settings.append_document_content_handler(handlers)
}
