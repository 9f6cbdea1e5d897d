//! Hostile documents: what comes out. How long it takes and what it holds on the way, the benches
//! `hostile` and `hostile_memory` say.

mod bytes;
mod hosts;
mod verdicts;

use std::borrow::Cow;

use linkseal::{
    LinkOutcome, PixelOutcome, Report, Rewriter, StreamOptions, Template, Untouched,
    rewrite_with_report,
};
use linkseal_laws::hostile::DOCUMENTS;
use linkseal_laws::rewriting::originals;
use linkseal_laws::setup::{CLICK_PREFIX, click, domain, limited, stream, tracking_urls, undo};

use self::verdicts::VERDICTS;

/// At which all can be tried byte by byte.
const SMALL: usize = 2_000;
const CHUNK: usize = 64 * 1024;

#[test]
fn hostile_documents_of_full_size_come_out_as_stated() {
    let domain = domain().with_markers_kept();
    assert_eq!(DOCUMENTS.len(), VERDICTS.len());
    for ((name, full, make), (same, verdicts)) in DOCUMENTS.iter().zip(VERDICTS) {
        assert_eq!(name, same);
        let html = make(*full);
        let (whole, report) = rewrite_with_report(&html, &domain);
        let found = verdict(&report);
        assert_eq!(found, verdicts[0], "{name}, one shot");
        let originals = originals(&report);
        assert_intact(name, &html, whole.as_bytes(), &originals);
        assert_sample_leads_there(name, whole.as_bytes(), &report);
        for (limit, expected) in [
            (StreamOptions::DEFAULT_MEMORY_LIMIT, verdicts[1]),
            (StreamOptions::MIN_MEMORY_LIMIT, verdicts[2]),
        ] {
            let options = StreamOptions::new().with_summary_only();
            let options = options.with_memory_limit(limit);
            let rewriter = Rewriter::with_options(&domain, &options);
            let (streamed, report) = stream(rewriter, html.as_bytes(), CHUNK);
            assert_eq!(verdict(&report), expected, "{name}, limit {limit}");
            match found == expected && report.untouched().is_none() {
                true => assert!(streamed == whole.as_bytes(), "{name}, limit {limit}"),
                // Until the limit is met the links are the same.
                false => assert_intact(name, &html, &streamed, &originals[..report.tracked()]),
            }
        }
        if verdicts[1] != found && report.untouched().is_none() {
            let (streamed, again) = limited(&domain, usize::MAX, html.as_bytes(), CHUNK);
            assert!(streamed == whole.as_bytes(), "{name}, no limit");
            assert!(again == report, "{name}, no limit");
        }
    }
}

#[test]
fn hostile_documents_come_out_the_same_in_any_chunks() {
    let domain = domain().with_markers_kept();
    for (name, full, make) in DOCUMENTS {
        let html = make(*full.min(&SMALL));
        let (whole, report) = rewrite_with_report(&html, &domain);
        assert_intact(name, &html, whole.as_bytes(), &originals(&report));
        assert_eq!(report.pixel(), PixelOutcome::End, "{name}");
        for size in [1, 1000] {
            let (streamed, again) = stream(Rewriter::new(&domain), html.as_bytes(), size);
            assert!(streamed == whole.as_bytes(), "{name} in chunks of {size}");
            assert_eq!(again, report, "{name} in chunks of {size}");
        }
        let rendered = Template::compile(&html, &domain).render(domain.message());
        assert!(rendered == whole, "{name} rendered");
    }
}

#[test]
fn nothing_is_lost_of_hostile_documents_in_little_memory() {
    let domain = domain().with_markers_kept();
    for (name, full, make) in DOCUMENTS {
        let html = make(*full.min(&SMALL));
        let run = |size| limited(&domain, 64, html.as_bytes(), size);
        let (whole, report) = run(1);
        assert_intact(name, &html, &whole, &originals(&report));
        assert!(
            run(1000) == (whole, report),
            "{name}: other chunks, other output"
        );
    }
}

/// Tracked, skipped, pixel, and whether the document is untouched from some byte on.
fn verdict(report: &Report) -> String {
    let (tracked, skipped, pixel) = (report.tracked(), report.skipped(), report.pixel());
    match report.untouched() {
        None => format!("{tracked} {skipped} {pixel}"),
        Some(Untouched::MemoryLimit { at: 0 }) => format!("{tracked} {skipped} {pixel} 0"),
        // Where, and after how many links, is lol_html's to say.
        Some(Untouched::MemoryLimit { .. }) => "given up later".to_owned(),
        Some(other) => panic!("{other}"),
    }
}

#[track_caller]
fn assert_intact(name: &str, html: &str, output: &[u8], originals: &[Vec<u8>]) {
    assert!(
        undo(&without_quotes(html, output), originals) == html.as_bytes(),
        "{name}: bytes are lost"
    );
}

/// The output without the quotes that tracking URLs get in a comment, where the document has none around links.
fn without_quotes<'a>(html: &str, output: &'a [u8]) -> Cow<'a, [u8]> {
    let quoted = format!("href=\"{CLICK_PREFIX}");
    if html.contains("href=\"") || !html.contains("<!--[if") {
        return Cow::Borrowed(output);
    }
    let output = str::from_utf8(output).unwrap();
    let mut parts = output.split(&quoted);
    let mut left = parts.next().unwrap().to_owned();
    for part in parts {
        let (token, rest) = part.split_once('"').unwrap();
        left.extend(["href=", CLICK_PREFIX, token, rest]);
    }
    Cow::Owned(left.into_bytes())
}

/// Of a million tracking URLs a hundred are verified.
#[track_caller]
fn assert_sample_leads_there(name: &str, output: &[u8], report: &Report) {
    let tracked = |link: &&linkseal::Link| link.outcome() == LinkOutcome::Tracked;
    let links: Vec<_> = report.links().iter().filter(tracked).collect();
    let urls = tracking_urls(output);
    assert_eq!(urls.len(), links.len(), "{name}");
    for at in (0..urls.len()).step_by(urls.len() / 100 + 1) {
        let click = click(&urls[at]);
        assert_eq!(Some(click.destination()), links[at].destination(), "{name}");
        assert_eq!(Some(click.position()), links[at].position(), "{name}");
    }
}
