//! Laws with judges: html5ever says which links a document has, `url` where they lead.

use encoding_rs::Encoding;
use linkseal::{
    Click, Event, Link, LinkContext, LinkOutcome, PixelOutcome, PixelPlacement, Report, SkipReason,
    rewrite_with_report,
};
use url::{ParseError, Url};

use super::judge::{Parsed, Seen, Tag, attribute, elements_in_body, parse, resolve, tokens};
use super::naive::{has_merge_tag, is_marker, name_of, opts_out};
use super::settings::{EXCLUDED_HOST, EXCLUDED_PARENT, Settings};
use super::setup::{CLICK_PREFIX, OPEN_PREFIX, click, verifier};
use super::{Verdict, ensure};

/// Longer destinations are not tracked.
const MAX_DESTINATION_BYTES: usize = 4096;
/// Longer values are not parsed.
const MAX_HREF_BYTES: usize = 65536;

/// The links that are reported are those that the judges see, in order, each with the destination
/// that they see, and each that is left alone for a reason that it has.
pub fn links(parsed: &Parsed, encoding: &'static Encoding, report: &Report) -> Verdict {
    let base = parsed.base();
    let has_foreign = parsed
        .seen
        .iter()
        .filter_map(Seen::tag)
        .any(is_foreign_root);
    let mut in_noscript = false;
    let mut reported = report.links().iter();
    for (index, seen) in parsed.seen.iter().enumerate() {
        // One that comes later changes nothing for the links before it.
        let base = base
            .filter(|(at, _)| *at < index)
            .map(|(_, href)| Base::of(href))
            .unwrap_or_default();
        let (tags, context) = match seen {
            Seen::Tag(tag) if tag.is_link() && in_noscript => {
                (vec![tag.clone()], LinkContext::Noscript)
            }
            Seen::Tag(tag) if tag.is_link() => (vec![tag.clone()], LinkContext::Html),
            Seen::Comment(text) => (outlook_links(text), LinkContext::ConditionalComment),
            Seen::Tag(tag) => {
                in_noscript |= tag.name == "noscript";
                continue;
            }
            Seen::EndTag(name) => {
                in_noscript &= name != "noscript";
                continue;
            }
            Seen::UnclosedComment(_) => continue,
        };
        for tag in tags {
            let link = reported.next();
            let link = link.ok_or_else(|| format!("html5ever sees {tag:?}, which is missed"))?;
            // An SVG element may have that name too.
            let is_context = link.context() == context
                || (has_foreign && LinkContext::ConditionalComment != context);
            ensure!(
                link.element() == tag.name && is_context,
                "html5ever sees {tag:?} in {context:?}, but reported is {link:?}"
            );
            judge_link(&tag, &base, encoding, link)
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
    links(&parse(html), encoding_rs::UTF_8, &report).map_err(|why| format!("{html:?}: {why}"))
}

/// Whether the outcome of a link is one that the judges allow.
fn judge_link(tag: &Tag, base: &Base, encoding: &'static Encoding, link: &Link) -> Verdict {
    let href = tag.attribute("href").unwrap_or_default();
    let trimmed = href.trim_matches(|sign: char| sign <= ' ');
    let followed = resolve(href, base.url.as_ref(), encoding);
    let own = followed.as_ref().ok().and_then(own_click);
    let own = own.filter(|_| !opts_out(tag));
    let own_name = own
        .as_ref()
        .map(Click::name)
        .filter(|name| !name.is_empty());
    let resolved = match &own {
        Some(click) => Url::parse(click.destination()),
        None => followed,
    };
    let web = resolved
        .as_ref()
        .ok()
        .filter(|url| matches!(url.scheme(), "http" | "https"));
    let destination = web.map(Url::as_str);
    ensure!(
        link.destination().is_none()
            || link.destination() == resolved.as_ref().ok().map(Url::as_str),
        "the destination is {resolved:?}"
    );
    let marker_name = name_of(tag);
    let name = own_name.or(marker_name.as_deref());
    let is_skipped = link.outcome() != LinkOutcome::Tracked;
    ensure!(
        link.name() == name || (is_skipped && link.name() == marker_name.as_deref()),
        "the name is {name:?}"
    );
    let is_no_track = href.to_ascii_lowercase().contains("+notrack:");
    let LinkOutcome::Skipped(reason) = link.outcome() else {
        ensure!(
            destination.is_some() && link.destination() == destination,
            "leads nowhere on the web"
        );
        ensure!(
            !trimmed.is_empty() && !trimmed.starts_with('#'),
            "leads to no other page"
        );
        ensure!(!has_merge_tag(trimmed), "has a merge tag");
        let is_absolute = trimmed.to_ascii_lowercase().starts_with("http");
        ensure!(!base.waits || is_absolute, "waits for its base");
        ensure!(!opts_out(tag), "opts out");
        ensure!(!web.is_some_and(is_excluded), "is excluded");
        return Ok(());
    };
    let is_own = |url: &str| url.starts_with(CLICK_PREFIX) || url.starts_with(OPEN_PREFIX);
    let has_reason = match reason {
        SkipReason::AlreadyTracked => destination.is_some_and(is_own),
        SkipReason::Empty => trimmed.is_empty(),
        SkipReason::Excluded => web.is_some_and(is_excluded),
        SkipReason::Fragment => trimmed.starts_with('#'),
        SkipReason::Invalid => resolved.is_err() && !is_relative(&resolved),
        SkipReason::MergeTag => has_merge_tag(trimmed) || base.waits,
        SkipReason::OptedOut => opts_out(tag) || is_no_track,
        SkipReason::Relative => is_relative(&resolved),
        SkipReason::Scheme => destination.is_none() && (resolved.is_ok() || trimmed.contains(':')),
        SkipReason::TooLong => {
            href.len() > MAX_HREF_BYTES
                || destination.is_some_and(|url| url.len() > MAX_DESTINATION_BYTES)
        }
        _ => false,
    };
    ensure!(has_reason, "{reason:?} is no reason");
    Ok(())
}

/// What links are resolved against.
#[derive(Debug, Default)]
struct Base {
    url: Option<Url>,
    /// It holds a merge tag.
    waits: bool,
}

impl Base {
    /// Browsers refuse `data:` and `javascript:` (HTML §4.2.3); one over the limit of destinations is left
    /// out too.
    fn of(href: &str) -> Self {
        let is_usable = |url: &Url| {
            !url.cannot_be_a_base()
                && !matches!(url.scheme(), "data" | "javascript")
                && url.as_str().len() <= MAX_DESTINATION_BYTES
        };
        let waits = has_merge_tag(href);
        Self {
            url: Url::parse(href).ok().filter(is_usable).filter(|_| !waits),
            waits,
        }
    }
}

/// What the token of a tracking URL of the tests' domain says, if it is genuine.
fn own_click(url: &Url) -> Option<Click> {
    let url = url.as_str();
    match verifier().verify_url(url) {
        Ok(Event::Click(click)) if url.starts_with(CLICK_PREFIX) => Some(click),
        _ => None,
    }
}

fn is_foreign_root(tag: &Tag) -> bool {
    matches!(&*tag.name, "svg" | "math")
}

fn is_relative(resolved: &Result<Url, ParseError>) -> bool {
    matches!(resolved, Err(ParseError::RelativeUrlWithoutBase))
}

fn is_excluded(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let host = host.strip_suffix('.').unwrap_or(host);
    host == EXCLUDED_HOST || host.ends_with(&format!(".{EXCLUDED_PARENT}"))
}

/// Links and VML in a conditional comment, as Outlook reads it: the markup after the condition, and
/// what a comment in there hides, if that is conditional too.
pub fn outlook_links(comment: &str) -> Vec<Tag> {
    let condition = comment
        .get(..3)
        .is_some_and(|start| start.eq_ignore_ascii_case("[if"));
    let Some((_, markup)) = comment.split_once('>').filter(|_| condition) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    for seen in tokens(markup) {
        match seen {
            Seen::Tag(tag) => {
                let is_vml = tag.name.starts_with("v:") && tag.attribute("href").is_some();
                found.extend((tag.is_link() || is_vml).then_some(tag));
            }
            // Nothing in there can end it: that would have ended the comment around it.
            Seen::UnclosedComment(text) => found.extend(outlook_links(&text)),
            Seen::Comment(_) | Seen::EndTag(_) => {}
        }
    }
    found
}

/// What html5ever sees in the output is what it sees in the input, but for the values of tracked
/// links, markers and pixels: no link is there that the author did not write.
pub fn nothing_new(html: &str, settings: Settings) -> Verdict {
    let (output, _) = rewrite_with_report(html, &settings.domain());
    let (before, after) = (parse(html), parse(&output));
    is_same(&before.seen, &after.seen, settings)
        .map_err(|why| format!("{html:?} with {settings:?} became {output:?}: {why}"))
}

fn is_same(before: &[Seen], after: &[Seen], settings: Settings) -> Verdict {
    let is_page = |seen: &&Seen| match seen {
        Seen::Tag(tag) => !is_pixel(tag) && !is_placeholder(&tag.name, settings),
        Seen::Comment(text) => !is_placeholder(text, settings),
        Seen::EndTag(_) | Seen::UnclosedComment(_) => true,
    };
    let (mut before, mut after) = (before.iter().filter(is_page), after.iter().filter(is_page));
    loop {
        let (was, is) = (before.next(), after.next());
        let same = match (was, is) {
            (None, None) => return Ok(()),
            (Some(Seen::Tag(was)), Some(Seen::Tag(is))) => is_same_tag(was, is),
            (Some(Seen::Comment(was)), Some(Seen::Comment(is))) if was != is => {
                is_same(&outlook_tokens(was), &outlook_tokens(is), settings)?;
                true
            }
            (was, is) => was == is,
        };
        ensure!(same, "{was:?} became {is:?}");
    }
}

/// What stands in a conditional comment, those inside it laid open.
fn outlook_tokens(comment: &str) -> Vec<Seen> {
    let mut open = Vec::new();
    let (_, markup) = comment.split_once('>').unwrap_or_default();
    for seen in tokens(markup) {
        match seen {
            Seen::UnclosedComment(text) => open.extend(outlook_tokens(&text)),
            seen => open.push(seen),
        }
    }
    open
}

/// Whether an element or comment of that name or text may be taken for a placeholder.
fn is_placeholder(name: &str, settings: Settings) -> bool {
    settings.placement == PixelPlacement::Placeholder && matches!(name, "opentag" | "own")
}

fn is_pixel(tag: &Tag) -> bool {
    tag.name == "img"
        && tag
            .attribute("src")
            .is_some_and(|src| src.starts_with(OPEN_PREFIX))
}

fn is_same_tag(was: &Tag, is: &Tag) -> bool {
    let stays = |(name, _): &&(String, String)| !is_marker(name);
    let was_left: Vec<_> = was.attributes.iter().filter(stays).collect();
    let is_left: Vec<_> = is.attributes.iter().filter(stays).collect();
    was.name == is.name
        && was_left.len() == is_left.len()
        && was_left.iter().zip(is_left).all(|(was, is)| {
            was == &is || (was.0 == is.0 && was.0 == "href" && is_same_link(&was.1, &is.1))
        })
}

/// A tracking URL in the place of what it stands for, or a link without Postal's opt-out. That the
/// destination is the right one, the report's law says.
fn is_same_link(was: &str, is: &str) -> bool {
    match is.starts_with(CLICK_PREFIX) {
        true => !click(is).destination().is_empty(),
        false => was.to_ascii_lowercase().replacen("+notrack", "", 1) == is.to_ascii_lowercase(),
    }
}

/// As many pixels as are reported come into the body that html5ever builds; where there is none for
/// want of a place, one at the end of the document would not be in the body either.
pub fn one_pixel(html: &str, settings: Settings) -> Verdict {
    let (output, report) = rewrite_with_report(html, &settings.domain());
    let (before, after) = (parse(html), parse(&output));
    let in_body = |parsed: &Parsed| {
        let images = elements_in_body(&parsed.dom, "img");
        let sources = images.iter().filter_map(|image| attribute(image, "src"));
        // Blanks around a URL count for nothing.
        let is_own = |src: &String| src.trim_ascii_start().starts_with(OPEN_PREFIX);
        sources.filter(is_own).count()
    };
    let expected = match report.pixel() {
        PixelOutcome::Both => 2,
        PixelOutcome::End | PixelOutcome::Placeholder | PixelOutcome::Start => 1,
        PixelOutcome::AlreadyThere => {
            ensure!(in_body(&before) > 0, "{html:?} has no pixel already");
            0
        }
        PixelOutcome::NoPlace => {
            let appended = parse(&format!("{html}<img src=\"{OPEN_PREFIX}x\">"));
            ensure!(
                in_body(&appended) == in_body(&before),
                "{html:?} with {settings:?} has a place for a pixel at its end"
            );
            0
        }
        _ => 0,
    };
    let added = in_body(&after).checked_sub(in_body(&before));
    ensure!(
        added == Some(expected),
        "{html:?} with {settings:?} became {output:?}: {added:?} pixels came into the body, reported is \
         {:?}",
        report.pixel()
    );
    Ok(())
}
