//! Which pixels come into a document.

use linkseal::{EventKind, PixelOutcome, PixelPlacement, rewrite_with_report};

use crate::judge::{Parsed, Seen, Tag, attribute, elements_in_body, parse, root};
use crate::settings::{Settings, own_verifier};
use crate::setup::OPEN_PREFIX;
use crate::{Verdict, ensure};

/// As many pixels as are reported come into the body that html5ever builds; where there is none for want of a
/// place, one at the end of the document would not be in the body either; where there is one already, it is
/// this message's.
pub fn one_pixel(html: &str, settings: Settings) -> Verdict {
    let (output, report) = rewrite_with_report(html, &settings.domain());
    let (before, after) = (parse(html), parse(&output));
    let outcome = report.pixel();
    ensure!(
        is_amp(&before) == (outcome == PixelOutcome::Amp),
        "{html:?} is reported as {outcome:?}"
    );
    let expected = match outcome {
        PixelOutcome::Both => 2,
        PixelOutcome::End | PixelOutcome::Placeholder | PixelOutcome::Start => 1,
        PixelOutcome::AlreadyThere => {
            ensure!(
                sources_in_body(&before).any(|src| is_of_message(&src, settings)),
                "{html:?} has no pixel of this message"
            );
            0
        }
        PixelOutcome::NoPlace => {
            let appended = parse(&format!("{html}<img src=\"{OPEN_PREFIX}x\">"));
            ensure!(
                count_pixels(&appended) == count_pixels(&before),
                "{html:?} with {settings:?} has a place for a pixel at its end"
            );
            0
        }
        PixelOutcome::LineLength => {
            ensure!(settings.line_limit.is_some(), "{html:?}: no limit");
            0
        }
        PixelOutcome::Amp => 0,
        other => {
            return Err(format!(
                "{html:?} with {settings:?} is reported as {other:?}"
            ));
        }
    };
    let added = count_pixels(&after).checked_sub(count_pixels(&before));
    ensure!(
        added == Some(expected),
        "{html:?} with {settings:?} became {output:?}: {added:?} pixels came into the body, reported is \
         {outcome:?}"
    );
    ensure!(
        settings.placement != PixelPlacement::End
            || outcome != PixelOutcome::End
            || !comes_second(&before, &after, settings),
        "{html:?} with {settings:?} became {output:?}: the pixel was there already"
    );
    Ok(())
}

/// Whether a pixel of the message stood before the one that was put in; one in a `template` does not count.
fn comes_second(before: &Parsed, after: &Parsed, settings: Settings) -> bool {
    let own = |parsed: &Parsed| -> Vec<Tag> {
        let tags = parsed.seen.iter().filter_map(Seen::tag);
        let is_own = |tag: &&Tag| {
            let src = tag.attribute("src").filter(|_| tag.name == "img");
            src.is_some_and(|src| is_of_message(src, settings))
        };
        tags.filter(is_own).cloned().collect()
    };
    let in_body = sources_in_body(before).filter(|src| is_of_message(src, settings));
    let (was, is) = (own(before), own(after));
    !was.is_empty() && in_body.count() == was.len() && is.first() == was.first()
}

fn sources_in_body(parsed: &Parsed) -> impl Iterator<Item = String> {
    let images = elements_in_body(&parsed.dom, "img").into_iter();
    images.filter_map(|image| attribute(&image, "src"))
}

/// How many pixels of any message are in the body.
fn count_pixels(parsed: &Parsed) -> usize {
    // Blanks around a URL count for nothing.
    let is_pixel = |src: &String| src.trim_ascii_start().starts_with(OPEN_PREFIX);
    sources_in_body(parsed).filter(is_pixel).count()
}

/// Whether `<html ⚡4email>` or `<html amp4email>` says that the document is one of AMP for Email.
fn is_amp(parsed: &Parsed) -> bool {
    let names = ["⚡4email", "⚡\u{fe0f}4email", "amp4email"];
    root(&parsed.dom).is_some_and(|root| names.iter().any(|name| attribute(&root, name).is_some()))
}

/// Whether an image's source is the genuine pixel of the settings' message. Blanks around a URL count for
/// nothing.
fn is_of_message(src: &str, settings: Settings) -> bool {
    let src = src.trim_matches(|character: char| character <= ' ');
    let recipient = settings.recipient();
    own_verifier().verify_url(src).is_ok_and(|event| {
        src.starts_with(OPEN_PREFIX)
            && matches!(event.kind(), EventKind::Open(_))
            && (event.message(), event.recipient()) == (Some("msg-7f3a"), Some(&*recipient))
    })
}
