//! Documents in other charsets than UTF-8.

use encoding_rs::Encoding;
use linkseal::{Report, Rewriter, SkipReason, StreamOptions, Untouched};
use linkseal_laws::judge::destination;
use linkseal_laws::setup::{click, domain, stream, tracking_urls, undo};

const LABELS: [&str; 36] = [
    "big5",
    "euc-jp",
    "euc-kr",
    "gb18030",
    "gbk",
    "ibm866",
    "iso-8859-2",
    "iso-8859-3",
    "iso-8859-4",
    "iso-8859-5",
    "iso-8859-6",
    "iso-8859-7",
    "iso-8859-8",
    "iso-8859-8-i",
    "iso-8859-10",
    "iso-8859-13",
    "iso-8859-14",
    "iso-8859-15",
    "iso-8859-16",
    "koi8-r",
    "koi8-u",
    "macintosh",
    "shift_jis",
    "utf-8",
    "windows-874",
    "windows-1250",
    "windows-1251",
    "windows-1252",
    "windows-1253",
    "windows-1254",
    "windows-1255",
    "windows-1256",
    "windows-1257",
    "windows-1258",
    "x-mac-cyrillic",
    "x-user-defined",
];

fn rewrite(label: &str, html: &[u8], size: usize) -> (Vec<u8>, Report) {
    let options = StreamOptions::new().with_charset(label.parse().unwrap());
    stream(Rewriter::with_options(&domain(), &options), html, size)
}

#[test]
fn bytes_stay_and_queries_are_encoded_in_every_charset() {
    // With characters whose second byte is an ASCII letter or bracket in some charsets.
    let href = "https://x.test/ä表?q=é表噂ソЖ→|&x=1#ü";
    let html = format!("<p>é表噂ソЖ→</p><a title='表' href='{href}'>ソ</a></body>");
    for label in LABELS {
        let encoding = Encoding::for_label(label.as_bytes()).unwrap();
        let (bytes, _, _) = encoding.encode(&html);
        let seen = encoding.decode_without_bom_handling(&bytes).0.into_owned();
        let href = seen
            .split("href='")
            .nth(1)
            .unwrap()
            .split('\'')
            .next()
            .unwrap();
        // What the charset lacks was written as a character reference.
        let href = htmlize::unescape_attribute(href);
        let expected = destination(&href, None, encoding).unwrap();
        let (output, report) = rewrite(label, &bytes, 1);
        assert_eq!(report.links()[0].destination(), Some(&*expected), "{label}");
        assert_eq!(
            click(&tracking_urls(&output)[0]).destination(),
            expected,
            "{label}"
        );
        let original = encoding.encode(report.links()[0].original()).0.into_owned();
        assert_eq!(undo(&output, &[original]), *bytes, "{label}");
        assert_eq!(rewrite(label, &bytes, 4096).0, output, "{label}");
    }
}

#[test]
fn a_link_that_holds_bytes_that_mean_nothing_is_left_alone() {
    let html =
        b"\xff<a href='https://x.test/\xff\xc3?\xe2\x82'>\xfe</a>\x80<a href=https://x.test/>";
    let (output, report) = rewrite("utf-8", html, 1);
    assert!(output.starts_with(b"\xff<a href='https://x.test/\xff\xc3?\xe2\x82'>\xfe</a>\x80<a"));
    let links = report.links();
    assert_eq!(links[0].outcome().skip_reason(), Some(SkipReason::Charset));
    assert_eq!(
        links[0].original(),
        "https://x.test/\u{fffd}\u{fffd}?\u{fffd}"
    );
    assert_eq!(links[0].destination(), None);
    assert_eq!(links[1].destination(), Some("https://x.test/"));
}

#[test]
fn a_document_that_ends_inside_a_character_still_gets_a_pixel() {
    for (label, html) in [
        ("shift_jis", &b"<p>\x83"[..]),
        ("gb18030", b"<p>\x81\x30\x81"),
        ("euc-jp", b"<p>\x8f\xb0"),
        ("utf-8", b"<p>\xf0\x9f"),
    ] {
        let encoding = Encoding::for_label(label.as_bytes()).unwrap();
        let (output, _) = rewrite(label, html, 1);
        let seen = encoding.decode_without_bom_handling(&output).0;
        assert!(
            seen.contains("<img src=\"https://link.example.com/o/"),
            "{label}: {seen}"
        );
    }
}

/// A lead byte that nothing completes gives back what follows it.
#[test]
fn a_character_cut_short_at_the_end_of_a_value_swallows_nothing() {
    for (label, value) in [
        ("gbk", &b"https://x.test/?\x90\x39"[..]),
        ("gb18030", b"https://x.test/?\xa5\x39\xf0"),
        ("shift_jis", b"https://x.test/?\x83"),
        ("utf-8", b"https://x.test/?\xf0\x9f"),
    ] {
        let html = [b"<a href=\"", value, b"\">x</a><a href=https://x.test/>"].concat();
        let (_, report) = rewrite(label, &html, 3);
        let links = report.links();
        let reason = links[0].outcome().skip_reason();
        assert_eq!(reason, Some(SkipReason::Charset), "{label}");
        assert_eq!(links[1].destination(), Some("https://x.test/"), "{label}");
        let encoding = Encoding::for_label(label.as_bytes()).unwrap();
        let parsed = linkseal_laws::judge::parse_bytes(&html, encoding);
        assert_eq!(parsed.links().len(), links.len(), "{label}");
    }
}

#[test]
fn a_byte_order_mark_overrides_the_stated_charset() {
    let html = "\u{feff}<a href='https://x.test/?é'>x</a>";
    for size in [1, 2, 100] {
        let (_, report) = rewrite("windows-1252", html.as_bytes(), size);
        let expected = Some("https://x.test/?%C3%A9");
        assert_eq!(report.links()[0].destination(), expected, "{size}");
    }
}

#[test]
fn a_document_with_a_mark_of_utf_16_is_untouched() {
    let text: Vec<u16> = "<a href='https://x.test/'>x</a>".encode_utf16().collect();
    let little: Vec<u8> = text.iter().flat_map(|unit| unit.to_le_bytes()).collect();
    let big: Vec<u8> = text.iter().flat_map(|unit| unit.to_be_bytes()).collect();
    for html in [
        [b"\xff\xfe", &*little].concat(),
        [b"\xfe\xff", &*big].concat(),
    ] {
        for (label, size) in [("utf-8", 1), ("windows-1252", 1), ("utf-8", 1000)] {
            let (output, report) = rewrite(label, &html, size);
            assert_eq!(output, html);
            assert_eq!(report.untouched(), Some(Untouched::Charset));
        }
    }
}
