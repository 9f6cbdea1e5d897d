//! Markers: what they do, and that they go once read.

use linkseal::{
    DomainConfig, LinkOutcome, Message, SkipReason, TrackingLevel, rewrite, rewrite_with_report,
};

use crate::setup::{CLICK_PREFIX, domain, tracking_urls};

fn clicks_only() -> DomainConfig {
    domain().with_open_tracking(TrackingLevel::Off)
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
        "ecm:tracking=\"false\"",
        "data-ph-no-track",
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
    for class in ["untracked", "mktNoTrack", "inf-track-no", "no-track-link"] {
        let html = format!("<a class='button {class}' href=https://x.test/>x</a>");
        assert_rewritten(&html, &html);
    }
}

/// Classes differ in letter case (HTML §3.2.6).
#[test]
fn a_class_in_another_letter_case_does_not_opt_out() {
    for class in ["UNTRACKED", "Untracked", "mktnotrack", "untracked,"] {
        let html = format!("<a class='{class}' href=https://x.test/>x</a>");
        let (output, report) = rewrite_with_report(&html, &clicks_only());
        assert_eq!(report.tracked(), 1, "{class}");
        assert!(output.starts_with(&format!("<a class='{class}' href=https://link")));
    }
}

#[test]
fn the_senders_own_opt_outs_leave_the_link() {
    let domain = clicks_only()
        .with_opt_out_attribute("data-count", "never")
        .and_then(|domain| domain.with_opt_out_attribute("X:Plain", None))
        .and_then(|domain| domain.with_opt_out_attribute("data-track", "no"))
        .and_then(|domain| domain.with_opt_out_class("plain"))
        .unwrap();
    for (html, expected) in [
        (
            "<a data-count=NEVER href=https://x.test/>",
            "<a href=https://x.test/>",
        ),
        (
            "<a href=https://x.test/ x:plain>",
            "<a href=https://x.test/>",
        ),
        (
            "<a data-track=no href=https://x.test/>",
            "<a href=https://x.test/>",
        ),
        (
            "<a data-track=off href=https://x.test/>",
            "<a href=https://x.test/>",
        ),
        (
            "<a class='a plain' href=https://x.test/>",
            "<a class='a plain' href=https://x.test/>",
        ),
        (
            "<!--[if mso]><v:rect x:plain href=https://x.test/ y><![endif]-->",
            "<!--[if mso]><v:rect href=https://x.test/ y><![endif]-->",
        ),
    ] {
        let (output, report) = rewrite_with_report(html, &domain);
        assert_eq!(output, expected);
        let outcome = report.links()[0].outcome();
        assert_eq!(
            outcome,
            LinkOutcome::Skipped(SkipReason::OptedOut),
            "{html}"
        );
        assert_eq!(rewrite(html, &domain.clone().with_markers_kept()), html);
    }
    for marker in [
        "data-count=always",
        "class=PLAIN",
        "data-track=yes",
        "x:plainer",
    ] {
        let html = format!("<a {marker} href='https://x.test/'>x</a>");
        let (output, report) = rewrite_with_report(&html, &domain);
        assert_eq!(report.tracked(), 1, "{html}");
        assert!(output.contains(marker), "{output}");
    }
}

#[test]
fn the_senders_own_merge_tags_make_a_link_wait() {
    let domain = clicks_only().with_merge_tag("[[", "]]").unwrap();
    for html in [
        "<a data-track=off href='https://x.test/[[name]]'>x</a>",
        "<a href=\"https://x.test/[[ name \"default\" ]]\">x</a>",
        "<a href=https://x.test/?n=[[ name ]]>x</a>",
        "<base href='[[base]]'><a href=page>x</a>",
    ] {
        let (output, report) = rewrite_with_report(html, &domain);
        assert_eq!(output, html);
        let outcome = report.links()[0].outcome();
        assert_eq!(
            outcome,
            LinkOutcome::Skipped(SkipReason::MergeTag),
            "{html}"
        );
    }
    let html = "<a href='https://x.test/?a[b]=1'>x</a>";
    assert_eq!(rewrite_with_report(html, &domain).1.tracked(), 1);
}

#[test]
fn a_conversion_goes_with_and_without_an_alias() {
    for html in [
        "<a alias=\"news\" conversion=\"false\" href=\"https://x.test/\">x</a>",
        "<a conversion=\"true\" href=\"https://x.test/\">x</a>",
    ] {
        let (output, report) = rewrite_with_report(html, &clicks_only());
        assert!(
            output.starts_with(&format!("<a href=\"{CLICK_PREFIX}")),
            "{output}"
        );
        assert_eq!(report.tracked(), 1);
    }
}

/// The same mail, sent on: a tracking URL of the first message, with the settings of another.
fn tracking_url_of(destination: &str, marker: &str) -> String {
    let message = Message::new("m-1").unwrap();
    let message = message.with_recipient("r-1").unwrap();
    let html = format!("<a {marker} href='{destination}'>x</a>");
    let html = rewrite(&html, &clicks_only().for_message(message));
    tracking_urls(html.as_bytes())[0].clone()
}

#[test]
fn a_tracked_link_of_another_message_is_tracked_for_this_one() {
    let url = tracking_url_of("https://x.test/?a=1&amp;b=2", "alias=first");
    let html = format!("<a href='https://y.test/'>y</a><a alias=second href='{url}'>x</a>");
    let (output, report) = rewrite_with_report(&html, &clicks_only());
    let link = &report.links()[1];
    assert_eq!(
        (link.outcome(), link.position()),
        (LinkOutcome::Tracked, Some(1))
    );
    assert_eq!((link.name(), link.original()), (Some("first"), &*url));
    assert_eq!(link.destination(), Some("https://x.test/?a=1&b=2"));
    let url = &tracking_urls(output.as_bytes())[1];
    let (event, click) = (crate::setup::event(url), crate::setup::click(url));
    assert_eq!(click.destination(), "https://x.test/?a=1&b=2");
    assert_eq!((click.name(), click.position()), (Some("first"), 1));
    assert_eq!(
        (event.message(), event.recipient()),
        (Some("msg-7f3a"), Some("rcpt-42"))
    );
    assert_eq!(rewrite(&output, &clicks_only()), output);
    let template = linkseal::Template::compile(&html, &clicks_only());
    assert_eq!(template.render(clicks_only().message()), output);

    let unnamed = tracking_url_of("https://x.test/", "title=x");
    let html = format!("<a alias=second href='{unnamed}'>x</a>");
    let (output, report) = rewrite_with_report(&html, &clicks_only());
    assert_eq!(report.links()[0].name(), Some("second"));
    assert_eq!(rewrite(&output, &clicks_only()), output);
}

#[test]
fn a_tracked_link_of_another_message_may_be_left_alone() {
    let url = tracking_url_of("https://x.test/u", "title=x");
    let unsubscribe = Message::default().with_list_unsubscribe("https://x.test/u");
    let excluded = clicks_only().with_excluded_host("x.test").unwrap();
    for (html, domain, reason) in [
        (
            format!("<a href='{url}'>x</a>"),
            clicks_only().for_message(unsubscribe),
            SkipReason::Unsubscribe,
        ),
        (
            format!("<a href='{url}'>x</a>"),
            excluded,
            SkipReason::Excluded,
        ),
        (
            format!("<a href='{url}'>x</a>"),
            clicks_only().with_click_tracking(TrackingLevel::Off),
            SkipReason::ClicksOff,
        ),
        (
            format!("<a class=untracked href='{url}'>x</a>"),
            clicks_only(),
            SkipReason::OptedOut,
        ),
        (
            format!("<a class=untracked href='{CLICK_PREFIX}x'>x</a>"),
            clicks_only(),
            SkipReason::OptedOut,
        ),
        (
            format!("<a href='{CLICK_PREFIX}x'>x</a>"),
            clicks_only(),
            SkipReason::AlreadyTracked,
        ),
    ] {
        let (output, report) = rewrite_with_report(&html, &domain);
        assert_eq!(output, html);
        assert_eq!(
            report.links()[0].outcome(),
            LinkOutcome::Skipped(reason),
            "{html}"
        );
    }
}

/// A tracking URL may be longer than a destination may. Left alone, it would move those behind it.
#[test]
fn the_longest_destination_is_tracked_again_in_its_position() {
    let long = format!("https://x.test/{}", "p".repeat(4000));
    let html = format!("<a href='{long}'>x</a><a href='https://y.test/'>y</a>");
    let once = rewrite(&html, &clicks_only());
    assert!(tracking_urls(once.as_bytes())[0].len() > 4096);
    assert_eq!(rewrite(&once, &clicks_only()), once);
}

#[test]
fn postals_scheme_becomes_the_one_it_stands_for_in_any_case() {
    let html = "<a href=' https+notrack://x.test/?a&amp;b'>x</a>";
    let expected = "<a href=' https://x.test/?a&amp;b'>x</a>";
    assert_rewritten(html, expected);
    let off = clicks_only().with_click_tracking(TrackingLevel::Off);
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
        assert_eq!(crate::setup::click(url).name(), Some("tom & co"));
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
    let message = Message::default().with_click_tracking(TrackingLevel::Off);
    for domain in [
        clicks_only().with_click_tracking(TrackingLevel::Off),
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
            let domain =
                DomainConfig::new("example.com".parse().unwrap(), host, crate::setup::key(1))
                    .unwrap();
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
fn markers_of_a_tag_go_however_many() {
    let markers = "data-track-name=n ".repeat(1100);
    let html = format!("<a {markers}href='https://x.test/' data-track-name=m>x</a></body>");
    let (output, report) = rewrite_with_report(&html, &domain());
    assert_eq!((report.tracked(), report.links()[0].name()), (1, Some("n")));
    assert!(!output.contains("data-track-name"), "{output}");
}

#[test]
fn line_breaks_in_a_name_are_line_feeds() {
    let html = "<a data-track-name='a\rb\r\nc&#13;d' href=https://x.test/>x</a>";
    let (_, report) = rewrite_with_report(html, &domain());
    assert_eq!(report.links()[0].name(), Some("a\nb\nc\rd"));
}
