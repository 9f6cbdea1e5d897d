//! Markers: what they do, and that they go once read.

use linkseal::{DomainConfig, LinkOutcome, Message, SkipReason, rewrite, rewrite_with_report};

use crate::setup::{CLICK_PREFIX, domain, tracking_urls, verifier};

fn clicks_only() -> DomainConfig {
    domain().without_open_tracking()
}

#[track_caller]
fn assert_rewritten(html: &str, expected: &str) {
    assert_eq!(rewrite(html, &clicks_only()), expected);
}

#[test]
fn opt_out_markers_leave_the_link_and_go() {
    for marker in [
        "data-track=\"off\"",
        "clicktracking=\"off\"",
        "disable-tracking=\"true\"",
        "ses:no-track",
        "data-pm-no-track",
        "data-msys-clicktrack=\"0\"",
        "mc:disable-tracking",
        "mautic:disable-tracking=\"true\"",
        "tracking=\"off\"",
        "data-skip-click=\"true\"",
        "autotrack=\"false\"",
        "CLICKTRACKING='OFF'",
        "data-track=o&#102;f",
    ] {
        for (html, expected) in [
            (
                format!("<a {marker} href=\"https://x.test/\">x</a>"),
                "<a href=\"https://x.test/\">x</a>",
            ),
            (
                format!("<a href=\"https://x.test/\" {marker} class=\"y\">x</a>"),
                "<a href=\"https://x.test/\" class=\"y\">x</a>",
            ),
            (
                format!("<!--[if mso]><v:rect href=\"https://x.test/\" {marker}><![endif]-->"),
                "<!--[if mso]><v:rect href=\"https://x.test/\"><![endif]-->",
            ),
        ] {
            let (output, report) = rewrite_with_report(&html, &clicks_only());
            assert_eq!(output, expected, "{html}");
            let outcome = report.links()[0].outcome();
            assert_eq!(
                outcome,
                LinkOutcome::Skipped(SkipReason::OptedOut),
                "{html}"
            );
            let kept = rewrite(&html, &clicks_only().with_markers_kept());
            assert_eq!(kept, html);
        }
    }
}

#[test]
fn a_class_opts_out_and_stays() {
    let html = "<a class='button untracked' href=https://x.test/>x</a>";
    assert_rewritten(html, html);
}

#[test]
fn postals_scheme_becomes_the_one_it_stands_for_in_any_case() {
    let html = "<a href=' https+notrack://x.test/?a&amp;b'>x</a>";
    let expected = "<a href=' https://x.test/?a&amp;b'>x</a>";
    assert_rewritten(html, expected);
    let off = clicks_only().without_click_tracking();
    assert_eq!(rewrite(html, &off), expected);
}

#[test]
fn names_reach_the_event_and_go() {
    for marker in [
        "data-track-name='tom &amp; co'",
        "data-msys-linkname='tom &amp; co'",
        "ses:tags='tom &amp; co'",
        "alias='tom &amp; co'",
    ] {
        let html = format!("<a {marker} href='https://x.test/'>x</a>");
        let (output, report) = rewrite_with_report(&html, &clicks_only());
        let prefix = format!("<a href='{CLICK_PREFIX}");
        assert!(output.starts_with(&prefix), "{output}");
        assert_eq!(report.links()[0].name(), Some("tom & co"));
        let url = &tracking_urls(output.as_bytes())[0];
        let path = url.strip_prefix("https://link.example.com/c/").unwrap();
        assert_eq!(verifier().verify_click(path).unwrap().name(), "tom & co");
    }
}

#[test]
fn markers_elsewhere_and_with_other_words_stay() {
    for html in [
        "<p data-track=\"off\" alias=\"x\">x</p>",
        "<a data-track=\"off\" name=\"x\">x</a>",
        "<a data-track=\"on\" href=\"mailto:x@y.test\">x</a>",
        "<a title='data-track=\"off\"' href=\"mailto:x@y.test\">x</a>",
    ] {
        assert_rewritten(html, html);
    }
}

#[test]
fn with_clicks_off_links_and_markers_stay() {
    let html = "<a data-track=off href='https://x.test'>x</a><a href='https://y.test'>y</a>";
    let message = Message::default().without_click_tracking();
    for domain in [
        clicks_only().without_click_tracking(),
        clicks_only().for_message(message),
    ] {
        let (output, report) = rewrite_with_report(html, &domain);
        assert_eq!(output, html);
        for link in report.links() {
            assert_eq!(link.outcome(), LinkOutcome::Skipped(SkipReason::ClicksOff));
        }
    }
}

#[test]
fn excluded_hosts_and_the_unsubscribe_link_are_left_alone() {
    let message = Message::default()
        .with_list_unsubscribe("<mailto:u@x.test>, <https://x.test/u?a=1&b=2>")
        .with_list_unsubscribe("https://x.test/bare");
    let domain = clicks_only()
        .with_excluded_host("Docs.Example.com")
        .unwrap()
        .for_message(message);
    let html = "<a href='https://x.test/u?a=1&amp;b=2'>u</a><a href=HTTPS://x.test/bare>b</a>\
                <a href='https://docs.example.com./x'>d</a>";
    let (output, report) = rewrite_with_report(html, &domain);
    assert_eq!(output, html);
    let reasons: Vec<LinkOutcome> = report.links().iter().map(|link| link.outcome()).collect();
    let skipped = LinkOutcome::Skipped;
    assert_eq!(
        reasons,
        [
            skipped(SkipReason::Unsubscribe),
            skipped(SkipReason::Unsubscribe),
            skipped(SkipReason::Excluded),
        ]
    );
}

#[test]
fn positions_count_tracked_links_only() {
    let message = Message::default().with_list_unsubscribe("https://x.test/u");
    let html = "<a href=https://x.test/a>a</a><a href=#t>t</a><a href=https://x.test/u>u</a>\
                <map><area href=https://x.test/b></map>";
    let (_, report) = rewrite_with_report(html, &clicks_only().for_message(message));
    let positions: Vec<Option<u32>> = report.links().iter().map(|link| link.position()).collect();
    assert_eq!(positions, [Some(0), None, None, Some(1)]);
}

#[test]
fn tracking_urls_are_recognised_on_any_port() {
    for host in [
        "link.example.com:80",
        "link.example.com:443",
        "link.example.com:8080/t",
    ] {
        for insecure in [false, true] {
            let mut host = linkseal::TrackingHost::custom(host).unwrap();
            if insecure {
                host = host.with_insecure_http();
            }
            let domain = DomainConfig::new("example.com", host, crate::setup::key(1)).unwrap();
            let once = rewrite("<a href=https://x.test>x</a>", &domain);
            assert_eq!(rewrite(&once, &domain), once);
        }
    }
}

#[test]
fn elements_are_named_in_the_report_however_long() {
    let html = "<!--[if mso]><V:SomethingQuiteUnusual href=https://x.test/><![endif]-->";
    let (_, report) = rewrite_with_report(html, &clicks_only());
    assert_eq!(report.links()[0].element(), "v:somethingquiteunusual");
}

#[test]
fn a_marker_with_an_equals_sign_and_no_value_goes_too() {
    for marker in [
        "data-pm-no-track=",
        "data-pm-no-track= ",
        "data-pm-no-track = ",
    ] {
        assert_rewritten(
            &format!("<a href=https://x.test/ {marker}>"),
            "<a href=https://x.test/>",
        );
    }
}

#[test]
fn of_two_equal_markers_both_go_or_both_stay() {
    assert_rewritten(
        "<a data-track=off href=https://x.test/ data-track=on>",
        "<a href=https://x.test/>",
    );
    for html in [
        "<a href=https://x.test/ data-track=off data-track=on =>",
        "<a data-track=off href=https://x.test/ / data-track>",
    ] {
        assert_rewritten(html, html);
    }
}

#[test]
fn markers_of_links_that_wait_for_a_merge_tag_stay() {
    let html = "<a data-track=off data-track-name=n href='{{url}}'>x</a>";
    assert_rewritten(html, html);
}

#[test]
fn a_tag_of_too_many_markers_keeps_them_and_its_link() {
    for (count, stay) in [(990, false), (1100, true)] {
        let markers = "data-track-name=n ".repeat(count);
        let html = format!("<a {markers}href='https://x.test/' data-track-name=m>x</a></body>");
        let (output, report) = rewrite_with_report(&html, &domain());
        assert_eq!((report.tracked(), report.links()[0].name()), (1, Some("n")));
        assert_eq!(output.contains(&markers), stay, "{count}");
        assert_eq!(output.contains("data-track-name"), stay, "{count}");
    }
}

#[test]
fn line_breaks_in_a_name_are_line_feeds() {
    let html = "<a data-track-name='a\rb\r\nc&#13;d' href=https://x.test/>x</a>";
    let (_, report) = rewrite_with_report(html, &domain());
    assert_eq!(report.links()[0].name(), Some("a\nb\nc\rd"));
}
