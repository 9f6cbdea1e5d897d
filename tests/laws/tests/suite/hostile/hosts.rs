//! Hosts with characters that nobody sees, or that turn the direction of writing.

use linkseal::{TrackingLevel, rewrite_with_report};
use linkseal_laws::setup::domain;
use url::Url;

const UNSEEN: &[char] = &[
    '\0',
    '\t',
    '\n',
    '\u{7f}',
    '\u{80}',
    '\u{a0}',
    '\u{ad}',
    '\u{34f}',
    '\u{61c}',
    '\u{115f}',
    '\u{180e}',
    '\u{2000}',
    '\u{200b}',
    '\u{200c}',
    '\u{200d}',
    '\u{200e}',
    '\u{200f}',
    '\u{2024}',
    '\u{2028}',
    '\u{2029}',
    '\u{202a}',
    '\u{202b}',
    '\u{202c}',
    '\u{202d}',
    '\u{202e}',
    '\u{2060}',
    '\u{2061}',
    '\u{2066}',
    '\u{2067}',
    '\u{2068}',
    '\u{2069}',
    '\u{206a}',
    '\u{3000}',
    '\u{3002}',
    '\u{3164}',
    '\u{fe0f}',
    '\u{feff}',
    '\u{ff0e}',
    '\u{ff0f}',
    '\u{fff9}',
    '\u{fffd}',
    '\u{1d173}',
    '\u{e0001}',
    '\u{e0041}',
    '\u{e0100}',
    '\u{10ffff}',
];

#[test]
fn hosts_with_unseen_characters_lead_where_the_url_standard_says_or_are_skipped() {
    let domain = domain().with_open_tracking(TrackingLevel::Off);
    let (mut mapped, mut refused) = (0, 0);
    for sign in UNSEEN {
        for host in [
            format!("{sign}x.test"),
            format!("x{sign}y.test"),
            format!("x{sign}.test"),
            format!("x.test{sign}"),
            format!("xn--{sign}a.test"),
            format!("ü{sign}ש.test"),
            sign.to_string(),
        ] {
            let href = format!("https://{host}/");
            let html = format!("<a href=\"{href}\">x</a>");
            let (output, report) = rewrite_with_report(&html, &domain);
            let link = &report.links()[0];
            // NULs become U+FFFD before the value is a URL (HTML §13.2.5.36).
            match Url::parse(&href.replace('\0', "\u{fffd}")) {
                Ok(url) => {
                    assert_eq!(link.destination(), Some(url.as_str()), "{host:?}");
                    assert_eq!(link.outcome().as_str(), "tracked", "{host:?}");
                    mapped += 1;
                }
                Err(_) => {
                    let reason = link.outcome().skip_reason().map(|reason| reason.as_str());
                    assert_eq!(reason, Some("invalid"), "{host:?}");
                    assert_eq!(output, html);
                    refused += 1;
                }
            }
        }
    }
    assert!(mapped > 60 && refused > 60, "{mapped} {refused}");
}

#[test]
fn hosts_that_idna_refuses_are_skipped() {
    for host in [
        "x\u{202e}.test",
        "a\u{2028}b.test",
        "xn--a.test",
        "x\u{ad}y%.test",
    ] {
        let html = format!("<a href='https://{host}/'>x</a>");
        let (output, report) =
            rewrite_with_report(&html, &domain().with_open_tracking(TrackingLevel::Off));
        assert_eq!(output, html);
        assert_eq!(report.links()[0].outcome().to_string(), "skipped", "{host}");
    }
}

#[test]
fn characters_that_idna_drops_are_not_in_the_destination() {
    for (host, destination) in [
        ("x\u{ad}y.test", "https://xy.test/"),
        ("x\u{200b}y.test", "https://xy.test/"),
        ("x\u{feff}.test", "https://x.test/"),
        ("x\u{3002}test", "https://x.test/"),
    ] {
        let html = format!("<a href='https://{host}/'>x</a>");
        let (_, report) = rewrite_with_report(&html, &domain());
        assert_eq!(
            report.links()[0].destination(),
            Some(destination),
            "{host:?}"
        );
    }
}
