//! Streams that end anywhere, and bytes that are no text.

use encoding_rs::Encoding;
use linkseal::{Report, Rewriter, SkipReason, StreamOptions, rewrite_with_report};
use linkseal_laws::hostile::BYTES;
use linkseal_laws::judge::{destination, parse_bytes};
use linkseal_laws::rewriting::originals;
use linkseal_laws::setup::{domain, stream, undo};

use super::{CHUNK, verdict};

const NEWSLETTER: &str = include_str!("../../../../../examples/newsletter.html");

#[test]
fn a_stream_that_ends_anywhere_in_the_newsletter_loses_nothing() {
    let domain = domain().with_markers_kept();
    for end in 0..=NEWSLETTER.len() {
        let cut = &NEWSLETTER.as_bytes()[..end];
        let (streamed, report) = stream(Rewriter::new(&domain), cut, 20_000);
        assert!(
            undo(&streamed, &originals(&report)) == cut,
            "{end}: bytes are lost"
        );
        // A character that is cut is no text for one shot.
        if let Some(cut) = NEWSLETTER.get(..end) {
            let (whole, again) = rewrite_with_report(cut, &domain);
            assert!(streamed == whole.as_bytes(), "{end}: not as in one shot");
            assert_eq!(report, again, "{end}");
        }
    }
}

/// Bytes that begin a character in some charset and that nothing completes, or that begin none.
const BROKEN: &[&[u8]] = &[
    b"\x80",
    b"\xff",
    b"\xc3",
    b"\xe2\x82",
    b"\xf0\x9f\x92",
    b"\xed\xa0\x80",
    b"\xc0\xaf",
    b"\xf8\x88\x80\x80\x80",
    b"\x81\x30\x81",
    b"\x8f\xa1",
    b"\x8e",
    b"\x85",
    b"\xfe\xff",
    b"\xef\xbb",
    b"\x00",
    b"\x1b$B",
];

const LABELS: &[&str] = &[
    "big5",
    "euc-jp",
    "euc-kr",
    "gb18030",
    "gbk",
    "shift_jis",
    "utf-8",
    "windows-1252",
    "x-user-defined",
];

fn rewrite(label: &str, html: &[u8], size: usize) -> (Vec<u8>, Report) {
    let options = StreamOptions::new().with_charset(label.parse().unwrap());
    stream(Rewriter::with_options(&domain(), &options), html, size)
}

/// Or a link that holds them is left alone, where that is not known.
#[test]
fn broken_characters_stay_and_lead_where_a_browser_goes() {
    for label in LABELS {
        let encoding = Encoding::for_label(label.as_bytes()).unwrap();
        for broken in BROKEN {
            let href = [b"https://x.test/", *broken, b"/?", broken, b"&b"].concat();
            let html = [
                b"<p>",
                *broken,
                b"<p title=\"",
                broken,
                b"\">",
                broken,
                b"<a name=\"",
                broken,
                b"\" href=\"",
                &href,
                b"\">",
                broken,
                b"</a><!--",
                broken,
                b"-->",
                broken,
            ]
            .concat();
            let (output, report) = rewrite(label, &html, 1);
            assert_eq!(
                rewrite(label, &html, 4096),
                (output.clone(), report.clone())
            );
            let link = &report.links()[0];
            if encoding
                .decode_without_bom_handling_and_without_replacement(&href)
                .is_none()
            {
                assert_eq!(undo(&output, &[]), html, "{label} {broken:?}");
                let reason = link.outcome().skip_reason();
                assert_eq!(reason, Some(SkipReason::Charset), "{label} {broken:?}");
                continue;
            }
            assert_eq!(undo(&output, &[href]), html, "{label} {broken:?}");
            let parsed = parse_bytes(&html, encoding).links();
            let expected = destination(parsed[0].attribute("href").unwrap(), None, encoding);
            assert_eq!(
                link.destination(),
                expected.as_deref(),
                "{label} {broken:?}"
            );
        }
    }
}

#[test]
fn broken_characters_in_any_number_are_not_lost() {
    for label in LABELS {
        for broken in BROKEN {
            let many = broken.repeat(100_000 / broken.len());
            let html = [b"<a href=\"https://x.test/", &*many, b"\"><b>", &many].concat();
            let (output, report) = rewrite(label, &html, CHUNK);
            assert_eq!((report.tracked(), report.skipped()), (0, 1), "{label}");
            assert!(undo(&output, &[]) == html, "{label} {broken:?}");
            assert!(
                rewrite(label, &html, 1) == (output, report),
                "{label} {broken:?}"
            );
        }
    }
}

#[test]
fn hostile_bytes_of_full_size_come_out_as_they_came() {
    for (name, full, label, make) in BYTES {
        let html = make(*full);
        for (limit, expected) in [(1024 * 1024, "0 1 end"), (64, "0 0 no_place 0")] {
            let options = StreamOptions::new().with_memory_limit(limit);
            let options = options.with_charset(label.parse().unwrap());
            let rewriter = Rewriter::with_options(&domain(), &options);
            let (output, report) = stream(rewriter, &html, CHUNK);
            assert_eq!(verdict(&report), expected, "{name}, limit {limit}");
            assert!(undo(&output, &[]) == html, "{name}: bytes are lost");
        }
    }
}
