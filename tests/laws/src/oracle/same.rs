//! What was not markup does not become markup.

use linkseal::{PixelPlacement, rewrite_with_report};
use url::Url;

use super::{outlook_markup, outlook_seen};
use crate::judge::{Seen, Tag, parse};
use crate::naive::is_marker;
use crate::settings::{PARAMETERS, Settings};
use crate::setup::{CLICK_PREFIX, OPEN_PREFIX, click};
use crate::{Verdict, ensure};

const TEXT_PLACEHOLDER: &str = "{{ses:openTracker}}";

/// What html5ever sees in the output is what it sees in the input, but for the values of tracked links,
/// markers, placeholders and pixels: the same tags with the same attributes, the same text between them, and
/// every comment ends where it ended.
pub fn nothing_new(html: &str, settings: Settings) -> Verdict {
    let (output, _) = rewrite_with_report(html, &settings.domain());
    let (before, after) = (parse(html), parse(&output));
    is_same(&before.seen, &after.seen, settings)
        .map_err(|why| format!("{html:?} with {settings:?} became {output:?}: {why}"))
}

fn is_same(before: &[Seen], after: &[Seen], settings: Settings) -> Verdict {
    let (before, after) = (page(before, settings), page(after, settings));
    let (mut before, mut after) = (before.iter(), after.iter());
    loop {
        let (was, is) = (before.next(), after.next());
        let same = match (was, is) {
            (None, None) => return Ok(()),
            (Some(Seen::Tag(was)), Some(Seen::Tag(is))) => is_same_tag(was, is, settings),
            (Some(Seen::Comment(was)), Some(Seen::Comment(is))) if was != is => {
                is_same(&outlook_seen(was), &outlook_seen(is), settings)?;
                outlook_markup(was).is_some()
            }
            (Some(Seen::Text(was)), Some(Seen::Text(is))) => is_same_text(was, is, settings),
            (was, is) => was == is,
        };
        ensure!(same, "{was:?} became {is:?}");
    }
}

/// What was seen but for pixels and what may be a placeholder, with the texts beside these joined.
fn page(seen: &[Seen], settings: Settings) -> Vec<Seen> {
    let mut page = Vec::new();
    for seen in seen {
        let stays = match seen {
            Seen::Tag(tag) => !is_pixel(tag) && !is_placeholder(&tag.name, settings),
            Seen::Comment(text) => !is_placeholder(text, settings),
            // One that is a placeholder and nothing else leaves no text.
            Seen::Text(text) => !is_same_text(text, "", settings),
            Seen::EndTag(_) | Seen::UnclosedComment(_) => true,
        };
        match (page.last_mut(), seen) {
            _ if !stays => {}
            (Some(Seen::Text(text)), Seen::Text(more)) => text.push_str(more),
            _ => page.push(seen.clone()),
        }
    }
    page
}

/// Whether a text became another by losing nothing but placeholders.
fn is_same_text(was: &str, is: &str, settings: Settings) -> bool {
    let placeholders: Vec<&str> = match settings.placement {
        PixelPlacement::Placeholder => settings.own.into_iter().chain([TEXT_PLACEHOLDER]).collect(),
        _ => Vec::new(),
    };
    let mut ways = vec![(was, is)];
    while let Some((was, is)) = ways.pop() {
        let kept = was.bytes().zip(is.bytes());
        let kept = kept.take_while(|(was, is)| was == is).count();
        if kept == was.len() && kept == is.len() {
            return true;
        }
        for at in 0..=kept {
            let cut = |placeholder: &&str| was.get(at..)?.strip_prefix(*placeholder);
            let rests = placeholders.iter().filter_map(cut);
            ways.extend(rests.map(|rest| (rest, &is[at..])));
        }
    }
    false
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

fn is_same_tag(was: &Tag, is: &Tag, settings: Settings) -> bool {
    let stays = |(name, _): &&(String, String)| !is_marker(name, settings);
    let was_left: Vec<_> = was.attributes.iter().filter(stays).collect();
    let is_left: Vec<_> = is.attributes.iter().filter(stays).collect();
    was.name == is.name
        && was_left.len() == is_left.len()
        && was_left.iter().zip(is_left).all(|(was, is)| {
            was == &is
                || (was.0 == is.0 && was.0 == "href" && is_same_link(&was.1, &is.1, settings))
        })
}

/// A tracking URL in the place of what it stands for, a URL with parameters, or a link without Postal's opt-out. That
/// the destination is the right one, the report's law says.
fn is_same_link(was: &str, is: &str, settings: Settings) -> bool {
    let has_parameters = |url: &Url| url.query_pairs().any(|(name, _)| name == PARAMETERS[0].0);
    let is_url = |url: &Url| url.as_str() == is && has_parameters(url);
    if settings.has_parameters && Url::parse(is).as_ref().is_ok_and(is_url) {
        return true;
    }
    match is.starts_with(CLICK_PREFIX) {
        true => !click(is).destination().is_empty(),
        false => was.to_ascii_lowercase().replacen("+notrack", "", 1) == is.to_ascii_lowercase(),
    }
}
