//! Laws of rewriting that need no parser to judge them: bytes against bytes, report against tokens.

mod align;
mod cuts;
mod lines;

use linkseal::{
    DomainConfig, DomainStatus, Link, LinkOutcome, Message, PixelOutcome, PixelPlacement, Report,
    Rewriter, SkipReason, StreamOptions, Template, TrackingLevel, rewrite, rewrite_with_report,
};

pub use self::align::{Edit, Kind, align, align_within};
use self::cuts::NO_TRACK;
pub use self::lines::lines_keep_the_limit;
use super::settings::Settings;
use super::setup::{click, domain, event};
use super::{Verdict, ensure};

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
        .with_click_tracking(TrackingLevel::Off)
        .with_open_tracking(TrackingLevel::Off);
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
pub fn split(html: &[u8], start: &dyn Fn() -> Rewriter, sizes: &[usize]) -> Verdict {
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

/// A stream whose limit the document keeps gives what `rewrite` does, whether it collects what is written or must
/// hand it on.
pub fn stream_is_rewrite(html: &str, settings: Settings, sizes: &[usize]) -> Verdict {
    let domain = settings.domain();
    let (whole, report) = rewrite_with_report(html, &domain);
    for run in [in_chunks, in_flushed_chunks] {
        let (streamed, again) = run(Rewriter::new(&domain), html.as_bytes(), sizes);
        ensure!(
            streamed == whole.as_bytes() && again == report,
            "{html:?} with {settings:?} in chunks of {sizes:?} is b\"{}\" and {again:?}, but in one shot \
             {whole:?} and {report:?}",
            streamed.escape_ascii()
        );
    }
    Ok(())
}

/// Whatever the memory limit, nothing is lost.
pub fn limits_lose_nothing(
    html: &str,
    settings: Settings,
    limit: usize,
    sizes: &[usize],
) -> Verdict {
    let options = StreamOptions::new().with_memory_limit(limit);
    let rewriter = Rewriter::with_options(&settings.domain(), &options);
    let (output, report) = in_chunks(rewriter, html.as_bytes(), sizes);
    let input = html.as_bytes();
    let edits = align_within(
        options.memory_limit(),
        encoding_rs::UTF_8,
        input,
        &output,
        &report,
        settings,
    );
    ensure!(
        edits.is_some(),
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
    let edits = align(
        encoding_rs::UTF_8,
        html.as_bytes(),
        output.as_bytes(),
        &report,
        settings,
    );
    let edits = edits.ok_or_else(|| format!("{html:?}: other bytes changed in {output:?}"))?;
    let replaced = edits.iter().filter(|edit| edit.kind == Kind::Link);
    for (position, (edit, link)) in (0..).zip(replaced.zip(tracked(&report))) {
        let (event, click) = (event(edit.url(&output)), click(edit.url(&output)));
        ensure!(
            Some(click.destination()) == link.destination()
                && click.position() == position
                && Some(position) == link.position()
                && click.name() == link.name()
                && event.message() == Some("msg-7f3a")
                && event.recipient() == Some(&*settings.recipient()),
            "{html:?}: {link:?} came back as {event:?}"
        );
    }
    Ok(())
}

/// A second run changes nothing, with markers kept. Postal's opt-out can't be kept; and where the first run left
/// something as it was lest a line become too long, the second may find room that a later edit made.
pub fn stability(html: &str, settings: Settings) -> Verdict {
    let domain = settings.keeping_markers().domain();
    let (once, report) = rewrite_with_report(html, &domain);
    if changes_again(&report, settings) {
        return Ok(());
    }
    let twice = rewrite(&once, &domain);
    ensure!(
        twice == once,
        "{html:?} with {settings:?} became {once:?} and then {twice:?}"
    );
    Ok(())
}

/// Whether a second run may change what the first left, or took away.
pub(super) fn changes_again(report: &Report, settings: Settings) -> bool {
    let line_length = LinkOutcome::Skipped(SkipReason::LineLength);
    let is_one_of_both = settings.placement == PixelPlacement::Both
        && settings.line_limit.is_some()
        && report.pixel() != PixelOutcome::Both;
    let lacks_room = report.pixel() == PixelOutcome::LineLength
        || is_one_of_both
        || report
            .links()
            .iter()
            .any(|link| link.outcome() == line_length);
    let excluded = LinkOutcome::Skipped(SkipReason::Excluded);
    let mut links = report.links().iter();
    let may_lack_parameters = settings.has_parameters
        && settings.line_limit.is_some()
        && links.any(|link| link.outcome() == excluded);
    count_no_track(report) > 0 || lacks_room || may_lack_parameters
}

/// Rewrites in chunks of these sizes, over and over.
pub fn in_chunks(rewriter: Rewriter, html: &[u8], sizes: &[usize]) -> (Vec<u8>, Report) {
    stream(rewriter, html, sizes, false)
}

/// The same, and flushes behind each.
pub fn in_flushed_chunks(rewriter: Rewriter, html: &[u8], sizes: &[usize]) -> (Vec<u8>, Report) {
    stream(rewriter, html, sizes, true)
}

fn stream(
    mut rewriter: Rewriter,
    html: &[u8],
    sizes: &[usize],
    is_flushed: bool,
) -> (Vec<u8>, Report) {
    let mut sizes = sizes.iter().cycle();
    let (mut output, mut rest) = (Vec::new(), html);
    while !rest.is_empty() {
        let size = sizes.next().map_or(1, |size| (*size).clamp(1, rest.len()));
        rewriter.push(&rest[..size], &mut output);
        if is_flushed {
            rewriter.flush(&mut output);
        }
        rest = &rest[size..];
    }
    let report = rewriter.finish(&mut output);
    (output, report)
}

pub fn is_aligned(input: &[u8], output: &[u8], report: &Report, settings: Settings) -> bool {
    align(encoding_rs::UTF_8, input, output, report, settings).is_some()
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
pub(super) fn count_no_track(report: &Report) -> usize {
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
