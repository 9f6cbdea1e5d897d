//! The streaming writer: chunks, limits, and writers that fail.

use std::io::{self, Write};

use linkseal::{
    PixelOutcome, PixelPlacement, Report, RewriteWriter, Rewriter, StreamOptions, Untouched,
    rewrite, rewrite_with_report,
};

use crate::setup::{self, CLICK_PREFIX, count_pixels, domain, stream, tracking_urls, undo};

fn limited(html: &str, limit: usize, size: usize) -> (String, Report) {
    let (output, report) = setup::limited(&domain(), limit, html.as_bytes(), size);
    (String::from_utf8(output).unwrap(), report)
}

#[test]
fn the_newsletter_is_the_same_cut_at_every_byte() {
    let html = include_str!("../../examples/newsletter.html");
    let whole = rewrite(html, &domain());
    for at in 0..=html.len() {
        let mut rewriter = Rewriter::new(&domain());
        let mut out = Vec::with_capacity(whole.len());
        rewriter.push(&html.as_bytes()[..at], &mut out);
        rewriter.push(&html.as_bytes()[at..], &mut out);
        rewriter.finish(&mut out);
        assert!(out == whole.as_bytes(), "cut at {at}");
    }
}

#[test]
fn documents_that_end_anywhere_lose_nothing() {
    let html = include_str!("../../examples/newsletter.html");
    // Every place near a sign of markup, and each hundredth elsewhere.
    let ends = (0..html.len()).filter(|end: &usize| {
        let near = html.as_bytes()[end.saturating_sub(2)..(end + 2).min(html.len())].iter();
        html.is_char_boundary(*end)
            && (end.is_multiple_of(100) || near.clone().any(|b| b"<>-".contains(b)))
    });
    for end in ends {
        let cut = &html[..end];
        let (whole, report) = rewrite_with_report(cut, &domain());
        assert_eq!(report.pixel(), PixelOutcome::End, "{end}");
        assert_eq!(count_pixels(whole.as_bytes()), 1, "{end}");
        let (streamed, again) = stream(Rewriter::new(&domain()), cut.as_bytes(), 7);
        assert!(streamed == whole.as_bytes(), "ends at {end}");
        assert_eq!(again, report, "{end}");
    }
}

#[test]
fn a_link_longer_than_the_limit_ends_the_rewriting_in_any_chunks() {
    let long = "x".repeat(200);
    for construct in [
        format!("<a title='{long}' href='https://x.test/2'>"),
        format!("<!--[if mso]>{long}<a href='https://x.test/2'><![endif]-->"),
        format!("<base title='{long}' href='https://x.test/2'>"),
    ] {
        let before = "<p>é</p><a href='https://x.test/1'>1</a>";
        let html = format!("{before}{construct}<a href='https://x.test/3'>3</a></body>");
        let (whole, expected) = limited(&html, 150, html.len());
        assert!(whole.ends_with(&html[before.len()..]), "{whole}");
        assert_eq!(tracking_urls(whole.as_bytes()).len(), 1, "{whole}");
        let at = u64::try_from(before.len()).unwrap();
        assert_eq!(expected.untouched(), Some(Untouched::MemoryLimit { at }));
        assert_eq!(expected.pixel(), PixelOutcome::NoPlace);
        for size in [1, 2, 3, 7, 50, 149, 150, 151, 200] {
            let (output, report) = limited(&html, 150, size);
            assert_eq!(
                (output, report),
                (whole.clone(), expected.clone()),
                "{size}"
            );
        }
        assert!(limited(&html, 300, 1).1.untouched().is_none());
    }
}

#[test]
fn other_constructs_of_any_length_pass() {
    let long = "xxxxxxxxxxxxxxx ".repeat(625);
    for construct in [
        format!("<img alt='{long}'>"),
        format!("<{}>", long.replace(' ', "y")),
        format!("<div {long}>"),
        format!("</div {long}>"),
        format!("<!-- {long} -->"),
        format!("<!-- {long} --!>"),
        format!("<style>{long}</style>"),
        format!("<script><!-- {long} --></script>"),
        format!("<svg><![CDATA[{long}]]></svg>"),
        format!("<!doctype {long}>"),
        format!("<?{long}>"),
        long.clone(),
    ] {
        let html = format!("{construct}<a href='https://x.test/'>x</a></body>");
        let whole = rewrite(&html, &domain());
        assert_eq!(tracking_urls(whole.as_bytes()).len(), 1, "{whole}");
        for size in [1, 64, 1000, html.len()] {
            let (output, report) = limited(&html, 150, size);
            assert!(output == whole, "{} in chunks of {size}", &construct[..20]);
            assert_eq!(report.untouched(), None);
        }
    }
}

#[test]
fn no_pixel_goes_into_a_long_construct() {
    let long = "xxxxxxxxxxxxxxx ".repeat(625);
    for construct in [
        format!("<img alt='{long}'>"),
        format!("<div {long}>"),
        format!("<{}>", long.replace(' ', "y")),
        format!("</body {long}>"),
        format!("<!-- {long} -->"),
        format!("<style>{long}</style>"),
        format!("<opentag {long}>"),
        format!("<!doctype {long}>"),
    ] {
        for (before, after) in [("<body>", ""), ("", "x"), ("x", "</body>")] {
            for placement in [
                PixelPlacement::Both,
                PixelPlacement::End,
                PixelPlacement::Placeholder,
                PixelPlacement::Start,
            ] {
                let domain = domain().with_pixel_placement(placement);
                let html = format!("{before}{construct}{after}");
                let run = |size| setup::limited(&domain, 150, html.as_bytes(), size);
                let (whole, report) = run(html.len());
                let shown = String::from_utf8_lossy(&whole);
                assert!(
                    shown.contains(&construct),
                    "{before}{}{after}",
                    &construct[..20]
                );
                assert_eq!(undo(&whole, &[]), html.as_bytes());
                for size in [1, 64, 149, 1000] {
                    let streamed = run(size);
                    assert!(
                        streamed.0 == whole,
                        "{placement:?} {before}{}",
                        &construct[..20]
                    );
                    assert_eq!(streamed.1, report);
                }
            }
        }
    }
}

#[test]
fn the_pixel_goes_before_a_construct_that_the_document_ends_in() {
    for open in [
        "<a href='https://x.test",
        "<a",
        "</p",
        "</",
        "<!",
        "<!-",
        "<!--",
        "<!-- x",
        "<!-- x --",
        "<!--[if mso]><a href='https://x.test'>",
        "<!doctype",
        "<?x",
        "<textarea>x",
        "<title>x</titl",
        "<style>x",
        "<script><!-- <script></script>",
        "<xmp>",
        "<iframe>",
        "<noembed>",
        "<plaintext>x",
        "<textarea>x</textarea y",
    ] {
        let start = "<body><p>é";
        let html = format!("<body><p>é{open}");
        for size in [1, 2, 5, html.len()] {
            let rewriter = Rewriter::new(&domain());
            let (output, report) = stream(rewriter, html.as_bytes(), size);
            let output = String::from_utf8(output).unwrap();
            assert_eq!(report.pixel(), PixelOutcome::End, "{open}");
            assert!(
                output.starts_with(&format!("{start}<img src=")),
                "{open}: {output}"
            );
            assert!(output.ends_with(&html[start.len()..]), "{open}: {output}");
            assert_eq!(output, rewrite(&html, &domain()), "{open}");
        }
        // Longer than what a stream may hold back, the start has gone out.
        let long = format!("{html}{}", " y".repeat(200));
        for size in [1, 64, long.len()] {
            let (output, report) = limited(&long, 100, size);
            assert_eq!(output, long, "{open} in chunks of {size}");
            assert_eq!(report.pixel(), PixelOutcome::NoPlace, "{open}");
        }
    }
}

#[test]
fn a_link_as_long_as_the_limit_is_tracked() {
    for size in [1, 7, 1000] {
        let link = |length: usize| {
            let html = format!(
                "<a title='{}' href=https://x.test/>",
                "x".repeat(length - 33)
            );
            assert_eq!(html.len(), length);
            limited(&format!("{html}<p>"), 100, size).1
        };
        assert_eq!(link(100).tracked(), 1, "{size}");
        assert_eq!(
            link(101).untouched(),
            Some(Untouched::MemoryLimit { at: 0 }),
            "{size}"
        );
    }
}

#[test]
fn an_unfinished_cdata_section_gets_no_pixel_which_would_end_it() {
    let html = "<svg><![CDATA[><a href='https://x.test'>";
    let (output, report) = rewrite_with_report(html, &domain());
    assert_eq!(output, html);
    assert_eq!(report.pixel(), PixelOutcome::NoPlace);
}

/// The end of a long comment is not the start of a conditional one.
#[test]
fn long_comments_are_not_conditional_by_their_end() {
    let comment = format!(
        "<!--{}<!--[if mso]><a href='https://x.test/'>-->",
        "A".repeat(300)
    );
    let html = format!("{comment}<p>y</p>");
    for size in 1..150 {
        let (output, report) = limited(&html, 64, size);
        assert!(
            output.starts_with(&format!("{comment}<p>y</p><img")),
            "{size}: {output}"
        );
        assert_eq!((report.untouched(), report.tracked()), (None, 0), "{size}");
    }
}

#[test]
fn no_pixel_goes_into_the_long_start_tag_of_raw_text() {
    for element in [
        "style",
        "title",
        "script",
        "plaintext",
        "iframe",
        "noframes",
        "noembed",
    ] {
        let html = format!("x<{element} title={}>y", "A".repeat(300));
        for size in [1, 2, 50, html.len()] {
            for placement in [PixelPlacement::End, PixelPlacement::Both] {
                let domain = domain().with_pixel_placement(placement);
                let (output, report) = setup::limited(&domain, 64, html.as_bytes(), size);
                let output = String::from_utf8(output).unwrap();
                assert!(output.ends_with(&html[1..]), "{element} {size}: {output}");
                assert_ne!(report.pixel(), PixelOutcome::End, "{element} {size}");
            }
        }
    }
}

#[test]
fn a_start_that_a_long_raw_text_element_hides_comes_after_it() {
    let html = format!("<xmp title={}></xmp>x", "A".repeat(300));
    let domain = domain().with_pixel_placement(PixelPlacement::Start);
    for size in [1, 50, html.len()] {
        let (output, _) = setup::limited(&domain, 64, html.as_bytes(), size);
        let output = String::from_utf8(output).unwrap();
        assert!(output.contains("></xmp><img src="), "{size}: {output}");
    }
}

#[test]
fn tiny_limits_count_as_the_least_that_works() {
    for html in ["<b>x", "<table>x", "<!--[if mso]>x<![endif]-->", "</p>"] {
        let whole = rewrite(html, &domain());
        for size in 1..5 {
            assert_eq!(limited(html, 0, size).0, whole, "{html}");
        }
    }
}

#[test]
fn a_lone_less_than_sign_at_the_end_is_text() {
    let output = rewrite("<p>1 <", &domain());
    assert!(output.starts_with("<p>1 <<img src="), "{output}");
}

#[test]
fn a_summary_counts_without_keeping() {
    let html = "<a href='https://x.test'>x</a><a href='#t'>t</a>";
    let options = StreamOptions::new().with_summary_only();
    let rewriter = Rewriter::with_options(&domain(), &options);
    let (_, report) = stream(rewriter, html.as_bytes(), 5);
    assert_eq!((report.tracked(), report.skipped()), (1, 1));
    assert!(report.links().is_empty());
    assert_eq!(report.input_bytes(), u64::try_from(html.len()).unwrap());
}

/// Takes a few bytes at a time, and fails every other time.
struct Reluctant {
    calls: usize,
    taken: Vec<u8>,
}

impl Write for Reluctant {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.calls += 1;
        match self.calls % 3 {
            0 => Err(io::ErrorKind::Interrupted.into()),
            1 => Err(io::ErrorKind::WouldBlock.into()),
            _ => {
                let taken = bytes.len().min(11);
                self.taken.extend_from_slice(&bytes[..taken]);
                Ok(taken)
            }
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_writer_that_fails_loses_nothing_when_tried_again() {
    let html = include_bytes!("../../examples/newsletter.html");
    let calls = 0;
    let taken = Vec::new();
    let mut rewriter = RewriteWriter::new(Rewriter::new(&domain()), Reluctant { calls, taken });
    let mut rest = &html[..];
    while !rest.is_empty() {
        match rewriter.write(&rest[..rest.len().min(1000)]) {
            Ok(length) => rest = &rest[length..],
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
        }
    }
    let (writer, report) = loop {
        match rewriter.finish() {
            Ok(finished) => break finished,
            Err(error) => {
                assert_eq!(error.error().kind(), io::ErrorKind::WouldBlock);
                rewriter = error.into_writer();
            }
        }
    };
    let whole = rewrite(std::str::from_utf8(html).unwrap(), &domain());
    assert!(writer.taken == whole.as_bytes());
    assert_eq!(report.output_bytes(), u64::try_from(whole.len()).unwrap());
    assert!(whole.contains(CLICK_PREFIX));
}

#[test]
fn a_writer_that_takes_nothing_is_an_error() {
    let mut nothing: [u8; 0] = [];
    let mut rewriter = RewriteWriter::new(Rewriter::new(&domain()), &mut nothing[..]);
    rewriter.write_all(b"<p>x</p>").unwrap();
    let error = rewriter.finish().unwrap_err();
    assert_eq!(error.error().kind(), io::ErrorKind::WriteZero);
}

/// Takes everything, and keeps the length of the longest piece.
struct Longest(usize);

impl Write for Longest {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.max(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn output_does_not_wait_for_all_links_of_a_window() {
    let base = format!("<base href='https://x.test/{}/'>", "b".repeat(4000));
    let links = "<a href=x>".repeat(5000);
    for html in [
        format!("{base}{links}"),
        format!("{base}<!--[if mso]>{links}-->"),
    ] {
        let domain = domain();
        let mut rewriter = RewriteWriter::new(Rewriter::new(&domain), Longest(0));
        rewriter.write_all(html.as_bytes()).unwrap();
        let (Longest(bytes), report) = rewriter.finish().unwrap();
        assert_eq!(report.tracked(), 5000);
        assert!(
            report.output_bytes() > 25_000_000,
            "{}",
            report.output_bytes()
        );
        assert!(bytes < 200_000, "{bytes}");
    }
}
