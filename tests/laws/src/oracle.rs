//! Laws with judges: html5ever says which links a document has, `url` where they lead.

mod outcome;
mod pixels;
mod same;

use encoding_rs::Encoding;
use linkseal::{LinkContext, Report, rewrite_with_report};

use self::outcome::{Base, judge_link};
pub use self::pixels::one_pixel;
pub use self::same::nothing_new;
use super::judge::{Parsed, Place, Seen, Tag, parse};
use super::settings::Settings;
use super::{Verdict, ensure};

/// The links that are reported are those that the judges see, in order, each with the destination
/// that they see, and each that is left alone for a reason that it has.
pub fn links(
    parsed: &Parsed,
    encoding: &'static Encoding,
    report: &Report,
    settings: Settings,
) -> Verdict {
    let base = parsed.base();
    let mark = parsed.broken_mark;
    let places = parsed.places();
    let mut open_noscripts = 0_usize;
    let mut reported = report.links().iter();
    for (index, seen) in parsed.seen.iter().enumerate() {
        // One that comes later changes nothing for the links before it.
        let base = base
            .filter(|(at, _)| *at < index)
            .map(|(_, href)| Base::of(href, mark, settings))
            .unwrap_or_default();
        let (tags, contexts) = match seen {
            Seen::Tag(tag) if tag.is_link() => {
                let contexts = contexts(&places, index, open_noscripts);
                (vec![tag.clone()], contexts)
            }
            Seen::Comment(text) => (outlook_links(text), vec![LinkContext::ConditionalComment]),
            Seen::Tag(tag) => {
                open_noscripts += usize::from(tag.name == "noscript");
                continue;
            }
            Seen::EndTag(name) => {
                open_noscripts -= usize::from(name == "noscript" && open_noscripts > 0);
                continue;
            }
            _ => continue,
        };
        for tag in tags {
            let link = reported.next();
            let link = link.ok_or_else(|| format!("html5ever sees {tag:?}, which is missed"))?;
            let is_broken = tag.is_broken("href", mark);
            let tag = tag.mended(mark);
            ensure!(
                link.element() == tag.name && contexts.contains(&link.context()),
                "html5ever sees {tag:?} in {contexts:?}, but reported is {link:?}"
            );
            let judged = match is_broken {
                true => outcome::judge_broken(&tag, link),
                false => judge_link(&tag, &base, encoding, link, settings),
            };
            judged
                .map_err(|why| format!("{why}: {tag:?} after {base:?} is reported as {link:?}"))?;
        }
    }
    match reported.next() {
        Some(link) => Err(format!("html5ever does not see {link:?}")),
        None => Ok(()),
    }
}

/// The same of a document in UTF-8.
pub fn links_of(html: &str, settings: Settings) -> Verdict {
    let (_, report) = rewrite_with_report(html, &settings.domain());
    links(&parse(html), encoding_rs::UTF_8, &report, settings)
        .map_err(|why| format!("{html:?}: {why}"))
}

/// Where the tree has a link. In the head a link ends a `noscript`, which only a tree builder knows; for one that it
/// ignores, either will do.
fn contexts(places: &[Place], index: usize, open_noscripts: usize) -> Vec<LinkContext> {
    let place = places.iter().find(|place| place.index == index);
    let mut contexts = Vec::new();
    if place.is_none_or(|place| !place.is_in_noscript) {
        contexts.push(LinkContext::Html);
    }
    if place.is_some_and(|place| place.is_in_noscript) || open_noscripts > 0 {
        contexts.push(LinkContext::Noscript);
    }
    contexts
}

/// What Outlook reads of a conditional comment: the markup after the condition.
pub fn outlook_markup(comment: &str) -> Option<&str> {
    let start = comment.get(..3)?;
    let (_, markup) = comment.split_once('>')?;
    start.eq_ignore_ascii_case("[if").then_some(markup)
}

/// Links and VML in a conditional comment, and in what a comment in there hides, if that is conditional too.
pub fn outlook_links(comment: &str) -> Vec<Tag> {
    let mut found = Vec::new();
    for seen in outlook_markup(comment).map_or_else(Vec::new, |markup| parse(markup).seen) {
        match seen {
            Seen::Tag(tag) => {
                let is_vml = tag.name.starts_with("v:") && tag.attribute("href").is_some();
                found.extend((tag.is_link() || is_vml).then_some(tag));
            }
            // Nothing in there can end it: that would have ended the comment around it.
            Seen::UnclosedComment(text) => found.extend(outlook_links(&text)),
            Seen::Comment(_) | Seen::EndTag(_) | Seen::Text(_) => {}
        }
    }
    found
}
