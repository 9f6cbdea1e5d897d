//! Laws with judges: html5ever says which links a document has, `url` where they lead.

mod noscripts;
mod outcome;
mod pixels;
mod same;

use encoding_rs::Encoding;
use linkseal::{LinkContext, Report, rewrite_with_report};

use self::noscripts::OpenNoscripts;
use self::outcome::{Base, judge_link};
pub use self::pixels::one_pixel;
pub use self::same::nothing_new;
use super::judge::{Parsed, Seen, Tag, parse};
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
    let mut noscripts = OpenNoscripts::default();
    let mut reported = report.links().iter();
    for (index, seen) in parsed.seen.iter().enumerate() {
        // One that comes later changes nothing for the links before it.
        let base = base
            .filter(|(at, _)| *at < index)
            .map(|(_, href)| Base::of(href, mark, settings))
            .unwrap_or_default();
        let (tags, contexts) = match seen {
            Seen::Tag(tag) if tag.is_link() => {
                let contexts = noscripts.contexts(&places, index);
                noscripts.start_tag(tag);
                (vec![tag.clone()], contexts)
            }
            Seen::Comment(text) => (outlook_links(text), vec![LinkContext::ConditionalComment]),
            Seen::Tag(tag) => {
                noscripts.start_tag(tag);
                continue;
            }
            Seen::EndTag(name) => {
                noscripts.end_tag(name);
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

/// What Outlook reads of a conditional comment: the markup after the condition.
pub fn outlook_markup(comment: &str) -> Option<&str> {
    let start = comment.get(..3)?;
    let (_, markup) = comment.split_once('>')?;
    start.eq_ignore_ascii_case("[if").then_some(markup)
}

/// An end tag without a name: nothing, to a parser (HTML §13.2.5.7).
const NOTHING: &str = "</>";

/// What html5ever sees in a conditional comment.
pub fn outlook_seen(comment: &str) -> Vec<Seen> {
    laid_open(comment).map_or_else(Vec::new, |markup| parse(&markup).seen)
}

/// The markup of a conditional comment, with those in it laid open: what comes after their conditions goes on where
/// the comment around them was. That is in the data state: a `<` before the comment was text (§13.2.5.6), and
/// begins no tag with what comes after.
pub fn laid_open(comment: &str) -> Option<String> {
    let mut markup = outlook_markup(comment)?.to_owned();
    // Nothing in there can end a comment: that would have ended the one around it.
    while let Some(Seen::UnclosedComment(text)) = parse(&markup).seen.last()
        && outlook_markup(text).is_some()
    {
        let is_inner = |(at, _): &(usize, &str)| is_shown_as(&markup[at + "<!--".len()..], text);
        let (start, _) = markup.match_indices("<!--").find(is_inner).unwrap();
        let condition = markup[start..].find('>').unwrap();
        markup.replace_range(start..=start + condition, NOTHING);
    }
    Some(markup)
}

/// Whether parsers hand an unclosed comment on as `text` (HTML §13.2.3.5, §13.2.5.45). What may begin its end
/// is not part of it (§13.2.5.50 to §13.2.5.52).
fn is_shown_as(comment: &str, text: &str) -> bool {
    let shown = comment.replace("\r\n", "\n").replace('\r', "\n");
    let shown = shown.replace('\0', "\u{fffd}");
    let rest = shown.strip_prefix(text);
    rest.is_some_and(|rest| ["", "-", "--", "--!"].contains(&rest))
}

/// Links and VML in a conditional comment.
pub fn outlook_links(comment: &str) -> Vec<Tag> {
    let is_vml = |tag: &Tag| tag.name.starts_with("v:") && tag.attribute("href").is_some();
    let seen = outlook_seen(comment).into_iter();
    let tags = seen.filter_map(|seen| seen.tag().cloned());
    tags.filter(|tag| tag.is_link() || is_vml(tag)).collect()
}
