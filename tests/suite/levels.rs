//! How closely a message is tracked.

use linkseal::{
    DomainConfig, DomainStatus, EventKind, Message, PixelOutcome, SkipReason, Template,
    TrackingLevel, rewrite, rewrite_with_report,
};

use crate::setup::{CLICK_PREFIX, OPEN_PREFIX, domain, event, token_length};

const LEVELS: [TrackingLevel; 3] = [
    TrackingLevel::Off,
    TrackingLevel::Anonymous,
    TrackingLevel::Identified,
];
const HTML: &str = "<a href='https://x.test/1'>1</a><a href='https://x.test/2'>2</a>";

fn message(id: &str, recipient: &str) -> Message {
    let message = Message::new(id).unwrap();
    let message = message.with_recipient(recipient).unwrap();
    message.with_sent_at(1_790_000_000).unwrap()
}

fn with_levels(clicks: TrackingLevel, opens: TrackingLevel) -> DomainConfig {
    domain()
        .with_click_tracking(clicks)
        .with_open_tracking(opens)
}

/// All tracking URLs that start so.
fn urls(html: &str, prefix: &str) -> Vec<String> {
    let rests = html.split(prefix).skip(1);
    rests
        .map(|rest| format!("{prefix}{}", &rest[..token_length(rest.as_bytes())]))
        .collect()
}

#[test]
fn the_lower_of_the_domains_and_the_messages_level_applies() {
    for domain_level in LEVELS {
        for message_level in LEVELS {
            for opens in [false, true] {
                let applied = domain_level.min(message_level);
                let all = TrackingLevel::Identified;
                let (domain, message) = match opens {
                    true => (
                        with_levels(all, domain_level),
                        message("m-1", "r-1").with_open_tracking(message_level),
                    ),
                    false => (
                        with_levels(domain_level, all),
                        message("m-1", "r-1").with_click_tracking(message_level),
                    ),
                };
                let (output, report) = rewrite_with_report(HTML, &domain.for_message(message));
                let (level, other) = match opens {
                    true => (report.open_tracking(), report.click_tracking()),
                    false => (report.click_tracking(), report.open_tracking()),
                };
                assert_eq!(
                    (level, other),
                    (applied, all),
                    "{domain_level} {message_level}"
                );
                let (prefix, count) = if opens {
                    (OPEN_PREFIX, 1)
                } else {
                    (CLICK_PREFIX, 2)
                };
                let urls = urls(&output, prefix);
                let is_off = applied == TrackingLevel::Off;
                assert_eq!(urls.len(), if is_off { 0 } else { count });
                for url in urls {
                    let event = event(&url);
                    assert_eq!(matches!(event.kind(), EventKind::Open(_)), opens);
                    assert_eq!(event.message(), Some("m-1"));
                    let identified = applied == TrackingLevel::Identified;
                    assert_eq!(event.recipient(), identified.then_some("r-1"));
                    assert_eq!(event.sent_at(), identified.then_some(1_790_000_000));
                }
            }
        }
    }
}

#[test]
fn a_message_can_only_lower_its_level() {
    let lowered = Message::default()
        .with_click_tracking(TrackingLevel::Anonymous)
        .with_open_tracking(TrackingLevel::Off)
        .with_click_tracking(TrackingLevel::Identified)
        .with_open_tracking(TrackingLevel::Anonymous);
    assert_eq!(lowered.click_tracking(), TrackingLevel::Anonymous);
    assert_eq!(lowered.open_tracking(), TrackingLevel::Off);
    let raised = with_levels(TrackingLevel::Off, TrackingLevel::Off)
        .with_click_tracking(TrackingLevel::Identified);
    assert_eq!(raised.click_tracking(), TrackingLevel::Identified);
    assert_eq!(raised.open_tracking(), TrackingLevel::Off);
}

#[test]
fn a_domain_that_is_not_validated_tracks_nothing() {
    for status in [DomainStatus::External, DomainStatus::Pending] {
        let (_, report) = rewrite_with_report(HTML, &domain().with_status(status));
        let levels = (report.click_tracking(), report.open_tracking());
        assert_eq!(levels, (TrackingLevel::Off, TrackingLevel::Off));
    }
    let (_, report) =
        rewrite_with_report(HTML, &with_levels(TrackingLevel::Off, TrackingLevel::Off));
    assert_eq!(report.pixel(), PixelOutcome::Off);
    let reasons = report
        .links()
        .iter()
        .map(|link| link.outcome().skip_reason());
    assert!(
        reasons
            .into_iter()
            .all(|reason| reason == Some(SkipReason::ClicksOff))
    );
}

#[test]
fn anonymous_mail_is_the_same_for_every_recipient_of_a_message() {
    let domain = with_levels(TrackingLevel::Anonymous, TrackingLevel::Anonymous);
    let of = |id, recipient| rewrite(HTML, &domain.for_message(message(id, recipient)));
    assert_eq!(of("m-1", "r-1"), of("m-1", "r-2"));
    assert_ne!(of("m-1", "r-1"), of("m-2", "r-1"));
    let lowered = message("m-1", "r-3")
        .with_click_tracking(TrackingLevel::Anonymous)
        .with_open_tracking(TrackingLevel::Anonymous);
    assert_eq!(
        rewrite(HTML, &self::domain().for_message(lowered)),
        of("m-1", "r-1")
    );
    // And the own pixel and links are known again, whoever the recipient is.
    let once = of("m-1", "r-1");
    let (twice, report) = rewrite_with_report(&once, &domain.for_message(message("m-1", "r-2")));
    assert_eq!(report.pixel(), PixelOutcome::AlreadyThere);
    assert_eq!(twice, once);
    // One that tells who opens is put in beside it.
    let identified = self::domain().for_message(message("m-1", "r-1"));
    let (_, report) = rewrite_with_report(&once, &identified);
    assert_eq!(report.pixel(), PixelOutcome::End);
}

#[test]
fn a_template_renders_every_level_as_rewrite_does() {
    let html = format!("{HTML}<a data-track=off href='https://x.test/3'>3</a>");
    for clicks in LEVELS {
        for opens in LEVELS {
            let domain = with_levels(clicks, opens);
            // Compiled for the message that is rendered, for another, and for none.
            let templates = [
                Template::compile(&html, &domain.for_message(message("m-1", "r-1"))),
                Template::compile(&html, &domain.for_message(message("m-2", "r-2"))),
                Template::compile(&html, &domain.for_message(Message::default())),
            ];
            for level in LEVELS {
                let rendered = [
                    message("m-1", "r-3"),
                    message("m-1", "r-3").with_click_tracking(level),
                    message("m-1", "r-3").with_open_tracking(level),
                    message("m-1", "r-3").with_list_unsubscribe("https://x.test/1"),
                    Message::default().with_click_tracking(level),
                ];
                for message in rendered {
                    let expected = rewrite(&html, &domain.for_message(message.clone()));
                    for template in &templates {
                        let mut out = String::new();
                        template.render_into(&message, &mut out);
                        assert_eq!(out, expected, "{clicks} {opens} {message:?}");
                    }
                }
            }
            let reported = templates.map(|template| template.report().clone());
            assert_eq!(reported[0], reported[2]);
            assert_eq!(reported[0].click_tracking(), clicks);
        }
    }
}
