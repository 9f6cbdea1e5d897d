//! Compiled documents render what `rewrite` returns, for every message.

use linkseal::{LinkOutcome, Message, SkipReason, Template, rewrite, rewrite_with_report};

use crate::laws::rewriting;
use crate::laws::settings::{domains, messages};
use crate::setup::domain;

#[test]
fn a_rendering_is_what_rewrite_returns() {
    let long = format!("<a href='https://x.test/{}'>long</a>", "p".repeat(4060));
    let documents = [
        "",
        "no link, no tag, and \u{0}",
        include_str!("../../examples/newsletter.html"),
        "a<a href=https://x.test/1>1</a>{{ses:openTracker}}<a data-track=off alias=x \
         href='https://x.test/2'>2</a><a href='https+notrack://x.test/3'>3</a><opentag/>\
         <a data-track-name=n href=https://x.test/unsubscribe>u</a>\
         <!--[if mso]><v:rect ses:tags='k:v' href='https://x.test/é'><![endif]--></body>",
        &long,
        "<a href=https://x.test/1>1</a><textarea>",
        // Too long for a token with the longest ids; the next link moves up.
        &format!(
            "<a href='https://x.test/{}'>1</a><a href=https://x.test/2>2</a>",
            "p".repeat(4077)
        ),
    ];
    for html in documents {
        for domain in domains() {
            rewriting::template(html, &domain, &messages()).unwrap();
        }
    }
}

#[test]
fn a_rendering_is_appended_and_exactly_as_long_as_reserved() {
    let template = Template::compile("<a href=https://x.test/>x</a>", &domain());
    for message in messages() {
        let mut out = String::from("before ");
        template.render_into(&message, &mut out);
        let rendered = template.render(&message);
        assert_eq!(out, format!("before {rendered}"));
        assert_eq!(rendered.capacity(), rendered.len(), "{message:?}");
    }
}

#[test]
fn the_message_of_the_domain_does_not_matter() {
    let off = Message::default().without_click_tracking();
    let html = "<a href=https://x.test/>x</a>";
    let template = Template::compile(html, &domain().for_message(off));
    assert_eq!(template.report().links()[0].outcome(), LinkOutcome::Tracked);
    let message = Message::new("m").unwrap();
    assert_eq!(
        template.render(&message),
        rewrite(html, &domain().for_message(message))
    );
}

#[test]
fn threads_share_a_template() {
    fn is_send_and_sync<T: Send + Sync>() {}
    is_send_and_sync::<Template>();
    let html = include_str!("../../examples/newsletter.html");
    let template = Template::compile(html, &domain());
    std::thread::scope(|scope| {
        for thread in 0..4 {
            let template = &template;
            scope.spawn(move || {
                for number in 0..20 {
                    let message = Message::new(format!("msg-{thread}-{number}")).unwrap();
                    let expected = rewrite(html, &domain().for_message(message.clone()));
                    assert!(template.render(&message) == expected);
                }
            });
        }
    });
}

#[test]
fn links_after_one_that_a_message_skips_move_up() {
    let html = "<a href=https://x.test/u>u</a><a href=https://x.test/2>2</a>";
    let message = Message::default().with_list_unsubscribe("https://x.test/u");
    let rendered = Template::compile(html, &domain()).render(&message);
    let url = &crate::setup::tracking_urls(rendered.as_bytes())[0];
    assert_eq!(crate::setup::click(url).position(), 0);
    let (_, report) = rewrite_with_report(html, &domain().for_message(message));
    let skipped = LinkOutcome::Skipped(SkipReason::Unsubscribe);
    assert_eq!(report.links()[0].outcome(), skipped);
}
