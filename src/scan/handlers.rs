//! The handlers that lol_html calls. They only read: each notes the ranges of what it was given.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use lol_html::Selector;
use lol_html::html_content::{Attribute, Comment, Doctype, EndTag, TextChunk, TextType};
use lol_html::send::{
    DocumentContentHandlers, Element as LolElement, ElementContentHandlers, Settings,
};

use super::finding::{AttributeRange, Element, Finding, StartTag};
use super::mask::MASKED_NOSCRIPT;
use super::sought::Sought;
use crate::report::LinkContext;

/// Which tokens are reported.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Scope {
    /// All start tags with an `href`: what links may be in a conditional comment.
    AnyHref,
    /// Every token but end tags that close nothing.
    EveryToken,
    /// Elements that hold links, and those that say where a pixel can stand, as far as the document may
    /// hold them. This is four times as fast as every token.
    Links(Sought),
}

/// Attributes of longer tags are not noted: lol_html lists them outside of its memory limit, and a tag of
/// a million attributes would take a hundred times its length.
pub(super) const MAX_TAG_BYTES: usize = 1024 * 1024;

const XHTML: &str = "http://www.w3.org/1999/xhtml";

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

/// What the handlers have noted.
pub(super) type Findings = Arc<Mutex<VecDeque<Finding>>>;
pub(super) type ParserSettings = Settings<'static, 'static>;

/// Registers the handlers for what the scope reports.
pub(super) fn with_handlers(
    settings: ParserSettings,
    scope: Scope,
    findings: &Findings,
) -> ParserSettings {
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
    let is_html = found.namespace_uri() == XHTML;
    if element.has_end_of_interest()
        && (is_html || element == Element::Foreign)
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
        is_html,
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
        let mut findings = lock(&text_findings);
        match (text.text_type(), findings.back_mut()) {
            // Each `<` of many is a part of its own.
            (TextType::Data, Some(Finding::Text(last))) if last.end == range.start => {
                last.end = range.end;
            }
            (TextType::Data, _) => findings.push_back(Finding::Text(range)),
            _ => findings.push_back(Finding::RawText(range)),
        }
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

pub(super) fn lock(findings: &Mutex<VecDeque<Finding>>) -> MutexGuard<'_, VecDeque<Finding>> {
    findings.lock().unwrap_or_else(PoisonError::into_inner)
}
