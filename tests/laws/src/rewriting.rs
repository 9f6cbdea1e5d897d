//! Laws of rewriting that need no parser to judge them: bytes against bytes, report against tokens.

use std::collections::HashSet;
use std::io::Write;

use encoding_rs::Encoding;
use linkseal::{
    DomainConfig, DomainStatus, Link, LinkOutcome, Message, PixelPlacement, Report, Rewriter,
    SkipReason, Template, rewrite, rewrite_with_report,
};

use super::judge::tokens;
use super::naive::is_marker;
use super::settings::Settings;
use super::setup::{
    CLICK_PREFIX, PIXEL_START, click, domain, token_length, tracking_urls, verifier,
};
use super::{Verdict, ensure};

/// Postal's opt-out: without it the link leads somewhere, so it goes whatever the settings.
const NO_TRACK: &[u8] = b"+notrack";
const TEXT_PLACEHOLDER: &[u8] = b"{{ses:openTracker}}";
/// More than the longest marker's name has.
const MAX_MARKER_BYTES: usize = 40;
const ELEMENT_PLACEHOLDER: &[u8] = b"<opentag";

/// With nothing to track, the output is the input: byte for byte, but for Postal's opt-out.
pub fn identity(html: &str) -> Verdict {
    for status in [DomainStatus::External, DomainStatus::Pending] {
        let output = rewrite(html, &domain().with_status(status));
        ensure!(
            output == html,
            "{html:?} of a domain that is {status:?} became {output:?}"
        );
    }
    let message = Message::default()
        .without_click_tracking()
        .without_open_tracking();
    let (output, report) = rewrite_with_report(html, &domain().for_message(message));
    ensure!(report.tracked() == 0, "{html:?} has links that are tracked");
    let cuts = count_no_track(&report);
    ensure!(
        output.len() + cuts * NO_TRACK.len() == html.len()
            && is_aligned(
                html.as_bytes(),
                output.as_bytes(),
                &report,
                Settings::DEFAULT.keeping_markers()
            ),
        "{html:?} became {output:?} with nothing to track"
    );
    Ok(())
}

/// Outside the values of links, markers, placeholders and pixels the output is the input.
pub fn locality(html: &str, settings: Settings) -> Verdict {
    let (output, report) = rewrite_with_report(html, &settings.domain());
    ensure!(
        is_aligned(html.as_bytes(), output.as_bytes(), &report, settings),
        "{html:?} with {settings:?}: other bytes changed in {output:?}"
    );
    let count = |bytes: &str| u64::try_from(bytes.len()).unwrap();
    ensure!(
        (report.input_bytes(), report.output_bytes()) == (count(html), count(&output)),
        "{html:?}: {} and {} bytes in the report",
        report.input_bytes(),
        report.output_bytes()
    );
    Ok(())
}

/// The bytes of a stream are the same in any chunks; those of a whole document that fits into the
/// limit are what `rewrite` returns. `start` makes the stream.
pub fn split(html: &[u8], start: &dyn Fn() -> Rewriter<Vec<u8>>, sizes: &[usize]) -> Verdict {
    let whole = in_chunks(start(), html, &[html.len()]);
    let parts = in_chunks(start(), html, sizes);
    let shown = html.escape_ascii();
    ensure!(
        whole.0 == parts.0,
        "b\"{shown}\" in chunks of {sizes:?} is b\"{}\", and in one b\"{}\"",
        parts.0.escape_ascii(),
        whole.0.escape_ascii()
    );
    ensure!(
        whole.1 == parts.1,
        "b\"{shown}\" in chunks of {sizes:?} is reported as {:?}, and in one as {:?}",
        parts.1,
        whole.1
    );
    Ok(())
}

/// A stream whose limit the document keeps gives what `rewrite` does.
pub fn stream_is_rewrite(html: &str, settings: Settings, sizes: &[usize]) -> Verdict {
    let domain = settings.domain();
    let (whole, report) = rewrite_with_report(html, &domain);
    let (streamed, again) = in_chunks(Rewriter::new(&domain, Vec::new()), html.as_bytes(), sizes);
    ensure!(
        streamed == whole.as_bytes() && again == report,
        "{html:?} with {settings:?} in chunks of {sizes:?} is b\"{}\" and {again:?}, but in one shot \
         {whole:?} and {report:?}",
        streamed.escape_ascii()
    );
    Ok(())
}

/// Whatever the memory limit, nothing is lost.
pub fn limits_lose_nothing(
    html: &str,
    settings: Settings,
    limit: usize,
    sizes: &[usize],
) -> Verdict {
    let rewriter = Rewriter::new(&settings.domain(), Vec::new()).with_memory_limit(limit);
    let (output, report) = in_chunks(rewriter, html.as_bytes(), sizes);
    ensure!(
        is_aligned(html.as_bytes(), &output, &report, settings),
        "{html:?} with {settings:?} and a limit of {limit} in chunks of {sizes:?}: other bytes changed \
         in b\"{}\"",
        output.escape_ascii()
    );
    Ok(())
}

/// A rendering is what `rewrite` returns for that message.
pub fn template(html: &str, domain: &DomainConfig, messages: &[Message]) -> Verdict {
    let template = Template::compile(html, domain);
    for message in messages {
        let (expected, report) = rewrite_with_report(html, &domain.for_message(message.clone()));
        let rendered = template.render(message);
        ensure!(
            rendered == expected,
            "{html:?} for {message:?} and {domain:?} renders as {rendered:?}, not {expected:?}"
        );
        if *message == Message::default() {
            ensure!(
                *template.report() == report,
                "{html:?}: {:?}, not {report:?}",
                template.report()
            );
        }
    }
    Ok(())
}

/// Every tracking URL verifies to the link that the report has in its place.
pub fn round_trip(html: &str, settings: Settings) -> Verdict {
    let (output, report) = rewrite_with_report(html, &settings.domain());
    let tracked = tracked(&report);
    let urls: Vec<String> = tracking_urls(output.as_bytes())
        .into_iter()
        .filter(|url| !html.contains(url.as_str()) && verifier().verify_url(url).is_ok())
        .collect();
    ensure!(
        urls.len() == tracked.len(),
        "{html:?}: {} URLs in {output:?}",
        urls.len()
    );
    for (position, (url, link)) in (0..).zip(urls.iter().zip(tracked)) {
        let click = click(url);
        ensure!(
            Some(click.destination()) == link.destination()
                && click.position() == position
                && Some(position) == link.position()
                && click.name() == link.name().unwrap_or_default()
                && (click.message(), click.recipient()) == ("msg-7f3a", "rcpt-42"),
            "{html:?}: {link:?} came back as {click:?}"
        );
    }
    Ok(())
}

/// A second run changes nothing, with markers kept. Postal's opt-out can't be kept.
pub fn stability(html: &str, settings: Settings) -> Verdict {
    let domain = settings.keeping_markers().domain();
    let (once, report) = rewrite_with_report(html, &domain);
    if count_no_track(&report) > 0 {
        return Ok(());
    }
    let twice = rewrite(&once, &domain);
    ensure!(
        twice == once,
        "{html:?} with {settings:?} became {once:?} and then {twice:?}"
    );
    Ok(())
}

/// Rewrites in chunks of these sizes, over and over.
pub fn in_chunks(
    mut rewriter: Rewriter<Vec<u8>>,
    html: &[u8],
    sizes: &[usize],
) -> (Vec<u8>, Report) {
    let mut sizes = sizes.iter().cycle();
    let mut rest = html;
    while !rest.is_empty() {
        let size = sizes.next().map_or(1, |size| (*size).clamp(1, rest.len()));
        rewriter.write_all(&rest[..size]).unwrap();
        rest = &rest[size..];
    }
    rewriter.finish().unwrap()
}

/// Walks along both: every byte of the input is in the output in its place, or is one that may go.
pub fn is_aligned(input: &[u8], output: &[u8], report: &Report, settings: Settings) -> bool {
    is_aligned_in(encoding_rs::UTF_8, input, output, report, settings)
}

pub fn is_aligned_in(
    encoding: &'static Encoding,
    input: &[u8],
    output: &[u8],
    report: &Report,
    settings: Settings,
) -> bool {
    let originals: Vec<&str> = tracked(report).into_iter().map(Link::original).collect();
    // Where the output goes on with what may have been cut from the input, both ways are tried.
    let mut ways = vec![(input, output, &originals[..])];
    let mut tried = HashSet::new();
    while let Some((input, output, originals)) = ways.pop() {
        if input.is_empty() && output.is_empty() && originals.is_empty() {
            return true;
        }
        let state = (input.len(), output.len(), originals.len());
        let other_ways = ways.len();
        if let ([a, input @ ..], [b, output @ ..]) = (input, output)
            && a == b
        {
            ways.push((input, output, originals));
        }
        if let Some(cut) = cut_at(input, settings) {
            ways.push((&input[cut..], output, originals));
        }
        if !settings.keeps_markers
            && let Some(cut) = marker_length(input)
        {
            ways.push((&input[cut..], output, originals));
        }
        if let Some(rest) = output.strip_prefix(PIXEL_START.as_bytes())
            && let Some(end) = rest.iter().position(|byte| *byte == b'>')
        {
            ways.push((input, &rest[end + 1..], originals));
        }
        if let Some(rest) = output.strip_prefix(CLICK_PREFIX.as_bytes())
            && let rest = &rest[token_length(rest)..]
            && let Some((original, originals)) = originals.split_first()
        {
            let lengths = encoded_lengths(input, original, encoding).into_iter();
            ways.extend(lengths.map(|length| (&input[length..], rest, originals)));
        }
        if ways.len() > other_ways + 1 && !tried.insert(state) {
            ways.truncate(other_ways);
        }
    }
    false
}

/// How many bytes at the start of `input` are `text` in that charset. Where one that means nothing
/// follows another, there are several answers.
fn encoded_lengths(input: &[u8], text: &str, encoding: &'static Encoding) -> Vec<usize> {
    if input.starts_with(text.as_bytes()) {
        return vec![text.len()];
    }
    let is_text = |length: &usize| {
        // What follows ends a character that is cut short.
        let bytes = [&input[..*length], b">"].concat();
        let decoded = encoding.decode_without_bom_handling(&bytes).0;
        decoded.strip_suffix('>') == Some(text)
    };
    (0..=input.len().min(4 * text.len()))
        .filter(is_text)
        .collect()
}

/// How many bytes may be left out here: those that only this crate gives a meaning to.
fn cut_at(input: &[u8], settings: Settings) -> Option<usize> {
    let starts = |text: &[u8]| {
        let start = input.get(..text.len())?;
        start.eq_ignore_ascii_case(text).then_some(text.len())
    };
    let placeholder = || match settings.placement {
        PixelPlacement::Placeholder => starts(TEXT_PLACEHOLDER)
            .or_else(|| starts(settings.own?.as_bytes()))
            .or_else(|| starts(ELEMENT_PLACEHOLDER).and_then(|_| tag_length(input))),
        _ => None,
    };
    starts(NO_TRACK).or_else(placeholder)
}

/// The length of the marker that `input` starts with, and the white space before it.
fn marker_length(input: &[u8]) -> Option<usize> {
    let is_blank = |byte: &u8| b" \t\n\x0c\r".contains(byte);
    let after_blanks = |at: usize| {
        let blanks = input[at..].iter().take_while(|byte| is_blank(byte));
        at + blanks.count()
    };
    let after_sign = |at: usize, ends: &[u8]| {
        let end = input[at..].iter().position(|byte| ends.contains(byte));
        end.map_or(input.len(), |end| at + end)
    };
    let start = after_blanks(0);
    let name = input[start..].iter().take(MAX_MARKER_BYTES);
    let name: Vec<u8> = name.map(u8::to_ascii_lowercase).collect();
    let name_end = name
        .iter()
        .position(|byte| b" \t\n\x0c\r/>=".contains(byte))?;
    if !is_marker(std::str::from_utf8(&name[..name_end]).ok()?) {
        return None;
    }
    let name_end = start + name_end;
    let equals = after_blanks(name_end);
    if input.get(equals) != Some(&b'=') {
        return Some(name_end);
    }
    let value = after_blanks(equals + 1);
    match input.get(value) {
        Some(quote @ (b'"' | b'\'')) => Some(input.len().min(after_sign(value + 1, &[*quote]) + 1)),
        _ => Some(after_sign(value, b" \t\n\x0c\r>")),
    }
}

/// The length of the tag that `input` starts with.
fn tag_length(input: &[u8]) -> Option<usize> {
    let is_tag = |end: &usize| {
        let text = String::from_utf8_lossy(&input[..*end]);
        tokens(&text).iter().any(|seen| seen.tag().is_some())
    };
    let ends = input.iter().enumerate().filter(|(_, byte)| **byte == b'>');
    ends.map(|(at, _)| at + 1).find(is_tag)
}

/// What the tracking URLs replaced, in order, as UTF-8.
pub fn originals(report: &Report) -> Vec<Vec<u8>> {
    let originals = tracked(report).into_iter().map(Link::original);
    originals
        .map(|original| original.as_bytes().to_vec())
        .collect()
}

fn tracked(report: &Report) -> Vec<&Link> {
    let is_tracked = |link: &&Link| link.outcome() == LinkOutcome::Tracked;
    report.links().iter().filter(is_tracked).collect()
}

/// How many links Postal's opt-out was taken from.
fn count_no_track(report: &Report) -> usize {
    let opted_out = LinkOutcome::Skipped(SkipReason::OptedOut);
    let links = report.links().iter();
    links
        .filter(|link| {
            let original = link.original().trim_ascii_start().to_ascii_lowercase();
            let has_mark =
                original.starts_with("http+notrack:") || original.starts_with("https+notrack:");
            has_mark && link.outcome() == opted_out
        })
        .count()
}
