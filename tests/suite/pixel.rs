//! Where the pixel goes, for each placement.

use linkseal::{
    DomainConfig, Message, PixelOutcome, PixelPlacement, Rewriter, Template, TrackingLevel,
    rewrite, rewrite_with_report,
};

use crate::setup::{OPEN_PREFIX, domain, stream};

const PIXEL: &str = "[PIXEL]";

/// The output with each pixel as `[PIXEL]`; the same in any chunks, and a second time.
#[track_caller]
fn placed(html: &str, domain: &DomainConfig) -> (String, PixelOutcome) {
    let (output, report) = rewrite_with_report(html, domain);
    for size in [1, 2, 3, 7] {
        let rewriter = Rewriter::new(domain);
        let (streamed, again) = stream(rewriter, html.as_bytes(), size);
        assert_eq!(
            String::from_utf8(streamed).unwrap(),
            output,
            "in chunks of {size}"
        );
        assert_eq!(again, report);
    }
    assert_eq!(rewrite(&output, domain), output, "a second time");
    let mut parts = output.split("<img src=\"https://link.example.com/o/");
    let mut shown = parts.next().unwrap().to_owned();
    for part in parts {
        shown.push_str(PIXEL);
        shown.push_str(part.split_once('>').unwrap().1);
    }
    (shown, report.pixel())
}

#[track_caller]
fn assert_placed(placement: PixelPlacement, table: &[(&str, &str, PixelOutcome)]) {
    for (html, expected, outcome) in table {
        let found = placed(html, &domain().with_pixel_placement(placement));
        assert_eq!(found, ((*expected).to_owned(), *outcome), "{html}");
    }
}

#[test]
fn end_is_before_the_first_real_body_end_tag() {
    use PixelOutcome::{End, NoPlace};
    assert_placed(
        PixelPlacement::End,
        &[
            ("", "[PIXEL]", End),
            ("x", "x[PIXEL]", End),
            ("<body>x</body></html>", "<body>x[PIXEL]</body></html>", End),
            ("<body>x</BODY\n>", "<body>x[PIXEL]</BODY\n>", End),
            (
                "<body>x</body>y</body>",
                "<body>x[PIXEL]</body>y</body>",
                End,
            ),
            // Browsers put what follows these into the body, too: no open `body` is closed.
            ("<p>x</body>", "<p>x</body>[PIXEL]", End),
            ("x</body>y</body>", "x</body>y</body>[PIXEL]", End),
            ("<!-- </body> -->x", "<!-- </body> -->x[PIXEL]", End),
            (
                "<title></body></title>x",
                "<title></body></title>x[PIXEL]",
                End,
            ),
            ("<svg></body>", "<svg></body>[PIXEL]", End),
            (
                "<svg></body><![CDATA[>]]></svg>x",
                "<svg></body><![CDATA[>]]></svg>x[PIXEL]",
                End,
            ),
            (
                "<template></body></template>x",
                "<template></body></template>x[PIXEL]",
                End,
            ),
            ("x<template></body>", "x<template></body>", NoPlace),
            (
                "<frameset><frame></frameset>",
                "<frameset><frame></frameset>",
                NoPlace,
            ),
            (
                "<p>x</p><frameset></body>",
                "<p>x</p><frameset></body>[PIXEL]",
                End,
            ),
            ("<<frameset>x", "<<frameset>x[PIXEL]", End),
            (
                "<template></template>x<frameset>",
                "<template></template>x<frameset>[PIXEL]",
                End,
            ),
            (
                "<frameset></frameset></body>",
                "<frameset></frameset></body>",
                NoPlace,
            ),
            (
                "<template><frameset></template>x",
                "<template><frameset></template>x[PIXEL]",
                End,
            ),
            (
                "<img src='https://x.test/?https://link.example.com/o/x'>",
                "<img src='https://x.test/?https://link.example.com/o/x'>[PIXEL]",
                End,
            ),
        ],
    );
}

#[test]
fn start_is_where_the_body_starts() {
    use PixelOutcome::{NoPlace, Start};
    assert_placed(
        PixelPlacement::Start,
        &[
            ("", "[PIXEL]", Start),
            ("<body>x", "<body>[PIXEL]x", Start),
            ("<BODY class='>'>\n", "<BODY class='>'>[PIXEL]\n", Start),
            ("<body>", "<body>[PIXEL]", Start),
            ("\u{feff}\n <p>x", "\u{feff}\n [PIXEL]<p>x", Start),
            ("\u{feff}x", "\u{feff}[PIXEL]x", Start),
            (
                "<!doctype html><html><head><title>t</title><style>s</style></head> x",
                "<!doctype html><html><head><title>t</title><style>s</style></head> [PIXEL]x",
                Start,
            ),
            (
                "<meta><link><base>&nbsp;",
                "<meta><link><base>[PIXEL]&nbsp;",
                Start,
            ),
            ("<head></head></html>", "<head></head></html>[PIXEL]", Start),
            (
                "<head><svg></svg><body>",
                "<head>[PIXEL]<svg></svg><body>",
                Start,
            ),
            (
                "<template>x</template><body>",
                "<template>x</template><body>[PIXEL]",
                Start,
            ),
            (
                "<!--[if mso]><body><![endif]--><!--[if !mso]><!--><body><!--<![endif]-->x",
                "<!--[if mso]><body><![endif]--><!--[if !mso]><!--><body>[PIXEL]<!--<![endif]-->x",
                Start,
            ),
            ("<style>x", "[PIXEL]<style>x", Start),
            ("<title></title></br>", "<title></title></br>[PIXEL]", Start),
            (
                "<noscript><style></style></noscript><p>",
                "<noscript><style></style></noscript>[PIXEL]<p>",
                Start,
            ),
            ("<frameset>x", "<frameset>x", NoPlace),
        ],
    );
}

#[test]
fn both_are_one_at_each_end() {
    use PixelOutcome::Both;
    assert_placed(
        PixelPlacement::Both,
        &[
            ("<body>x</body>", "<body>[PIXEL]x[PIXEL]</body>", Both),
            ("x", "[PIXEL]x[PIXEL]", Both),
            ("", "[PIXEL][PIXEL]", Both),
        ],
    );
}

#[test]
fn placeholders_give_their_place_and_go() {
    use PixelOutcome::{End, Placeholder};
    assert_placed(
        PixelPlacement::Placeholder,
        &[
            (
                "a{{ses:openTracker}}b</body>",
                "a[PIXEL]b</body>",
                Placeholder,
            ),
            ("a<opentag/>b", "a[PIXEL]b", Placeholder),
            (
                "a<OPENTAG id=x>b{{ses:openTracker}}c",
                "a[PIXEL]bc",
                Placeholder,
            ),
            ("{{{{ses:openTracker}}", "{{[PIXEL]", Placeholder),
            (
                "<!-- {{ses:openTracker}} -->x",
                "<!-- {{ses:openTracker}} -->x[PIXEL]",
                End,
            ),
            ("{{ses:openTracke", "{{ses:openTracke[PIXEL]", End),
            (
                "<svg>{{ses:openTracker}}</svg>",
                "<svg>{{ses:openTracker}}</svg>[PIXEL]",
                End,
            ),
            ("<svg><opentag/></svg>", "<svg><opentag/></svg>[PIXEL]", End),
            (
                "<template>{{ses:openTracker}}</template>x",
                "<template></template>x[PIXEL]",
                End,
            ),
            ("<body>x</body>", "<body>x[PIXEL]</body>", End),
        ],
    );
    for (own, html, expected) in [
        ("%open%", "a%open%b", "a[PIXEL]b"),
        ("%open%", "a{{ses:openTracker}}b%open%", "a[PIXEL]b"),
        ("<!-- pixel -->", "a<!-- pixel -->b", "a[PIXEL]b"),
        ("<pixel/>", "a<pixel/>b", "a[PIXEL]b"),
        ("aab", "aaab", "a[PIXEL]"),
    ] {
        let domain = domain().with_pixel_placeholder(own).unwrap();
        let expected = (expected.to_owned(), Placeholder);
        assert_eq!(placed(html, &domain), expected, "{own}");
    }
}

#[test]
fn placeholders_go_with_opens_off_too() {
    let domain = domain()
        .with_pixel_placement(PixelPlacement::Placeholder)
        .with_open_tracking(TrackingLevel::Off);
    let expected = ("ab".to_owned(), PixelOutcome::Off);
    assert_eq!(placed("a{{ses:openTracker}}b", &domain), expected);
}

/// The URL of a pixel, as a rewriting for that message makes it.
fn pixel_url(message: &str, recipient: &str) -> String {
    let message = Message::new(message).unwrap();
    let message = message.with_recipient(recipient).unwrap();
    let html = rewrite("", &domain().for_message(message));
    html.split('"').nth(1).unwrap().to_owned()
}

#[test]
fn a_pixel_that_is_there_is_enough() {
    let pixel = format!("<IMG alt='' src=' {}'>", pixel_url("msg-7f3a", "rcpt-42"));
    for placement in [PixelPlacement::End, PixelPlacement::Placeholder] {
        let html = format!("<body>x{pixel}y</body>");
        let domain = domain().with_pixel_placement(placement);
        let (output, report) = rewrite_with_report(&html, &domain);
        assert_eq!(output, html);
        assert_eq!(report.pixel(), PixelOutcome::AlreadyThere);
    }
    let start = domain().with_pixel_placement(PixelPlacement::Start);
    let html = format!("<body>{pixel}y</body>");
    assert_eq!(rewrite(&html, &start), html);
}

#[test]
fn a_pixel_of_another_message_or_without_a_genuine_token_does_not_count() {
    let own = pixel_url("msg-7f3a", "rcpt-42");
    for url in [
        format!("{OPEN_PREFIX}x"),
        pixel_url("msg-7f3a", "rcpt-41"),
        pixel_url("msg-7f3b", "rcpt-42"),
        own.replace("/o/", "/c/"),
        own.replace("https", "http"),
        own.replace("link.", "img."),
        "https://link.example.com/images/o/x.png".to_owned(),
    ] {
        let html = format!("<body><img src='{url}'></body>");
        let (output, report) = rewrite_with_report(&html, &domain());
        assert_eq!(report.pixel(), PixelOutcome::End, "{url}");
        assert!(output.starts_with(&html[..html.len() - 7]), "{output}");
        assert!(output.contains(&own), "{output}");
        assert_eq!(rewrite(&output, &domain()), output);
        let template = Template::compile(&html, &domain());
        assert_eq!(template.render(domain().message()), output);
    }
}

#[test]
fn the_pixel_is_an_image_without_text_that_is_not_hidden() {
    let output = rewrite("", &domain());
    for part in [
        "width=\"1\"",
        "height=\"1\"",
        "alt=\"\"",
        "position:absolute",
    ] {
        assert!(output.contains(part), "{output}");
    }
    assert!(
        !output.contains("display:none") && !output.contains("hidden"),
        "{output}"
    );
}

#[test]
fn a_pixel_in_a_template_is_not_there() {
    let html = format!("<template><img src='{OPEN_PREFIX}x'></template>");
    let (output, report) = rewrite_with_report(&html, &domain());
    assert_eq!(report.pixel(), PixelOutcome::End);
    assert!(output.ends_with("!important\">"), "{output}");
    assert_eq!(rewrite(&output, &domain()), output);
}

/// Without it what follows would be a link that the author did not write, another placeholder, or a byte order mark.
#[test]
fn a_placeholder_that_keeps_two_halves_apart_stays() {
    let domain = domain().with_pixel_placement(PixelPlacement::Placeholder);
    let domain = domain.with_pixel_placeholder("%own%").unwrap();
    for (html, stays) in [
        (
            "<{{ses:openTracker}}a href=https://x.test/>x</body>",
            "<{{ses:openTracker}}a",
        ),
        ("<<opentag/>a href=https://x.test/>x</body>", "<<opentag/>a"),
        (
            "{{ses:openTracker}}<{{ses:openTracker}}/a>",
            "<{{ses:openTracker}}/",
        ),
        (
            "<{{ses:openTracker}}{{ses:openTracker}}!-->",
            "<{{ses:openTracker}}",
        ),
        (
            "{{{{ses:openTracker}}ses:openTracker}}",
            "{{{{ses:openTracker}}ses:openTracker}}",
        ),
        (
            "{{ses:open<opentag/>Tracker}}",
            "{{ses:open<opentag/>Tracker}}",
        ),
        ("{{ses%own%:openTracker}}", "{{ses%own%:openTracker}}"),
        ("%ow<opentag/>n%", "%ow<opentag/>n%"),
        ("<opentag/>\u{feff}x", "<opentag/>\u{feff}x"),
        ("%own%\u{feff}x", "%own%\u{feff}x"),
    ] {
        for domain in [
            domain.clone(),
            domain.clone().with_open_tracking(TrackingLevel::Off),
        ] {
            let (output, report) = rewrite_with_report(html, &domain);
            assert!(report.links().is_empty(), "{output}");
            assert!(output.contains(stays), "{output}");
            assert_eq!(rewrite(&output, &domain), output);
            for size in [1, 2, 3] {
                let (streamed, _) = stream(Rewriter::new(&domain), html.as_bytes(), size);
                assert_eq!(String::from_utf8(streamed).unwrap(), output, "{size}");
            }
        }
    }
}
